// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sensor: exec, fork, exit, files, connects, binds and guards, from tracepoints with typed arguments, from cgroup
 * socket-address hooks and from the kernel's security hooks. All kinds go the same way:
 *
 *	key = mix(seed, epoch, cgroup, image, object, access)   identity from kernel pointers: no path yet
 *	key in `seen`?               count there, done    the common case, no text touched
 *	tell image and cgroup, if they were not told      records that later ones refer to
 *	walk the path, send the record
 *	the ring took it?            insert into `seen`   so a full ring delays, never forgets
 */
#include "bpf/processes.h"
#include "bpf/sockets.h"
#include "bpf/files_calls.h"
#include "bpf/lsm.h"

char license_text[] SEC("license") = "GPL";

/* ---- the consumer's questions ---- */

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_gone, struct cgroup *cgroup, const char *path)
{
	__u64 id = cgroup->kn->id, v1 = id | WIRE_CGROUP_V1;
	bpf_map_delete_elem(&cgroups, &id);
	bpf_map_delete_elem(&cgroups, &v1);
	bpf_map_delete_elem(&unwanted, &id);
	bpf_map_delete_elem(&unwanted, &v1);
	return 0;
}

/* Loaded instead of the others on request: what the hooks alone cost. */
SEC("tp_btf/sys_exit")
int empty_file(void *ctx)
{
	return 0;
}

SEC("lsm/file_open")
int empty_open(void *ctx)
{
	return 0;
}

SEC("tp_btf/sched_process_exec")
int empty_exec(void *ctx)
{
	return 0;
}

SEC("tp_btf/sched_process_fork")
int empty_fork(void *ctx)
{
	return 0;
}

SEC("tp_btf/sched_process_exit")
int empty_exit(void *ctx)
{
	return 0;
}

/* Run by a test-run call, never attached: the consumer's pid in the initial namespace. */
SEC("raw_tp")
int whoami(void *ctx)
{
	whoami_pid = bpf_get_current_pid_tgid() >> 32;
	return 0;
}
