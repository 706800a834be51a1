/* SPDX-License-Identifier: GPL-2.0-only */
/* What counts as which change: pairs of judgements, as rows. */
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "compiler/replay/diff.h"

#define ALLOW    {.verdict = VERDICT_ALLOW}
#define POST     {.verdict = VERDICT_POST}
#define UNKNOWN  {.verdict = VERDICT_UNKNOWN}
#define DENY     {.verdict = VERDICT_DENY, .effect = EFFECT_PREVENTED, .error = -1}
#define DENY_13  {.verdict = VERDICT_DENY, .effect = EFFECT_PREVENTED, .error = -13}
#define KILL     {.verdict = VERDICT_KILL, .effect = EFFECT_HAPPENED, .signal = 9}
#define AS(v)    {.verdict = VERDICT_##v, .effect = EFFECT_PREVENTED, .error = -1, .monitor = true}

static const struct {
	struct judgement old[2], new[2];
	size_t nold, nnew;
	enum diff_change change;
} rows[] = {
	{{ALLOW}, {ALLOW}, 1, 1, CHANGE_NONE},
	{{ALLOW}, {ALLOW}, 0, 0, CHANGE_NONE},
	{{ALLOW}, {ALLOW}, 0, 1, CHANGE_NONE},
	{{ALLOW}, {DENY}, 1, 1, CHANGE_BLOCKED},
	{{ALLOW}, {DENY}, 0, 1, CHANGE_BLOCKED},
	{{POST}, {KILL}, 1, 1, CHANGE_BLOCKED},
	{{UNKNOWN}, {DENY}, 1, 1, CHANGE_BLOCKED},
	{{ALLOW}, {UNKNOWN}, 1, 1, CHANGE_MAY_BE_BLOCKED},
	{{POST}, {UNKNOWN}, 1, 1, CHANGE_MAY_BE_BLOCKED},
	{{DENY}, {ALLOW}, 1, 1, CHANGE_UNBLOCKED},
	{{DENY}, {ALLOW}, 1, 0, CHANGE_UNBLOCKED},
	{{UNKNOWN}, {ALLOW}, 1, 1, CHANGE_UNBLOCKED},
	{{KILL}, {UNKNOWN}, 1, 1, CHANGE_MAY_PASS},
	{{DENY}, {KILL}, 1, 1, CHANGE_EFFECT},
	{{DENY}, {DENY_13}, 1, 1, CHANGE_EFFECT},
	{{KILL}, {KILL, DENY}, 1, 2, CHANGE_EFFECT},   /* the denial prevents what the signal alone does not */
	{{KILL, DENY}, {DENY, KILL}, 2, 2, CHANGE_NONE},
	{{ALLOW}, {POST}, 1, 1, CHANGE_REPORTED},
	{{DENY, POST}, {DENY}, 2, 1, CHANGE_NONE},
	/* Monitoring: compared by what enforcing would do. */
	{{ALLOW}, {AS(DENY)}, 1, 1, CHANGE_BLOCKED},
	{{AS(DENY)}, {ALLOW}, 1, 1, CHANGE_UNBLOCKED},
	{{AS(DENY)}, {DENY}, 1, 1, CHANGE_ENFORCED},
	{{DENY}, {AS(DENY)}, 1, 1, CHANGE_MONITORED},
	{{AS(DENY)}, {AS(DENY)}, 1, 1, CHANGE_NONE},
	{{AS(DENY)}, {UNKNOWN}, 1, 1, CHANGE_MAY_BE_BLOCKED},
	{{AS(UNKNOWN)}, {UNKNOWN}, 1, 1, CHANGE_MAY_BE_BLOCKED},
	{{AS(DENY), DENY}, {DENY}, 2, 1, CHANGE_NONE},
};

static void changes(void **state)
{
	(void)state;
	unsigned bad = 0;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct diff_side old, new;
		enum diff_change got = diff_change(rows[i].old, rows[i].nold, rows[i].new, rows[i].nnew, &old, &new);
		if (got == rows[i].change)
			continue;
		printf("row %zu: change %d, wanted %d\n", i, got, rows[i].change);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static void sides(void **state)
{
	(void)state;
	const struct judgement old[] = {AS(DENY)}, new[] = {KILL, DENY};
	struct diff_side a, b;
	assert_int_equal(diff_change(old, 1, new, 2, &a, &b), CHANGE_ENFORCED);
	assert_true(a.monitor);
	assert_false(b.monitor);
	assert_int_equal(b.verdict, VERDICT_KILL);
	assert_int_equal(b.effect, EFFECT_PREVENTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(changes), cmocka_unit_test(sides)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
