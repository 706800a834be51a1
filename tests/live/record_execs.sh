#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Program starts: who started what, under which name, resolved to which path, with which marks.
. tests/lib/live.sh

cp "$acts" "$dir/real"
cp "$acts" "$dir/doomed"
ln -s real "$dir/link"
printf '#!%s noop\n' "$dir/real" >"$dir/script"
chmod +x "$dir/script"
cp "$acts" "$dir/raised"
chmod u+s "$dir/raised"

start_recorder --workload "$name"
in_group "$dir/real" noop
in_group "$dir/link" noop
(cd "$dir" && in_group ./real noop)
in_group "$dir/script"
in_group "$dir/real" memfd
in_group "$dir/real" deleted "$dir/doomed"
in_group setpriv --reuid 65534 --clear-groups "$dir/raised" noop
for _ in 1 2 3; do in_group "$dir/real" noop secret --password hunter2; done
stop_recorder

# Where the tests themselves run in a chroot, every program has this mark too.
chroot=$(tags HOST_ROOT_MOVED)
sh=$(readlink -f /bin/sh) setpriv=$(readlink -f "$(command -v setpriv)")
{
	echo "$sh|$dir/link|$dir/real|1|0|1"
	echo "$sh|$dir/real|$dir/real|1|0|7"
	echo "$sh|$dir/script|$dir/real|1|$(tags SCRIPT)|1"
	echo "$dir/real|/dev/fd/3||1|$(tags MEMFD DELETED)|1"
	echo "$dir/real|/dev/fd/3|$dir/doomed (deleted)|1|$(tags DELETED)|1"
	echo "$setpriv|$dir/raised|$dir/raised|1|$(tags SETUID)|1"
} | LC_ALL=C sort >"$dir/wanted"
query "SELECT CAST(subject AS TEXT), CAST(filename AS TEXT), CAST(path AS TEXT), path_known, tags & ~$chroot, count FROM observation WHERE kind = 0
	AND (CAST(path AS TEXT) LIKE '$dir/%' OR CAST(subject AS TEXT) LIKE '$dir/%')" | LC_ALL=C sort >"$dir/got"
same "$dir/wanted" "$dir/got" "execs"
if grep -q hunter2 "$db" "$db"-wal 2>/dev/null; then echo "a password reached the store"; exit 1; fi
[ "$(query "SELECT ifnull(sum(count), 0) FROM loss")" = 0 ] || { echo "losses were counted"; exit 1; }
