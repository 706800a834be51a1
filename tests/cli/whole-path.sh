#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The product's promise, from end to end, for every scenario: record the benign part, choose, compile to enforce,
# replay everything; where LSM hooks are there, where they are not, and where there are only signals.
#
#	the allowlist a person wrote	every attack step that must be denied is, nothing benign breaks
#	the one made from the recording	the same for programs and connections; which folders to protect beyond
#					the system's own is a person's choice, so writes there may go on
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
db=$tmp/stakeout.db

complain() {
	echo "$1:"
	tail -n 12 "$tmp/log" | cut -c 1-300 | sed 's/^/    /'
	failed=$((failed + 1))
}

# build WHAT ALLOWLIST TARGET: the policies that enforce it, in $tmp/out.
build() {
	rm -rf "$tmp/out"
	if ! "$STAKEOUT" compile "$2" --enforce --target "$3" --db "$db" -o "$tmp/out" >"$tmp/log" 2>&1; then
		complain "$1: does not compile"
		return 1
	fi
	rm -f "$tmp"/out/*.allowlist.yaml "$tmp/out/kustomization.yaml"
}

# prove NAME ALLOWLIST TARGET
prove() {
	build "$1, as chosen, $3" "$2" "$3" || return 0
	for policy in "$tmp"/out/*.image.elf yaml; do
		[ "$policy" = yaml ] && policy=$(ls "$tmp"/out/*.yaml)
		# shellcheck disable=SC2086 # a list of file names without spaces
		"$STAKEOUT" replay $policy --corpus "$tmp/corpus/$1.ndjson" --target "$3" >"$tmp/log" 2>&1 ||
			complain "$1, as chosen, $3: an expectation is broken"
		grep -q 'must-deny events are stopped' "$tmp/log" || complain "$1, $3: nothing had to be denied"
	done
}

# prove_recorded NAME ALLOWLIST TARGET
prove_recorded() {
	build "$1, as recorded, $3" "$2" "$3" || return 0
	"$STAKEOUT" replay "$tmp"/out/*.yaml --corpus "$tmp/corpus/$1.ndjson" --target "$3" --limit 0 >"$tmp/replay" 2>&1 ||
		:
	grep 'EXPECTATION BROKEN: must be allowed  *\[benign' "$tmp/replay" >"$tmp/log" &&
		complain "$1, as recorded, $3: something benign breaks"
	grep 'EXPECTATION BROKEN: must be denied' "$tmp/replay" | grep -e ': exec ' -e ': connect ' >"$tmp/log" &&
		complain "$1, as recorded, $3: an attack goes through"
	grep -q 'must-deny events are stopped' "$tmp/replay" || complain "$1, $3: nothing had to be denied"
}

"$STAKEOUT" corpus -o "$tmp/corpus"
"$STAKEOUT" corpus --benign -o "$tmp/corpus"
"$STAKEOUT" ingest --db "$db" "$tmp"/corpus/*.benign.ndjson >"$tmp/log" 2>&1 || complain "ingest"
"$STAKEOUT" workloads --db "$db" >"$tmp/workloads" 2>&1 || complain "workloads"

while read -r name workload; do
	grep -q "$workload" "$tmp/workloads" || {
		cp "$tmp/workloads" "$tmp/log"
		complain "$workload is not listed"
	}
	"$STAKEOUT" show "$workload" --db "$db" >"$tmp/log" 2>&1 || complain "show $workload"
	# Names with random parts were seen once each: they are what --one-offs is for.
	if "$STAKEOUT" allow "$workload" --db "$db" --callers --one-offs -o "$tmp/$name.yaml" >"$tmp/log" 2>&1; then
		# Whatever name the runtime goes by, it must be able to start the container.
		grep -q "/runc[],]" "$tmp/$name.yaml" || complain "$name: /runc may not start the container"
		for target in lsm=yes lsm=no kernel=5.15,lsm=no; do
			prove_recorded "$name" "$tmp/$name.yaml" "$target"
		done
	else
		complain "allow $workload"
	fi
	for target in lsm=yes lsm=no kernel=5.15,lsm=no kernel=5.10,arch=arm64,lsm=no; do
		prove "$name" "corpus/allowlists/$name.yaml" "$target"
	done
done <<END
web-server web/Deployment/storefront/nginx
node-service shop/Deployment/cart/cart
database shop/StatefulSet/orders-db/postgres
batch-job reports/CronJob/sales-report/report
node-agent monitoring/DaemonSet/node-agent/agent
END
[ $failed -eq 0 ]
