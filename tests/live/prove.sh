#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What an allowlist means, what the judge of its image says and what the kernel does are the same, on random allowlists and
# acts (tests/prove/main.c); then the same while policies replace each other, with many doers at once.
#
#	BACKEND=lsm|fmod_ret|signal SEED=N PROVE_SECONDS=20 ACTS=2000 STORM_SECONDS=5 DOERS=64 STORM_ACTS=20000
. tests/lib/enforce.sh

prove=$(dirname "$STAKEOUT")/tests/prove/prove
doer=$(dirname "$STAKEOUT")/tests/prove/doer
[ -x "$prove" ] && [ -x "$doer" ] || skip "the prover is missing"
mkdir "$dir/trees"
seed=${SEED:-$(date +%s)}

# The best back end here, unless told.
printf 'exec: {allow: []}\nfile: {protect: [/nowhere/], allow: []}\n' | image probe
apply "$dir/probe.image.elf" --cgroup "$group"
used=$(backend_now)
enforce release --all
echo "back end: $used"

run() {
	"$prove" --enforcer "$enforcer" --backend "$used" --cgroup "$group" --bpffs "$bpffs" --folder "$dir/trees" --doer "$doer" \
		--seed "$seed" "$@"
}
[ "${PROVE_SECONDS:-20}" = 0 ] || run --acts "${ACTS:-2000}" --for "${PROVE_SECONDS:-20}s"
[ "${STORM_SECONDS:-5}" = 0 ] || run --storm "${DOERS:-64}" --acts "${STORM_ACTS:-20000}" --for "${STORM_SECONDS:-5}s"
