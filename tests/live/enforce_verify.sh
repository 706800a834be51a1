#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# "enforce verify" does what is forbidden and sees it fail, in each workload; where it is possible it says so, with status 1.
. tests/lib/enforce.sh

mkdir "$dir/etc" "$group/a" "$group/b"
echo x >"$dir/etc/file"
image verified <<END
exec:
  allow: [{path: $(readlink -f "$(command -v sh)")}]
file:
  protect: [$dir/etc/]
connect:
  allow: [{cidr: 192.0.2.0/24, port: 1}]
END
enforce verify >/dev/null 2>&1 && fail "verify: nothing is in force" || expect "status without policies" $? 2
apply "$dir/verified.image.elf" --cgroup "$group/a" --cgroup "$group/b"
enforce verify --json >"$dir/tries" || { cat "$dir/tries"; fail "verify: status $?"; }
expect "what holds" "$(grep -c '"holds":"yes"' "$dir/tries")" 6
grep -q "\"object\":\"$dir/etc/file\"" "$dir/tries" || fail "the protected file was not tried"
grep -q '"object":"198.51.100.1"' "$dir/tries" || fail "an allowed address was tried"
expect "the file" "$(cat "$dir/etc/file")" x

# Something takes the hooks away: the next try tells.
rm "$bpffs"/stakeout/v*/link_connect_4@*
# The kernel detaches some time after the pin is gone.
told() {
	enforce verify --json "$group/a" >"$dir/tries" && got=0 || got=$?
	[ $got -ne 0 ]
}
eventually told || :
expect "status when a connect is possible" $got 1
grep -q '"kind":"connect".*"outcome":"allowed","holds":"no"' "$dir/tries" || { cat "$dir/tries"; fail "the connect was not told"; }
apply "$dir/verified.image.elf" --cgroup "$group/a"
enforce verify "$group/a" >/dev/null || fail "verify: applied again, and still not in force"
"$enforcer" verify --interval 1s --json "$group/a" --bpffs "$bpffs" >"$dir/tries" &
pid=$!
eventually has_lines 4 "$dir/tries" || fail "verify --interval: no tries, or no second ones"
kill -TERM $pid
wait $pid || fail "verify --interval: status $?"
