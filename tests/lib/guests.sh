# SPDX-License-Identifier: GPL-2.0-only
# For tests/vm/*: guests side by side, as many at a time as guest.sh has places for.
mkdir -p build/vm
said=$(mktemp -d build/vm/said.XXXXXX)
begun=0

end_all() {
	for n in $(seq $begun); do kill -TERM "-$(cat "$said/$n.pid")" 2>/dev/null; done
	rm -rf "$said"
}
trap end_all EXIT
trap 'exit 143' INT TERM HUP

# guest NAME ARGUMENT...: begins one with these arguments of guest.sh. Each is a group of processes, to be ended as one.
guest() {
	begun=$((begun + 1))
	echo "$1" >"$said/$begun.name"
	shift
	setsid sh tests/vm/guest.sh "$@" >"$said/$begun.out" 2>&1 &
	echo $! >"$said/$begun.pid"
}

# The test's own end: prints what each guest said, in the order of their beginning. One that failed fails the test.
no_more_guests() {
	worst=0
	for n in $(seq $begun); do
		wait "$(cat "$said/$n.pid")" && status=0 || status=$?
		echo "== $(cat "$said/$n.name"): status $status"
		cat "$said/$n.out"
		case $status in
		0) ;;
		77) [ $worst -ne 0 ] || worst=77 ;;
		*) worst=1 ;;
		esac
	done
	begun=0
	exit $worst
}
