#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stakeout corpus: the same bytes whatever the place and the environment, the documented example, bad input.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() {
	echo "$*" >&2
	exit 1
}

"$STAKEOUT" corpus -o "$tmp/a"
(cd "$tmp" && TZ=Asia/Tokyo LC_ALL=C.UTF-8 "$STAKEOUT" corpus -o b) || fail "from another folder"
diff -r "$tmp/a" "$tmp/b" || fail "two runs differ"
[ "$(ls "$tmp/a" | wc -l)" -ge 5 ] || fail "five scenarios expected"
for f in "$tmp"/a/*.ndjson; do
	name=$(basename "$f" .ndjson)
	"$STAKEOUT" corpus "$name" | cmp - "$f" || fail "$name: standard output differs from the file"
	"$STAKEOUT" corpus --benign "$name" >"$tmp/benign"
	grep -v '"label":"attack' "$f" | cmp - "$tmp/benign" || fail "$name: --benign"
	grep -q '"expect":"deny"' "$f" || fail "$name: nothing is denied"
	if grep -v '"expect":"\(allow\|deny\)","label":"[ab]' "$f"; then fail "$name: without a verdict"; fi
done

"$STAKEOUT" corpus --list >"$tmp/list"
grep -q '^web-server ' "$tmp/list" || fail "--list"
[ "$("$STAKEOUT" corpus --list --json | grep -c '"must_deny":[1-9]')" -ge 5 ] || fail "--list --json"

# A fleet: each workload its own name, nothing of the attacks.
"$STAKEOUT" corpus --fleet 40 -o "$tmp/fleet"
[ "$(ls "$tmp/fleet" | wc -l)" -eq 40 ] || fail "--fleet 40"
cat "$tmp"/fleet/* | grep -o '"workload":"[^"]*","workload_kind":"[^"]*"' | sort -u >"$tmp/names"
[ "$(wc -l <"$tmp/names")" -eq 40 ] || fail "--fleet: $(wc -l <"$tmp/names") workloads"
if cat "$tmp"/fleet/* | grep -q '"label":"attack'; then fail "--fleet holds attacks"; fi

# Repetitions are other pods.
"$STAKEOUT" corpus --repeat 5 node-service | grep -o '"uid":"[0-9a-f-]*"' | sort -u >"$tmp/pods"
[ "$(wc -l <"$tmp/pods")" -eq 30 ] || fail "--repeat: $(wc -l <"$tmp/pods") pods"

# The example of the documentation.
sed -n '/^## SYNOPSIS/,/^Save it/s/^    //p' corpus/README.md >"$tmp/hello.yaml"
"$STAKEOUT" corpus "$tmp/hello.yaml" >"$tmp/hello" || fail "the documented example"
[ "$(grep -c '"expect":"deny"' "$tmp/hello")" -eq 2 ] || fail "the documented example's verdicts"

# A file is complete or not there.
status=0
"$STAKEOUT" corpus -o "$tmp/full" web-server corpus/broken/scenario/late.yaml 2>"$tmp/err" || status=$?
[ $status -eq 2 ] || fail "a bad scenario: status $status"
[ "$(ls "$tmp/full")" = web-server.ndjson ] || fail "a bad scenario left: $(ls "$tmp/full")"
if [ -e /dev/full ]; then
	status=0
	"$STAKEOUT" corpus web-server >/dev/full 2>"$tmp/err" || status=$?
	[ $status -eq 3 ] && grep -q 'No space left' "$tmp/err" || fail "a full disk: status $status"
fi
