/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines of a log to rows of a real store: subjects, counts, late names, losses; and which lines are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "schema/ndjson.h"
#include "schema/observe.h"
#include "schema/seen.h"
#include "schema/store_read.h"

static char file[64];

static struct store *open_store(void)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct store *s = NULL;
	snprintf(file, sizeof(file), "/tmp/test_observe.%d.db", (int)getpid());
	unlink(file);
	assert_int_equal(store_open(file, STORE_WRITE, &d, &s), 0);
	return s;
}

static void remove_store(struct store *s)
{
	store_close(s);
	unlink(file);
}

static struct observer *open_observer(struct store *s)
{
	int64_t recording;
	struct recording r = {.source = STR("tetragon"), .start_ns = 1};
	assert_int_equal(store_recording_add(s, &r, &recording), 0);
	return observer_new(s, recording);
}

static void add_text(struct observer *o, const char *text)
{
	static uint64_t numbers;
	CLEANUP(source_close) struct source *source =
		ndjson_open_bytes("t", str_from(text), &(struct ndjson_options){.numbers = &numbers});
	struct event ev;
	while (source_next(source, &ev) == 1)
		assert_int_equal(observer_add(o, &ev), 0);
}

/* Everything observed, one line each, in the order of listings. */
static void dump(struct store *s, struct buf *b)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct workload_row *workloads;
	size_t n;
	assert_int_equal(store_workloads(s, a, NULL, 0, &workloads, &n), 0);
	for (size_t i = 0; i < n; i++) {
		struct observation_query q = OBSERVATION_QUERY_ALL;
		q.workload = workloads[i].id;
		struct observation_row *rows;
		size_t nrows;
		assert_int_equal(store_observation_page(s, a, &q, &rows, &nrows, NULL), 0);
		for (size_t k = 0; k < nrows; k++) {
			const struct observation *o = &rows[k].o;
			buf_printf(b, STR_FMT ": %s " STR_FMT " > " STR_FMT " x%d [" STR_FMT "]\n", STR_ARG(workloads[i].text),
				   kind_name(o->kind), STR_ARG(o->subject), STR_ARG(o->path), (int)o->count,
				   STR_ARG(o->example));
		}
	}
}

static void expect(struct store *s, const char *text)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_puts(&b, "");
	dump(s, &b);
	assert_string_equal(b.p, text);
}

#define POD "\"pod\":{\"namespace\":\"shop\",\"name\":\"web-1\",\"container\":{\"id\":\"containerd://19a02291e106ce6227b684197be232ea57c4\",\"name\":\"web\"},\"workload\":\"web\",\"workload_kind\":\"Deployment\"},"
#define DOCKER "\"docker\":\"19a02291e106ce6227b684197be232e\""
#define AT(s) ",\"time\":\"2026-08-21T07:07:" s "Z\"}\n"
#define EXEC(id, binary, args, pod, time) "{\"process_exec\":{\"process\":{\"exec_id\":\"" id "\",\"pid\":7,\"binary\":\"" binary "\",\"arguments\":\"" args "\"," pod DOCKER "},\"parent\":{\"exec_id\":\"p\",\"pid\":1,\"binary\":\"/init\"}}" AT(time)

static void test_counts(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store();
	CLEANUP(observer_free) struct observer *o = open_observer(s);
	add_text(o, EXEC("a", "/bin/sh", "--password=x", POD, "01") EXEC("b", "/bin/sh", "", POD, "02"));
	assert_int_equal(observer_flush(o), 0);
	expect(s, "shop/Deployment/web/web: exec /init > /bin/sh x2 [/bin/sh --password=*****]\n");
	assert_int_equal(observer_flush(o), 0);
	add_text(o, EXEC("c", "/bin/sh", "", POD, "03"));
	assert_int_equal(observer_flush(o), 0);
	expect(s, "shop/Deployment/web/web: exec /init > /bin/sh x3 [/bin/sh --password=*****]\n");
	remove_store(TAKE(s));
}

