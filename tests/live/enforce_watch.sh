#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What was refused becomes lines and observations: workload, subject, object, what was done about it; audited things too.
. tests/lib/enforce.sh
command -v sqlite3 >/dev/null || skip "sqlite3 is missing"

cp "$acts" "$dir/bin/acts"
cp "$acts" "$dir/bin/evil"
mkdir "$dir/etc" "$group/a"
echo x >"$dir/etc/file"
image watched <<END
exec:
  allow:
    - path: $(readlink -f "$(command -v sh)")
    - path: $dir/bin/acts
file:
  protect: [$dir/etc/]
connect:
  allow: []
END
apply "$dir/watched.image.elf" --cgroup "$group/a"
backend=$(backend_now)
refused "an exec" "$group/a" "$dir/bin/evil" noop
refused "an open" "$group/a" "$dir/bin/acts" open w "$dir/etc/file"
refused "a connect" "$group/a" "$dir/bin/acts" udp 127.0.0.7 4711
apply "$dir/watched.image.elf" --cgroup "$group/a" --audit
allowed "an exec in audit" "$group/a" "$dir/bin/evil" noop
enforce watch --once --json --db "$dir/store.db" >"$dir/lines"
file=refused exec=refused
[ "$backend" != signal ] || { file="killed after it happened"; exec=killed; }
shell=$(readlink -f "$(command -v sh)")
# Before 6.10 a tracepoint sees an exec when the caller's program is gone: who it was is not told.
case $backend-$(uname -r) in
signal-[0-5].* | signal-6.[0-9].*) shell= ;;
esac
for want in "\"kind\":\"exec\",\"outcome\":\"$exec\",\"subject\":\"$shell\",\"object\":\"$dir/bin/evil\"" \
	"\"kind\":\"file\",\"outcome\":\"$file\",\"subject\":\"$dir/bin/acts\",\"object\":\"$dir/etc/file\",\"access\":\"write\"" \
	'"kind":"connect","outcome":"refused".*"object":"127.0.0.7:4711 udp"' '"kind":"exec","outcome":"audited"'; do
	grep -q "$want" "$dir/lines" || { cat "$dir/lines"; fail "no line with $want"; }
done
expect "lines" "$(wc -l <"$dir/lines")" 4
expect "observations" "$(sqlite3 "$dir/store.db" "SELECT group_concat(kind || ' ' || count || ' ' || CAST(path AS TEXT), '; ') FROM
	(SELECT * FROM observation ORDER BY kind, (tags & (1 << 11)))")" "0 2 $dir/bin/evil; 2 1 $dir/etc/file; 3 1 "
expect "nothing left" "$(enforce watch --once | wc -l)" 0
