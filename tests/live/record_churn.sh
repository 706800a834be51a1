#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Hundreds of containers that live for milliseconds, some of them while the recorder stands still, some in a cgroup of the same path as
# the one before: every one is recorded, under its right name or under one that is marked as a guess, never under another's.
. tests/lib/live.sh

node=$dir/node lanes=4 each=60
cp "$acts" "$dir/acts"
mkdir "$dir/f" "$node"
cleanups="find $v2/$name -mindepth 1 -depth -type d -exec rmdir {} + 2>/dev/null || :; $cleanups"
id_of() { printf '%064x' "$1"; }
uid_of() { printf '%08x-0000-4000-8000-000000000000' "$1"; }

# run_in GROUP N: a container, from the making of its cgroup to the end
run_in() {
	mkdir -p "$1"
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$1" "$dir/acts" open r "$dir/f/$2"
	remove_group "$1"
}
pod_group() { echo "$v2/$name/kubepods-pod$(uid_of "$1" | tr - _).slice"; }
in_pod() {
	group=$(pod_group "$1")
	run_in "$group/cri-containerd-$(id_of "$1").scope" "$1"
	remove_group "$group"
}
# The runtime's state goes with the container.
with_state() {
	state=$node/run/containerd/io.containerd.runtime.v2.task/k8s.io/$(id_of "$1")
	mkdir -p "$state"
	echo "{\"annotations\":{\"io.kubernetes.cri.container-name\":\"cart\",\"io.kubernetes.cri.sandbox-name\":\"cart-$1\",
		\"io.kubernetes.cri.sandbox-namespace\":\"shop\",\"io.kubernetes.cri.sandbox-uid\":\"$(uid_of "$1")\"}}" >"$state/config.json"
	in_pod "$1"
	rm -r "$state"
}
# A pod of one name that is restarted; the kubelet keeps its folder.
restarted() {
	mkdir -p "$node/var/log/pods/shop_web-0_$(uid_of "$1")/web"
	in_pod "$1"
}
lane() {
	for i in $(seq "$each"); do
		n=$((lane * 1000 + i))
		case $((i % 4)) in
		0) with_state $n ;;
		1) restarted $n ;;
		2) in_pod $n ;;
		3) run_in "$v2/$name/same-$lane" $n ;;
		esac
	done
}
for lane in $(seq $lanes); do for i in $(seq $each); do echo "$dir/f/$((lane * 1000 + i))"; done; done | xargs touch

start_recorder --node-root "$node"
pids=
for lane in $(seq $lanes); do lane & pids="$pids $!"; done
sleep 0.4
kill -STOP $recorder_pid
sleep 0.6
kill -CONT $recorder_pid
for pid in $pids; do wait "$pid" || { echo "a lane failed"; exit 1; }; done
stop_recorder

query "SELECT replace(CAST(o.path AS TEXT), '$dir/f/', ''), o.count, CAST(w.namespace || '/' || w.kind || '/' || w.name AS TEXT), w.guess
	FROM observation o JOIN workload w ON w.id = o.workload
	WHERE o.kind = 2 AND CAST(o.path AS TEXT) LIKE '$dir/f/%' AND o.subject = CAST('$dir/acts' AS BLOB) ORDER BY 1" >"$dir/got"
[ "$(wc -l <"$dir/got")" = $((lanes * each)) ] || { echo "$(wc -l <"$dir/got") of $((lanes * each)) containers"; exit 1; }

# Which sort a container was, and what may stand there.
while IFS='|' read -r n count workload guess; do
	lane=$((n / 1000)) sort=$((n % 1000 % 4))
	case $sort,$workload,$guess in
	0,shop/Pod/cart-$n,1 | 0,unknown/Pod/$(uid_of "$n"),1) ;;
	1,shop/*/web*,1) ;;
	2,unknown/Pod/$(uid_of "$n"),1) ;;
	3,host/cgroup/$name/same-$lane,0) ;;
	*) echo "container $n: $workload, guess $guess"; exit 1 ;;
	esac
	[ "$count" = 1 ] || { echo "container $n: $count opens"; exit 1; }
done <"$dir/got"
[ "$(query "SELECT count(*) FROM workload WHERE CAST(name AS TEXT) LIKE 'web%'")" = 1 ] || { echo "the restarted pod is several workloads"; exit 1; }
[ "$(query "SELECT ifnull(sum(count), 0) FROM loss WHERE CAST(reason AS TEXT) LIKE '%full%'")" = 0 ] || { query "SELECT * FROM loss"; exit 1; }
instances() { query "SELECT count(*) FROM instance i JOIN workload w ON w.id = i.workload WHERE CAST(w.name AS TEXT) LIKE '$1'"; }
[ "$(instances 'web%')" = $((lanes * each / 4)) ] || { echo "the restarted pod has $(instances 'web%') instances"; exit 1; }
[ "$(query "SELECT count(*) FROM workload WHERE CAST(name AS TEXT) LIKE '$name/same-%'")" = $lanes ] || { echo "cgroups of one path are several workloads"; exit 1; }
