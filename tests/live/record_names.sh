#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Containers that live for milliseconds, each with a cgroup of its own that is gone at once: all are told by their pod's names, from
# a node's folders made for this test; a pod that comes again is the same workload, another instance.
. tests/lib/live.sh

node=$dir/node short=40
mkdir "$node"
cp "$acts" "$dir/acts"
id_of() { printf '%064x' "$1"; }
uid_of() { printf '%08x-0000-4000-8000-000000000000' "$1"; }
# container N POD
container() {
	state=$node/run/containerd/io.containerd.runtime.v2.task/k8s.io/$(id_of "$1")
	mkdir -p "$state"
	echo "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"cart\",\"io.kubernetes.cri.sandbox-name\":\"$2\",
		\"io.kubernetes.cri.sandbox-namespace\":\"shop\",\"io.kubernetes.cri.sandbox-uid\":\"$(uid_of "$1")\"}}" >"$state/config.json"
	group=$v2/$name/kubepods-pod$(uid_of "$1" | tr - _).slice
	mkdir "$group" "$group/cri-containerd-$(id_of "$1").scope"
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group/cri-containerd-$(id_of "$1").scope" "$dir/acts" open r "$dir/acts"
	remove_group "$group/cri-containerd-$(id_of "$1").scope"
	remove_group "$group"
}
cleanups="find $v2/$name -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null; $cleanups"

echo '{"items":[{"metadata":{"namespace":"ops","name":"agent-x7z2k","uid":"'"$(uid_of 99)"'","labels":{"app":"agent"},
	"ownerReferences":[{"kind":"DaemonSet","name":"agent","controller":true}]},"status":{}}]}' >"$dir/pods.json"
start_recorder --node-root "$node" --pods "$dir/pods.json" --workload 'shop' --events "$dir/events.ndjson"
for i in $(seq $short); do container "$i" cart-0; done
stop_recorder
got=$(query "SELECT CAST(namespace || '/' || kind || '/' || name || '/' || container AS TEXT), guess, (SELECT count(*) FROM instance i WHERE i.workload = w.id)
	FROM workload w")
[ "$got" = "shop/Pod/cart-0/cart|1|$short" ] || { echo "workloads: $got"; exit 1; }
[ "$(query "SELECT sum(count) FROM observation WHERE kind = 2 AND path = CAST('$dir/acts' AS BLOB) AND subject = CAST('$dir/acts' AS BLOB) AND access = 1")" = $short ] ||
	{ echo "not every container's open is there"; exit 1; }
[ "$(grep -c '"namespace":"shop","name":"cart-0"' "$dir/events.ndjson")" -ge $((2 * short)) ] || { echo "the lines lack the pod"; exit 1; }

# The list of pods comes first, and an owner that is told is no guess.
rm -f "$db"*
start_recorder --node-root "$node" --pods "$dir/pods.json" --workload 'ops'
container 99 wrong-name
stop_recorder
got=$(query "SELECT CAST(namespace || '/' || kind || '/' || name AS TEXT), guess FROM workload")
[ "$got" = "ops/DaemonSet/agent|0" ] || { echo "from the list of pods: $got"; exit 1; }
"$recorder" record --db "$dir/no.db" --pods "$dir/events.ndjson" --for 1s >"$dir/out" 2>&1 && got=0 || got=$?
[ $got -eq 2 ] && grep -q "kubectl get pods" "$dir/out" || { echo "a wrong list: status $got"; cat "$dir/out"; exit 1; }

# Outside Kubernetes: docker's name for a container stands in the store, and in the lines, which a store takes the same.
id=$(id_of 77)
mkdir -p "$node/var/lib/docker/containers/$id" "$v2/$name/docker" "$v2/$name/docker/$id"
echo '{"Name":"/My_shop.1","Config":{"Image":"shop:1","Labels":{}}}' >"$node/var/lib/docker/containers/$id/config.v2.json"
rm -f "$db"* "$dir/events.ndjson"
start_recorder --node-root "$node" --workload host/container/My_shop.1 --events "$dir/events.ndjson"
sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$v2/$name/docker/$id" "$dir/acts" open r "$dir/acts"
stop_recorder
"$STAKEOUT" ingest --db "$dir/lines.db" "$dir/events.ndjson" >"$dir/out" || { cat "$dir/out"; exit 1; }
for store in "$db" "$dir/lines.db"; do
	got=$(sqlite3 "$store" "SELECT CAST(w.kind || '/' || w.name AS TEXT), guess, CAST(i.container_id AS TEXT), CAST(i.image AS TEXT)
		FROM workload w JOIN instance i ON i.workload = w.id WHERE w.kind = CAST('container' AS BLOB) OR w.kind = 'container'")
	[ "$got" = "container/My_shop.1|0|$id|shop:1" ] || { echo "docker's name in $store: $got"; exit 1; }
done
