// SPDX-License-Identifier: GPL-2.0-only
/*
 * The enforcer: one set of programs for all policies, found by the cgroup of the current task. Every hook of a back
 * end asks the same questions of judge*.h; they differ in what a refusal does:
 *
 *	lsm, fmod_ret    the call fails with EPERM
 *	signal           SIGKILL: an exec before its first instruction, an open after it has had its effect
 *	cgroup           connects and datagrams fail with EPERM, on every kernel
 *
 * stakeout-enforce loads those that this kernel takes (enforcer/backend.c).
 */
#include "bpf/judge_connect.h"
#include "bpf/judge_exec.h"
#include "bpf/syscalls.h"

char license_text[] SEC("license") = "GPL";

#define SIGKILL_ 9

/* ---- exec ---- */

static __always_inline int on_exec(struct linux_binprm *bprm, __u32 outcome, bool late)
{
	struct who w;
	note_copy(bpf_get_current_task_btf(), bprm->file, late);
	if (!find_who(&w) || !judges(&w, IMAGE_JUDGES_EXEC))
		return pass_exec(bpf_get_current_task_btf(), bprm->file, late);
	return judge_exec(&w, bprm->file, outcome, late);
}

/* Once for an exec, when its last interpreter is known and the caller's memory is still its own. */
SEC("lsm/bprm_creds_from_file")
int BPF_PROG(lsm_exec, struct linux_binprm *bprm)
{
	return on_exec(bprm, ENFORCE_REFUSED, false) ? -EPERM_ : 0;
}

SEC("fmod_ret/security_bprm_creds_from_file")
int BPF_PROG(fmod_exec, struct linux_binprm *bprm)
{
	return on_exec(bprm, ENFORCE_REFUSED, false) ? -EPERM_ : 0;
}

/* 6.10 and newer: the same moment. */
SEC("tp_btf/sched_prepare_exec")
int BPF_PROG(signal_exec, struct task_struct *task, struct linux_binprm *bprm)
{
	if (on_exec(bprm, ENFORCE_KILLED, false))
		bpf_send_signal(SIGKILL_);
	return 0;
}

/* Older: the caller's program is gone already. By itself it serves no policy that depends on it; behind fmod_ret see judge_exec.h. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(signal_exec_late, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	if (on_exec(bprm, ENFORCE_KILLED, true))
		bpf_send_signal(SIGKILL_);
	return 0;
}

/* Behind fmod_ret, where all of that can be left out: for the one above. */
SEC("tp_btf/sys_enter")
int BPF_PROG(note_exec, struct pt_regs *regs, long number)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (is_exec_call(task, number))
		note_caller(task);
	return 0;
}

/* ---- files ---- */

#define FMODE_NOACCOUNT_ 0x20000000

static __always_inline int on_path(const struct path *p, __u32 asked, __u32 outcome)
{
	struct who w;
	if (!find_who(&w) || !judges(&w, IMAGE_JUDGES_FILE))
		return 0;
	return judge_file(&w, p, asked, outcome);
}

/* What is judged of an open's accesses: appending is writing, whatever the descriptor can do. */
static __always_inline __u32 changes_of(__u32 access)
{
	if (access & WIRE_ACCESS_APPEND)
		access |= WIRE_ACCESS_WRITE;
	return access & CHANGES;
}

static __always_inline int on_open(struct file *f)
{
	__u32 asked = changes_of(access_of(f->f_flags));
	if (!asked || (f->f_mode & FMODE_NOACCOUNT_))
		return 0;
	return on_path(&f->f_path, asked, ENFORCE_REFUSED) ? -EPERM_ : 0;
}

/* A name in a folder. The two as one path live on the stack: the walk reads them as it reads all memory. */
static __always_inline int on_name(const struct path *dir, struct dentry *name, __u32 asked)
{
	struct who w;
	if (!find_who(&w) || !judges(&w, IMAGE_JUDGES_FILE))
		return 0;
	struct path p = {};
	p.mnt = (void *)WORD(dir, struct path, mnt);
	p.dentry = name;
	return judge_file(&w, &p, asked, ENFORCE_REFUSED) ? -EPERM_ : 0;
}

static __always_inline int on_change(const struct path *p, __u32 asked)
{
	return on_path(p, asked, ENFORCE_REFUSED) ? -EPERM_ : 0;
}

