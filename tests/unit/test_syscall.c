/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers of system calls by name; against this machine's own headers where it has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "schema/syscall.h"

static const struct {
	enum syscall_abi abi;
	const char *name;
	int number;
} rows[] = {
	{SYSCALL_X86_64, "read", 0},          {SYSCALL_X86_64, "sys_execve", 59},   {SYSCALL_X86_64, "__x64_sys_execveat", 322},
	{SYSCALL_X86_64, "newstat", 4},       {SYSCALL_X86_64, "sys_nothing", -1},  {SYSCALL_X86_64, "", -1},
	{SYSCALL_I386, "__ia32_sys_write", 4}, {SYSCALL_I386, "execve", 11},        {SYSCALL_I386, "__ia32_compat_sys_openat", 295},
	{SYSCALL_ARM64, "__arm64_sys_execve", 221}, {SYSCALL_ARM64, "open", -1},    {SYSCALL_ARM64, "lseek", 62},
};

static void numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (syscall_number(rows[i].abi, str_from(rows[i].name)) != rows[i].number)
			fail_msg("%s is %d, not %d", rows[i].name, syscall_number(rows[i].abi, str_from(rows[i].name)),
				 rows[i].number);
#if defined(__x86_64__)
	assert_int_equal(syscall_number(SYSCALL_X86_64, STR("openat2")), SYS_openat2);
	assert_int_equal(syscall_number(SYSCALL_X86_64, STR("unshare")), SYS_unshare);
#elif defined(__aarch64__)
	assert_int_equal(syscall_number(SYSCALL_ARM64, STR("openat2")), SYS_openat2);
	assert_int_equal(syscall_number(SYSCALL_ARM64, STR("unshare")), SYS_unshare);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(numbers)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
