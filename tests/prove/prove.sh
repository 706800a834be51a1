#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The whole proof ("make prove"): what "make test" runs for seconds, on each kernel and by each back end; at least 200,000 acts here
# and in each guest with LSM, 50,000 by the other back ends. It closes with a table of all that was run, and ends with 1 when anything
# disagreed, failed or could not be run.
#
#	SEED=N     the same allowlists and acts again
#	SCALE=N    N percent of the acts (100)
set -eu
: "${STAKEOUT:=$PWD/build/release/stakeout}"
scale=${SCALE:-100}
case $scale in
'' | 0* | *[!0-9]*) echo "SCALE=$scale: a whole percentage from 1 on is expected" >&2; exit 2 ;;
esac
export STAKEOUT SEED="${SEED:-$(date +%s)}"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 143' INT TERM HUP
: >"$dir/rows"

# A row for all that a step printed a result of; when it ended otherwise than with 0, one that says how.
rows() {
	awk -v OFS='\t' -v kernel="$2" -v status="$3" '
		BEGIN { backend = "none" }
		{ last = $0 }
		/^kernel [0-9].*: status/ { next }
		/^kernel [0-9]/ { kernel = substr($0, 8) }
		/^back end: / { backend = $3 }
		/^the guest/ { guest = $0 }
		/^[0-9]+ (allowlists|replacements), [0-9]+ acts: / {
			bad += $9
			print kernel, backend, $2 ~ /^allow/ ? "acts" : "acts in a storm", $3, $7, $9, $1 " " substr($2, 1, length($2) - 1)
		}
		/^[0-9]+ ways tried, / { bad += $11; print kernel, backend, "bypasses", $1, "", $11, $4 " not on this machine" }
		END {
			if (status == 77)
				print kernel, backend, "skipped", "", "", "", last
			else if (status)
				print kernel, backend, "failed", "", "", "", guest ? guest : bad ? "see above" : "status " status ": " last
		}' "$1"
}

# step NAME KERNEL COMMAND...: KERNEL until the command names one.
step() {
	name=$1 kernel=$2
	shift 2
	echo "== $name"
	{
		status=0
		"$@" || status=$?
		echo $status >"$dir/status"
	} 2>&1 | tee "$dir/log"
	rows "$dir/log" "$kernel" "$(cat "$dir/status")" >>"$dir/rows"
}

guests() {
	backend=$1 total=$(($2 * scale / 100)) seconds=$3 preempt=$4
	for version in 6.1 6.12; do
		step "$backend on $version" "$version" env "VERSIONS=$version" "BACKENDS=$backend" ACTS=4000 STORM_SECONDS=20 DOERS=64 \
			"STORM_ACTS=$((20000 * scale / 100))" "TOTAL=$total" "PROVE_SECONDS=$seconds" "PREEMPT=$preempt" sh tests/vm/prove.sh
		step "bypasses of $backend on $version" "$version" env "VERSIONS=$version" "BACKENDS=$backend" sh tests/vm/bypass.sh
	done
}

echo "SEED=$SEED SCALE=$scale"
began=$(date +%s)
here=$(uname -r)
step "model and image" none env "ROUNDS=$((1000 * scale))" SECONDS_MAX=60 sh tests/cli/prove.sh
step "this kernel" "$here" env "TOTAL=$((2000 * scale))" PROVE_SECONDS=1800 STORM_SECONDS=60 "STORM_ACTS=$((2000 * scale))" sh tests/live/prove.sh
step "bypasses on this kernel" "$here" sh tests/live/bypass.sh
guests lsm 200000 7200 yes
guests fmod_ret 50000 3600 yes
guests signal 50000 3600 no

echo "== in all, $(($(date +%s) - began)) seconds, SEED=$SEED SCALE=$scale"
{
	printf 'kernel\tback end\twhat\tdone\trefused\tdisagreements\tof these\n'
	cat "$dir/rows"
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
	}' "$dir/rows"