/* The same hook as LSM program and as return modifier. */
#define HOOK(name, hook, params, call)                                                             \
	SEC("lsm/" #hook)                                                                          \
	int BPF_PROG(lsm_##name, PARAMS params)                                                    \
	{                                                                                          \
		return call;                                                                       \
	}                                                                                          \
	SEC("fmod_ret/security_" #hook)                                                            \
	int BPF_PROG(fmod_##name, PARAMS params)                                                   \
	{                                                                                          \
		return call;                                                                       \
	}
#define PARAMS(...) __VA_ARGS__

HOOK(open, file_open, (struct file *f), on_open(f))
HOOK(unlink, path_unlink, (const struct path *dir, struct dentry *name), on_name(dir, name, WIRE_ACCESS_UNLINK))
HOOK(rmdir, path_rmdir, (const struct path *dir, struct dentry *name), on_name(dir, name, WIRE_ACCESS_UNLINK))
HOOK(mkdir, path_mkdir, (const struct path *dir, struct dentry *name), on_name(dir, name, WIRE_ACCESS_CREATE))
HOOK(mknod, path_mknod, (const struct path *dir, struct dentry *name), on_name(dir, name, WIRE_ACCESS_CREATE))
HOOK(symlink, path_symlink, (const struct path *dir, struct dentry *name), on_name(dir, name, WIRE_ACCESS_CREATE))
HOOK(link, path_link, (struct dentry *old, const struct path *dir, struct dentry *name),
     on_name(dir, old, WIRE_ACCESS_LINK) ?: on_name(dir, name, WIRE_ACCESS_LINK))
HOOK(rename, path_rename,
     (const struct path *old_dir, struct dentry *old, const struct path *dir, struct dentry *name),
     on_name(old_dir, old, WIRE_ACCESS_RENAME) ?: on_name(dir, name, WIRE_ACCESS_RENAME))
HOOK(chmod, path_chmod, (const struct path *p), on_change(p, WIRE_ACCESS_CHMOD))
HOOK(chown, path_chown, (const struct path *p), on_change(p, WIRE_ACCESS_CHMOD))
HOOK(truncate, path_truncate, (const struct path *p), on_change(p, WIRE_ACCESS_TRUNCATE))
HOOK(ftruncate, file_truncate, (struct file *f), on_change(&f->f_path, WIRE_ACCESS_TRUNCATE))

#define FMODE_CREATED_ 0x100000

/* The file's own flags tell how it is open, its mode whether it was made; that it was emptied nothing tells. */
static __always_inline __u32 access_of_file(struct file *f)
{
	__u32 made = WORD(f, struct file, f_mode) & FMODE_CREATED_ ? WIRE_ACCESS_CREATE : 0;
	return access_of((__u32)WORD(f, struct file, f_flags)) | made;
}

/* openat2's flags lie in the caller's memory, where it can change them meanwhile. Most are under no policy. */
static __noinline int signal_open(struct task_struct *task, long fd, long flags, __u64 how)
{
	struct who w;
	if (!find_who(&w) || !judges(&w, IMAGE_JUDGES_FILE))
		return 0;
	struct file *f = have_cast ? file_of(true, task, fd) : file_of(false, task, fd);
	__u32 asked = flags == FLAGS_IN_HOW ? 0 : access_of(flags);
	if (f && flags == FLAGS_IN_HOW)
		asked = access_of(flags_in_how(f, how)) | access_of_file(f);
	asked = changes_of(asked);
	if (!asked)
		return 0;
	if (!f) {
		lose(ENFORCE_LOSS_FILE);
		return refuse_unseen(&w, ENFORCE_FILE);
	}
	return judge_file(&w, &f->f_path, asked, ENFORCE_KILLED_AFTER);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(signal_file, struct pt_regs *regs, long ret)
{
	__u64 how = 0;
	if (ret < 0)
		return 0;
	long flags = open_flags(regs, &how);
	if (flags == NOT_AN_OPEN || (flags != FLAGS_IN_HOW && !changes_of(access_of(flags))))
		return 0;
	if (signal_open(bpf_get_current_task_btf(), ret, flags, how))
		bpf_send_signal(SIGKILL_);
	return 0;
}

/* ---- connects ---- */

static __always_inline int connect_v4(struct bpf_sock_addr *ctx)
{
	struct remote to = {.family = 4, .protocol = ctx->protocol, .port = bpf_ntohs(ctx->user_port)};
	__u32 address = ctx->user_ip4;
	__builtin_memcpy(to.address, &address, 4);
	return !judge_connect(&to);
}

static __always_inline int connect_v6(struct bpf_sock_addr *ctx)
{
	struct remote to = {.family = 6, .protocol = ctx->protocol, .port = bpf_ntohs(ctx->user_port)};
	__u32 address[4] = {ctx->user_ip6[0], ctx->user_ip6[1], ctx->user_ip6[2], ctx->user_ip6[3]};
	__builtin_memcpy(to.address, address, 16);
	return !judge_connect(&to);
}

SEC("cgroup/connect4")
int connect_4(struct bpf_sock_addr *ctx)
{
	return connect_v4(ctx);
}

SEC("cgroup/connect6")
int connect_6(struct bpf_sock_addr *ctx)
{
	return connect_v6(ctx);
}

SEC("cgroup/sendmsg4")
int sendmsg_4(struct bpf_sock_addr *ctx)
{
	return connect_v4(ctx);
}

SEC("cgroup/sendmsg6")
int sendmsg_6(struct bpf_sock_addr *ctx)
{
	return connect_v6(ctx);
}

/* A UDP-Lite socket connects without a word to anybody, so none is made where connects are judged. */
SEC("cgroup/sock_create")
int make_socket(struct bpf_sock *ctx)
{
	if (ctx->protocol != MATCH_UDPLITE)
		return 1;
	struct remote to = {.family = ctx->family == 2 ? 4 : 6, .protocol = MATCH_UDPLITE};
	return !judge_socket(&to);
}

/* ---- guards ---- */

static __always_inline int on_guard(__u32 guard, __u32 outcome)
{
	struct who w;
	if (!find_who(&w) || !(ENFORCE_GUARDS(w.word) & guard))
		return 0;
	struct scratch *s = scratch_get();
	if (!s)
		return refuse_unseen(&w, ENFORCE_GUARD) ? -EPERM_ : 0;
	int refused = 0;
	s->slot = ENFORCE_SLOT(w.word);
	s->judges_exec = judges(&w, IMAGE_JUDGES_EXEC);
	bool passes = guard == IMAGE_GUARD_MOUNT && runtime_acts(s, w.task);
	if (!passes && !is_exempt(w.task, NULL)) {
		s->refusal.object_length = 0;
		s->refusal.flags = 0;
		s->refusal.access = guard;
		s->place = ENFORCE_HITS_GUARDS + __builtin_ctz(guard);
		refused = refuse(s, &w, ENFORCE_GUARD, outcome);
	}
	scratch_put(s);
	return refused ? -EPERM_ : 0;
}

enum kernel_read_file_id { READING_MODULE = 2 };
enum kernel_load_data_id { LOADING_MODULE = 2 };
#define PTRACE_MODE_ATTACH_ 2

static __always_inline int on_read_file(enum kernel_read_file_id id)
{
	return id == bpf_core_enum_value(enum kernel_read_file_id, READING_MODULE) ?
	       on_guard(IMAGE_GUARD_KERNEL_MODULE, ENFORCE_REFUSED) : 0;
}

static __always_inline int on_load_data(enum kernel_load_data_id id)
{
	return id == bpf_core_enum_value(enum kernel_load_data_id, LOADING_MODULE) ?
	       on_guard(IMAGE_GUARD_KERNEL_MODULE, ENFORCE_REFUSED) : 0;
}

static __always_inline int on_setuid(struct cred *new, const struct cred *old)
{
	return new->uid.val == 0 && old->uid.val != 0 ? on_guard(IMAGE_GUARD_RAISE_PRIVILEGE, ENFORCE_REFUSED) : 0;
}

static __always_inline int on_user_namespace(const struct cred *cred)
{
	return WORD(cred, struct cred, cap_effective) >> CAP_SYS_ADMIN_ & 1 ?
	       0 : on_guard(IMAGE_GUARD_RAISE_PRIVILEGE, ENFORCE_REFUSED);
}

HOOK(read_file, kernel_read_file, (struct file *f, enum kernel_read_file_id id), on_read_file(id))
HOOK(load_data, kernel_load_data, (enum kernel_load_data_id id), on_load_data(id))
HOOK(ptrace, ptrace_access_check, (struct task_struct *child, unsigned int mode),
     mode & PTRACE_MODE_ATTACH_ ? on_guard(IMAGE_GUARD_PTRACE, ENFORCE_REFUSED) : 0)
HOOK(traceme, ptrace_traceme, (struct task_struct *parent), on_guard(IMAGE_GUARD_PTRACE, ENFORCE_REFUSED))
HOOK(mount, sb_mount, (const char *name), on_guard(IMAGE_GUARD_MOUNT, ENFORCE_REFUSED))
HOOK(move_mount, move_mount, (const struct path *from), on_guard(IMAGE_GUARD_MOUNT, ENFORCE_REFUSED))
HOOK(pivot, sb_pivotroot, (const struct path *old), on_guard(IMAGE_GUARD_MOUNT, ENFORCE_REFUSED))
HOOK(setuid, task_fix_setuid, (struct cred *new, const struct cred *old), on_setuid(new, old))
HOOK(bpf, bpf, (int command), on_guard(IMAGE_GUARD_BPF, ENFORCE_REFUSED))

SEC("lsm/userns_create")
int BPF_PROG(lsm_userns, const struct cred *cred)
{
	return on_user_namespace(cred);
}

SEC("fmod_ret/security_create_user_ns")
int BPF_PROG(fmod_userns, const struct cred *cred)
{
	return on_user_namespace(cred);
}

/* ---- cgroups come and go ---- */

static __always_inline bool is_v2(struct cgroup *cgroup)
{
	return cgroup->root->hierarchy_id == 0;
}

/* The id as find_who() has it; 0: of a hierarchy that policies do not go by. */
static __always_inline __u64 policy_id(struct cgroup *cgroup, struct kernfs_node *node)
{
	__u64 id = node ? BPF_CORE_READ(node, id) : 0;
	if (is_v2(cgroup))
		return id;
	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return 0;
	__u64 memory = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	__u64 state_at = 0;
	bpf_probe_read_kernel(&state_at, sizeof(state_at), (void *)cgroup +
			      bpf_core_field_offset(struct cgroup, subsys) + memory * sizeof(void *));
	return state_at && id ? id | ENFORCE_CGROUP_V1 : 0;
}

/* Before any task can be in it: a child is under its parent's policy. */
SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cgroup_made, struct cgroup *cgroup, const char *path)
{
	struct kernfs_node *node = cgroup->kn;
	__u64 parent = policy_id(cgroup, node_parent(node)), id = policy_id(cgroup, node);
	__u32 *number = parent ? bpf_map_lookup_elem(&cgroups, &parent) : NULL;
	struct enforce_state *st = state_now();
	if (st)
		__sync_fetch_and_add(&st->made, 1);
	if (number && id && bpf_map_update_elem(&cgroups, &id, number, BPF_ANY))
		lose(ENFORCE_LOSS_CGROUP);
	return 0;
}

SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_gone, struct cgroup *cgroup, const char *path)
{
	__u64 id = policy_id(cgroup, cgroup->kn);
	if (id)
		bpf_map_delete_elem(&cgroups, &id);
	return 0;
}

/* ---- the loader's questions ---- */

/* Run by a test-run call, never attached: which file the running program is, as the kernel numbers it. */
SEC("raw_tp")
int learn_self(void *ctx)
{
	struct enforce_state *st = state_now();
	if (st)
		identify(&st->exempt[0], inode_of(exe_of(bpf_get_current_task_btf())));
	return 0;
}

/* Likewise: the file of a descriptor of the caller's is a runtime's, to be noted in a place; without one the place is free. */
SEC("raw_tp")
int learn_runtime(struct bpf_raw_tracepoint_args *ctx)
{
	struct enforce_state *st = state_now();
	long fd = (int)ctx->args[0];
	__u64 place = ctx->args[1];
	if (!st || place >= ENFORCE_RUNTIMES_MAX)
		return 0;
	struct enforce_runtime found = {}, *r = &st->runtimes[place];
	struct file *f = NULL;
	if (fd >= 0)
		f = have_cast ? file_of(true, bpf_get_current_task_btf(), fd) : file_of(false, bpf_get_current_task_btf(), fd);
	if (f && identify(&found.file, inode_of(f))) {
		const struct mount *m = (void *)WORD(f, struct file, f_path.mnt) - bpf_core_field_offset(struct mount, mnt);
		found.namespace = number_of_namespace((void *)WORD(m, struct mount, mnt_ns));
	}
	if (is_same(&found.file, &r->file) && found.namespace == r->namespace)
		return 0;
	/* In this order none who reads meanwhile sees a mixture. */
	__sync_lock_test_and_set(&r->file.inode, 0);
	r->file.device = found.file.device;
	r->file.generation = found.file.generation;
	r->namespace = found.namespace;
	__sync_lock_test_and_set(&r->file.inode, found.file.inode);
	return 0;
}
