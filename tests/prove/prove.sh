#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The whole proof ("make prove"): what "make test" runs for seconds, on each kernel and by each back end; at least 200,000 acts here
# and in each guest with LSM, 50,000 by the other back ends. About an hour on two processors; SEED=N makes the same again.
set -eu
export SEED="${SEED:-$(date +%s)}"
echo "SEED=$SEED"
status=0
step() {
	echo "== $1"
	shift
	"$@" || { code=$?; [ $code -eq 77 ] || { status=1; echo "failed: status $code"; }; }
}
guests() {
	backend=$1
	shift
	for version in 6.1 6.12; do
		step "$backend on $version" env "VERSIONS=$version" "BACKENDS=$backend" ACTS=4000 STORM_SECONDS=20 DOERS=64 STORM_ACTS=20000 "$@" \
			sh tests/vm/prove.sh
	done
}
step "model and image" env ROUNDS=100000 SECONDS_MAX=60 sh tests/cli/prove.sh
step "this kernel" env TOTAL=200000 PROVE_SECONDS=1800 STORM_SECONDS=60 STORM_ACTS=200000 sh tests/live/prove.sh
step "bypasses on this kernel" sh tests/live/bypass.sh
guests lsm TOTAL=200000 PROVE_SECONDS=7200 PREEMPT=yes
guests fmod_ret TOTAL=50000 PROVE_SECONDS=3600 PREEMPT=yes
guests signal TOTAL=50000 PROVE_SECONDS=3600
step "bypasses in guests" env VERSIONS="6.1 6.12" BACKENDS="lsm fmod_ret signal" sh tests/vm/bypass.sh
exit $status
