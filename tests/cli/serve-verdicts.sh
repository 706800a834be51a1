#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The web UI judges as replay does: the same verdict for each event of a corpus, with the policies that recorded it, by YAML and by
# the image; deployed policies that would not load are told and judge nothing.
set -u
. tests/lib/wait.sh
command -v curl >/dev/null || { echo "skipped: needs curl"; exit 77; }
[ -x "$(dirname "$STAKEOUT")/stakeout-serve" ] || { echo "skipped: stakeout-serve is absent"; exit 77; }
T=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$T"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
start() {
	[ -z "$pid" ] || { kill "$pid"; wait "$pid"; }
	: >"$T/log"
	"$STAKEOUT" serve --listen 127.0.0.1:0 "$@" >"$T/log" 2>&1 &
	pid=$!
	eventually serving || fail "the server did not start: $(cat "$T/log")"
}

serving() { url=$(grep -o 'http://127.0.0.1:[0-9]*' "$T/log"); }

# ui FIELD QUERY: line and verdict of each event of workload $id, as the UI has it.
ui() {
	offset=0
	while :; do
		curl -sf "$url/api/v1/workloads/$id/replay?against=0&show=all&limit=1000&offset=$offset&$2" >"$T/page" || fail "replay?$2: $(cat "$T/page")"
		jq -r --arg field "$1" '.rows[] | "\(.line) \(.[$field])"' "$T/page"
		offset=$((offset + 1000))
		[ "$offset" -lt "$(jq .total "$T/page")" ] || break
	done | sort
}
# cli POLICY... OPTIONS: the same as replay has it, of the lines that $lines lists.
cli() {
	"$STAKEOUT" replay "$@" --json --all 2>"$T/err" >"$T/json"
	jq -rs 'def rank: {allow: 0, post: 1, unknown: 2, deny: 3, kill: 4}[.verdict];
		map(select(.summary | not)) | group_by([.line, .event])[] | "\(.[0].line) \(max_by(rank).verdict)"' "$T/json" | sort
}
same() { # WHAT AT-LEAST: $T/ui and $T/cli, with so many that are stopped
	cmp "$T/ui" "$T/cli" || { diff "$T/ui" "$T/cli" | head -5; fail "$1: the UI and replay differ"; }
	[ "$(grep -cE ' (deny|kill)$' "$T/ui")" -ge "$2" ] || fail "$1: $(grep -cE ' (deny|kill)$' "$T/ui") stopped"
}

# A recording with the folder of what recorded it: without, 300 verdicts of this policy are unknown.
golden=tests/golden/6.12
target=kernel=6.12,kubernetes=no,kprobe-multi=yes,lsm=yes,parents-map=yes
policy=$golden/policies/x01-execve-caller-notin-kill.yaml
cp $golden/recording.ndjson.gz "$T/" || fail copy
"$STAKEOUT" ingest --db "$T/golden.db" "$T/recording.ndjson.gz" >/dev/null || fail ingest
id=1
start --db "$T/golden.db" -c "$T/recording.ndjson.gz" --current $policy
cli $policy -c "$T/recording.ndjson.gz" -t $target >"$T/cli"
ui before "current=deployed&target=$target" >"$T/ui"
[ "$(grep -c unknown "$T/ui")" -gt 200 ] || fail "without the recording's policies: $(grep -c unknown "$T/ui") unknown"
same "the recording alone" 1
start --db "$T/golden.db" -c "$T/recording.ndjson.gz" --current $policy --recorded-by $golden/recording-policies
ui before "current=deployed&target=$target" >"$T/named"
cp -r $golden/recording-policies "$T/recording-policies" || fail copy
cli $policy -c "$T/recording.ndjson.gz" -t $target >"$T/cli"
start --db "$T/golden.db" -c "$T/recording.ndjson.gz" --current $policy
ui before "current=deployed&target=$target" >"$T/ui"
! grep -q unknown "$T/ui" || fail "with the recording's policies: $(grep -c unknown "$T/ui") unknown"
same "the folder beside the recording" 10
cmp "$T/named" "$T/ui" || fail "--recorded-by: other verdicts than the folder beside it"

