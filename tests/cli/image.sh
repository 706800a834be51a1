#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stakeout image: the rules of an image, what changes between two, what other tools make of the file, hostile files.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "image.sh: $*" >&2; exit 1; }
# status N ARGUMENT...: stakeout image ends with N; what it said is in $dir/said
status() {
	want=$1; shift
	got=0; "$STAKEOUT" image "$@" >"$dir/said" 2>&1 || got=$?
	[ "$got" = "$want" ] || { cat "$dir/said" >&2; fail "status $got, not $want: $*"; }
}
said() { grep -qE -- "$1" "$dir/said" || { cat "$dir/said" >&2; fail "does not say: $1"; }; }
unsaid() { ! grep -qE -- "$1" "$dir/said" || { cat "$dir/said" >&2; fail "says: $1"; }; }
compile() { "$STAKEOUT" compile "$dir/$1.yaml" -o "$dir/$1" >"$dir/said" 2>&1 || { cat "$dir/said" >&2; fail "no $1"; }; }

cat >"$dir/a.yaml" <<'END'
apiVersion: stakeout/v1
kind: Allowlist
metadata: {name: cart}
workload: {namespace: shop, kind: Deployment, name: cart, podLabels: {app: cart}}
mode: monitor
exec:
  allow:
    - {path: /usr/bin/node}
    - {path: /app/scripts/}
    - {path: /usr/bin/git, by: [/usr/bin/node, /bin/sh]}
    - {path: "/app/\e[31mred\nline"}
file:
  protect: [/etc/, /app/]
  allow:
    - {path: /app/cache/, access: [write, create], by: [/usr/bin/node]}
    - {path: /app/pid, access: [write, create]}
connect:
  allow:
    - {cidr: 10.0.0.0/8, port: 5432, protocol: tcp}
    - {cidr: 10.1.0.0/16, port: 53, protocol: udp}
    - {cidr: 10.1.2.0/24, port: 8000-8080}
    - {cidr: "fd00::/8", by: [/usr/bin/node]}
guards: [mount, bpf]
END
compile a
a=$dir/a/cart.image.elf

# show: every rule once, though the file repeats wider networks' rules in narrower ones
status 0 show "$a"
said '^exec +/usr/bin/git +/bin/sh +start$'
said '^file +/app/cache/ +/usr/bin/node +write create$'
said '^protect +/etc/ +judged$'
said '^connect +10\.1\.2\.0/24 8000-8080/any +any +connect$'
said '^connect +fd00::/8 any/any +/usr/bin/node +connect$'
said '^guard +bpf +any +forbidden$'
[ "$(grep -c '5432' "$dir/said")" = 1 ] || fail "an inherited rule is told twice"
! grep -q "$(printf '\033')" "$dir/said" || fail "lets an escape character through"
status 0 show --json "$a"
jq -se 'length > 10 and all(.workload == "shop/Deployment/cart" and .image == "cart")' "$dir/said" >/dev/null || fail "JSON of show"
status 0 verify "$a"
said "$(sha256sum "$dir/a/cart.allowlist.yaml" | cut -d' ' -f1)"

# the order of entries and keys means nothing: the same bytes
cat >"$dir/order.yaml" <<'END'
kind: Allowlist
apiVersion: stakeout/v1
workload: {podLabels: {app: cart}, name: cart, kind: Deployment, namespace: shop}
guards: [bpf, mount]
connect:
  allow:
    - {by: [/usr/bin/node], cidr: "fd00::/8"}
    - {port: 8000-8080, cidr: 10.1.2.0/24}
    - {cidr: 10.1.0.0/16, port: 53, protocol: udp}
    - {cidr: 10.0.0.0/8, port: 5432, protocol: tcp}
file:
  allow:
    - {path: /app/pid, access: [create, write]}
    - {path: /app/cache/, by: [/usr/bin/node], access: [create, write]}
  protect: [/app/, /etc/]
exec:
  allow:
    - {path: "/app/\e[31mred\nline"}
    - {path: /usr/bin/git, by: [/bin/sh, /usr/bin/node]}
    - {path: /app/scripts/}
    - {path: /usr/bin/node}
    - {path: /usr/bin/node}
metadata: {name: cart}
END
compile order
cmp "$a" "$dir/order/cart.image.elf" || fail "another order, other bytes"
diff -r "$dir/a" "$dir/order" >/dev/null || fail "another order, other files"
cp -r "$dir/a" "$dir/again"
compile a
diff -r "$dir/a" "$dir/again" >/dev/null || fail "two runs, other bytes"

# diff
status 0 diff "$a" "$dir/order"
said '^0 added, 0 removed, 0 changed$'
sed -e 's/mode: monitor/mode: enforce/; s/5432/5433/; s/\[write, create\]}/[write, unlink]}/; s/, bpf/, ptrace/; s/\/bin\/sh\]/\/bin\/bash]/' \
	-e 's/\[\/etc\/, \/app\/\]/[\/app\/]/' "$dir/a.yaml" >"$dir/b.yaml"
compile b
status 1 diff "$a" "$dir/b/cart.image.elf"
for line in 'changed .* mode +image +monitor +enforce$' 'removed .* exec +/usr/bin/git +/bin/sh +start' \
	'added .* exec +/usr/bin/git +/bin/bash +start' 'removed .* protect +/etc/' \
	'changed .* file +/app/pid +any +write create +write unlink' 'removed .* connect +10.0.0.0/8 5432/tcp' \
	'added .* connect +10.0.0.0/8 5433/tcp' 'removed .* guard +bpf' 'added .* guard +ptrace' '^3 added, 4 removed, 2 changed$'; do
	said "$line"
