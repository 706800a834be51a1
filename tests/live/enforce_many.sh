#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Many workloads in one set of maps: each image goes to its own cgroup, one is replaced among all, some are released, all are.
# POLICIES: how many (default 1000).
. tests/lib/enforce.sh

many=${POLICIES:-1000}
name=${group##*/}
mkdir "$dir/lists" "$dir/images"
cp "$acts" "$dir/bin/acts"
shell=$(readlink -f "$(command -v sh)")
# list NUMBER: a program and a port of its own
list() {
	echo "apiVersion: stakeout/v1
kind: Allowlist
metadata: {name: w$1}
workload: {namespace: host, kind: cgroup, name: $name/w$1}
mode: enforce
exec: {allow: [{path: $shell}, {path: $dir/bin/acts$1}]}
file: {protect: [/etc/], allow: [{path: /etc/w$1/, access: [write]}]}
connect: {allow: [{cidr: 127.0.0.1/32, port: $((20000 + $1)), protocol: udp}]}
"
}
folders=
for i in $(seq "$many"); do
	list "$i" >"$dir/lists/w$i.yaml"
	folders="$folders $group/w$i"
done
mkdir $folders "$group/w1/below"
echo "$dir"/lists/*.yaml | xargs "$STAKEOUT" compile -o "$dir/images" >"$dir/compile.out" 2>&1 || fail "compile: $(tail -n 3 "$dir/compile.out")"
for i in 1 2 "$many"; do cp "$acts" "$dir/bin/acts$i"; done

status_of() { enforce status --json "$@"; }
# member NAME: of each object that comes in
member() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",]*\).*/\1/p"; }
# own NUMBER: its own program and port, no other's
own() {
	allowed "own program of w$1" "$group/w$1" "$dir/bin/acts$1" noop
	allowed "own port of w$1" "$group/w$1" "$dir/bin/acts$1" udp 127.0.0.1 $((20000 + $1))
	refused "another's port in w$1" "$group/w$1" "$dir/bin/acts$1" udp 127.0.0.1 $((20000 + $2))
	refused "another's program in w$1" "$group/w$1" "$dir/bin/acts$2" noop
}

start=$(now)
apply "$dir"/images/*.image.elf
echo "$many images to $many cgroups: $(($(now) - start)) ms"
status_of >"$dir/status"
expect "policies" "$(wc -l <"$dir/status")" "$many"
expect "policies that belong elsewhere" "$(sed "s|.*/\([^/\"]*\)\",\"image\":\"\([^\"]*\)\".*|\1 \2|" "$dir/status" | awk "\$1 != \$2" | head -n 1)" ""
echo "memory of a policy: $(member memory <"$dir/status" | awk "{ n += \$1 } END { print int(n / NR) }") bytes"
own 1 2
own "$many" 1
refused "below w1, another's program" "$group/w1/below" "$dir/bin/acts2" noop

# One is replaced; the others are what they were.
{ list 2 | sed "s|{path: $dir/bin/acts2}|{path: $dir/bin/acts2}, {path: $dir/bin/acts1}|"; } >"$dir/lists/w2.yaml"
"$STAKEOUT" compile -o "$dir/images" "$dir/lists/w2.yaml" >"$dir/compile.out" 2>&1 || fail "compile"
start=$(now)
apply "$dir/images/w2.image.elf"
echo "one replaced among $many: $(($(now) - start)) ms"
allowed "what w2 may now" "$group/w2" "$dir/bin/acts1" noop
own 1 2
status_of >"$dir/again"
member digest <"$dir/status" >"$dir/1"
member digest <"$dir/again" >"$dir/2"
expect "digests that changed" "$(paste "$dir/1" "$dir/2" | awk "\$1 != \$2" | wc -l)" 1

# All again, one of which is damaged: nothing changes.
cp "$dir/images/w1.image.elf" "$dir/w1.kept"
head -c 2000 "$dir/w1.kept" >"$dir/images/w1.image.elf"
enforce "$dir"/images/*.image.elf >"$dir/out" 2>"$dir/err" && fail "a damaged image among many is taken"
cp "$dir/w1.kept" "$dir/images/w1.image.elf"
expect "status with a damaged one" "$(status_of | wc -l)" "$many"
own 1 2

# All at once anew.
start=$(now)
apply "$dir"/images/*.image.elf
echo "all $many replaced: $(($(now) - start)) ms"
expect "policies, all replaced" "$(status_of | wc -l)" "$many"
own "$many" 1

# Released: one, then the rest.
enforce release "$group/w1" >"$dir/out"
allowed "w1, released" "$group/w1" "$dir/bin/acts2" noop
own "$many" 1
start=$(now)
enforce release >"$dir/out"
echo "all released: $(($(now) - start)) ms"
expect "released" "$(wc -l <"$dir/out")" "$many"   # the heading, and all but w1
allowed "all released" "$group/w$many" "$dir/bin/acts1" noop
[ ! -d "$bpffs/stakeout" ] || fail "something stays pinned: $(ls "$bpffs/stakeout"/* | head)"
rmdir "$group/w1/below" $folders 2>/dev/null || :   # quicker than one by one
