#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs what stakeout needs from the distribution's packages (Debian, Ubuntu): sh scripts/packages.sh [test|bench|fuzz]
# Without arguments: what building and running needs. Else: also what that needs.
# Installs nothing when nothing is missing, so it is cheap to run again. What cannot be had is named: status 3 where
# nothing can be built without it (with CI set: always), else 0, and everything that needs no such package goes on.
set -eu
cd "$(dirname "$0")/.."

needed='make gcc libc6-dev pkg-config libbpf-dev libelf-dev zlib1g-dev libyaml-dev libsqlite3-dev libjson-c-dev libmicrohttpd-dev'
optional='clang bpftool'
without='there is no live recording'
case ${1:-} in
test)
	needed="$needed libcmocka-dev"
	optional="$optional runc crun qemu-system-x86 cpio xz-utils debian-archive-keyring busybox-static chromium nodejs npm
		curl jq libc6-dev-arm64-cross mandoc git procps util-linux mount iproute2 gzip diffutils patch ca-certificates sqlite3"
	without='tests that need them are skipped, and say so'
	;;
bench)
	needed="$needed libcmocka-dev"
	optional="$optional bpftrace jq sqlite3"
	without='what needs them is not measured'
	;;
fuzz) needed="$needed clang libclang-rt-dev" optional= ;;
esac

say() { echo "stakeout: $*" >&2; }

# Tools may come from elsewhere. bpftool is a package of its own on Debian and part of linux-tools on Ubuntu, where
# /usr/sbin/bpftool is a script that works for the running kernel's own package only.
have() {
	case $1 in
	clang) command -v "${CLANG:-clang}" >/dev/null ;;
	nodejs) command -v node >/dev/null ;;
	npm) command -v npm >/dev/null ;;
	chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
	bpftool)
		for tool in ${BPFTOOL:-bpftool /usr/sbin/bpftool /usr/lib/linux-tools/*/bpftool}; do
			"$tool" version && return
		done
		return 1
		;;
	*) [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
	esac >/dev/null 2>&1
}

# absent PACKAGE...: those that are not here
absent() {
	list=
	for package in "$@"; do
		have "$package" || list="$list $package"
	done
	echo "$list"
}

# The tests of the web UI drive a browser with two packages from npm; their versions and checksums are in the lock file.
browser_modules() {
	kept=build/node
	if ! command -v npm >/dev/null || cmp -s tests/browser/package-lock.json $kept/node_modules/.installed; then
		return 0
	fi
	mkdir -p $kept
	cp tests/browser/package.json tests/browser/package-lock.json $kept
	if PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --prefix $kept --no-audit --no-fund --loglevel=error \
		--fetch-retries=1 --fetch-retry-mintimeout=1000 >$kept/log 2>&1; then
		cp tests/browser/package-lock.json $kept/node_modules/.installed
	else
		say "npm could not install playwright-core and axe-core: $(grep -m 1 reason: $kept/log || head -n 1 $kept/log)"
		say "going on: tests in a browser are skipped, and say so"
	fi
}

# done_with STATUS: what is left to do once packages are as they will be
done_with() {
	[ "$1" -ne 0 ] || [ "$mode" != test ] || browser_modules
	exit "$1"
}

available() { apt-cache show --no-all-versions "$1" 2>/dev/null | grep -q "^Filename:"; }

# names PACKAGE...: as the archive calls them
names() {
	for package in "$@"; do
		if [ "$package" = bpftool ] && ! available bpftool && available linux-tools-common; then
			package="linux-tools-common linux-tools-generic"
		fi
		printf " %s" "$package"
	done
}

# give_up WHY: nothing more can be installed
give_up() {
	missing=$(absent $needed) extra=$(absent $optional)
	say "$1"
	say "as root, this installs what is missing: apt-get install$(names $missing $extra)"
	[ -z "$missing" ] && [ -z "${CI:-}" ] || done_with 3
	say "going on without:$extra ($without)"
	done_with 0
}

mode=${1:-}
command -v apt-get >/dev/null || {
	say "no apt-get here; install the equivalents of:" $needed $optional
	done_with 0
}
missing=$(absent $needed) extra=$(absent $optional)
[ -n "$missing$extra" ] || done_with 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || give_up "packages are missing, and an ordinary user without sudo cannot install them"
	sudo true || give_up "packages are missing, and sudo does not let you install them"
	as_root=sudo
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# A fresh machine may be busy with its first updates: the lock is waited for. sudo passes on no environment.
apt() { $as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -q -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1; }

say "installing$missing$extra"
apt update || say "apt-get update failed; going on with the package lists that are here: $(grep -E '^(E|W):' "$log" | head -n 1)"
wanted=
for package in $(names $extra); do
	# Ubuntu's chromium is a snap, for one.
	if available "$package"; then wanted="$wanted $package"; fi
done
for list in "$missing" "$wanted"; do
	[ -z "$list" ] || apt install -y --no-install-recommends $list || {
		tail -n 20 "$log" >&2
		give_up "apt-get could not install:$list"
	}
done
[ -z "$(absent $needed)$(absent $optional)" ] || give_up "these packages' archives do not have all of it"
done_with 0
