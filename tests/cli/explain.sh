#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stakeout explain: every step, the nearest rule, an edit that holds when it is made by hand and replayed, what else it turns.
set -u
. tests/lib/want.sh
said() { grep -qF -- "$1" "$T/out" || { cat "$T/out"; fail "not said: $1"; }; }

"$STAKEOUT" corpus web-server >"$T/web.ndjson" || fail corpus
line_of() { # PATTERN: the first line with it
	grep -n -- "$1" "$T/web.ndjson" | head -n 1 | cut -d: -f1
}
verdict_at() { # POLICY LINE
	"$STAKEOUT" replay "$1" -c "$T/web.ndjson" --json --all | jq -r --argjson n "$2" 'select(.line == $n).verdict' | sort | tail -n 1
}
id=$(line_of '"binary":"/usr/bin/id"')
[ -n "$id" ] || fail "the corpus has no exec of id"

# A policy of two selectors: what may run, and a second hook's filter on who acts.
cat >"$T/p.yaml" <<'END'
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: programs}
spec:
  podSelector: {matchLabels: {app.kubernetes.io/name: storefront}}
  lsmhooks:
  - hook: bprm_check_security
    args: [{index: 0, type: linux_binprm}]
    selectors:
    - matchArgs:
      - {index: 0, operator: NotEqual, values: [/usr/sbin/nginx, /usr/bin/dash, /usr/bin/find]}
      - {index: 0, operator: NotPrefix, values: [/docker-entrypoint]}
      matchActions: [{action: Override, argError: -1}]
END
want 1 steps "$STAKEOUT" explain "$T/p.yaml" "$T/web.ndjson:$id" --corpus "$T/web.ndjson"
said "verdict: deny, prevented, the caller sees Operation not permitted"
said "  scope, yes: the process is in pod web/storefront-"
said "  selector 0 matches: the selector matches: the call fails"
said "argument 0 (linux_binprm) NotEqual: /usr/bin/id is none of the 3 listed (nearest: /usr/bin/find)"
said "add /usr/bin/id to matchArgs NotEqual, $T/p.yaml:11:9"
said "or add /usr/bin/id to matchArgs NotPrefix, $T/p.yaml:12:9: it admits /usr/bin/id and every name that begins so"
said "tried: with it the event is allowed"

# Made by hand where it says, it holds; and as many events turn as it says.
want 1 json "$STAKEOUT" explain "$T/p.yaml" "$T/web.ndjson:$id" --corpus "$T/web.ndjson" --json
jq -e '.format == 1 and .verdict == "deny" and .edit_to == "allow" and (.edits | length) == 1 and [.alternatives[].kind] == ["add-value", "add-filter"] and
	([.steps[] | select(.step == "filter" and .answer == "yes")] | length) == 2' "$T/out" >/dev/null || fail "JSON: $(cat "$T/out")"