/* A container's first lines come without its pod, which is told a little later. */
static void test_late_name(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store();
	CLEANUP(observer_free) struct observer *o = open_observer(s);
	add_text(o, EXEC("a", "/bin/sh", "", "", "01"));
	assert_true(observer_waiting(o, 1787296021000000000ull));
	add_text(o, EXEC("b", "/bin/sh", "", POD, "03"));
	assert_false(observer_waiting(o, 1787296021000000000ull));
	add_text(o, EXEC("c", "/bin/sh", "", "", "04"));
	assert_int_equal(observer_flush(o), 0);
	expect(s, "shop/Deployment/web/web: exec /init > /bin/sh x3 [/bin/sh]\n");
	remove_store(TAKE(s));
}

static void test_no_name(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store();
	CLEANUP(observer_free) struct observer *o = open_observer(s);
	add_text(o, EXEC("a", "/bin/sh", "", "", "01"));
	assert_true(observer_waiting(o, 1));
	assert_false(observer_waiting(o, UINT64_MAX));
	assert_int_equal(observer_flush(o), 0);
	expect(s, "host/container/19a02291e106: exec /init > /bin/sh x1 [/bin/sh]\n");
	remove_store(TAKE(s));
}

static void test_losses(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store();
	CLEANUP(observer_free) struct observer *o = open_observer(s);
	add_text(o, "{\"process_exit\":{\"process\":{\"pid\":3}}}\n"
		    "{\"rate_limit_info\":{\"number_of_dropped_process_events\":\"41\"}}\n"
		    "{\"process_throttle\":{\"type\":\"THROTTLE_START\",\"cgroup\":\"x\"}}\n"
		    "{\"process_throttle\":{\"type\":\"THROTTLE_STOP\",\"cgroup\":\"x\"}}\n");
	assert_int_equal(observer_flush(o), 0);
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct loss_row *rows;
	size_t n;
	assert_int_equal(store_losses(s, a, 0, &rows, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(rows[0].count, 41);
	assert_true(str_eq(rows[0].reason, STR("rate-limit")));
	remove_store(TAKE(s));
}

/* What a failed transaction did not write is written by the next. */
static void test_rollback(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store();
	CLEANUP(observer_free) struct observer *o = open_observer(s);
	add_text(o, EXEC("a", "/bin/sh", "", POD, "01"));
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(observer_write(o), 0);
	store_rollback(s);
	expect(s, "");
	assert_int_equal(observer_flush(o), 0);
	expect(s, "shop/Deployment/web/web: exec /init > /bin/sh x1 [/bin/sh]\n");
	remove_store(TAKE(s));
}

static int line(struct seen *seen, int i)
{
	char text[64];
	snprintf(text, sizeof(text), "{\"x\":%d,\"time\":\"%d\"}", i, i);
	return seen_line(seen, str_from(text));
}

static void commit(struct store *s, struct seen *seen)
{
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(seen_write(seen, 1), 0);
	assert_int_equal(store_commit(s), 0);
	seen_written(seen);
}

/* Streams as first..last of the same numbered lines, and how many of each were known. */
static void test_seen(void **state)
{
	(void)state;
	static const struct {
		int first, last, known;
	} streams[] = {
		{1, 3000, 0},    {1, 3000, 3000}, {1, 77, 77},       {2900, 3010, 101},
		{1, 3010, 3010}, {3500, 4000, 0}, {3000, 4200, 512}, {1, 4200, 4200}, {5000, 5000, 0},
		{4990, 5010, 1},
	};
	CLEANUP(store_close) struct store *s = open_store();
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		CLEANUP(seen_free) struct seen *seen = NULL;
		assert_int_equal(store_begin(s), 0);
		assert_int_equal(seen_open(s, &seen), 0);
		assert_int_equal(store_commit(s), 0);
		int known = 0;
		for (int k = streams[i].first; k <= streams[i].last; k++) {
			known += line(seen, k);
			if (k % 101 == 0)
				commit(s, seen);
		}
		seen_end(seen);
		commit(s, seen);
		if (known != streams[i].known)
			fail_msg("stream %d..%d: %d lines known", streams[i].first, streams[i].last, known);
	}
	remove_store(TAKE(s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts), cmocka_unit_test(test_late_name), cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_losses), cmocka_unit_test(test_rollback), cmocka_unit_test(test_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
