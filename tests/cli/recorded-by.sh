#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# replay --recorded-by: what the policies that made a recording are silent about tells which programs those were.
set -u
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
golden=tests/golden/6.12
policy=$golden/policies/x01-execve-caller-notin-kill.yaml
target=kernel=6.12,kubernetes=no,kprobe-multi=yes,lsm=yes,parents-map=yes
unknown() { # ARGUMENTS...: events of unknown fate
	"$STAKEOUT" replay $policy --target $target --quiet "$@" 2>"$T/err" | sed -n 's/.* \([0-9,]*\) unknown$/\1/p'
}

# The recording alone: the program that starts every action is told by its name as typed.
cp $golden/recording.ndjson.gz "$T/recording.ndjson.gz" || fail copy
alone=$(unknown -c "$T/recording.ndjson.gz")
[ "$alone" -gt 200 ] || fail "alone: $alone unknown"
[ "$(unknown -c "$T/recording.ndjson.gz" --recorded-by $golden/recording-policies)" = 0 ] || fail "with the policies that made it"
"$STAKEOUT" replay $policy --target $target --json -c "$T/recording.ndjson.gz" --recorded-by $golden/recording-policies |
	grep -q "each of the programs that the recording is silent about is listed" || fail "the words on what silence tells"
# A policy that is silent about nothing tells nothing; one that does not see execs neither.
[ "$(unknown -c "$T/recording.ndjson.gz" --recorded-by $golden/recording-policies/rec-net.yaml)" = "$alone" ] || fail "no hook of execs"

# The folder beside it is found, for a pipe there is none; several jobs say the same.
cp -r $golden/recording-policies "$T/recording-policies" || fail copy
[ "$(unknown -c "$T/recording.ndjson.gz")" = 0 ] || fail "the folder beside the recording"
[ "$(unknown -c "$T/recording.ndjson.gz" --jobs 4)" = 0 ] || fail "--jobs"
[ "$(zcat "$T/recording.ndjson.gz" | unknown -c -)" -gt 200 ] || fail "a pipe"

"$STAKEOUT" replay $policy -c "$T/recording.ndjson.gz" --recorded-by "$T/none" 2>"$T/err"
[ $? -eq 2 ] || fail "a folder that is not there: status"
grep -q "$T/none: error: " "$T/err" || fail "a folder that is not there: $(cat "$T/err")"
echo "spec: [" >"$T/recording-policies/bad.yaml"
"$STAKEOUT" replay $policy -c "$T/recording.ndjson.gz" 2>"$T/err"
[ $? -eq 2 ] || fail "a damaged policy beside the recording: status"
grep -q "bad.yaml:2:.*error: " "$T/err" || fail "a damaged policy beside the recording: $(cat "$T/err")"
echo ok
