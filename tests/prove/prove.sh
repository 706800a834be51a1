#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The whole proof ("make prove"): what "make test" runs for seconds, for minutes, on each kernel and by each back end.
set -eu
export SEED="${SEED:-$(date +%s)}"
echo "SEED=$SEED"
status=0
step() {
	echo "== $1"
	shift
	"$@" || { code=$?; [ $code -eq 77 ] || status=1; }
}
step "model and image" env ROUNDS=100000 SECONDS_MAX=60 sh tests/cli/prove.sh
step "this kernel" env PROVE_SECONDS=180 STORM_SECONDS=60 STORM_ACTS=200000 sh tests/live/prove.sh
step "bypasses on this kernel" sh tests/live/bypass.sh
step "kernels in guests" env VERSIONS="6.1 6.12" BACKENDS="lsm fmod_ret signal" ACTS=4000 PROVE_SECONDS=120 STORM_SECONDS=30 PREEMPT=yes \
	sh tests/vm/prove.sh
step "bypasses in guests" env VERSIONS="6.1 6.12" BACKENDS="lsm fmod_ret signal" sh tests/vm/bypass.sh
exit $status
