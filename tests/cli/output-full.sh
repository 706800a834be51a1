#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Standard output that cannot be written is said and is status 3; a reader that goes away ends the program quietly.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
"$STAKEOUT" corpus --benign -o "$dir/c" corpus/scenarios/web-server.yaml >/dev/null
"$STAKEOUT" ingest --db "$dir/s.db" "$dir/c/web-server.benign.ndjson" >/dev/null
w=web/Deployment/storefront/nginx

check() {
	status=0
	"$STAKEOUT" "$@" >/dev/full 2>"$dir/err" || status=$?
	[ $status -eq 3 ] && [ "$(wc -l <"$dir/err")" -eq 1 ] || {
		echo "FAIL: $* with a full output: status $status: $(cat "$dir/err")"
		failed=1
	}
	"$STAKEOUT" "$@" 2>"$dir/err" | head -c 1 >/dev/null
	! grep -qi "cannot\|error" "$dir/err" || { echo "FAIL: $* with a closed pipe: $(cat "$dir/err")"; failed=1; }
}
check help
check --version
check allow --help
check workloads --db "$dir/s.db"
check workloads --db "$dir/s.db" --json
check show --db "$dir/s.db" "$w"
check show --db "$dir/s.db" "$w" --tree --json
check allow --db "$dir/s.db" "$w"
check export --db "$dir/s.db"
check serve --help
"$STAKEOUT" corpus -o "$dir/c" corpus/scenarios/web-server.yaml >/dev/null
"$STAKEOUT" allow --db "$dir/s.db" "$w" --protect /usr/share/nginx/ -o "$dir/wide.yaml" 2>/dev/null
"$STAKEOUT" allow --db "$dir/s.db" "$w" -o "$dir/narrow.yaml" 2>/dev/null
"$STAKEOUT" compile --enforce "$dir/wide.yaml" -o "$dir/wide" >/dev/null
"$STAKEOUT" compile --enforce "$dir/narrow.yaml" -o "$dir/narrow" >/dev/null
events=$dir/c/web-server.ndjson image=web-storefront-nginx.image.elf policy=$dir/wide/web-storefront-nginx.yaml
for form in "" --json; do
	check compile "$dir/wide.yaml" -o "$dir/again" $form
	check replay "$dir/wide" --corpus "$events" $form
	check replay "$dir/wide" --corpus "$events" --totals $form
	check diff "$dir/wide" "$dir/narrow" --corpus "$events" $form
	check explain "$policy" "$events:289" $form
	check image show "$dir/wide/$image" $form
	check image verify "$dir/wide/$image" $form
	check image diff "$dir/wide/$image" "$dir/narrow/$image" $form
	check lint "$policy" $form
	check explain-field spec.kprobes $form
	check recordings --db "$dir/s.db" $form
	check corpus --list $form
	check ingest --db "$dir/again.db" "$events" $form
	check allow --db "$dir/s.db" "$w" --generalise $form
done
check losses --db "$dir/s.db"
check diff "$dir/wide" "$dir/narrow" --corpus "$events" --markdown
check lint "$policy" --sarif
check corpus web-server
check audit-policy --db "$dir/s.db" "$w"
exit $failed
