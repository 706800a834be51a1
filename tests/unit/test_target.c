/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/target.h"

static void parsed(void **state)
{
	(void)state;
	static const struct { const char *in, *out; } rows[] = {
		{"", "kernel=6.1,arch=x86_64,lsm=yes,kprobe-multi=yes,error-injection=no,kubernetes=yes,"
		     "parents-map=no,fs=overlay"},
		{"kernel=5.4", "kernel=5.4,arch=x86_64,lsm=no,kprobe-multi=no,error-injection=no,"
			       "kubernetes=yes,parents-map=no,fs=overlay"},
		{"arch=arm64,kernel=5.15", "kernel=5.15,arch=arm64,lsm=no,kprobe-multi=no,error-injection=no,"
					   "kubernetes=yes,parents-map=no,fs=overlay"},
		{"kernel=6.1.0-28-amd64,kprobe-multi=no,fs=xfs,error-injection=yes,kubernetes=no,lsm=no,"
		 "parents-map=yes", "kernel=6.1,arch=x86_64,lsm=no,kprobe-multi=no,error-injection=yes,"
		 "kubernetes=no,parents-map=yes,fs=xfs"},
		{"backend=signal", "kernel=6.1,arch=x86_64,lsm=yes,kprobe-multi=yes,error-injection=no,kubernetes=yes,"
				   "parents-map=no,fs=overlay,backend=signal"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP_BUF struct buf b = BUF_INIT;
		struct target t, again;
		assert_int_equal(target_parse(rows[i].in, &d, &t), 0);
		target_print(&t, &b);
		assert_string_equal(b.p, rows[i].out);
		assert_int_equal(target_parse(b.p, &d, &again), 0);
		assert_memory_equal(&t, &again, sizeof(t));
	}
}

static void refused(void **state)
{
	(void)state;
	static const char keys[] = "; write KEY=VALUE,... with keys kernel, arch, lsm, kprobe-multi, "
				   "error-injection, kubernetes, parents-map, fs, backend, or host";
	static const struct { const char *in, *message; bool all_keys; } rows[] = {
		{"kernel=six", "--target: kernel=six: write MAJOR.MINOR, such as 6.12", false},
		{"kernel=6", "--target: kernel=6: write MAJOR.MINOR, such as 6.12", false},
		{"kernel=6.300", "--target: kernel=6.300: write MAJOR.MINOR, such as 6.12", false},
		{"lsm=maybe", "--target: lsm=maybe: write yes or no", false},
		{"fs=zfs", "--target: fs=zfs: write overlay, tmpfs, ext4, xfs or btrfs", false},
		{"backend=kill", "--target: backend=kill: write lsm, fmod_ret or signal", false},
		{"lsm=no,lsm=yes", "--target: lsm is given twice", false},
		{"kern=6.1", "--target: unknown key in \"kern=6.1\"", true},
		{"lsm", "--target: unknown key in \"lsm\"", true},
		{"lsm=no,host", "--target: unknown key in \"host\"", true},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP_BUF struct buf want = BUF_INIT;
		struct target t;
		buf_printf(&want, "%s%s", rows[i].message, rows[i].all_keys ? keys : "");
		assert_int_equal(target_parse(rows[i].in, &d, &t), -EINVAL);
		assert_int_equal(d.n, 1);
		assert_string_equal(d.v[0].message, want.p);
	}
}

static void host(void **state)
{
	(void)state;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct target t, xfs;
	assert_int_equal(target_parse("host", &d, &t), 0);
	assert_true(t.kernel >= TARGET_KERNEL(4, 0));
	assert_int_equal(target_parse("host,fs=xfs,lsm=no", &d, &xfs), 0);
	assert_int_equal(xfs.fs, FS_XFS);
	assert_false(xfs.lsm);
	assert_int_equal(xfs.kernel, t.kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsed), cmocka_unit_test(refused), cmocka_unit_test(host),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
