# SPDX-License-Identifier: GPL-2.0-only
# For tests/live/bypass*.sh, behind lib/enforce.sh or lib/live.sh: the folder that the ways around a policy are tried in, and that policy.
# $bpffs and $v2 are where such file systems are, or a folder in place of the first.

actor=$(dirname "$STAKEOUT")/tests/live/ways
[ -x "$actor" ] || skip "tests/live/ways is missing"
chmod 755 "$dir"
f=$dir/f
mkdir -p "$f/protected" "$f/apps-deep"
chmod 777 "$f"
cp "$actor" "$dir/runc"
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

# The body of the allowlist.
policy() {
	cat <<END_OF_POLICY
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
END_OF_POLICY
}

# rows COLUMN: name and what must come of it, of each row of the page. Columns: 4 LSM and fmod_ret, 5 signal.
rows() { awk -F' *[|] *' -v c="$1" '$2 ~ /^`.*`$/ { gsub(/`/, "", $2); print $2 "\t" $c }' docs/bypass.md; }
