#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A million and a half different events, as fast as they can be made: none is missing without being counted as lost; the recorder
# stays small, the store within its limit.
. tests/lib/live.sh

hosts=24 ports=62500 limit=500   # MB
cp "$acts" "$dir/acts"
start_recorder --workload "$name" --max-db-size ${limit}M
for host in $(seq $hosts); do
	in_group "$dir/acts" ports "127.0.1.$host" $ports
done
most=$(awk '/VmHWM/ { print $2 }' "/proc/$recorder_pid/status")
size=$(du -ck "$db"* | awk 'END { print $1 }')
stop_recorder
recorded=$(query "SELECT count(*) FROM observation WHERE kind = 3 AND hex(address) LIKE '7F0001%'")
lost=$(query "SELECT ifnull(sum(count), 0) FROM loss WHERE CAST(kind AS TEXT) = 'connect'")
echo "recorded $recorded, lost $lost; resident at most $most kB; the store $size kB"
all=$((hosts * ports))
[ $((recorded + lost)) -ge $all ] || { echo "not $all in all"; exit 1; }
# Where the table was too full to count an event in, the record that says so can be lost too: counted, though the event was recorded.
[ $((recorded + lost)) -le $((all + all / 1000)) ] || { echo "more than $all in all"; exit 1; }
[ "$most" -lt 65536 ] || { echo "the recorder is too large"; exit 1; }
[ "$size" -lt $((limit * 1024)) ] || { echo "the store is too large"; exit 1; }
