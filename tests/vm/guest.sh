#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Boots one of Debian's kernels in QEMU with the built programs and the tests, runs a command there and ends with its
# output and status:
#
#	sh tests/vm/guest.sh [-c CPUS] [-i] [-k KERNEL-ARGUMENTS] VERSION COMMAND [ARG...]
#
# no_timer_check: on a busy host the guest would take its timer for broken. oops=panic: what a broken kernel
# does is no result. With -i its clock counts instructions, whatever else this machine does. Otherwise without the features of a
# processor that make the kernel copy and clear memory byte by byte: emulated, that takes half of all time.
# Emulated in software, so neither KVM nor root is needed; no network. The command runs from the repository's root as
# the tests do, with STAKEOUT set. Status 77: the guest cannot be had, the last line says why; 124: no end within
# GUEST_SECONDS (900: many times what an idle machine takes). As many run at a time as the machine has processors (GUESTS), the others
# wait. A guest that stands still is ended before, and begun once more. What the kernel said is kept in build/vm/console-*.
set -eu
: "${STAKEOUT:=$PWD/build/release/stakeout}"

skip() { echo "skipped: $1"; exit 77; }

cpus=1 model=max,-erms,-fsrm arguments= count= qemu=
while getopts c:ik: option; do
	case $option in
	c) cpus=$OPTARG ;;
	i) count="-icount shift=0,sleep=off" model=max ;;
	k) arguments=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
version=$1
shift

[ "$(uname -m)" = x86_64 ] || skip "guests are x86_64 only"
for tool in qemu-system-x86_64 cpio busybox xz flock; do
	command -v $tool >/dev/null || skip "$tool is missing"
done
kernel=$(sh tests/vm/kernel.sh "$version") || { status=$?; echo "$kernel"; exit $status; }

# A place among the guests that this machine has processors and memory for; the emulator inherits it.
places=${GUESTS:-$(awk -v n="$(nproc)" '/^MemAvailable:/ { m = int($2 / 2000000); print (m < 1 ? 1 : m < n ? m : n) }' /proc/meminfo)}
exec 8>build/vm/queue
flock 8
n=0
until exec 9>"build/vm/place.$n" && flock -n 9; do
	n=$(((n + 1) % places))
	[ $n -ne 0 ] || sleep 0.5
done
exec 8>&-

image=$(mktemp -d build/vm/image.XXXXXX)
trap '[ -z "$qemu" ] || kill "$qemu"; rm -rf "$image"' EXIT
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

limit=${GUEST_SECONDS:-900} frozen=180 stalled=300
console=build/vm/console-$version-$$

# Says why the guest stands still, if it does: its kernel tells what waits for so long, and init.sh tells that it lives.
stands() {
	grep -m 1 -aoE "INFO: (rcu.* stall|task .* blocked for more than).*" "$console" 2>/dev/null && return
	[ -z "$count" ] && [ $(($(date +%s) - $(stat -c %Y "$console"))) -gt $frozen ] && echo "no sign of life for $frozen seconds"
}

# The command's output has a serial line of its own; its last line is the status. One thread emulates all processors: where each has
# its own, one can miss that another rewrites the kernel's code.
boot() {
	rm -f "$image/output"
	: >"$console"
	begun=$(date +%s) end=
	qemu-system-x86_64 -accel tcg,thread=single $count -cpu $model -smp "$cpus" -m 1536 -nic none -no-reboot \
		-display none -monitor none -serial "file:$console" -serial "file:$image/output" -kernel "$kernel/vmlinuz" \
		-initrd "$image/initramfs" -append "console=ttyS0 quiet panic=-1 no_timer_check oops=panic \
			rcupdate.rcu_cpu_stall_timeout=$stalled rcupdate.rcu_task_stall_timeout=$((250 * stalled)) \
			sysctl.kernel.hung_task_timeout_secs=$stalled $arguments" </dev/null &
	qemu=$!
	while kill -0 $qemu 2>/dev/null; do
		sleep 0.3
		if stood=$(stands); then
			end=stood
		elif [ $(($(date +%s) - begun)) -gt "$limit" ]; then
			end=late
		else
			continue
		fi
		kill -KILL $qemu
		break
	done
	wait $qemu && ended=0 || ended=$?
	qemu=
	status=$(sed -n 's/^guest status \([0-9]*\)$/\1/p' "$image/output" | tail -n 1)
}
boot
# Programs that the verifier took neither loop nor sleep inside the kernel, so what stands still without having broken down is first taken
# for the emulator's fault: once more, and said so. Where it is ours, it is there again.
broken() { grep -m 1 -aoE "(Oops: |Kernel panic|general protection fault|BUG: (unable|kernel|scheduling|stack)).*" "$console"; }
if [ "$end" = stood ] && ! broken >/dev/null; then
	echo "once more: the guest's kernel stood still ($stood)"
	sed '/^alive/d' "$console" | tail -n 20
	boot
fi
sed '/^guest status [0-9]*$/d' "$image/output"
[ -z "$status" ] || { rm -f "$console"; exit "$status"; }
sed '/^alive/d' "$console" | tail -n 20
if said=$(broken); then
	echo "the guest's kernel broke down: $said"
elif [ "$end" = stood ]; then
	echo "the guest's kernel stood still: $stood"
elif [ "$end" = late ]; then
	echo "the guest did not end within $limit seconds"
	exit 124
else
	echo "the guest ended without a status (qemu: $ended)"
fi
[ $ended -ne 0 ] || ended=1
exit $ended
