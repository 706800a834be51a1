#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# As a service: locked down once it records; SIGHUP reads files again and opens the moved event file anew; SIGUSR1 tells how far
# it is; --max-db-size ends it, and the next recording goes on in the same store.
. tests/lib/live.sh

cp "$acts" "$dir/acts"
echo '{"items":[]}' >"$dir/pods.json"
start_recorder --workload "$name" --events "$dir/events" --pods "$dir/pods.json"
field() { awk -v want="$1:" '$1 == want { print $2 }' "/proc/$recorder_pid/status"; }
[ "$(field NoNewPrivs)" = 1 ] || { echo "it may still gain privileges"; exit 1; }
[ "$(field Seccomp)" = 2 ] || { echo "no filter of system calls"; exit 1; }
[ $((0x$(field CapEff) & ~((1 << 1) | (1 << 39)))) -eq 0 ] || { echo "capabilities kept: $(field CapEff)"; exit 1; }

in_group "$dir/acts" udp 127.0.0.1 1
eventually grep -q '"port":1[,}]' "$dir/events" || { echo "the first is not in the event file"; exit 1; }
mv "$dir/events" "$dir/events.1"
kill -HUP "$recorder_pid"
eventually test -e "$dir/events" || { echo "SIGHUP opened no new event file"; exit 1; }
in_group "$dir/acts" udp 127.0.0.1 2
lines=$(wc -l <"$dir/record.err")
kill -USR1 "$recorder_pid"
eventually has_lines $((lines + 1)) "$dir/record.err" && tail -n 1 "$dir/record.err" | grep -q '"observations":[1-9]' ||
	{ echo "SIGUSR1 told nothing"; cat "$dir/record.err"; exit 1; }
echo broken >"$dir/pods.json"
kill -HUP "$recorder_pid"
eventually grep -q "pods.json.*no list of pods" "$dir/record.err" || { echo "a list that became unreadable is not reported"; exit 1; }
kill -0 "$recorder_pid" || { echo "it ended on that"; exit 1; }
stop_recorder
grep -q '"port":1[,}]' "$dir/events.1" && grep -q '"port":2[,}]' "$dir/events" && ! grep -q '"port":1[,}]' "$dir/events" ||
	{ echo "the event files are not what a rotation leaves"; exit 1; }

# The store's limit.
mkdir "$dir/many"
(cd "$dir/many" && seq 20000 | xargs touch)
"$recorder" record --json --db "$dir/small.db" --workload "$name" --max-db-size 2M >"$dir/out" 2>"$dir/err" &
recorder_pid=$!
eventually grep -q '"events"' "$dir/err" || :
in_group find "$dir/many" -type f -exec cat {} + >/dev/null
eventually gone "$recorder_pid" || kill "$recorder_pid"
wait "$recorder_pid" && got=0 || got=$?
recorder_pid=
[ $got -eq 3 ] && grep -q -- "--max-db-size" "$dir/err" && grep -q "or the file as large as it may be" "$dir/err" || { echo "at its limit: status $got"; cat "$dir/err"; exit 1; }
[ "$(stat -c %s "$dir/small.db")" -le 2097152 ] || { echo "the store has $(stat -c %s "$dir/small.db") bytes"; exit 1; }
db=$dir/small.db
before=$(query "SELECT count(*) FROM observation")
[ "$before" -gt 0 ] && [ "$(query "PRAGMA integrity_check")" = ok ] || { echo "nothing was kept"; exit 1; }
start_recorder --workload "$name"
in_group "$dir/acts" udp 127.0.0.1 3
stop_recorder
[ "$(query "SELECT count(*) FROM recording")" = 2 ] && [ "$(query "SELECT count(*) FROM observation")" -gt "$before" ] ||
	{ echo "the next recording did not go on"; exit 1; }
