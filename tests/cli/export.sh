#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What is exported and ingested again is the same: workloads, observations, trees, instances, losses, verdicts.
set -u
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}

# Everything that STORE says, sorted; ids are of one store only.
told() {
	"$STAKEOUT" workloads --db "$1" --json >"$T/workloads" || fail "workloads of $1"
	cat "$T/workloads"
	sed -n 's/.*"workload":"\([^"]*\)".*/\1/p' "$T/workloads" | while read -r w; do
		for what in --limit=100000 --tree --instances; do
			"$STAKEOUT" show "$w" $what --json --db "$1" || fail "show $w $what"
		done
	done
}
plain() { told "$1" | sed 's/"id":[0-9]*,//; s/"workload":[0-9]*,//' | sort; }
verdicts() { "$STAKEOUT" replay "$@" --json --all | sed 's/"source":"[^"]*",//; s/"line":[0-9]*,*//'; }

"$STAKEOUT" compile corpus/allowlists/web-server.yaml -o "$T/web" --enforce >/dev/null || fail compile
"$STAKEOUT" corpus web-server >"$T/web-server.ndjson" || fail corpus
"$STAKEOUT" corpus node-agent >"$T/node-agent.ndjson" || fail corpus
cp tests/golden/6.12/recording.ndjson.gz "$T/recording.ndjson" || fail "the recording is missing"
cp corpus/broken/lines.ndjson "$T/lines.ndjson"

for name in web-server node-agent recording lines; do
	"$STAKEOUT" ingest --db "$T/1.db" "$T/$name.ndjson" >/dev/null || fail "$name: ingest"
	"$STAKEOUT" export --db "$T/1.db" >"$T/exported" || fail "$name: export"
	"$STAKEOUT" ingest --db "$T/2.db" "$T/exported" >/dev/null || fail "$name: ingest of its export"
	plain "$T/1.db" >"$T/1" && plain "$T/2.db" >"$T/2"
	[ "$(wc -l <"$T/1")" -gt 10 ] || fail "$name: the store says too little"
	diff "$T/1" "$T/2" >"$T/diff" || { head -n 8 "$T/diff"; fail "$name: the export is not the store"; }
	"$STAKEOUT" export --db "$T/2.db" | sort >"$T/again"
	sort "$T/exported" | cmp -s - "$T/again" || fail "$name: the export of the export differs"
	verdicts "$T/web" --db "$T/1.db" >"$T/1" && verdicts "$T/web" --db "$T/2.db" >"$T/2"
	cmp -s "$T/1" "$T/2" || fail "$name: other verdicts"
	rm -f "$T"/?.db*
done

# members that no store writes so: half a workload is none, labels are an object, secrets are taken out, counts stay counts
cat >"$T/odd" <<'L'
{"process_exec":{"process":{"binary":"/b"}},"node_name":"n","stakeout":{"format":1,"workload":{"kind":"unit"},"instance":{}}}
{"process_exec":{"process":{"binary":"/b"}},"node_name":"n","stakeout":{"format":1,"workload":{"namespace":"host","kind":"unit","name":"u"},"instance":{"key":"k","labels":null},"example":"/b --password=hunter2","count":3}}
{"process_exec":{"process":{"binary":"/b"}},"stakeout":{"format":1,"workload":"text"}}
{"process_exec":{"process":{"binary":"/b"}},"stakeout":{"format":1,"count":"99999999999999999999"}}
{"process_exec":{"process":{"binary":"/b"}},"stakeout":{"format":1,"workload":{"namespace":"host","kind":"unit","name":"u"},"instance":{"labels":[1]}}}
L
"$STAKEOUT" ingest --db "$T/odd.db" "$T/odd" | grep -q 'skipped 3: .*(line 3, 4, 5)' || fail "odd members are not told"
told "$T/odd.db" >"$T/1"
grep -q '"workload":"host/host/all"' "$T/1" || fail "half a workload is taken for one"
grep -q '"workload":"host/unit/u".*"events":3' "$T/1" || fail "a stored workload is not taken"
grep -q '"example":"/b --password=\*\*\*\*\*"' "$T/1" || fail "a secret came in with an export"
grep -q '"labels":\[' "$T/1" && fail "labels that are no object"

# the lines themselves, judged: each sighting as the store judges the whole
"$STAKEOUT" ingest --db "$T/3.db" "$T/web-server.ndjson" >/dev/null
"$STAKEOUT" export --db "$T/3.db" >"$T/exported"
totals() { "$STAKEOUT" replay "$T/web" --quiet "$@" | sed -n 's/\(.*events: .* stopped\).*/\1/p'; }
[ -n "$(totals --db "$T/3.db")" ] || fail "replay tells no totals"
[ "$(totals --db "$T/3.db")" = "$(totals --corpus "$T/exported")" ] ||
	fail "the store: $(totals --db "$T/3.db"), its lines: $(totals --corpus "$T/exported")"
exit 0
