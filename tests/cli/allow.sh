#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# stakeout allow: what is taken in and what is left out, by choice and by pattern; edits round-trip.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "allow.sh: $*" >&2; cat "$dir/said" >&2; exit 1; }
# status N COMMAND...: the command must end with N; its output is in $dir/out, what it said in $dir/said
status() {
	want=$1; shift
	got=0; "$@" >"$dir/out" 2>"$dir/said" || got=$?
	[ "$got" = "$want" ] || fail "status $got, not $want: $*"
}
said() { grep -q -- "$1" "$dir/said" || fail "does not say: $1"; }
has() { grep -q -- "$1" "$dir/out" || fail "the document lacks: $1"; }
lacks() { ! grep -q -- "$1" "$dir/out" || fail "the document has: $1"; }

"$STAKEOUT" corpus web-server node-service -o "$dir/corpus" >/dev/null
"$STAKEOUT" ingest --db "$dir/s.db" "$dir/corpus"/*.ndjson >/dev/null

# sessions and one-offs stay out, and it says so
status 0 "$STAKEOUT" allow --db "$dir/s.db" storefront
said 'or an exec probe that nothing marks (--interactive takes them)'
said 'seen once, in one of several instances (--one-offs takes them)'
said 'changed outside the protected folders: not judged'
has 'path: /usr/sbin/nginx'
lacks 'path: /usr/bin/id$'
status 0 "$STAKEOUT" allow --db "$dir/s.db" storefront --all
has 'path: /usr/bin/id$'

# names made anew each time: said, and folded into their folder on demand
status 0 "$STAKEOUT" allow --db "$dir/s.db" storefront
said '6 names such as sed.*--fold /etc/nginx/conf.d/ allows write+create+rename of all below it to /usr/bin/sed'
lacks 'path: /etc/nginx/conf.d/$'
status 0 "$STAKEOUT" allow --db "$dir/s.db" storefront --fold /etc/nginx/conf.d/ --fold /srv/
has 'path: /etc/nginx/conf.d/$'
said 'warning: --fold /srv/: no names made anew each time'
status 0 "$STAKEOUT" allow --db "$dir/s.db" storefront --json
said '"family":"/etc/nginx/conf.d/","shape":"\*","by":"/usr/bin/sed","names":6'

# by pattern
status 0 "$STAKEOUT" allow --db "$dir/s.db" storefront --only '/usr/sbin/*' --only '10.96.*'
has 'path: /usr/sbin/nginx'
has 'cidr: "10.96.0.10"'
lacks 'path: /usr/bin/'
said 'not among what was chosen'
status 0 "$STAKEOUT" allow --db "$dir/s.db" storefront --not exec:/usr/bin/
lacks 'path: /usr/bin/dash'
status 2 "$STAKEOUT" allow --db "$dir/s.db" nobody
status 2 "$STAKEOUT" allow --db "$dir/s.db" storefront --add-exec /x

# a document that is edited without a change keeps its bytes; what is added and removed again leaves none
"$STAKEOUT" allow --db "$dir/s.db" storefront -o "$dir/a.yaml" 2>/dev/null
cp "$dir/a.yaml" "$dir/before.yaml"
status 0 "$STAKEOUT" allow --edit "$dir/a.yaml"
cmp "$dir/a.yaml" "$dir/before.yaml" || fail "an edit without a change changes bytes"
status 0 "$STAKEOUT" allow --edit "$dir/a.yaml" --add-exec /opt/x/ --add-file /etc/x:write --add-connect 10.9.0.0/16:443/tcp
grep -q 'path: /opt/x/' "$dir/a.yaml" || fail "nothing was added"
status 0 "$STAKEOUT" allow --edit "$dir/a.yaml" --remove /opt/x/ --remove /etc/x --remove 10.9.0.0/16
cmp "$dir/a.yaml" "$dir/before.yaml" || fail "adding and removing is not the identity"

# a part of a name is not taken for the name, and the whole one is proposed; two clusters' workloads are told apart
status 2 "$STAKEOUT" show --db "$dir/s.db" storefr
said "did you mean 'web/Deployment/storefront/nginx'"
sed 's/"node_name":"/"cluster_name":"prod","node_name":"/' "$dir/corpus/web-server.ndjson" >"$dir/prod.ndjson"
"$STAKEOUT" ingest --db "$dir/s.db" "$dir/prod.ndjson" >/dev/null
status 2 "$STAKEOUT" show --db "$dir/s.db" storefront
said ':web/Deployment/storefront/nginx, prod:web/Deployment/storefront/nginx'
status 0 "$STAKEOUT" show --db "$dir/s.db" prod:storefront --tree
has '^  /usr/bin/dash .*as /docker-entrypoint.sh'
status 0 "$STAKEOUT" workloads --db "$dir/s.db"
has 'CLUSTER'

# proposals are the options that add them; what one covers becomes part of it, with its evidence
status 0 "$STAKEOUT" allow --db "$dir/s.db" :storefront -g
has '^--add-connect 10.42.3.0/24:8080/tcp  *10  *0 '
lacks '--add-exec /usr/bin/basename'
status 0 "$STAKEOUT" allow --edit "$dir/a.yaml" --add-connect 10.42.3.0/24:8080/tcp --add-file /etc/nginx/conf.d/:write,create,truncate,rename
[ "$(grep -c '10\.42\.3\.' "$dir/a.yaml")" = 1 ] || fail "entries that are covered stay"
grep -A4 '10.42.3.0/24' "$dir/a.yaml" | grep -q 'count: 2[0-9][0-9], .*instances' || fail "their evidence is lost"
grep -q 'path: /etc/nginx/conf.d/upstream.conf' "$dir/a.yaml" && fail "files that are covered stay"
sed 's|^    - path: /usr/sbin/nginx|&\n      note: asked for by the web team|' "$dir/a.yaml" >"$dir/noted.yaml"
status 0 "$STAKEOUT" allow --edit "$dir/noted.yaml" --add-exec /usr/
grep -q 'asked for by the web team' "$dir/noted.yaml" || fail "a person's remark is lost"

# comments are no part of the document's model: writing it anew says that they go
cp corpus/allowlists/web-server.yaml "$dir/comments.yaml"
status 0 "$STAKEOUT" allow --edit "$dir/comments.yaml" --add-exec /usr/bin/env
said 'comment lines were not kept'
status 0 "$STAKEOUT" allow --edit "$dir/comments.yaml" --remove /usr/bin/env
[ ! -s "$dir/said" ] || fail "warns without a comment"

# a document that names its cluster is proved on that cluster's recording alone
"$STAKEOUT" allow --db "$dir/s.db" prod:storefront -o "$dir/prod.yaml" 2>/dev/null
grep -q 'cluster: prod' "$dir/prod.yaml" || fail "the cluster is not named"
sed 's/cluster: prod/cluster: test/' "$dir/prod.yaml" >"$dir/test.yaml"
status 0 "$STAKEOUT" compile --db "$dir/s.db" "$dir/test.yaml" -o "$dir/test"
said 'holds nothing of workload test:web/Deployment/storefront/nginx'
