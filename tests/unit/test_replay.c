/* SPDX-License-Identifier: GPL-2.0-only */
/* What a tally makes of one event that several policies judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "compiler/replay/replay.h"

enum { MOST = 2 };

static const struct {
	struct judgement v[MOST];
	size_t n;
	uint64_t prevented, happened, effect_unknown;
} rows[] = {
	{{{.verdict = VERDICT_ALLOW}}, 1, 0, 0, 0},
	{{{.verdict = VERDICT_UNKNOWN, .effect = EFFECT_UNKNOWN}}, 1, 0, 0, 0},
	{{{.verdict = VERDICT_KILL, .effect = EFFECT_HAPPENED}}, 1, 0, 1, 0},
	{{{.verdict = VERDICT_KILL, .effect = EFFECT_UNKNOWN}}, 1, 0, 0, 1},
	{{{.verdict = VERDICT_DENY, .effect = EFFECT_PREVENTED}}, 1, 1, 0, 0},
	/* whoever prevents, prevents; what one does not tell, the other's does not tell either */
	{{{.verdict = VERDICT_KILL, .effect = EFFECT_UNKNOWN}, {.verdict = VERDICT_DENY, .effect = EFFECT_PREVENTED}}, 2, 1, 0, 0},
	{{{.verdict = VERDICT_KILL, .effect = EFFECT_HAPPENED}, {.verdict = VERDICT_KILL, .effect = EFFECT_UNKNOWN}}, 2, 0, 0, 1},
	{{{.verdict = VERDICT_POST, .effect = EFFECT_PREVENTED}, {.verdict = VERDICT_KILL, .effect = EFFECT_HAPPENED}}, 2, 0, 1, 0},
};

static void effects_are_told_apart(void **state)
{
	(void)state;
	struct tally sum = {0};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct tally t = {0};
		replay_event(&(struct event){.count = 3}, rows[i].v, rows[i].n, &t);
		assert_int_equal(t.prevented, rows[i].prevented * 3);
		assert_int_equal(t.happened, rows[i].happened * 3);
		assert_int_equal(t.effect_unknown, rows[i].effect_unknown * 3);
		tally_add(&sum, &t);
	}
	assert_int_equal(sum.prevented + sum.happened + sum.effect_unknown,
			 sum.verdicts[VERDICT_DENY] + sum.verdicts[VERDICT_KILL]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(effects_are_told_apart)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
