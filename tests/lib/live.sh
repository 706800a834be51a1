# SPDX-License-Identifier: GPL-2.0-only
# For tests/live: a scratch folder, cgroups of this test's own, the recorder in the background.
set -eu
. tests/lib/wait.sh

skip() { echo "skipped: $1"; exit 77; }

[ "$(id -u)" = 0 ] || skip "recording needs root"
recorder=$STAKEOUT-record
[ -x "$recorder" ] || skip "stakeout-record is missing (built without clang or bpftool)"
command -v sqlite3 >/dev/null || skip "sqlite3 is missing"

dir=$(mktemp -d /tmp/stakeout-live.XXXXXX)
name=stakeout-test-$$
db=$dir/store.db
acts=$(dirname "$STAKEOUT")/tests/live/acts
v2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
recorder_pid= cleanups=

# A process that is just dying keeps its cgroup for a moment.
remove_group() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ -d "$1" ] || return 0
		rmdir "$1" 2>/dev/null && return 0
		sleep 0.1
	done
	echo "left behind: the cgroup $1"
}

clean() {
	status=$?
	[ -z "$recorder_pid" ] || kill "$recorder_pid" 2>/dev/null || :
	[ -z "$recorder_pid" ] || wait "$recorder_pid" 2>/dev/null || :
	eval "$cleanups"
	remove_group "$v2/$name"
	# With version 1 beside it a runtime makes the same folders there.
	find /sys/fs/cgroup/*/"$name" -depth -type d -exec rmdir {} + 2>/dev/null || :
	if [ $status -ne 0 ] && [ $status -ne 77 ] && [ -f "$dir/record.err" ]; then tail -n 5 "$dir/record.err"; fi
	rm -rf "$dir"
	exit $status
}
trap clean EXIT
trap 'exit 143' INT TERM HUP

[ -n "$v2" ] || skip "no cgroup v2 mount"
mkdir "$v2/$name" || skip "cannot make a cgroup in $v2"

# start_recorder ARG...: returns when it is attached.
start_recorder() {
	: >"$dir/record.err"
	"$recorder" record --json --db "$db" "$@" >"$dir/record.out" 2>"$dir/record.err" &
	recorder_pid=$!
	eventually recorder_begun || { echo "the recorder did not start"; exit 1; }
}

recorder_begun() {
	grep -q '"events"' "$dir/record.err" 2>/dev/null && return 0
	gone $recorder_pid || return 1
	cat "$dir/record.err"
	recorder_pid=
	exit 1
}

stop_recorder() {
	kill -INT $recorder_pid
	wait $recorder_pid && ended=0 || ended=$?
	recorder_pid=
	[ $ended -eq 0 ] || { echo "the recorder ended with status $ended"; exit 1; }
}

# in_group COMMAND...: in the test's cgroup.
in_group() { sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$v2/$name" "$@"; }

query() { sqlite3 -batch -noheader "$db" "$1"; }

# The bits of an access, a tag, as numbers, from the vocabularies.
bit() {
	awk -v want="$2" -F '[(,"]+' 'BEGIN { bit = 1 } /^(ACCESS|TAG)\(/ { if ($2 == want) { print bit; exit } bit *= 2 }' "schema/$1.def"
}
access() { sum=0; for a in "$@"; do sum=$((sum + $(bit access "$a"))); done; echo $sum; }
tags() { sum=0; for t in "$@"; do sum=$((sum + $(bit tags "$t"))); done; echo $sum; }

# same WANTED GOT WHAT
same() {
	if ! diff -u "$1" "$2" >"$dir/diff"; then
		echo "$3: not what was expected (- expected, + recorded)"
		cat "$dir/diff"
		exit 1
	fi
}
