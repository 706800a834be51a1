#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Ways that a machine rarely takes, asked for by STAKEOUT_RECORD_DEBUG: no cgroup hooks, a table of observations that is
# full at once, everything seen anew every second under a running load. Nothing is lost and every count is exact.
. tests/lib/live.sh

cp "$acts" "$dir/acts"
mkdir "$dir/many"
for i in $(seq 200); do echo "$i" >"$dir/many/$i"; done

# rare WORDS: a recording of its own, with a store of its own.
rare() {
	rm -f "$db"*
	export STAKEOUT_RECORD_DEBUG="$1"
	start_recorder --workload "$name"
}
no_losses() {
	[ "$(query "SELECT ifnull(sum(count), 0) FROM loss")" = 0 ] && return
	echo "$1: losses"
	query "SELECT * FROM loss"
	exit 1
}

rare connect=tracepoint
in_group "$dir/acts" tcp 127.0.0.1 9
in_group "$dir/acts" tcp 127.0.0.1 9
in_group "$dir/acts" udp 127.0.0.1 53
in_group "$dir/acts" tcp ::ffff:127.0.0.3 80
v6=
if grep -q 00000000000000000000000000000001 /proc/net/if_inet6 2>/dev/null; then
	v6=yes
	in_group "$dir/acts" tcp ::1 443
fi
stop_recorder
{
	echo "6|4|7F000001|9|2"
	echo "6|6|00000000000000000000FFFF7F000003|80|1"
	[ -z "$v6" ] || echo "6|6|00000000000000000000000000000001|443|1"
} | LC_ALL=C sort >"$dir/wanted"
query "SELECT protocol, family, CASE family WHEN 4 THEN substr(hex(address), 1, 8) ELSE hex(address) END, port, count
	FROM observation WHERE kind = 3 AND subject = CAST('$dir/acts' AS BLOB)" | LC_ALL=C sort >"$dir/got"
same "$dir/wanted" "$dir/got" "connects without cgroup hooks"
query "SELECT CAST(misses AS TEXT) FROM recording" | grep -q "connect not seen: UDP" || { echo "that UDP is not seen was not said"; exit 1; }

# The reads of kernels before 6.2 see the same.
for t in files execs connects; do
	STAKEOUT_RECORD_DEBUG=reads=helper sh "tests/live/record_$t.sh" || { echo "reads=helper: record_$t.sh"; exit 1; }
done

# 200 files three times each, in one process, into a table of 64.
rare seen=64
(cd "$dir/many" && in_group "$dir/acts" open r $(seq 200) $(seq 200) $(seq 200))
stop_recorder
seq 200 | sed "s|.*|$dir/many/&:3|" | LC_ALL=C sort >"$dir/wanted"
query "SELECT CAST(path AS TEXT) || ':' || count FROM observation WHERE kind = 2 AND CAST(path AS TEXT) LIKE '$dir/many/%'" |
	LC_ALL=C sort >"$dir/got"
same "$dir/wanted" "$dir/got" "full table"
no_losses "full table"

# No room to remember who runs what: each exec is there, its caller is not, and that is counted.
rare tasks=2
in_group sleep 600 &
in_group sleep 600 &
sleepers() {
	while read -r pid; do
		[ "$(cat "/proc/$pid/comm")" != sleep ] || echo "$pid"
	done <"$v2/$name/cgroup.procs"
}
cleanups="kill \$(sleepers) 2>/dev/null || :; $cleanups"
asleep() { [ "$(sleepers | wc -l)" = 2 ]; }
eventually asleep || { echo "two cannot be put to sleep"; exit 1; }
in_group sh -c '"$1" noop; "$1" noop; "$1" noop; :' sh "$dir/acts"
kill $(sleepers)
stop_recorder
[ "$(query "SELECT sum(count) FROM observation WHERE kind = 0 AND path = CAST('$dir/acts' AS BLOB)")" = 3 ] || { echo "execs are missing"; exit 1; }
[ "$(query "SELECT sum(count) FROM loss WHERE CAST(reason AS TEXT) LIKE 'process table full%'")" -ge 3 ] || { echo "a full process table was not counted"; query "SELECT * FROM loss"; exit 1; }

# Both tables change places under a load on both sides of it, and each is used more than once.
rare rotate=300ms
in_group "$dir/acts" loop 1500000 "$dir/acts" &
one=$!
in_group "$dir/acts" loop 1500000 "$dir/acts" &
wait $one $!
for _ in $(seq 20); do in_group "$dir/acts" open r "$dir/many/1"; sleep 0.05; done
stop_recorder
{
	echo "$dir/acts:3000000"
	echo "$dir/many/1:20"
} >"$dir/wanted"
query "SELECT CAST(path AS TEXT) || ':' || count FROM observation WHERE kind = 2 AND CAST(path AS TEXT) LIKE '$dir/%' AND
	CAST(subject AS TEXT) = '$dir/acts'" | LC_ALL=C sort >"$dir/got"
same "$dir/wanted" "$dir/got" "rotation"
no_losses "rotation"

rm -f "$db"*
for words in seen=33 tasks=1 rotate=soon nonsense; do
	STAKEOUT_RECORD_DEBUG=$words "$recorder" record --db "$db" --for 1s >"$dir/out" 2>&1 && got=0 || got=$?
	[ $got -eq 2 ] && grep -q "$words" "$dir/out" || { echo "$words: status $got"; cat "$dir/out"; exit 1; }
done
[ ! -e "$db" ] || { echo "a store was made for a refused request"; exit 1; }
