#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The recorder ended by SIGKILL leaves a store that can be read, with what was committed; a store that cannot be
# written, and a machine that refuses, end in a clear error and status 3.
. tests/lib/live.sh

cp "$acts" "$dir/acts"
echo x >"$dir/before"
start_recorder --workload "$name"
in_group "$dir/acts" open r "$dir/before"
seen() { [ "$(query "SELECT count(*) FROM observation WHERE CAST(path AS TEXT) = '$dir/before'" 2>/dev/null)" = 1 ]; }
eventually seen || :
kill -KILL $recorder_pid
wait $recorder_pid 2>/dev/null || :
recorder_pid=
[ "$(query "PRAGMA integrity_check")" = ok ] || { echo "the store is damaged"; exit 1; }
[ "$(query "SELECT count(*) FROM observation WHERE CAST(path AS TEXT) = '$dir/before'")" = 1 ] ||
	{ echo "what was committed is gone"; exit 1; }
[ "$(query "SELECT end_ns FROM recording")" = 0 ] || { echo "a killed recording claims an end"; exit 1; }

# expect_refusal STATUS WORDS COMMAND...
expect_refusal() {
	status=$1 words=$2
	shift 2
	"$@" >"$dir/out" 2>"$dir/err" && got=0 || got=$?
	[ $got -eq $status ] || { echo "status $got instead of $status: $*"; cat "$dir/err"; exit 1; }
	grep -qi "$words" "$dir/err" || { echo "no word of '$words':"; cat "$dir/err"; exit 1; }
}

echo "this is no database, whatever its name says, and it stays as it is" >"$dir/text.db"
cp "$dir/text.db" "$dir/text.copy"
expect_refusal 2 "database" "$recorder" record --db "$dir/text.db" --for 1s
cmp "$dir/text.db" "$dir/text.copy"
expect_refusal 2 "$dir/no/such" "$recorder" record --db "$dir/no/such/store.db" --for 1s
expect_refusal 2 "$dir/nowhere: error: No such file" "$recorder" record --db "$dir/nowhere.db" --node-root "$dir/nowhere" --for 1s
expect_refusal 3 "CAP_BPF" setpriv --reuid 65534 --clear-groups "$recorder" record --db "$dir/nobody.db" --for 1s
[ ! -e "$dir/nobody.db" ] || { echo "a store was made before the rights were asked for"; exit 1; }

mkdir "$dir/full"
mount -t tmpfs -o size=300k none "$dir/full"
cleanups="umount $dir/full; $cleanups"
sh -c "sleep 1; exec '$acts' loop 1 /etc/passwd" &
expect_refusal 3 "full\|space" sh -c "'$recorder' record --db $dir/full/store.db --for 60s & r=\$!
	for _ in \$(seq 300); do grep -q events $dir/err && break; sleep 0.1; done
	dd if=/dev/zero of=$dir/full/fill bs=1k 2>/dev/null; find / -xdev -maxdepth 5 -type d >/dev/null 2>&1; wait \$r"
grep -q "events .*, of which not stored: [0-9]" "$dir/out" || { cat "$dir/out"; echo "no word of what was not stored"; exit 1; }
rm "$dir/full/fill"
[ "$(sqlite3 "$dir/full/store.db" "PRAGMA integrity_check")" = ok ] || { echo "the full disk damaged the store"; exit 1; }

# The events' own file is full: that is what is said, and the store has what was seen.
dd if=/dev/zero of="$dir/full/fill" bs=1k 2>/dev/null || :
expect_refusal 3 "full/events: error: events cannot be written: No space left" \
	sh -c "'$recorder' record --db $dir/whole.db --events $dir/full/events --for 60s & r=\$!
	while kill -0 \$r 2>/dev/null; do '$acts' open r /etc/passwd; sleep 0.1; done; wait \$r"
[ "$(sqlite3 "$dir/whole.db" "SELECT count(*) > 0 FROM observation")" = 1 ] || { echo "the store has nothing of what was seen"; exit 1; }
