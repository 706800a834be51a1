#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Kernels that interrupt a task inside a program leave fmod_ret programs out: with two processors, eight processes that act without
# end and policies being replaced, not one forbidden act gets through all the same. Nor where all copies of the exec program are left
# out of every call, where no allowed one fails either, and a container runtime is known. And a kernel that begins to interrupt after a
# policy was applied is told of, until it is applied again.
#
#	VERSIONS='6.1 6.12' STORM_SECONDS=6
set -eu
versions=${VERSIONS:-6.1 6.12}

storm() {
	BACKEND=fmod_ret READ_MAPS="cgroups cgroups" PROVE_SECONDS=0 STORM_SECONDS=$1 DOERS=8 STORM_ACTS=2000 sh tests/live/prove.sh
}

left_out() {
	export BACKEND=fmod_ret LEFT_OUT=fmod_exec
	PROVE_SECONDS=300 TOTAL=2400 ACTS=400 STORM_SECONDS=2 DOERS=8 STORM_ACTS=1000 sh tests/live/prove.sh
	ONLY=runtime-outside sh tests/live/bypass.sh
}

switch() {
	. tests/lib/enforce.sh
	mount -t debugfs none /sys/kernel/debug
	mode=/sys/kernel/debug/sched/preempt
	echo voluntary >$mode
	printf 'exec:\n  allow: [{path: %s}]\nfile: {protect: [/etc/]}\n' "$(readlink -f "$(command -v sh)")" | image switched
	apply "$dir/switched.image.elf" --cgroup "$group"
	copies() { find "$bpffs" -name 'link_fmod_open*' | wc -l; }
	expect "programs at an open" "$(copies)" 1
	enforce status >"$dir/out" 2>"$dir/err"
	[ ! -s "$dir/err" ] || fail "status warns of a kernel that does not interrupt"
	echo full >$mode
	enforce status >"$dir/out" 2>"$dir/err"
	grep -q "security_file_open.*preemption was set to full: apply an image again" "$dir/err" || fail "status: no word of the change"
	enforce verify --json >"$dir/out" 2>"$dir/err" || fail "verify: status $?"
	grep -q '"kind":"hook","object":"security_file_open".*"holds":"unknown"' "$dir/out" || { cat "$dir/out"; fail "verify: no word of the change"; }
	apply "$dir/switched.image.elf" --cgroup "$group"
	expect "programs at an open" "$(copies)" 4
	enforce status >"$dir/out" 2>"$dir/err"
	[ ! -s "$dir/err" ] || fail "status warns of what was mended"
	refused "a program" "$group" /bin/busybox true
	enforce release >/dev/null
	[ ! -e "$bpffs/stakeout" ] || fail "left in the BPF file system: $(find "$bpffs/stakeout")"
}

[ "${1:-}" != inside ] || { shift; uname -r; BACKEND=fmod_ret; "$@"; exit; }
. tests/lib/guests.sh
for version in $versions; do
	guest "kernel $version, storm" -c 2 -k preempt=full "$version" sh tests/vm/enforce_preempt.sh inside storm "${STORM_SECONDS:-6}"
	guest "kernel $version, execs left out" -c 2 -k preempt=full "$version" sh tests/vm/enforce_preempt.sh inside left_out
	guest "kernel $version, switch" -k preempt=full "$version" sh tests/vm/enforce_preempt.sh inside switch
done
no_more_guests
