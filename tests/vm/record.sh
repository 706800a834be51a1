#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The live tests of what is observed, with what they expect unchanged, on the kernels of Debian 12 and 13; and that each program
# stays cheap to verify there: what 6.1 takes a million steps for, it refuses.
set -eu
versions=${VERSIONS:-6.1 6.12}

# clang 14 makes 16,000 of the longest program, clang 19 makes 72,000.
steps_max=200000

check_steps() {
	"$STAKEOUT-record" record --json --db /tmp/steps.db >/tmp/out 2>/tmp/err &
	pid=$!
	for _ in $(seq 300); do
		grep -q '"events"' /tmp/err && break
		sleep 0.1
	done
	"$(dirname "$STAKEOUT")/tests/live/steps" file_sys_exit exec_sched exec_fork exit_sched connect_4 connect_6 \
		connect_sendmsg connect_tcp cgroup_gone bind_4 lsm_file_open lsm_mmap_file lsm_path_rename lsm_path_link \
		lsm_path_trunca lsm_socket_conn lsm_sb_mount lsm_kernel_read >/tmp/steps
	kill -INT $pid
	wait $pid || :
	awk -v max=$steps_max '{ n++; all += $2 } $2 > max { print $1 ": " $2 " steps to verify, at most " max; bad = 1 }
		END { print n " programs, " all " steps to verify"; exit bad || n < 16 }' /tmp/steps || { cat /tmp/err /tmp/steps; exit 1; }
}

inside() {
	uname -r
	check_steps
	"$STAKEOUT-record" record --for 1s --db /tmp/hooks.db >/tmp/hooks 2>&1 || { cat /tmp/hooks; exit 1; }
	grep -E '^ +(lost|hooks|not seen) ' /tmp/hooks
	worst=0
	for t in connects container execs files; do
		sh "tests/live/record_$t.sh" && status=0 || status=$?
		echo "$t: $status"
		case $status in
		0) ;;
		77) [ $worst -ne 0 ] || worst=77 ;;
		*) worst=1 ;;
		esac
	done
	exit $worst
}

[ "${1:-}" != inside ] || inside
. tests/lib/guests.sh
for version in $versions; do guest "kernel $version" "$version" sh tests/vm/record.sh inside; done
no_more_guests