# What an agent refuses: said on the terminal and to the page, for the target that is asked about; it judges nothing.
sed 's|/lab/bin|/no/lab|' $policy >"$T/second.yaml"
start --db "$T/golden.db" -c "$T/recording.ndjson.gz" --current $policy --current "$T/second.yaml"
grep -q 'second.yaml:.*: error: metadata.name: .*a policy of this name' "$T/log" || fail "a second of one name: $(cat "$T/log")"
ui before "current=deployed&target=$target" | cmp - "$T/ui" || fail "the second of one name judges"
jq -e '.current_refused | length == 1 and .[0].id == "policy-twice" and (.[0].file | endswith("second.yaml"))' "$T/page" >/dev/null || fail "the page is not told: $(head -c 300 "$T/page")"
start --db "$T/golden.db" -c "$T/recording.ndjson.gz" --current $policy
ui before "current=deployed&target=kernel=4.19" >"$T/ui"
! grep -qE ' (deny|kill|unknown)$' "$T/ui" || fail "a policy that does not load on the target judges"
jq -e '.current_refused | map(.policy) == ["x01-execve-caller-notin-kill"]' "$T/page" >/dev/null || fail "not refused on 4.19: $(head -c 300 "$T/page")"

# A choice, by the YAML that it makes and by the image, whichever way that is enforced.
"$STAKEOUT" corpus -o "$T" node-service >/dev/null && "$STAKEOUT" corpus --benign -o "$T" node-service >/dev/null || fail corpus
"$STAKEOUT" ingest --db "$T/shop.db" "$T/node-service.benign.ndjson" >/dev/null || fail ingest
id=$("$STAKEOUT" workloads --db "$T/shop.db" --json | jq -s '.[] | select(.kind == "Deployment").id')
start --db "$T/shop.db" -c "$T/node-service.ndjson"
curl -s -c "$T/jar" -o /dev/null "$url/"
token=$(curl -s "$url/api/v1/session" | jq -r .token)
curl -sf -b "$T/jar" -H "Origin: $url" -H "X-Stakeout-Token: $token" -H 'Content-Type: application/json' -o /dev/null \
	-d '{"version":0,"which":"every-instance","choice":"allow"}' "$url/api/v1/workloads/$id/bulk" || fail "the choice is not stored"
mkdir "$T/yaml"
for file in $(curl -s "$url/api/v1/workloads/$id/policy" | jq -r '.files[].name'); do
	curl -sf -o "$T/yaml/$file" "$url/api/v1/workloads/$id/download/$file" || fail "download $file"
done
mv "$T"/yaml/*.elf "$T/image.elf"
ui verdict "" >"$T/ui"
cut -d' ' -f1 "$T/ui" | sort -u >"$T/lines"
ours() { join "$T/lines" -; }
cli "$T/yaml" -c "$T/node-service.ndjson" | ours >"$T/cli"
same YAML 20
for backend in lsm fmod_ret signal; do
	ui verdict "by=image&target=backend=$backend" >"$T/ui"
	cli "$T/image.elf" -c "$T/node-service.ndjson" -t backend=$backend | ours >"$T/cli"
	same "the image by $backend" 20
	grep -cE ' (deny|kill)$' "$T/ui" >"$T/stopped.$backend"
done
cmp "$T/stopped.lsm" "$T/stopped.fmod_ret" || fail "lsm and fmod_ret stop other events"
[ "$(cat "$T/stopped.signal")" -lt "$(cat "$T/stopped.lsm")" ] || fail "the signal back end has no guards, and stops as much"
# The two halves of the consequence are the whole.
curl -s "$url/api/v1/workloads/$id/consequence" >"$T/whole"
for of in recording corpora; do
	curl -s "$url/api/v1/workloads/$id/consequence?of=$of"
done | jq -es --slurpfile whole "$T/whole" 'add == $whole[0] and (.[0] | has("corpora") | not) and (.[1] | has("recording") | not)' >/dev/null || fail "of=recording and of=corpora are not the whole"
[ "$(curl -s -o /dev/null -w '%{http_code}' "$url/api/v1/workloads/$id/consequence?of=half")" = 400 ] || fail "of=half is taken"
curl -s "$url/api/v1/workloads/$id/consequence?by=image&target=backend=signal" | jq -e '.note | test("image.*signal")' >/dev/null || fail "by what it is judged is not said"
[ "$(curl -s -o /dev/null -w '%{http_code}' "$url/api/v1/workloads/$id/consequence?by=magic")" = 400 ] || fail "by=magic is taken"
# What could not be read of a corpus is told, as replay tells it.
head -c -100 "$T/node-service.ndjson" >"$T/torn.ndjson"
echo "no JSON" >>"$T/torn.ndjson"
start --db "$T/shop.db" -c "$T/torn.ndjson"
curl -s "$url/api/v1/workloads/$id/consequence?of=corpora" | jq -e '.corpora[0].unread | length >= 1 and all(.[]; .level == "warning" and .line > 1 and (.message | test("skipped")))' >/dev/null ||
	fail "a torn corpus: $(curl -s "$url/api/v1/workloads/$id/consequence?of=corpora" | head -c 2000)"
echo ok
