/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replay speed on one core: events like observations judged in memory, from NDJSON and from a store, by policies of 10 to
 * 100,000 entries, and against a plain scan of the same entries in the same run.
 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "compiler/eval/eval.h"
#include "compiler/replay/source_store.h"
#include "schema/event_json.h"
#include "schema/ndjson.h"

enum { EVENTS = 1000, ROUNDS = 1000, SCAN_ROUNDS = 5, NDJSON_EVENTS = 20000, OBSERVATIONS = 100000 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void write_policy(struct buf *b, size_t entries, const char *hook, const char *scope)
{
	buf_printf(b, "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: bench}\nspec:\n%s"
		    "  lsmhooks:\n  - hook: %s\n    args: [{index: 0, type: linux_binprm}]\n"
		    "    selectors:\n    - matchArgs:\n      - index: 0\n        operator: NotEqual\n        values:\n", scope, hook);
	for (size_t i = 0; i < entries; i++)
		buf_printf(b, "        - /usr/lib/program-%zu\n", i);
	buf_puts(b, "      matchActions: [{action: Override, argError: -1}]\n");
}

/* Half of the programs are listed. The strings outlive the events. */
static void make_events(struct event *v, struct buf *names)
{
	buf_reserve(names, EVENTS * 48);
	for (size_t i = 0; i < EVENTS; i++) {
		size_t at = names->n;
		buf_printf(names, "/usr/lib/program-%zu%s", i % 10, i % 2 ? "" : "-unlisted");
		v[i] = (struct event){.kind = KIND_EXEC, .count = 1, .has_parent = true};
		v[i].process.path = (struct str){names->p + at, names->n - at};
		v[i].process.filename = v[i].process.path;
		v[i].process.path_known = true;
		v[i].process.pid = (uint32_t)i + 2;
		v[i].parent.path = STR("/usr/bin/dash");
		v[i].parent.path_known = true;
	}
}

static double time_engine(struct policy *const *policies, size_t n, const struct event *v, uint64_t *ret_denied)
{
	struct target target;
	target_default(&target);
	CLEANUP(engine_free) struct engine *e = engine_new(policies, n, &target);
	const struct judgement *j;
	double start = now();
	for (size_t r = 0; r < ROUNDS; r++)
		for (size_t i = 0; i < EVENTS; i++) {
			size_t nj = engine_judge(e, &v[i], &j);
			*ret_denied += judgements_worst(j, nj) == VERDICT_DENY;
		}
	return (now() - start) / ((double)EVENTS * ROUNDS);
}

static double time_scan(const struct policy *p, const struct event *v, uint64_t *ret_denied)
{
	const struct strs *values = &p->hooks[0].selectors[0].args[0].values;
	double start = now();
	for (size_t r = 0; r < SCAN_ROUNDS; r++)
		for (size_t i = 0; i < EVENTS; i++) {
			bool found = false;
			for (size_t k = 0; k < values->n && !found; k++)
				found = str_eq(values->v[k], v[i].process.path);
			*ret_denied += !found;
		}
	return (now() - start) / ((double)EVENTS * SCAN_ROUNDS);
}

static void in_memory(size_t entries, const struct event *v)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct policy **policies = NULL;
	size_t n = 0;
	write_policy(&text, entries, "bprm_check_security", "");
	if (policies_parse("bench.yaml", buf_view(&text), &d, &policies, &n) < 0) {
		diag_print(&d);
		exit(EXIT_INPUT);
	}
	uint64_t denied = 0, scanned = 0;
	double engine = time_engine(policies, n, v, &denied);
	double scan = time_scan(policies[0], v, &scanned);
	printf("%7zu entries: %6.0f ns per event, %5.2f million events/s; a plain scan takes %.1f times as long\n",
	       entries, engine * 1e9, 1e-6 / engine, scan / engine);
	if (denied / ROUNDS != scanned / SCAN_ROUNDS)
		printf("  the scan denies %llu, the engine %llu\n", (unsigned long long)(scanned / SCAN_ROUNDS),
		       (unsigned long long)(denied / ROUNDS));
	for (size_t i = 0; i < n; i++)
		policy_free(policies[i]);
	free(policies);
}

enum { MANY = 1000, MANY_ENTRIES = 100 };

