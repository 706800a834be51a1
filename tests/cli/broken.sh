#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Each input of corpus/broken ends as INDEX.tsv says: its status, its words, in time, with nothing for a
# terminal to obey. Inputs too big to keep are made here.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
tab=$(printf '\t')
escape=$(printf '\033')

# run VERB FILE: what the verb makes of the file, in $tmp/out; its status in $status.
run() {
	case $1 in
	ingest) set -- ingest --db "$tmp/$$.db" "$2" ;;
	corpus) set -- corpus -o "$tmp/corpus" "$2" ;;
	compile) set -- compile -o "$tmp/out.d" "$2" ;;
	esac
	rm -rf "$tmp"/*.db* "$tmp/out.d"
	status=0
	timeout 30 "$STAKEOUT" "$@" >"$tmp/out" 2>&1 </dev/null || status=$?
}

check() { # NAME STATUS TEXT
	if [ "$status" -ne "$2" ]; then
		echo "$1: status $status, not $2"
	elif ! grep -q -e "$3" "$tmp/out"; then
		echo "$1: does not say: $3"
	elif grep -q "$escape" "$tmp/out"; then
		echo "$1: lets an escape character through"
	else
		return 0
	fi
	head -n 5 "$tmp/out"
	failed=$((failed + 1))
}

while IFS=$tab read -r file verb expected text; do
	case $file in '#'*) continue ;; esac
	run "$verb" "corpus/broken/$file"
	check "$file" "$expected" "$text"
done <corpus/broken/INDEX.tsv

for f in corpus/broken/*/*; do
	cut -f 1 corpus/broken/INDEX.tsv | grep -qxF "${f#corpus/broken/}" || {
		echo "$f is not in INDEX.tsv"
		failed=$((failed + 1))
	}
done

# A scenario above its limit, and a line above its own between two good ones.
yes '# filler filler filler filler filler filler filler filler' | head -c 1100000 >"$tmp/big.yaml"
run corpus "$tmp/big.yaml"
check "big.yaml" 2 'more than 1048576 bytes'
good=corpus/broken/ndjson/bom.ndjson
{
	tail -n 1 $good
	printf '{"process_exec":{"process":{"binary":"'
	head -c 17000000 /dev/zero | tr '\0' a
	printf '"}}}\n'
	sed -n 2p $good
} >"$tmp/long.ndjson"
run ingest "$tmp/long.ndjson"
check "long.ndjson" 0 '2 events'
check "long.ndjson" 0 'skipped 1: .*(line 2)'

[ $failed -eq 0 ]
