#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Boots one of Debian's kernels in QEMU with the built programs and the tests, runs a command there and ends with its
# output and status:
#
#	sh tests/vm/guest.sh [-c CPUS] [-i] [-k KERNEL-ARGUMENTS] VERSION COMMAND [ARG...]
#
# no_timer_check: on a busy host the guest would take its timer for broken. oops=panic: what a broken kernel
# does is no result. With -i its clock counts instructions, whatever else this machine does.
# Emulated in software, so neither KVM nor root is needed; no network. The command runs from the repository's root as
# the tests do, with STAKEOUT set. Status 77: the guest cannot be had, the last line says why; 124: no end within
# GUEST_SECONDS (1700: many times what an idle machine takes). What the kernel said is kept in build/vm/console-*.
set -eu
: "${STAKEOUT:=$PWD/build/release/stakeout}"

skip() { echo "skipped: $1"; exit 77; }

cpus=1 arguments= count=
while getopts c:ik: option; do
	case $option in
	c) cpus=$OPTARG ;;
	i) count="-icount shift=0,sleep=off" ;;
	k) arguments=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
version=$1
shift

[ "$(uname -m)" = x86_64 ] || skip "guests are x86_64 only"
for tool in qemu-system-x86_64 cpio busybox xz; do
	command -v $tool >/dev/null || skip "$tool is missing"
done
kernel=$(sh tests/vm/kernel.sh "$version") || { status=$?; echo "$kernel"; exit $status; }

image=$(mktemp -d build/vm/image.XXXXXX)
trap 'rm -rf "$image"' EXIT
trap 'exit 143' INT TERM HUP
root=$image/root
built=$(dirname "$STAKEOUT")
mkdir -p "$root/bin" "$root/usr/sbin" "$root/repository/built/tests/live" "$root/repository/built/tests/prove" "$root/repository/tests" \
	"$root/repository/schema"

# add PROGRAM TO: with the libraries that ldd names, where it names them.
add() {
	cp -L "$1" "$root/$2"
	ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
		[ -e "$root$library" ] || { mkdir -p "$root$(dirname "$library")"; cp -L "$library" "$root$library"; }
	done
}

add "$(command -v busybox)" bin/busybox
for tool in sh setpriv sqlite3 runc crun bpftool auditd auditctl; do
	[ ! -x "$(command -v $tool)" ] || add "$(command -v $tool)" bin/$tool
done
add "$STAKEOUT" repository/built/stakeout
for program in record enforce; do
	[ ! -x "$STAKEOUT-$program" ] || add "$STAKEOUT-$program" repository/built/stakeout-$program
done
for helper in "$built"/tests/live/* "$built"/tests/prove/prove "$built"/tests/prove/doer; do
	case $helper in
	*.d) ;;
	*) [ ! -e "$helper" ] || add "$helper" "repository/built${helper#"$built"}" ;;
	esac
done
cp -R tests/lib tests/live tests/vm "$root/repository/tests/"
mkdir "$root/repository/docs"
cp docs/bypass.md "$root/repository/docs/"
cp schema/*.def "$root/repository/schema/"
[ ! -e "$kernel/overlay.ko" ] || cp "$kernel/overlay.ko" "$root/overlay.ko"
cp tests/vm/init.sh "$root/init"
chmod +x "$root/init"
for word in "$@"; do printf "'%s' " "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"; done >"$root/command"
(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet) >"$image/initramfs"

# The command's output has a serial line of its own; its last line is the status.
console=build/vm/console-$version-$$
boot() {
	rm -f "$image/output" "$console"
	timeout --foreground -k 5 "${GUEST_SECONDS:-1700}" qemu-system-x86_64 -accel tcg $count -cpu max -smp "$cpus" -m 1536 -nic none -no-reboot \
		-display none -monitor none -serial "file:$console" -serial "file:$image/output" -kernel "$kernel/vmlinuz" \
		-initrd "$image/initramfs" -append "console=ttyS0 quiet panic=-1 no_timer_check oops=panic $arguments" </dev/null && ended=0 || ended=$?
	status=$(sed -n 's/^guest status \([0-9]*\)$/\1/p' "$image/output" | tail -n 1)
}
boot
# A processor that is emulated can miss that another has rewritten the kernel's code, and meet the breakpoint that stands there meanwhile.
for _ in 1 2 3; do
	[ -z "$status" ] && [ "$cpus" -gt 1 ] && grep -qa "int3: 0000" "$console" || break
	echo "the emulated processors missed each other's code: once more"
	boot
done
sed '/^guest status [0-9]*$/d' "$image/output"
[ -z "$status" ] || { rm -f "$console"; exit "$status"; }
tail -n 20 "$console"
if said=$(grep -m 1 -aoE "(Oops: |Kernel panic|general protection fault|BUG: (unable|kernel|scheduling|stack)).*" "$console"); then
	echo "the guest's kernel broke down: $said"
elif [ $ended -eq 124 ]; then
	echo "the guest did not end within ${GUEST_SECONDS:-1700} seconds"
else
	echo "the guest ended without a status (qemu: $ended)"
fi
[ $ended -ne 0 ] || ended=1
exit $ended
