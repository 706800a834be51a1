#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The exact YAML for some allowlists and targets: tests/golden-compile/NAME.TARGET.expected. After a wanted change:
#	UPDATE=1 STAKEOUT=build/release/stakeout sh tests/cli/compile_golden.sh
# and review the diff.
set -eu
golden=tests/golden-compile
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
bad=0
# check NAME LABEL OPTION...
check() {
	name=$1; label=$2; shift 2
	rm -rf "$dir/out"
	"$STAKEOUT" compile "$golden/$name.yaml" -o "$dir/out" "$@" >"$dir/table"
	{ cat "$dir/table" | sed '/^written to/d'
	  for f in "$dir"/out/"$name".yaml "$dir"/out/"$name"-[0-9]*.yaml; do
		[ -e "$f" ] || continue
		echo "---- ${f##*/}"
		cat "$f"
	  done
	  "$STAKEOUT" image show "$dir/out/$name.image.elf"; } >"$dir/got"
	if [ -n "${UPDATE:-}" ]; then
		cp "$dir/got" "$golden/$name.$label.expected"
	elif ! diff -u "$golden/$name.$label.expected" "$dir/got" >&2; then
		bad=1
	fi
}
check pairs lsm -t kernel=6.12
check pairs override -t kernel=5.10,lsm=no
check programs lsm
check programs kill -t kernel=6.1,lsm=no --shape kill
check programs tracepoint -t kernel=5.4
exit $bad
