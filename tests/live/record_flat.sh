#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Ever new files, programs and cgroups, with everything seen anew every second: what the recorder holds stays as large as it
# is, and nothing is lost.
. tests/lib/live.sh

rounds=10 files=400 groups=8
cp "$acts" "$dir/acts"
mkdir "$dir/many"
export STAKEOUT_RECORD_DEBUG=seen=4096,rotate=1s
start_recorder --workload "$name*"
resident() { awk '/VmRSS/ { print $2 }' "/proc/$recorder_pid/status"; }
# flood ROUND: files, programs and cgroups of names that were not there before
flood() {
	for i in $(seq $files); do echo "$dir/many/$1-$i"; done >"$dir/list"
	xargs touch <"$dir/list"
	in_group xargs "$dir/acts" open r <"$dir/list"
	for i in $(seq $groups); do
		cp "$acts" "$dir/program-$1-$i"
		mkdir "$v2/$name/$1-$i"
		sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$v2/$name/$1-$i" "$dir/program-$1-$i" noop
		remove_group "$v2/$name/$1-$i"
	done
}
half=$((rounds / 2))
for round in $(seq $rounds); do
	flood "$round"
	sleep 0.5
	[ "$round" -ne $half ] || { sleep 2; before=$(resident); }
done
sleep 2
after=$(resident)
stop_recorder
echo "resident after $half rounds $before kB, after $rounds $after kB"
[ $((after - before)) -lt 1500 ] || { echo "the recorder grows"; exit 1; }
got=$(query "SELECT count(*), sum(count) FROM observation WHERE kind = 2 AND access = $(access READ) AND CAST(path AS TEXT) LIKE '$dir/many/%' AND
	subject = CAST('$dir/acts' AS BLOB)")
[ "$got" = "$((rounds * files))|$((rounds * files))" ] || { echo "files: $got"; exit 1; }
got=$(query "SELECT count(DISTINCT w.name) FROM workload w WHERE CAST(name AS TEXT) LIKE '$name/%-%'")
[ "$got" = $((rounds * groups)) ] || { echo "cgroups: $got"; exit 1; }
[ "$(query "SELECT ifnull(sum(count), 0) FROM loss")" = 0 ] || { query "SELECT * FROM loss"; exit 1; }
