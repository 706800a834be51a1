# SPDX-License-Identifier: GPL-2.0-only
# For tests/bench: bpftrace's tools beside ours. $dir is the bench's folder.

# snoop_on LOAD: the tool that tells of the same; false where there is none.
snoop_on() {
	case $1 in
	open | find | write | writes) tool=opensnoop.bt ;;
	tcp) tool=tcpconnect.bt ;;
	exec | build) tool=execsnoop.bt ;;
	*) return 1 ;;
	esac
	command -v $tool >/dev/null || return 1
	# It looks for tracefs; in a mount namespace of its own it can have it.
	unshare -m sh -c "mount -t tracefs none /sys/kernel/tracing; mount -t debugfs none /sys/kernel/debug; exec $tool" \
		>"$dir/snoop.out" 2>&1 &
	snoop_pid=$!
	for _ in $(seq 50); do grep -q -i pid "$dir/snoop.out" && return 0; sleep 0.1; done
	snoop_off
	return 1
}

# Now and then one does not end when it is asked to.
snoop_off() {
	kill -INT $snoop_pid 2>/dev/null || :
	for _ in $(seq 100); do kill -0 $snoop_pid 2>/dev/null || break; sleep 0.1; done
	kill -KILL $snoop_pid 2>/dev/null || :
	wait $snoop_pid 2>/dev/null || :
}
