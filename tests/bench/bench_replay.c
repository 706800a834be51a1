/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replay speed on one core: events like observations judged in memory and from NDJSON, by policies of 10 to
 * 100,000 entries, and against a plain scan of the same entries in the same run.
 */
#include <stdio.h>
#include <time.h>

#include "compiler/eval.h"
#include "schema/event_json.h"
#include "schema/ndjson.h"

enum { EVENTS = 1000, ROUNDS = 1000, SCAN_ROUNDS = 5, NDJSON_EVENTS = 20000 };

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void write_policy(struct buf *b, size_t entries)
{
	buf_puts(b, "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: bench}\nspec:\n"
		    "  lsmhooks:\n  - hook: bprm_check_security\n    args: [{index: 0, type: linux_binprm}]\n"
		    "    selectors:\n    - matchArgs:\n      - index: 0\n        operator: NotEqual\n        values:\n");
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
	write_policy(&text, entries);
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

static void no_hook(const struct event *v)
{
	uint64_t denied = 0;
	double engine = time_engine(NULL, 0, v, &denied);
	printf("no policy reached: %.0f ns per event, %.2f million events/s\n", engine * 1e9, 1e-6 / engine);
}

static void from_ndjson(const struct event *v)
{
	CLEANUP_BUF struct buf lines = BUF_INIT;
	for (size_t i = 0; i < NDJSON_EVENTS; i++)
		event_json(&v[i % EVENTS], &lines);
	CLEANUP(source_close) struct source *source = ndjson_open_bytes("bench", buf_view(&lines), NULL);
	CLEANUP(source_close) struct source *again = ndjson_open_bytes("bench", buf_view(&lines), NULL);
	struct event ev;
	double start = now();
	while (source_next(again, &ev) > 0)
		;
	double read = now() - start;
	struct target target;
	target_default(&target);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct policy **policies = NULL;
	size_t n = 0, events = 0;
	write_policy(&text, 500);
	if (policies_parse("bench.yaml", buf_view(&text), &d, &policies, &n) < 0)
		exit(EXIT_INPUT);
	struct engine *e = engine_new(policies, n, &target);
	const struct judgement *j;
	start = now();
	for (; source_next(source, &ev) > 0; events++)
		engine_judge(e, &ev, &j);
	double judged = now() - start;
	printf("from NDJSON: %.2f million events/s, %.0f MB/s; %.2f times as long as reading alone\n",
	       (double)events / judged * 1e-6, (double)lines.n / judged * 1e-6, judged / read);
	engine_free(e);
	for (size_t i = 0; i < n; i++)
		policy_free(policies[i]);
	free(policies);
}

int main(void)
{
	static const size_t sizes[] = {10, 500, 10000, 100000};
	static struct event v[EVENTS];
	CLEANUP_BUF struct buf names = BUF_INIT;
	make_events(v, &names);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		in_memory(sizes[i], v);
	no_hook(v);
	from_ndjson(v);
	return 0;
}
