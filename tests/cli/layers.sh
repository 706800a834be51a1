#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Holds the folder table of README.md against the code: who may include what. Also: SQL only in the store,
# banned calls nowhere, an SPDX line everywhere.
set -u
bad=0

# check FOLDER ALLOWED...: every root-relative include of FOLDER's files begins with one of ALLOWED.
check() {
	folder=$1
	shift
	pattern=$(printf '%s|' "$@")
	found=$(grep -nE '^#include "' "$folder"/*.c "$folder"/*.h 2>/dev/null |
		grep -vE "#include \"(${pattern%|})")
	[ -z "$found" ] && return
	echo "$folder/ may include only: $*"
	echo "$found"
	bad=1
}
check schema/base schema/base/
check schema schema/ compiler/none
check bpf schema/wire.h schema/image.h schema/match.h schema/enforce.h schema/kinds.def schema/access.def schema/tags.def bpf/
check recorder schema/ recorder/ bpf/sensor
check enforcer schema/ enforcer/ bpf/enforcer
check compiler schema/ compiler/
check compiler/allow schema/ compiler/allow/
check compiler/eval schema/ compiler/eval/
check compiler/image schema/ compiler/image/ compiler/allow/ compiler/eval/
check compiler/emit schema/ compiler/emit/ compiler/allow/ compiler/eval/ compiler/image/
check compiler/lint schema/ compiler/lint/ compiler/eval/
check compiler/replay schema/ compiler/
check compiler/scenario schema/ compiler/scenario/
check webui schema/ compiler/ webui/

found=$(grep -nE '^#include "compiler/cmd_' webui/*.[ch] compiler/*/*.[ch] 2>/dev/null)
[ -n "$found" ] && echo "the commands are nobody else's to use: $found" && bad=1

found=$(grep -lE '\bsqlite3_(prepare|exec|step)' -r schema recorder compiler webui --include='*.c' | grep -vE '^schema/store')
[ -n "$found" ] && echo "SQL outside schema/store*.c: $found" && bad=1

found=$(grep -nE '[^a-z_](strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|system)\(' -r schema recorder compiler webui bpf --include='*.[ch]')
[ -n "$found" ] && echo "banned calls:" && echo "$found" && bad=1

for file in $(git ls-files 2>/dev/null | grep -E '\.(c|h|def|sh|js|sql)$'); do
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: GPL-2.0-only' || {
		case $file in
		*.def) ;; # rows, included inside a licensed file
		*) echo "$file: no SPDX line" && bad=1 ;;
		esac
	}
done
exit $bad
