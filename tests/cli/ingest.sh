#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stakeout ingest: summaries, exit statuses, content taken in once, SIGKILL, pipes.
set -eu
. tests/lib/wait.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
db=$dir/store.db
fail() { echo "ingest.sh: $*" >&2; exit 1; }
# line N: an exec of /bin/N in pod web, at second N
line() {
	printf '{"process_exec":{"process":{"exec_id":"id%s","pid":%s,"uid":0,"binary":"/bin/p%s","flags":"execve clone","pod":{"namespace":"shop","name":"web-1","container":{"id":"containerd://19a02291e106ce6227b684197be232ea57c4e1a5ab2604a12608c325d701c7f4","name":"web"},"workload":"web","workload_kind":"Deployment"},"docker":"19a02291e106ce6227b684197be232e"},"parent":{"exec_id":"p","pid":1,"binary":"/init"}},"node_name":"n","time":"2026-08-21T07:%02d:%02d.%09dZ"}\n' \
		"$1" "$1" "$(($1 % 7))" "$(($1 / 60 % 60))" "$(($1 % 60))" "$1"
}
lines() { i=$1; while [ "$i" -le "$2" ]; do line "$i"; i=$((i + 1)); done; }
# what the store holds, without what tells of the reading itself
counts() { "$STAKEOUT" export --db "${1:-$db}" | sed 's/.*"binary":"\([^"]*\)","flags.*"stakeout":/\1 /' | sort; }
total() { "$STAKEOUT" export --db "${1:-$db}" | grep -v rate_limit_info | sed 's/.*"count":\([0-9]*\).*/\1/;t;s/.*/1/' | awk '{n += $1} END {print n + 0}'; }
known() { "$STAKEOUT" ingest --json --db "$db" "$@" | sed 's/.*"known":\([0-9]*\).*/\1/'; }

lines 1 700 >"$dir/a.log"
"$STAKEOUT" ingest --db "$db" "$dir/a.log" >/dev/null
[ "$(total)" = 700 ] || fail "700 events counted as $(total)"
counts >"$dir/once"

# the same content: again, compressed, under another name, from a pipe, an older copy, its end, its middle
gzip -c "$dir/a.log" >"$dir/tetragon-2026.log.gz"
head -n 333 "$dir/a.log" >"$dir/older.log"
tail -n 10 "$dir/a.log" >"$dir/tail.log"
sed -n 100,500p "$dir/a.log" >"$dir/middle.log"
"$STAKEOUT" ingest --db "$db" "$dir/a.log" | grep -q ': 700 lines (700 taken in before), 0 new events;' || fail "known lines are told as new"
[ "$(known "$dir/a.log")" = 700 ] || fail "the same file is not recognised"
[ "$(known "$dir/tetragon-2026.log.gz")" = 700 ] || fail "the compressed copy is not recognised"
[ "$(cat "$dir/a.log" | known -)" = 700 ] || fail "the same content from a pipe is not recognised"
[ "$(known "$dir/older.log")" = 333 ] || fail "an older copy is not recognised"
[ "$(known "$dir/tail.log")" = 10 ] || fail "the last ten lines are not recognised"
[ "$(known "$dir/middle.log")" = 401 ] || fail "a middle part is not recognised"
counts | cmp -s - "$dir/once" || fail "ingesting known content changed the counts"

# grown since; and a follower that starts again with the last ten lines
lines 701 800 >>"$dir/a.log"
[ "$(known "$dir/a.log")" = 700 ] || fail "the grown file: the old part is not recognised"
{ tail -n 10 "$dir/a.log"; lines 801 850; lines 841 850; lines 851 860; } >"$dir/follow.log"
[ "$(known - <"$dir/follow.log")" = 20 ] || fail "repeated blocks are not recognised"
[ "$(total)" = 860 ] || fail "860 events counted as $(total)"
lines 1 860 >"$dir/whole.log"
[ "$(known "$dir/whole.log")" = 860 ] || fail "the whole log, taken in in pieces, is not recognised"

line 1 >"$dir/one.log"
"$STAKEOUT" ingest --db "$dir/one.db" "$dir/one.log" | grep -q ': 1 line, 1 event: exec 1;' || fail "one line is told as many"

# a cut last line is taken in when it is whole
{ lines 900 905; line 906 | head -c 300; } >"$dir/cut.log"
"$STAKEOUT" ingest --db "$db" "$dir/cut.log" | grep -q 'skipped 1: .*(line 7)' || fail "a cut line is not told"
lines 900 906 >"$dir/cut.log"
"$STAKEOUT" ingest --db "$db" "$dir/cut.log" >/dev/null
[ "$(total)" = 867 ] || fail "a completed line: 867 events counted as $(total)"

# on a terminal a line tells how far it is; elsewhere nothing is said
if command -v script >/dev/null; then
	mkfifo "$dir/slow"
	{ sleep 0.7; lines 1 200; } >"$dir/slow" &
	script -qec "'$STAKEOUT' ingest --db '$dir/tty.db' '$dir/slow'" "$dir/tty" >/dev/null
	grep -q 'slow: [0-9]* lines, 0 MB' "$dir/tty" || fail "no progress on a terminal: $(cat "$dir/tty")"
	{ sleep 0.7; lines 201 400; } >"$dir/slow" &
	"$STAKEOUT" ingest --db "$dir/tty.db" "$dir/slow" >/dev/null 2>"$dir/err"
	[ ! -s "$dir/err" ] || fail "progress without a terminal: $(cat "$dir/err")"
fi

