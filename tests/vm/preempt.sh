#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Two CPUs, a fully preemptible kernel, and a reader that keeps a map busy on each CPU: every open, exec and connect is
# still recorded, and counted exactly.
set -eu
versions=${VERSIONS:-6.1 6.12}

inside() {
	. tests/lib/live.sh
	opens=20000 names=300 execs=300 ports=20
	live=$(dirname "$STAKEOUT")/tests/live
	uname -rv
	cp "$acts" "$dir/acts"
	cp "$live/load" "$live/load-child" "$dir/"
	echo x >"$dir/plain"
	mkdir "$dir/names"
	for i in $(seq $names); do echo "$dir/names/$i"; done >"$dir/list"
	xargs touch <"$dir/list"
	start_recorder --workload "$name"
	readers=
	for _ in 1 2; do "$live/read-map" seen & readers="$readers $!"; done
	pids=
	for _ in 1 2; do in_group "$dir/acts" loop $opens "$dir/plain" & pids="$pids $!"; done
	in_group "$dir/load" exec $execs "$dir/load-child" & pids="$pids $!"
	in_group xargs "$dir/acts" open r <"$dir/list"
	for port in $(seq $ports); do in_group "$dir/acts" udp 127.0.0.1 "$port"; done
	for pid in $pids; do wait "$pid" || { echo "a load failed"; exit 1; }; done
	for pid in $readers; do kill "$pid" || { echo "a reader ended too early"; exit 1; }; done
	stop_recorder
	{
		echo "opens|1|$((2 * opens))"
		echo "names|$names|$names"
		echo "execs|1|$execs"
		echo "connects|$ports|$ports"
		echo "lost|0"
	} >"$dir/wanted"
	query "SELECT 'opens', count(*), sum(count) FROM observation WHERE kind = 2 AND CAST(path AS TEXT) = '$dir/plain';
		SELECT 'names', count(*), sum(count) FROM observation WHERE kind = 2 AND CAST(path AS TEXT) LIKE '$dir/names/%';
		SELECT 'execs', count(*), sum(count) FROM observation WHERE kind = 0 AND CAST(path AS TEXT) = '$dir/load-child';
		SELECT 'connects', count(*), sum(count) FROM observation WHERE kind = 3;
		SELECT 'lost', ifnull(sum(count), 0) FROM loss" >"$dir/got"
	same "$dir/wanted" "$dir/got" "under a busy map reader"
	cat "$dir/got"
}

[ "${1:-}" != inside ] || { inside; exit 0; }
skipped=
for version in $versions; do
	sh tests/vm/guest.sh -c 2 -k preempt=full "$version" sh tests/vm/preempt.sh inside && status=0 || status=$?
	[ $status -ne 77 ] || skipped=yes
	[ $status -eq 0 ] || [ $status -eq 77 ] || { echo "kernel $version: status $status"; exit 1; }
done
[ -z "$skipped" ] || exit 77
