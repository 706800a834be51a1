#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stakeout lint --fix: the diff is what a diff of the two texts is, comments and layout stay, a second run finds nothing.
set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
command -v patch >/dev/null || { echo "patch is missing"; exit 77; }
fail() {
	echo "lint-fix: $*" >&2
	exit 1
}

cat >"$dir/p.yaml" <<'YAML'
# what it is for
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata:
  name: example
spec:
  kprobes:
  - call: security_file_permission   # reads and writes
    syscall: false
    args:
    - {index: 0, type: file}
    returnArg: {index: 0, type: int}
    selectors:
    - matchArgs:
      - index: 0
        operator: Prefix
        values:
        - "/etc"      # settings
        - /srv//data/
        - "/etc"
  - call: tcp_connect
    syscall: false
    args:
    - {index: 0, type: sock}
    selectors:
    - matchBinaries:
      - {operator: In, values: [/usr/bin/curl, /usr/bin/wget, /usr/bin/curl]}
      matchArgs:
      - {index: 0, operator: DPort, values: ["443:80"]}
YAML
cat >"$dir/want" <<'YAML'
# what it is for
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata:
  name: example
spec:
  options:
  - name: disable-kprobe-multi
    value: "1"
  kprobes:
  - return: true
    call: security_file_permission   # reads and writes
    syscall: false
    args:
    - {index: 0, type: file}
    returnArg: {index: 0, type: int}
    selectors:
    - matchArgs:
      - index: 0
        operator: Prefix
        values:
        - "/etc/"      # settings
        - /srv/data/
  - call: tcp_connect
    syscall: false
    args:
    - {index: 0, type: sock}
    selectors:
    - matchBinaries:
      - {operator: In, values: [/usr/bin/curl, /usr/bin/wget]}
      matchArgs:
      - {index: 0, operator: DPort, values: ["80:443"]}
YAML
cp "$dir/p.yaml" "$dir/as-it-was"
chmod 640 "$dir/p.yaml"
ln -s p.yaml "$dir/link.yaml"

"$STAKEOUT" lint --fix --dry-run "$dir/p.yaml" >"$dir/diff"
[ $? -eq 1 ] || fail "--dry-run with edits to make: not status 1"
cmp -s "$dir/p.yaml" "$dir/as-it-was" || fail "--dry-run wrote the file"
(cd "$dir" && cp p.yaml patched.yaml && patch -s patched.yaml diff) || fail "the diff does not apply"
cmp "$dir/patched.yaml" "$dir/want" || fail "the diff is another change: $(diff "$dir/patched.yaml" "$dir/want")"

"$STAKEOUT" lint --fix - <"$dir/p.yaml" >"$dir/from-input" 2>/dev/null
cmp "$dir/from-input" "$dir/want" || fail "of standard input something else is made"

"$STAKEOUT" lint --fix "$dir/link.yaml" >"$dir/report" 2>"$dir/log"
cmp "$dir/p.yaml" "$dir/want" || fail "not the edits that were shown: $(diff "$dir/p.yaml" "$dir/want")"
[ -L "$dir/link.yaml" ] || fail "the link was replaced by a file"
[ "$(stat -c %a "$dir/p.yaml")" = 640 ] || fail "the file's mode changed"
grep -q 'edits made' "$dir/log" || fail "nothing was said: $(cat "$dir/log")"

"$STAKEOUT" lint --fix --dry-run "$dir/p.yaml" >"$dir/diff"
[ $? -eq 0 ] && [ ! -s "$dir/diff" ] || fail "a second run has edits to make: $(cat "$dir/diff")"

# What a reader refuses and has one way to be written: names in another case, numbers that are meant as text, a function that is
# taken for a system call, an LSM hook by its function's name, no apiVersion. What could be two things stays.
cat >"$dir/refused.yaml" <<'YAML'
kind: TracingPolicy
metadata: {name: refused, labels: {tier: 1, on: yes}}
spec:
  kprobes:
  - call: tcp_connect    # a function
    args:
    - {index: 0, type: SOCK}
    selectors:
    - matchArgs:
      - index: 0
        operator: dport
        values:
        - 80
        - 443  # tls
      - {index: 0, operator: eq, values: [010]}
---
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: hook}
spec:
  lsmhooks:
  - {hook: "security_file_open", args: [{index: 0, type: file}], selectors: [{matchActions: [{action: override, argError: -1}]}]}
YAML
cat >"$dir/read" <<'YAML'
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: refused, labels: {tier: "1", on: "yes"}}
spec:
  kprobes:
  - syscall: false
    call: tcp_connect    # a function
    args:
    - {index: 0, type: sock}
    selectors:
    - matchArgs:
      - index: 0
        operator: DPort
        values:
        - "80"
        - "443"  # tls
      - {index: 0, operator: eq, values: [010]}
---
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: hook}
spec:
  lsmhooks:
  - {hook: "file_open", args: [{index: 0, type: file}], selectors: [{matchActions: [{action: Override, argError: -1}]}]}
YAML
"$STAKEOUT" lint --fix "$dir/refused.yaml" >"$dir/report" 2>&1
cmp "$dir/refused.yaml" "$dir/read" || fail "what is refused: $(diff "$dir/refused.yaml" "$dir/read")"
sed -i '/operator: eq/d' "$dir/refused.yaml"
"$STAKEOUT" lint --as api --severity error "$dir/refused.yaml" >"$dir/report" 2>&1 || fail "what is left is refused: $(cat "$dir/report")"

# Only what is asked for.
cp "$dir/as-it-was" "$dir/p.yaml"
"$STAKEOUT" lint --fix --only range-swapped "$dir/p.yaml" >/dev/null 2>&1
[ "$(diff "$dir/as-it-was" "$dir/p.yaml" | grep -c '^[<>]')" -eq 2 ] || fail "--only range-swapped made other edits"

# A file that cannot be written stays, and that is said.
if [ "$(id -u)" -ne 0 ]; then
	cp "$dir/as-it-was" "$dir/p.yaml"
	chmod 500 "$dir"
	"$STAKEOUT" lint --fix "$dir/p.yaml" >/dev/null 2>"/dev/null"
	status=$?
	chmod 700 "$dir"
	[ $status -eq 3 ] || fail "a folder that cannot be written: status $status"
	cmp -s "$dir/p.yaml" "$dir/as-it-was" || fail "the file changed although it could not be written"
fi

# Every finding is explained.
"$STAKEOUT" lint --explain multi-shared | grep -q '^## Right$' || fail "no page for multi-shared"
"$STAKEOUT" lint --explain multi-shard 2>&1 | grep -q 'did you mean multi-shared' || fail "no near id is named"
"$STAKEOUT" lint --explain multi-shard >/dev/null 2>&1
[ $? -eq 2 ] || fail "an unknown id: not status 2"
"$STAKEOUT" lint --dry-run "$dir/p.yaml" >/dev/null 2>&1
[ $? -eq 2 ] || fail "--dry-run without --fix: not status 2"
