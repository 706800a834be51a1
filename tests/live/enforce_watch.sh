#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What was refused becomes lines, rows of the store and observations: workload, subject, object, what was done about it, by which rule of
# which image; audited things too. What found no room to be told is counted, told and stored, once.
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
enforce watch --once --json --db "$dir/store.db" >"$dir/lines"
apply "$dir/watched.image.elf" --cgroup "$group/a" --audit
allowed "an exec in audit" "$group/a" "$dir/bin/evil" noop
enforce watch --once --json --db "$dir/store.db" >>"$dir/lines"
file=refused exec=refused
[ "$backend" != signal ] || { file="killed after it happened"; exec=killed; }
shell=$(readlink -f "$(command -v sh)")
# Before 6.10 a tracepoint sees an exec when the caller's program is gone: who it was is not told.
case $backend-$(uname -r) in
signal-[0-5].* | signal-6.[0-9].*) shell= ;;
esac
for want in "\"kind\":\"exec\",\"outcome\":\"$exec\",\"subject\":\"$shell\",\"object\":\"$dir/bin/evil\"" \
	"\"kind\":\"file\",\"outcome\":\"$file\",\"subject\":\"$dir/bin/acts\",\"object\":\"$dir/etc/file\",\"access\":\"write\",\"rule\":\"protect $dir/etc/\"" \
	'"kind":"connect","outcome":"refused".*"object":"127.0.0.7:4711 udp"' '"kind":"exec","outcome":"audited"'; do
	grep -q "$want" "$dir/lines" || { cat "$dir/lines"; fail "no line with $want"; }
done
expect "lines" "$(wc -l <"$dir/lines")" 4
expect "observations" "$(sqlite3 "$dir/store.db" "SELECT group_concat(kind || ' ' || count || ' ' || CAST(path AS TEXT), '; ') FROM
	(SELECT * FROM observation ORDER BY kind, (tags & (1 << 11)))")" "0 2 $dir/bin/evil; 2 1 $dir/etc/file; 3 1 "
expect "nothing left" "$(enforce watch --once | wc -l)" 0

# In the store: what became of each, and why. The exec was refused once and audited once.
"$STAKEOUT" show --refused --json --db "$dir/store.db" "${group##*/}/a" >"$dir/rows"
for want in "\"kind\":\"exec\",\"object\":\"$dir/bin/evil\",\"access\":\[\],\"subject\":\"$shell\",\"outcome\":\"$exec\",\"rule\":\"no exec rule\",\"image\":\"watched\",\"count\":1" \
	"\"kind\":\"exec\",\"object\":\"$dir/bin/evil\",\"access\":\[\],\"subject\":\"$shell\",\"outcome\":\"audited\",\"rule\":\"no exec rule\"" \
	"\"kind\":\"file\",\"object\":\"$dir/etc/file\",\"access\":\[\"write\"\],\"subject\":\"$dir/bin/acts\",\"outcome\":\"$file\",\"rule\":\"protect $dir/etc/\"" \
	'"kind":"connect","object":"127.0.0.7:4711 udp","access":\[\],.*"outcome":"refused","rule":"no connect rule"'; do
	grep -q "$want" "$dir/rows" || { cat "$dir/rows"; fail "no row with $want"; }
done
expect "rows" "$(grep -c '"outcome"' "$dir/rows")" 4
"$STAKEOUT" show --refused --db "$dir/store.db" "${group##*/}/a" | grep -q "killed\|refused" || fail "no rows as text"

# More than there is room for while nobody reads.
lost() { sqlite3 "$dir/store.db" "SELECT ifnull(sum(count), 0) FROM loss WHERE reason = 'ring full'"; }
apply "$dir/watched.image.elf" --cgroup "$group/a"
allowed "many refusals" "$group/a" "$dir/bin/acts" tries 127.0.0.8 5000
expect "tried" "$(cat "$dir/out")" "5000 refused"
enforce status >"$dir/out" 2>"$dir/status.err"
grep -q "warning: [0-9]* refusals were counted" "$dir/status.err" || { cat "$dir/status.err"; fail "status: no word of refusals without a record"; }
kept=$(enforce watch --once --db "$dir/store.db" 2>/dev/null | grep -c 127.0.0.8)
expect "refusals kept and lost" "$((kept + $(lost)))" 5000
[ "$(lost)" -gt 0 ] || fail "nothing was lost: the ring was not full"
expect "rows of many" "$(sqlite3 "$dir/store.db" "SELECT sum(count) FROM refusal WHERE CAST(object AS TEXT) = '127.0.0.8:9 udp'")" "$kept"
refused "a connect" "$group/a" "$dir/bin/acts" udp 127.0.0.8 10
expect "one more" "$(enforce watch --once --db "$dir/store.db" 2>/dev/null | wc -l)" 1
expect "lost is told once" "$((kept + $(lost)))" 5000
enforce status --json | grep -q "\"unrecorded\":$(lost)" || fail "status: not how many are without a record"
