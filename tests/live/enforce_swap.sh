#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Execs without end while their policy is replaced, taken away and put in force again: every policy allows them, one to anybody, one to their
# caller alone, so none may fail, whichever was in force at their beginning and whichever at their end. What a kernel shows only late of an
# exec is judged in between.
#
#	SWAPS=20
. tests/lib/enforce.sh

load=$(dirname "$STAKEOUT")/tests/live/load
doers=4 execs=100
everybody() { printf 'exec:\n  allow:\n    - path: %s\n' "$load"; }
{ everybody; printf '    - path: %s\n' "$load-child"; } | image anybody
{ everybody; printf '    - {path: %s, by: [%s]}\n' "$load-child" "$load"; } | image caller
apply "$dir/anybody.image.elf" --cgroup "$group"
used=$(backend_now)
if [ "$used" = signal ] && ! sees_callers; then skip "this kernel's signal back end cannot tell who starts a program"; fi

for n in $(seq $doers); do
	(while [ ! -e "$dir/end" ]; do
		sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$load" exec "$execs" "$load-child" || { echo "status $?"; break; }
	done >"$dir/doer.$n" 2>&1) &
	doing="${doing:-} $!"
done
swaps=0
until [ $swaps -ge "${SWAPS:-20}" ]; do
	for name in caller anybody; do
		apply "$dir/$name.image.elf" --cgroup "$group"
		swaps=$((swaps + 1))
	done
	[ $swaps -ne 8 ] || enforce release >/dev/null || fail "release: status $?"
done
touch "$dir/end"
wait $doing
echo "back end: $used; $swaps replacements among endless execs of $doers processes"
for n in $(seq $doers); do
	[ ! -s "$dir/doer.$n" ] || fail "an allowed exec failed: $(cat "$dir/doer.$n")"
done
