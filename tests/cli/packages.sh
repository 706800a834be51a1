#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# scripts/packages.sh on machines of every kind, played by stand-ins for apt, dpkg, sudo and npm: what it
# installs, what it says it goes on without, and when it gives up. Nothing is installed here.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "$*"; cat "$dir/said" "$dir/calls" 2>/dev/null; exit 1; }

repo=$dir/repo
mkdir -p "$dir/tools" "$repo/scripts" "$repo/tests/browser"
cp scripts/packages.sh "$repo/scripts/"
cp tests/browser/package.json tests/browser/package-lock.json "$repo/tests/browser/"
for tool in sh cat cmp cp dirname env grep head mkdir mktemp rm tail touch; do
	ln -s "$(command -v $tool)" "$dir/tools/$tool"
done

# stand_in NAME <SCRIPT
stand_in() { { echo '#!/bin/sh'; cat; } >"$dir/stand-in/$1"; chmod 755 "$dir/stand-in/$1"; }
mkdir "$dir/stand-in"
stand_in dpkg-query <<'END'
for package; do :; done
grep -qx -- "$package" "$M/installed" && printf installed
END
stand_in apt-cache <<'END'
for package; do :; done
grep -qx -- "$package" "$M/archive" && echo "Filename: pool/$package.deb"
END
stand_in apt-get <<'END'
echo "apt-get $*" >>"$M/calls"
[ ! -e "$M/needs-sudo" ] || [ -n "${SUDO:-}" ] || { echo "E: are you root?"; exit 100; }
for word; do
	case $word in
	update) [ ! -e "$M/update-fails" ] || { echo "E: Failed to fetch"; exit 100; } ;;
	install) for package; do
			case $package in
			install | -* | DPkg*) continue ;;
			esac
			grep -qx -- "$package" "$M/archive" || { echo "E: Unable to locate package $package"; exit 100; }
			! grep -qx -- "$package" "$M/broken" || { echo "E: $package: 404"; exit 100; }
			echo "$package" >>"$M/installed"
			case $package in
			nodejs) tool=node ;;
			linux-tools-generic) tool=bpftool ;;
			*) tool=$package ;;
			esac
			case $tool in
			clang | bpftool | node | chromium | npm) cp "$M/bin/tool" "$M/bin/$tool" ;;
			esac
		done ;;
	esac
done
END
stand_in sudo <<'END'
[ ! -e "$M/no-rights" ] || { echo "you may not run sudo" >&2; exit 1; }
SUDO=1 exec "$@"
END
echo "exit 0" | stand_in true
stand_in id <<'END'
cat "$M/uid"
END
cat >"$dir/tool" <<'END'
#!/bin/sh
case $0 in
*/npm) [ ! -e "$M/no-registry" ] || { echo "npm error network reason: nobody answers" >&2; exit 1; }
	mkdir -p "$3/node_modules" ;;
esac
END
chmod 755 "$dir/tool"

base='make gcc libc6-dev pkg-config libbpf-dev libelf-dev zlib1g-dev libyaml-dev libsqlite3-dev libjson-c-dev libmicrohttpd-dev'
tests='libcmocka-dev runc crun qemu-system-x86 cpio xz-utils debian-archive-keyring busybox-static nodejs npm curl jq libc6-dev-arm64-cross mandoc git procps util-linux mount iproute2 gzip diffutils patch ca-certificates sqlite3'
debian="$base clang bpftool $tests chromium"
ubuntu="$base clang linux-tools-common linux-tools-generic $tests"

