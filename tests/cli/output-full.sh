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
exit $failed
