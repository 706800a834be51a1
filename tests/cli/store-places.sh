#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A store on a read-only file system and on a full disk. Needs to mount, in a user namespace or as root, else skips.
set -eu
if [ -z "${STORE_PLACES_INNER:-}" ]; then
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	for own in -rm -m; do
		unshare $own mount -t tmpfs -o size=1m none "$dir" 2>/dev/null || continue
		STORE_PLACES_INNER=$dir unshare $own sh "$0"
		exit
	done
	echo "skip: mounting is not permitted here"
	exit 77
fi
dir=$STORE_PLACES_INNER
fail() {
	echo "FAIL: $*" >&2
	exit 1
}
mount -t tmpfs -o size=64m none "$dir"
"$STAKEOUT" corpus --benign -s corpus/scenarios -o "$dir/c" >/dev/null
mkdir "$dir/ro" "$dir/small"

# Read-only: reading works, writing says why.
mount -t tmpfs -o size=16m none "$dir/ro"
"$STAKEOUT" ingest --db "$dir/ro/s.db" "$dir"/c/web-server.benign.ndjson >/dev/null 2>&1
mount -o remount,ro "$dir/ro"
"$STAKEOUT" workloads --db "$dir/ro/s.db" | grep -q storefront || fail "a read-only store is not read"
status=0
"$STAKEOUT" ingest --db "$dir/ro/s.db" "$dir"/c/database.benign.ndjson >/dev/null 2>"$dir/err" || status=$?
[ $status -eq 3 ] || fail "writing to a read-only store exits $status: $(cat "$dir/err")"
grep -q 'cannot be written\|read-only' "$dir/err" || fail "does not say why: $(cat "$dir/err")"
status=0
"$STAKEOUT" ingest --db "$dir/ro/new.db" "$dir"/c/database.benign.ndjson >/dev/null 2>"$dir/err" || status=$?
[ $status -eq 3 ] && grep -q 'new.db: cannot create it: the file system is read-only' "$dir/err" || fail "a store that cannot be made: status $status: $(cat "$dir/err")"

# Full: what was stored stays, the new is refused in words, and works once there is room.
mount -t tmpfs -o size=4m none "$dir/small"
"$STAKEOUT" ingest --db "$dir/small/s.db" "$dir"/c/web-server.benign.ndjson >/dev/null 2>&1
before=$("$STAKEOUT" workloads --db "$dir/small/s.db" --json)
dd if=/dev/zero of="$dir/small/filler" bs=4096 2>/dev/null || true
status=0
"$STAKEOUT" ingest --db "$dir/small/s.db" "$dir"/c/database.benign.ndjson "$dir"/c/node-service.benign.ndjson \
	>/dev/null 2>"$dir/err" || status=$?
[ $status -eq 3 ] || fail "a full disk exits $status: $(cat "$dir/err")"
grep -q 'disk is full' "$dir/err" || fail "does not say why: $(cat "$dir/err")"
after=$("$STAKEOUT" workloads --db "$dir/small/s.db" --json)
[ "$before" = "$after" ] || fail "the full disk changed what was stored"
rm "$dir/small/filler"
"$STAKEOUT" ingest --db "$dir/small/s.db" "$dir"/c/database.benign.ndjson >/dev/null 2>&1
"$STAKEOUT" workloads --db "$dir/small/s.db" | grep -q orders-db || fail "does not go on once there is room"
umount "$dir/small" "$dir/ro"
