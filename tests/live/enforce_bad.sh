#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Bad input: a clear error, the documented status, and what was in force before is in force.
. tests/lib/enforce.sh

for name in acts one two; do cp "$acts" "$dir/bin/$name"; done
mkdir "$group/a" "$dir/plain"
image good <<END
exec:
  allow:
    - path: $(readlink -f "$(command -v sh)")
    - path: $dir/bin/one
END
good=$dir/good.image.elf
apply "$good" --cgroup "$group/a"

# bad STATUS WORDS ARG...
bad() {
	want=$1 words=$2
	shift 2
	"$enforcer" "$@" >"$dir/out" 2>"$dir/err" && got=0 || got=$?
	[ "$got" = "$want" ] || fail "$*: status $got instead of $want"
	grep -q -- "$words" "$dir/err" || fail "$*: no word of '$words'"
	allowed "one, after $*" "$group/a" "$dir/bin/one" noop
	refused "two, after $*" "$group/a" "$dir/bin/two" noop
}
# patched NAME OFFSET BYTE
patched() { cp "$good" "$dir/$1"; printf "\\$3" | dd of="$dir/$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }

to="--cgroup $group/a --bpffs $bpffs"
bad 2 "cannot be read" "$dir/absent" $to
bad 2 "too short" /dev/null $to
patched digest $(($(wc -c <"$good") / 2)) 377
bad 2 "image" "$dir/digest" $to
patched machine 18 076
bad 2 "no 64-bit little-endian ELF file for BPF" "$dir/machine" $to
patched format 84 143
bad 2 "format" "$dir/format" $to
head -c 2000 "$good" >"$dir/cut"
bad 2 "not a usable policy image" "$dir/cut" $to
bad 2 "root, which every process" "$good" --cgroup / --bpffs "$bpffs"
bad 2 "no such cgroup" "$good" --cgroup "$group/none" --bpffs "$bpffs"
bad 2 "no cgroup of v2" "$good" --cgroup "$v2/../../../../../../../tmp" --bpffs "$bpffs"
bad 2 "no cgroup of such a workload" "$good" --workload "no-such-thing" --bpffs "$bpffs"
bad 2 "take one image" "$good" "$good" $to
bad 2 "as the host sees it" "$good" $to --runtime "$dir/absent"
bad 2 "is no program" "$good" $to --runtime "$dir"
cp "$acts" "$dir/anybodys"
chmod 777 "$dir/anybodys"
bad 2 "changed by others than root" "$good" $to --runtime "$dir/anybodys"
bad 2 "goes without --for" "$good" $to --follow
bad 2 "is not one of auto" "$good" $to --backend magic
bad 2 "wants a duration" "$good" $to --for soon
bad 3 "No such file" "$good" --cgroup "$group/a" --bpffs "$dir/absent"
bad 3 "not a BPF file system" "$good" --cgroup "$group/a" --bpffs "$dir/plain"
bad 2 "nothing of this name" release nobody --bpffs "$bpffs"
other=lsm
[ "$(backend_now)" != lsm ] || other=signal
bad 3 "release them before" "$good" $to --backend $other

# A BPF file system that takes nothing more, and a process that may open nothing more, at any point of applying.
mount -o remount,ro "$bpffs"
bad 3 "Read-only file system" "$good" --cgroup "$group" --bpffs "$bpffs"
mount -o remount,rw "$bpffs"
for files in 8 20 40 60 80; do
	(ulimit -n $files; exec "$enforcer" "$good" --cgroup "$group" --bpffs "$bpffs") >"$dir/out" 2>"$dir/err" && continue || got=$?
	[ $got = 3 ] || { cat "$dir/err"; fail "with $files descriptors: status $got"; }
	[ -s "$dir/err" ] || fail "with $files descriptors: no word"
	allowed "one, with $files descriptors" "$group/a" "$dir/bin/one" noop
	refused "two, with $files descriptors" "$group/a" "$dir/bin/two" noop
	allowed "two in the parent, with $files descriptors" "$group" "$dir/bin/two" noop
done
enforce release "$group" >/dev/null 2>&1 || :

# Pins of another version, and pins that something took away.
mkdir "$bpffs/stakeout/v99"
bad 3 "another version" "$good" $to
rmdir "$bpffs/stakeout/v99"
rm "$bpffs"/stakeout/v*/map_names
bad 3 "release --all" "$good" $to
enforce release --all >/dev/null
allowed "two, all released" "$group/a" "$dir/bin/two" noop
[ ! -e "$bpffs/stakeout" ] || fail "left in the BPF file system: $(find "$bpffs/stakeout")"
