#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Two CPUs, a fully preemptible kernel, and readers that keep maps busy on each CPU: every open, exec and connect is
# still recorded, counted exactly, and by whom it was, whatever the hooks.
set -eu
versions=${VERSIONS:-6.1 6.12}

# by WAY: records with these hooks
by() {
	opens=6000 names=300 execs=100 ports=10
	rm -f "$db"*
	start_recorder --workload "$name" --hooks "$1"
	readers=
	for map in seen tasks; do "$live/read-map" $map & readers="$readers $!"; done
	pids=
	for who in acts acts other; do in_group "$dir/$who" loop $opens "$dir/plain" & pids="$pids $!"; done
	in_group "$dir/load" exec $execs "$dir/load-child" & pids="$pids $!"
	in_group xargs "$dir/acts" open r <"$dir/list"
	for port in $(seq $ports); do in_group "$dir/acts" udp 127.0.0.1 "$port"; done
	for pid in $pids; do wait "$pid" || { echo "a load failed"; exit 1; }; done
	for pid in $readers; do kill "$pid" || { echo "a reader ended too early"; exit 1; }; done
	stop_recorder
	{
		echo "opens|acts|$((2 * opens))"
		echo "opens|other|$opens"
		echo "names|$names|$names"
		echo "execs|1|$execs"
		echo "connects|$ports|$ports"
		echo "lost|0"
	} >"$dir/wanted"
	query "SELECT 'opens', replace(CAST(subject AS TEXT), '$dir/', ''), sum(count) FROM observation WHERE kind = 2 AND CAST(path AS TEXT) = '$dir/plain'
			GROUP BY subject;
		SELECT 'names', count(*), sum(count) FROM observation WHERE kind = 2 AND CAST(path AS TEXT) LIKE '$dir/names/%';
		SELECT 'execs', count(*), sum(count) FROM observation WHERE kind = 0 AND CAST(path AS TEXT) = '$dir/load-child';
		SELECT 'connects', count(*), sum(count) FROM observation WHERE kind = 3;
		SELECT 'lost', ifnull(sum(count), 0) FROM loss" >"$dir/got"
	same "$dir/wanted" "$dir/got" "--hooks $1, under busy map readers"
	echo "$1: $(tr '\n' ' ' <"$dir/got")"
}

inside() {
	. tests/lib/live.sh
	live=$(dirname "$STAKEOUT")/tests/live
	uname -rv
	cp "$acts" "$dir/acts"
	cp "$acts" "$dir/other"
	cp "$live/load" "$live/load-child" "$dir/"
	echo x >"$dir/plain"
	mkdir "$dir/names"
	for i in $(seq 300); do echo "$dir/names/$i"; done >"$dir/list"
	xargs touch <"$dir/list"
	by lsm
	by tracepoint
}

[ "${1:-}" != inside ] || { inside; exit 0; }
. tests/lib/guests.sh
for version in $versions; do
	guest "kernel $version" -c 2 -k preempt=full "$version" sh tests/vm/preempt.sh inside
done
no_more_guests
