#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what stakeout needs from the distribution's packages (Debian, Ubuntu): sh scripts/packages.sh [test]
# Without arguments: what building and running needs. With "test": also what the tests need.
# Installs nothing when nothing is missing, so it is cheap to run again.
set -eu

build='make gcc libc6-dev pkg-config clang libbpf-dev libelf-dev zlib1g-dev libyaml-dev libsqlite3-dev libjson-c-dev libmicrohttpd-dev'
tests='libcmocka-dev runc qemu-system-x86 cpio xz-utils debian-archive-keyring busybox-static chromium curl jq mandoc git procps util-linux mount iproute2 gzip diffutils ca-certificates sqlite3'

[ "${1:-}" = test ] && build="$build $tests"
command -v apt-get >/dev/null || {
	echo "stakeout: no apt-get here; install the equivalents of: $build bpftool" >&2
	exit 0
}

# bpftool is a package of its own on Debian, part of linux-tools on Ubuntu.
have_bpftool() {
	for tool in bpftool /usr/sbin/bpftool /usr/lib/linux-tools/*/bpftool; do
		"$tool" version >/dev/null 2>&1 && return 0
	done
	return 1
}

missing=
for package in $build; do
	state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :)
	[ "$state" = installed ] || missing="$missing $package"
done
if [ "${1:-}" = test ] && ! { command -v node && command -v npm; } >/dev/null 2>&1; then
	missing="$missing nodejs npm"
fi
have_bpftool || missing="$missing BPFTOOL"
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
	if command -v sudo >/dev/null; then
		as_root=sudo
	else
		echo "stakeout: these packages are missing and there is no sudo here; as root: apt-get install$missing" >&2
		exit 3
	fi
fi

export DEBIAN_FRONTEND=noninteractive
echo "stakeout: installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
$as_root apt-get update -q >"$log" 2>&1 || {
	tail -n 5 "$log" >&2
	echo "stakeout: apt-get update failed; the packages wanted are:$missing" >&2
	exit 3
}
case $missing in
*BPFTOOL*)
	missing=${missing% BPFTOOL}
	if apt-cache show bpftool 2>/dev/null | grep -q '^Filename:'; then
		missing="$missing bpftool"
	else
		missing="$missing linux-tools-common linux-tools-generic"
	fi
	;;
esac
# Ubuntu has no chromium package but a snap, which a container cannot install.
if ! apt-cache show chromium 2>/dev/null | grep -q '^Filename:'; then
	missing=$(printf '%s' "$missing" | sed 's/ chromium\( \|$\)/ /')
fi
# shellcheck disable=SC2086 # a list of words
$as_root apt-get install -q -y --no-install-recommends $missing >"$log" 2>&1 || {
	tail -n 20 "$log" >&2
	echo "stakeout: apt-get could not install:$missing" >&2
	exit 3
}
