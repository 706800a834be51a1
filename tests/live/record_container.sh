#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A real container: runc, its own namespaces, a root on overlayfs, its own cgroup named as docker names it. The
# recorded workload, paths and marks are the container's own; a second process put in from outside is told apart.
. tests/lib/live.sh

command -v runc >/dev/null || skip "runc is missing"
busybox=$(command -v busybox) || skip "busybox is missing"
short=$(printf '%012d' $$)
id=$short$(printf '%052d' 0 | tr 0 a)
group=$v2/$name/docker-$id
cleanups="runc --root $dir/runc delete -f $name >/dev/null 2>&1; umount $dir/bundle/rootfs 2>/dev/null; find /sys/fs/cgroup -depth -type d -path '*/'$name'*' -exec rmdir {} + 2>/dev/null; $cleanups"

mkdir -p "$dir/lower/bin" "$dir/lower/etc" "$dir/lower/proc" "$dir/lower/dev" "$dir/upper" "$dir/work" "$dir/bundle/rootfs"
cp "$busybox" "$dir/lower/bin/busybox"
ln -s busybox "$dir/lower/bin/sh"
ln -s busybox "$dir/lower/bin/cat"
ln -s busybox "$dir/lower/bin/sleep"
echo motd >"$dir/lower/etc/motd"
mount -t overlay overlay -o "lowerdir=$dir/lower,upperdir=$dir/upper,workdir=$dir/work" "$dir/bundle/rootfs" ||
	skip "no overlayfs"
cat >"$dir/bundle/config.json" <<EOF
{"ociVersion":"1.0.2","root":{"path":"rootfs"},"hostname":"c","process":{"terminal":false,"user":{"uid":0,"gid":0},
"args":["/bin/sh","-c","cat /etc/motd; echo 1 > /made; sleep 60"],"env":["PATH=/bin"],"cwd":"/",
"capabilities":{"bounding":[],"effective":[],"permitted":[]}},
"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs"}],
"linux":{"cgroupsPath":"/$name/docker-$id","namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}]}}
EOF

start_recorder
runc --root "$dir/runc" run -b "$dir/bundle" "$name" \
	>"$dir/runc.out" 2>&1 &
runc_pid=$!
runs() { [ -s "$dir/upper/made" ] || gone $runc_pid; }
eventually runs || :
grep -q motd "$dir/runc.out" || { cat "$dir/runc.out"; skip "runc cannot run a container here"; }
runc --root "$dir/runc" exec "$name" /bin/cat /etc/motd \
	>"$dir/exec.out" 2>&1 || { cat "$dir/exec.out"; skip "runc cannot exec into a container here"; }
runc --root "$dir/runc" kill "$name" KILL
wait $runc_pid || :
stop_recorder

workload="SELECT id FROM workload WHERE CAST(kind AS TEXT) = 'container' AND CAST(name AS TEXT) = '$short'"
[ "$(query "SELECT count(*) FROM ($workload)")" = 1 ] || { echo "workloads:"; query "SELECT * FROM workload"; exit 1; }

box="/bin/busybox"
init=$(tags ENTRYPOINT INIT_TREE) inter=$(tags INTERACTIVE)
{
	# busybox starts its applets through /proc/self/exe; the last one replaces pid 1 itself.
	echo "exec|$box|/proc/self/exe|$box|0|$init|2"
	echo "exec|runc|/bin/cat|$box|0|$inter|1"
	echo "exec|runc|/bin/sh|$box|0|$init|1"
	echo "file|$box||/etc/motd|$(access READ)|0|2"
	echo "file|$box||/made|$(access WRITE CREATE TRUNCATE)|0|1"
} | LC_ALL=C sort >"$dir/wanted"
query "SELECT CASE kind WHEN 0 THEN 'exec' ELSE 'file' END,
	CASE WHEN CAST(subject AS TEXT) IN ('', '/') OR CAST(subject AS TEXT) LIKE '%/runc' THEN 'runc' ELSE CAST(subject AS TEXT) END,
	CASE kind WHEN 0 THEN CAST(filename AS TEXT) ELSE '' END, CAST(path AS TEXT), access,
	tags & ($init | $inter), sum(count)
	FROM observation WHERE workload IN ($workload) AND
	((kind = 0 AND CAST(path AS TEXT) = '$box') OR (kind = 2 AND CAST(path AS TEXT) IN ('/etc/motd', '/made')))
	GROUP BY 1, 2, 3, 4, 5, 6" | LC_ALL=C sort >"$dir/got"
same "$dir/wanted" "$dir/got" "container"
