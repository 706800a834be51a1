#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Guards: without one its act succeeds, with one it fails, the others' acts still succeed; counted and told by name. The signal
# back end has none, and applying says so.
#
#	MODULE=/a/file.ko    loads that one too, on a machine that may lose it meanwhile
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
# A real module, from its file and from memory.
loaded() { grep -q "^$module " /proc/modules; }
unload() { ! loaded || rmmod "$module" || fail "the module $module is in use"; }
denied_modules() { enforce status --json "$group/kernel-module" | sed -n "s/.*\"$1_guard\":\([0-9]*\).*/\1/p"; }
modules_load() {   # WHAT
	for by in module module-memory; do
		unload
		allowed "$by, $1" "$group/kernel-module" "$acts" $by "$MODULE"
		loaded || fail "$by, $1: it is not loaded"
	done
	unload
}
modules_refused() {
	for by in module module-memory; do
		refused "$by, guarded" "$group/kernel-module" "$acts" $by "$MODULE"
		loaded && fail "$by, guarded: it is loaded"
	done
	expect "modules refused" "$(denied_modules denied)" 2
	expect "modules refused, told" "$(enforce status --recent --json | grep -c 'kernel-module')" 2
	allowed "module under another guard" "$group/mount" "$acts" module "$MODULE"
	unload
	allowed "module elsewhere" "$group/none" "$acts" module "$MODULE"
	unload
	apply "$dir/kernel-module.image.elf" --cgroup "$group/kernel-module" --audit
	modules_load audited
	expect "modules audited" "$(denied_modules audited)" 2
}
module=
if [ -n "${MODULE:-}" ]; then
	module=$(basename "$MODULE" .ko)
	cleanups="loaded || insmod $MODULE"
	mkdir "$group/kernel-module"
	echo "guards: [kernel-module]" | image kernel-module
	modules_load "no policy"
fi

for g in $guards; do allowed "$g, no policy" "$group/$g" "$acts" $(act_of "$g"); done
apply "$dir/bpf.image.elf" --cgroup "$group/bpf"
if [ "$(backend_now)" = signal ]; then
	expect "a warning" "$(grep -c 'guards: this kernel takes only the signal back end, which has none' "$dir/apply.err")" 1
	allowed "bpf, signal" "$group/bpf" "$acts" bpf
	[ -z "$module" ] || apply "$dir/kernel-module.image.elf" --cgroup "$group/kernel-module"
	[ -z "$module" ] || modules_load signal
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
if [ -n "$module" ]; then
	apply "$dir/kernel-module.image.elf" --cgroup "$group/kernel-module"
	modules_refused
fi
# The enforcer itself is not locked out by the guard it put there.
apply "$dir/bpf.image.elf" --cgroup "$group/bpf" --audit
allowed "bpf, audit" "$group/bpf" "$acts" bpf
apply "$dir/bpf.image.elf" --cgroup "$group/bpf"
within "$group/bpf" "$enforcer" release "$group/bpf" --bpffs "$bpffs" || fail "release from within, under the guard bpf"
allowed "bpf, released" "$group/bpf" "$acts" bpf
echo "back end: $(backend_now)"
