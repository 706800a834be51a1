#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stakeout replay --totals: listed values and entries that no event needed. Without them nothing fares otherwise.
set -u
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}

"$STAKEOUT" corpus web-server >"$T/web.ndjson" || fail corpus
cat >"$T/p.yaml" <<'END'
apiVersion: cilium.io/v1alpha1
kind: TracingPolicy
metadata: {name: p}
spec:
  selectorsMacros:
    never-started: {matchBinaries: [{operator: In, values: [/usr/bin/nobody]}]}
  lsmhooks:
  - hook: bprm_creds_from_file
    args: [{index: 1, type: file}]
    selectors:
    - macros: [never-started]
      matchArgs: [{index: 1, operator: Equal, values: [/usr/bin/sed]}]
    - matchBinaries:
      - operator: NotIn
        values:
        - /usr/sbin/nginx
        - /usr/bin/never
      matchArgs:
      - index: 1
        operator: NotEqual
        values:
        - /usr/bin/sed
        - /usr/bin/sed2
      - index: 1
        operator: NotPrefix
        values:
        - /usr/sbin/
        - /usr/sbin/nginx
        - /var/lib/none/
      matchActions: [{action: Override, argError: -1}]
  - hook: sb_mount
    args: [{index: 0, type: string}]
    selectors:
    - matchArgs: [{index: 0, operator: Equal, values: [/dev/sda]}]
END
"$STAKEOUT" replay "$T/p.yaml" -c "$T/web.ndjson" --totals --json >"$T/out" || [ $? -eq 1 ] || fail replay
jq -r 'select(.summary).summary.unused[] | [.macro // "\(.hook) \(.selector)", .operator, .value, .line] | @tsv' "$T/out" >"$T/unused"
cat >"$T/want" <<'END'
bprm_creds_from_file 0	Equal	/usr/bin/sed	12
bprm_creds_from_file 1	NotIn	/usr/bin/never	14
bprm_creds_from_file 1	NotEqual	/usr/bin/sed2	19
bprm_creds_from_file 1	NotPrefix	/usr/sbin/nginx	24
bprm_creds_from_file 1	NotPrefix	/var/lib/none/	24
never-started	In	/usr/bin/nobody	6
END
cmp "$T/want" "$T/unused" || { cat "$T/unused"; fail "unused values"; }
"$STAKEOUT" replay "$T/p.yaml" -c "$T/web.ndjson" --totals --quiet >"$T/text"
grep -A1 "p.yaml:19:9: p, bprm_creds_from_file, selector 1, matchArgs NotEqual" "$T/text" | grep -q '^      /usr/bin/sed2$' || fail "text"
"$STAKEOUT" replay "$T/p.yaml" -c "$T/web.ndjson" --json | jq -e 'select(.summary).summary | has("unused") | not' >/dev/null || fail "counted though not asked"

# What is pruned is not missed.
grep -v '^        - /usr/bin/never$\|^        - /usr/bin/sed2$\|^        - /usr/sbin/nginx$\|^        - /var/lib/none/$' "$T/p.yaml" >"$T/almost.yaml"
awk '/operator: NotIn/ { print; getline; print; print "        - /usr/sbin/nginx"; next } { print }' "$T/almost.yaml" >"$T/pruned.yaml"
"$STAKEOUT" diff "$T/p.yaml" "$T/pruned.yaml" -c "$T/web.ndjson" >"$T/out" || { cat "$T/out"; fail "pruning changes verdicts"; }
# ... and another is.
sed "s|^        - /usr/bin/sed\$|        - /usr/bin/sedx|" "$T/pruned.yaml" >"$T/less.yaml"
"$STAKEOUT" diff "$T/pruned.yaml" "$T/less.yaml" -c "$T/web.ndjson" >"$T/out"
[ $? -eq 1 ] || { cat "$T/out"; fail "a value that is used can be changed"; }

# An allowlist's entries: those whose rule decided no event, with their lines.
"$STAKEOUT" replay corpus/allowlists/web-server.yaml -c "$T/web.ndjson" --totals --json >"$T/out" || fail allowlist
jq -e 'select(.summary).summary | (.never_exercised | map(.selector)) as $never | (.unused | length) == ($never | length) and
	all(.unused[]; .entry != "" and .line > 0 and (.file | endswith("web-server.yaml")))' "$T/out" >/dev/null || fail "entries: $(tail -n 1 "$T/out")"
line=$(jq -r 'select(.summary).summary.unused[0].line' "$T/out")
sed "${line}d" corpus/allowlists/web-server.yaml >"$T/shorter.yaml"
"$STAKEOUT" diff corpus/allowlists/web-server.yaml "$T/shorter.yaml" -c "$T/web.ndjson" | grep -q ' 0 fare otherwise' || fail "an unused entry is missed"
echo ok