# killed in the middle of a live stream: readable, and complete when run again
killed=$dir/killed.db
mkfifo "$dir/pipe"
"$STAKEOUT" ingest --db "$killed" - <"$dir/pipe" >/dev/null 2>&1 &
pid=$!
exec 9>"$dir/pipe"
lines 1 300 >&9
written() { [ "$(total "$killed" 2>/dev/null || echo 0)" -ge 300 ]; }
eventually written || fail "a live pipe is not written within a minute"
lines 301 350 >&9
kill -9 $pid
wait $pid 2>/dev/null || true
exec 9>&-
"$STAKEOUT" ingest --db "$killed" "$dir/whole.log" >/dev/null
[ "$(total "$killed")" = 860 ] || fail "after SIGKILL: 860 events counted as $(total "$killed")"

# exit statuses, and a bad file does not stop the next
status() { want=$1; shift; set +e; "$@" >/dev/null 2>"$dir/err"; got=$?; set -e; [ $got = "$want" ] || fail "exit $got, not $want: $*"; [ "$want" = 0 ] || [ -s "$dir/err" ] || fail "no word on: $*"; }
printf 'hello\nworld\n' >"$dir/text"
: >"$dir/empty"
status 2 "$STAKEOUT" ingest --db "$db" "$dir/text"
status 2 "$STAKEOUT" ingest --db "$db" "$dir/empty"
status 2 "$STAKEOUT" ingest --db "$db" "$dir/none"
status 2 "$STAKEOUT" ingest --db "$db" "$dir"
status 2 "$STAKEOUT" ingest
status 2 "$STAKEOUT" ingest --db "$dir/no/where.db" "$dir/a.log"
head -c 2000 "$dir/tetragon-2026.log.gz" >"$dir/cut.gz"
status 2 "$STAKEOUT" ingest --db "$db" "$dir/cut.gz"
grep -q 'cut off after line' "$dir/err" || fail "a cut gzip stream: $(cat "$dir/err")"
"$STAKEOUT" compile corpus/allowlists/web-server.yaml -o "$dir/web" >/dev/null || fail "no policy to replay"
status 2 "$STAKEOUT" replay "$dir/web" --corpus "$dir/cut.gz"
grep -q 'cut off after line' "$dir/err" || fail "replay of a cut gzip stream: $(cat "$dir/err")"
lines 1 20 | gzip -c >"$dir/more.gz"
head -c 512 /dev/zero >>"$dir/more.gz"
status 0 "$STAKEOUT" ingest --db "$dir/more.db" "$dir/more.gz"
echo more >>"$dir/more.gz"
status 2 "$STAKEOUT" ingest --db "$dir/more.db" "$dir/more.gz"
grep -q 'other bytes follow the gzip stream after line 20' "$dir/err" || fail "bytes behind a gzip stream: $(cat "$dir/err")"
[ "$(total "$dir/more.db")" = 20 ] || fail "what a gzip stream held before the damage is not kept"
lines 1 300 | gzip -c >"$dir/bad.gz"
printf xxxx | dd of="$dir/bad.gz" bs=1 seek=$(($(wc -c <"$dir/bad.gz") - 300)) conv=notrunc 2>/dev/null
status 2 "$STAKEOUT" ingest --db "$dir/bad.db" "$dir/bad.gz"
grep -q 'the gzip stream is damaged after line' "$dir/err" || fail "a damaged gzip stream: $(cat "$dir/err")"
[ "$(total "$dir/bad.db")" -gt 100 ] || fail "what came before the damage is not kept"
# no text at all: what it is, and what to do
printf '\377\376{\0' >"$dir/utf16"
status 2 "$STAKEOUT" ingest --db "$db" "$dir/utf16"
grep -q 'UTF-16 text: convert it first' "$dir/err" || fail "UTF-16: $(cat "$dir/err")"
status 2 "$STAKEOUT" ingest --db "$db" "$db"
grep -q 'is a database' "$dir/err" || fail "a database: $(cat "$dir/err")"
status 2 "$STAKEOUT" ingest --db "$db" - <&-
# zero bytes damage the lines they stand in; one line of 20 MB is passed in bounded memory
{ line 1; printf 'a\000b\n'; line 2 | sed 's/bin/\x00/'; line 3; head -c 20000000 /dev/zero | tr '\000' x; echo; line 4; } >"$dir/odd"
"$STAKEOUT" ingest --db "$dir/odd.db" "$dir/odd" >"$dir/out" || fail "good lines among odd ones: exit $?"
grep -q ': 6 lines, 3 events' "$dir/out" || fail "odd lines: $(cat "$dir/out")"
grep -q 'longer than 16 MiB (line 5)' "$dir/out" || fail "a long line: $(cat "$dir/out")"
# rotated files in whatever order give the same observations
split -l 200 "$dir/whole.log" "$dir/part."
"$STAKEOUT" ingest --db "$dir/order.db" $(ls -r "$dir"/part.*) >/dev/null
"$STAKEOUT" ingest --db "$dir/ordered.db" "$dir"/part.* >/dev/null
counts "$dir/order.db" | sed 's/,"last".*//' >"$dir/order"
counts "$dir/ordered.db" | sed 's/,"last".*//' | cmp -s - "$dir/order" || fail "the order of files changed what was observed"
status 1 "$STAKEOUT" export --db "$db" --workload nothing-like-it
fresh=$dir/fresh.db
status 2 "$STAKEOUT" ingest --db "$fresh" "$dir/text" "$dir/older.log"
[ "$(total "$fresh")" = 333 ] || fail "a bad file stopped the next one"

# hostile and damaged lines
"$STAKEOUT" ingest --db "$dir/broken.db" corpus/broken/lines.ndjson >"$dir/out" || fail "good lines among bad ones: exit $?"
grep -q ' 6 events' "$dir/out" || fail "corpus/broken/lines.ndjson: $(cat "$dir/out")"
