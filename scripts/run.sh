#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What `make run` does once everything is built: a store with the sample fleet, a live recording of this
# machine beside it, and the web UI on it until Ctrl-C.
#
#	sh scripts/run.sh BUILD_FOLDER		STAKEOUT_RUN: where the store lies (default: build/run)
set -eu
programs=$1
run=${STAKEOUT_RUN:-build/run}
store=$run/stakeout.db
listen=${STAKEOUT_LISTEN:-127.0.0.1:5000}
mkdir -p "$run"

recorder= server=
# Commands started with & ignore Ctrl-C, so both are told to end, and waited for.
stop() {
	trap - INT TERM EXIT
	for pid in $server $recorder; do
		kill -TERM "$pid" 2>/dev/null || continue
		wait "$pid" || :
	done
}
trap 'stop; exit 0' INT TERM
trap stop EXIT

if [ ! -e "$run/fleet" ]; then
	echo "stakeout: loading the sample fleet"
	rm -rf "$run/fleet.part"
	"$programs/stakeout" corpus --fleet 40 -o "$run/fleet.part"
	# The scenarios' own workloads too, so that their corpora, attacks included, can be replayed in the UI.
	"$programs/stakeout" corpus --benign -o "$run/fleet.part"
	"$programs/stakeout" corpus -o "$run/corpus"
	"$programs/stakeout" ingest --db "$store" "$run"/fleet.part/*.ndjson >"$run/fleet.log"
	mv "$run/fleet.part" "$run/fleet"
fi

if [ ! -x "$programs/stakeout-record" ]; then
	echo "stakeout: no live recording: stakeout-record was not built (it needs clang and bpftool)"
elif [ "$(id -u)" -ne 0 ]; then
	echo "stakeout: no live recording: loading BPF programs needs root (or CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN); run 'sudo make run' for it"
else
	"$programs/stakeout" record --db "$store" 2>"$run/record.log" &
	recorder=$!
	sleep 1
	if kill -0 "$recorder" 2>/dev/null; then
		echo "stakeout: recording this machine live (progress in $run/record.log)"
	else
		recorder=
		echo "stakeout: no live recording: $(tail -n 1 "$run/record.log")"
	fi
fi

set --
for corpus in "$run"/corpus/*.ndjson; do
	set -- "$@" --corpus "$corpus"
done
"$programs/stakeout" serve --db "$store" --listen "$listen" "$@" &
server=$!
wait "$server" && status=0 || status=$?
exit "$status"
