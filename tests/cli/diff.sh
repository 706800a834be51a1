#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stakeout diff: what changes, by workload and rule, in three forms; exit statuses; hostile names in Markdown.
set -u
. tests/lib/want.sh

list=corpus/allowlists/web-server.yaml
"$STAKEOUT" corpus web-server >"$T/web.ndjson" || fail corpus
sed '/path: \/usr\/bin\/sed, by/d' $list >"$T/less.yaml"
cmp -s $list "$T/less.yaml" && fail "the allowlist has no entry for sed"

want 0 "nothing changes" "$STAKEOUT" diff $list $list --corpus "$T/web.ndjson"
grep -q "^$(wc -l <"$T/web.ndjson") events compared, 0 fare otherwise$" "$T/out" || fail "nothing changes: not said"

# An entry taken out: exactly the events that it allowed.
want 1 "an entry less" "$STAKEOUT" diff $list "$T/less.yaml" --corpus "$T/web.ndjson"
grep -q '^now stopped: 6 events$' "$T/out" || fail "an entry less: $(cat "$T/out")"
grep -q '^  web/Deployment/storefront/nginx$' "$T/out" || fail "the workload is not told"
grep -q '^      exec /usr/bin/sed (as /bin/sed) by /usr/bin/dash, 6 times' "$T/out" || fail "the event is not told"
want 0 "an entry more" "$STAKEOUT" diff "$T/less.yaml" $list --corpus "$T/web.ndjson" --json
jq -es '.[0].format == 1 and .[0].change == "unblocked" and .[0].rule_of == "old" and .[0].count == 6 and .[0].different == 1 and
	.[0].events[0].old.verdict == "deny" and .[0].events[0].new.verdict == "allow" and
	.[-1].summary.unblocked == 6 and .[-1].summary.blocked == 0 and .[-1].summary.complete' "$T/out" >/dev/null || fail "JSON"

# Replay, asked twice, says the same.
stopped() {
	"$STAKEOUT" replay "$1" -c "$T/web.ndjson" --json | jq -s '.[-1].summary.deny'
}
[ $(($(stopped "$T/less.yaml") - $(stopped $list))) -eq 6 ] || fail "replay and diff disagree"

# Policies against policies, an image against its allowlist, folders; from monitoring to enforcing is a change.
"$STAKEOUT" compile $list --enforce -o "$T/enforce" >/dev/null || fail compile
"$STAKEOUT" compile $list -o "$T/monitor" >/dev/null || fail compile
want 1 "monitor to enforce" "$STAKEOUT" diff "$T/monitor" "$T/enforce" -c "$T/web.ndjson"
grep -q "^stopped now, was only monitored: $(grep -c '"expect":"deny"' "$T/web.ndjson") events$" "$T/out" || fail "monitor to enforce: $(tail -n 1 "$T/out")"
grep -q 'deny, prevented (if it enforced) -> deny, prevented' "$T/out" || fail "monitoring is not marked"
want 0 "enforce to monitor" "$STAKEOUT" diff "$T/enforce" "$T/monitor" -c "$T/web.ndjson"
sed 's/^mode: .*/mode: enforce/' $list >"$T/enforce.yaml"
want 0 "image and allowlist" "$STAKEOUT" diff "$T/enforce/web-storefront.image.elf" "$T/enforce.yaml" -c "$T/web.ndjson"
grep -q ' 0 fare otherwise' "$T/out" || fail "image and allowlist differ"
want 1 "selectors and details" "$STAKEOUT" diff "$T/monitor" "$T/enforce" -c "$T/web.ndjson" --limit 0
grep -q 'bprm_creds_from_file, selector [0-9]' "$T/out" || fail "no selector is named"

# A policy that would not load has no say, old or new; losing one to that is a no.
cat >"$T/loads.yaml" <<END
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: execs}
spec:
  lsmhooks:
  - hook: bprm_creds_from_file
    args: [{index: 1, type: file}]
    selectors:
    - matchArgs: [{index: 1, operator: Equal, values: [/usr/bin/sed]}]
      matchActions: [{action: Override, argError: -1}]
