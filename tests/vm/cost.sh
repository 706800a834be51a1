#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What recording costs by each choice of hooks, in a guest, as a ratio to the same load untraced, and of programs that do nothing on
# the same hooks. Counted are instructions, of one emulated CPU: the same at each run, but caches and branches cost nothing. Figures, no verdict.
#
#	[VERSIONS="6.1 6.12"] sh tests/vm/cost.sh
set -eu

inside() {
	. tests/lib/live.sh
	load=$(dirname "$STAKEOUT")/tests/live/load rounds=${ROUNDS:-3}
	for t in $(seq 20); do for i in $(seq 30); do echo "$t/d$i/e/f"; done; done | (mkdir "$dir/tree" && cd "$dir/tree" && xargs mkdir -p)
	run_open() { "$load" time "$load" open 4000 /etc/passwd; }
	run_find() { "$load" time find "$dir/tree" -name nothing; }
	median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
	block() { for i in $(seq "$rounds"); do "run_$1"; done | median; }
	uname -r
	for what in open find; do
		before=$(block $what)
		for way in lsm fentry tracepoint; do
			for programs in "" empty; do
				export STAKEOUT_RECORD_DEBUG="${programs:+programs=empty}"
				[ -n "$programs" ] || unset STAKEOUT_RECORD_DEBUG
				start_recorder --hooks $way
				run_$what >/dev/null
				traced=$(block $what)
				stop_recorder
				rm -f "$db"*
				echo "$what $way ${programs:-recorder} $(echo "$traced $before" | awk '{ printf "%.2f", $1 / $2 }')"
			done
		done
		after=$(block $what)
		echo "$what untraced again $(echo "$after $before" | awk '{ printf "%.2f", $1 / $2 }')"
	done
}

[ "${1:-}" != inside ] || { inside; exit 0; }
for version in ${VERSIONS:-6.12}; do
	GUEST_SECONDS="${GUEST_SECONDS:-400}" sh tests/vm/guest.sh -i "$version" sh tests/vm/cost.sh inside
done
