#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Ways around a policy, each tried for real: what comes of it, by the back end in use, is what docs/bypass.md says.
#
#	BACKEND=lsm|fmod_ret|signal ONLY=case
#	LEFT_OUT=fmod_exec     as if the kernel left all copies of this program out: what would fail may be killed as well
. tests/lib/enforce.sh
. tests/lib/bypass.sh

# Of what is protected: names and contents.
state() { ls -R "$f/apps" "$f/upper"; ls "$f/protected"; cat "$f/protected/file" "$f/protected/alone" "$f/races/forbid02" 2>/dev/null || :; }

# What came of the case, in the words of the page.
outcome() {
	lay
	state >"$dir/before"
	status=0
	"$f/bin/bypass" "$1" "$f" "$group" "$bpffs" >"$dir/said" 2>&1 || status=$?
	changed=no
	state | cmp -s - "$dir/before" || changed=yes
	[ ! -e "$f/ran" ] || changed=yes
	case $status-$changed in
	0-*) echo "gets through" ;;
	10-no) echo fails ;;
	137-no) echo killed ;;
	137-yes) echo "killed after it" ;;
	77-*) echo "not here" ;;
	*) echo "status $status, changed: $changed" ;;
	esac
}

policy | image bypass
apply "$dir/bypass.image.elf" --cgroup "$group" --runtime "$dir/runc"
used=$(backend_now)
echo "back end: $used"

[ -z "${LEFT_OUT:-}" ] || leave_out "$LEFT_OUT"

column=4
[ "$used" != signal ] || column=5
rows $column >"$dir/table"
bad=0 n=0 absent=0
while IFS='	' read -r name wanted; do
	[ "${ONLY:-$name}" = "$name" ] || continue
	case $used-$name in   # where the kernel shows an exec late, who asks for it cannot be told: nobody passes for a runtime
	signal-runtime-outside | signal-runtime-name) sees_callers || wanted=killed ;;
	esac
	got=$(outcome "$name")
	n=$((n + 1))
	[ "$got" != "not here" ] || { absent=$((absent + 1)); continue; }
	[ -z "${LEFT_OUT:-}" ] || [ "$wanted $got" != "fails killed" ] || got=fails
	[ "$got" = "$wanted" ] || { bad=$((bad + 1)); echo "$name: $got instead of $wanted"; cat "$dir/said"; }
done <"$dir/table"
echo "$n ways tried, $absent of them not on this machine, $bad otherwise than the page says"
[ $n -gt 0 ] && [ $bad -eq 0 ]
