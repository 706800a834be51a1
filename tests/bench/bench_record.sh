#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What recording costs the recorded: each load with and without the recorder, in pairs, in one run; the median of the
# paired ratios. The same under bpftrace's opensnoop and execsnoop where they are installed. Then what was lost,
# against how often the load really opened and executed, and the recorder's memory.
. tests/lib/live.sh

rounds=${ROUNDS:-5}
load=$(dirname "$STAKEOUT")/tests/live/load
mkdir "$dir/tree" "$dir/build"
(cd "$dir/tree" && for i in $(seq 60); do for j in $(seq 25); do echo "d$i/e$j/f d$i/e$j/g/h"; done; done | xargs mkdir -p)
for i in $(seq 40); do printf '#include <stdio.h>\nint f%d(int x) { return x * %d; }\n' "$i" "$i" >"$dir/build/f$i.c"; done
{ echo 'all:'; echo "	@for i in $(seq -s ' ' 40); do cc -O1 -c f\$\$i.c -o f\$\$i.o || exit 1; done"; } >"$dir/build/Makefile"

run_open() { "$load" open 1000000 /etc/passwd; }
run_find() { for _ in 1 2 3 4 5 6 7 8; do find "$dir/tree" >/dev/null; done; }
run_exec() { "$load" exec 5000 "$load-child"; }
run_build() { make -s -C "$dir/build"; }

# seconds LOAD
seconds() {
	start=$(date +%s%N)
	"$1"
	echo $((($(date +%s%N) - start) / 1000))
}

# bpftrace looks for tracefs; in a mount namespace of its own it can have it.
snoop_on() {
	unshare -m sh -c "mount -t tracefs none /sys/kernel/tracing; mount -t debugfs none /sys/kernel/debug; exec $1" \
		>/dev/null 2>&1 &
	snoop_pid=$!
	sleep 4
	kill -0 $snoop_pid 2>/dev/null
}
snoop_off() { kill -INT $snoop_pid; wait $snoop_pid 2>/dev/null || :; }

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# paired LOAD: the median of traced to untraced.
paired() {
	for _ in $(seq "$rounds"); do
		plain=$(seconds "run_$1")
		start_recorder
		sleep 2   # its inventory has been committed
		traced=$(seconds "run_$1")
		last_rss=$(awk '/VmHWM/ { h = $2 } /VmRSS/ { r = $2 } END { print r " (peak " h ")" }' "/proc/$recorder_pid/status")
		echo "$last_rss" >"$dir/rss"
		stop_recorder
		plain2=$(seconds "run_$1")
		awk -v p="$plain" -v q="$plain2" -v t="$traced" 'BEGIN { printf "%.3f\n", t * 2 / (p + q) }'
	done | median
}

snooped() {
	command -v "$2" >/dev/null || { echo -; return; }
	plain=$(seconds "run_$1")
	snoop_on "$2" || { echo "does not run"; return; }
	traced=$(seconds "run_$1")
	snoop_off
	awk -v p="$plain" -v t="$traced" 'BEGIN { printf "%.2f\n", t / p }'
}

printf '%-12s %10s %14s   %s\n' load recorder bpftrace aim
for row in "open opensnoop.bt 1.20" "find opensnoop.bt 1.10" "exec execsnoop.bt 1.01" "build execsnoop.bt 1.01"; do
	set -- $row
	"run_$1"
	printf '%-12s %10s %14s   <= %s\n' "$1" "$(paired "$1")" "$(snooped "$1" "$2")" "$3"
done
echo "resident memory of the recorder: $(cat "$dir/rss") kB, aim < 30000"

# Lost, against the truth: a folder's worth of known opens and execs.
rm -f "$db"*
start_recorder --workload "$name"
in_group "$load" open 1000000 /etc/passwd
in_group "$load" exec 1000 "$load-child"
in_group find "$dir/tree" >/dev/null
stop_recorder
opens=$(query "SELECT sum(count) FROM observation WHERE kind = 2 AND CAST(path AS TEXT) = '/etc/passwd' AND CAST(subject AS TEXT) LIKE '%/load'")
execs=$(query "SELECT sum(count) FROM observation WHERE kind = 0 AND CAST(path AS TEXT) LIKE '%/load-child'")
folders=$(query "SELECT sum(count) FROM observation WHERE kind = 2 AND CAST(path AS TEXT) LIKE '$dir/tree%'")
echo "opens    done 1000000  recorded $opens"
echo "execs    done 1000     recorded $execs"
echo "folders  done $(find "$dir/tree" -type d | wc -l)     recorded $folders"
echo "losses reported: $(query "SELECT ifnull(sum(count), 0) FROM loss")"
