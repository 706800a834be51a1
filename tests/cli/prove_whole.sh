#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The script behind "make prove" with stand-ins for its steps: every result is in its table, and whatever is not as it should be gives
# status 1.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "failed: $1"; sed 's/^/    /' "$dir/out"; exit 1; }

mkdir -p "$dir/tests/prove" "$dir/tests/cli" "$dir/tests/live" "$dir/tests/vm"
cp tests/prove/*.sh "$dir/tests/prove/"
acts='allowlists, 7 acts: 3 allowed, 4 refused,'
echo "echo '9 $acts 0 disagreements, 0 left open'" >"$dir/tests/cli/prove.sh"
echo "echo 'back end: signal'; echo '1 $acts 0 disagreements, 0 left open'" >"$dir/tests/live/prove.sh"
cat >"$dir/tests/live/bypass.sh" <<'END'
echo "back end: ${BACKENDS:-signal}"
echo "122 ways tried, 2 of them not on this machine, ${BYPASSED:-0} otherwise than the page says"
END
cat >"$dir/tests/vm/prove.sh" <<END
echo "kernel \$VERSIONS"
echo "back end: \$BACKENDS"
bad=0
[ "\$VERSIONS \$BACKENDS" != "\${DISAGREES:-}" ] || bad=1
echo "1 $acts \$bad disagreements, 0 left open"
[ "\$VERSIONS \$BACKENDS" != "\${SKIPPED:-}" ] || { echo "skipped: no emulator"; exit 77; }
[ "\$VERSIONS \$BACKENDS" != "\${FAILED:-}" ] || exit 3
[ \$bad -eq 0 ]
END
cp "$dir/tests/live/bypass.sh" "$dir/tests/vm/bypass.sh"

# whole STATUS LAST-LINE VARIABLE=VALUE...
whole() {
	status=0 expected=$1 last=$2
	shift 2
	(cd "$dir" && env SCALE=1 "$@" sh tests/prove/prove.sh) >"$dir/out" 2>&1 || status=$?
	[ $status -eq "$expected" ] || fail "$*: status $status"
	[ "$(tail -n 1 "$dir/out")" = "$last" ] || fail "$*: not '$last'"
}

# row TEXT: a line of the table, blanks aside.
row() { tr -s ' ' <"$dir/out" | grep -q "^$1" || fail "no row '$1'"; }

whole 0 "0 disagreements, 0 parts failed, 0 skipped" A=b
row "none none acts 7 4 0 9 allowlists"
row "$(uname -r) signal acts 7 4 0 1 allowlists"
for version in 6.1 6.12; do
	for backend in lsm fmod_ret signal; do
		row "$version $backend acts 7 4 0 1 allowlists"
		row "$version $backend bypasses 122 0 2 not on this machine"
	done
done
whole 1 "1 disagreements, 1 parts failed, 0 skipped" "DISAGREES=6.12 fmod_ret"
row "6.12 fmod_ret acts 7 4 1 1 allowlists"
row "6.12 fmod_ret failed see above"
whole 1 "7 disagreements, 0 parts failed, 0 skipped" BYPASSED=1
whole 1 "0 disagreements, 0 parts failed, 1 skipped" "SKIPPED=6.1 signal"
row "6.1 signal skipped skipped: no emulator"
whole 1 "0 disagreements, 1 parts failed, 0 skipped" "FAILED=6.1 lsm"
whole 2 "SCALE=0: a whole percentage from 1 on is expected" SCALE=0
rm "$dir/tests/prove/guests.sh"
whole 1 "0 disagreements, 2 parts failed, 0 skipped" A=b
