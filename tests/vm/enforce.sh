#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The live tests of enforcing, with what they expect unchanged, on the kernels of Debian 12 and 13, by every back end; with
# podman's container runtime as well, and with a kernel module; and that LSM programs that load but are never asked, where bpf is not among the
# active modules, are found out.
#
#	VERSIONS='6.1 6.12' BACKENDS='lsm fmod_ret signal' TESTS='enforce_guards enforce_container'
set -eu
versions=${VERSIONS:-6.1 6.12}
backends=${BACKENDS:-lsm fmod_ret signal}
export GUEST_SECONDS="${GUEST_SECONDS:-400}"

# try NAME COMMAND...
try() {
	name=$1
	shift
	start=$(date +%s)
	"$@" && status=0 || status=$?
	echo "$backend $name: $status ($(($(date +%s) - start))s)"
	case $status in
	0) ;;
	# Signal, where the kernel shows no exec before it is done, cannot tell the caller: that test says so.
	77) [ "$backend" = signal ] || [ $worst -ne 0 ] || worst=77 ;;
	*) worst=1 ;;
	esac
}

inside() {
	uname -r
	worst=0
	export POLICIES=50 BACKEND
	for backend in $1; do
		BACKEND=$backend
		for t in $2; do
			case $t in
			enforce_many | enforce_names)   # what no back end makes a difference to: once
				[ "$backend" = "${1%% *}" ] || continue ;;
			enforce_container)
				try "$t, crun" env RUNTIME=crun sh "tests/live/$t.sh" ;;
			enforce_guards)
				[ ! -e /overlay.ko ] || export MODULE=/overlay.ko ;;
			esac
			try "$t" sh "tests/live/$t.sh"
		done
	done
	exit $worst
}

[ "${1:-}" != inside ] || inside "$2" "$3"
tests=${TESTS:-$(basename -s .sh tests/live/enforce_*.sh | tr '\n' ' ')}
skipped=
for version in $versions; do
	sh tests/vm/guest.sh "$version" sh tests/vm/enforce.sh inside "$backends" "$tests" && status=0 || status=$?
	[ $status -ne 77 ] || skipped=yes
	[ $status -eq 0 ] || [ $status -eq 77 ] || { echo "kernel $version: status $status"; exit 1; }
done
[ -z "$skipped" ] || exit 77
