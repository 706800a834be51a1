#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The web server's doors, knocked on with curl: Host, Origin, token, methods, sizes, headers, odd stores.
set -eu
. tests/lib/wait.sh
command -v curl >/dev/null || { echo "skipped: needs curl"; exit 77; }
[ -x "$(dirname "$STAKEOUT")/stakeout-serve" ] || { echo "skipped: stakeout-serve is absent"; exit 77; }
dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null || :; rm -rf "$dir"' EXIT
failed=0

start() {
	: >"$dir/log" # not the address of the server before
	"$STAKEOUT" serve --listen 127.0.0.1:0 "$@" >"$dir/log" 2>&1 &
	pid=$!
	eventually serving || { echo "the server did not start: $(cat "$dir/log")"; exit 1; }
}

serving() { url=$(grep -o 'http://127.0.0.1:[0-9]*' "$dir/log"); }

stop() {
	kill "$pid"
	wait "$pid" || { echo "FAIL: SIGTERM did not end it cleanly"; failed=1; }
	pid=
}

# want STATUS WHAT CURL-ARGUMENT...
want() {
	expect=$1 what=$2
	shift 2
	got=$(curl -s --path-as-is -o "$dir/body" -D "$dir/headers" -w '%{http_code}' "$@") || got=closed
	[ "$got" = "$expect" ] && return
	echo "FAIL: $what: status $got, not $expect: $(head -c 300 "$dir/body")"
	failed=1
}
has() {
	grep -qi -- "$2" "$dir/$1" && return
	echo "FAIL: no '$2' in the $1: $(head -c 400 "$dir/$1")"
	failed=1
}

