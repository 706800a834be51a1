#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fetches one of Debian's kernels into build/vm/VERSION (vmlinuz, overlay.ko) and prints that folder:
#
#	sh tests/vm/kernel.sh 6.1
#
# From Debian's security archive, whatever distribution this machine runs, with an apt of its own: nothing is
# installed, no source is added. Fetched once; "make clean" removes it. Status 77: it cannot be had, the last line says why.
set -eu

skip() { echo "skipped: $1"; exit 77; }

suites='bookworm-security trixie-security'
keys=/usr/share/keyrings/debian-archive-keyring.gpg
meta=linux-image-cloud-amd64
version=$1
kept=build/vm/$version
[ ! -s "$kept/vmlinuz" ] || { echo "$kept"; exit 0; }
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || skip "no apt-get and dpkg-deb to fetch a kernel with"
[ -r "$keys" ] || skip "the package debian-archive-keyring is missing"

mkdir -p build/vm
exec 8>build/vm/fetching   # one at a time, so that it is fetched once
flock 8
[ ! -s "$kept/vmlinuz" ] || { echo "$kept"; exit 0; }
new=$(mktemp -d "$PWD/build/vm/new.XXXXXX")
trap 'rm -rf "$new"' EXIT
mkdir -p "$new/lists/partial" "$new/cache/archives/partial"
# From the mirror that this machine uses, if it uses one: every Debian mirror of the security archive is named so.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
	grep -oE "^(deb|URIs).*https?://[^ ]*/debian-security" | grep -oE "https?:.*" | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian-security}
for suite in $suites; do
	echo "deb [arch=amd64 target=Packages signed-by=$keys] $mirror $suite main"
done >"$new/sources.list"

# own TOOL ARG...: with the private sources.
own() {
	tool=$1
	shift
	"$tool" -q -o "Dir::Etc::SourceList=$new/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State=$new" \
		-o Dir::State::status=/dev/null -o "Dir::Cache=$new/cache" -o APT::Sandbox::User=root \
		-o APT::Architecture=amd64 "$@"
}

# One suite may do where another cannot be had, or not be trusted: an older keyring.
own apt-get update >"$new/log" 2>&1 || :
release=$(own apt-cache madison $meta | awk -v want="$version." 'index($3, want) == 1 { print $3; exit }')
[ -n "$release" ] || skip "there is no kernel $version in $suites: $(grep -m 1 "^[EW]:" "$new/log")"
package=$(own apt-cache show "$meta=$release" | awk '/^Depends:/ { print $2; exit }')
(cd "$new" && own apt-get download "$package") >"$new/log" 2>&1 || skip "$package cannot be fetched: $(tail -n 1 "$new/log")"

dpkg-deb -x "$new/$package"_*.deb "$new/root"
mkdir "$new/kept"
cp "$new"/root/boot/vmlinuz-* "$new/kept/vmlinuz"
overlay=$(find "$new/root" -name 'overlay.ko*')
case $overlay in
*.xz) xz -dc "$overlay" >"$new/kept/overlay.ko" ;;
*.ko) cp "$overlay" "$new/kept/overlay.ko" ;;
esac
mkdir -p "$kept"
[ ! -e "$new/kept/overlay.ko" ] || mv -f "$new/kept/overlay.ko" "$kept/"
mv -f "$new/kept/vmlinuz" "$kept/"
echo "$kept"
