#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What enforcing costs what is allowed, in a guest: as a ratio to the same load without, under one policy and under one of a thousand, and
# what the program that judges takes of it. Counted are instructions, of one emulated CPU: the same at each run, but caches and branches cost
# nothing. Figures, no verdict.
#
#	[VERSIONS="6.1 6.12"] [BACKENDS="lsm fmod_ret signal"] [LOADS="open write"] [POLICIES=1000] [ARGUMENTS=preempt=full] sh tests/vm/enforce_cost.sh
set -eu

inside() {
	BACKEND=$1
	. tests/lib/enforce.sh
	load=$(dirname "$STAKEOUT")/tests/live/load
	mkdir "$group/load" "$group/many" "$dir/etc" "$dir/free"
	echo x | tee "$dir/etc/file" >"$dir/free/file"
	image one <<-END
		exec:
		  allow: [{path: $(readlink -f /bin/sh)}, {path: $load}, {path: $load-child}]
		file:
		  protect: [/etc/, $dir/etc/]
		  allow: [{path: $dir/etc/, access: [write]}]
		connect:
		  allow: [{cidr: 127.0.0.1/32, port: 5300, protocol: udp}, {cidr: 127.0.0.1/32, port: 5400, protocol: tcp}]
	END
	block() {
		case $1 in
		open) set -- open 4000 /etc/passwd ;;
		write) set -- write 2000 "$dir/etc/file" ;;
		outside) set -- write 2000 "$dir/free/file" ;;
		exec) set -- exec 60 "$load-child" ;;
		connect) set -- connect 4000 5300 ;;
		tcp) set -- tcp 200 5400 ;;
		esac
		sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group/load" "$load" time "$load" "$@"
	}
	# Nanoseconds and runs of all programs: with this clock, instructions.
	taken() {
		bpftool prog show | awk '{ for (i = 1; i < NF; i++) { if ($i == "run_time_ns") t += $(i + 1); if ($i == "run_cnt") n += $(i + 1) } }
			END { print t + 0, n + 0 }'
	}
	others=
	for i in $(seq "$3"); do
		mkdir "$group/many/$i"
		others="$others --cgroup $group/many/$i"
	done
	for what in $2; do
		block "$what" >/dev/null
		eval "before_$what=$(block "$what")"
	done
	apply "$dir/one.image.elf" --cgroup "$group/load"
	for what in $2; do eval "one_$what=$(block "$what")"; done
	apply "$dir/one.image.elf" --cgroup "$group/load" $others
	echo "$(uname -r), back end $(backend_now)"
	printf '%-8s %-12s %-14s %s\n' load "one policy" "$3 policies" "instructions of a run of a program"
	for what in $2; do
		eval "before=\$before_$what one=\$one_$what"
		all=$(block "$what")
		echo 1 >/proc/sys/kernel/bpf_stats_enabled
		from=$(taken)
		block "$what" >/dev/null
		echo "$what $before $one $all $from $(taken)" |
			awk '{ printf "%-8s %-12.3f %-14.3f %d\n", $1, $3 / $2, $4 / $2, ($7 - $5) / ($8 - $6 ? $8 - $6 : 1) }'
		echo 0 >/proc/sys/kernel/bpf_stats_enabled
	done
	trap - EXIT   # to take a thousand policies away takes long, and the guest ends with them
}

[ "${1:-}" != inside ] || { shift; inside "$@"; exit 0; }
for version in ${VERSIONS:-6.12}; do
	for backend in ${BACKENDS:-lsm}; do
		sh tests/vm/guest.sh ${ARGUMENTS:+-k "$ARGUMENTS"} -i "$version" sh tests/vm/enforce_cost.sh inside "$backend" \
			"${LOADS:-open write outside exec connect tcp}" "${POLICIES:-1000}"
	done
done
