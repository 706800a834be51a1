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

# What no back end makes a difference to.
indifferent=" enforce_bad enforce_follow enforce_many enforce_names enforce_status "

# inside BACKEND TEST...
inside() {
	uname -r
	worst=0
	backend=$1
	shift
	export POLICIES=50 BACKEND="$backend"
	[ ! -e /overlay.ko ] || export MODULE=/overlay.ko
	for t in "$@"; do
		case $t in
		*,crun) try "$t" env RUNTIME=crun sh "tests/live/${t%,crun}.sh" ;;
		*) try "$t" sh "tests/live/$t.sh" ;;
		esac
	done
	exit $worst
}

# Where bpf is not among the active modules LSM programs load and are never asked.
never_asked() {
	uname -r
	. tests/lib/enforce.sh
	printf "file: {protect: [/etc/]}\n" | image one
	enforce --backend lsm "$dir/one.image.elf" --cgroup "$group" >"$dir/out" 2>"$dir/err" && status=0 || status=$?
	[ $status -eq 3 ] && grep -q "back end lsm: a test process" "$dir/err" || fail "LSM programs that nobody asks: status $status"
	[ -z "$(find "$bpffs" -type f)" ] || fail "left in the BPF file system: $(find "$bpffs")"
	apply "$dir/one.image.elf" --cgroup "$group"
	expect "back end" "$(backend_now)" fmod_ret
	refused "a file" "$group" sh -c "echo x >/etc/forbidden"
}

[ "${1:-}" != inside ] || { shift; inside "$@"; }
[ "${1:-}" != never_asked ] || { never_asked; exit; }
each= once=
for t in ${TESTS:-$(basename -s .sh tests/live/enforce_*.sh)}; do
	case $indifferent in
	*" $t "*) once="$once $t" ;;
	*) each="$each $t" ;;
	esac
	[ "$t" != enforce_container ] || once="$once $t,crun"
done
. tests/lib/guests.sh
for version in $versions; do
	[ -z "$once" ] || guest "kernel $version" "$version" sh tests/vm/enforce.sh inside "${backends%% *}" $once
done
for backend in $backends; do
	for version in $versions; do
		[ -z "$each" ] || guest "kernel $version, $backend" "$version" sh tests/vm/enforce.sh inside "$backend" $each
	done
done
for version in $versions; do
	guest "kernel $version without LSM programs" -k lsm=capability,landlock "$version" sh tests/vm/enforce.sh never_asked
done
no_more_guests
