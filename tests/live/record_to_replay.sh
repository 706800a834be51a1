#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The whole path on a real container: record its ordinary run, choose, compile for enforcement, record a run with attacks
# in it as a corpus, replay that: the attacks are stopped, nothing of the ordinary work is. As docker names a
# cgroup (an image), and as the kubelet does (a policy too, once the pod is named).
. tests/lib/live.sh

command -v runc >/dev/null || skip "runc is missing"
busybox=$(command -v busybox) || skip "busybox is missing"
id=$(printf '%064d' $$ | tr 0 b)
pod=3e4f1c9a-2b77-4d5e-8f60-1234567890ab
port=$((20000 + $$ % 10000))
cleanups="runc --root $dir/runc delete -f $name >/dev/null 2>&1 || :; umount $dir/bundle/rootfs 2>/dev/null || :; find /sys/fs/cgroup -depth -type d -path '*/'$name'*' -exec rmdir {} + 2>/dev/null; $cleanups"

die() { echo "$*"; exit 1; }

# status N COMMAND...: what it said is in $dir/said
status() {
	want=$1; shift
	got=0; "$@" >"$dir/said" 2>&1 || got=$?
	[ "$got" = "$want" ] || { cat "$dir/said"; die "status $got, not $want: $*"; }
}
said() { grep -q -e "$1" "$dir/said" || { cat "$dir/said"; die "does not say: $1"; }; }

root=$dir/lower
mkdir -p "$root/bin" "$root/etc" "$root/proc" "$root/dev" "$root/tmp" "$root/root/.ssh" "$root/srv" "$dir/bundle/rootfs"
cp "$busybox" "$root/bin/busybox"
for applet in sh cat sed nc cp chmod; do ln -s busybox "$root/bin/$applet"; done
echo 'port 80' >"$root/etc/app.template"
echo 'root:*:1::::::' >"$root/etc/shadow"
# A service: writes its configuration from a template, a log, a pid file, and talks to its database.
cat >"$root/srv/serve" <<END
#!/bin/sh
sed s/80/8080/ /etc/app.template >/etc/app.conf
echo \$\$ >/tmp/pid
nc -w 1 127.0.0.1 $port </dev/null 2>/dev/null
cat /etc/app.conf >>/tmp/access.log
echo served
END
cat >"$root/srv/attacked" <<END
#!/bin/sh
. /srv/serve
cp /bin/busybox /tmp/miner; chmod 755 /tmp/miner; /tmp/miner 2>/dev/null
echo 'x::0::::::' >>/etc/shadow
echo key >/root/.ssh/authorized_keys
nc -w 1 127.0.0.2 4444 </dev/null 2>/dev/null
. /srv/serve
END
chmod 755 "$root/srv/serve" "$root/srv/attacked"

# run PROGRAM CGROUP: a fresh container each time
run() {
	rm -rf "$dir/upper" "$dir/work"
	mkdir "$dir/upper" "$dir/work"
	mount -t overlay overlay -o "lowerdir=$root,upperdir=$dir/upper,workdir=$dir/work" "$dir/bundle/rootfs" || skip "no overlayfs"
	cat >"$dir/bundle/config.json" <<END
{"ociVersion":"1.0.2","root":{"path":"rootfs"},"hostname":"c","process":{"terminal":false,"user":{"uid":0,"gid":0},
"args":["$1"],"env":["PATH=/bin"],"cwd":"/","capabilities":{"bounding":[],"effective":[],"permitted":[]}},
"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs"}],
"linux":{"cgroupsPath":"/$name/$2","namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}]}}
END
	runc --root "$dir/runc" run -b "$dir/bundle" "$name" >"$dir/runc.out" 2>&1 </dev/null || :
	grep -q served "$dir/runc.out" || { cat "$dir/runc.out"; skip "runc cannot run a container here"; }
	umount "$dir/bundle/rootfs"
}

