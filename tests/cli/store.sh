#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The verbs on a store: listings, choosing, editing, and stores that are missing, damaged, read-only.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
db=$dir/s.db
fail() {
	echo "FAIL: $*" >&2
	exit 1
}
# status WANT COMMAND...: runs it, output in $dir/out and $dir/err
status() {
	want=$1
	shift
	got=0
	"$@" >"$dir/out" 2>"$dir/err" || got=$?
	[ $got -eq "$want" ] || fail "'$*' exits $got, not $want: $(cat "$dir/err")"
}
says() {
	grep -q -- "$1" "$dir/out" "$dir/err" || fail "no '$1' in: $(cat "$dir/out" "$dir/err")"
}

"$STAKEOUT" corpus --benign -s corpus/scenarios -o "$dir/c" >/dev/null
status 0 "$STAKEOUT" ingest --db "$db" "$dir"/c/*.ndjson

# Listings: text and JSON say the same, JSON is one object a line with the promised keys.
status 0 "$STAKEOUT" workloads --db "$db"
says 'web/Deployment/storefront/nginx'
status 0 "$STAKEOUT" workloads --db "$db" --json 'shop/*'
[ "$(wc -l <"$dir/out")" -eq 2 ] || fail "shop has $(wc -l <"$dir/out") workloads"
for key in id workload namespace kind name container mode instances exec file connect undecided recent \
	first_ns last_ns lost version next; do
	[ "$(grep -c "\"$key\":" "$dir/out")" -eq 2 ] || fail "workloads --json has no $key"
done
status 1 "$STAKEOUT" workloads --db "$db" nosuch
status 0 "$STAKEOUT" recordings --db "$db" --json
says '"complete":'
status 0 "$STAKEOUT" show --db "$db" storefront --exec
says '/usr/sbin/nginx'
says 'recording'
status 0 "$STAKEOUT" show --db "$db" storefront --exec --json --limit 3
[ "$(wc -l <"$dir/out")" -eq 4 ] || fail "3 rows and a summary are not $(wc -l <"$dir/out") lines"
says '"summary":true'
status 0 "$STAKEOUT" show --db "$db" storefront --tree
says '^  */usr/sbin/nginx'
status 2 "$STAKEOUT" show --db "$db" storefront --sort nonsense
says 'knows path'

# A name that several have, or none.
status 2 "$STAKEOUT" show --db "$db" shop
says 'matches 2 workloads'
status 2 "$STAKEOUT" show --db "$db" storefrnt
says "did you mean 'web/Deployment/storefront/nginx'"

# Losses are shown and change the answer.
status 0 "$STAKEOUT" losses --db "$db"
if command -v sqlite3 >/dev/null; then
	cp "$db" "$dir/lost.db"
	sqlite3 "$dir/lost.db" "INSERT INTO loss SELECT id,'file','ring-full',34 FROM recording"
	status 1 "$STAKEOUT" losses --db "$dir/lost.db" storefront
	status 0 "$STAKEOUT" show --db "$dir/lost.db" storefront --exec --limit 1
	says 'NOT COMPLETE'
	says 'ring-full'
	status 0 "$STAKEOUT" allow --db "$dir/lost.db" storefront -o "$dir/lost.yaml"
	says 'recordings lost'
fi

# Choosing: the same bytes each time, what is left out is said, edits are checked.
status 0 "$STAKEOUT" allow --db "$db" storefront -o "$dir/a.yaml"
says 'left out'
status 0 "$STAKEOUT" allow --db "$db" storefront -o "$dir/b.yaml"
cmp "$dir/a.yaml" "$dir/b.yaml"
grep -q 'path: /usr/sbin/nginx' "$dir/a.yaml" || fail 'nginx is not allowed'
status 0 "$STAKEOUT" allow --db "$db" storefront --only /usr/sbin/ --enforce
says 'mode: enforce'
[ "$(grep -c 'path:' "$dir/out")" -eq 1 ] || fail "--only takes in more: $(cat "$dir/out")"
status 0 "$STAKEOUT" allow --db "$db" storefront --generalise --only /usr/bin/ --json
says '"rule":"/usr/bin/"'
status 0 "$STAKEOUT" allow --edit "$dir/a.yaml" --add-exec /opt/tool/ --add-file /etc/app/:write,create \
	--add-connect 10.9.0.0/16:443/tcp --add-connect '[fd00::/8]:53/udp' --remove /usr/bin/find -o "$dir/c.yaml"
for text in 'path: /opt/tool/' 'path: /etc/app/' '10.9.0.0/16' 'fd00::/8'; do
	grep -q "$text" "$dir/c.yaml" || fail "the edit lacks $text"
done
grep -q '/usr/bin/find' "$dir/c.yaml" && fail 'the removed entry is still there'
status 0 "$STAKEOUT" allow --edit "$dir/c.yaml" # no change: the same bytes
cp "$dir/c.yaml" "$dir/d.yaml"
status 0 "$STAKEOUT" allow --edit "$dir/c.yaml"
cmp "$dir/c.yaml" "$dir/d.yaml"
for wrong in '--add-exec relative' '--add-exec /a/../b' '--add-connect 10.0.0.1/8:1' '--add-connect 10.0.0.0/8:70000' \
	'--remove /not/there'; do
	# shellcheck disable=SC2086 # two words
	status 2 "$STAKEOUT" allow --edit "$dir/c.yaml" $wrong
	cmp "$dir/c.yaml" "$dir/d.yaml" || fail "a refused edit changed the file"
done
status 2 "$STAKEOUT" allow
status 2 "$STAKEOUT" allow --db "$db" storefront --add-exec /x

# Stores that are none.
status 2 "$STAKEOUT" workloads --db "$dir/none.db"
says 'no such store'
: >"$dir/empty.db"
status 2 "$STAKEOUT" workloads --db "$dir/empty.db"
says 'empty'
status 2 "$STAKEOUT" workloads --db "$dir/a.yaml"
says 'not a store'
head -c 9000 "$db" >"$dir/cut.db"
status 2 "$STAKEOUT" workloads --db "$dir/cut.db"
says 'truncated'
cp "$db" "$dir/bad.db"
dd if=/dev/urandom of="$dir/bad.db" bs=4096 seek=1 count=20 conv=notrunc 2>/dev/null
got=0
"$STAKEOUT" workloads --db "$dir/bad.db" >/dev/null 2>"$dir/err" || got=$?
[ $got -eq 2 ] && grep -q damaged "$dir/err" || fail "damage gives $got: $(cat "$dir/err")"
status 2 "$STAKEOUT" workloads --db "$dir"
says 'not a file'
