/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store at the size of a fleet: 1,000 workloads, one of them with 100,000 observations. Upserts per second
 * against SQLite's own plain inserts of rows of the same length, and milliseconds to list and page.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "schema/store_decide.h"

enum { WORKLOADS = 1000, OBSERVATIONS = 100000, PLAIN_ROWS = 300000 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(const struct store *s, int err)
{
	if (err >= 0)
		return;
	fprintf(stderr, "bench_store: %s\n", store_error(s));
	exit(EXIT_MACHINE);
}

static struct observation observation(int64_t workload, size_t i, char *path, size_t size)
{
	int n = snprintf(path, size, "/usr/lib/x86_64-linux-gnu/package-%zu/module-%zu.so", i % 977, i);
	return (struct observation){.workload = workload,
				    .kind = i % 5 ? KIND_FILE : KIND_EXEC,
				    .subject = STR("/usr/local/bin/server"),
				    .subject_known = true,
				    .path = {path, (size_t)n},
				    .path_known = true,
				    .access = i % 5 ? ACCESS_READ : 0,
				    .count = 1 + i % 100,
				    .first_ns = 1700000000 * NSEC_PER_SEC + i,
				    .last_ns = 1700000000 * NSEC_PER_SEC + 10 * i};
}

/* The machine's own speed: one table, one index on the path, the same strings. */
static double plain_inserts(const char *file)
{
	sqlite3 *db;
	sqlite3_stmt *q;
	sqlite3_open(file, &db);
	sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
			 "CREATE TABLE t(id INTEGER PRIMARY KEY, path BLOB UNIQUE, n INTEGER); BEGIN",
		     NULL, NULL, NULL);
	sqlite3_prepare_v2(db, "INSERT INTO t(path,n) VALUES(?,?)", -1, &q, NULL);
	double start = now();
	for (size_t i = 0; i < PLAIN_ROWS; i++) {
		char path[128];
		struct observation o = observation(1, i, path, sizeof(path));
		sqlite3_bind_blob(q, 1, o.path.p, (int)o.path.n, SQLITE_STATIC);
		sqlite3_bind_int64(q, 2, (int64_t)o.count);
		sqlite3_step(q);
		sqlite3_reset(q);
	}
	sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	double rate = PLAIN_ROWS / (now() - start);
	sqlite3_finalize(q);
	sqlite3_close(db);
	return rate;
}

static double upserts(struct store *s, int64_t workload, int64_t instance, int64_t recording)
{
	double start = now();
	must(s, store_begin(s));
	for (size_t i = 0; i < OBSERVATIONS; i++) {
		char path[128];
		struct observation o = observation(workload, i, path, sizeof(path));
		must(s, store_observe(s, &o, instance, recording, NULL));
	}
	must(s, store_commit(s));
	return OBSERVATIONS / (now() - start);
}

static int64_t add_workload(struct store *s, size_t i, int64_t recording)
{
	char name[64];
	snprintf(name, sizeof(name), "service-%zu", i);
	struct workload w = {.namespace = STR("shop"), .kind = STR("Deployment"), .name = str_from(name)};
	int64_t id = 0, instance = 0;
	must(s, store_workload(s, &w, &id));
	must(s, store_instance(s, id, &(struct instance){.key = str_from(name)}, &instance));
	for (size_t k = 0; k < 20; k++) {
		char path[128];
		struct observation o = observation(id, k, path, sizeof(path));
		must(s, store_observe(s, &o, instance, recording, NULL));
	}
	return id;
}

static void time_page(struct store *s, const char *what, struct observation_query q)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct observation_row *rows;
	size_t n = 0;
	uint64_t total = 0;
	double start = now();
	must(s, store_observation_page(s, a, &q, &rows, &n, &total));
	printf("store: page %-28s %8.2f ms  (%zu of %llu)\n", what, (now() - start) * 1e3, n,
	       (unsigned long long)total);
}

static void time_lists(const char *file, int64_t big)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(store_close) struct store *s = NULL;
	if (store_open(file, STORE_READ, &d, &s)) {
		diag_print(&d);
		exit(EXIT_MACHINE);
	}
	for (int round = 0; round < 2; round++) {
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct workload_row *rows;
		size_t n = 0;
		double start = now();
		must(s, store_workloads(s, a, NULL, 0, &rows, &n));
		printf("store: %zu workloads, %-16s %8.2f ms\n", n, round ? "warm" : "cold", (now() - start) * 1e3);
	}
	struct observation_query q = {.workload = big, .kind = -1, .choice = -1, .limit = 200};
	time_page(s, "first, by path", q);
	q.offset = 90000;
	time_page(s, "at 90,000, by path", q);
	q.offset = 0;
	q.sort = SORT_COUNT, q.descending = true;
	time_page(s, "first, by count", q);
	q.sort = SORT_FIRST;
	time_page(s, "first, by first seen", q);
	q.sort = SORT_PATH, q.descending = false;
	q.choice = CHOICE_UNDECIDED;
	time_page(s, "first, undecided", q);
	q.choice = -1;
	q.text = STR("module-777");
	time_page(s, "text filter", q);
}

static void time_decision(struct store *s, int64_t workload)
{
	struct decision d = {.rule = {.kind = KIND_FILE, .path = STR("/usr/lib/")}, .choice = CHOICE_ALLOW};
	double start = now();
	must(s, store_decide(s, workload, STORE_ANY_VERSION, &d, 1, 1, NULL));
	printf("store: a rule over 100,000 observations %8.2f ms\n", (now() - start) * 1e3);
}

int main(void)
{
	char dir[] = "/tmp/bench_store.XXXXXX";
	if (!mkdtemp(dir))
		return EXIT_MACHINE;
	CLEANUP_FREE char *file = xasprintf("%s/s.db", dir), *plain = xasprintf("%s/plain.db", dir);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct store *s = NULL;
	if (store_open(file, STORE_WRITE, &d, &s)) {
		diag_print(&d);
		return EXIT_MACHINE;
	}
	int64_t recording = 0, big = 0, instance = 0;
	must(s, store_begin(s));
	must(s, store_recording_add(s, &(struct recording){.source = STR("bench")}, &recording));
	for (size_t i = 0; i < WORKLOADS; i++)
		big = add_workload(s, i, recording);
	must(s, store_instance(s, big, &(struct instance){.key = STR("big")}, &instance));
	must(s, store_commit(s));

	double base = plain_inserts(plain);
	double fresh = upserts(s, big, instance, recording);
	double again = upserts(s, big, instance, recording);
	printf("store: plain inserts   %9.0f/s\n", base);
	printf("store: new observation %9.0f/s  %.2f of plain inserts\n", fresh, fresh / base);
	printf("store: seen again      %9.0f/s  %.2f of plain inserts\n", again, again / base);
	time_lists(file, big);
	time_decision(s, big);
	store_close(s);
	CLEANUP_FREE char *command = xasprintf("rm -rf %s", dir);
	return system(command) ? EXIT_MACHINE : EXIT_YES;
}
