#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# The first process of a guest: from the initramfs, where pivot_root() cannot work, into a tmpfs; there what a running
# system has mounted; then the command. Its output and status go to the second serial line.
/bin/busybox --install -s /bin
export PATH=/bin
if [ "$1" != again ]; then
	mkdir /new
	mount -t tmpfs -o mode=755,size=80% none /new
	cp -a /bin /lib* /usr /repository /command /overlay.ko /init /new/
	exec switch_root /new /bin/busybox sh /init again
fi
mkdir -p /proc /sys /dev /tmp /etc /root /run
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t securityfs none /sys/kernel/security
mount -t bpf none /sys/fs/bpf
mount -t tracefs none /sys/kernel/tracing
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs none /tmp
echo root:x:0:0:root:/root:/bin/sh >/etc/passwd
ip link set lo up
[ ! -e /overlay.ko ] || insmod /overlay.ko

# The console tells that the guest lives, by no process of its own that a test could see.
mkfifo /run/never
while :; do read -r -t 5 _ <&3 || echo alive; done 3<>/run/never >/dev/ttyS0 &

cd /repository
export STAKEOUT=/repository/built/stakeout
stty -F /dev/ttyS1 raw
/bin/sh -c "$(cat /command)" </dev/null >/dev/ttyS1 2>&1
echo "guest status $?" >/dev/ttyS1
sync
poweroff -f
