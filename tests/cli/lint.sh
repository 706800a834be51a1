#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stakeout lint and explain-field from outside: exit status, the forms that scripts read, folders, filters, and
# documents that would exhaust a careless reader. What each rule finds is in tests/lint.
set -eu
command -v jq >/dev/null || { echo "jq is not installed"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
top=$PWD
cd "$tmp"

fail() {
	echo "lint: $*"
	exit 1
}
# lint STATUS OPTION...: the output in out, standard error in err.
lint() {
	want=$1
	shift
	got=0
	timeout 20 "$STAKEOUT" lint "$@" >out 2>err || got=$?
	[ "$got" -eq "$want" ] || fail "lint $*: status $got, not $want: $(head -n 5 out err)"
}

mkdir -p dir/below
cat >dir/good.yaml <<'EOF'
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: good}
spec:
  lsmhooks: [{hook: file_open}]
EOF
cat >dir/below/bad.yml <<'EOF'
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: bad}
spec:
  loader: "no"
  kprobes:
  - call: tcp_connect
    message: x
EOF
cat >dir/service.yaml <<'EOF'
apiVersion: v1
kind: Service
metadata: {name: x}
EOF
echo text >dir/README

# --- status
lint 0 dir/good.yaml
lint 1 dir/below/bad.yml
lint 1 dir
grep -q '^2 policies in 3 files: 1 accepted, 1 refused; .* 1 document of other kinds passed over$' out || fail "summary: $(tail -n 2 out)"
grep -q '^target: kernel=6.1,.* (none given' out || fail "target: $(tail -n 1 out)"
lint 1 dir/service.yaml
lint 2 none.yaml
lint 2
lint 2 --target kernel=x dir
lint 2 --severity bad dir
lint 2 --only no-such-id dir
lint 2 --json --sarif dir
lint 2 --btf dir/good.yaml dir/good.yaml
lint 0 - <dir/good.yaml

# --- text: places, reasons, fixes; no colours in a file
lint 1 dir/below/bad.yml
grep -q '^dir/below/bad.yml:5:11: error: spec.loader: the string "no" where true or false belongs \[wrong-type\]$' out || fail "text: $(cat out)"
grep -q '^    fix: write it without quotes: no$' out || fail "fix: $(cat out)"
grep -q 'TracingPolicy bad: file: refused (decode); kubectl: refused (schema)$' out || fail "answers: $(cat out)"
if grep -q "$(printf '\033')" out; then fail "colours in a file"; fi

# --- filters
lint 1 --only wrong-type dir/below/bad.yml
grep -q 'wrong-type' out || fail "--only"
lint 1 --ignore wrong-type dir/below/bad.yml
if grep -q 'wrong-type' out; then fail "--ignore"; fi
lint 0 --severity warning dir/good.yaml
if grep -q note: out; then fail "--severity"; fi
printf 'kind: TracingPolicy\nmetadata: {name: x}\nspec: {}\n' >file-only.yaml
lint 1 file-only.yaml
lint 0 --as file file-only.yaml
lint 1 --as api file-only.yaml

# --- JSON: one object for each document, a format number in the first
cat dir/good.yaml >two.yaml
printf -- '---\n---\n' >>two.yaml
sed s/good/second/ dir/good.yaml >>two.yaml
lint 1 --json two.yaml
[ "$(jq -r '[.document, .line, .kind, .name, .as_file.accepted, .as_file.stage, .as_api.accepted, .as_api.stage] | join(" ")' out)" = \
"1 1 TracingPolicy good true ok true ok
3 8 TracingPolicy second false yaml true ok" ] || fail "json: $(cat out)"
[ "$(jq -s -r '[.[0].format, .[1].format] | tojson' out)" = '[1,null]' ] || fail "format: $(cat out)"
lint 1 --json dir/below/bad.yml
jq -e '.file == "dir/below/bad.yml" and ([.findings[] | has("id", "severity", "stage", "line", "column", "path", "message", "fix")] | all)' out >/dev/null ||
	fail "findings: $(cat out)"
jq -e '.findings | map(select(.id == "wrong-type")) == [{id: "wrong-type", severity: "error", stage: "decode", line: 5, column: 11,
	path: "spec.loader", message: "the string \"no\" where true or false belongs", fix: "write it without quotes: no", ways: ["file", "api"]}]' out >/dev/null ||
	fail "a finding: $(cat out)"