# What the author of this test expects of each event of the container, added to the recorded lines.
expect() {
	grep -F "$1" "$dir/attack.ndjson" | sed '
		s/"stakeout":{/"stakeout":{"expect":"allow",/
		/"process_exec".*\/tmp\/miner"/s/"expect":"allow"/"expect":"deny","label":"attack: miner"/
		/"file_arg":{[^}]*"\/etc\/shadow"/s/"expect":"allow"/"expect":"deny","label":"attack: shadow"/
		/"file_arg":{[^}]*"\/root\/.ssh\/authorized_keys"/s/"expect":"allow"/"expect":"deny","label":"attack: key"/
		/"sockaddr_arg":{[^}]*"127.0.0.2"/s/"expect":"allow"/"expect":"deny","label":"attack: command and control"/'
}

# whole CGROUP WORKLOAD: from recording to an allowlist and a corpus with attacks
whole() {
	rm -f "$db"
	start_recorder
	run /srv/serve "$1"
	stop_recorder
	status 0 "$STAKEOUT" allow --db "$db" "$2" -o "$dir/app.yaml"
	db_benign=$db db=$dir/other.db
	rm -f "$db"
	start_recorder --events "$dir/attack.ndjson"
	run /srv/attacked "$1"
	stop_recorder
	db=$db_benign
	rm -rf "$dir/out"
	expect "$3" >"$dir/corpus.ndjson"
	for attack in miner shadow key command; do
		[ "$(grep -c "attack: $attack" "$dir/corpus.ndjson")" = 1 ] || die "the recording does not hold the attack '$attack' once"
	done
}

prevented() {
	for attack in miner shadow key 'command and control'; do
		awk -v label="[attack: $attack]" 'index($0, label) { found = 1; next } found && /^    deny, prevented/ { ok = 1 }
			found && !/^    / { exit } END { exit !ok }' "$dir/said" || { cat "$dir/said"; die "not prevented: $attack"; }
	done
	said '^4 of 4 must-deny events are stopped, 0 of [0-9]* must-allow events are broken'
}

whole "docker-$id" "host/container/bbbbbbbbbbbb" "docker-$id"
grep -q '^    - path: /bin/busybox$' "$dir/app.yaml" && grep -q 'path: /etc/app.conf' "$dir/app.yaml" &&
	grep -q "port: $port" "$dir/app.yaml" || { cat "$dir/app.yaml"; die "the allowlist lacks what was recorded"; }
status 0 "$STAKEOUT" compile "$dir/app.yaml" --enforce --db "$db" -o "$dir/out"
said 'enforce mode, [0-9]* allowed events replayed, none would be stopped'
said 'no YAML: .*--host-wide'
said 'the recordings would show it: the workload did not do it while they ran'
status 0 "$STAKEOUT" replay "$dir/out" --corpus "$dir/corpus.ndjson" --limit 0
prevented
# A policy that lets an attack pass, or stops ordinary work, ends with 1.
status 0 "$STAKEOUT" allow --edit "$dir/app.yaml" --add-exec /tmp/miner -o "$dir/lax.yaml"
status 0 "$STAKEOUT" compile "$dir/lax.yaml" --enforce -o "$dir/lax"
status 1 "$STAKEOUT" replay "$dir/lax" --corpus "$dir/corpus.ndjson"
said '^3 of 4 must-deny'
status 0 "$STAKEOUT" allow --edit "$dir/app.yaml" --remove /etc/app.conf -o "$dir/strict.yaml"
status 2 "$STAKEOUT" compile "$dir/lax.yaml" "$dir/lax.yaml" -o "$dir/lax"
status 0 "$STAKEOUT" compile "$dir/strict.yaml" --enforce -o "$dir/strict"
status 1 "$STAKEOUT" replay "$dir/strict" --corpus "$dir/corpus.ndjson"
said '2 of [0-9]* must-allow events are broken'

whole "kubepods/besteffort/pod$pod/$id" "*/Pod/$pod/*" "pod$pod"
status 2 "$STAKEOUT" compile "$dir/app.yaml" --enforce --db "$db" -o "$dir/out"
said "cgroup only.*$pod"
sed -i 's|^workload: .*|workload: {namespace: shop, kind: Deployment, name: cart, podLabels: {app: cart}}|' "$dir/app.yaml"
status 0 "$STAKEOUT" compile "$dir/app.yaml" --enforce -o "$dir/out"
ls "$dir/out"/*[0-9a-f].yaml >/dev/null 2>&1 || { ls "$dir/out"; die "no policy was written"; }
grep -q 'kind: TracingPolicyNamespaced' "$dir/out"/*.yaml || die "the policy is not scoped"
grep -q 'app: cart' "$dir/out"/*.yaml || die "the policy does not select the pod"
# The recording does not name the pod, so whether the policy selects it is not known: never "allowed", never a denial kept.
status 1 "$STAKEOUT" replay "$dir/out" --corpus "$dir/corpus.ndjson" --limit 0
said '^0 of 4 must-deny events are stopped, 0 of'
said '[1-9][0-9]* unknown$'
