#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# How a recording begins and ends: another writer that holds the store at the start, in the middle and at the end is
# waited for and nothing is lost; Ctrl-C, SIGTERM and --for end it in order; on a terminal progress is one line.
. tests/lib/live.sh

cp "$acts" "$dir/acts"

# hold SECONDS: the store's write lock, in the background; returns once it is held.
hold() {
	rm -f "$dir/held"
	{ echo "BEGIN IMMEDIATE;"; echo ".shell touch $dir/held"; echo ".shell sleep $1"; echo "COMMIT;"; } | sqlite3 -batch "$db" &
	holder=$!
	eventually test -e "$dir/held" || { echo "the lock could not be taken"; exit 1; }
}
opened() {
	query "SELECT ifnull(sum(count), 0) FROM observation WHERE kind = 2 AND CAST(path AS TEXT) = '$dir/acts'"
}
# ended WHAT OPENS
ended() {
	[ "$(opened)" = "$2" ] || { echo "$1: $(opened) opens recorded of $2"; exit 1; }
	[ "$(query "SELECT count(*) FROM recording WHERE end_ns <= start_ns")" = 0 ] || { echo "$1: no end is recorded"; exit 1; }
	[ "$(query "SELECT ifnull(sum(count), 0) FROM loss")" = 0 ] || { echo "$1: losses were counted"; exit 1; }
	rm -f "$db"*
}

start_recorder --workload "$name"   # the store is there
nice_of() { awk '{ print $19 }' "/proc/$1/stat"; }
[ "$(nice_of self)" != 0 ] || [ "$(nice_of $recorder_pid)" = -10 ] || { echo "it waits its turn like others: $(nice_of $recorder_pid)"; exit 1; }
stop_recorder
hold 2
start_recorder --workload "$name"
wait $holder
in_group "$dir/acts" loop 10 "$dir/acts"
stop_recorder
ended "locked at the start" 10

start_recorder --workload "$name"
hold 3
in_group "$dir/acts" loop 10 "$dir/acts"
wait $holder
in_group "$dir/acts" loop 10 "$dir/acts"
stop_recorder
ended "locked in the middle" 20

start_recorder --workload "$name"
in_group "$dir/acts" loop 10 "$dir/acts"
hold 3
stop_recorder
wait $holder
ended "locked at the end" 10

for signal in INT TERM; do
	start_recorder --workload "$name"
	in_group "$dir/acts" loop 10 "$dir/acts"
	kill -$signal $recorder_pid
	wait $recorder_pid && got=0 || got=$?
	recorder_pid=
	[ $got -eq 0 ] || { echo "status $got after SIG$signal"; exit 1; }
	grep -q '"summary"' "$dir/record.out" || { echo "no summary after SIG$signal"; exit 1; }
	ended "SIG$signal" 10
done

start_recorder --workload "$name" --for 8s
in_group "$dir/acts" loop 10 "$dir/acts"
wait $recorder_pid && got=0 || got=$?
recorder_pid=
[ $got -eq 0 ] || { echo "status $got after --for"; exit 1; }
ended "--for" 10

# Nobody reads the lines any more: no fault, but the end.
acted_until_ended() {
	in_group "$dir/acts" open r "$dir/acts"
	[ -s "$dir/status" ]
}
{ "$recorder" record --json --db "$db" --events - 2>"$dir/record.err" && got=0 || got=$?; echo $got >"$dir/status"; } |
	head -n 1 >"$dir/head" &
eventually acted_until_ended || { echo "it does not end when nobody reads"; exit 1; }
wait $!
[ "$(cat "$dir/status")" = 0 ] && [ -s "$dir/head" ] && grep -q '"summary"' "$dir/record.err" && ! grep -q error "$dir/record.err" ||
	{ echo "nobody reads: status $(cat "$dir/status")"; cat "$dir/record.err"; exit 1; }
[ "$(query "SELECT count(*) FROM recording WHERE end_ns > start_ns")" = 1 ] || { echo "nobody reads: no end is recorded"; exit 1; }
rm -f "$db"*

command -v script >/dev/null || skip "script is missing: the progress line was not looked at"
script -qec "'$recorder' record --db '$db' --for 3s" /dev/null </dev/null >"$dir/screen"
tr '\r' '\n' <"$dir/screen" >"$dir/lines"
[ "$(grep -c 'events .*observations .*workloads .*lost' "$dir/lines")" -ge 2 ] || { echo "no progress:"; cat "$dir/lines"; exit 1; }
head -n 1 "$dir/screen" | grep -q 'Recorded [0-9]*\.' || { echo "progress took more than one line"; cat -v "$dir/screen"; exit 1; }
