#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# From applying to releasing: policies outlive the enforcer, are replaced without a gap, go back to audit by themselves, are
# confirmed, audit without refusing, and end; a second workload is not touched by any of it.
. tests/lib/enforce.sh

for name in acts one two; do cp "$acts" "$dir/bin/$name"; done
mkdir "$group/a" "$group/b"
both() { printf 'exec:\n  allow:\n    - path: %s\n    - path: %s\n    - path: %s\n' "$(readlink -f "$(command -v sh)")" "$dir/bin/acts" "$1"; }
both "$dir/bin/one" | image one
both "$dir/bin/two" | image two
both "$dir/bin/two" | MODE=monitor image two-monitor
one="$dir/bin/one noop" two="$dir/bin/two noop"

# Nothing yet.
enforce status >"$dir/out" 2>"$dir/err" && fail "status: something is in force" || expect "status" $? 1
enforce release >/dev/null || fail "release: nothing to release is not an error"

# The very first one, killed at any moment: the next command clears what is left of it.
left() { find "$bpffs/stakeout" 2>/dev/null; for g in "$v2"/stakeout-self-test-*; do [ ! -d "$g" ] || kill -0 "${g##*-}" 2>/dev/null || echo "$g"; done; }
for ms in 5 20 50 80 120 160 200 300 400 600; do
	"$enforcer" --backend "$backend" "$dir/one.image.elf" --cgroup "$group/a" --bpffs "$bpffs" >/dev/null 2>&1 &
	pid=$!
	sleep 0.$(printf %03d $ms)
	kill -9 $pid 2>/dev/null || :
	wait $pid 2>/dev/null || :
	enforce release >/dev/null || fail "release after a kill: status $?"
	[ -z "$(left)" ] || fail "left after a first one was killed: $(left)"
	allowed "two after a first one was killed" "$group/a" $two
done

apply "$dir/one.image.elf" --cgroup "$group/a"
allowed "one" "$group/a" $one
refused "two" "$group/a" $two
allowed "elsewhere" "$group/b" $two
apply "$dir/two.image.elf" --cgroup "$group/b"
refused "one in b" "$group/b" $one

# Killed in the middle of whatever it does: what was in force is in force.
for ms in 1 5 20 50 100 200 400; do
	"$enforcer" --backend "$backend" "$dir/one.image.elf" --cgroup "$group/a" --bpffs "$bpffs" >/dev/null 2>&1 &
	pid=$!
	sleep 0.$(printf %03d $ms)
	kill -9 $pid 2>/dev/null || :
	wait $pid 2>/dev/null || :
	refused "two after a kill" "$group/a" $two
	allowed "one after a kill" "$group/a" $one
done

# Replaced in a loop while both are run in a loop: acts, which both policies allow, never fails.
(while [ ! -e "$dir/stop" ]; do within "$group/a" "$dir/bin/acts" noop || { echo "acts was refused: $?" >"$dir/bad"; break; }; done) &
runner=$!
for i in 1 2 3; do
	apply "$dir/two.image.elf" --cgroup "$group/a"
	refused "one, replaced" "$group/a" $one
	apply "$dir/one.image.elf" --cgroup "$group/a"
	refused "two, replaced back" "$group/a" $two
done
touch "$dir/stop"
wait $runner
[ ! -e "$dir/bad" ] || fail "$(cat "$dir/bad")"

# Audit counts and refuses nothing; so does an image in monitor mode.
mode() { enforce status --json "$group/a" | sed -n 's/.*"mode":"\([a-z]*\)".*/\1/p'; }
before=$(enforce status --json "$group/a" | sed -n 's/.*"denied_exec":\([0-9]*\).*/\1/p')
apply "$dir/one.image.elf" --cgroup "$group/a" --audit
allowed "two in audit" "$group/a" $two
expect "mode" "$(mode)" audit
expect "audited" "$(enforce status --json "$group/a" | sed -n 's/.*"audited_exec":\([0-9]*\).*/\1/p')" 1
expect "denied meanwhile" "$(enforce status --json "$group/a" | sed -n 's/.*"denied_exec":\([0-9]*\).*/\1/p')" "$before"
apply "$dir/two-monitor.image.elf" --cgroup "$group/a"
allowed "one in monitor mode" "$group/a" $one

# For a time: then only audit, without anybody's doing; confirmed: for good.
expired() { [ "$(mode)" = expired ]; }
apply "$dir/one.image.elf" --cgroup "$group/a" --for 5s
refused "two within the time" "$group/a" $two
eventually expired || fail "the time does not end"
allowed "two after the time" "$group/a" $two
enforce confirm "$group/a" >/dev/null 2>&1 && fail "confirm: too late is an error" || expect "confirm, too late" $? 2
apply "$dir/one.image.elf" --cgroup "$group/a" --for 5s
enforce confirm "$group/a" >/dev/null || fail "confirm"
enforce confirm 2>&1 | grep -q "nothing in force has a time limit" || fail "confirm: nothing left to confirm is not told"
sleep 5.2
refused "two, confirmed" "$group/a" $two

# A child's own policy goes before its parent's, which it falls back to.
mkdir "$group/a/child"
apply "$dir/two.image.elf" --cgroup "$group/a/child"
allowed "two in the child" "$group/a/child" $two
refused "two in the parent" "$group/a" $two
enforce release "$group/a/child" >/dev/null
refused "two in the child without one" "$group/a/child" $two

# Gone with their cgroup.
enforce release "$group/a" >/dev/null
allowed "two, released" "$group/a" $two
allowed "two, released, in the child" "$group/a/child" $two
refused "one in b, not released" "$group/b" $one
rmdir "$group/b"
enforce status >/dev/null 2>&1 && fail "status: a policy without its cgroup" || :
apply "$dir/one.image.elf" --cgroup "$group/a"
enforce release >/dev/null
allowed "two, all released" "$group/a" $two
[ ! -e "$bpffs/stakeout" ] || fail "left in the BPF file system: $(find "$bpffs/stakeout")"
