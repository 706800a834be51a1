#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stakeout replay on real outputs: exit statuses, JSON form, JUnit, bad input.
set -u
. tests/lib/want.sh

"$STAKEOUT" corpus web-server >"$T/web.ndjson" || fail corpus
"$STAKEOUT" corpus batch-job >"$T/batch.ndjson" || fail corpus
want 0 compile "$STAKEOUT" compile corpus/allowlists/web-server.yaml -o "$T/web" --enforce

want 0 "all expectations hold" "$STAKEOUT" replay "$T/web" --corpus "$T/web.ndjson" --junit "$T/junit.xml"
grep -q ' of 927 must-allow events are broken' "$T/out" || fail "totals are not told"
grep -q 'prevented' "$T/out" || fail "effect is not told"
grep -q '<testsuite name="stakeout replay"' "$T/junit.xml" || fail "no JUnit suite"
grep -q 'failures="0"' "$T/junit.xml" || fail "JUnit failures"

# Another workload's attacks are none of this policy's business, and its author's must-deny is broken.
want 1 "must-deny broken" "$STAKEOUT" replay "$T/web" --corpus "$T/batch.ndjson" --junit "$T/junit.xml"
grep -q 'must-deny attack: memfd run' "$T/out" || fail "the broken label is not told"
grep -q '<failure message=' "$T/junit.xml" || fail "JUnit failure missing"

# Names are whatever an event says: JUnit stays XML, without what XML cannot hold.
printf '%s\n' '{"process_exec":{"process":{"exec_id":"e","pid":9,"uid":0,"cwd":"/","binary":"/bin/x","flags":"execve clone","start_time":"2026-03-02T06:00:00Z"},"parent":{"exec_id":"p","pid":1,"binary":"/sbin/init"}},"stakeout":{"format":1,"path":"/bin/\uffff\u0001<&","parent_path":"/sbin/init","expect":"deny","label":"a\ufffe]]>\"b"},"time":"2026-03-02T06:00:00Z"}' >"$T/names.ndjson"
want 1 "hostile names" "$STAKEOUT" replay "$T/web" --corpus "$T/names.ndjson" --junit "$T/junit.xml"
grep -qF 'name="a\xef\xbf\xbe]]&gt;&quot;b"' "$T/junit.xml" || fail "JUnit: the label: $(cat "$T/junit.xml")"
grep -qF 'exec /bin/\xef\xbf\xbf\x01&lt;&amp; (as' "$T/junit.xml" || fail "JUnit: the event: $(cat "$T/junit.xml")"
[ "$(LC_ALL=C tr -d '[:print:]\n' <"$T/junit.xml" | wc -c)" -eq 0 ] || fail "JUnit: bytes that are no text"
# A store in the place of a policy, and a value that a flag does not take, are told as what they are.
want 0 "store" "$STAKEOUT" ingest --db "$T/s.db" "$T/batch.ndjson"
want 2 "a store for a policy" "$STAKEOUT" replay "$T/s.db" --corpus "$T/web.ndjson"
grep -q 's.db: error: is a store, and no policy' "$T/err" || fail "a store for a policy: $(cat "$T/err")"
want 2 "a flag with a value" "$STAKEOUT" replay "$T/web" --json=yes
grep -q -e '--json takes no value' "$T/err" || fail "a flag with a value: $(cat "$T/err")"
# JSON: an object per event and policy, then the summary; every line is JSON; stable keys.
want 0 json "$STAKEOUT" replay "$T/web" --corpus "$T/web.ndjson" --json
jq -es 'all(.[:-1][]; has("source") and has("line") and has("policy") and has("hook") and has("selector")
	and has("verdict") and has("effect") and has("monitor") and has("why"))
	and .[0].format == 1 and (.[-1].summary.must_deny_broken == 0) and (.[-1].summary | has("unrecorded_hooks"))' \
	"$T/out" >/dev/null || fail "JSON form"
one=$(jq -s length "$T/out")
want 0 "json --all" "$STAKEOUT" replay "$T/web" --corpus "$T/web.ndjson" --json --all
[ "$(jq -s length "$T/out")" -gt "$one" ] || fail "--all adds nothing"

