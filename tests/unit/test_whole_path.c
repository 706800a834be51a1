/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The promise, without the command line: a hand-written allowlist is compiled to enforce, read back, and
 * replayed over its scenario as a Tetragon log. Every attack step that its author says must be denied is, and
 * nothing that must be allowed is not; from the policies and from the image, for each kind of target.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>

#include "compiler/emit/compile.h"
#include "compiler/image/image_eval.h"
#include "compiler/replay/replay.h"
#include "compiler/scenario/scenario.h"
#include "schema/event_json.h"
#include "schema/ndjson.h"

static const char *const names[] = {"web-server", "node-service", "database", "batch-job", "node-agent"};

struct course {
	const char *name, *target;
	struct buf text;
	uint64_t broken;
};

static void generate(const char *name, struct buf *b)
{
	CLEANUP_FREE char *file = xasprintf("corpus/scenarios/%s.yaml", name);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(scenario_free) struct scenario *s = NULL;
	CLEANUP(source_close) struct source *source = NULL;
	assert_int_equal(scenario_read(file, &d, &s), 0);
	assert_int_equal(scenario_open(s, &(struct scenario_options){0}, &d, &source), 0);
	for (struct event ev; source_next(source, &ev) > 0;)
		event_json(&ev, b);
}

static void complain(const struct course *c, const char *who, const struct event *ev, const char *verdict,
		     const char *why)
{
	print_error("%s, %s, %s, line %" PRIu64 " (%s): " STR_FMT ": " STR_FMT " by " STR_FMT ": %s (%s)\n",
		    c->name, c->target, who, ev->line, kind_name(ev->kind), STR_ARG(ev->label),
		    STR_ARG(ev->kind == KIND_EXEC ? ev->process.filename : ev->path),
		    STR_ARG(ev->kind == KIND_EXEC ? ev->parent.path : ev->process.path), verdict, why ? why : "");
}

static void on_event(struct course *c, const struct event *ev, const struct judgement *j, size_t n, bool broken)
{
	if (!broken)
		return;
	c->broken++;
	const char *why = "";
	for (size_t i = 0; i < n; i++)
		if (j[i].verdict == judgements_worst(j, n))
			why = j[i].why;
	complain(c, "policies", ev, verdict_name(judgements_worst(j, n)), why);
}

/* The image knows no pods: only the events of its workload are put to it. */
static void check_image(struct course *c, const struct compiled *compiled, struct str workload)
{
	CLEANUP(source_close) struct source *source = ndjson_open_bytes(c->name, buf_view(&c->text), NULL);
	uint64_t denied = 0;
	for (struct event ev; source_next(source, &ev) > 0;) {
		if (!str_eq(ev.process.pod.workload, workload))
			continue;
		struct image_verdict v = image_judge(compiled->image, &ev);
		denied += v.verdict == VERDICT_DENY;
		if ((v.verdict == VERDICT_DENY) == (ev.expect == EXPECT_DENY) && v.verdict != VERDICT_UNKNOWN)
			continue;
		c->broken++;
		complain(c, "image", &ev, verdict_name(v.verdict), v.why);
	}
	assert_true(denied > 15);
}

static void check(const char *name, const char *target, bool prevents)
{
	struct course c = {.name = name, .target = target};
	CLEANUP_FREE char *file = xasprintf("corpus/allowlists/%s.yaml", name);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(allowlist_free) struct allowlist *a = NULL;
	CLEANUP_COMPILED struct compiled compiled = {0};
	struct compile_options o = {.enforce = true};
	int err = target_parse(target, &d, &o.target);
	if (!err)
		err = allowlist_read(file, &d, &a);
	if (!err)
		err = compile(a, &o, &compiled, &d);
	diag_print(&d);
	assert_int_equal(err, 0);
	generate(name, &c.text);
	CLEANUP(source_close) struct source *source = ndjson_open_bytes(name, buf_view(&c.text), NULL);
	CLEANUP(engine_free) struct engine *e = engine_new(compiled.policies, compiled.npolicies, &o.target);
	struct tally tally = {0};
	for (struct event ev; source_next(source, &ev) > 0;) {
		const struct judgement *j;
		size_t n = engine_judge(e, &ev, &j);
		on_event(&c, &ev, j, n, replay_event(&ev, j, n, &tally));
	}
	check_image(&c, &compiled, a->workload.name);
	buf_done(&c.text);
	assert_int_equal(c.broken, 0);
	assert_true(tally.must_deny > 15);
	if (prevents)
		assert_int_equal(tally.happened, 0);
}

static void test_lsm(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check(names[i], "lsm=yes", true);
}

static void test_no_lsm(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check(names[i], "lsm=no", true);
}

static void test_old_kernel(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check(names[i], "kernel=5.15,lsm=no", true);
}

/* Nothing but signals there: the attacks end, though not before some effect. */
static void test_kill_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		check(names[i], "kernel=5.10,arch=arm64,lsm=no", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lsm), cmocka_unit_test(test_no_lsm),
		cmocka_unit_test(test_old_kernel), cmocka_unit_test(test_kill_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
