#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What enforcing costs what is allowed, as a ratio to the same load without: under one policy, and under one of a thousand.
# Measured as in bench_record.sh: the load's own processor time, enforced runs between as many free ones, medians of the rounds
# and the range of their middle half. "outside" is the same load in a cgroup without a policy, while there is one elsewhere;
# "writes" is of several files by turns: of the path that it was asked about last the enforcer keeps what it found.
# "empty" is it with programs on the hooks of the signal back end that do nothing: the least that enforcing by them can cost;
# "bpftrace" is it without a policy while opensnoop, execsnoop or tcpconnect runs, once. auditd would leave its marks on this kernel: it is
# measured in a guest, by tests/vm/cost.sh.
. tests/lib/enforce.sh
. tests/lib/snoop.sh

rounds=${ROUNDS:-5} runs=${RUNS:-5} many=${POLICIES:-1000}
load=$(dirname "$STAKEOUT")/tests/live/load
empty=$(dirname "$STAKEOUT")/tests/live/empty
mkdir "$group/load" "$group/free" "$group/many" "$dir/etc"
for i in "" 1 2 3 4 5 6 7 8; do echo x >"$dir/etc/file$i"; done
policy() {
	cat <<END
exec:
  allow: [{path: $(readlink -f "$(command -v sh)")}, {path: $load}, {path: $load-child}]
file:
  protect: [/etc/, $dir/etc/]
  allow: [{path: $dir/etc/, access: [write]}]
connect:
  allow: [{cidr: 127.0.0.1/32, port: 5300, protocol: udp}, {cidr: 127.0.0.1/32, port: 5400, protocol: tcp},
          {cidr: 10.0.0.0/8, port: $1}]
END
}
policy 80 | image one


median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
# block LOAD GROUP [COMMAND...]: microseconds, the median of some runs.
block() {
	what=$1 in_group=$2
	shift 2
	case $what in
	open) set -- "$@" "$load" time "$load" open 100000 /etc/passwd ;;
	write) set -- "$@" "$load" time "$load" write 50000 "$dir/etc/file" ;;
	writes) set -- "$@" "$load" time "$load" write 50000 "$dir"/etc/file[1-8] ;;
	exec) set -- "$@" "$load" time "$load" exec 400 "$load-child" ;;
	connect) set -- "$@" "$load" time "$load" connect 100000 5300 ;;
	tcp) set -- "$@" "$load" time "$load" tcp 5000 5400 ;;
	esac
	for _ in $(seq "$runs"); do
		sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$in_group" "$@"
	done | median
}
# measure LOAD NAME: both cgroups between runs without any policy.
measure() {
	before=$(block "$1" "$group/load")
	"$2"
	enforced=$(block "$1" "$group/load")
	outside=$(block "$1" "$group/free")
	enforce release >/dev/null
	after=$(block "$1" "$group/load")
	nothing=$(block "$1" "$group/load" "$empty" "$group/load" 2>"$dir/empty.err")
	echo "$enforced $before $after" | awk '{ printf "%.3f\n", $1 * 2 / ($2 + $3) }' >>"$dir/$1.$2"
	echo "$outside $before $after" | awk '{ printf "%.3f\n", $1 * 2 / ($2 + $3) }' >>"$dir/$1.$2.outside"
	echo "$nothing $before $after" | awk '{ printf "%.3f\n", $1 * 2 / ($2 + $3) }' >>"$dir/$1.$2.empty"
}
# snoop LOAD: the same ratio for a tool that only tells
snoop() {
	before=$(block "$1" "$group/load")
	snoop_on "$1" || return 0
	traced=$(block "$1" "$group/load")
	snoop_off
	echo "$traced $before $(block "$1" "$group/load")" | awk '{ printf "%.3f\n", $1 * 2 / ($2 + $3) }' >>"$dir/$1.snoop"
}
one() { apply "$dir/one.image.elf" --cgroup "$group/load"; }
# A thousand others first, each with a cgroup of its own.
thousand() {
	args=
	for i in $(seq "$many"); do args="$args --cgroup $group/many/$i"; done
	apply "$dir/one.image.elf" --cgroup "$group/load" $args
}
shown() {
	[ -s "$dir/$1" ] || { echo -; return; }
	sort -n "$dir/$1" | awk '{ v[NR] = $1 } END {
		m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
		printf "%.3f (%.3f-%.3f)\n", m, v[int(NR / 4) + 1], v[NR - int(NR / 4)] }'
}
for i in $(seq "$many"); do mkdir "$group/many/$i"; done

apply "$dir/one.image.elf" --cgroup "$group/load"
echo "kernel $(uname -r), back end $(backend_now), $(nproc) CPUs; load before: $(cut -d ' ' -f 1-3 /proc/loadavg)"
echo "memory of a policy: $(enforce status --json | sed -n 's/.*"memory":\([0-9]*\).*/\1/p' | head -n 1) bytes"
enforce release >/dev/null
printf '%-8s %-20s %-20s %-20s %-20s %-20s %s\n' load "one policy" "$many policies" "outside" "empty" bpftrace aim
for row in "open 1.15" "write 1.15" "writes 1.15" "exec 1.01" "connect 1.05" "tcp 1.05"; do
	set -- $row
	block "$1" "$group/load" >/dev/null
	for i in $(seq "$rounds"); do
		measure "$1" one
		measure "$1" thousand
	done
	snoop "$1"
	printf '%-8s %-20s %-20s %-20s %-20s %-20s <= %s\n' "$1" "$(shown "$1.one")" "$(shown "$1.thousand")" "$(shown "$1.one.outside")" \
		"$(shown "$1.one.empty")" "$(shown "$1.snoop")" "$2"
done
echo "load after: $(cut -d ' ' -f 1-3 /proc/loadavg); $rounds rounds of $runs runs"
