# SPDX-License-Identifier: GPL-2.0-only
# For tests of commands, sourced: a scratch folder T, fail, and want.
T=$(mktemp -d)
trap 'rm -rf "$T"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}
want() { # STATUS WHAT COMMAND...
	status=$1 what=$2
	shift 2
	"$@" >"$T/out" 2>"$T/err"
	got=$?
	[ $got -eq "$status" ] || { cat "$T/out" "$T/err"; fail "$what: status $got, wanted $status"; }
}
