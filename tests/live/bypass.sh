#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Ways around a policy, each tried for real: what comes of it, by the back end in use, is what docs/bypass.md says.
#
#	BACKEND=lsm|fmod_ret|signal ONLY=case
. tests/lib/enforce.sh

actor=$(dirname "$STAKEOUT")/tests/live/ways
[ -x "$actor" ] || skip "tests/live/ways is missing"
chmod 755 "$dir"
f=$dir/f
mkdir -p "$f/protected" "$f/apps-deep"
chmod 777 "$f"
cp "$actor" "$dir/runtime"
for top in protected apps-deep; do "$actor" deep "$f/$top"; done

# Everything a case may need, as before any case; the deep folders stay.
lay() {
	for p in "$f"/*; do
		case $p in
		*/protected | */apps-deep) ;;
		*) rm -rf "$p" ;;
		esac
	done
	rm -f "$f"/protected/[!d]*
	mkdir -p "$f/bin" "$f/apps" "$f/free" "$f/jail$f/bin" "$f/races" "$f/lower/etc" "$f/upper" "$f/work" "$f/merged" \
		"$f/other-work" "$f/elsewhere" "$f/tmp" "$f/volume" "$bpffs/decoy"
	for p in bin/bypass bin/ok bin/ok-too bin/forbidden free/copy "jail$f/bin/ok" races/allowed1 races/forbid01; do
		cp "$actor" "$f/$p"
	done
	for p in protected/file protected/alone races/allowed2 races/forbid02 lower/etc/file; do echo keep >"$f/$p"; done
	chmod 666 "$f/protected/file"
	ln -s "$f/bin/forbidden" "$f/free/link"
	ln -s "$f/protected/file" "$f/free/file-link"
	ln "$f/protected/file" "$f/free/made-before"
	printf '#!%s ran\n' "$f/bin/forbidden" >"$f/free/script-forbidden"
	printf '#!%s ran\n' "$f/bin/ok" >"$f/free/script-ok"
	chmod 755 "$f"/free/script-*
}

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

image bypass <<END
exec:
  allow:
    - path: $f/bin/bypass
    - path: $f/bin/ok
    - path: $f/bin/ok-too
    - path: $f/races/allowed1
    - path: $f/apps/
    - path: $f/apps-deep/
file:
  protect: [$f/protected/, $f/apps/, $f/races/forbid02, $f/merged/etc/, $v2/, $bpffs/, /proc/sys/kernel/]
  allow: []
connect:
  allow:
    - {cidr: 127.0.0.1/32, port: 5300}
guards: [mount, raise-privilege, ptrace, bpf]
END
apply "$dir/bypass.image.elf" --cgroup "$group" --runtime "$dir/runtime"
used=$(backend_now)
echo "back end: $used"

column=4
[ "$used" != signal ] || column=5
awk -F' *[|] *' -v c=$column '$2 ~ /^`.*`$/ { gsub(/`/, "", $2); print $2 "\t" $c }' docs/bypass.md >"$dir/table"
bad=0 n=0 absent=0
while IFS='	' read -r name wanted; do
	[ "${ONLY:-$name}" = "$name" ] || continue
	case $used-$name in   # where the kernel shows an exec late, who asks for it cannot be told
	signal-runtime-outside) sees_callers || continue ;;
	esac
	got=$(outcome "$name")
	n=$((n + 1))
	[ "$got" != "not here" ] || { absent=$((absent + 1)); continue; }
	[ "$got" = "$wanted" ] || { bad=$((bad + 1)); echo "$name: $got instead of $wanted"; cat "$dir/said"; }
done <"$dir/table"
echo "$n ways tried, $absent of them not on this machine, $bad otherwise than the page says"
[ $n -gt 0 ] && [ $bad -eq 0 ]
