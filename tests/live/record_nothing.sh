#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A pattern that no workload matches: nothing of the others is counted, kept or stored, and the summary says so.
. tests/lib/live.sh

cp "$acts" "$dir/acts"
start_recorder --workload "no-such-$$"
in_group "$dir/acts" loop 100 /etc/passwd
stop_recorder
grep -q '"events":0,"observations":0,"workloads":0,"lost":0,' "$dir/record.out" || { cat "$dir/record.out"; exit 1; }
[ "$(query "SELECT count(*) FROM observation")" = 0 ] || { echo "observations of others were stored"; exit 1; }
"$recorder" record --db "$db" --for 1s --workload "no-such-$$" >"$dir/out" 2>/dev/null
grep -q "workloads *0 (none that matches 'no-such-$$' did anything)" "$dir/out" || { cat "$dir/out"; exit 1; }