# Same input, same bytes; standard input; gzip; several corpora add up.
"$STAKEOUT" replay "$T/web" --corpus "$T/web.ndjson" --json >"$T/1"
"$STAKEOUT" replay "$T/web" --corpus "$T/web.ndjson" --json >"$T/2"
cmp "$T/1" "$T/2" || fail "not the same twice"
want 0 stdin sh -c '"$1" replay "$2" --corpus - <"$3"' sh "$STAKEOUT" "$T/web" "$T/web.ndjson"

# A pipe is read once: an exec that the line of its hook did not come for is judged at the end, as it is in the file.
cat >"$T/late.yaml" <<EOF
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: late}
spec:
  tracepoints:
  - subsystem: sched
    event: sched_process_exec
    raw: true
    args: [{index: 2, type: linux_binprm}]
    selectors:
    - matchArgs: [{args: [0], operator: Prefix, values: [/lab/]}]
      matchActions: [{action: Sigkill}]
EOF
zcat tests/golden/6.12/recording.ndjson.gz | sed -n 1,19p >"$T/late.ndjson"
want 0 "late, file" "$STAKEOUT" replay "$T/late.yaml" --corpus "$T/late.ndjson" --json
jq -s '[.[:-1][] | select(.line == 19) | .verdict]' "$T/out" >"$T/1"
want 0 "late, pipe" sh -c 'cat "$3" | "$1" replay "$2" --corpus - --json' sh "$STAKEOUT" "$T/late.yaml" "$T/late.ndjson"
jq -s '[.[:-1][] | select(.line == 19) | .verdict]' "$T/out" >"$T/2"
grep -q kill "$T/2" || fail "the last exec is not judged"
cmp "$T/1" "$T/2" || { cat "$T/1" "$T/2"; fail "a pipe tells something else than the file"; }

gzip -k "$T/web.ndjson"
want 0 gzip "$STAKEOUT" replay "$T/web" --corpus "$T/web.ndjson.gz" --corpus "$T/web.ndjson" --quiet
grep -q '^1,924 events' "$T/out" || fail "two corpora do not add up"

# A datagram sent without connect passes no connect hook: the YAML cannot stop it and must not claim to; the
# image's cgroup hooks can.
"$STAKEOUT" corpus node-service | grep '"label":"attack: UDP exfiltration"' | grep socket_connect |
	sed 's/security_socket_connect/security_socket_sendmsg/; s/"stakeout":{"format":1/&,"tags":["unconnected"]/' >"$T/udp.ndjson"
sent=$(grep -c . "$T/udp.ndjson")
[ "$sent" -gt 0 ] || fail "no UDP events to change"
want 0 compile "$STAKEOUT" compile corpus/allowlists/node-service.yaml -o "$T/node" --enforce
want 1 "unconnected, YAML" "$STAKEOUT" replay "$T"/node/shop-cart.yaml --corpus "$T/udp.ndjson"
grep -q "^0 of $sent must-deny" "$T/out" || fail "the YAML claims to stop an unconnected datagram"
want 0 "unconnected, image" "$STAKEOUT" replay "$T"/node/shop-cart.image.elf --corpus "$T/udp.ndjson"

# An image by the back end in use: the signal back end kills, an open after its effect, and has no guards.
want 1 "image by signal" "$STAKEOUT" replay "$T"/web/web-storefront.image.elf --corpus "$T/web.ndjson" --target backend=signal --json
jq -es '[.[:-1][] | select(.verdict == "kill" or .verdict == "deny") | [.verdict, .effect]] | unique ==
	[["deny", "prevented"], ["kill", "happened"], ["kill", "prevented"]]' "$T/out" >/dev/null || fail "verdicts by signal"
jq -es 'any(.[:-1][]; .verdict == "allow" and .why == "the signal back end has no guards")' "$T/out" >/dev/null || fail "guards by signal"

# A policy that no agent there would load has no say, which is told; the others are judged.
cat >"$T/dead.yaml" <<END
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: dead}
spec:
  lsmhooks:
  - hook: file_open
    args: [{index: 0, type: file}]
    selectors:
    - matchArgs: [{index: 7, operator: Equal, values: [/x]}]
