#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A ring buffer of one page that nobody empties for a while: what was recorded and what is reported as lost are together
# exactly what was done, per kind; the recorder, the store and the listings all say so; and what was lost once is recorded
# when it happens again.
. tests/lib/live.sh

ports=200
cp "$acts" "$dir/acts"
export STAKEOUT_RECORD_DEBUG=ring=4096
start_recorder --workload "$name"
in_group "$dir/acts" open r /   # the programs and cgroups are told
sleep 0.3
kill -STOP $recorder_pid
in_group "$dir/acts" ports 127.0.0.1 $ports
kill -CONT $recorder_pid
sleep 0.3
stop_recorder

recorded() { query "SELECT count(*) FROM observation WHERE kind = 3 AND hex(address) LIKE '7F000001%'"; }
lost() { query "SELECT ifnull(sum(count), 0) FROM loss WHERE CAST(kind AS TEXT) = 'connect' AND CAST(reason AS TEXT) = 'ring buffer full'"; }
some=$(recorded)
lost=$(lost)
[ "$lost" -gt 0 ] && [ $((some + lost)) -eq $ports ] || { echo "$some recorded and $lost lost of $ports"; exit 1; }
sed -n 's/.*"kind":"connect","reason":"ring buffer full","count":\([0-9]*\).*/\1/p' "$dir/record.out" | grep -qx "$lost" ||
	{ echo "the summary does not say $lost"; cat "$dir/record.out"; exit 1; }

# shown COMMAND...: status and words
"$STAKEOUT" losses --db "$db" >"$dir/losses" && got=0 || got=$?
[ $got -eq 1 ] && grep -E "connect +.*ring buffer full" "$dir/losses" | grep -qw "$lost" ||
	{ echo "losses (status $got):"; cat "$dir/losses"; exit 1; }
"$STAKEOUT" losses --json --db "$db" | grep '"connect"' | grep 'ring buffer full' | grep -qw "$lost" ||
	{ echo "losses --json does not say $lost"; exit 1; }
"$STAKEOUT" show --db "$db" "host/cgroup/$name" >"$dir/show" 2>&1 || :
grep -q "$lost" "$dir/show" || { echo "show does not say $lost:"; tail -n 12 "$dir/show"; exit 1; }

# Once more with room enough, into the same store: all are there now, and the losses stay on record.
unset STAKEOUT_RECORD_DEBUG
start_recorder --workload "$name"
in_group "$dir/acts" ports 127.0.0.1 $ports
stop_recorder
[ "$(recorded)" = $ports ] || { echo "$(recorded) of $ports after the second recording"; exit 1; }
[ "$(query "SELECT sum(count) FROM observation WHERE kind = 3 AND hex(address) LIKE '7F000001%'")" = $((some + ports)) ] ||
	{ echo "the counts are not $some + $ports"; exit 1; }
[ "$(lost)" = "$lost" ] || { echo "losses: $(lost) instead of $lost"; exit 1; }
