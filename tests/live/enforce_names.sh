#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Images find the containers of their workloads by the names that the node has for them, each container of it and no other; with
# --here what is not on this machine is left out, and comes under its policy when the command is run again.
. tests/lib/enforce.sh

node=$dir/node
cp "$acts" "$dir/bin/acts"
cp "$acts" "$dir/bin/other"
# container NUMBER POD CONTAINER: its cgroup in $made, and what containerd keeps of it
container() {
	id=$(printf '%064x' "$1") uid=$(printf '%08x-0000-4000-8000-000000000000' "$1")
	mkdir -p "$node/run/containerd/io.containerd.runtime.v2.task/k8s.io/$id"
	echo "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"$3\",\"io.kubernetes.cri.sandbox-name\":\"$2\",
		\"io.kubernetes.cri.sandbox-namespace\":\"shop\",\"io.kubernetes.cri.sandbox-uid\":\"$uid\"}}" \
		>"$node/run/containerd/io.containerd.runtime.v2.task/k8s.io/$id/config.json"
	made=$group/kubepods-pod$(echo "$uid" | tr - _).slice/cri-containerd-$id.scope
	mkdir -p "$made"
}
# list NAME KIND WORKLOAD
list() {
	echo "apiVersion: stakeout/v1
kind: Allowlist
metadata: {name: $1}
workload: {namespace: shop, kind: $2, name: $3, podLabels: {app: $3}}
mode: enforce
exec: {allow: [{path: $(readlink -f "$(command -v sh)")}, {path: $dir/bin/acts}]}" >"$dir/$1.list"
	"$STAKEOUT" compile -o "$dir" "$dir/$1.list" >"$dir/compile.out" 2>&1 || fail "compile: $(cat "$dir/compile.out")"
}
list cart Deployment cart
list queue Deployment queue
container 1 cart-7d9c5b8f6d-x2x4z cart
first=$made
container 2 cart-7d9c5b8f6d-k8s9w cart
second=$made
container 3 web-7d9c5b8f6d-bb5cd web
web=$made

enforce "$dir/cart.image.elf" "$dir/queue.image.elf" --node-root "$node" >"$dir/out" 2>"$dir/err" && fail "a workload that is not here"
grep -q 'shop/Deployment/queue: error: no cgroup of such a workload is here now' "$dir/err" || fail "does not say which"
expect "in force after that" "$(enforce status 2>/dev/null | wc -l)" 0
apply --here "$dir/cart.image.elf" "$dir/queue.image.elf" --node-root "$node"
grep -q '1 of 2 images are for workloads that are not here now' "$dir/apply.err" || fail "does not say how many are not here"
expect "cgroups" "$(enforce status --json | grep -c '"workload":"shop/Deployment/cart')" 2
for g in "$first" "$second"; do
	allowed "cart" "$g" "$dir/bin/acts" noop
	refused "cart, another program" "$g" "$dir/bin/other" noop
done
allowed "web" "$web" "$dir/bin/other" noop

# In the store it is that workload's, by the name that the policy goes by.
enforce watch --once --db "$dir/refused.db" >"$dir/out" 2>"$dir/err"
"$STAKEOUT" workloads --json --db "$dir/refused.db" >"$dir/out"
expect "workloads in the store" "$(wc -l <"$dir/out")" 1
grep -q '"workload":"shop/Deployment/cart/cart".*"instances":2,' "$dir/out" || { cat "$dir/out"; fail "refusals under another name"; }
"$STAKEOUT" show --refused --json --db "$dir/refused.db" shop/Deployment/cart >"$dir/out"
grep -q "\"object\":\"$dir/bin/other\".*\"rule\":\"no exec rule\",\"image\":\"cart\",\"count\":2," "$dir/out" || { cat "$dir/out"; fail "no row of it"; }

# A container that comes later is under no policy, and status tells, until the command is run again.
container 9 cart-7d9c5b8f6d-q9q9q cart
late=$made
allowed "a late cart" "$late" "$dir/bin/other" noop
enforce status --json --node-root "$node" >"$dir/out" 2>"$dir/err"
expect "rows that tell of it" "$(grep -c '"uncovered":1,' "$dir/out")" 2
grep -q "shop/Deployment/cart.*1 of its cgroups came later and are under no policy, $late first" "$dir/err" || fail "status: no word of the late container"
before=$(now)
apply --here "$dir/cart.image.elf" "$dir/queue.image.elf" --node-root "$node"
echo "run again, the command covers a new container in $(($(now) - before)) ms"
refused "a late cart, covered" "$late" "$dir/bin/other" noop
enforce status --node-root "$node" >"$dir/out" 2>"$dir/err"
[ ! -s "$dir/err" ] || fail "status warns of what is covered"
rmdir "$late"

