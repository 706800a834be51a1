#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The recorder in a cgroup namespace of its own, as in a pod: what runs already has the names that the host's cgroups have, what begins
# later the same; neither by what lies between that and the recorder's own cgroup.
. tests/lib/live.sh

unshare -C true 2>/dev/null || skip "unshare cannot make a cgroup namespace"
uid=12345678-9abc-def0-1234-56789abcdef0
id_of() { printf '%064x' "$1"; }
pod=kubepods/burstable/pod$uid
# One line each: a program that waits in it, the cgroup below the test's own, the workload.
cat >"$dir/table" <<END
same|$pod/$(id_of 1)|unknown/Pod/$uid/000000000000
sibling|$pod/$(id_of 2)|unknown/Pod/$uid/000000000000
below|$pod/$(id_of 1)/app|unknown/Pod/$uid/000000000000
other|kubepods/pod$(echo $uid | tr 1 2)/$(id_of 3)|unknown/Pod/$(echo $uid | tr 1 2)/000000000000
unit|system.slice/cron.service|host/unit/cron.service
plain|lab/one|host/cgroup/$name/lab/one
END
waiting=
cleanups="kill \$waiting 2>/dev/null; wait \$waiting 2>/dev/null || :; find $v2/$name -mindepth 1 -depth -type d -exec rmdir {} +; $cleanups"
sleep=$(readlink -f "$(command -v sleep)")
while IFS='|' read -r what group workload; do
	mkdir -p "$v2/$name/$group"
	cp "$sleep" "$dir/$what"
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$v2/$name/$group" "$dir/$what" 600 &
	waiting="$waiting $!"
	echo "$what|$workload" >>"$dir/wanted"
done <"$dir/table"
all_wait() { for p in $waiting; do [ "$(readlink "/proc/$p/exe")" != "$(readlink /proc/$$/exe)" ] || return 1; done; }
eventually all_wait || { echo "the programs did not start"; exit 1; }

# A recorder that is in the container "same", from before its namespace is made.
printf '#!/bin/sh\necho $$ >"%s/cgroup.procs" && exec unshare -C "%s" "$@"\n' "$v2/$name/$pod/$(id_of 1)" "$recorder" >"$dir/recorder"
chmod +x "$dir/recorder"
recorder=$dir/recorder
start_recorder
cp "$acts" "$dir/acts"
sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$v2/$name/lab/one" "$dir/acts" open r "$dir/acts"
stop_recorder
echo "acts|host/cgroup/$name/lab/one" >>"$dir/wanted"
query "SELECT replace(CAST(o.path AS TEXT), '$dir/', '') || '|' || CAST(w.namespace AS TEXT) || '/' || CAST(w.kind AS TEXT) || '/' ||
		CAST(w.name AS TEXT) || CASE WHEN length(w.container) THEN '/' || CAST(w.container AS TEXT) ELSE '' END
	FROM observation o JOIN workload w ON w.id = o.workload
	WHERE o.kind = 0 AND CAST(o.path AS TEXT) LIKE '$dir/%' AND CAST(o.path AS TEXT) <> '$dir/recorder'" | LC_ALL=C sort >"$dir/got"
LC_ALL=C sort -o "$dir/wanted" "$dir/wanted"
same "$dir/wanted" "$dir/got" "workloads as seen from within a cgroup namespace"
[ "$(query "SELECT count(*) FROM workload WHERE CAST(name AS TEXT) LIKE '%..%'")" = 0 ] || { echo "names with .. in them"; query "SELECT CAST(name AS TEXT) FROM workload"; exit 1; }
