#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What recording costs the recorded, as a ratio to the same load untraced: of the recorder, of programs on the same hooks
# that do nothing (what is the kernel's own and cannot be avoided), and of bpftrace's opensnoop and execsnoop where they are
# installed. Measured is the load's own processor time, so that other work on the machine counts little. Traced runs stand
# between as many untraced ones, each block is worth the median of its runs, and the contenders take turns; shown are the
# median of the rounds and the range of their middle half. Then: what was lost, against how often the load really opened and
# executed, and the recorder's memory and processor time.
. tests/lib/live.sh
. tests/lib/snoop.sh

rounds=${ROUNDS:-5} runs=${RUNS:-5}
load=$(dirname "$STAKEOUT")/tests/live/load
mkdir "$dir/tree" "$dir/build"
for t in $(seq "$runs"); do for i in $(seq 60); do for j in $(seq 25); do echo "$t/d$i/e$j/f $t/d$i/e$j/g/h"; done; done; done |
	(cd "$dir/tree" && xargs mkdir -p)
for i in $(seq 8); do printf '#include <stdio.h>\nint f%d(int x) { return x * %d; }\n' "$i" "$i" >"$dir/build/f$i.c"; done
{ echo 'all:'; echo "	@for i in $(seq -s ' ' 8); do cc -O1 -c f\$\$i.c -o f\$\$i.o || exit 1; done"; } >"$dir/build/Makefile"

run_open() { "$load" time "$load" open 100000 /etc/passwd; }
run_find() { "$load" time find "$dir/tree/$1" -fprint /dev/null; }   # new to the recorder each time
run_exec() { "$load" time "$load" exec 400 "$load-child"; }
unset MAKEFLAGS MFLAGS   # of the make that runs this
run_build() { "$load" time make -s -C "$dir/build"; }

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# block LOAD: microseconds, the median of some runs.
block() {
	for i in $(seq "$runs"); do "run_$1" "$i"; done | median
}

# Contenders: NAME_on, NAME_off.
recorder_on() { start_recorder; sleep 0.5; }
recorder_off() { stop_recorder; rm -f "$db"*; }
floor_on() { STAKEOUT_RECORD_DEBUG=programs=empty start_recorder; sleep 0.5; }
floor_off() { recorder_off; }

# once LOAD CONTENDER: appends a ratio.
once() {
	before=$(block "$1")
	"$2_on" "$1" || return 0
	traced=$(block "$1")
	"$2_off"
	after=$(block "$1")
	echo "$traced $before $after" | awk '{ printf "%.3f\n", $1 * 2 / ($2 + $3) }' >>"$dir/$1.$2"
}

# shown LOAD CONTENDER: median (range of the middle half)
shown() {
	[ -s "$dir/$1.$2" ] || { echo -; return; }
	sort -n "$dir/$1.$2" | awk '{ v[NR] = $1 } END {
		m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
		printf "%.3f (%.3f-%.3f)\n", m, v[int(NR / 4) + 1], v[NR - int(NR / 4)] }'
}

echo "kernel $(uname -r), $(nproc) CPUs; load before: $(cut -d ' ' -f 1-3 /proc/loadavg)"
printf '%-8s %-20s %-20s %-20s %s\n' load recorder "empty programs" bpftrace aim
for row in "open 1.20" "find 1.10" "exec 1.01" "build 1.01"; do
	set -- $row
	block "$1" >/dev/null
	for i in $(seq "$rounds"); do
		once "$1" recorder
		once "$1" floor
		[ "$i" != 1 ] || once "$1" snoop
	done
	printf '%-8s %-20s %-20s %-20s <= %s\n' "$1" "$(shown "$1" recorder)" "$(shown "$1" floor)" "$(shown "$1" snoop)" "$2"
done
echo "load after: $(cut -d ' ' -f 1-3 /proc/loadavg); $rounds rounds of $runs runs"

# Lost, against the truth: a folder's worth of known opens and execs. Memory: then, and with 100,000 observations.
memory() { awk '/VmHWM/ { h = $2 } /VmRSS/ { r = $2 } END { print r " kB (peak " h ")" }' "/proc/$recorder_pid/status"; }
start_recorder --workload "$name"
in_group "$load" open 1000000 /etc/passwd
in_group "$load" exec 1000 "$load-child"
in_group find "$dir/tree" >/dev/null
sleep 2
few=$(memory)
busy=$(awk -v hz="$(getconf CLK_TCK)" '{ printf "%.2f", ($14 + $15) / hz }' "/proc/$recorder_pid/stat")
mkdir "$dir/many"
(cd "$dir/many" && seq 100000 | xargs touch && in_group find "$dir/many" -type f -exec cat {} + >/dev/null)
sleep 3
many=$(memory)
stop_recorder
opens=$(query "SELECT sum(count) FROM observation WHERE kind = 2 AND CAST(path AS TEXT) = '/etc/passwd' AND CAST(subject AS TEXT) LIKE '%/load'")
execs=$(query "SELECT sum(count) FROM observation WHERE kind = 0 AND CAST(path AS TEXT) LIKE '%/load-child'")
folders=$(query "SELECT sum(count) FROM observation WHERE kind = 2 AND CAST(path AS TEXT) LIKE '$dir/tree%'")
files=$(query "SELECT count(*) FROM observation WHERE kind = 2 AND CAST(path AS TEXT) LIKE '$dir/many/%' AND CAST(subject AS TEXT) LIKE '%/cat'")
echo "opens    done 1000000  recorded $opens"
echo "execs    done 1000     recorded $execs"
echo "folders  done $(find "$dir/tree" -type d | wc -l)     recorded $folders"
echo "files    done 100000   recorded $files"
echo "losses reported: $(query "SELECT ifnull(sum(count), 0) FROM loss")"
echo "processor time of the recorder for these opens, execs and folders: $busy s"
ring=$((2 * 4096))
echo "resident memory of the recorder: $few; with 100,000 observations $many; aim < 30720"
echo "(of it $ring kB are the ring buffer, mapped twice; the kernel's tables, 8192 kB at most 1024 at a time, only while they are read)"
