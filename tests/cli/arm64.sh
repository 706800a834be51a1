#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The sources are clean for arm64, wherever this runs: the BPF programs are compiled for it, which needs no cross compiler, and all else is
# checked against its system headers where they are installed.
set -eu
clang=${CLANG:-clang}
command -v "$clang" >/dev/null || { echo "skipped: clang is missing"; exit 77; }
built=$(dirname "$STAKEOUT")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

for program in bpf/*.bpf.c; do
	"$clang" -target bpf -mcpu=v3 -D__TARGET_ARCH_arm64 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter -I. \
		-I"/usr/include/$(gcc -print-multiarch)" -c "$program" -o "$dir/object.o"
	[ -s "$dir/object.o" ]
done

headers=/usr/aarch64-linux-gnu/include
[ -d $headers ] || { echo "skipped: libc6-dev-arm64-cross is missing: only the BPF programs were compiled"; exit 77; }
printf '%s\0' schema/*.c schema/base/*.c recorder/*.c enforcer/*.c compiler/*.c compiler/*/*.c webui/*.c tests/live/*.c |
	xargs -0 -n 1 -P 2 "$clang" --target=aarch64-linux-gnu -fsyntax-only -std=gnu17 -D_GNU_SOURCE -DVERSION='"0"' -Wall -Wextra \
		-Wno-macro-redefined -Wno-missing-field-initializers -Werror -I. -I"$built" -isystem $headers