/* MANY policies on which the events have no bearing: for other pods, or on another hook. */
static void unreached(const char *name, const struct event *v, const char *hook, const char *scope)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct policy **policies = NULL;
	size_t n = 0;
	for (size_t i = 0; i < MANY; i++) {
		CLEANUP_BUF struct buf text = BUF_INIT;
		struct policy **one = NULL;
		size_t none = 0;
		write_policy(&text, MANY_ENTRIES, hook, scope);
		if (policies_parse("bench.yaml", buf_view(&text), &d, &one, &none) < 0)
			exit(EXIT_INPUT);
		policies = xreallocarray(policies, n + none, sizeof(*policies));
		memcpy(policies + n, one, none * sizeof(*one));
		n += none;
		free(one);
	}
	uint64_t denied = 0;
	double with = time_engine(policies, n, v, &denied), without = time_engine(NULL, 0, v, &denied);
	printf("%d policies %s: %.0f ns per event, %.3f ns per policy; without any %.0f ns\n", MANY, name, with * 1e9,
	       (with - without) * 1e9 / MANY, without * 1e9);
	for (size_t i = 0; i < n; i++)
		policy_free(policies[i]);
	free(policies);
}

/* Judges JUDGED by a policy of 500 entries, and reads READ, the same events, for comparison. Frees both. BYTES 0: not told. */
static void from_source(const char *name, struct source *read, struct source *judged, size_t bytes)
{
	struct event ev;
	double start = now();
	while (source_next(read, &ev) > 0)
		;
	double reading = now() - start;
	struct target target;
	target_default(&target);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct policy **policies = NULL;
	size_t n = 0, events = 0;
	write_policy(&text, 500, "bprm_check_security", "");
	if (policies_parse("bench.yaml", buf_view(&text), &d, &policies, &n) < 0)
		exit(EXIT_INPUT);
	struct engine *e = engine_new(policies, n, &target);
	const struct judgement *j;
	start = now();
	for (; source_next(judged, &ev) > 0; events++)
		engine_judge(e, &ev, &j);
	double seconds = now() - start;
	printf("from %s: %.2f million events/s, ", name, (double)events / seconds * 1e-6);
	if (bytes)
		printf("%.0f MB/s, ", (double)bytes / seconds * 1e-6);
	printf("%.2f times as long as reading alone\n", seconds / reading);
	engine_free(e);
	for (size_t i = 0; i < n; i++)
		policy_free(policies[i]);
	free(policies);
	source_close(read);
	source_close(judged);
}

static void from_ndjson(const struct event *v)
{
	CLEANUP_BUF struct buf lines = BUF_INIT;
	for (size_t i = 0; i < NDJSON_EVENTS; i++)
		event_json(&v[i % EVENTS], &lines);
	from_source("NDJSON", ndjson_open_bytes("bench", buf_view(&lines), NULL),
		    ndjson_open_bytes("bench", buf_view(&lines), NULL), lines.n);
}

/* A store of one workload with OBSERVATIONS programs, each seen ten times. */
static bool fill_store(struct store *s)
{
	const struct workload w = {.namespace = STR("host"), .kind = STR("unit"), .name = STR("bench.service")};
	int64_t workload, instance, recording;
	if (store_begin(s) || store_workload(s, &w, &workload) ||
	    store_instance(s, workload, &(struct instance){.key = STR("bench")}, &instance) ||
	    store_recording_add(s, &(struct recording){.source = STR("bench")}, &recording))
		return false;
	for (size_t i = 0; i < OBSERVATIONS; i++) {
		CLEANUP_FREE char *path = xasprintf("/usr/lib/program-%zu", i);
		struct observation o = {.workload = workload, .kind = KIND_EXEC, .subject = STR("/usr/bin/dash"),
					.subject_known = true, .filename = str_from(path), .path = str_from(path),
					.path_known = true, .count = 10, .first_ns = 1, .last_ns = 2};
		if (store_observe(s, &o, instance, recording, NULL))
			return false;
	}
	return !store_commit(s);
}

static void from_store(void)
{
	char dir[] = "/tmp/bench_replay.XXXXXX";
	if (!mkdtemp(dir))
		exit(EXIT_MACHINE);
	CLEANUP_FREE char *file = xasprintf("%s/s.db", dir);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct store *s = NULL;
	struct source *read, *judged;
	if (store_open(file, STORE_WRITE, &d, &s) || !fill_store(s) ||
	    source_store_open(s, NULL, &read, NULL) || source_store_open(s, NULL, &judged, NULL)) {
		fprintf(stderr, "bench_replay: %s\n", s ? store_error(s) : "no store");
		exit(EXIT_MACHINE);
	}
	from_source("the store", read, judged, 0);
	store_close(s);
	static const char *const endings[] = {"", "-wal", "-shm"};
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		CLEANUP_FREE char *name = xasprintf("%s%s", file, endings[i]);
		unlink(name);
	}
	rmdir(dir);
}

int main(void)
{
	static const size_t sizes[] = {10, 500, 10000, 100000};
	static struct event v[EVENTS];
	CLEANUP_BUF struct buf names = BUF_INIT;
	make_events(v, &names);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		in_memory(sizes[i], v);
	unreached("on another hook", v, "file_open", "");
	unreached("for other pods", v, "bprm_check_security", "  podSelector: {matchLabels: {app: other}}\n");
	from_ndjson(v);
	from_store();
	return 0;
}
