#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# --kind, --path, --workload: what is left out in the kernel is not there and not lost, what is wanted is, with exact counts.
. tests/lib/live.sh

cp "$acts" "$dir/acts"
mkdir "$dir/in" "$dir/into" "$v2/$name/other" "$v2/$name/wanted"
for i in 1 2 3; do echo x >"$dir/in/$i"; echo x >"$dir/into/$i"; done
cleanups="rmdir $v2/$name/other $v2/$name/wanted $v2/$name/late 2>/dev/null; $cleanups"

everything() {
	in_group "$dir/acts" open r "$dir/in/1" "$dir/in/2" "$dir/in/3" "$dir/in/1" "$dir/into/1" "$dir/into/2"
	in_group "$dir/acts" udp 127.0.0.1 53
	in_group "$dir/acts" bind 127.0.0.1 5555
	in_group "$dir/acts" trace
}
# kinds OPTION...: the kinds of which observations of this test's program are stored
kinds() {
	rm -f "$db"*
	start_recorder --workload "$name*" "$@"
	everything
	stop_recorder
	query "SELECT DISTINCT kind FROM observation WHERE (subject = CAST('$dir/acts' AS BLOB) OR path = CAST('$dir/acts' AS BLOB))
		AND CAST(example AS TEXT) NOT LIKE '%inventory%' ORDER BY kind" | tr '\n' ' '
}
wants() { [ "$1" = "$2" ] || { echo "$3: '$2' instead of '$1'"; exit 1; }; }
wants "0 2 3 4 7 " "$(kinds)" "all"
wants "2 " "$(kinds --kind file)" "--kind file"
wants "0 3 " "$(kinds --kind connect --kind exec)" "--kind connect, exec"
wants "4 7 " "$(kinds --kind guard --kind bind)" "--kind guard, bind"
query "SELECT CAST(misses AS TEXT) FROM recording" | grep -q "file not recorded (--kind)" || { echo "that files were left out is not said"; exit 1; }

kinds --kind file --path "$dir/in/" --path "$dir/into/2" >/dev/null
query "SELECT replace(CAST(path AS TEXT), '$dir/', ''), count FROM observation ORDER BY 1" >"$dir/got"
printf '%s\n' 'in/1|2' 'in/2|1' 'in/3|1' 'into/2|1' >"$dir/wanted"
same "$dir/wanted" "$dir/got" "--path"
query "SELECT CAST(misses AS TEXT) FROM recording" | grep -q "(--path)" || { echo "that paths were left out is not said"; exit 1; }

# Another cgroup, known as unwanted after its first event, is left out in the kernel: its events do not even reach the ring.
rm -f "$db"*
STAKEOUT_RECORD_DEBUG=ring=4096 start_recorder --workload "$name/wanted"
in_other() { sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$v2/$name/$1" "$dir/acts" ports 127.0.0.1 "$2"; }
in_other other 1
in_other wanted 1
stored() { [ "$(query "SELECT count(*) FROM observation WHERE kind = 3" 2>/dev/null)" = 1 ]; }
eventually stored || { echo "the wanted cgroup's connect is not stored"; exit 1; }   # so the other's was looked at before
kill -STOP "$recorder_pid"
in_other other 1000
in_other wanted 5
kill -CONT "$recorder_pid"
mkdir "$v2/$name/late"
in_other late 3
stop_recorder
[ "$(query "SELECT count(*) FROM observation WHERE kind = 3")" = 5 ] || { echo "the wanted cgroup's connects are not all there"; exit 1; }
[ "$(query "SELECT count(*) FROM loss WHERE CAST(kind AS TEXT) = 'connect'")" = 0 ] || { echo "unwanted connects filled the ring"; exit 1; }
[ "$(query "SELECT count(*) FROM workload WHERE CAST(name AS TEXT) NOT LIKE '%wanted'")" = 0 ] || { echo "others are stored"; exit 1; }

# What others lose is not ours, also in a cgroup that was not there before; what the wanted cgroup loses is: a path too long to be read.
others_lose() {
	rm -f "$db"*
	start_recorder --workload "$name/$1"
	in_new() { mkdir -p "$v2/$name/$1"; sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$v2/$name/$1" "$dir/acts" deep "$dir/in" 4500; }
	in_new deep
	sleep 1.5
	in_new deep
	remove_group "$v2/$name/deep"
	stop_recorder
	query "SELECT CASE WHEN sum(count) > 0 THEN 'lost' ELSE 'nothing' END FROM loss"
}
cleanups="rmdir $v2/$name/deep 2>/dev/null || :; $cleanups"
wants nothing "$(others_lose wanted)" "losses of others"
wants lost "$(others_lose deep)" "losses of the wanted"

for wrong in "--for 0s" "--kind files" "--path etc/" "--hooks best"; do
	"$recorder" record --db "$dir/no.db" $wrong >"$dir/out" 2>&1 && got=0 || got=$?
	[ $got -eq 2 ] && grep -q "'${wrong#* }'" "$dir/out" || { echo "$wrong: status $got"; cat "$dir/out"; exit 1; }
done
