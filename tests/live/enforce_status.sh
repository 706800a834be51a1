#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# "enforce status" tells what each rule decided, and the last refusals, also after watch has told them.
. tests/lib/enforce.sh

for name in acts caller other evil; do cp "$acts" "$dir/bin/$name"; done
mkdir "$dir/etc" "$dir/etc/ok" "$group/a"
echo x >"$dir/etc/file"
echo x >"$dir/etc/ok/old"
shell=$(readlink -f "$(command -v sh)")
image told <<END
exec:
  allow:
    - path: $shell
    - path: $dir/bin/acts
file:
  protect: [$dir/etc/]
  allow: [{path: $dir/etc/ok/, access: [write, create]}]
connect:
  allow:
    - {cidr: 127.0.0.0/8, port: 5300, protocol: udp}
    - {cidr: 127.0.0.1/32, port: 5301}
END
apply "$dir/told.image.elf" --cgroup "$group/a"
rules() { enforce status --rules --json "$@"; }
# rule KIND RULE ALLOWED DENIED AUDITED
rule() {
	rules | grep -q "\"kind\":\"$1\",\"rule\":\"$2\",\"by\":\"\",\"allowed\":$3,\"denied\":$4,\"audited\":$5}" ||
		{ rules; fail "not $1 $2: allowed $3, denied $4, audited $5"; }
}
rule exec "$dir/bin/acts" 0 0 0
for _ in 1 2 3; do allowed "an exec" "$group/a" "$dir/bin/acts" noop; done
rule exec "$dir/bin/acts" 3 0 0
refused "an exec" "$group/a" "$dir/bin/evil" noop
rule exec "no rule" 0 1 0
allowed "an open" "$group/a" "$dir/bin/acts" open w "$dir/etc/ok/old"
rule file "$dir/etc/ok/" 1 0 0
refused "an open" "$group/a" "$dir/bin/acts" open w "$dir/etc/file"
rule protect "$dir/etc/" 0 1 0
# A rule of the wider network, by an address in the narrower one.
allowed "a connect" "$group/a" "$dir/bin/acts" udp 127.0.0.1 5300
allowed "a connect" "$group/a" "$dir/bin/acts" udp 127.0.0.2 5300
rule connect "127.0.0.0/8 port 5300 udp" 2 0 0
rule connect "127.0.0.1/32 port 5301" 0 0 0
refused "a connect" "$group/a" "$dir/bin/acts" udp 127.0.0.2 5301
rule connect "no rule" 0 1 0

enforce watch --once >/dev/null
expect "recent" "$(enforce status --recent | wc -l)" 3
enforce status --recent --json "$group/a" >"$dir/out"
for want in "\"kind\":\"exec\".*\"object\":\"$dir/bin/evil\"" "\"kind\":\"file\".*\"object\":\"$dir/etc/file\"" '"object":"127.0.0.2:5301 udp"'; do
	grep -q "$want" "$dir/out" || { cat "$dir/out"; fail "recent: no $want"; }
done
enforce status --json | grep -q '"last_refusal":"20' || fail "status: no time of the last refusal"
expect "recent elsewhere" "$(enforce status --recent nobody | wc -l)" 0

# More than are kept: the last ones. Replaced: rules count anew; audited: by the same rules.
for i in $(seq 70); do refused "a connect" "$group/a" "$dir/bin/acts" udp 127.0.0.2 "$i"; done
expect "recent, many" "$(enforce status --recent | wc -l)" 64
enforce status --recent --json | tail -n 1 | grep -q '127.0.0.2:70 udp' || fail "recent: not the last"
apply "$dir/told.image.elf" --cgroup "$group/a" --audit
rule protect "$dir/etc/" 0 0 0
allowed "an exec in audit" "$group/a" "$dir/bin/evil" noop
allowed "an open in audit" "$group/a" "$dir/bin/acts" open w "$dir/etc/file"
rule exec "no rule" 0 0 1
rule protect "$dir/etc/" 0 0 1
enforce status --rules | grep -q "protect  *$dir/etc/  *0  *0  *1" || { enforce status --rules; fail "text"; }

# A cgroup that finds the table of cgroups full is under no policy: that is told, by verify too.
enforce status --json 2>"$dir/err" | grep -q '"unentered":0,' || fail "cgroups without a place before there were any"
"$(dirname "$acts")/fill-map" "$(find "$bpffs" -name map_cgroups)" || fail "the table of cgroups cannot be filled"
mkdir "$group/a/late"
enforce status --json >"$dir/out" 2>"$dir/err"
grep -q '"unentered":1,' "$dir/out" && grep -q 'warning: 1 new cgroups below .* are under none' "$dir/err" ||
	{ cat "$dir/out"; fail "status: no word of a cgroup without a policy"; }
enforce verify --json >"$dir/out" 2>"$dir/err" || fail "verify: status $?"
grep -q '"kind":"cgroup".*under no policy","holds":"unknown"' "$dir/out" || { cat "$dir/out"; fail "verify: no word of it"; }
