#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What compile writes is taken, and nothing is found in it but what its allowlist chose: a shell or an interpreter.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for target in kernel=6.1 kernel=6.12 kernel=6.12,lsm=no kernel=5.10,kubernetes=yes; do
	for list in tests/golden-compile/pairs.yaml tests/golden-compile/programs.yaml corpus/allowlists/*.yaml; do
		rm -rf "$dir/out"
		"$STAKEOUT" compile -e --host-wide -t "$target" -o "$dir/out" "$list" >/dev/null 2>&1 || continue
		rm -f "$dir"/out/*.allowlist.yaml "$dir/out/kustomization.yaml"
		if ! "$STAKEOUT" lint -t "$target" --severity warning --ignore allow-shell --ignore allow-interpreter \
			--ignore allow-package-manager "$dir/out" >"$dir/report" || grep -q ': warning: ' "$dir/report"; then
			echo "lint-compiled: $list for $target:" >&2
			cat "$dir/report" >&2
			exit 1
		fi
		: >"$dir/some"
	done
done
[ -e "$dir/some" ] || { echo "lint-compiled: nothing was compiled" >&2; exit 1; }
