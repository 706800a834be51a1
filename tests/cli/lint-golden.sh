#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A selector that lint says no hit reaches decides nothing when the golden recording is replayed.
set -eu
command -v jq >/dev/null || { echo "jq is missing"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$STAKEOUT" lint -t kernel=6.12,kubernetes=no --json --only selector-never --only selector-unreachable \
	tests/golden/6.12b/policies tests/golden/6.12/policies >"$dir/found" || true
jq -r '.file as $f | .findings[]? | select(.path | test("selectors")) | "\($f) \(.path)"' "$dir/found" |
	sed 's/^\([^ ]*\) .*selectors\[\([0-9]*\)\].*/\1 \2/' | sort -u >"$dir/list"
[ "$(wc -l <"$dir/list")" -ge 5 ] || { echo "lint-golden: too few findings: $(cat "$dir/list")" >&2; exit 1; }
while read -r policy selector; do
	"$STAKEOUT" replay --json -t kernel=6.12,kubernetes=no,fs=tmpfs -c tests/golden/6.12/recording.ndjson.gz "$policy" \
		>"$dir/replayed" 2>/dev/null || true
	grep -q '"summary"' "$dir/replayed" || { echo "lint-golden: $policy was not replayed" >&2; exit 1; }
	# Policies with one hook: the selector's number says it all.
	hooks=$(jq -r --arg f "$policy" 'select(.file == $f) | .cost.hooks' "$dir/found")
	if [ "$hooks" = 1 ] && jq -c --argjson s "$selector" 'select(.hook and .selector == $s)' "$dir/replayed" | grep -q .; then
		echo "lint-golden: $policy: selector $selector decides, though lint says that nothing reaches it" >&2
		exit 1
	fi
done <"$dir/list"
