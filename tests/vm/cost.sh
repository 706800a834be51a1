#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What recording costs by each choice of hooks, in a guest, as a ratio to the same load untraced, of programs that do nothing on the same
# hooks, of a policy that judges what is opened, and of auditd with a rule for the same calls, where it is installed: in a guest, since a kernel that audited once goes on to look at
# every call. Counted are instructions, of one emulated CPU: the same at each run, but caches and branches cost nothing. Figures, no verdict.
#
#	[VERSIONS="6.1 6.12"] [WAYS="lsm fentry tracepoint"] sh tests/vm/cost.sh
set -eu

audit_on() {
	command -v auditd >/dev/null || return
	mkdir -p /etc/audit "$dir/log"
	printf '%s\n' "log_file = $dir/log/audit.log" "log_format = RAW" "flush = NONE" "max_log_file_action = IGNORE" \
		"space_left = 2" "admin_space_left = 1" "space_left_action = IGNORE" "admin_space_left_action = IGNORE" \
		"disk_full_action = IGNORE" "disk_error_action = IGNORE" >/etc/audit/auditd.conf
	chmod 640 /etc/audit/auditd.conf
	auditd -n >/dev/null 2>&1 &
	audit_pid=$!
	sleep 1
	kill -0 $audit_pid && auditctl -e 1 >/dev/null && auditctl -b 8192 >/dev/null &&
		auditctl -a always,exit -F arch=b64 -S open,openat,openat2,creat,open_by_handle_at,execve,execveat,connect
}

inside() {
	. tests/lib/live.sh
	load=$(dirname "$STAKEOUT")/tests/live/load rounds=${ROUNDS:-3}
	for t in $(seq 20); do for i in $(seq 30); do echo "$t/d$i/e/f"; done; done | (mkdir "$dir/tree" && cd "$dir/tree" && xargs mkdir -p)
	run_open() { in_group "$load" time "$load" open 4000 /etc/passwd; }
	run_find() { in_group "$load" time find "$dir/tree" -name nothing; }
	median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
	block() { for i in $(seq "$rounds"); do "run_$1"; done | median; }
	# ratio WHAT BEFORE: of a block now
	ratio() { echo "$(block "$1") $2" | awk '{ printf "%.2f\n", $1 / $2 }'; }
	uname -r
	for what in open find; do
		before=$(block $what)
		for way in $1; do
			for programs in "" empty; do
				export STAKEOUT_RECORD_DEBUG="${programs:+programs=empty}"
				[ -n "$programs" ] || unset STAKEOUT_RECORD_DEBUG
				start_recorder --hooks "$way"
				run_$what >/dev/null
				echo "$what $way ${programs:-recorder} $(ratio $what "$before")"
				stop_recorder
				rm -f "$db"*
			done
		done
		echo "$what untraced again $(ratio $what "$before")"
	done
	echo "file: {protect: [/etc/]}
workload: {namespace: host, kind: cgroup, name: $name}
apiVersion: stakeout/v1
kind: Allowlist
metadata: {name: cost}
mode: enforce" >"$dir/cost.yaml"
	"$STAKEOUT" compile -o "$dir" "$dir/cost.yaml" >"$dir/compile.out" 2>&1 || { cat "$dir/compile.out"; exit 1; }
	for what in open find; do
		before=$(block $what)
		"$STAKEOUT-enforce" "$dir/cost.image.elf" --cgroup "$v2/$name" >"$dir/enforced"
		run_$what >/dev/null
		echo "$what enforced by $(awk 'NR == 2 { print $NF }' "$dir/enforced") $(ratio $what "$before")"
		"$STAKEOUT-enforce" release >/dev/null
	done
	# The last: the kernel does not forget that it audited.
	open_before=$(block open) find_before=$(block find)
	audit_on || { echo "auditd: missing, or this kernel refuses it"; return; }
	echo "open auditd $(ratio open "$open_before")"
	echo "find auditd $(ratio find "$find_before")"
	auditctl -s | grep '^lost '
	kill $audit_pid
}

[ "${1:-}" != inside ] || { inside "$2"; exit 0; }
for version in ${VERSIONS:-6.12}; do
	sh tests/vm/guest.sh -i "$version" sh tests/vm/cost.sh inside "${WAYS-lsm fentry tracepoint}"
done
