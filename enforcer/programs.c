/* SPDX-License-Identifier: GPL-2.0-only */
#include "enforcer/programs.h"

#include <assert.h>

#define LSM    BACKEND_BIT(ENFORCE_BACKEND_LSM)
#define FMOD   BACKEND_BIT(ENFORCE_BACKEND_FMOD_RET)
#define SIGNAL BACKEND_BIT(ENFORCE_BACKEND_SIGNAL)

#define BOTH_AS(name, need, hook, function, optional)                                              \
	{"lsm_" name, LSM, need, "bpf_lsm_" hook, optional, 0},                                    \
	{"fmod_" name, FMOD, need, "security_" function, optional, 0}
#define BOTH(name, need, hook, optional) BOTH_AS(name, need, hook, hook, optional)

const struct program programs[] = {
	BOTH("exec", IMAGE_JUDGES_EXEC, "bprm_creds_from_file", false),
	/* One of the two: programs.c keeps the order, machine.c takes the first whose target is there. */
	{"signal_exec", SIGNAL, IMAGE_JUDGES_EXEC, "btf_trace_sched_prepare_exec", true, 0},
	{"signal_exec_late", SIGNAL, IMAGE_JUDGES_EXEC, "btf_trace_sched_process_exec", true, 0},
	{"note_exec", BACKEND_BEHIND, IMAGE_JUDGES_EXEC, "btf_trace_sys_enter", true, 0},     /* for the later */
	BOTH("open", IMAGE_JUDGES_FILE, "file_open", false),
	BOTH("unlink", IMAGE_JUDGES_FILE, "path_unlink", false),
	BOTH("rmdir", IMAGE_JUDGES_FILE, "path_rmdir", false),
	BOTH("mkdir", IMAGE_JUDGES_FILE, "path_mkdir", false),
	BOTH("mknod", IMAGE_JUDGES_FILE, "path_mknod", false),
	BOTH("symlink", IMAGE_JUDGES_FILE, "path_symlink", false),
	BOTH("link", IMAGE_JUDGES_FILE, "path_link", false),
	BOTH("rename", IMAGE_JUDGES_FILE, "path_rename", false),
	BOTH("chmod", IMAGE_JUDGES_FILE, "path_chmod", false),
	BOTH("chown", IMAGE_JUDGES_FILE, "path_chown", false),
	BOTH("truncate", IMAGE_JUDGES_FILE, "path_truncate", false),
	BOTH("ftruncate", IMAGE_JUDGES_FILE, "file_truncate", true),     /* 6.2; before, path_truncate is asked */
	{"signal_file", SIGNAL, IMAGE_JUDGES_FILE, "btf_trace_sys_exit", false, 0},
	{"connect_4", BACKEND_ANY, IMAGE_JUDGES_CONNECT, NULL, false, BPF_CGROUP_INET4_CONNECT},
	{"connect_6", BACKEND_ANY, IMAGE_JUDGES_CONNECT, NULL, false, BPF_CGROUP_INET6_CONNECT},
	{"sendmsg_4", BACKEND_ANY, IMAGE_JUDGES_CONNECT, NULL, false, BPF_CGROUP_UDP4_SENDMSG},
	{"sendmsg_6", BACKEND_ANY, IMAGE_JUDGES_CONNECT, NULL, false, BPF_CGROUP_UDP6_SENDMSG},
	{"make_socket", BACKEND_ANY, IMAGE_JUDGES_CONNECT, NULL, false, BPF_CGROUP_INET_SOCK_CREATE},
	BOTH("read_file", NEED_GUARD(IMAGE_GUARD_KERNEL_MODULE), "kernel_read_file", false),
	BOTH("load_data", NEED_GUARD(IMAGE_GUARD_KERNEL_MODULE), "kernel_load_data", false),
	BOTH("ptrace", NEED_GUARD(IMAGE_GUARD_PTRACE), "ptrace_access_check", false),
	BOTH("traceme", NEED_GUARD(IMAGE_GUARD_PTRACE), "ptrace_traceme", false),
	BOTH("mount", NEED_GUARD(IMAGE_GUARD_MOUNT), "sb_mount", false),
	BOTH("move_mount", NEED_GUARD(IMAGE_GUARD_MOUNT), "move_mount", false),
	BOTH("pivot", NEED_GUARD(IMAGE_GUARD_MOUNT), "sb_pivotroot", false),
	BOTH("setuid", NEED_GUARD(IMAGE_GUARD_RAISE_PRIVILEGE), "task_fix_setuid", false),
	BOTH("bpf", NEED_GUARD(IMAGE_GUARD_BPF), "bpf", false),
	BOTH_AS("userns", NEED_GUARD(IMAGE_GUARD_RAISE_PRIVILEGE), "userns_create", "create_user_ns", true),  /* 6.1 */
	{"cgroup_made", BACKEND_ANY, NEED_ALWAYS, "btf_trace_cgroup_mkdir", false, 0},
	{"cgroup_gone", BACKEND_ANY, NEED_ALWAYS, "btf_trace_cgroup_rmdir", false, 0},
	{"learn_self", BACKEND_ANY, NEED_LOADER, NULL, false, 0},
	{"learn_runtime", BACKEND_ANY, NEED_LOADER, NULL, false, 0},
};
const size_t nprograms = ARRAY_SIZE(programs);
_Static_assert(ARRAY_SIZE(programs) <= PROGRAMS_MAX, "a link for each");
_Static_assert((int)MACHINE_TABLES == ENFORCE_TABLES, "ABI");

