#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A kernel in lockdown refuses programs that read its memory: the recorder names the program, shows the verifier's reason
# and what to do, ends with status 3 and leaves no store.
set -eu

inside() {
	"$STAKEOUT-record" record --for 1s --db /tmp/refused.db >/tmp/out 2>/tmp/err && status=0 || status=$?
	cat /tmp/err
	[ $status -eq 3 ] || { echo "status $status instead of 3"; exit 1; }
	[ ! -e /tmp/refused.db ] || { echo "a store was made"; exit 1; }
	for words in "refused the sensor: prog '" "bpf_probe_read" "lockdown=integrity"; do
		grep -q "$words" /tmp/err || { echo "no word of '$words'"; exit 1; }
	done
	[ "$(wc -l </tmp/err)" -le 8 ] || { echo "too much of the verifier's log"; exit 1; }
}

[ "${1:-}" != inside ] || { inside; exit 0; }
exec sh tests/vm/guest.sh -k lockdown=confidentiality 6.12 sh tests/vm/refused.sh inside
