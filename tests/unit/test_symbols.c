/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "schema/base/io.h"
#include "schema/symbols.h"

static void found(void **state)
{
	(void)state;
	static const struct { const char *list; uint64_t renames, mounts; } rows[] = {
		{"ffffffff81000000 T _text\nffffffff82abc040 D rename_lock\nffffffff82abc080 d mount_lock\n", 0xffffffff82abc040, 0xffffffff82abc080},
		{"ffffffff82abc040 D rename_lock\nffffffff82abc048 D rename_lock_of\n", 0xffffffff82abc040, 0},
		{"0000000000000000 D rename_lock\n0000000000000000 D mount_lock\n", 0, 0},
		{"ffffffff82abc040 D rename_lock\nffffffff82abc048 D rename_lock\nffffffff82abc050 D rename_lock\nffffffff82abc080 d mount_lock\n", 0, 0xffffffff82abc080},
		{"ffffffff82abc080 d mount_lock\nffffffffc0000010 d rename_lock\t[zfs]\nffffffffc0000020 d mount_lock\t[zfs]\n", 0, 0xffffffff82abc080},
		{"\n[\n", 0, 0},
		{"", 0, 0},
		{"rename_lock\nxyz D rename_lock\nffffffff82abc080 d mount_lock", 0, 0xffffffff82abc080},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char file[] = "/tmp/stakeout-symbols.XXXXXX";
		struct kernel_symbol s[] = {{.name = "rename_lock", .address = 1}, {.name = "mount_lock", .several = true}};
		int fd = mkstemp(file);
		assert_true(fd >= 0);
		assert_int_equal(write_all(fd, rows[i].list, strlen(rows[i].list)), 0);
		close(fd);
		kernel_symbols(file, s, 2);
		unlink(file);
		assert_int_equal(s[0].address, rows[i].renames);
		assert_int_equal(s[1].address, rows[i].mounts);
	}
}

static void none(void **state)
{
	(void)state;
	struct kernel_symbol s = {.name = "rename_lock", .address = 1};
	kernel_symbols("/nowhere/kallsyms", &s, 1);
	assert_int_equal(s.address, 0);
}

static void of_this_kernel(void **state)
{
	(void)state;
	struct kernel_counts c = kernel_counts();
	assert_int_equal(!c.renames, !c.mounts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found), cmocka_unit_test(none), cmocka_unit_test(of_this_kernel),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
