#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The proof of equality (tests/live/prove.sh) on the kernels of Debian 12 and 13, by the back ends that make calls fail; the storm
# also on a fully preemptible kernel of two processors, where a program can be interrupted, with a reader that keeps the
# enforcer's maps busy.
#
#	VERSIONS='6.1 6.12' BACKENDS='lsm fmod_ret' PROVE_SECONDS=15 ACTS=600 STORM_SECONDS=5 PREEMPT=yes
set -eu
versions=${VERSIONS:-6.12}
backends=${BACKENDS:-lsm}
acts=${ACTS:-600}
export PROVE_SECONDS="${PROVE_SECONDS:-15}" STORM_SECONDS="${STORM_SECONDS:-5}" SEED="${SEED:-$(date +%s)}"

inside() {
	uname -r
	for backend in $1; do
		BACKEND=$backend READ_MAPS="${5:-}" ACTS=$6 PROVE_SECONDS=$2 STORM_SECONDS=$3 SEED=$4 DOERS=8 STORM_ACTS=2000 sh tests/live/prove.sh || exit $?
	done
}

[ "${1:-}" != inside ] || { shift; inside "$@"; exit; }
skipped=
guest() {
	GUEST_SECONDS=$((150 + 3 * (PROVE_SECONDS + STORM_SECONDS) * $(echo "$backends" | wc -w))) \
		sh tests/vm/guest.sh "$@" && status=0 || status=$?
	[ $status -ne 77 ] || skipped=yes
	[ $status -eq 0 ] || [ $status -eq 77 ] || { echo "status $status"; exit 1; }
}
for version in $versions; do
	guest "$version" sh tests/vm/prove.sh inside "$backends" "$PROVE_SECONDS" "$STORM_SECONDS" "$SEED" "" "$acts"
	[ "${PREEMPT:-no}" = no ] ||
		guest -c 2 -k preempt=full "$version" sh tests/vm/prove.sh inside "$backends" 0 "$STORM_SECONDS" "$SEED" "cgroups cgroups" "$acts"
done
[ -z "$skipped" ] || exit 77
