#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Every verb meets every kind of file that is not what it wants: one status, one clear line, nothing for a
# terminal to obey, and the file as it was.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
escape=$(printf '\033')
fail() {
	echo "FAIL: $*"
	failed=$((failed + 1))
}

"$STAKEOUT" corpus --benign -o "$dir/c" corpus/scenarios/web-server.yaml >/dev/null
corpus=$dir/c/web-server.benign.ndjson
"$STAKEOUT" ingest --db "$dir/s.db" "$corpus" >/dev/null
"$STAKEOUT" allow --db "$dir/s.db" storefront >"$dir/a.yaml" 2>/dev/null
"$STAKEOUT" compile -o "$dir/out" "$dir/a.yaml" >/dev/null
image=$(echo "$dir"/out/*.image.elf)

# The files. What a verb could take is left out below.
mkdir "$dir/folder" "$dir/bad"
bad=$dir/bad
: >"$bad/empty"
head -c 20000 /dev/urandom | tr '\000' x >"$bad/noise"
head -c 20000 /dev/zero >"$bad/zeros"
head -c 30000 /dev/zero | tr '\0' '[' >"$bad/deep"
{
	echo 'a: &a [x,x,x,x,x,x,x,x,x,x]'
	before=a
	for name in b c d e f g h i j; do
		echo "$name: &$name [*$before,*$before,*$before,*$before,*$before,*$before,*$before,*$before,*$before,*$before]"
		before=$name
	done
} >"$bad/aliases"
{
	printf 'x: "'
	head -c 100000000 /dev/zero | tr '\0' a
	printf '"\n'
} >"$bad/long-scalar"
head -c 1000 "$image" >"$bad/cut-image"
head -c 70000 "$dir/s.db" >"$bad/cut-store"
cp "$dir/s.db" "$bad/newer-store"
printf '\002' | dd of="$bad/newer-store" bs=1 seek=63 conv=notrunc 2>/dev/null
cp "$image" "$bad/changed-image"
printf '\377' | dd of="$bad/changed-image" bs=1 seek=3000 conv=notrunc 2>/dev/null
hostile=$bad/$(printf 'e\033[31m\n<script>\377\001')
printf '{"x":' >"$hostile"
ln -s loop "$bad/loop"
cksum "$bad"/[!l]* >"$dir/before"

# check STATUS ARGUMENT...: in time, with that status, and one error that is safe to show.
check() {
	expected=$1
	shift
	status=0
	timeout 30 "$STAKEOUT" "$@" >"$dir/stdout" 2>"$dir/err" </dev/null || status=$?
	[ $status -eq "$expected" ] || fail "$*: status $status, not $expected: $(head -c 300 "$dir/err" | tr -cd '[:print:]')"
	[ -s "$dir/err" ] || fail "$*: says nothing"
	! grep -q "$escape" "$dir/err" || fail "$*: lets an escape character through"
	! grep -q 'not an error\|Argument list too long\|[Ss]uccess$' "$dir/err" || fail "$*: says no reason: $(cat "$dir/err")"
}

for f in "$bad"/* "$bad/absent" "$dir/folder" /dev/null/x; do
	check 2 ingest --db "$dir/t.db" "$f"
	check 2 image verify "$f"
	check 2 compile -o "$dir/o" "$f"
	check 2 replay "$f" --corpus "$corpus"
	check 2 replay "$image" --corpus "$f"
	check 2 allow --edit "$f" --add-exec /bin/x
	check 2 corpus -o "$dir/o" "$f"
	for verb in workloads recordings losses export; do
		check 2 $verb --db "$f"
	done
	for verb in show allow audit-policy; do
		check 2 $verb --db "$f" x
	done
	check 2 replay "$image" --db "$f"
	check 2 compile -o "$dir/o" --db "$f" "$dir/a.yaml"
	case $f in */empty | */absent) continue ;; esac # these become stores
	check 2 ingest --db "$f" "$corpus"
done
[ -z "$(ls -A "$dir/o" 2>/dev/null)" ] || fail "a refused input left output: $(ls "$dir/o")"
cksum "$bad"/[!l]* | cmp -s - "$dir/before" || fail "a file that was refused was changed"

# Names in other places.
for name in "$hostile" "$(printf 'x\033]0;y\007')"; do
	check 2 "$name"
	check 2 show "--$name" x
	check 2 show --db "$dir/s.db" "$name"
	check 2 show --db "$dir/s.db" --sort "$name" storefront
	check 2 show --db "$dir/s.db" --choice "$name" storefront
	check 2 show --db "$dir/s.db" --limit "$name" storefront
	check 1 export --db "$dir/s.db" --workload "$name"
	check 2 replay "$image" --db "$dir/s.db" --workload "$name"
	check 2 compile -o "$dir/o" --target "$name" "$dir/a.yaml"
	check 2 compile -o "$dir/o" --shape "$name" "$dir/a.yaml"
	check 2 allow --edit "$dir/a.yaml" --add-connect "$name"
	check 2 image "$name" "$image"
done

[ $failed -eq 0 ]