END
want 1 "does not load" "$STAKEOUT" replay "$T/dead.yaml" --corpus "$T/web.ndjson" --quiet
grep -q "dead.yaml:9:[0-9]*: error: .*does not load on the target, so an agent runs without it: no argument with index 7" "$T/err" ||
	{ cat "$T/err"; fail "a policy that does not load is not named"; }
grep -q "^not judged: policy dead does not load on this target.*no argument with index 7" "$T/out" || fail "the report does not name it"
cat >"$T/one.ndjson" <<END
{"process_exec":{"process":{"exec_id":"bjE6MTox","pid":7,"binary":"/usr/bin/id","flags":"execve","start_time":"2026-01-01T00:00:00Z"}},"time":"2026-01-01T00:00:00Z"}
END
mkdir "$T/pair"
cp "$T/dead.yaml" "$T/pair/a.yaml"
cat >"$T/pair/b.yaml" <<END
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: lives}
spec:
  tracepoints:
  - subsystem: sched
    event: sched_process_exec
END
want 1 "one of two" "$STAKEOUT" replay "$T/pair" --corpus "$T/one.ndjson" --junit "$T/pair.xml"
grep -q "^1 events: 0 stopped .* 1 reported only" "$T/out" || { cat "$T/out"; fail "the policy that loads is not judged"; }
grep -q '<testsuite name="stakeout replay" tests="2" failures="1">' "$T/pair.xml" || fail "JUnit counts"
grep -q '<testcase classname="loads" name="lives"/>' "$T/pair.xml" || fail "JUnit: a policy that loads"
grep -A1 '<testcase classname="loads" name="dead">' "$T/pair.xml" | grep -q 'not judged.*no argument with index 7' || fail "JUnit: one that does not"
want 1 "one of two, JSON" "$STAKEOUT" replay "$T/pair" --corpus "$T/one.ndjson" --json
jq -es '(map(select(.policy)) | map([.policy, .verdict])) == [["lives", "post"]] and
	(.[-1].summary | (.refused | map([.policy, .id, .line, .reasons])) == [["dead", "load-filter-arg", 9, 1]] and
	(.unrecorded_hooks | length) == 0 and (.never_exercised | length) == 0)' "$T/out" >/dev/null || { cat "$T/out"; fail "JSON of a refused policy"; }
# Whether it loads is a matter of the target.
want 1 "error injection" "$STAKEOUT" replay tests/replay/policies/kprobe-exec.yaml --corpus "$T/one.ndjson" --quiet --target lsm=no,kernel=5.2
want 0 "a newer kernel" "$STAKEOUT" replay tests/replay/policies/kprobe-exec.yaml --corpus "$T/one.ndjson" --quiet --target lsm=no,kprobe-multi=no

# Bad input says what and where.
want 2 "no corpus" "$STAKEOUT" replay "$T/web"
want 2 "missing policy" "$STAKEOUT" replay "$T/none.yaml" --corpus "$T/web.ndjson"
grep -q "none.yaml: error: cannot be read: No such file" "$T/err" || fail "missing policy is not named"
want 2 "missing corpus" "$STAKEOUT" replay "$T/web" --corpus "$T/none"
mkdir "$T/empty"
want 2 "empty folder" "$STAKEOUT" replay "$T/empty" --corpus "$T/web.ndjson"
head -c 3000 "$T/web/web-storefront.image.elf" >"$T/cut.elf"
want 2 "cut image" "$STAKEOUT" replay "$T/cut.elf" --corpus "$T/web.ndjson"
printf 'kind: [\n' >"$T/bad.yaml"
want 2 "bad YAML" "$STAKEOUT" replay "$T/bad.yaml" --corpus "$T/web.ndjson"
grep -q "bad.yaml:[12]" "$T/err" || fail "line of bad YAML"
printf 'not json\n' >"$T/bad.ndjson"
want 2 "bad corpus" "$STAKEOUT" replay "$T/web" --corpus "$T/bad.ndjson"
want 2 "bad target" "$STAKEOUT" replay "$T/web" --corpus "$T/web.ndjson" --target kernel=x
want 2 "not a store" "$STAKEOUT" replay "$T/web" --db "$T/bad.ndjson"
[ ! -w /dev/full ] || want 3 "full output" sh -c '"$1" replay "$2" --corpus "$3" >/dev/full' sh "$STAKEOUT" "$T/web" "$T/web.ndjson"
echo ok
