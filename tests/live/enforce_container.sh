#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A real container, recorded, compiled, and started again below a cgroup that its policy holds from the first: what the
# runtime does inside before the container's root is in place, and all that was recorded, goes through; an attack does not.
#
#	RUNTIME=runc|crun
. tests/lib/enforce.sh

runtime=${RUNTIME:-runc}
command -v $runtime >/dev/null || skip "$runtime is missing"
late="this kernel shows execs late: a runtime's copy cannot be told"
[ "$backend" != signal ] || sees_callers || skip "$late"
for busybox in /bin/busybox /usr/bin/busybox ""; do [ ! -x "$busybox" ] || break; done   # a busybox shell finds itself without a path
[ -n "$busybox" ] || skip "busybox is missing"
[ -x "$STAKEOUT-record" ] || skip "stakeout-record is missing"
name=${group##*/}
cleanups="$runtime --root $dir/state delete -f $name >/dev/null 2>&1; umount $dir/bundle/rootfs 2>/dev/null; kill \$recorder 2>/dev/null"
recorder=

root=$dir/lower
mkdir -p "$root/bin" "$root/etc" "$root/proc" "$root/dev" "$root/tmp" "$root/srv" "$dir/bundle/rootfs"
cp "$busybox" "$root/bin/busybox"
for applet in sh cat sed cp chmod; do ln -s busybox "$root/bin/$applet"; done
echo 'port 80' >"$root/etc/app.template"
echo 'root:*:1::::::' >"$root/etc/shadow"
cat >"$root/srv/serve" <<END
#!/bin/sh
sed s/80/8080/ /etc/app.template >/etc/app.conf
cat /etc/app.conf
echo served
END
cat >"$root/srv/attacked" <<END
#!/bin/sh
cp /bin/busybox /tmp/miner; chmod 755 /tmp/miner
/tmp/miner echo mined
cat /etc/shadow >/dev/null
(echo 'x::0::::::' >>/etc/shadow)
cat /etc/shadow
. /srv/serve
END
chmod 755 "$root/srv/serve" "$root/srv/attacked"

# run PROGRAM: a fresh container below the cgroup; what it prints is in $dir/ran
run() {
	rm -rf "$dir/upper" "$dir/work"
	mkdir "$dir/upper" "$dir/work"
	mount -t overlay overlay -o "lowerdir=$root,upperdir=$dir/upper,workdir=$dir/work" "$dir/bundle/rootfs" || skip "no overlayfs"
	cat >"$dir/bundle/config.json" <<END
{"ociVersion":"1.0.2","root":{"path":"rootfs"},"hostname":"c","process":{"terminal":false,"user":{"uid":0,"gid":0},
"args":["$1"],"env":["PATH=/bin"],"cwd":"/","capabilities":{"bounding":[],"effective":[],"permitted":[]}},
"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs"}],
"linux":{"cgroupsPath":"/$name/c","namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}]}}
END
	$runtime --root "$dir/state" run -b "$dir/bundle" "$name" >"$dir/ran" 2>&1 </dev/null && ran=0 || ran=$?
	umount "$dir/bundle/rootfs"
}

"$STAKEOUT-record" record --db "$dir/store.db" --workload "host/cgroup/$name*" --json >"$dir/record.out" 2>"$dir/record.err" &
recorder=$!
for _ in $(seq 600); do
	grep -q '"events"' "$dir/record.err" && break
	kill -0 $recorder 2>/dev/null || { cat "$dir/record.err"; fail "the recorder did not start"; }
	sleep 0.1
done
run /srv/serve
kill -INT $recorder
wait $recorder || fail "the recorder failed"
recorder=
grep -q served "$dir/ran" || { cat "$dir/ran"; skip "$runtime cannot run a container here"; }
"$STAKEOUT" allow --db "$dir/store.db" "host/cgroup/$name/c" -o "$dir/c.yaml" >"$dir/allow.out" 2>&1 || fail "allow: $(cat "$dir/allow.out")"
"$STAKEOUT" compile "$dir/c.yaml" --enforce --db "$dir/store.db" -o "$dir/images" >"$dir/compile.out" 2>&1 || fail "compile: $(cat "$dir/compile.out")"

apply "$dir"/images/*.image.elf --cgroup "$group"
if [ "$(backend_now)" = signal ] && ! sees_callers; then skip "$late"; fi
run /srv/serve
cp "$dir/ran" "$dir/err"
expect "status of the container under its own policy" "$ran" 0
grep -q served "$dir/ran" || fail "the container does not do its work under its own policy"
expect "refused of its ordinary run" "$(($(count denied_exec) + $(count denied_file)))" 0

run /srv/attacked
cp "$dir/ran" "$dir/err"
if grep -q mined "$dir/ran"; then fail "the miner ran"; fi
if [ "$(backend_now)" != signal ] && grep -q x::0 "$dir/ran"; then fail "shadow was changed"; fi
[ "$(count denied_exec)" -gt 0 ] || fail "no program was refused under attack"