END
sed 's/index: 1, operator/index: 3, operator/' "$T/loads.yaml" >"$T/broken.yaml"
want 1 "the new one does not load" "$STAKEOUT" diff "$T/loads.yaml" "$T/broken.yaml" -c "$T/web.ndjson"
grep -q '^no longer stopped: ' "$T/out" || fail "the old one's denials are not told"
grep -q '^new: not judged: policy execs does not load on this target.*no argument with index 3' "$T/out" || fail "new: not told"
grep -q 'broken.yaml:9:[0-9]*: error: .*an agent runs without it' "$T/err" || fail "new: no error"
want 1 "the old one does not load" "$STAKEOUT" diff "$T/broken.yaml" "$T/loads.yaml" -c "$T/web.ndjson" --json
jq -es '.[-1].summary | .blocked > 0 and (.old_refused | map(.policy)) == ["execs"] and .new_refused == []' "$T/out" >/dev/null || fail "JSON: old_refused"
want 0 "neither judges" "$STAKEOUT" diff "$T/broken.yaml" /dev/stdin -c "$T/web.ndjson" <<END
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: nothing}
spec: {}
END
want 1 "Markdown" "$STAKEOUT" diff "$T/loads.yaml" "$T/broken.yaml" -c "$T/web.ndjson" --markdown
grep -q '^### Policy change: does not load$' "$T/out" || fail "Markdown: title"
grep -q '^- \*\*the new one does not load and is not judged\*\*: policy . execs' "$T/out" || fail "Markdown: which: $(cat "$T/out")"

# What the corpus expects and the change breaks is told.
sed 's|/usr/bin/sed|/no/such|' "$T/loads.yaml" >"$T/idle.yaml"
sed 's|/usr/bin/sed|/usr/bin/id|' "$T/loads.yaml" >"$T/id.yaml"
want 0 "admits what must be denied" "$STAKEOUT" diff "$T/id.yaml" "$T/idle.yaml" -c "$T/web.ndjson"
grep -q '; [1-9][0-9]* that must be denied would pass$' "$T/out" || fail "must-deny admitted: $(cat "$T/out")"
want 1 "stops what must be allowed" "$STAKEOUT" diff "$T/idle.yaml" "$T/loads.yaml" -c "$T/web.ndjson" --json
jq -es '.[-1].summary | .must_allow_stopped > 0 and .must_deny_admitted == 0' "$T/out" >/dev/null || fail "must-allow stopped: $(tail -n 1 "$T/out")"
want 1 "the same as Markdown" "$STAKEOUT" diff "$T/idle.yaml" "$T/loads.yaml" -c "$T/web.ndjson" --markdown
grep -q '^**[1-9][0-9]* that must be allowed would be stopped' "$T/out" || fail "Markdown: must-allow stopped"

# An agent has one policy of a name: the second is told and not judged, with whatever it would have stopped.
mkdir "$T/twice"
sed 's|/usr/bin/sed|/no/such|' "$T/loads.yaml" >"$T/twice/1.yaml"
cp "$T/loads.yaml" "$T/twice/2.yaml"
want 1 "replay: one name twice" "$STAKEOUT" replay "$T/twice" -c "$T/web.ndjson" --json
grep -q '2.yaml:1:1: error: metadata.name: .*1.yaml:1 has a policy of this name.* a second one' "$T/err" || fail "one name twice: $(cat "$T/err")"
jq -es '.[-1].summary | .deny + .kill == 0 and (.refused | map(.id)) == ["policy-twice"]' "$T/out" >/dev/null || fail "one name twice: $(tail -n 1 "$T/out")"
want 1 "diff: one name twice" "$STAKEOUT" diff "$T/twice/1.yaml" "$T/twice" -c "$T/web.ndjson"
grep -q ' 0 fare otherwise$' "$T/out" || fail "diff: the second of a name was judged"
want 1 "explain: one name twice" "$STAKEOUT" explain "$T/twice" "$T/web.ndjson:1"
# Of another kind it is another policy.
sed 's/kind: TracingPolicy/kind: TracingPolicyNamespaced/; s/name: execs/name: execs, namespace: shop/' "$T/loads.yaml" >"$T/twice/2.yaml"
want 0 "the same name in a namespace" "$STAKEOUT" diff "$T/twice/1.yaml" "$T/twice" -c "$T/web.ndjson" --json
jq -es '.[-1].summary.new_refused == []' "$T/out" >/dev/null || fail "the same name in a namespace is refused"

