#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What replay --assume-names takes for granted of programs that a recording is silent about: said with each verdict and in the summary, nothing
# without it; and held against the truth, by leaving out what the recordings tell of each program in turn.
set -u
. tests/lib/want.sh
target=kernel=6.12,kubernetes=no,kprobe-multi=yes,lsm=yes,parents-map=yes
policy=tests/golden/6.12/policies/x01-execve-caller-notin-kill.yaml
cp tests/golden/6.12/recording.ndjson.gz "$T/alone.ndjson.gz" || fail copy

# Each verdict says so, the summary how many.
want 0 json "$STAKEOUT" replay $policy -c "$T/alone.ndjson.gz" --assume-names --target $target --json
cp "$T/out" "$T/json"
jq -es '[.[] | select(.assumes)] as $on | .[-1].summary as $s | ($on | length) > 200 and $s.unknown == 0
	and all($on[]; .verdict == "allow" and (.assumes | startswith("/lab/bin/driver is no link")))
	and ($s.assumed | length) == 1 and $s.assumed[0].what == $on[0].assumes and $s.assumed[0].verdicts == ($on | length)' \
	"$T/json" >/dev/null || fail "JSON: $(tail -n 1 "$T/json" | cut -c 1-600)"
want 0 text "$STAKEOUT" replay $policy -c "$T/alone.ndjson.gz" --assume-names --target $target --quiet
grep -q '^note: taken for granted: /lab/bin/driver is no link to another file (lines tell 12 other names typed in /lab/bin/, none a link); [0-9]* verdicts rest on it' \
	"$T/out" || fail "text: $(cat "$T/out")"
want 0 without "$STAKEOUT" replay $policy -c "$T/alone.ndjson.gz" --target $target --quiet
grep -q "^note: 256 verdicts are unknown: the resolved path of the acting program is not known (--recorded-by .*; --assume-names takes what is likely)$" "$T/out" ||
	fail "why unknown: $(cat "$T/out")"
"$STAKEOUT" replay $policy -c "$T/alone.ndjson.gz" --target $target --json | tail -n 1 |
	jq -e ".summary | .unknown_why == [{why: \"the resolved path of the acting program is not known\", verdicts: .unknown}]" >/dev/null || fail "why unknown: JSON"
grep -q 'taken for granted' "$T/out" && fail "taken for granted unasked"
grep -q ' 0 unknown$' "$T/out" && fail "known without it"

# The same from any number of threads; from a pipe, which is read once, nothing.
"$STAKEOUT" replay tests/golden/6.12/policies -c "$T/alone.ndjson.gz" --assume-names --target $target --json --jobs 4 2>/dev/null | cksum >"$T/4"
"$STAKEOUT" replay tests/golden/6.12/policies -c "$T/alone.ndjson.gz" --assume-names --target $target --json --jobs 1 2>/dev/null | cksum >"$T/1"
cmp "$T/1" "$T/4" || fail "--jobs"
want 0 pipe sh -c 'zcat "$2" | "$1" replay "$3" -c - --assume-names --target "$4" --quiet' sh "$STAKEOUT" "$T/alone.ndjson.gz" $policy $target
grep -q 'taken for granted' "$T/out" && fail "a pipe"

# Totals of several sources add.
cp "$T/alone.ndjson.gz" "$T/again.ndjson.gz" || fail copy
one=$(jq -s ".[-1].summary.assumed[0].verdicts" "$T/json")
want 0 "two sources" "$STAKEOUT" replay $policy -c "$T/alone.ndjson.gz" -c "$T/again.ndjson.gz" --assume-names --target $target --json
[ "$(jq -s ".[-1].summary.assumed | length, .[0].verdicts" "$T/out" | tr "\n" " ")" = "1 $((2 * one)) " ] || fail "two sources: $(tail -n 1 "$T/out" | cut -c 1-600)"

