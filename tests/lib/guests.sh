# SPDX-License-Identifier: GPL-2.0-only
# For tests/vm/*: guests of one processor each, two at a time where this machine has processors and memory for both. GUESTS=1: one by one.
guests=${GUESTS:-$(awk -v cpus="$(nproc)" '/^MemAvailable:/ { print (cpus > 1 && $2 > 4000000 ? 2 : 1) }' /proc/meminfo)}
mkdir -p build/vm
said=$(mktemp -d build/vm/said.XXXXXX)
begun=0 skipped=

end_all() {
	for n in $(seq $begun); do kill -TERM "-$(cat "$said/$n.pid")" 2>/dev/null; done
	rm -rf "$said"
}
trap end_all EXIT
trap 'exit 143' INT TERM HUP

# All that were begun: prints what each said, in the order of their beginning; one that failed ends the test.
wait_for_guests() {
	failed=
	for n in $(seq $begun); do
		wait "$(cat "$said/$n.pid")" && status=0 || status=$?
		cat "$said/$n.out"
		case $status in
		0) ;;
		77) skipped=yes ;;
		*) echo "$(cat "$said/$n.name"): status $status" && failed=yes ;;
		esac
	done
	begun=0
	[ -z "$failed" ] || exit 1
}

# guest NAME ARGUMENT...: begins one with these arguments of guest.sh. Each is a group of processes, to be ended as one.
guest() {
	begun=$((begun + 1))
	echo "$1" >"$said/$begun.name"
	shift
	setsid sh tests/vm/guest.sh "$@" >"$said/$begun.out" 2>&1 &
	echo $! >"$said/$begun.pid"
	[ $begun -lt "$guests" ] || wait_for_guests
}

# The test's own end.
no_more_guests() {
	wait_for_guests
	[ -z "$skipped" ] || exit 77
}