# Many sources on threads: the same bytes for any number of them, sums of the sources, no result beyond one that is broken.
"$STAKEOUT" corpus -o "$T/corpora" corpus/scenarios/*.yaml >/dev/null || fail corpora
for how in "--limit 0" "--limit 1 --json" "--markdown"; do
	for jobs in 1 2 9; do
		# shellcheck disable=SC2086
		want 1 "$how --jobs $jobs" "$STAKEOUT" diff corpus/allowlists/web-server.yaml "$T/less.yaml" -c "$T/corpora" -c "$T/web.ndjson" $how --jobs $jobs
		cp "$T/out" "$T/jobs.$jobs"
		cmp "$T/jobs.1" "$T/jobs.$jobs" || fail "$how: --jobs $jobs differs"
	done
done
mkdir "$T/three"
cp "$T/web.ndjson" "$T/three/a.ndjson"
echo 'not json' >"$T/three/b.ndjson"
cp "$T/web.ndjson" "$T/three/c.ndjson"
want 2 "a broken source among others" "$STAKEOUT" diff $list "$T/less.yaml" -c "$T/three" --jobs 3
grep -q 'b.ndjson' "$T/err" || fail "the broken source is not named"

# What the events do not tell may be stopped, and counts: a plain export tells no resolved path.
policy() { # FILE OPERATOR
	cat >"$1" <<-END
	apiVersion: cilium.io/v1alpha1
	kind: TracingPolicy
	metadata: {name: shells}
	spec:
	  lsmhooks:
	  - hook: bprm_check_security
	    args: [{index: 0, type: linux_binprm}]
	    selectors:
	    - matchArgs: [{index: 0, operator: $2, values: [/usr/bin/dash]}]
	      matchActions: [{action: Override, argError: -1}]
	END
}
policy "$T/old.yaml" Equal
sed 's/Override, argError: -1/Post/' "$T/old.yaml" >"$T/post.yaml"
printf '%s\n' '{"process_exec":{"process":{"exec_id":"a","pid":7,"binary":"/bin/sh","flags":"execve"},"parent":{"exec_id":"b","pid":1,"binary":"/sbin/init"}},"time":"2026-03-02T06:00:00Z"}' >"$T/plain.ndjson"
want 1 "allowed to unknown" "$STAKEOUT" diff "$T/post.yaml" "$T/old.yaml" -c "$T/plain.ndjson" --json
jq -es '.[-1].summary["may-be-blocked"] == 1' "$T/out" >/dev/null || fail "allowed to unknown: $(cat "$T/out")"
want 0 "unknown to allowed" "$STAKEOUT" diff "$T/old.yaml" "$T/post.yaml" -c "$T/plain.ndjson"

# Hostile names stay inside their code spans and their HTML.
printf '%s\n' '{"process_exec":{"process":{"exec_id":"a","pid":7,"binary":"/x`</details><img src=x>``|**@all**\n# h","flags":"execve","pod":{"namespace":"n<b>","name":"p","workload":"w","workload_kind":"Deployment","container":{"id":"docker://1","name":"c"}}},"parent":{"exec_id":"b","pid":1,"binary":"/sbin/init"}},"time":"2026-03-02T06:00:00Z","stakeout":{"format":1,"path":"/x`</details><img src=x>``|**@all**\n# h"}}' >"$T/evil.ndjson"
policy "$T/new.yaml" NotEqual
want 1 markdown "$STAKEOUT" diff "$T/post.yaml" "$T/new.yaml" -c "$T/evil.ndjson" --markdown
grep -q '^### Policy change: would stop what passed$' "$T/out" || fail "Markdown: no heading"
grep -q '^| 1 | \*\*' "$T/out" || fail "Markdown: no counts"
grep -q '^- ``` exec /x`</details>' "$T/out" || fail "Markdown: the fence is not longer than what is in it: $(cat "$T/out")"
grep -q '^# h' "$T/out" && fail "Markdown: a name begins a line"
grep '<summary>' "$T/out" | grep -q 'n<b>' && fail "Markdown: HTML of a name"
[ "$(grep -c '^<details>' "$T/out")" -eq "$(grep -c '^</details>' "$T/out")" ] || fail "Markdown: details"

# A comment has a limit; what does not fit is counted.
i=0
while [ $i -lt 400 ]; do
	printf '{"process_exec":{"process":{"exec_id":"a%d","pid":7,"binary":"/x","flags":"execve","pod":{"namespace":"n%d","name":"p","workload":"w","workload_kind":"Deployment","container":{"id":"docker://1","name":"c"}}},"parent":{"exec_id":"b","pid":1,"binary":"/sbin/init"}},"time":"2026-03-02T06:00:00Z","stakeout":{"format":1,"path":"/x"}}\n' $i $i
	i=$((i + 1))
done >"$T/many.ndjson"
want 1 "many groups" "$STAKEOUT" diff "$T/post.yaml" "$T/new.yaml" -c "$T/many.ndjson" --markdown
[ "$(wc -c <"$T/out")" -lt 65536 ] || fail "Markdown does not fit a comment"
grep -q '^[0-9]* more groups do not fit' "$T/out" || fail "groups are left out in silence"

want 2 "no corpus" "$STAKEOUT" diff $list $list
want 2 "one side only" "$STAKEOUT" diff $list -c "$T/web.ndjson"
want 2 "missing side" "$STAKEOUT" diff $list "$T/none.yaml" -c "$T/web.ndjson"
want 2 "bad corpus" "$STAKEOUT" diff $list $list -c "$T/less.yaml"
want 2 "two forms" "$STAKEOUT" diff $list $list -c "$T/web.ndjson" --json --markdown
# Alike in words and rule, but a signal that was another: told apart.
for n in 9 10; do
	printf '%s\n' '{"process_lsm":{"process":{"exec_id":"YQ==","pid":7,"binary":"/usr/bin/cat","flags":"execve"},"function_name":"task_kill","args":[{"int_arg":'$n'}]},"time":"2026-03-02T06:00:00Z"}'
done >"$T/signals.ndjson"
signals() { # SELECTORS
	printf '%s\n' 'apiVersion: cilium.io/v1alpha1' 'kind: TracingPolicy' 'metadata: {name: signals}' 'spec:' '  lsmhooks:' '  - hook: task_kill' \
		'    args: [{index: 2, type: int}]' "    selectors: [$1]"
}
signals '{matchArgs: [{index: 2, operator: Equal, values: ["9"]}], matchActions: [{action: Signal, argSig: 5}]},
      {matchActions: [{action: Signal, argSig: 15}]}' >"$T/signals-old.yaml"
signals '{matchActions: [{action: Sigkill}]}' >"$T/signals-new.yaml"
want 0 "two signals" "$STAKEOUT" diff "$T/signals-old.yaml" "$T/signals-new.yaml" -c "$T/signals.ndjson" --json
jq -se '.[0].change == "effect" and ([.[0].events[].line] == [1, 2])' "$T/out" >/dev/null || fail "two signals: $(cat "$T/out")"

echo ok
