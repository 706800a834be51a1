#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The whole proof on one of Debian's kernels, by each back end, for prove.sh:
#
#	sh tests/prove/guests.sh VERSION FOLDER      an empty folder; the results are written to FOLDER/rows
set -eu
version=$1 dir=$2 before="$1  " rows=$2/rows
. tests/prove/steps.sh

guests() {
	backend=$1 total=$(($2 * SCALE / 100)) seconds=$3 preempt=$4
	step "$backend on $version" "$version" env "VERSIONS=$version" "BACKENDS=$backend" ACTS=4000 STORM_SECONDS=20 DOERS=64 \
		"STORM_ACTS=$((20000 * SCALE / 100))" "TOTAL=$total" "PROVE_SECONDS=$seconds" "PREEMPT=$preempt" sh tests/vm/prove.sh
	step "bypasses of $backend on $version" "$version" env "VERSIONS=$version" "BACKENDS=$backend" sh tests/vm/bypass.sh
}
guests lsm 200000 7200 yes
guests fmod_ret 50000 3600 yes
guests signal 50000 3600 no