# machine UID INSTALLED ARCHIVE [FLAG...]: a new one
machine() {
	M=$dir/machine
	rm -rf "$M" "$repo/build"
	mkdir -p "$M/bin"
	cp "$dir"/stand-in/* "$dir/tool" "$M/bin/"
	echo "$1" >"$M/uid"
	printf '%s\n' $2 >"$M/installed"
	printf '%s\n' $3 >"$M/archive"
	[ "$1" = 0 ] || touch "$M/needs-sudo"
	shift 3
	for flag; do
		case $flag in
		no-apt) rm "$M/bin/apt-get" ;;
		no-sudo) rm "$M/bin/sudo" ;;
		has-*) cp "$dir/tool" "$M/bin/${flag#has-}" ;;
		broken-*) echo "${flag#broken-}" >>"$M/broken" ;;
		*) touch "$M/$flag" ;;
		esac
	done
	touch "$M/broken" "$M/calls"
}

# run STATUS [test]: on that machine
run() {
	want=$1; shift
	status=0
	env -i PATH="$M/bin:$dir/tools" M="$M" BPFTOOL=bpftool ${ci:+CI=true} sh "$repo/scripts/packages.sh" "$@" >"$dir/said" 2>&1 || status=$?
	cp "$M/calls" "$dir/calls"
	[ $status -eq "$want" ] || fail "status $status, not $want"
}
says() { grep -q -e "$1" "$dir/said" || fail "does not say: $1"; }
called() { grep -q -e "$1" "$dir/calls" || fail "was not called: $1"; }
quiet() { ! grep -q "$1" "$dir/said" "$dir/calls" || fail "should not be there: $1"; }

ci=
# A new machine with nothing but apt; the second time there is nothing to do.
machine 0 '' "$debian"; run 0; called 'install.* make gcc'; called 'install.* clang bpftool'; quiet cmocka; quiet without
run 0; [ "$(grep -c update "$dir/calls")" = 1 ] || fail "updates again, with nothing missing"
machine 0 '' "$debian libclang-rt-dev bpftrace"; run 0 fuzz; called 'install.* libclang-rt-dev'; run 0 bench; called 'install.* bpftrace'
machine 0 '' "$debian"; run 0 test; called 'install.* libcmocka-dev'; called 'install.* chromium'; quiet without
[ -d "$repo/build/node/node_modules" ] || fail "playwright-core and axe-core were not asked for"
# Ubuntu: bpftool within linux-tools, no chromium but a snap.
machine 0 '' "$ubuntu"; run 0; called 'install.* linux-tools-common linux-tools-generic'; quiet without
machine 0 '' "$ubuntu"; run 0 test; says 'without: chromium (tests'; called 'install.* runc'
ci=1; machine 0 '' "$ubuntu"; run 3 test; says 'apt-get install chromium'; ci=
machine 0 '' "$ubuntu" has-google-chrome; run 0 test; quiet without
# Tools from elsewhere count.
machine 0 "$base" "$base" has-clang has-bpftool; run 0; quiet apt-get
# An ordinary user: with sudo, without it, without rights; the libraries there or not.
machine 1000 '' "$debian"; run 0; called 'install.* make gcc'; quiet 'are you root'
machine 1000 '' "$debian" no-sudo; run 3; says 'without sudo'; says 'apt-get install make gcc'; quiet 'going on'
machine 1000 "$base" "$debian" no-sudo; run 0; says 'going on without: clang bpftool (there is no live recording)'; quiet 'apt-get update'
machine 1000 "$base" "$debian" no-rights; run 0; says 'sudo does not let you'; says 'going on without'
machine 1000 "$base" "$ubuntu" no-sudo; run 0; says 'apt-get install clang linux-tools-common linux-tools-generic'
# The network: lists that cannot be renewed may do; packages that cannot be fetched end it where they are needed.
machine 0 '' "$debian" update-fails; run 0; says 'update failed'; called 'install.* make'
machine 0 '' "$debian" broken-libyaml-dev; run 3; says '404'; says 'could not install'
machine 0 '' '' update-fails; run 3; says 'Unable to locate'; says 'as root, this installs'
machine 0 "$base" "$debian" broken-clang; run 0; says 'going on without: clang bpftool'
machine 0 '' "$debian" no-registry; run 0 test; says 'npm could not install.*nobody answers'; says 'tests in a browser are skipped'
ci=1; machine 0 "$base" "$debian" broken-clang; run 3; quiet 'going on'; ci=
# Another distribution.
machine 0 '' '' no-apt; run 0; says 'no apt-get here'