done
status 1 diff --json "$a" "$dir/b"
jq -se '.[-1] == {summary: true, added: 3, removed: 4, changed: 2} and length == 10' "$dir/said" >/dev/null || fail "JSON of diff"
# a section that is not judged any more is told as such, not as each of its rules alone
sed '/^exec:/,/^file:/{/^file:/!d}' "$dir/a.yaml" >"$dir/c.yaml"
compile c
status 1 diff "$a" "$dir/c"
said 'changed .* mode +exec +judged +not judged'

# folders: by workload
mkdir "$dir/old" "$dir/new"
"$STAKEOUT" compile corpus/allowlists/*.yaml -o "$dir/old" >/dev/null 2>&1
cp "$dir"/old/*.elf "$dir/new"
status 0 diff "$dir/old" "$dir/new"
rm "$dir/new/web-storefront.image.elf"
cp "$dir/old/shop-cart.image.elf" "$dir/new/zzz.image.elf"
status 2 diff "$dir/old" "$dir/new"
said 'zzz.image.elf: error: is for shop/Deployment/cart.*, and so is .*/shop-cart.image.elf'
rm "$dir/new/zzz.image.elf"
sed "s|5432|5433|" corpus/allowlists/node-service.yaml >"$dir/shop.yaml"
compile shop
cp "$dir/shop/shop-cart.image.elf" "$dir/new"
status 1 diff "$dir/old" "$dir/new"
said '^removed +web/Deployment/storefront/nginx +image +web-storefront +the whole image'
said ' shop/Deployment/cart[^ ]* +connect .*5433'

# bad usage and input
status 2 diff "$a"
said 'diff takes two'
status 2 diff "$a" "$dir/absent"
said 'absent: error: cannot be read'
status 2 diff "$a" "$dir/said"
status 2 frob "$a"
said "'frob' is none of show, verify, diff"
mkdir "$dir/empty"
status 2 diff "$a" "$dir/empty"
said 'holds no image'

# refused whole, with file and reason; what is good is still told
head -c 3000 "$a" >"$dir/cut.elf"
for sub in show verify; do
	status 2 $sub "$dir/cut.elf" "$a"
	said 'cut.elf: error: not a usable policy image: '
	said 'cart'
done
status 2 diff "$a" "$dir/cut.elf"
unsaid 'added'
# byte AT VALUE REASON: at a place of the ELF header
byte() {
	cp "$a" "$dir/bad.elf"
	printf "$2" | dd of="$dir/bad.elf" bs=1 seek="$1" conv=notrunc 2>/dev/null
	status 2 verify "$dir/bad.elf"
	said "bad.elf: error: .*$3"
}
byte 4 '\001' 'no 64-bit little-endian ELF file for BPF'
byte 5 '\002' 'no 64-bit little-endian ELF file for BPF'
byte 16 '\003' 'no 64-bit little-endian ELF file for BPF'
byte 18 '\076' 'no 64-bit little-endian ELF file for BPF'
byte 88 '\001' 'the image has format 1, this version reads 2: compile it again'
byte 120 '\377' 'its digest is not that of its bytes'

# what other tools make of it
if command -v readelf >/dev/null; then
	readelf -aW "$a" >"$dir/said" 2>&1 || fail "readelf"
	unsaid '[Ww]arning|[Ee]rror:'
	said 'entries\.exec_pairs'
	said 'Linux BPF'
fi
if command -v bpftool >/dev/null && bpftool version >/dev/null 2>&1; then
	bpftool btf dump file "$a" >"$dir/said" 2>&1 || fail "bpftool btf dump"
	said "VAR 'exec_pairs'"
	bpftool gen skeleton "$a" name cart >"$dir/cart.skel.h" 2>"$dir/said" || fail "bpftool gen skeleton"
	for map in settings paths bytes exec_pairs file_pairs net4 net6 ports; do
		grep -q "struct bpf_map \*$map;" "$dir/cart.skel.h" || fail "no map $map in the skeleton"
	done
fi

# what does not fit: which limit, and what to do; nothing is written
head='apiVersion: stakeout/v1\nkind: Allowlist\nmetadata: {name: big}\nworkload: {namespace: host, kind: unit, name: x.service}\n'
# too_much TEXT REASON: awk's program for the entries
too_much() {
	{ printf "$head"; awk "$1"; } >"$dir/big.yaml"
	! "$STAKEOUT" compile "$dir/big.yaml" -o "$dir/big" >"$dir/said" 2>&1 || fail "does not refuse: $2"
	said "$2"
	[ ! -e "$dir/big/big.image.elf" ] || fail "written: $2"
}
too_much 'BEGIN { print "exec:\n  allow:"; for (i = 0; i < 66000; i++) print "    - {path: /opt/p" i "}" }' \
	"big.yaml: error: the image needs 66005 entries in 'paths' and holds 65536: name folders"
too_much 'BEGIN { print "connect:\n  allow:"; for (i = 0; i < 300; i++) print "    - {cidr: 10.0.0.0/8, port: " 1000 + 2 * i "}" }' \
	'big.yaml: error: 300 port rules meet on the network 10.0.0.0/8, an image holds 256: use port ranges'