sed "$(jq -r '.edits[0] | "\(.line)s|values: \\[|&\(.value), |"' "$T/out")" "$T/p.yaml" >"$T/edited.yaml"
cmp -s "$T/p.yaml" "$T/edited.yaml" && fail "the place of the edit is not where it says"
[ "$(verdict_at "$T/p.yaml" "$id")" = deny ] || fail "explain and replay disagree"
[ "$(verdict_at "$T/edited.yaml" "$id")" = allow ] || fail "the edit does not turn the verdict: $(verdict_at "$T/edited.yaml" "$id")"
"$STAKEOUT" diff "$T/p.yaml" "$T/edited.yaml" -c "$T/web.ndjson" --json >"$T/diff"
[ "$(jq -s '.[-1].summary.unblocked' "$T/diff")" -eq "$(jq .surplus.changed "$T/out")" ] || fail "the surplus is not what diff finds"

# The other way: what is allowed, and the value that lets it pass.
dash=$(line_of '"binary":"/usr/bin/find"')
want 0 "to stop" "$STAKEOUT" explain "$T/p.yaml" "$T/web.ndjson:$dash"
said "nearest rule that did not match: programs, bprm_check_security, selector 0; it fails by:"
said "take /usr/bin/find out of matchArgs NotEqual, $T/p.yaml:11:9"
sed '11s|, /usr/bin/find||' "$T/p.yaml" >"$T/edited.yaml"
[ "$(verdict_at "$T/edited.yaml" "$dash")" = deny ] || fail "the edit does not stop it"

# Compiled policies: every attack that is stopped has an edit or a reason, and no edit that was told fails when tried again.
"$STAKEOUT" compile corpus/allowlists/web-server.yaml --enforce -o "$T/web" >/dev/null || fail compile
rm "$T"/web/*.elf
n=0
for line in $("$STAKEOUT" replay "$T/web" -c "$T/web.ndjson" --json | jq -r 'select(.verdict == "deny").line' | sort -nu); do
	want 1 "line $line" "$STAKEOUT" explain "$T/web" "$T/web.ndjson:$line" --json
	jq -e '.verdict == "deny" and ((.edits | length) > 0) != (.no_edit != null)' "$T/out" >/dev/null || fail "line $line: $(cat "$T/out")"
	n=$((n + $(jq '.edits | length' "$T/out")))
done
[ $n -gt 10 ] || fail "only $n edits"

# Allowlists: the entry; their images cannot be edited and say so.
list=corpus/allowlists/web-server.yaml
want 1 allowlist "$STAKEOUT" explain $list "$T/web.ndjson:$id" -c "$T/web.ndjson"
said "add to the allowlist web-storefront: only /usr/bin/dash may start /usr/bin/id"
said "nearest entry: only /usr/bin/dash may start /usr/bin/find (line 20)"
sed 's|^    - {path: /usr/bin/find.*|&\n    - {path: /usr/bin/id, by: [/usr/bin/dash]}|' $list >"$T/list.yaml"
[ "$(verdict_at "$T/list.yaml" "$id")" = allow ] || fail "the entry does not allow it"
want 0 "allowed by an entry" "$STAKEOUT" explain $list "$T/web.ndjson:$dash"
said "take out of the allowlist web-storefront: only /usr/bin/dash may start /usr/bin/find ($list:20)"
"$STAKEOUT" compile $list -o "$T/elf" >/dev/null
want 1 image "$STAKEOUT" explain "$T/elf/web-storefront.image.elf" "$T/web.ndjson:$id"
said "give the allowlist it was made of instead"

# An event as JSON, an observation of a store, another pod, what is not known.
want 1 "a JSON line" "$STAKEOUT" explain "$T/p.yaml" "$(sed -n "${id}p" "$T/web.ndjson")"
said "exec /usr/bin/id"
"$STAKEOUT" ingest --db "$T/s.db" "$T/web.ndjson" >/dev/null || fail ingest
number=$("$STAKEOUT" show storefront --db "$T/s.db" --json | jq -r 'select(.path == "/usr/bin/id").id' | head -n 1)
want 1 "an observation" "$STAKEOUT" explain "$T/p.yaml" "$number" --db "$T/s.db"
said "exec /usr/bin/id"
sed 's/storefront}/other}/' "$T/p.yaml" >"$T/other.yaml"
want 0 "another pod" "$STAKEOUT" explain "$T/other.yaml" "$T/web.ndjson:$id"
said "verdict: allow: no hook of these policies is reached by a process that they are for"
sed '/podSelector/d' "$T/p.yaml" >"$T/all.yaml"
want 1 unknown "$STAKEOUT" explain "$T/all.yaml" '{"process_exec":{"process":{"exec_id":"a","pid":7,"binary":"/bin/sh","flags":"execve"},"parent":{"exec_id":"b","pid":1,"binary":"/sbin/init"}},"time":"2026-03-02T06:00:00Z"}'
said "verdict: unknown"
said "the events must tell more"

# Of the edits that turn it, the one that changes least among the other events is told first; without others, the narrowest.
cat >"$T/etc.yaml" <<'END'
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: etc}
spec:
  lsmhooks:
  - hook: file_open
    args: [{index: 0, type: file}]
    selectors:
    - matchArgs: [{index: 0, operator: Prefix, values: [/etc/nginx/, /usr/share/}]
      matchBinaries: [{operator: NotIn, values: [/usr/bin/envsubst]}]
      matchActions: [{action: Override, argError: -1}]
END
sed -i 's|/usr/share/}]|/usr/share/]}]|' "$T/etc.yaml"
conf=$("$STAKEOUT" replay "$T/etc.yaml" -c "$T/web.ndjson" --json | jq -r 'select(.event == "read /etc/nginx/nginx.conf by /usr/sbin/nginx").line' | head -n 1)
want 1 "narrowest" "$STAKEOUT" explain "$T/etc.yaml" "$T/web.ndjson:$conf" --json
jq -e '[.edits[0], .alternatives[] | .kind] == ["add-value", "add-filter", "remove-value"]' "$T/out" >/dev/null || fail "narrowest: $(cat "$T/out")"
want 1 "least" "$STAKEOUT" explain "$T/etc.yaml" "$T/web.ndjson:$conf" --corpus "$T/web.ndjson" --json
jq -e '[.edits[0], .alternatives[] | .kind] == ["add-filter", "remove-value", "add-value"] and
	([.edits[0], .alternatives[] | .changes] | . == sort and .[0] < .[1] and .[1] < .[2]) and
	.surplus.changed == .edits[0].changes' "$T/out" >/dev/null || fail "least: $(cat "$T/out")"
# What must be denied weighs more: an edit that admits it is told last, and says so. Here only vi's write must be.
jq -c 'if .process_kprobe.process.binary == "/usr/sbin/nginx" then del(.stakeout.expect) else . end' "$T/web.ndjson" >"$T/vi.ndjson"
want 1 "must-deny" "$STAKEOUT" explain "$T/etc.yaml" "$T/vi.ndjson:$conf" --corpus "$T/vi.ndjson" --json
jq -e '.edits[0].kind == "add-value" and .edits[0].breaks == 0 and .alternatives[-1].kind == "remove-value" and .alternatives[-1].breaks == 1 and
	.edits[0].changes > .alternatives[-1].changes and .surplus.breaks == 0' "$T/out" >/dev/null || fail "must-deny: $(cat "$T/out")"
want 1 "must-deny, text" "$STAKEOUT" explain "$T/etc.yaml" "$T/vi.ndjson:$conf" --corpus "$T/vi.ndjson"
said "; among the events given it changes 46, 1 of them must be denied"
want 1 "each breaks" "$STAKEOUT" explain "$T/etc.yaml" "$T/web.ndjson:$conf" --corpus "$T/web.ndjson"
said "2 of them must be denied: no edit to make as it is"
said "deny -> allow: write+truncate /etc/nginx/nginx.conf by /usr/bin/vi, 1 of web/Deployment/storefront/nginx, which must be denied"
vi=$("$STAKEOUT" replay "$T/etc.yaml" -c "$T/vi.ndjson" --json | jq -r 'select(.event == "write+truncate /etc/nginx/nginx.conf by /usr/bin/vi").line')
want 1 "the event itself" "$STAKEOUT" explain "$T/etc.yaml" "$T/vi.ndjson:$vi"
said "the corpus says that it must be denied: an edit breaks that"
want 0 "no hook" "$STAKEOUT" explain "$T/etc.yaml" "$T/web.ndjson:$id"
said "smallest edit: no hook of these policies sees this event"

# Where no list takes the event's value, a filter of its own does: written into the selector by hand it lets just that pass, or
# taken out it lets the selector match.
cat >"$T/hooks.ndjson" <<'END'
{"process_lsm":{"process":{"exec_id":"YQ==","pid":7,"binary":"/usr/bin/cat","flags":"execve"},"parent":{"exec_id":"Yg==","pid":1,"binary":"/sbin/init"},"function_name":"file_open","args":[{"file_arg":{"path":"/etc/shadow","permission":"-rw-------"}}]},"time":"2026-03-02T06:00:00Z"}
{"process_lsm":{"process":{"exec_id":"YQ==","pid":7,"binary":"/usr/bin/cat","flags":"execve"},"parent":{"exec_id":"Yg==","pid":1,"binary":"/sbin/init"},"function_name":"file_open","args":[{"file_arg":{"path":"/etc/passwd","permission":"-rw-r--r--"}}]},"time":"2026-03-02T06:00:00Z"}
{"process_lsm":{"process":{"exec_id":"YQ==","pid":7,"binary":"/usr/bin/cat","flags":"execve"},"parent":{"exec_id":"Yg==","pid":1,"binary":"/sbin/init"},"function_name":"task_kill","args":[{"int_arg":9}]},"time":"2026-03-02T06:00:00Z"}
{"process_lsm":{"process":{"exec_id":"YQ==","pid":7,"binary":"/usr/bin/cat","flags":"execve"},"parent":{"exec_id":"Yg==","pid":1,"binary":"/sbin/init"},"function_name":"socket_connect","args":[{"sockaddr_arg":{"family":"AF_INET","addr":"192.0.2.1","port":443}}]},"time":"2026-03-02T06:00:00Z"}
END
turns() { # LINE EDIT HOOK ARGUMENT SELECTOR
	printf '%s\n' 'apiVersion: cilium.io/v1alpha1' 'kind: TracingPolicy' 'metadata: {name: turned}' 'spec:' '  lsmhooks:' "  - hook: $3" \
		"    args: [$4]" '    selectors:' "    - $5" '      matchActions: [{action: Override, argError: -1}]' >"$T/turned.yaml"
	was=$("$STAKEOUT" replay "$T/turned.yaml" -c "$T/hooks.ndjson" --presume-paths --json | jq -r --argjson n "$1" 'select(.line == $n).verdict')
	"$STAKEOUT" explain "$T/turned.yaml" "$T/hooks.ndjson:$1" --presume-paths --json >"$T/out"
	[ "$(jq -r '.edits[0] | "\(.kind) \(if .filter then .field + .filter else .value // "" end)"' "$T/out")" = "$2" ] || fail "$2: $(jq -c '.edits[0], .no_edit' "$T/out")"
	case $2 in
	"add-filter matchArgs"*) sed "s|matchArgs: \[|&$(jq -r '.edits[0].filter' "$T/out"), |" "$T/turned.yaml" >"$T/edited.yaml" ;;
	"add-filter matchBinaries"*) sed "9s|\$|\n      matchBinaries: [$(jq -r '.edits[0].filter' "$T/out")]|" "$T/turned.yaml" >"$T/edited.yaml" ;;
	remove-value*) sed "s|\"$(jq -r '.edits[0].value' "$T/out")\", ||" "$T/turned.yaml" >"$T/edited.yaml" ;;
	remove-filter*) sed '9s|- .*|-|' "$T/turned.yaml" >"$T/edited.yaml" ;;
	esac
	cmp -s "$T/turned.yaml" "$T/edited.yaml" && fail "$2: not made"
	now=$("$STAKEOUT" replay "$T/edited.yaml" -c "$T/hooks.ndjson" --presume-paths --json | jq -r --argjson n "$1" 'select(.line == $n).verdict')
	case $was-$now in
	deny-allow | allow-deny) ;;
	*) cat "$T/edited.yaml"; fail "$2: $was, then $now" ;;
	esac
}
turns 1 'add-filter matchArgs{index: 0, operator: NotEqual, values: ["/etc/shadow"]}' file_open '{index: 0, type: file}' 'matchArgs: [{index: 0, operator: Prefix, values: [/etc/]}]'
turns 1 'add-filter matchArgs{index: 0, operator: NotEqual, values: ["/etc/shadow"]}' file_open '{index: 0, type: file}' 'matchArgs: [{index: 0, operator: FileType, values: [reg]}]'
turns 1 'add-filter matchBinaries{operator: NotIn, values: ["/usr/bin/cat"]}' file_open '{index: 0, type: file}' 'label: all'
turns 3 'add-filter matchArgs{index: 2, operator: NotEqual, values: ["9"]}' task_kill '{index: 2, type: int}' 'matchArgs: [{index: 2, operator: Equal, values: ["9"]}]'
turns 3 'add-filter matchArgs{index: 2, operator: NotEqual, values: ["9"]}' task_kill '{index: 2, type: int}' 'matchArgs: [{index: 2, operator: GT, values: ["5"]}]'
turns 3 'remove-value 0x9' task_kill '{index: 2, type: int}' 'matchArgs: [{index: 2, operator: Equal, values: ["0x9", "15"]}]'
turns 3 'add-filter matchArgs{index: 2, operator: NotEqual, values: ["9"]}' task_kill '{index: 2, type: int}' 'matchArgs: [{index: 2, operator: InMap, values: ["0:9", "15"]}]'
turns 4 'add-filter matchArgs{index: 1, operator: NotSPort, values: ["443"]}' socket_connect '{index: 1, type: sockaddr}' 'matchArgs: [{index: 1, operator: SPort, values: ["400:500"]}]'
turns 4 'add-filter matchArgs{index: 1, operator: NotSAddr, values: ["192.0.2.1"]}' socket_connect '{index: 1, type: sockaddr}' 'matchArgs: [{index: 1, operator: Family, values: [AF_INET]}]'
turns 4 'add-filter matchArgs{index: 1, operator: NotSAddr, values: ["192.0.2.1"]}' socket_connect '{index: 1, type: sockaddr}' 'matchArgs: [{index: 1, operator: SAddr, values: ["192.0.2.0/24", "10.0.0.0/8"]}]'
turns 2 'remove-filter ' file_open '{index: 0, type: file}' 'matchArgs: [{index: 0, operator: NotEqual, values: [/etc/passwd]}]'
turns 2 'remove-filter ' file_open '{index: 0, type: file}' 'matchBinaries: [{operator: NotIn, values: [/usr/bin/cat]}]'
turns 3 'remove-filter ' task_kill '{index: 2, type: int}' 'matchArgs: [{index: 2, operator: LT, values: ["5"]}]'
# ... just that: the other file is still stopped, and what else a program may do is told.
want 1 "an exception's reach" "$STAKEOUT" explain "$T/etc.yaml" "$T/web.ndjson:$conf"
said 'or add {index: 0, operator: NotEqual, values: ["/etc/nginx/nginx.conf"]} to matchArgs of selector 0, '


# Of what a process is and holds too, where one value turns it: after a program, which is narrower.
cat >"$T/held.ndjson" <<'EVENT'
{"process_exec":{"process":{"exec_id":"cDoxOjc=","pid":7,"uid":0,"cwd":"/","binary":"/usr/bin/x","flags":"execve rootcwd clone","start_time":"2026-08-21T07:07:24.000000000Z","parent_exec_id":"cDoxOjE=","cap":{"permitted":["CAP_SYS_ADMIN","CAP_KILL"],"effective":["CAP_SYS_ADMIN","CAP_KILL"]},"ns":{"uts":{"inum":4026531838,"is_host":true},"ipc":{"inum":4026531839,"is_host":true},"mnt":{"inum":4026531841,"is_host":true},"pid":{"inum":77},"pid_for_children":{"inum":77},"net":{"inum":4026531840,"is_host":true},"time":{"inum":4026531834,"is_host":true},"time_for_children":{"inum":4026531834,"is_host":true},"cgroup":{"inum":4026531835,"is_host":true},"user":{"inum":4026531837,"is_host":true}},"tid":7},"parent":{"exec_id":"cDoxOjE=","pid":1,"binary":"/sbin/init","flags":"procFS","start_time":"2026-08-21T07:00:00.000000000Z"}},"time":"2026-08-21T07:07:24.000000000Z","stakeout":{"format":1,"path":"/usr/bin/x"}}
EVENT
held() { # FILTER STATUS SAID: of that process
	printf 'apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: p}\nspec:\n  tracepoints:\n  - subsystem: sched\n    event: sched_process_exec\n    raw: true\n    selectors:\n    - %s\n      matchActions: [{action: Sigkill}]\n' "$1" >"$T/held.yaml"
	want "$2" "$1" "$STAKEOUT" explain "$T/held.yaml" "$T/held.ndjson:1"
	said "$3, $T/held.yaml:10:"
}
held 'matchCapabilities: [{operator: In, values: [CAP_CHOWN, cap_sys_admin]}]' 1 "or take cap_sys_admin out of matchCapabilities In"
held 'matchCapabilities: [{operator: NotIn, values: [CAP_CHOWN]}]' 1 "or add CAP_KILL to matchCapabilities NotIn"
held 'matchCapabilities: [{operator: In, values: [CAP_CHOWN]}]' 0 "add CAP_KILL to matchCapabilities In"
held 'matchNamespaces: [{namespace: Net, operator: In, values: [host_ns, "5"]}]' 1 "or take host_ns out of matchNamespaces In"
held 'matchNamespaces: [{namespace: Pid, operator: NotIn, values: [host_ns]}]' 1 "or add 77 to matchNamespaces NotIn"
held 'matchNamespaces: [{namespace: Net, operator: NotIn, values: [host_ns]}, {namespace: Pid, operator: In, values: ["77"]}]' 0 "take matchNamespaces NotIn out of its selector"
held 'matchPIDs: [{operator: In, values: [6, 7]}]' 1 "or take 7 out of matchPIDs In"
held 'matchPIDs: [{operator: NotIn, values: [6]}]' 1 "or add 7 to matchPIDs NotIn"
held 'matchPIDs: [{operator: NotIn, values: [6, 7]}]' 0 "take 7 out of matchPIDs NotIn"

# A policy that would not load has no say, and that is no verdict of its own.
sed 's/operator: [A-Za-z]*/operator: GT/' "$T/p.yaml" >"$T/dead.yaml"
want 1 "does not load" "$STAKEOUT" explain "$T/dead.yaml" "$T/web.ndjson:$id"
said "verdict: none: no policy here loads on the target"
said "not judged: policy "
said "smallest edit: no policy here loads on the target: correct that first"
want 1 "does not load, JSON" "$STAKEOUT" explain "$T/dead.yaml" "$T/web.ndjson:$id" --json
jq -e '(.refused | length) == 1 and .judgements == [] and .verdict == null' "$T/out" >/dev/null || fail "JSON: refused: $(cat "$T/out")"

# Bad input.
want 2 "no such line" "$STAKEOUT" explain "$T/p.yaml" "$T/web.ndjson:999999"
grep -q "line 999999 holds no event" "$T/err" || fail "no such line: $(cat "$T/err")"
want 2 "no line number" "$STAKEOUT" explain "$T/p.yaml" "$T/web.ndjson"
want 2 "bad JSON" "$STAKEOUT" explain "$T/p.yaml" '{"process_exec":'
want 2 "no file" "$STAKEOUT" explain "$T/p.yaml" "$T/none:3"
want 2 "no observation" "$STAKEOUT" explain "$T/p.yaml" 999999 --db "$T/s.db"
want 2 "number without a store" "$STAKEOUT" explain "$T/p.yaml" 12
echo ok
