/* SPDX-License-Identifier: GPL-2.0-only */
/* Totals of parts, added in any order and grouping, are those of the whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "compiler/replay/totals.h"

static const char policies[] =
	"apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: a}\nspec:\n  lsmhooks:\n"
	"  - hook: file_open\n    args: [{index: 0, type: file}]\n    selectors: [{}, {}]\n"
	"  - hook: bprm_check_security\n    args: [{index: 0, type: linux_binprm}]\n    selectors: [{}]\n"
	"---\napiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: b}\nspec:\n  lsmhooks:\n"
	"  - hook: file_open\n    args: [{index: 0, type: file}]\n    selectors: [{}, {}, {}]\n";

static const struct {
	struct event ev;
	struct judgement j[2];
	size_t n;
} rows[] = {
	{{.count = 1}, {{.policy = 0, .hook = 0, .selector = 1, .verdict = VERDICT_DENY, .effect = EFFECT_PREVENTED}}, 1},
	{{.count = 5, .expect = EXPECT_DENY, .label = STR_INIT("x"), .line = 9},
	 {{.policy = 0, .hook = 1, .selector = -1, .verdict = VERDICT_UNKNOWN}}, 1},
	{{.count = 2, .expect = EXPECT_ALLOW, .label = STR_INIT("x")},
	 {{.policy = 1, .hook = 0, .selector = 2, .verdict = VERDICT_KILL, .effect = EFFECT_HAPPENED},
	  {.policy = 0, .hook = 0, .selector = 0, .verdict = VERDICT_POST}}, 2},
	{{.count = 1, .expect = EXPECT_DENY, .label = STR_INIT("y")}, {{.verdict = VERDICT_ALLOW}}, 0},
	/* what a damaged image might number: counted as none, never outside */
	{{.count = 1}, {{.policy = 1, .hook = 0, .selector = 77, .verdict = VERDICT_ALLOW}}, 1},
};

static void fill(struct totals *t, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		totals_event(t, &rows[i].ev, rows[i].j, rows[i].n);
	totals_source(t);
	totals_unrecorded(t, 0, 1);
	if (from)
		totals_unrecorded(t, 1, 0);
}

static void equal(const struct totals *a, const struct totals *b)
{
	assert_memory_equal(totals_tally(a), totals_tally(b), sizeof(struct tally));
	for (size_t p = 0; p < 2; p++)
		for (size_t h = 0; h < totals_hooks(a, p); h++) {
			assert_int_equal(totals_hook_unrecorded(a, p, h), totals_hook_unrecorded(b, p, h));
			for (int s = -1; s < totals_selectors(a, p, h); s++)
				assert_memory_equal(totals_rule(a, p, h, s), totals_rule(b, p, h, s), sizeof(struct rule_total));
		}
	const struct label_total *l, *m;
	assert_int_equal(totals_labels(a, &l), 3);
	assert_int_equal(totals_labels(b, &m), 3);
	uint64_t broken[2] = {0};
	for (size_t i = 0; i < 3; i++) {
		broken[0] += l[i].broken;
		broken[1] += m[i].broken;
	}
	assert_int_equal(broken[0], broken[1]);
}

static void parts_add_up(void **state)
{
	(void)state;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_POLICY_SET struct policy_set set = POLICY_SET_INIT;
	assert_int_equal(policy_set_add_bytes(&set, "p.yaml", STR(policies), &d), 0);
	assert_int_equal(set.npolicies, 2);
	for (size_t cut = 1; cut < ARRAY_SIZE(rows); cut++) {
		CLEANUP(totals_free) struct totals *one = totals_new(&set), *two = totals_new(&set);
		CLEANUP(totals_free) struct totals *forth = totals_new(&set), *back = totals_new(&set);
		fill(one, 0, cut);
		fill(two, cut, ARRAY_SIZE(rows));
		totals_add(forth, one);
		totals_add(forth, two);
		totals_add(back, two);
		totals_add(back, one);
		equal(forth, back);
		assert_int_equal(totals_tally(forth)->events, 10);
		assert_int_equal(totals_rule(forth, 1, 0, 2)->verdicts[VERDICT_KILL], 2);
		assert_int_equal(totals_rule(forth, 1, 0, -1)->verdicts[VERDICT_ALLOW], 1);
		assert_int_equal(totals_rule(forth, 0, 0, 1)->prevented, 1);
		assert_true(totals_hook_unrecorded(forth, 0, 1));    /* by neither part */
		assert_false(totals_hook_unrecorded(forth, 1, 0));   /* one part did */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(parts_add_up)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
