#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The live tests of enforcing, with what they expect unchanged, on the kernels of Debian 12 and 13, by every back end; and that
# LSM programs that load but are never asked, where bpf is not among the active modules, are found out.
set -eu
versions=${VERSIONS:-6.1 6.12}
backends=${BACKENDS:-lsm fmod_ret signal}

inside() {
	uname -r
	worst=0
	for backend in $1; do
		for t in tests/live/enforce_*.sh; do
			case $t in   # what no back end makes a difference to: once
			# In these guests runc makes a copy of itself from a copy of itself, which is refused (see stakeout-enforce(8)).
			*enforce_container.sh) continue ;;
			*enforce_many.sh | *enforce_names.sh) [ "$backend" = "${1%% *}" ] || continue ;;
			esac
			start=$(date +%s)
			POLICIES=50 BACKEND=$backend sh "$t" && status=0 || status=$?
			echo "$backend ${t##*/}: $status ($(($(date +%s) - start))s)"
			case $status in
			0) ;;
			# Signal, where the kernel shows no exec before it is done, cannot tell the caller: that test says so.
			77) [ "$backend" = signal ] || [ $worst -ne 0 ] || worst=77 ;;
			*) worst=1 ;;
			esac
		done
	done
	exit $worst
}

[ "${1:-}" != inside ] || inside "$2"
skipped=
for version in $versions; do
	sh tests/vm/guest.sh "$version" sh tests/vm/enforce.sh inside "$backends" && status=0 || status=$?
	[ $status -ne 77 ] || skipped=yes
	[ $status -eq 0 ] || [ $status -eq 77 ] || { echo "kernel $version: status $status"; exit 1; }
done
[ -z "$skipped" ] || exit 77
