#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What an allowlist means, what the judge of its image says and what the kernel does are the same, on random allowlists and
# acts (tests/prove/main.c); then the same while policies replace each other, with many doers at once.
#
#	BACKEND=lsm|fmod_ret|signal SEED=N PROVE_SECONDS=20 ACTS=2000 TOTAL=N STORM_SECONDS=5 DOERS=64 STORM_ACTS=20000 READ_MAPS=cgroups
#	LEFT_OUT=fmod_exec     as if the kernel left all copies of this program out of every call
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
echo "back end: $used"
# Before 6.10 a killed exec's caller is gone already: rules on it are refused.
caller=
printf 'exec: {allow: [{path: /bin/x, by: [/bin/y]}]}\n' | image caller
if ! enforce --backend "$used" "$dir/caller.image.elf" --cgroup "$group" >/dev/null 2>"$dir/err"; then
	[ "$used" = signal ] || fail "rules on callers"
	caller=--no-caller
fi

# Readers of these maps, over and over: while a task is in such a call the kernel skips some kinds of programs on its CPU.
for map in ${READ_MAPS:-}; do
	"$(dirname "$STAKEOUT")/tests/live/read-map" "$map" &
	cleanups="kill $!; $cleanups"
done

[ -z "${LEFT_OUT:-}" ] || leave_out "$LEFT_OUT"

run() {
	"$prove" --enforcer "$enforcer" --backend "$used" --cgroup "$group" --bpffs "$bpffs" --folder "$dir/trees" --doer "$doer" \
		--seed "$seed" $caller "$@"
}
[ "${PROVE_SECONDS:-20}" = 0 ] || run --acts "${ACTS:-2000}" --for "${PROVE_SECONDS:-20}s" ${TOTAL:+--total "$TOTAL"}
status=0
[ "${STORM_SECONDS:-5}" = 0 ] || run --storm "${DOERS:-64}" --acts "${STORM_ACTS:-20000}" --for "${STORM_SECONDS:-5}s" || status=$?
# A program that is interrupted on its CPU is left out by some kernels when it is called there again.
if command -v bpftool >/dev/null; then
	bpftool prog show | awk '{ for (i = 1; i < NF; i++) if ($i == "recursion_misses") print $2, $4, "left out", $(i + 1), "times" }'
fi
exit $status
