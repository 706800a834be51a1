#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The recipe of the container image, as far as that can be told without building it: what the programs need at run time is installed in it,
# the manifests name what it makes, and no build of the host's gets into it.
set -eu
file=deploy/Dockerfile
fail() { echo "$*"; exit 1; }

version=$(sed -n 's/^VERSION := //p' Makefile)
name=$(sed -n 's/^#.* build -t \([^ ]*\) .*/\1/p' "$file")
[ "$name" = "localhost/stakeout:$version" ] || fail "the recipe says how to make '$name', and this is version $version"
for manifest in deploy/*.yaml; do
	[ "$(sed -n 's/^ *image: //p' "$manifest")" = "$name" ] || fail "$manifest runs another image than $name"
	for program in $(grep -o 'stakeout-[a-z]* [^ ]*--' "$manifest" | sed 's/ .*//' | sort -u) $(sed -n 's/^.*exec \(stakeout-[a-z]*\) .*/\1/p' "$manifest"); do
		grep -q "$program" Makefile || fail "$manifest runs $program, which is not built"
	done
done
grep -qx /build .dockerignore || fail "the host's build would be taken for the image's"
stages=$(sed -n 's/^FROM \([^ ]*\).*/\1/p' "$file" | sort -u)
[ "$(echo "$stages" | wc -l)" = 1 ] || fail "what is built on one distribution is run on another: $stages"

. /etc/os-release
[ "$stages" = "$ID:${VERSION_ID:-}-slim" ] || { echo "skipped: the libraries' packages can be told on $stages alone"; exit 77; }
command -v readelf >/dev/null || { echo "skipped: readelf is missing"; exit 77; }
installed=" $(sed -n '/apt-get install/,/rm -rf/p' "$file" | tr -s '\t\n\\' ' ') "
checked=0
for program in "$STAKEOUT" "$STAKEOUT"-serve "$STAKEOUT"-record "$STAKEOUT"-enforce; do
	[ -x "$program" ] || continue
	for library in $(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
		path=$(ldd "$program" | awk -v l="$library" '$1 == l { print $3 }')
		# By its name alone: a package may say /lib for what is in /usr/lib.
		package=$(dpkg -S "*/$(basename "$(readlink -f "$path")")" 2>/dev/null | sed -n 's/^\([^:,]*\).*/\1/p' | head -n 1)
		case "$package|$installed" in
		"libc6|"*) ;;
		"|"*) fail "no package has $library, which $program needs" ;;
		*" $package "*) ;;
		*) fail "$program needs $library, and $file does not install $package" ;;
		esac
		checked=$((checked + 1))
	done
done
[ $checked -ge 8 ] || fail "only $checked libraries were looked at"
