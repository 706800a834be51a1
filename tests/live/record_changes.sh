#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Everything but opens, execs and connects: changes of files, guards, binds and unix sockets, each found as the table says
# that the hooks in use have it. "record_changes.sh WAY" asks for these hooks.
. tests/lib/live.sh
. tests/lib/changes.sh

way=${1:-auto}
changes_do --hooks "$way" --events "$dir/events"
case $(query "SELECT CAST(hooks AS TEXT) FROM recording") in
*file=lsm/*) got=lsm column=3 ;;
*file=fentry/*) got=fentry column=3 ;;
*) got=tracepoint column=4 ;;
esac
[ "$way" = auto ] || [ "$way" = $got ] || { echo "--hooks $way gave $got"; exit 1; }
changes_wanted $column >"$dir/wanted"
changes_got >"$dir/got"
same "$dir/wanted" "$dir/got" "changes by $got"
[ "$(query "SELECT ifnull(sum(count), 0) FROM loss")" = 0 ] || { echo "losses were counted"; exit 1; }

# The lines of events say the same: taken in elsewhere they give the same observations.
"$STAKEOUT" ingest --db "$dir/again.db" "$dir/events" >"$dir/ingested"
changes_got >"$dir/wanted"
db=$dir/again.db
changes_got >"$dir/got"
same "$dir/wanted" "$dir/got" "from the lines of events"
