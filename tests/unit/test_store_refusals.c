/* SPDX-License-Identifier: GPL-2.0-only */
/* What was refused, in the store: the same things are one row, and a store that never had any can be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "schema/store_refusals.h"

#define OK(call)                                                                                   \
	do {                                                                                       \
		int err_ = (call);                                                                 \
		if (err_)                                                                          \
			fail_msg("%s: %d %s", #call, err_, store_error(s));                        \
	} while (0)

static const struct workload cart = {.namespace = STR_INIT("shop"), .kind = STR_INIT("Deployment"), .name = STR_INIT("cart")};

static struct refusal refusal_of(int64_t recording, const char *outcome, const char *rule, uint64_t time_ns)
{
	return (struct refusal){.recording = recording, .kind = KIND_FILE, .access = 2, .subject = STR("/bin/sh"),
				.object = STR("/etc/x"), .outcome = str_from(outcome), .rule = str_from(rule),
				.image = STR("cart"), .count = 2, .first_ns = time_ns, .last_ns = time_ns};
}

/* Two recordings, the second of an origin, with losses of their own. */
static void fill(struct store *s, int64_t *ret_workload)
{
	int64_t recording, second;
	OK(store_begin(s));
	OK(store_recording_add(s, &(struct recording){.source = STR("enforcer")}, &recording));
	OK(store_workload(s, &cart, ret_workload));
	const struct refusal added[] = {
		refusal_of(recording, "refused", "protect /etc/", 30), refusal_of(recording, "refused", "protect /etc/", 10),
		refusal_of(recording, "audited", "protect /etc/", 40), refusal_of(recording, "refused", "no file rule", 20),
	};
	for (size_t i = 0; i < ARRAY_SIZE(added); i++)
		OK(store_refusal_add(s, &cart, &added[i]));
	OK(store_recording_add(s, &(struct recording){.source = STR("enforcer"), .origin = STR("here")}, &second));
	OK(store_loss_add(s, second, "any", "ring full", 7));
	OK(store_loss_add(s, recording, "any", "ring full", 1));
	OK(store_commit(s));
}

static void test_refusals(void **state)
{
	const char *file = *state;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(store_close) struct store *s = NULL;
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct refusal *rows;
	size_t n = 1;
	int64_t workload;
	uint64_t lost;
	assert_int_equal(store_open(file, STORE_WRITE, &d, &s), 0);
	OK(store_refusals(s, a, 1, &rows, &n));
	assert_int_equal(n, 0);
	fill(s, &workload);

	OK(store_refusals(s, a, workload, &rows, &n));
	assert_int_equal(n, 3);
	assert_true(str_eq(rows[0].outcome, STR("audited")));
	assert_true(str_eq(rows[2].rule, STR("no file rule")));
	assert_true(str_eq(rows[1].rule, STR("protect /etc/")) && str_eq(rows[1].image, STR("cart")));
	assert_int_equal(rows[1].count, 4);
	assert_int_equal(rows[1].first_ns, 10);
	assert_int_equal(rows[1].last_ns, 30);
	OK(store_refusals(s, a, workload + 1, &rows, &n));
	assert_int_equal(n, 0);

	OK(store_lost_by(s, STR("here"), &lost));
	assert_int_equal(lost, 7);
	OK(store_lost_by(s, STR("elsewhere"), &lost));
	assert_int_equal(lost, 0);

	sqlite3 *db;
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "UPDATE refusal SET kind=77", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(store_refusals(s, a, workload, &rows, &n), -EUCLEAN);
}

static int make_file(void **state)
{
	static char file[] = "/tmp/test_store_refusals.XXXXXX";
	int fd = mkstemp(file);
	*state = file;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		CLEANUP_FREE char *name = xasprintf("%s%s", (const char *)*state, suffixes[i]);
		unlink(name);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_refusals, make_file, remove_file)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