# With --follow it stays, and covers a container as it comes; what it covers it tells once.
enforce --backend "$backend" --follow --here --cgroup "$first" "$dir/cart.image.elf" >"$dir/out" 2>"$dir/err" && fail "--follow with --cgroup" || expect "status" $? 2
"$enforcer" --backend "$backend" --follow "$dir/cart.image.elf" "$dir/queue.image.elf" --node-root "$node" --bpffs "$bpffs" >"$dir/followed" 2>"$dir/follow.err" &
follower=$!
cleanups="kill $follower 2>/dev/null"
eventually test -s "$dir/followed" || :
container 8 cart-7d9c5b8f6d-p8p8p cart
before=$(now)
for _ in $(seq 600); do within "$made" "$dir/bin/other" noop || break; done
echo "following, a new container is covered after $(($(now) - before)) ms"
refused "a followed cart" "$made" "$dir/bin/other" noop
allowed "a followed cart, what its policy allows" "$made" "$dir/bin/acts" noop
eventually grep -q "$made" "$dir/followed" || :
expect "lines that tell of it" "$(grep -c "$made" "$dir/followed")" 1
enforce release --all >/dev/null 2>&1
allowed "released while it is followed" "$made" "$dir/bin/other" noop
kill $follower
wait $follower 2>/dev/null || :
cleanups=
rmdir "$made"
apply --here "$dir/cart.image.elf" "$dir/queue.image.elf" --node-root "$node"

container 4 queue-5f6d7c8b9-q4m7t queue
allowed "queue, before" "$made" "$dir/bin/other" noop
apply --here "$dir/cart.image.elf" "$dir/queue.image.elf" --node-root "$node"
refused "queue" "$made" "$dir/bin/other" noop
refused "cart, still" "$first" "$dir/bin/other" noop

# Again: what is in force stays as it is; a changed image replaces its own, also from a folder.
since() { enforce status --json | sed -n "s|.*\"image\":\"$1\".*\"applied_ns\":\"\([^\"]*\)\".*|\1|p" | sort -u; }
cart=$(since cart) queue=$(since queue)
mkdir "$dir/images"
cp "$dir/cart.image.elf" "$dir/queue.image.elf" "$dir/images"
apply --here "$dir/images" --node-root "$node"
expect "again" "$(since cart) $(since queue)" "$cart $queue"
sed -i "s|$dir/bin/acts|$dir/bin/other|" "$dir/queue.list"
"$STAKEOUT" compile -o "$dir" "$dir/queue.list" >"$dir/compile.out" 2>&1
cp "$dir/queue.image.elf" "$dir/images"
apply --here "$dir/images" --node-root "$node"
expect "cart, while queue is replaced" "$(since cart)" "$cart"
[ "$(since queue)" != "$queue" ] || fail "a changed image is not put in place"
allowed "queue, replaced" "$made" "$dir/bin/other" noop
refused "cart, while queue is replaced" "$first" "$dir/bin/other" noop
apply --here --audit "$dir/images" --node-root "$node"
allowed "cart, only audited" "$first" "$dir/bin/other" noop
mkdir "$dir/none"
enforce "$dir/none" >"$dir/out" 2>"$dir/err" && fail "an empty folder" || expect "status" $? 2

# By a pattern, and by the list of pods.
enforce release >/dev/null
apply "$dir/cart.image.elf" --workload 'shop/Deployment/web' --node-root "$node"
refused "web, by its name" "$web" "$dir/bin/other" noop
allowed "cart, not asked for" "$first" "$dir/bin/other" noop
enforce release >/dev/null
echo '{"items":[{"metadata":{"namespace":"ops","name":"agent-x7z2k","uid":"'"$(printf '%08x-0000-4000-8000-000000000000' 3)"'",
	"ownerReferences":[{"kind":"DaemonSet","name":"agent","controller":true}]},"status":{}}]}' >"$dir/pods.json"
apply "$dir/cart.image.elf" --workload ops --node-root "$node" --pods "$dir/pods.json"
refused "by the list of pods" "$web" "$dir/bin/other" noop
enforce "$dir/cart.image.elf" --workload ops --pods "$dir/cart.yaml" >"$dir/out" 2>"$dir/err" && fail "a list of pods that is none" || expect "status" $? 2
