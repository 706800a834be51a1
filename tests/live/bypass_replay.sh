#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Ways around a policy (docs/bypass.md), recorded where nothing is enforced and replayed under the policy that they are ways
# around: what the kernel lets through by the page, replay never says it stops; and what it stops, replay stops too, or does not know, where
# the recording shows it. What it does not show is told.
#
#	HOOKS=auto|lsm|fentry|tracepoint ONLY=case
. tests/lib/live.sh
bpffs=$dir/bpffs
mkdir "$bpffs"
. tests/lib/bypass.sh

{
	printf 'apiVersion: stakeout/v1\nkind: Allowlist\nmetadata: {name: bypass}\n'
	printf 'workload: {namespace: host, kind: cgroup, name: bypass}\nmode: enforce\n'
	policy
} >"$dir/bypass.yaml"
"$STAKEOUT" compile -o "$dir" "$dir/bypass.yaml" >"$dir/compile.out" 2>&1 || { cat "$dir/compile.out"; exit 1; }

# Each in a cgroup of its own, which tells the events of one from those of another; to replay they are of one workload.
start_recorder --events "$dir/all.ndjson" --hooks "${HOOKS:-auto}" --workload "host/cgroup/$name*"
rows 4 >"$dir/table"
while IFS='	' read -r way wanted; do
	[ "${ONLY:-$way}" = "$way" ] || continue
	mkdir "$v2/$name/$way"
	cleanups="remove_group $v2/$name/$way; $cleanups"
	lay
	"$f/bin/bypass" "$way" "$f" "$v2/$name/$way" "$bpffs" >"$dir/said" 2>&1 </dev/null && status=0 || status=$?
	[ $status -eq 77 ] || echo "$way" >>"$dir/done"
done <"$dir/table"
stop_recorder
sed -n "s#.*\"cgroup\":\"/$name/\([^\"/]*\)\".*#\1#p" "$dir/all.ndjson" >"$dir/ways"
sed -n "s#\"cgroup\":\"/$name/[^\"/]*\"#\"cgroup\":\"/bypass\"#p" "$dir/all.ndjson" >"$dir/ours.ndjson"
[ "$(wc -l <"$dir/ways")" = "$(wc -l <"$dir/ours.ndjson")" ] || { echo "a line of two cgroups"; exit 1; }

bad=0
for backend in lsm signal; do
	column=4
	[ $backend = lsm ] || column=5
	rows $column >"$dir/table"
	"$STAKEOUT" replay "$dir/bypass.image.elf" --corpus "$dir/ours.ndjson" --target "backend=$backend" --json |
		sed -n 's/.*"line":\([0-9]*\),.*"verdict":"\([a-z]*\)".*/\1 \2/p' >"$dir/verdicts"
	awk -v backend=$backend '
		FILENAME ~ /done$/ { tried[$1] = 1; next }
		FILENAME ~ /ways$/ { way[FNR] = $1; next }
		FILENAME ~ /verdicts$/ {
			if ($2 == "deny" || $2 == "kill")
				said[way[$1]] = "stopped"
			else if ($2 == "unknown" && !said[way[$1]])
				said[way[$1]] = "unknown"
			next
		}
		!($1 in tried) { next }
		{ name = $1; sub(/^[^\t]*\t/, "") }
		said[name] == "unknown" { unknown = unknown " " name; next }
		# A recording tells whose a process is and its path when it started; the kernel goes by whose the socket is, and by the path now.
		name == "passed-socket" || name == "runtime-name" { next }
		/^gets through/ && said[name] == "stopped" { print name ": replay says stopped, the kernel lets it through"; bad++; next }
		/^gets through/ || said[name] == "stopped" { agree++; next }
		{ silent = silent " " name }
		END {
			printf "%s: %d as the kernel, %d otherwise; unknown:%s; not shown:%s\n", backend, agree, bad, unknown, silent
			exit bad || !agree
		}' "$dir/done" "$dir/ways" "$dir/verdicts" "$dir/table" || bad=1
done
exit $bad
