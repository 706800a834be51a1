#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Guards: without one its act succeeds, with one it fails, the others' acts still succeed; counted and told by name. The signal
# back end has none, and applying says so.
. tests/lib/enforce.sh

guards="ptrace mount raise-privilege bpf"
mkdir "$dir/m" "$group/none"
for g in $guards; do
	mkdir "$group/$g"
	echo "guards: [$g]" | image "$g"
done
act_of() {
	case $1 in
	ptrace) echo trace ;;
	mount) echo "mount $dir/m" ;;
	raise-privilege) echo root ;;
	bpf) echo bpf ;;
	esac
}
for g in $guards; do allowed "$g, no policy" "$group/$g" "$acts" $(act_of "$g"); done
apply "$dir/bpf.image.elf" --cgroup "$group/bpf"
if [ "$(backend_now)" = signal ]; then
	expect "a warning" "$(grep -c 'guards: this kernel takes only the signal back end, which has none' "$dir/apply.err")" 1
	allowed "bpf, signal" "$group/bpf" "$acts" bpf
	echo "back end: signal"
	exit 0
fi
for g in $guards; do
	apply "$dir/$g.image.elf" --cgroup "$group/$g"
	refused "$g" "$group/$g" "$acts" $(act_of "$g")
	for other in $guards; do
		[ "$other" = "$g" ] || allowed "$other under the guard $g" "$group/$g" "$acts" $(act_of "$other")
	done
	allowed "$g elsewhere" "$group/none" "$acts" $(act_of "$g")
	expect "$g denied" "$(enforce status --json "$group/$g" | sed -n 's/.*"denied_guard":\([0-9]*\).*/\1/p')" 1
done
# The enforcer itself is not locked out by the guard it put there.
apply "$dir/bpf.image.elf" --cgroup "$group/bpf" --audit
allowed "bpf, audit" "$group/bpf" "$acts" bpf
apply "$dir/bpf.image.elf" --cgroup "$group/bpf"
within "$group/bpf" "$enforcer" release "$group/bpf" --bpffs "$bpffs" || fail "release from within, under the guard bpf"
allowed "bpf, released" "$group/bpf" "$acts" bpf
echo "back end: $(backend_now)"
