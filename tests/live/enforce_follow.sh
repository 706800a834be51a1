#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A pod's container starts anew while "enforce --follow" stays: how long its first program, which begins at once to do what is
# forbidden, can. And below a cgroup that is under the policy: not at all.
. tests/lib/enforce.sh

command -v runc >/dev/null || skip "runc is missing"
for busybox in /bin/busybox /usr/bin/busybox ""; do [ ! -x "$busybox" ] || break; done
[ -n "$busybox" ] || skip "busybox is missing"
node=$dir/node
root=$dir/bundle/rootfs
mkdir -p "$root/bin" "$root/proc" "$root/dev"
cp "$busybox" "$root/bin/busybox"
cp "$busybox" "$root/bin/busybox-forbidden"

# start NUMBER: that pod's container, named as containerd does; what it did goes to $dir/ran
start() {
	id=$(printf '%064x' "$1") uid=$(printf '%08x-0000-4000-8000-000000000000' "$1")
	state=$node/run/containerd/io.containerd.runtime.v2.task/k8s.io/$id
	mkdir -p "$state"
	echo "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"cart\",\"io.kubernetes.cri.sandbox-name\":\"cart-7d9c5b8f6d-x2x4z\",
		\"io.kubernetes.cri.sandbox-namespace\":\"shop\",\"io.kubernetes.cri.sandbox-uid\":\"$uid\"}}" >"$state/config.json"
	pod=$group/kubepods-pod$(echo "$uid" | tr - _).slice
	[ "${2:-}" != covered ] || { mkdir "$pod"; apply "$dir/cart.image.elf" --cgroup "$pod"; }
	# Its first program has the builtins of a shell only, so that it does nothing else.
	cat >"$dir/bundle/config.json" <<END
{"ociVersion":"1.0.2","root":{"path":"rootfs"},"hostname":"c","process":{"terminal":false,"user":{"uid":0,"gid":0},
"args":["/bin/busybox","sh","-c","n=0; read -r a b </proc/uptime; while [ \$n -lt 2000 ] && /bin/busybox-forbidden true; do n=\$((n + 1)); done; read -r c d </proc/uptime; echo \$n \$a \$c"],
"env":["PATH=/none"],"cwd":"/","capabilities":{"bounding":[],"effective":[],"permitted":[]}},
"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs"}],
"linux":{"cgroupsPath":"${pod#"$v2"}/cri-containerd-$id.scope","namespaces":[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}]}}
END
	cleanups="runc --root $dir/runc delete -f $id >/dev/null 2>&1; kill \$follower 2>/dev/null"
	runc --root "$dir/runc" run -b "$dir/bundle" "$id" >"$dir/ran" 2>"$dir/runc.err" </dev/null || skip "runc cannot run a container here: $(tail -n 1 "$dir/runc.err")"
	rm -rf "$state"
	grep -q '^[0-9]' "$dir/ran" || fail "the container told nothing: $(cat "$dir/ran" "$dir/runc.err")"
	read -r times from to <"$dir/ran"
}

echo "apiVersion: stakeout/v1
kind: Allowlist
metadata: {name: cart}
workload: {namespace: shop, kind: Deployment, name: cart, podLabels: {app: cart}}
mode: enforce
exec: {allow: [{path: /bin/busybox}, {path: $root/bin/busybox}]}" >"$dir/cart.list"
"$STAKEOUT" compile -o "$dir" "$dir/cart.list" >"$dir/compile.out" 2>&1 || fail "compile: $(cat "$dir/compile.out")"

follower=
mkdir "$group/other"
apply "$dir/cart.image.elf" --cgroup "$group/other"
start 1
expect "times it is possible in a container that nobody covers" "$times" 2000

if [ "$(backend_now)" = signal ] && ! sees_callers; then skip "this kernel shows execs late: containers are covered once they run"; fi
"$enforcer" --backend "$backend" --follow "$dir/cart.image.elf" --node-root "$node" --bpffs "$bpffs" >"$dir/followed" 2>"$dir/follow.err" &
follower=$!
sleep 1
kill -0 $follower 2>/dev/null || fail "--follow ended: $(cat "$dir/follow.err")"
for n in 2 3 4; do
	start $n
	[ "$times" -lt 2000 ] || fail "the new container is not covered: $(cat "$dir/followed" "$dir/follow.err")"
	echo "following: $times times possible, from ${from} s to ${to} s"
done
kill $follower
wait $follower 2>/dev/null || :
follower=

start 5 covered
expect "times it is possible below a cgroup that is covered" "$times" 0
echo "back end: $(backend_now)"
