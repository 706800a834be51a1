#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The README's session with the sample workload, typed as it stands there: each line that it shows must come out.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin" "$dir/work"
ln -s "$STAKEOUT" "$dir/bin/stakeout"

# One file for each command, "command", and what follows it, "shown"; the document shown in between last.
awk -v dir="$dir" '
	/^```console/ { inside = 1; next }
	/^```yaml/ && n && !document { document = 1; out = dir "/document"; next }
	/^```/ { inside = 0; out = ""; next }
	inside && /^\$ / { n++; out = sprintf("%s/%02d", dir, n); print substr($0, 3) > (out ".command"); out = out ".shown"; next }
	inside && /^# / { out = ""; next }
	out { print > out }' README.md
[ -s "$dir/08.command" ] && [ -s "$dir/document" ] || { echo "the README's session is not found"; exit 1; }

speed='s/[0-9,]* MB\/s/N MB\/s/; s/ *$//'
cd "$dir/work"
failed=0
for command in "$dir"/*.command; do
	status=0
	{ PATH=$dir/bin:$PATH sh -c "ls() { command ls -C -T 0 -w 110 \"\$@\"; }; $(cat "$command")"; } >"$dir/out" 2>&1 || status=$?
	[ $status -eq 0 ] || { echo "FAIL: status $status: $(cat "$command")"; failed=1; }
	sed -i "$speed" "$dir/out"
	shown=${command%.command}.shown
	[ -e "$shown" ] || continue
	sed "$speed" "$shown" >"$dir/want"
	while IFS= read -r line; do
		[ "$line" = ... ] || grep -qxF -e "$line" "$dir/out" || { echo "FAIL: $(cat "$command"): this line does not come: $line"; failed=1; }
	done <"$dir/want"
done
while IFS= read -r line; do
	grep -qF -e "$line" storefront.yaml || { echo "FAIL: the allowlist has no line '$line'"; failed=1; }
done <"$dir/document"
exit $failed
