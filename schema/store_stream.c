/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of runs. The search for a line in the middle of one reads them all: 8 bytes for each line of log. */
#include "schema/store_stream.h"

#include <stdio.h>
#include <sys/random.h>

#include "schema/store_private.h"

int store_stream_key(struct store *s, uint64_t *ret)
{
	static const char doing[] = "read the key of its line digests";
	int64_t key = 0;
	int n = store_number(s, doing, &key, "SELECT CAST(value AS INTEGER) FROM meta WHERE key='stream_key'", "");
	if (n < 0)
		return n;
	if (n == 0) {
		if (getrandom(&key, sizeof(key), 0) != sizeof(key))
			return store_refuse(s, -errno, "cannot make a random number: %s", strerror(errno));
		char text[32];
		snprintf(text, sizeof(text), "%lld", (long long)key);
		int err = store_run(s, doing, "INSERT INTO meta VALUES('stream_key',?)", "t", text);
		if (err)
			return err;
	}
	*ret = (uint64_t)key;
	return 0;
}

int store_stream_firsts(struct store *s, void (*fn)(void *arg, uint64_t first), void *arg)
{
	static const char doing[] = "read which lines it has taken in";
	int err = 0;
	sqlite3_stmt *q = store_query(s, doing, &err, "SELECT first FROM stream", "");
	if (!q)
		return err;
	while ((err = store_step(s, q, doing)) == 1)
		fn(arg, (uint64_t)sqlite3_column_int64(q, 0));
	return err;
}

/* The run in column I from line AT on. */
static void take_run(struct str blob, size_t at, struct buf *ret)
{
	buf_clear(ret);
	buf_str(ret, str_skip((struct str){blob.p, blob.n / 8 * 8}, at * 8));
}

int store_stream_get(struct store *s, uint64_t first, struct buf *ret)
{
	static const char doing[] = "read which lines it has taken in";
	int err = 0;
	sqlite3_stmt *q = store_query(s, doing, &err, "SELECT lines FROM stream WHERE first=?", "i",
				      (int64_t)first);
	if (!q)
		return err;
	err = store_step(s, q, doing);
	if (err == 1) {
		take_run(column_str(q, 0), 0, ret);
		sqlite3_reset(q);
	}
	return err;
}

int store_stream_from(struct store *s, uint64_t line, struct buf *ret)
{
	static const char doing[] = "read which lines it has taken in";
	int err = 0;
	sqlite3_stmt *q = store_query(s, doing, &err, "SELECT lines FROM stream ORDER BY time_ns DESC", "");
	if (!q)
		return err;
	while ((err = store_step(s, q, doing)) == 1) {
		struct str run = column_str(q, 0);
		for (size_t i = 0; i < run.n / 8; i++) {
			if (memcmp(run.p + 8 * i, &line, 8))
				continue;
			take_run(run, i, ret);
			sqlite3_reset(q);
			return 1;
		}
	}
	return err;
}

static int prune(struct store *s)
{
	static const char doing[] = "forget the oldest lines it has taken in";
	int64_t bytes = 0;
	int n = store_number(s, doing, &bytes, "SELECT COALESCE(SUM(LENGTH(lines)),0) FROM stream", "");
	if (n < 0 || bytes / 8 <= (int64_t)STREAM_LINES_MAX)
		return MIN(n, 0);
	return store_run(s, doing,
			 "DELETE FROM stream WHERE first IN (SELECT first FROM stream ORDER BY time_ns "
			 "LIMIT (SELECT COUNT(*)/4+1 FROM stream))",
			 "");
}

int store_stream_put(struct store *s, const uint64_t *lines, size_t n, uint64_t now_ns)
{
	struct str blob = {(const char *)lines, n * sizeof(*lines)};
	int err = store_run(s, "remember which lines it has taken in",
			    "INSERT INTO stream(first,time_ns,lines) VALUES(?1,?2,?3) ON CONFLICT DO UPDATE "
			    "SET lines=?3,time_ns=?2 WHERE LENGTH(lines)<LENGTH(?3)",
			    "iub", (int64_t)lines[0], now_ns, blob);
	/* the sum over all runs is taken now and then only */
	return err || (lines[0] & 63) ? err : prune(s);
}
