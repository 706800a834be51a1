#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Runs every test and closes with "N passed, N failed, N skipped".
#
#	tests/run.sh DIR...	what to run: built unit tests and fuzz drivers, tests/cli, tests/live ...
#
# A test exits 0 (passed), 77 (skipped: its last line says why) or anything else (failed). cmocka's own
# skips count too. With CI set, a skip is a failure: that machine can do all of it.
set -u
: "${STAKEOUT:=$PWD/build/release/stakeout}"
export STAKEOUT
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

run_one() {
	start=$(date +%s)
	timeout -k 10 "${TEST_TIMEOUT:-3600}" "$@" >"$log" 2>&1 </dev/null
	status=$?
	seconds=$(($(date +%s) - start))
	name=$1
	[ "$name" = sh ] || [ "$name" = node ] && name=$2
	if [ $status -eq 0 ] && ! grep -q '\[  SKIPPED \]' "$log"; then
		passed=$((passed + 1))
		echo "ok    $name (${seconds}s)"
		grep "^once more: " "$log" | sed "s/^/      /"
	elif [ $status -eq 77 ] || [ $status -eq 0 ]; then
		skipped=$((skipped + 1))
		reason=$(grep -v '^\[' "$log" | grep -iE 'skip|absent|missing|cannot|needs' | tail -n 1)
		echo "skip  $name: ${reason:-$(tail -n 1 "$log")}"
	else
		failed=$((failed + 1))
		echo "FAIL  $name (status $status, ${seconds}s)"
		tail -n 60 "$log" | sed 's/^/      /'
	fi
}

for what in "$@"; do
	if [ ! -e "$what" ]; then
		echo "FAIL  $what: there is no such test"
		failed=$((failed + 1))
		continue
	fi
	case $what in
	*.sh) run_one sh "$what" ;;
	*.js) run_one node "$what" ;;
	*) run_one "$what" ;;
	esac
done

if [ -n "${CI:-}" ] && [ $skipped -gt 0 ]; then
	echo "skipped tests count as failures here (CI is set)"
	failed=$((failed + skipped))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ]
