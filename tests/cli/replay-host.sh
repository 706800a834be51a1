#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Workloads outside Kubernetes are told by their cgroup, or by the name that the runtime has for a container. Whatever
# holds the events, the lines, a store of them or its export, the image of a workload judges that workload's, and no other's.
set -u
. tests/lib/want.sh

id=3082ae4b4146000000000000000000000000000000000000000000000000beef

# line PATH CGROUP [CONTAINER]: a start of PATH there, as the recorder writes it
line() {
	n=$((n + 1))
	printf '{"process_exec":{"process":{"exec_id":"e%d","pid":%d,"uid":0,"cwd":"/","binary":"%s","flags":"execve clone","start_time":"2026-03-02T06:00:%02dZ"},"parent":{"exec_id":"p","pid":1,"binary":"/sbin/init"}},"node_name":"n","time":"2026-03-02T06:00:%02dZ","stakeout":{"format":1,"path":"%s","parent_path":"/sbin/init","cgroup":"%s"%s}}\n' \
		$n $((n + 100)) "$1" $n $n "$1" "$2" "${3:+,\"container\":{\"name\":\"$3\",\"id\":\"$id\",\"image\":\"shop:1\"}}"
}

# one_stopped WHAT ARGUMENT...: a replay of these stops the miner there, and nothing else
one_stopped() {
	where="$w: $1"; shift
	want 0 "$where" "$STAKEOUT" replay "$T/policies" "$@"
	grep -q '^3 events: 1 stopped (1 denied, 0 killed; 1 prevented' "$T/out" && grep -q ': exec /usr/bin/miner ' "$T/out" ||
		{ cat "$T/out"; fail "$where: the miner there, and it alone, is stopped"; }
}

# whole WORKLOAD CGROUP [CONTAINER]
whole() {
	w=$1 n=0
	line /usr/bin/app "$2" "${3-}" >"$T/benign.ndjson"
	{ line /usr/bin/app "$2" "${3-}"; line /usr/bin/miner "$2" "${3-}"; line /usr/bin/miner /some/where/else; } >"$T/attack.ndjson"
	rm -rf "$T"/*.db "$T/policies"
	want 0 "$w: ingest" "$STAKEOUT" ingest --db "$T/benign.db" "$T/benign.ndjson"
	want 0 "$w: ingest" "$STAKEOUT" ingest --db "$T/attack.db" "$T/attack.ndjson"
	want 0 "$w: allow" "$STAKEOUT" allow --db "$T/benign.db" "$w" -o "$T/app.yaml"
	want 0 "$w: compile" "$STAKEOUT" compile "$T/app.yaml" --enforce --db "$T/attack.db" -o "$T/policies"
	grep -q 'stopped when enforced: 1 observation' "$T/out" || { cat "$T/out"; fail "$w: compile tells what is on no list"; }
	want 0 "$w: export" "$STAKEOUT" export --db "$T/attack.db"
	cp "$T/out" "$T/exported.ndjson"
	one_stopped "the lines" --corpus "$T/attack.ndjson"
	one_stopped "the store" --db "$T/attack.db"
	one_stopped "its export" --corpus "$T/exported.ndjson"
	want 1 "$w: explain" "$STAKEOUT" explain "$T/policies" "$T/attack.ndjson:2"
	want 0 "$w: explain" "$STAKEOUT" explain "$T/policies" "$T/attack.ndjson:3"
}

whole host/container/shop "/libpod_parent/libpod-$id" shop
whole host/container/3082ae4b4146 "/machine.slice/libpod-$id.scope"
whole host/unit/shop.service /system.slice/shop.service
whole host/cgroup/work/shop /work/shop
whole host/host/all /

# A pod that only its cgroup tells: what a policy for pods would do to it is not known, from lines and from a store alike.
n=0
uid=12345678-9abc-def0-1234-56789abcdef0
line /usr/bin/miner "/kubepods/burstable/pod$uid/$id" >"$T/pod.ndjson"
want 0 "pod: ingest" "$STAKEOUT" ingest --db "$T/pod.db" "$T/pod.ndjson"
want 0 "pod: compile" "$STAKEOUT" compile corpus/allowlists/web-server.yaml --enforce -o "$T/web"
for events in "--corpus $T/pod.ndjson" "--db $T/pod.db"; do
	want 0 "pod: replay $events" "$STAKEOUT" replay "$T/web" $events
	grep -q '^1 events\?: 0 stopped.* 0 not touched, 1 unknown$' "$T/out" || { cat "$T/out"; fail "pod: not unknown, $events"; }
done

# An image whose workload is not among the events says that it proved nothing.
n=0
line /usr/bin/app "/libpod_parent/libpod-$id" cart >"$T/other.ndjson"
want 0 "other" "$STAKEOUT" replay "$T/policies" --corpus "$T/other.ndjson"
grep -q '^note: host-all judged no event: .* by host/host/all, ' "$T/out" || { cat "$T/out"; fail "an image that judged nothing is not told"; }
want 0 "its own" "$STAKEOUT" replay "$T/policies" --corpus "$T/attack.ndjson"
! grep -q 'judged no event' "$T/out" || { cat "$T/out"; fail "an image that judged is told as one that did not"; }

# A runtime that runs itself from a detached mount has the root of it for a name, which is none.
line /usr/bin/miner / | sed 's|"binary":"/sbin/init"|"binary":"/"|; s|"parent_path":"/sbin/init",||' >"$T/detached.ndjson"
want 0 "a detached caller" "$STAKEOUT" replay "$T/policies" --corpus "$T/detached.ndjson"
grep -q ': exec /usr/bin/miner by an unknown image$' "$T/out" || { cat "$T/out"; fail "a detached caller is called by a name"; }
