#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Connects: TCP and UDP, IPv4 and IPv6, an IPv4-mapped address, a datagram without connect.
. tests/lib/live.sh

cp "$acts" "$dir/acts"
start_recorder --workload "$name"
in_group "$dir/acts" tcp 127.0.0.1 9
in_group "$dir/acts" tcp 127.0.0.1 9
in_group "$dir/acts" udp 127.0.0.1 53
in_group "$dir/acts" sendto 127.0.0.2 5353
in_group "$dir/acts" tcp ::ffff:127.0.0.3 80
v6=
if grep -q 00000000000000000000000000000001 /proc/net/if_inet6 2>/dev/null; then
	v6=yes
	in_group "$dir/acts" tcp ::1 443
	in_group "$dir/acts" udp ::1 53
fi
stop_recorder

{
	echo "6|4|7F000001|9|2|0"
	echo "17|4|7F000001|53|1|0"
	echo "17|4|7F000002|5353|1|1"
	echo "6|6|00000000000000000000FFFF7F000003|80|1|0"
	[ -z "$v6" ] || echo "6|6|00000000000000000000000000000001|443|1|0"
	[ -z "$v6" ] || echo "17|6|00000000000000000000000000000001|53|1|0"
} | LC_ALL=C sort >"$dir/wanted"
query "SELECT protocol, family, CASE family WHEN 4 THEN substr(hex(address), 1, 8) ELSE hex(address) END, port, count,
	(tags & (1 << 14)) != 0  -- unconnected
	FROM observation WHERE kind = 3 AND subject = CAST('$dir/acts' AS BLOB)" | LC_ALL=C sort >"$dir/got"
same "$dir/wanted" "$dir/got" "connects"