static const char *const backends[ENFORCE_BACKENDS] = {
	[ENFORCE_BACKEND_NONE] = "none", [ENFORCE_BACKEND_LSM] = "lsm",
	[ENFORCE_BACKEND_FMOD_RET] = "fmod_ret", [ENFORCE_BACKEND_SIGNAL] = "signal",
};

const char *backend_name(enum enforce_backend b)
{
	return b < ENFORCE_BACKENDS ? backends[b] : "unknown";
}

int backend_from(const char *name)
{
	for (int b = ENFORCE_BACKEND_LSM; b < ENFORCE_BACKENDS; b++)
		if (!strcmp(backends[b], name))
			return b;
	return -1;
}

bool program_of(const struct program *p, enum enforce_backend b, size_t copy, bool preempts)
{
	if (copy == 0)
		return p->backends & BACKEND_BIT(b);
	if (b != ENFORCE_BACKEND_FMOD_RET)
		return false;
	if (copy == 1 && p->backends == BACKEND_BEHIND)
		return preempts;
	if (copy == 1 && p->backends == SIGNAL)
		return preempts || p->need == IMAGE_JUDGES_EXEC;
	return preempts && p->backends == FMOD;
}

size_t program_number(const char *name)
{
	size_t i = 0;
	while (i < nprograms && strcmp(programs[i].name, name))
		i++;
	assert(i < nprograms);
	return i;
}

const char *const machine_map_names[MACHINE_MAPS] = {
	[MACHINE_PATHS] = "paths",           [MACHINE_BYTES] = "bytes",
	[MACHINE_EXEC_PAIRS] = "exec_pairs", [MACHINE_FILE_PAIRS] = "file_pairs",
	[MACHINE_NET4] = "net4",             [MACHINE_NET6] = "net6",
	[MACHINE_PORTS] = "ports",           [MACHINE_PATH_HITS] = "path_hits",
	[MACHINE_PORT_HITS] = "port_hits",   [MACHINE_FILTERS] = "filters",
	[MACHINE_CGROUPS] = "cgroups",
	[MACHINE_WORKLOADS] = "workloads",   [MACHINE_REFUSALS] = "refusals",
	[MACHINE_STATE] = "state",           [MACHINE_NAMES] = "names",
	[MACHINE_VOUCHED] = "vouched",       [MACHINE_CALLERS] = "callers",
	[MACHINE_RECENT] = "recent",         [MACHINE_COPIES] = "copies",
};
