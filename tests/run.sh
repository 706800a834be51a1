#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs every test and closes with "N passed, N failed, N skipped".
#
#	tests/run.sh TEST...	what to run: built unit tests and fuzz drivers, scripts of tests/cli, tests/live ...
#
# A test exits 0 (passed), 77 (skipped: its last line says why) or anything else (failed). cmocka's own
# skips count too. With CI set, a skip is a failure: that machine can do all of it.
#
# What only computes runs side by side, as many as there are processors (JOBS); then, one by one, what watches or changes this
# machine's kernel or drives a browser; then all that runs in guests, which take turns by themselves (tests/vm/guest.sh). Of
# each of the three, results are told in the order given.
set -u
: "${STAKEOUT:=$PWD/build/release/stakeout}"
export STAKEOUT

# result TEST LOG: runs it, says what came of it
result() {
	[ -e "$1" ] || { echo "FAIL  $1: there is no such test"; return; }
	case $1 in
	*.sh) with=sh ;;
	*.js) with=node ;;
	*) with= ;;
	esac
	start=$(date +%s)
	timeout -k 10 "${TEST_TIMEOUT:-3600}" $with "$1" >"$2" 2>&1 </dev/null
	status=$?
	seconds=$(($(date +%s) - start))
	if [ $status -eq 0 ] && ! grep -q '\[  SKIPPED \]' "$2"; then
		echo "ok    $1 (${seconds}s)"
		grep "^once more: " "$2" | sed "s/^/      /"
	elif [ $status -eq 77 ] || [ $status -eq 0 ]; then
		reason=$(grep -v '^\[' "$2" | grep -iE 'skip|absent|missing|cannot|needs' | tail -n 1)
		echo "skip  $1: ${reason:-$(tail -n 1 "$2")}"
	else
		echo "FAIL  $1 (status $status, ${seconds}s)"
		tail -n 60 "$2" | sed 's/^/      /'
	fi
}
# In a process of its own: --one TEST NUMBER.
if [ "${1:-}" = --one ]; then
	result "$2" "$3.log" >"$3.new"
	mv "$3.new" "$3.result"
	exit
fi

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
begun=0

# tell TEST...: the results, each as soon as those before it are told
tell() {
	for what in "$@"; do
		begun=$((begun + 1))
		until [ -e "$dir/$begun.result" ]; do
			if [ -e "$dir/over" ] && [ ! -e "$dir/$begun.result" ]; then
				echo "FAIL  $what: was not run" >"$dir/$begun.result"
			fi
			sleep 0.1
		done
		cat "$dir/$begun.result"
	done
}

# run JOBS TEST...: so many at a time, 0: all
run() {
	jobs=$1
	shift
	[ $# -gt 0 ] || return 0
	tell "$@" &
	for what in "$@"; do
		begun=$((begun + 1))
		printf '%s\n' "$what" "$dir/$begun"
	done >"$dir/list"
	xargs -d '\n' -n 2 -P "$jobs" sh "$0" --one <"$dir/list"
	: >"$dir/over"
	wait $!
	rm "$dir/over"
}

beside= alone= guests=
for what in "$@"; do
	case $what in
	tests/vm/*) guests="$guests $what" ;;
	tests/live/* | tests/browser/*) alone="$alone $what" ;;
	*) beside="$beside $what" ;;
	esac
done
run "${JOBS:-$(nproc)}" $beside
run 1 $alone
run 0 $guests

count() { cat "$dir"/*.result 2>/dev/null | grep -c "^$1"; }
passed=$(count "ok ") failed=$(count FAIL) skipped=$(count "skip ")
if [ -n "${CI:-}" ] && [ "$skipped" -gt 0 ]; then
	echo "skipped tests count as failures here (CI is set)"
	failed=$((failed + skipped))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
