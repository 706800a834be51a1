#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What -o and its like name: a pipe is written to and stays one, a link leads on, a folder is refused; and inputs that
# never end or hold nothing.
set -eu
. tests/lib/wait.sh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() {
	echo "FAILED: $*" >&2
	exit 1
}
# status WANTED WORDS COMMAND...
status() {
	wanted=$1 words=$2 got=0
	shift 2
	"$STAKEOUT" "$@" >"$dir/out" 2>"$dir/err" || got=$?
	[ $got -eq "$wanted" ] || fail "$*: status $got: $(cat "$dir/err")"
	grep -q -e "$words" "$dir/err" || fail "$*: no '$words': $(cat "$dir/err")"
}
"$STAKEOUT" corpus --benign -o "$dir" corpus/scenarios/web-server.yaml >/dev/null
"$STAKEOUT" ingest --db "$dir/s.db" "$dir/web-server.benign.ndjson" >/dev/null
allow="allow storefront --db $dir/s.db -o"
"$STAKEOUT" $allow "$dir/plain.yaml" 2>/dev/null

mkfifo "$dir/pipe"
cat "$dir/pipe" >"$dir/through" &
"$STAKEOUT" $allow "$dir/pipe" 2>/dev/null
wait $!
[ -p "$dir/pipe" ] || fail "the pipe was replaced"
cmp "$dir/plain.yaml" "$dir/through" || fail "another text came through the pipe"
echo old >"$dir/behind"
ln -s behind "$dir/link"
"$STAKEOUT" $allow "$dir/link" 2>/dev/null
[ -L "$dir/link" ] || fail "the link was replaced"
cmp "$dir/plain.yaml" "$dir/behind" || fail "another text behind the link"
status 2 'Is a directory' $allow "$dir"
status 2 'No such file' $allow "$dir/none/a.yaml"
status 2 'Not a directory' corpus web-server -o "$dir/plain.yaml"
status 2 'no scenario of that name' corpus nothing-like-it

mkdir "$dir/empty"
status 2 'no TracingPolicy' lint "$dir/empty"
ln -s nowhere "$dir/empty/p.yaml"
status 2 'p.yaml: cannot read' lint "$dir/empty"

# A line without an end keeps nobody from stopping.
"$STAKEOUT" ingest --db "$dir/z.db" /dev/zero >/dev/null 2>&1 &
endless=$!
sleep 0.5
kill -TERM $endless
eventually gone $endless || { kill -KILL $endless; fail "ingest of an endless line does not end"; }
