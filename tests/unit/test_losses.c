/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks at the kernel's counters, one after the other: what is told of each, and what is ours then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recorder/losses.h"

#define O LOSSES_OURS
#define T LOSSES_THEIRS
#define U LOSSES_UNKNOWN

struct told {
	uint64_t cgroup, count;
	enum losses_whose whose;
};

struct look {
	const char *what;
	uint64_t sum;
	struct told told[3];    /* up to cgroup 0 */
	bool last;
	uint64_t ours;
};

static void check(const struct look *looks, size_t n)
{
	CLEANUP(losses_free) struct losses *l = losses_new();
	for (size_t i = 0; i < n; i++) {
		uint64_t sums[WIRE_LOSS_COUNT] = {[WIRE_LOSS_FILE_PATH] = looks[i].sum, [WIRE_LOSS_EXEC_RING] = 7};
		losses_begin(l);
		for (size_t k = 0; k < ARRAY_SIZE(looks[i].told) && looks[i].told[k].cgroup; k++) {
			const struct told *t = &looks[i].told[k];
			struct wire_lost key = {.cgroup = t->cgroup, .loss = WIRE_LOSS_FILE_PATH};
			losses_tell(l, &key, t->count, t->whose, looks[i].last);
		}
		losses_ours(l, sums);
		if (sums[WIRE_LOSS_FILE_PATH] != looks[i].ours || sums[WIRE_LOSS_EXEC_RING] != 7)
			fail_msg("%s: %llu instead of %llu", looks[i].what, (unsigned long long)sums[WIRE_LOSS_FILE_PATH],
				 (unsigned long long)looks[i].ours);
	}
}

static void test_looks(void **state)
{
	(void)state;
	static const struct look known[] = {
		{"nothing told: all ours", 5, {{0}}, false, 5},
		{"one of ours, one of theirs", 9, {{1, 4, T}, {2, 5, O}}, false, 5},
		{"more of both", 12, {{1, 6, T}, {2, 6, O}}, false, 6},
		{"forgotten by us: what was theirs stays so", 12, {{1, 6, U}, {2, 6, U}}, false, 6},
		{"what it loses now waits", 13, {{1, 7, U}, {2, 6, U}}, false, 6},
		{"and is ours then", 13, {{1, 7, U}, {2, 6, U}}, false, 7},
	};
	static const struct look late[] = {
		{"on its way", 3, {{1, 3, U}}, false, 0},
		{"has come: theirs", 3, {{1, 3, T}}, false, 0},
		{"another, on its way", 5, {{1, 3, T}, {2, 2, U}}, false, 0},
		{"has come: ours", 5, {{1, 3, T}, {2, 2, O}}, false, 2},
		{"more than the table holds", 9, {{1, 3, T}, {2, 2, O}}, false, 6},
		{"the last look waits for nobody", 10, {{1, 3, T}, {2, 2, O}, {3, 1, U}}, true, 7},
	};
	check(known, ARRAY_SIZE(known));
	check(late, ARRAY_SIZE(late));
}

/* The table is the kernel's: a number that is none is not taken. */
static void test_number(void **state)
{
	(void)state;
	CLEANUP(losses_free) struct losses *l = losses_new();
	uint64_t sums[WIRE_LOSS_COUNT] = {0};
	losses_begin(l);
	losses_tell(l, &(struct wire_lost){.cgroup = 1, .loss = WIRE_LOSS_COUNT}, 1, T, true);
	losses_ours(l, sums);
	for (size_t i = 0; i < WIRE_LOSS_COUNT; i++)
		assert_int_equal(sums[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
