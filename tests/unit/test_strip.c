/* SPDX-License-Identifier: GPL-2.0-only */
/* The strip of time: nothing is lost however the times come, and the span is what was added. Phases of life. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "webui/phase.h"
#include "webui/strip.h"

#define T0 1772431200000000000ull

static void test_strip(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		uint64_t first, step;       /* step is added modulo 2^64: it may go down */
		size_t n;
	} rows[] = {
		{"one event", T0, 0, 1},
		{"all at once", T0, 0, 500},
		{"a millisecond apart", T0, 1000000, 1000},
		{"a day apart", T0, 86400 * NSEC_PER_SEC, 400},
		{"downwards", T0, -(60 * NSEC_PER_SEC), 500},
		{"down to 1970", 100 * NSEC_PER_SEC, -NSEC_PER_SEC, 99},
		{"up to the last time there is", INT64_MAX - 999 * NSEC_PER_SEC, NSEC_PER_SEC, 1000},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct strip s = {.width = 0};
		uint64_t t = rows[i].first, lowest = t, highest = t, total = 0;
		for (size_t k = 0; k < rows[i].n; k++, t += rows[i].step) {
			strip_add(&s, t, k % STRIP_CLASSES, 2);
			lowest = MIN(lowest, t);
			highest = MAX(highest, t);
		}
		for (size_t k = 0; k < STRIP_BUCKETS * STRIP_CLASSES; k++)
			total += s.buckets[k / STRIP_CLASSES][k % STRIP_CLASSES];
		if (total != 2 * rows[i].n || s.earliest != lowest || s.latest != highest ||
		    (highest - s.first) / s.width >= STRIP_BUCKETS)
			fail_msg("%s: %llu counted", rows[i].what, (unsigned long long)total);
		/* At least half of the strip is used, or the buckets are as narrow as they get. */
		if (highest - lowest > NSEC_PER_SEC * 2)
			assert_true((highest - lowest) / s.width >= STRIP_BUCKETS / 4);
	}
	struct strip none = {.width = 0};
	strip_add(&none, 0, 0, 1);
	CLEANUP_BUF struct buf b = BUF_INIT;
	strip_json(&b, &none);
	assert_non_null(strstr(b.p, "\"buckets\":[]"));
}

static void test_phase(void **state)
{
	(void)state;
	static const struct {
		uint32_t tags;
		const char *by;
		bool startup;
		const char *want;
	} rows[] = {
		{0, "/usr/bin/app", false, "steady"},
		{0, "/usr/bin/app", true, "start-up"},
		{TAG_ENTRYPOINT, "/usr/bin/containerd-shim", false, "start-up"},
		{TAG_PROBE, "/usr/bin/runc", true, "probes"},
		{TAG_INTERACTIVE | TAG_PROBE, "/usr/bin/runc", true, "interactive"},
		{0, "/usr/sbin/cron", false, "scheduled"},
		{0, "crond", true, "scheduled"},
		{0, "/usr/sbin/crond/helper", false, "steady"},
		{0, "", false, "steady"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum phase p = phase_of(rows[i].tags, str_from(rows[i].by), rows[i].startup);
		assert_string_equal(phase_name(p), rows[i].want);
		assert_int_equal(phase_from(str_from(rows[i].want)), p);
	}
	assert_int_equal(phase_from(STR("never")), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_strip), cmocka_unit_test(test_phase)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
