/* SPDX-License-Identifier: GPL-2.0-only */
/* Logs of refused loads, as libbpf and kernels wrote them, and what is made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "schema/refusal.h"
#include "schema/base/buf.h"

#define REPORT "\nNo setting here causes this: please report these lines, with the kernel's version"

static const struct {
	const char *log;
	int err;
	const char *said;
} rows[] = {
	{"libbpf: prog 'bad_one': BPF program load failed: Permission denied\n"
	 "libbpf: prog 'bad_one': -- BEGIN PROG LOAD LOG --\n"
	 "arg#0 reference type('UNKNOWN ') size cannot be determined: -22\n"
	 "; SEC(\"raw_tp/sys_exit\") int bad_one(void *ctx) @ bad.bpf.c:5\n"
	 "4: (18) r1 = 0xffff8881598d7a00       ; R1=map_ptr(map=m,ks=4,vs=8)\n"
	 "7: (15) if r0 == 0x0 goto pc+1        ; R0=map_value(map=m,ks=4,vs=8)\n"
	 "8: (79) r6 = *(u64 *)(r0 +72)\n"
	 "invalid access to map value, value_size=8 off=72 size=8\n"
	 "R0 min value is outside of the allowed memory range\n"
	 "processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
	 "-- END PROG LOAD LOG --\n"
	 "libbpf: prog 'bad_one': failed to load: -13\n"
	 "libbpf: failed to load object 'bad.o'\n",
	 EACCES,
	 "prog 'bad_one': BPF program load failed: Permission denied\n"
	 "7: (15) if r0 == 0x0 goto pc+1        ; R0=map_value(map=m,ks=4,vs=8)\n"
	 "8: (79) r6 = *(u64 *)(r0 +72)\n"
	 "invalid access to map value, value_size=8 off=72 size=8\n"
	 "R0 min value is outside of the allowed memory range" REPORT},
	{"libbpf: prog 'exec_sched': BPF program load failed: Argument list too long\n"
	 "libbpf: prog 'exec_sched': -- BEGIN PROG LOAD LOG --\n"
	 "BPF program is too large. Processed 1000001 insn\n"
	 "verification time 9013370 usec\nstack depth 192+0+0\n"
	 "processed 1000001 insns (limit 1000000) max_states_per_insn 31 total_states 20000 peak_states 900 mark_read 7\n"
	 "-- END PROG LOAD LOG --\n",
	 E2BIG,
	 "prog 'exec_sched': BPF program load failed: Argument list too long\n"
	 "BPF program is too large. Processed 1000001 insn" REPORT},
	{"libbpf: Error in bpf_object__probe_loading():Operation not permitted(1). Couldn't load trivial BPF program. Make sure your "
	 "kernel supports BPF (CONFIG_BPF_SYSCALL=y) and/or that RLIMIT_MEMLOCK is set to big enough value.\n"
	 "libbpf: permission error while running as root; try raising 'ulimit -l'? current value: 8.0 MiB\n",
	 EPERM,
	 "Operation not permitted\n"
	 "Kernel lockdown, a security module, or a container without these rights may forbid it: try as root on the host itself"},
	{"libbpf: map 'seen': failed to create: Cannot allocate memory(-12)\nlibbpf: failed to load object 'sensor_bpf'\n", ENOMEM,
	 "map 'seen': failed to create: Cannot allocate memory(-12)\n"
	 "The kernel found no memory for it: free some, or raise the memory limit of the cgroup that this runs in"},
	{"libbpf: map 'paths': failed to create: Too many open files(-24)\n", EMFILE,
	 "map 'paths': failed to create: Too many open files(-24)\n"
	 "Too many files are open: raise their limit (ulimit -n, LimitNOFILE= of a unit)"},
	{"libbpf: prog 'file_sys_exit': BPF program load failed: Invalid argument\n"
	 "libbpf: prog 'file_sys_exit': -- BEGIN PROG LOAD LOG --\n"
	 "1978: (85) call bpf_probe_read#4\nprogram of this type cannot use helper bpf_probe_read#4\n"
	 "processed 812 insns (limit 1000000) max_states_per_insn 4 total_states 37 peak_states 37 mark_read 9\n"
	 "-- END PROG LOAD LOG --\n",
	 EINVAL,
	 "prog 'file_sys_exit': BPF program load failed: Invalid argument\n"
	 "1978: (85) call bpf_probe_read#4\nprogram of this type cannot use helper bpf_probe_read#4\n"
	 "The kernel is in lockdown 'confidentiality', which forbids to look at its memory: live recording needs "
	 "lockdown=integrity or none; 'stakeout ingest' works without it"},
	{"libbpf: prog 'cut", EINVAL,
	 "Invalid argument\nThis kernel lacks something that live recording needs; 'stakeout ingest' works without it"},
	{"", ENOTSUP,
	 "Operation not supported\nThis kernel lacks something that live recording needs; 'stakeout ingest' works without it"},
};

static void says_what_was_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP_BUF struct buf b = BUF_INIT;
		refusal_tell(&d, "refused", "live recording", "; 'stakeout ingest' works without it", str_from(rows[i].log),
			     rows[i].err);
		for (size_t k = 0; k < d.n; k++)
			buf_printf(&b, "%s%s", k ? "\n" : "", d.v[k].message);
		assert_int_equal(d.errors, 1);
		assert_string_equal(b.p + strlen("refused: "), rows[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(says_what_was_refused)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
