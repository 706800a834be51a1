#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What compile writes against what a real kernel did: an allowlist with the paths and networks of a policy of the golden runs is compiled,
# replayed over the runs' recording, and its verdicts held against the outcomes of that policy. They may differ where an
# allowlist means more or less than that policy says, row by row in tests/golden/compiled.expected (its README tells why), and nowhere
# else. After a wanted change: UPDATE=1 STAKEOUT=build/release/stakeout sh tests/cli/compile_outcomes.sh
set -eu
golden=$(dirname "$STAKEOUT")/tests/unit/test_golden
[ -x "$golden" ] || { echo "skip: $golden is absent: make tests"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/6.1" "$dir/6.12"

exec='exec: {allow: [{path: /bin/busybox}, {path: /usr/bin/tetragon}, {path: /usr/bin/tetra}, {path: /lab/bin/driver}, {path: /lab/bin/sentinel}, {path: /lab/bin/actor}, {path: /lab/bin/good}]}'
connect='connect: {allow: [{cidr: 127.0.0.0/8}, {cidr: "::1/128"}]}'
file='file: {protect: [/etc/protected/]}'

# like NAME SHAPE RULES: the allowlist RULES, in the place of the policy NAME
like() {
	cat >"$dir/list.yaml" <<-END
		apiVersion: stakeout/v1
		kind: Allowlist
		metadata: {name: $1}
		workload: {namespace: host, kind: unit, name: lab.service}
		mode: enforce
		$3
	END
	lsm=$([ "$2" = lsm ] && echo yes || echo no)
	for kernel in 6.1,kprobe-multi=no 6.12; do
		"$STAKEOUT" compile --host-wide --shape "$2" -t "kernel=$kernel,kubernetes=no,lsm=$lsm" -o "$dir/out" "$dir/list.yaml" >/dev/null
		cp "$dir/out/$1.yaml" "$dir/${kernel%%,*}/"
		[ ! -e "$dir/out/$1-2.yaml" ] || { echo "compile_outcomes: $1 became two policies" >&2; exit 1; }
		rm -r "$dir/out"
	done
}
like x04-schedexec-binprm-kill tracepoint "$exec"
like x07-lsm-bprm-memfd-closed lsm "$exec"
like x09-kprobe-bprm-override-nomulti override "$exec"
like x10-kprobe-bprm-sigkill kill "$exec"
like n02-lsm-sockconn-notsaddr-override lsm "$connect"
like f04-lsm-open-write-intent lsm "$file"

GOLDEN_POLICIES=$dir GOLDEN_SHOW=wrong "$golden" >"$dir/all"
sed -n -e '/^  wrong /p' -e '/^6[.0-9]* .* rows /{s/ *(passed.*)//;s/  not held//;p}' "$dir/all" >"$dir/got"
if [ -n "${UPDATE:-}" ]; then
	cp "$dir/got" tests/golden/compiled.expected
else
	diff -u tests/golden/compiled.expected "$dir/got" >&2
fi
