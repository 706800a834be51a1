#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What a policy allows is untouched, what it does not allow is refused: exec, open, connect, by anybody and by some only; a
# child cgroup is under it, a cgroup beside it is not.
. tests/lib/enforce.sh

for name in acts other caller nobody; do cp "$acts" "$dir/bin/$name"; done
ln -s "$dir/bin/acts" "$dir/link"
mkdir "$dir/etc" "$dir/etc/ok" "$dir/free" "$group/own" "$v2/stakeout-beside-$$"
cleanups="rmdir $v2/stakeout-beside-$$"
echo x >"$dir/etc/file"
sh=$(readlink -f "$(command -v sh)")
image decisions <<END
exec:
  allow:
    - path: $sh
    - path: $dir/bin/acts
    - {path: $dir/bin/other, by: [$dir/bin/caller]}
    - path: $dir/bin/caller
file:
  protect: [$dir/etc/]
  allow:
    - {path: $dir/etc/ok/, access: [write, create, truncate]}
    - {path: $dir/etc/file, access: [write], by: [$dir/bin/caller]}
connect:
  allow:
    - {cidr: 127.0.0.1/32, port: 5300, protocol: udp}
    - {cidr: 127.0.0.0/8, port: 5301, by: [$dir/bin/caller]}
END
apply "$dir/decisions.image.elf" --cgroup "$group"
echo "back end: $(backend_now)"

allowed "an allowed program" "$group/own" "$dir/bin/acts" noop
allowed "by a symbolic link" "$group" "$dir/link" noop
allowed "outside" "$v2/stakeout-beside-$$" "$dir/bin/other" noop
refused "a program of nobody" "$group" "$dir/bin/nobody" noop
refused "the same in a child cgroup" "$group/own" "$dir/bin/nobody" noop
mkdir "$group/new"
refused "the same in a new child cgroup" "$group/new" "$dir/bin/nobody" noop
refused "a program for some, by others" "$group" "$dir/bin/other" noop
allowed "a program for some, by them" "$group" "$dir/bin/caller" exec "$dir/bin/other" noop
refused "a memfd" "$group" "$dir/bin/acts" memfd
allowed "reading what is protected" "$group" "$dir/bin/acts" open r "$dir/etc/file"
refused "writing it" "$group" "$dir/bin/acts" open w "$dir/etc/file"
allowed "writing it by whom it is for" "$group" "$dir/bin/caller" open w "$dir/etc/file"
refused "emptying it by whom writing is for" "$group" "$dir/bin/caller" open wt "$dir/etc/file"
allowed "what is excepted" "$group" "$dir/bin/acts" open wct "$dir/etc/ok/file"
allowed "what is not protected" "$group" "$dir/bin/acts" open wct "$dir/free/file"
refused "through openat2" "$group" "$dir/bin/acts" openat2 w "$dir/etc/file"
allowed "an address and port" "$group" "$dir/bin/acts" udp 127.0.0.1 5300
allowed "the same without connect" "$group" "$dir/bin/acts" sendto 127.0.0.1 5300
allowed "the same as IPv6" "$group" "$dir/bin/acts" udp ::ffff:127.0.0.1 5300
refused "another port" "$group" "$dir/bin/acts" udp 127.0.0.1 5399
refused "another port without connect" "$group" "$dir/bin/acts" sendto 127.0.0.1 5399
refused "another address" "$group" "$dir/bin/acts" udp 127.0.0.2 5300
refused "the same as IPv6" "$group" "$dir/bin/acts" udp ::ffff:127.0.0.2 5300
refused "a port for some, by others" "$group" "$dir/bin/acts" udp 127.0.0.9 5301
allowed "a port for some, by them" "$group" "$dir/bin/caller" udp 127.0.0.9 5301

expect "execs denied" "$(count denied_exec)" 5
expect "opens denied" "$(count denied_file)" 3
expect "connects denied" "$(count denied_connect)" 5