# explain says it too, and does not answer yes.
line=$(jq -r 'select(.assumes) | .line' "$T/json" | head -n 1)
want 1 explain "$STAKEOUT" explain $policy "$T/alone.ndjson.gz:$line" --assume-names --target $target
grep -q 'allow, taken for granted that /lab/bin/driver is no link' "$T/out" || fail "explain: $(cat "$T/out")"
grep -q "NotIn: the program named /lab/bin/driver is one of the 6 listed" "$T/out" || fail "explain: $(cat "$T/out")"
want 1 "explain without" "$STAKEOUT" explain $policy "$T/alone.ndjson.gz:$line" --target $target
grep -q "taken for granted" "$T/out" && fail "explain without"

# A must-deny event is not denied by what rests on it.
cat >"$T/in.yaml" <<END
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: in}
spec:
  lsmhooks:
  - hook: bprm_check_security
    selectors:
    - matchBinaries: [{operator: In, values: [/lab/bin/driver]}]
      matchActions: [{action: Override, argError: -1}]
END
zcat "$T/alone.ndjson.gz" | jq -c --argjson n "$line" 'if input_line_number == $n then . + {stakeout: {format: 1, path: "/lab/bin/actor", expect: "deny", label: "x"}} else . end' \
	>"$T/expect.ndjson"
want 1 "must-deny" "$STAKEOUT" replay "$T/in.yaml" -c "$T/expect.ndjson" --assume-names --target $target --quiet
grep -q '^0 of 1 must-deny events are stopped' "$T/out" || fail "must-deny: $(cat "$T/out")"
grep -q 'taken for granted' "$T/out" || fail "must-deny: nothing is taken for granted"

# Each program that was started by name: silent about it, would its name be taken for its path? Only where it is.
right=0
for folder in 6.1 6.12; do
	zcat tests/golden/$folder/recording.ndjson.gz | jq -c 'map_values(if type == "object" then del(.process.cap, .process.ns, .process.process_credentials, .parent.cap, .parent.ns, .parent.process_credentials) else . end)' \
		>"$T/all.ndjson" || fail jq
	jq -r 'select(.process_tracepoint) | .process_tracepoint | [.process.binary, .args[0].linux_binprm_arg.path] | @tsv' "$T/all.ndjson" |
		sort -u | grep '^/[a-z]' | grep -vE '^/(proc|dev)/|^.{100}' >"$T/names"
	[ "$(wc -l <"$T/names")" -ge 30 ] || fail "$folder: $(wc -l <"$T/names") names"
	while IFS="$(printf '\t')" read -r name path; do
		jq -c --arg path "$path" --slurpfile on "$T/all.ndjson" -n '
			([$on[].process_tracepoint | select(. and .args[0].linux_binprm_arg.path == $path) | .process.exec_id] |
			 map({(.): true}) | add) as $silent |
			$on[] | select(.process_exec or .process_exit or
				(($silent[(.[] | objects | .process.exec_id)] or any(.process_lsm.args[]?; .linux_binprm_arg.path == $path or .file_arg.path == $path)) | not))' \
			>"$T/silent.ndjson" || fail "jq: $name"
		cat >"$T/is.yaml" <<-END
			apiVersion: cilium.io/v1alpha1
			kind: TracingPolicy
			metadata: {name: is}
			spec:
			  tracepoints:
			  - subsystem: sched
			    event: sched_process_exec
			    raw: true
			    selectors:
			    - matchBinaries: [{operator: In, values: ["$name"]}]
			      matchActions: [{action: Sigkill}]
		END
		want 0 "$folder $name" "$STAKEOUT" replay "$T/is.yaml" -c "$T/silent.ndjson" --assume-names --target $target --json
		[ "$(jq -r --arg what "$name is no link" 'select(.assumes != null and (.assumes | startswith($what)) and .verdict == "kill") | .verdict' "$T/out" | sort -u)" = kill ] || continue
		[ "$name" = "$path" ] || fail "$folder: $name is $path, and is taken for a path"
		right=$((right + 1))
	done <"$T/names"
done
[ $right -ge 20 ] || fail "of $right programs only the name was taken for the path"
echo "ok: $right names were taken for paths, each rightly"
