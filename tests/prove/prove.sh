#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The whole proof ("make prove"): what "make test" runs for seconds, on each kernel and by each back end; at least 200,000 acts here
# and in each guest with LSM, 50,000 by the other back ends. The guests of both kernels run side by side. It closes with a table of all
# that was run, and ends with 1 when anything disagreed, failed or could not be run.
#
#	SEED=N     the same allowlists and acts again
#	SCALE=N    N percent of the acts (100)
set -eu
: "${STAKEOUT:=$PWD/build/release/stakeout}"
: "${SCALE:=100}"
case $SCALE in
'' | 0* | *[!0-9]*) echo "SCALE=$SCALE: a whole percentage from 1 on is expected" >&2; exit 2 ;;
esac
export STAKEOUT SCALE SEED="${SEED:-$(date +%s)}"
dir=$(mktemp -d) before= rows=$dir/rows running=
: >"$rows"
end_all() {
	for pid in $running; do kill -TERM "-$pid" 2>/dev/null || :; done
	rm -rf "$dir"
}
trap end_all EXIT
trap 'exit 143' INT TERM HUP
. tests/prove/steps.sh

echo "SEED=$SEED SCALE=$SCALE"
began=$(date +%s)
here=$(uname -r)
step "model and image" none env "ROUNDS=$((1000 * SCALE))" SECONDS_MAX=60 sh tests/cli/prove.sh
step "this kernel" "$here" env "TOTAL=$((2000 * SCALE))" PROVE_SECONDS=1800 STORM_SECONDS=60 "STORM_ACTS=$((2000 * SCALE))" sh tests/live/prove.sh
step "bypasses on this kernel" "$here" sh tests/live/bypass.sh

# Each is a group of processes, to be ended as one.
for version in 6.1 6.12; do
	mkdir "$dir/$version"
	: >"$dir/$version/rows"
	setsid sh tests/prove/guests.sh "$version" "$dir/$version" &
	running="$running $!"
done
for pid in $running; do
	wait "$pid" || printf '%s\t%s\tfailed\t\t\t\tthe guests of a kernel ended early\n' guests none >>"$rows"
done
running=
cat "$dir/6.1/rows" "$dir/6.12/rows" >>"$rows"

echo "== in all, $(($(date +%s) - began)) seconds, SEED=$SEED SCALE=$SCALE"
{
	printf 'kernel\tback end\twhat\tdone\trefused\tdisagreements\tof these\n'
	cat "$rows"
} | awk -F '\t' '
	{ for (i = 1; i <= 7; i++) { cell[NR, i] = $i; if (length($i) > wide[i]) wide[i] = length($i) } }
	END {
		for (n = 1; n <= NR; n++) {
			line = ""
			for (i = 1; i <= 7; i++)
				line = line sprintf(i >= 4 && i <= 6 ? "%" wide[i] "s  " : "%-" wide[i] "s  ", cell[n, i])
			sub(/ +$/, "", line)
			print line
		}
	}'
awk -F '\t' '
	$3 == "failed" { failed++ }
	$3 == "skipped" { skipped++ }
	{ bad += $6 }
	END {
		printf "%d disagreements, %d parts failed, %d skipped\n", bad, failed, skipped
		exit bad || failed || skipped
	}' "$rows"
