#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The proof of equality (tests/live/prove.sh) on the kernels of Debian 12 and 13, a guest for each back end; the storm
# also on a fully preemptible kernel of two processors, where a program can be interrupted, with a reader that keeps the
# enforcer's maps busy.
#
#	VERSIONS='6.1 6.12' BACKENDS='lsm fmod_ret signal' PROVE_SECONDS=15 TOTAL=N ACTS=600 STORM_SECONDS=5 DOERS=8 STORM_ACTS=2000
#	PREEMPT=yes SEED=N
set -eu
versions=${VERSIONS:-6.12}
backends=${BACKENDS:-lsm}
prove=${PROVE_SECONDS:-15} storm=${STORM_SECONDS:-5} seed=${SEED:-$(date +%s)}

skipped=
# guest SECONDS SETTING...: one run. A storm can take its time beyond the limit: so many acts are one round.
guest() {
	seconds=$1
	shift
	GUEST_SECONDS=$((900 + seconds + 4 * storm + ${STORM_ACTS:-2000} / 50)) sh tests/vm/guest.sh ${cpus:+-c $cpus -k preempt=full} "$version" \
		env "BACKEND=$backend" "SEED=$seed" "STORM_SECONDS=$storm" "DOERS=${DOERS:-8}" "STORM_ACTS=${STORM_ACTS:-2000}" \
		"PROVE_SECONDS=$seconds" "$@" sh tests/live/prove.sh && status=0 || status=$?
	[ $status -ne 77 ] || skipped=yes
	[ $status -eq 0 ] || [ $status -eq 77 ] || { echo "kernel $version, $backend: status $status"; exit 1; }
}
for version in $versions; do
	for backend in $backends; do
		echo "kernel $version"
		cpus=
		guest "$prove" "ACTS=${ACTS:-600}" ${TOTAL:+"TOTAL=$TOTAL"}
		[ "${PREEMPT:-no}" = no ] && continue
		echo "kernel $version, preempt=full"
		cpus=2
		guest 0 "READ_MAPS=cgroups cgroups"
	done
done
[ -z "$skipped" ] || exit 77
