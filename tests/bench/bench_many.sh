#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Thousands of policies, each another image for a cgroup of its own: time to apply, replace one, replace and release all, the
# kernel's memory, and what an allowed call costs with all of them in force, as a ratio to one alone in the same cgroup.
# POLICIES, LOOKUP: how many for the first and for the second part. What is measured is the load's own processor time.
. tests/lib/enforce.sh

many=${POLICIES:-5000} lookup=${LOOKUP:-1000} rounds=${ROUNDS:-7}
load=$(dirname "$STAKEOUT")/tests/live/load
shell=$(readlink -f "$(command -v sh)")
mkdir "$dir/lists" "$dir/images" "$dir/etc"
echo x >"$dir/etc/file"
folders=
for i in $(seq "$many"); do
	echo "apiVersion: stakeout/v1
kind: Allowlist
metadata: {name: w$i}
workload: {namespace: host, kind: cgroup, name: ${group##*/}/w$i}
mode: enforce
exec: {allow: [{path: $shell}, {path: $load}, {path: $load-child}, {path: /opt/app$i}]}
file: {protect: [/etc/, $dir/etc/], allow: [{path: $dir/etc/, access: [write]}, {path: /etc/w$i/, access: [write]}]}
connect: {allow: [{cidr: 127.0.0.1/32, port: 5300, protocol: udp}, {cidr: 10.0.0.0/8, port: $((10000 + i))}]}" >"$dir/lists/w$i.yaml"
	folders="$folders $group/w$i"
done
mkdir $folders
find "$dir/lists" -name '*.yaml' -exec "$STAKEOUT" compile -o "$dir/images" {} + >/dev/null 2>&1

now() { read -r up _ </proc/uptime; echo "${up%.*}${up#*.}0"; }
# timed WHAT COMMAND...
timed() {
	what=$1 start=$(now)
	shift
	"$@"
	echo "$what: $(($(now) - start)) ms"
}
# What the kernel keeps is charged to the cgroup of who made it.
memory=$(awk '$3 == "cgroup" && $4 ~ /memory/ { print $2; exit }' /proc/self/mounts)
charged() { cat "$memory/stakeout-bench-$$/memory.kmem.usage_in_bytes" 2>/dev/null || echo 0; }
if [ -n "$memory" ] && mkdir "$memory/stakeout-bench-$$"; then
	echo $$ >"$memory/stakeout-bench-$$/cgroup.procs"
	cleanups="echo $$ >$memory/cgroup.procs; rmdir $memory/stakeout-bench-$$"
fi
images() { for i in $(seq "$1"); do printf '%s\n' "$dir/images/w$i.image.elf"; done; }
apply_first() { images "$1" >"$dir/names"; xargs -x -n "$1" -s 1000000 "$enforcer" --bpffs "$bpffs" --backend "$backend" <"$dir/names" >/dev/null 2>"$dir/err" || fail apply; }

apply_first 1
echo "kernel $(uname -r), back end $(backend_now), $(nproc) CPUs; load before: $(cut -d ' ' -f 1-3 /proc/loadavg)"
before=$(charged)
timed "$many images to $many cgroups" apply_first "$many"
after=$(charged)
echo "kernel memory of a policy: $(enforce status --json | sed -n 's/.*"memory":\([0-9]*\).*/\1/p' | awk '{ n += $1 } END { print int(n / NR) }') bytes of maps;" \
	"with links, pins and all $(((after - before) / many)) (0: not known here)"
timed "one replaced" apply_first 1
timed "all replaced" apply_first "$many"
status_all() { enforce status >/dev/null; }
timed status status_all
release_all() { enforce release >/dev/null; }
timed "all released" release_all

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
block() {
	case $1 in
	write) set -- write 50000 "$dir/etc/file" ;;
	exec) set -- exec 400 "$load-child" ;;
	connect) set -- connect 100000 5300 ;;
	esac
	for _ in 1 2 3; do
		sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group/w1" "$load" time "$load" "$1" "$2" "$3"
	done | median
}
for i in $(seq "$rounds"); do
	for what in write exec connect; do
		apply_first 1
		one=$(block $what)
		apply_first "$lookup"
		all=$(block $what)
		enforce release >/dev/null
		echo "$one $all" | awk '{ printf "%.3f\n", $2 / $1 }' >>"$dir/$what"
	done
done
for what in write exec connect; do
	echo "$what with $lookup policies, to one: $(sort -n "$dir/$what" | awk '{ v[NR] = $1 } END { printf "%.3f (%.3f-%.3f)", v[int((NR + 1) / 2)], v[int(NR / 4) + 1], v[NR - int(NR / 4)] }')"
done
rmdir $folders 2>/dev/null || :
