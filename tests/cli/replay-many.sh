#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stakeout replay of many policies over many corpora: the same bytes for any number of threads, totals by selector and label,
# rules never exercised, folders, an end by Ctrl-C.
set -u
. tests/lib/wait.sh
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}

"$STAKEOUT" corpus -o "$T/corpora" corpus/scenarios/*.yaml >/dev/null || fail corpus
for list in corpus/allowlists/*.yaml; do
	"$STAKEOUT" compile "$list" --enforce -o "$T/policies" >/dev/null 2>&1 || fail "compile $list"
done

# Sources on threads of their own; text with a limit that falls inside a later source; JSON of all.
for how in "--limit 70" "--limit 0 --totals" "--json --all" "--quiet"; do
	for jobs in 1 2 7; do
		# shellcheck disable=SC2086
		"$STAKEOUT" replay "$T/policies" -c "$T/corpora" $how --jobs $jobs >"$T/$jobs" || fail "$how --jobs $jobs: status $?"
		cmp "$T/1" "$T/$jobs" || fail "$how: --jobs $jobs differs"
	done
done
[ "$("$STAKEOUT" replay "$T/policies" -c "$T/corpora" --limit 70 | grep -c '^[^ ].*: .*\[')" -eq 70 ] || fail "--limit 70 shows other than 70"

# One source and many policies: shares of the policies, all that real runs recorded, every operator of the golden policies. Those
# that the agent of that run refused are refused, and no others.
lab=kernel=6.12,kprobe-multi=yes,kubernetes=no,parents-map=yes,fs=tmpfs
mkdir "$T/golden"
n=0
for file in tests/golden/6.12/policies/*.yaml; do
	n=$((n + 1))
	cp "$file" "$T/golden/$(printf %03d $n).yaml"
done
[ $n -gt 64 ] || fail "too few policies to share"
for how in --json "--limit 9 --totals"; do
	for jobs in 1 2 5; do
		# shellcheck disable=SC2086
		"$STAKEOUT" replay "$T/golden" -c tests/golden/6.12/recording.ndjson.gz -t $lab $how --jobs $jobs >"$T/$jobs" 2>/dev/null
		[ $? -eq 1 ] || fail "golden $how --jobs $jobs: status $?, and some are refused"
		cmp "$T/1" "$T/$jobs" || fail "golden, $how: --jobs $jobs differs"
	done
done
"$STAKEOUT" replay "$T/golden" -c "$T/corpora" -t $lab --json 2>/dev/null | jq -r 'select(.summary).summary.refused[].policy' | sort >"$T/refused"
awk -F'\t' '$2 == "rejected" { print $1 }' tests/golden/6.12/loads.tsv | sort | cmp - "$T/refused" || fail "refused are others than were"

# Totals are sums: of the parts, of the selectors, of the labels.
"$STAKEOUT" replay "$T/policies" -c "$T/corpora" --json | jq -c 'select(.summary).summary' >"$T/whole"
for file in "$T"/corpora/*.ndjson; do
	"$STAKEOUT" replay "$T/policies" -c "$file" --json | jq -c 'select(.summary).summary'
done >"$T/parts"
jq -es --slurpfile whole "$T/whole" '
	(map(.events) | add) == $whole[0].events and (map(.deny) | add) == $whole[0].deny and
	([.[].selectors[].deny] | add) == ([$whole[0].selectors[].deny] | add) and
	([.[].labels[].events] | add) == ([$whole[0].labels[].events] | add) and $whole[0].complete' "$T/parts" >/dev/null ||
	fail "totals are not the sums of the parts"
jq -e '([.labels[] | select(.expect == "deny").events] | add) == .must_deny and (.never_exercised | length) > 0 and
	all(.never_exercised[]; has("policy") and has("hook") and has("selector"))' "$T/whole" >/dev/null || fail "labels, never_exercised"
# What decided something is not called never exercised.
jq -e '[.selectors[] | {policy, hook, selector}] - .never_exercised == [.selectors[] | {policy, hook, selector}]' "$T/whole" >/dev/null ||
	fail "a selector both decided and did not"
"$STAKEOUT" replay "$T/policies" -c "$T/corpora" --totals >"$T/out"
grep -q 'attack: memfd run .* deny' "$T/out" || fail "--totals: no label"
grep -q 'selectors and rules decided no event$' "$T/out" || fail "never exercised is not told"

# An unreadable source among others: named, nothing after it is reported, status 2.
"$STAKEOUT" replay "$T/policies" -c "$T/corpora/web-server.ndjson" -c "$T/none" -c "$T/corpora/batch-job.ndjson" >"$T/out" 2>"$T/err"
[ $? -eq 2 ] || fail "missing source: status"
grep -q "none: error: " "$T/err" || fail "missing source is not named"
grep -q 'batch-job' "$T/out" && fail "a source after the missing one was reported"
mkdir "$T/nothing"
"$STAKEOUT" replay "$T/policies" -c "$T/nothing" 2>"$T/err" && fail "an empty folder is no corpus"
grep -q 'holds no \*.ndjson' "$T/err" || fail "empty folder is not explained"

# An allowlist judges as the image that compile makes of it.
"$STAKEOUT" replay corpus/allowlists/web-server.yaml -c "$T/corpora/web-server.ndjson" --json | jq -c 'select(.summary | not) | del(.format, .monitor)' >"$T/1"
"$STAKEOUT" replay "$T/policies/web-storefront.image.elf" -c "$T/corpora/web-server.ndjson" --json | jq -c 'select(.summary | not) | del(.format, .monitor)' >"$T/2"
[ -s "$T/1" ] || fail "the allowlist judged nothing"
cmp "$T/1" "$T/2" || fail "allowlist and image differ"

# Ctrl-C: what was done until then is said, and it is no "yes".
mkfifo "$T/pipe"
"$STAKEOUT" replay "$T/policies" -c "$T/pipe" --quiet --junit "$T/junit.xml" >"$T/out" 2>"$T/err" &
pid=$!
exec 3>"$T/pipe"
grep benign "$T/corpora/web-server.ndjson" >&3
# What the pipe holds was read and judged once the program has had nothing to do for a second.
worked() { awk '{ print $14 + $15 }' "/proc/$pid/stat"; }
idle() {
	before=$(worked)
	sleep 1
	[ "$(worked)" = "$before" ]
}
eventually idle
kill -INT $pid
eventually gone $pid || kill -KILL $pid
wait $pid
status=$?
exec 3>&-
[ $status -eq 3 ] || { cat "$T/out" "$T/err"; fail "interrupted: status $status"; }
grep -q '^ended before the end' "$T/out" || fail "interrupted: not said"
grep -q '^900 events' "$T/out" || fail "interrupted: what was done is not told"
[ ! -e "$T/junit.xml" ] || fail "interrupted: JUnit claims a whole run"

# A progress line on a terminal, none elsewhere.
if command -v script >/dev/null; then
	script -qec "'$STAKEOUT' replay '$T/policies' -c '$T/corpora' --quiet" /dev/null </dev/null >"$T/tty"
	"$STAKEOUT" replay "$T/policies" -c "$T/corpora" --quiet >"$T/out" 2>"$T/err"
	[ ! -s "$T/err" ] || fail "something on standard error without a terminal"
	grep -q 'events: ' "$T/tty" || fail "nothing said on a terminal"
	printf '\033[K' >"$T/erase"
	grep -qF "$(cat "$T/erase")" "$T/tty" || fail "the progress line is not taken back"
fi
echo ok
