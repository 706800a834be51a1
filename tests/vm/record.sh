#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The live tests of what is observed, with what they expect unchanged, on the kernels of Debian 12 and 13.
set -eu
versions=${VERSIONS:-6.1 6.12}

inside() {
	uname -r
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
skipped=
for version in $versions; do
	sh tests/vm/guest.sh "$version" sh tests/vm/record.sh inside && status=0 || status=$?
	[ $status -ne 77 ] || skipped=yes
	[ $status -eq 0 ] || [ $status -eq 77 ] || { echo "kernel $version: status $status"; exit 1; }
done
[ -z "$skipped" ] || exit 77
