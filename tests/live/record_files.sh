#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What is opened, under which path and with which intent, compared as a whole with what was done.
. tests/lib/live.sh

mkdir "$dir/sub" "$dir/bound" "$dir/root"
echo x >"$dir/plain"
echo x >"$dir/sub/file"
ln -s plain "$dir/link"
cp "$acts" "$dir/acts"
mount --bind "$dir/sub" "$dir/bound"
mount -t tmpfs none "$dir/root"
cleanups="umount $dir/bound $dir/root $dir/merged 2>/dev/null; $cleanups"
mkdir "$dir/root/bin" "$dir/root/lib64" "$dir/root/lib" "$dir/lower" "$dir/upper" "$dir/work" "$dir/merged"
cp "$(command -v busybox)" "$dir/root/bin/busybox"
echo x >"$dir/root/inside"
echo x >"$dir/lower/low"
overlay=yes
mount -t overlay overlay -o "lowerdir=$dir/lower,upperdir=$dir/upper,workdir=$dir/work" "$dir/merged" 2>/dev/null || overlay=

start_recorder --workload "$name"
in_group "$dir/acts" open r "$dir/plain"
in_group "$dir/acts" open r "$dir/plain" "$dir/plain"
in_group "$dir/acts" open r "$dir/link"
in_group "$dir/acts" open w "$dir/plain"
in_group "$dir/acts" open rw "$dir/plain"
in_group "$dir/acts" open wct "$dir/made"
in_group "$dir/acts" open wa "$dir/made"
in_group "$dir/acts" open p "$dir/sub"
in_group "$dir/acts" openat2 wc "$dir/made2"
in_group "$dir/acts" open r "$dir/bound/file"
(cd "$dir/sub" && in_group "$dir/acts" open r ../sub/../plain)
in_group "$dir/acts" chroot "$dir/root" /bin/busybox cat /inside >/dev/null
[ -z "$overlay" ] || in_group "$dir/acts" open r "$dir/merged/low"
[ -z "$overlay" ] || in_group "$dir/acts" open w "$dir/merged/low"
in_group "$dir/acts" open32 "$dir/sub/file" && compat=yes || compat=
in_group "$dir/acts" deep "$dir/sub" 4500
in_group "$dir/acts" loop 1000 "$dir/sub"
stop_recorder

# What schema/coverage.def says of security hooks: no O_PATH; and the kernel's own opens of programs, which others start here.
path_only=$(query "SELECT 'yes' FROM recording WHERE CAST(hooks AS TEXT) LIKE '%file=calls/%'")
{
	echo "$dir/acts|$dir/bound/file|$(access READ)|0|1"
	[ -z "$overlay" ] || echo "$dir/acts|$dir/merged/low|$(access READ)|0|1"
	[ -z "$overlay" ] || echo "$dir/acts|$dir/merged/low|$(access WRITE)|0|1"
	echo "$dir/acts|$dir/made2|$(access WRITE CREATE)|0|1"
	echo "$dir/acts|$dir/made|$(access WRITE APPEND)|0|1"
	echo "$dir/acts|$dir/made|$(access WRITE CREATE TRUNCATE)|0|1"
	echo "$dir/acts|$dir/plain|$(access READ)|0|5"
	echo "$dir/acts|$dir/plain|$(access READ WRITE)|0|1"
	echo "$dir/acts|$dir/plain|$(access WRITE)|0|1"
	[ -z "$compat" ] || echo "$dir/acts|$dir/sub/file|$(access READ)|0|1"
	[ -z "$path_only" ] || echo "$dir/acts|$dir/sub|$(access PATH_ONLY)|0|1"
	echo "$dir/acts|$dir/sub|$(access READ)|0|1000"
	echo "/bin/busybox|/inside|$(access READ)|4096|1"
} | LC_ALL=C sort >"$dir/wanted"
query "SELECT CAST(subject AS TEXT), CAST(path AS TEXT), access, tags, count FROM observation WHERE kind = 2 AND path_known = 1
	AND (CAST(path AS TEXT) LIKE '$dir/%' OR path = CAST('/inside' AS BLOB))
	AND CAST(path AS TEXT) <> '$dir/acts' AND CAST(path AS TEXT) NOT LIKE '%/ddd%'" | LC_ALL=C sort >"$dir/got"
same "$dir/wanted" "$dir/got" "files"

# Longer than 4096 bytes: marked, never taken for a whole path, and counted.
cut=$(query "SELECT count(*), max(path_known), min(tags), min(substr(CAST(path AS TEXT), 1, 4) = '.../') FROM observation
	WHERE kind = 2 AND CAST(path AS TEXT) LIKE '%/leaf' AND access & $(access CREATE)")
[ "$cut" = "1|0|$(tags PATH_CUT)|1" ] || { echo "cut path: $cut"; exit 1; }
cuts=$(query "SELECT count(*) FROM observation WHERE kind = 2 AND tags & $(tags PATH_CUT)")
[ "$(query "SELECT sum(count) FROM loss WHERE reason LIKE 'path could not be read%'")" -ge "$cuts" ] || { echo "a cut path was not counted"; exit 1; }
[ "$(query "SELECT count(*) FROM workload WHERE CAST(name AS TEXT) <> '$name'")" = 0 ] || { echo "other workloads were recorded"; exit 1; }