printf '\n---\n' | cat - dir/good.yaml >first-empty.yaml
printf -- '---\n---\n' | cat - dir/good.yaml >doubled.yaml
lint 0 first-empty.yaml
lint 1 --json doubled.yaml
jq -e '.as_file == {accepted: false, stage: "yaml"} and .as_api == {accepted: true, stage: "ok"}' out >/dev/null || fail "doubled: $(cat out)"
cp dir/good.yaml dir/again.yaml
lint 0 --severity warning dir/good.yaml dir/again.yaml
grep -q 'dir/again.yaml:3:18: warning: metadata.name: .*dir/good.yaml.* \[policy-twice\]' out || fail "one name twice: $(cat out)"
rm dir/again.yaml
printf 'a: b: c\n' >>two.yaml
lint 1 --json two.yaml
jq -s -e 'length == 2 and .[1].as_api.stage == "yaml" and .[0].as_file.accepted' out >/dev/null || fail "broken later document: $(cat out)"

# --- SARIF: what code scanning asks for
lint 1 --sarif dir "$tmp/dir/below/bad.yml"
jq -e '.version == "2.1.0" and (.runs | length == 1) and (.runs[0].tool.driver | .name == "stakeout" and (.rules | length > 50))' out >/dev/null || fail "sarif: $(head -c 300 out)"
jq -e '.runs[0] as $run | [$run.tool.driver.rules[] | has("id", "shortDescription", "fullDescription", "help", "defaultConfiguration") and
	(.help.text | length > 0 and (test("unless what the kernel") | not))] | all' out >/dev/null || fail "sarif rules"
jq -e '.runs[0] as $run | ($run.results | length >= 3) and ([$run.results[] | . as $r | $run.tool.driver.rules[.ruleIndex].id == .ruleId and
	(.level | IN("error", "warning", "note")) and (.message.text | length > 0) and (.partialFingerprints | length > 0) and
	(.locations[0].physicalLocation | (.artifactLocation.uri | startswith("dir/")) and .region.startLine >= 1 and .region.startColumn >= 1)] | all)' out >/dev/null ||
	fail "sarif results: $(jq -c '.runs[0].results[0]' out)"
# the same document under two names of one file: the same fingerprints
jq -e '[.runs[0].results[] | select(.ruleId == "wrong-type") | .partialFingerprints] | length == 2 and .[0] == .[1]' out >/dev/null || fail "fingerprints"
mkdir "a b"
cp dir/below/bad.yml "a b/c%d.yaml"
lint 1 --sarif "a b"
jq -e '.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri == "a%20b/c%25d.yaml"' out >/dev/null || fail "uri"
lint 0 --sarif dir/good.yaml --severity error
jq -e '.runs[0].results == []' out >/dev/null || fail "empty sarif"
lint 2 --sarif none.yaml
jq -e '.runs[0].results == []' out >/dev/null || fail "sarif of nothing"

# --- a kernel's types, where this one has them
if [ -r /sys/kernel/btf/vmlinux ]; then
	cat >btf.yaml <<'EOF'
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: x}
spec:
  kprobes:
  - call: security_file_open
    syscall: false
    args:
    - {index: 0, type: dentry}
    - {index: 0, type: uint32, resolve: f_inode.i_nosuch}
    - {index: 0, type: uint32, resolve: f_inode.i_uid.val}
    - {index: 4, type: int}
  - {call: no_such_function, syscall: false}
  - {call: no_such_either, syscall: false, ignore: {callNotFound: true}}
EOF
	for btf in host /sys/kernel/btf/vmlinux; do
		lint 1 --btf $btf --severity warning --json btf.yaml
		[ "$(jq -r '.findings[] | "\(.line) \(.severity) \(.id)"' out)" = "9 warning btf-type
10 error btf-resolve
12 warning btf-type
13 error btf-call" ] || fail "btf $btf: $(jq -c .findings out)"
		jq -e '.as_file == {accepted: false, stage: "load"} and .as_api == {accepted: true, stage: "load"}' out >/dev/null || fail "btf answers"
	done
	cat >tracepoints.yaml <<'EOF'
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: x}
spec:
  tracepoints:
  - {subsystem: raw_syscalls, event: sys_exit, args: [{index: 4}, {index: 99}]}
  - {subsystem: raw_syscalls, event: no_such}
  - {subsystem: sched, event: no_such, raw: true}
  - {subsystem: sched, event: sched_process_exec, raw: true, args: [{index: 2, type: linux_binprm}]}