"$STAKEOUT" corpus -o "$dir/corpora" >/dev/null
"$STAKEOUT" ingest --db "$dir/s.db" "$dir/corpora/web-server.ndjson" >/dev/null
start --db "$dir/s.db"
port=${url##*:}
want 200 "the page" "$url/"
has headers "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
has headers 'x-content-type-options: nosniff'
has headers 'referrer-policy: no-referrer'
has headers 'set-cookie: .*HttpOnly; SameSite=Strict'
cookie=$(sed -n 's/^[Ss]et-[Cc]ookie: \([^;]*\);.*/\1/p' "$dir/headers")
want 200 "the session" "$url/api/v1/session"
has headers 'cache-control: no-store'
token=$(sed 's/.*"token":"\([0-9a-f]*\)".*/\1/' "$dir/body")
[ ${#token} -eq 64 ] || { echo "FAIL: the token is '$token'"; failed=1; }
etag=$(curl -s -D - -o /dev/null "$url/app.js" | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: //p')
want 304 "an asset the browser has" -H "If-None-Match: $etag" "$url/app.js"

want 421 "another host name" -H "Host: evil.example:$port" "$url/"
want 421 "another port" -H "Host: 127.0.0.1:1" "$url/api/v1/workloads"
want 421 "a name that only begins right" -H "Host: localhost.evil.example:$port" "$url/"
want 200 "localhost" -H "Host: localhost:$port" "$url/"
want 403 "a read by another site" -H 'Sec-Fetch-Site: cross-site' "$url/api/v1/session"
has body what_to_do

# A choice: everything right, then one thing wrong at a time.
write() {
	status=$1 what=$2
	shift 2
	want "$status" "$what" -X POST -H 'Content-Type: application/json' "$@" "$url/api/v1/workloads/1/undo"
}
version='{"version":0}'
write 404 "a write that may (nothing to undo)" -H "Origin: $url" -H "X-Stakeout-Token: $token" -b "$cookie" -d "$version"
write 403 "no origin" -H "X-Stakeout-Token: $token" -b "$cookie" -d "$version"
write 403 "origin null" -H "Origin: null" -H "X-Stakeout-Token: $token" -b "$cookie" -d "$version"
write 403 "another origin" -H "Origin: http://evil.example" -H "X-Stakeout-Token: $token" -b "$cookie" -d "$version"
write 403 "another port's origin" -H "Origin: http://127.0.0.1:1" -H "X-Stakeout-Token: $token" -b "$cookie" -d "$version"
write 403 "no token" -H "Origin: $url" -b "$cookie" -d "$version"
write 403 "no cookie" -H "Origin: $url" -H "X-Stakeout-Token: $token" -d "$version"
write 403 "a wrong token" -H "Origin: $url" -H "X-Stakeout-Token: $(echo "$token" | tr 0-9a-f 1-9a-f0)" -b "$cookie" -d "$version"
want 415 "a form" -X POST -H "Origin: $url" -H "X-Stakeout-Token: $token" -b "$cookie" -d a=b "$url/api/v1/workloads/1/undo"
write 400 "no JSON" -H "Origin: $url" -H "X-Stakeout-Token: $token" -b "$cookie" -d '{"version":'
write 400 "no version" -H "Origin: $url" -H "X-Stakeout-Token: $token" -b "$cookie" -d '{}'
head -c 1100000 /dev/zero | tr '\0' ' ' >"$dir/big"
write 413 "a body too long" -H "Origin: $url" -H "X-Stakeout-Token: $token" -b "$cookie" --data-binary @"$dir/big"

for method in PUT DELETE PATCH; do
	want 405 "$method" -X $method -H "Origin: $url" -H "X-Stakeout-Token: $token" -b "$cookie" "$url/api/v1/workloads"
	has headers '^allow: GET, HEAD'
done
want 404 "an unknown path" "$url/api/v1/nothing"
want 404 "out of the assets" "$url/..%2f..%2fetc%2fpasswd"
want 404 "out of the downloads" "$url/api/v1/workloads/1/download/..%2f..%2fs.db"
want 400 "a NUL in the address" "$url/app.js%00.html"
want 400 "a broken escape" "$url/%zz"
want 414 "an address too long" "$url/$(head -c 9000 /dev/zero | tr '\0' a)"
want 400 "too many parameters" "$url/api/v1/workloads?$(seq -s "&" 1500)"
want 404 "an id that is none" "$url/api/v1/workloads/1x"
want 404 "an id beyond all" "$url/api/v1/workloads/99999999999999999999"
want 404 "no such workload" "$url/api/v1/workloads/123456"
want 400 "a sort that is none" "$url/api/v1/workloads?sort=colour"
want 400 "a page too long" "$url/api/v1/workloads/1/observations?limit=100000"
want 400 "a kind that is none" "$url/api/v1/workloads/1/observations?kind=everything"
want 400 "a target that is none" "$url/api/v1/workloads/1/consequence?target=kernel%3Dnine"
has body what_to_do
stop

# Read-only: seen, not decided.
start --db "$dir/s.db" --read-only
curl -s -c "$dir/jar" -o /dev/null "$url/"
token=$(curl -s "$url/api/v1/session" | sed 's/.*"token":"\([0-9a-f]*\)".*/\1/')
want 200 "a read" "$url/api/v1/workloads/1"
want 403 "a write" -b "$dir/jar" -H "Origin: $url" -H "X-Stakeout-Token: $token" -H 'Content-Type: application/json' \
	-d '{"version":0,"decisions":[{"observation":1,"choice":"allow"}]}' "$url/api/v1/workloads/1/decisions"
has body read-only
stop

# No store yet: the page is there, the list says so, and no file is made.
start --db "$dir/none.db"
want 200 "the page without a store" "$url/"
want 404 "the list without a store" "$url/api/v1/workloads"
[ ! -e "$dir/none.db" ] || { echo "FAIL: serving made a store"; failed=1; }
"$STAKEOUT" ingest --db "$dir/none.db" "$dir/corpora/web-server.ndjson" >/dev/null
want 200 "the list once there is one" "$url/api/v1/workloads"
stop

# A file that is no store.
head -c 5000 /dev/urandom >"$dir/noise.db"
start --db "$dir/noise.db"
want 500 "noise as a store" "$url/api/v1/workloads"
has body noise.db
stop

for bad in 0.0.0.0:0 '[::]:0' 10.1.2.3:5000 127.0.0.1:99999 nowhere; do
	status=0
	"$STAKEOUT" serve --db "$dir/s.db" --listen "$bad" >"$dir/out" 2>&1 || status=$?
	[ $status -eq 2 ] || { echo "FAIL: --listen $bad: status $status: $(cat "$dir/out")"; failed=1; }
done
: >"$dir/empty.ndjson"
echo 'no event' >"$dir/other.ndjson"
mkdir "$dir/folder"
for bad in absent.ndjson:'No such file' empty.ndjson:'holds no event' other.ndjson:'holds no event' folder:'holds no \*.ndjson'; do
	status=0
	timeout 5 "$STAKEOUT" serve --db "$dir/s.db" --listen 127.0.0.1:0 --corpus "$dir/${bad%%:*}" >"$dir/out" 2>&1 || status=$?
	[ $status -eq 2 ] || { echo "FAIL: corpus ${bad%%:*}: status $status"; failed=1; }
	has out "${bad%%:*}.*${bad#*:}"
done
start --db "$dir/s.db" --corpus "$dir/corpora"
has log '5 corpora'
stop
exit $failed
