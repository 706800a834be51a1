#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A changed file rebuilds what depends on it and nothing else: headers shared with the kernel side, vocabularies,
# the store's tables, the web UI's files. make is asked what it would do were the file new; nothing is touched.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL VARIANT 2>/dev/null || :
make -s all >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
make -n all >"$dir/idle"
if grep -q -- ' -c ' "$dir/idle"; then cat "$dir/idle"; echo "make would build what it has just built"; exit 1; fi

# changed FILE [-FOREIGN] PART...: these are made anew; those after a - are not
changed() {
	file=$1; shift
	make -n V=1 -W "$file" all >"$dir/plan" 2>&1
	for part; do
		if [ "${part#-}" = "$part" ]; then
			grep -q -F -e "$part" "$dir/plan" || { echo "$file is new, and $part is not made anew"; exit 1; }
		elif grep -q -F -e "-c ${part#-} " "$dir/plan"; then
			echo "$file is new: ${part#-} does not depend on it and is made anew"
			exit 1
		fi
	done
}

if [ -x build/release/stakeout-record ]; then
	changed schema/wire.h bpf/sensor.bpf.c 'gen skeleton' recorder/translate.c recorder/sensor.c -compiler/lint/lint.c -schema/store.c
	changed bpf/kernel.h bpf/sensor.bpf.c 'gen skeleton' recorder/sensor.c -recorder/translate.c -schema/store.c
	changed bpf/sensor.bpf.c 'gen skeleton' recorder/sensor.c -recorder/translate.c
	changed recorder/translate.c recorder/translate.c -bpf/sensor.bpf.c -recorder/sensor.c -compiler/main.c
fi
changed schema/kinds.def schema/event.c compiler/cmd_show.c -schema/base/str.c
changed compiler/verbs.def compiler/main.c stakeout.1 -compiler/lint/lint.c -schema/store.c
changed schema/base/base.h schema/base/buf.c compiler/main.c webui/main.c
changed schema/store.sql schema/store.c -schema/event.c -compiler/main.c
changed webui/assets/app.js webui/assets.c -webui/main.c -compiler/main.c
changed README.md -compiler/main.c -schema/store.c

# A source that is gone: archives and programs are put together anew, nothing is compiled.
make -n V=1 OBJECTS=fewer all >"$dir/plan"
for part in 'rcs build/release/libschema.a' 'rcs build/release/libengine.a' '-o build/release/stakeout ' '-o build/release/stakeout-serve '; do
	grep -q -F -e "$part" "$dir/plan" || { echo "the list of sources is new, and '$part' is not made anew"; exit 1; }
done
if grep -q -- ' -c ' "$dir/plan"; then echo "the list of sources is new, and sources are compiled"; exit 1; fi
