/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any policy, printed and read back, is the same model (tests/lib/same_policy.h), and prints the same bytes again. Models are made up
 * field by field with hostile strings and numbers, and read from made-up text.
 *
 * SEED=N begins at another place, PROPERTY_SECONDS=N runs longer than the default.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "tests/lib/random.h"
#include "tests/lib/same_policy.h"

enum { DEFAULT_SECONDS = 4, DEFAULT_SEED = 5150, LEAST = 1000 };

static uint64_t setting(const char *name, uint64_t fallback)
{
	uint64_t v;
	const char *text = getenv(name);
	return text && !str_to_u64(str_from(text), &v) ? v : fallback;
}

static void must_round_trip(const struct policy *p, uint64_t seed)
{
	CLEANUP_BUF struct buf why = BUF_INIT;
	if (policy_round_trips(p, &why))
		return;
	printf("SEED=%llu\n" STR_FMT, (unsigned long long)seed, STR_ARG(buf_view(&why)));
	fail();
}

static void one_model(uint64_t seed)
{
	struct dice r = {.state = seed};
	CLEANUP(policy_free) struct policy *p = random_model(&r);
	must_round_trip(p, seed);
}

static void one_text(uint64_t seed)
{
	struct dice r = {.state = seed};
	CLEANUP_BUF struct buf yaml = BUF_INIT;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct policy **v = NULL;
	size_t n = 0;
	uint64_t sites;
	random_policies(&r, &sites, &yaml);
	if (policies_parse("random", buf_view(&yaml), &d, &v, &n) < 0)
		return;   /* what the generator makes is not always taken */
	for (size_t i = 0; i < n; i++) {
		must_round_trip(v[i], seed);
		policy_free(v[i]);
	}
	free(v);
}

/* Long enough, and often enough on a slow machine. */
static void repeat(void (*one)(uint64_t seed))
{
	uint64_t seed = setting("SEED", DEFAULT_SEED), tries = 0;
	time_t until = time(NULL) + (time_t)setting("PROPERTY_SECONDS", DEFAULT_SECONDS) / 2;
	while (time(NULL) < until || tries < LEAST)
		one(seed + tries++);
	printf("%llu from SEED=%llu\n", (unsigned long long)tries, (unsigned long long)seed);
}

static void models(void **state)
{
	(void)state;
	repeat(one_model);
}

static void texts(void **state)
{
	(void)state;
	repeat(one_text);
}

/* The comparison itself sees a difference in each field that is set. */
static void differences_show(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < LEAST; seed++) {
		struct dice one = {.state = seed}, other = {.state = seed + 1}, again = {.state = seed};
		CLEANUP(policy_free) struct policy *a = random_model(&one), *b = random_model(&other), *c = random_model(&again);
		CLEANUP_BUF struct buf x = BUF_INIT, y = BUF_INIT;
		policy_print(a, &x);
		policy_print(b, &y);
		assert_true(same_policies(a, c, NULL));
		assert_int_equal(same_policies(a, b, NULL), str_eq(buf_view(&x), buf_view(&y)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(models), cmocka_unit_test(texts), cmocka_unit_test(differences_show),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
