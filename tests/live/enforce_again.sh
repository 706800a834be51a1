#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The same path asked about again and again, on one processor: each time what holds now decides, whatever was asked before. Another policy,
# cgroup or program, another folder of the same length or with the same end, another name of the
# same folder.
. tests/lib/enforce.sh

! command -v taskset >/dev/null || taskset -pc 0 $$ >/dev/null
cp "$acts" "$dir/bin/acts"
sh=$(readlink -f "$(command -v sh)")
mkdir -p "$dir/bin/ours" "$dir/bin/theirs" "$dir/etc/aa" "$dir/etc/bb" "$group/one" "$group/two"
cp "$sh" "$dir/bin/ours/sh"
cp "$sh" "$dir/bin/theirs/sh"
mkdir -p "$dir$dir/etc/bb"
for f in file aa/file bb/file; do echo x >"$dir/etc/$f"; done
echo x >"$dir$dir/etc/bb/file"
file=$dir/etc/file
# rules NAME FILE-RULES
rules() {
	image "$1" <<-END_OF_RULES
		exec: {allow: [{path: $sh}, {path: $dir/bin/}]}
		file: {protect: [$dir/etc/], allow: [$2]}
	END_OF_RULES
}
rules yes "{path: $file, access: [write, create]}"
rules no "{path: $dir/etc/other, access: [write]}"
rules some "{path: $dir/etc/aa/, access: [write]}, {path: $file, access: [write, create], by: [$dir/bin/ours/sh]}"

for i in 1 2 3; do
	apply "$dir/yes.image.elf" --cgroup "$group/one"
	allowed "round $i" "$group/one" "$dir/bin/acts" open w "$file" "$file" "$file"
	apply "$dir/no.image.elf" --cgroup "$group/one"
	refused "round $i, another policy" "$group/one" "$dir/bin/acts" open w "$file"
done

# waiting NAME GROUP: a shell that is about to write the file; now NAME: it does, and is waited for.
waiting() {
	mkfifo "$dir/$1.go"
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$2" "$dir/bin/$1/sh" -c 'read -r word <"$0" && echo x >>"$1"' \
		"$dir/$1.go" "$file" 2>/dev/null &
	eval "$1_pid=$!"
}
now() {
	echo go >"$dir/$1.go"
	rm "$dir/$1.go"
	eval "wait \$$1_pid" 2>/dev/null
}
apply "$dir/yes.image.elf" --cgroup "$group/two"
for i in 1 2 3; do
	waiting ours "$group/two"
	waiting theirs "$group/one"
	now ours || fail "round $i, another cgroup: refused"
	! now theirs || fail "round $i, the one cgroup: allowed"
done
apply "$dir/some.image.elf" --cgroup "$group/one"
for i in 1 2 3; do
	waiting ours "$group/one"
	waiting theirs "$group/one"
	now ours || fail "round $i, by whom it is for: refused"
	! now theirs || fail "round $i, by another: allowed"
done

allowed "a folder" "$group/one" "$dir/bin/acts" open w "$dir/etc/aa/file" "$dir/etc/aa/file"
refused "then another" "$group/one" "$dir/bin/acts" open w "$dir/etc/aa/file" "$dir/etc/bb/file"
refused "then the end of a longer one" "$group/one" "$dir/bin/acts" open w "$dir$dir/etc/bb/file" "$dir/etc/bb/file"
mv "$dir/etc/aa" "$dir/etc/cc"
refused "by its new name" "$group/one" "$dir/bin/acts" open w "$dir/etc/cc/file"
mv "$dir/etc/cc" "$dir/etc/aa"
allowed "by its old name" "$group/one" "$dir/bin/acts" open w "$dir/etc/aa/file"
