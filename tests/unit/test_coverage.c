/* SPDX-License-Identifier: GPL-2.0-only */
/* What a recording's list of hooks says of an access, and what a kind lacks in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/coverage.h"
#include "schema/event.h"

static void tells_accesses(void **state)
{
	static const struct {
		const char *hooks;
		uint32_t access;
		enum coverage wanted;
	} rows[] = {
		{"exec=tp_btf/sched_process_exec file=lsm/file_open,path_unlink", ACCESS_UNLINK, COVERAGE_SEEN},
		{"file=fentry/file_open", ACCESS_RENAME, COVERAGE_SEEN},
		{"file=lsm/file_open", ACCESS_PATH_ONLY, COVERAGE_MISSED},
		{"file=calls/sys_exit", ACCESS_PATH_ONLY, COVERAGE_SEEN},
		{"file=calls/sys_exit", ACCESS_WRITE, COVERAGE_SEEN},
		{"file=calls/sys_exit", ACCESS_UNLINK, COVERAGE_BARE},
		{"file=calls/sys_exit", ACCESS_TRUNCATE, COVERAGE_TYPED},
		{"file=calls/sys_exit guard=lsm/sb_mount", ACCESS_CHMOD, COVERAGE_TYPED},
		{"exec=tp_btf/sched_process_exec", ACCESS_WRITE, COVERAGE_MISSED},
		{"file=tp_btf/sys_exit", ACCESS_UNLINK, COVERAGE_MISSED},
		{"", ACCESS_WRITE, COVERAGE_MISSED},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(coverage_of_access(str_from(rows[i].hooks), rows[i].access), rows[i].wanted);
}

static void says_it_in_words(void **state)
{
	CLEANUP_BUF struct buf hooks = BUF_INIT, calls = BUF_INIT, none = BUF_INIT;
	(void)state;
	coverage_lacks("file", COVERAGE_HOOKS, &hooks);
	assert_non_null(strstr(hooks.p, "file not seen: opens with O_PATH;"));
	assert_null(strstr(hooks.p, "typed"));
	coverage_lacks("file", COVERAGE_CALLS, &calls);
	assert_non_null(strstr(calls.p, "file not seen: opens by io_uring;"));
	assert_non_null(strstr(calls.p, ". file, only as typed: cutting by name;"));
	assert_non_null(strstr(calls.p, ". file, as typed unless by a bare name in an open or the working folder: making files"));
	assert_null(strstr(calls.p, "O_PATH"));
	coverage_lacks("connect", COVERAGE_CALLS, &none);
	assert_int_equal(none.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_accesses),
		cmocka_unit_test(says_it_in_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
