#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stakeout lint on what nobody should write: an answer with a place, within a bound of time and memory, whatever is in the file.
set -u
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
SECONDS_MAX=20 MEMORY_MAX_KB=1500000

# WANTED-IN-OUTPUT NAME: the file on standard input.
hostile() {
	cat >"$T/x.yaml"
	(
		ulimit -v $MEMORY_MAX_KB
		exec timeout $SECONDS_MAX "$STAKEOUT" lint --target kernel=6.12 "$T/x.yaml"
	) >"$T/out" 2>"$T/err"
	status=$?
	[ $status -eq 1 ] || [ $status -eq 2 ] || { head -n 3 "$T/out" "$T/err"; fail "$2: status $status"; }
	grep -q "$1" "$T/out" "$T/err" || { head -n 5 "$T/out" "$T/err"; fail "$2: no '$1'"; }
	grep -q 'x\.yaml' "$T/out" "$T/err" || fail "$2: the file is not named"
}
policy() { # AWK-PROGRAM: a policy whose spec it prints
	awk 'BEGIN { print "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: x}\nspec:"; '"$1"' }'
}

head -c 1000000 /dev/zero | tr '\0' '[' | hostile 'nested deeper than' "open brackets"
policy 'printf "  kprobes: "; for (i = 0; i < 200000; i++) printf "{a: "' | hostile 'nested deeper than' "open maps"
policy 'print "  a0: &a0 [x, x, x, x, x, x, x, x, x]"; for (i = 1; i < 12; i++) { p = "*a" (i - 1); print "  a" i ": &a" i " [" p "," p "," p "," p "," p "," p "," p "," p "]" }' |
	hostile 'yaml-limit' "aliases of aliases"
policy 'print "  x0: &x0 {a: 1}"; for (i = 1; i < 200; i++) { printf "  x%d: &x%d {<<: [", i, i; for (k = 0; k < 50; k++) printf "*x%d,", i - 1; print "], b" i ": 1}" }' |
	hostile 'duplicate-key' "merge keys of merge keys"
{ policy 'printf "  kprobes: [{call: "'; head -c 100000000 /dev/zero | tr '\0' a; echo '}]'; } | hostile 'longer than 64 MiB' "a value of 100 MB"
{ policy 'printf "  kprobes: [{call: "'; head -c 50000000 /dev/zero | tr '\0' a; echo '}]'; } | hostile 'load-call' "a value of 50 MB"
{ policy 'printf "  kprobes: [{call: a"'; printf '\0b}]\n'; } | hostile 'yaml-syntax' "a NUL"
{ policy 'printf "  kprobes: [{call: a"'; printf '\377\376b}]\n'; } | hostile 'yaml-syntax' "no UTF-8"
yes -- --- | head -n 5000000 | hostile 'more than 10000 documents' "empty documents"
awk 'BEGIN { for (i = 0; i < 9000; i++) print "---\n# stakeout lint ignore: connect-gaps\nkind: TracingPolicy\nspec: {}" }' | hostile 'metadata-name' "many documents with comments"
yes '# stakeout lint ignore: connect-gaps' | head -n 1000000 | hostile 'nothing in it' "comments alone"
policy 'for (i = 0; i < 500000; i++) print "  k" i ": 1"' | hostile 'unknown-field' "keys"
policy 'for (i = 0; i < 500000; i++) print "  k: 1"' | hostile 'duplicate-key' "one key again and again"
policy 'print "  kprobes:\n  - call: sys_read\n    args:"; for (i = 0; i < 60000; i++) print "    - {index: 1, type: int}"
	print "    selectors:\n    - matchArgs:"; for (i = 0; i < 60000; i++) print "      - {index: 7, operator: Equal}"' | hostile 'load-filters' "arguments and filters"
policy 'print "  kprobes:\n  - call: sys_read\n    selectors:"; for (i = 0; i < 60000; i++) print "    - {macros: [m" i "]}"
	print "  selectorsMacros:"; for (i = 0; i < 60000; i++) print "    m" i ": {}"' | hostile 'load-selectors' "selectors and macros"
policy 'print "  kprobes:"; for (i = 0; i < 20000; i++) print "  - call: \"list:l" i % 2 "\"\n    selectors: [{matchActions: [{action: Override, argError: -1}]}]"
	for (k = 0; k < 2; k++) { if (!k) print "  lists:"; print "  - name: l" k "\n    values:"; for (i = 0; i < 60000; i++) print "    - security_" k "_" i } ' |
	hostile load-override "hooks on long lists"
policy 'printf "  kprobes: [{call: sys_read, args: [{index: 0, type: int64}], selectors: [{matchArgs: [{index: 0, operator: CelExpr, values: [\""
	for (i = 0; i < 300000; i++) printf "("; print "\"]}]}]}]"' | hostile 'load-expression' "a deep expression"
# What lint takes and is large, replay judges in such a time as well.
policy 'printf "  kprobes: [{call: sys_read, selectors: [{macros: ["; for (i = 0; i < 60000; i++) printf "m%d, ", i; print "]}]}]"
	print "  selectorsMacros:"; for (i = 0; i < 60000; i++) print "    m" i ": {}"' >"$T/x.yaml"
"$STAKEOUT" corpus batch-job >"$T/events.ndjson" || fail corpus
timeout -s KILL $SECONDS_MAX "$STAKEOUT" replay "$T/x.yaml" -c "$T/events.ndjson" --quiet >"$T/out" 2>"$T/err"
status=$?
[ $status -le 1 ] || fail "replay of many macros: status $status"

echo ok
