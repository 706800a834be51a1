#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# One scenario by every choice of hooks, on the kernels of Debian 12 and 13: BPF LSM; system calls; and, in a guest whose list of
# security modules lacks bpf, the entries of functions, where asking for BPF LSM is refused. Each finds what the one table in
# tests/lib/changes.sh says that it finds, also of modules that are loaded: no guest has others to mind.
set -eu
versions=${VERSIONS:-6.1 6.12}

# A choice that cannot be had is refused, not replaced.
check_refused() {
	"$STAKEOUT-record" record --hooks lsm --for 1s --db /tmp/refused.db >/tmp/out 2>&1 && got=0 || got=$?
	[ $got -eq 3 ] && grep -q "takes no BPF LSM" /tmp/out || { echo "--hooks lsm without bpf in the list: status $got"; cat /tmp/out; exit 1; }
}

inside() {
	uname -r
	[ ! -e /overlay.ko ] || { rmmod overlay; export MODULE=/overlay.ko; }
	if grep -qw bpf /sys/kernel/security/lsm; then
		ways="lsm tracepoint"
	else
		ways=fentry
		check_refused
		sh tests/live/record_changes.sh auto
	fi
	for way in $ways; do
		sh tests/live/record_changes.sh "$way" || { echo "$way: status $?"; exit 1; }
		echo "$way: as the table says"
	done
	exit 0
}

[ "${1:-}" != inside ] || inside
. tests/lib/guests.sh
for version in $versions; do
	for arguments in "" "lsm=capability,landlock"; do
		guest "kernel $version $arguments" -k "$arguments" "$version" sh tests/vm/hooks.sh inside
	done
done
no_more_guests