EOF
	lint 1 --btf host --only btf-call tracepoints.yaml
	grep -q 'tracepoints.yaml:8:.*no tracepoint no_such ' out || fail "raw tracepoint: $(cat out)"
	if unshare -m mount -t tracefs none /sys/kernel/tracing 2>/dev/null; then
		unshare -m sh -c 'mount -t tracefs none /sys/kernel/tracing && exec "$STAKEOUT" lint --btf host --json tracepoints.yaml' >out || :
		[ "$(jq -r '.findings[] | select(.severity == "error") | "\(.line) \(.id)"' out)" = "6 load-arg-index
7 btf-call
8 btf-call" ] || fail "tracepoints: $(cat out)"
	fi
	sed 's/kprobes/lsmhooks/; /call:/d; /syscall:/d; s/args:/- hook: no_such_hook/; /index/d' btf.yaml >hook.yaml
	lint 1 --btf host hook.yaml
	grep -q 'no LSM hook no_such_hook \[btf-call\]' out || fail "hook: $(cat out)"
fi

# --- documents that ask for too much
limit() { # FILE STATUS TEXT
	: >memory
	if [ -x /usr/bin/time ]; then
		/usr/bin/time -f %M -o memory timeout 20 "$STAKEOUT" lint "$1" >out 2>err && got=0 || got=$?
	else
		timeout 20 "$STAKEOUT" lint "$1" >out 2>err && got=0 || got=$?
	fi
	[ "$got" -eq "$2" ] || fail "$1: status $got, not $2"
	grep -q "$3" out err || fail "$1: does not say $3: $(head -c 300 out err)"
	[ "$(wc -c <out)" -lt 2000000 ] || fail "$1: $(wc -c <out) bytes of output"
	[ ! -s memory ] || [ "$(tail -n 1 memory)" -lt 600000 ] || fail "$1: $(tail -n 1 memory) kB"
}
head -c 70000000 /dev/zero | tr '\0' a >big.yaml
limit big.yaml 2 'longer than 64 MiB'
{ printf 'kind: TracingPolicy\nmetadata: {name: x}\nspec: {kprobes: [{call: "'; head -c 40000000 /dev/zero | tr '\0' a; printf '"}]}\n'; } >scalar.yaml
limit scalar.yaml 1 'load-call'
head -c 100000 /dev/zero | tr '\0' '[' >deep.yaml
limit deep.yaml 1 'nested deeper than 100 levels'
{ echo 'a: &a [x,x,x,x,x,x,x,x,x,x]'; for p in ab bc cd de ef fg gh hi; do
	n=${p%?}
	echo "${p#?}: &${p#?} [*$n,*$n,*$n,*$n,*$n,*$n,*$n,*$n,*$n,*$n]"
done; } >bomb.yaml
limit bomb.yaml 1 'more than 1048576 values'
printf 'kind: a\0b\n' >nul.yaml
limit nul.yaml 1 'control characters'
printf 'kind: \377\376\n' >bytes.yaml
limit bytes.yaml 1 'UTF-8'
{ printf 'kind: TracingPolicy\nmetadata: {name: x}\nspec:\n'; i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); echo "  k$i: 1"; done; } >keys.yaml
limit keys.yaml 1 'and [0-9]* more'
{ printf 'kind: TracingPolicy\nmetadata: {name: x}\nspec:\n  kprobes:\n'; yes '  - call: sys_read' | head -n 40000; } >hooks.yaml
limit hooks.yaml 1 'kind\|40000\|api-version'
iconv -f UTF-8 -t UTF-16 dir/good.yaml >utf16.yaml
lint 0 utf16.yaml

# --- explain-field
"$STAKEOUT" explain-field spec.kprobes.syscall | grep -q 'default: true' || fail "explain-field: a default"
"$STAKEOUT" explain-field 'kprobes[0].selectors[1].matchArgs[0].operator' | grep -q 'one of: Equal NotEqual' || fail "explain-field: values"
"$STAKEOUT" explain-field --json spec.uprobes | jq -s -e '.[0].field == "spec.uprobes" and (.[0].rule | contains("symbols"))' >/dev/null || fail "explain-field --json"
"$STAKEOUT" explain-field --markdown | grep -q '^| `spec.tracepoints.raw` | boolean |' || fail "explain-field --markdown"
got=0
"$STAKEOUT" explain-field spec.kprobes.cal 2>err || got=$?
{ [ $got -eq 2 ] && grep -q 'did you mean call?' err; } || fail "explain-field of nothing: $got $(cat err)"
cd "$top"
