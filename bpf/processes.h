/* SPDX-License-Identifier: GPL-2.0-only */
/* Program starts, forks and ends. */
#pragma once

#include "bpf/objects.h"

static __always_inline struct pid_namespace *namespace_of(struct task_struct *task, __u32 *ret_level,
							  __u32 *ret_pid)
{
	struct upid in = {};
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	*ret_level = BPF_CORE_READ(pid, level);
	bpf_probe_read_kernel(&in, sizeof(in),
			      (void *)pid + bpf_core_field_offset(struct pid, numbers) +
				      *ret_level * bpf_core_type_size(struct upid));
	*ret_pid = in.nr;
	return in.ns;
}

/* In a container: its first process, a descendant of it, or one that was put in from outside? */
static __always_inline __u32 tree_of(struct task_struct *task, __u32 inherited, __u32 *ret_pid)
{
	__u32 level, parent_level, parent_pid;
	struct pid_namespace *own = namespace_of(task, &level, ret_pid);
	if (!level)
		return 0;
	if (*ret_pid == 1)
		return WIRE_TAG_ENTRYPOINT | WIRE_TAG_INIT_TREE;
	if (inherited)
		return inherited;
	struct task_struct *parent = BPF_CORE_READ(task, real_parent);
	return namespace_of(parent, &parent_level, &parent_pid) == own ? 0 : WIRE_TAG_INTERACTIVE;
}

/*
 * Gathered in memory and not in a register, where each way through would leave its own known value: before 6.2 the
 * verifier follows all such ways to the end, each with everything that comes after.
 */
static __always_inline void exec_tags(struct scratch *s, struct task_struct *task, struct linux_binprm *bprm)
{
	s->tags = s->tree;
	if (BPF_CORE_READ(bprm, interp) != BPF_CORE_READ(bprm, filename))
		s->tags |= WIRE_TAG_SCRIPT;
	if (BPF_CORE_READ_BITFIELD_PROBED(bprm, secureexec))
		s->tags |= WIRE_TAG_SETUID;
	if (root_moved(BPF_CORE_READ(task, fs, root.mnt), BPF_CORE_READ(task, fs, root.dentry)))
		s->tags |= WIRE_TAG_HOST_ROOT_MOVED;
	struct mm_struct *mm = task->mm;
	struct file *exe = mm ? mm->exe_file : NULL;
	struct dentry *d = exe ? exe->f_path.dentry : NULL;
	struct dentry_block b;
	if (d && !read_dentry(&b, d) && !b.pprev)
		s->tags |= WIRE_TAG_DELETED;
}

/* The name as typed, into s->strings, and its hash. */
static __always_inline void read_filename(struct scratch *s, struct linux_binprm *bprm)
{
	long n = bpf_probe_read_kernel_str(s->strings, WIRE_FILENAME_MAX, BPF_CORE_READ(bprm, filename));
	__u64 length = n > 0 ? n - 1 : 0;
	length &= WIRE_FILENAME_MAX - 1;
	s->exec.filename_length = s->length = length;
	hash_strings(s);
}

/* argv lies on the new stack, which the kernel has just written. */
static __always_inline void read_argv(struct scratch *s, struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	s->exec.argv_length = s->exec.argv_cut = 0;
	if (!mm)
		return;
	__u64 start = mm->arg_start, length = mm->arg_end - start, at = s->exec.filename_length;
	if (length > WIRE_ARGV_MAX - 1) {
		length = WIRE_ARGV_MAX - 1;
		s->exec.argv_cut = 1;
	}
	asm volatile("" : "+r"(length), "+r"(at));
	at &= WIRE_FILENAME_MAX - 1;
	length &= WIRE_ARGV_MAX - 1;
	if (!bpf_probe_read_user(s->strings + at, length, (void *)start))
		s->exec.argv_length = length;
}

static __always_inline void read_cwd(struct scratch *s, struct task_struct *task)
{
	s->exec.cwd_length = 0;
	walk(s, task, &task->fs->pwd);
	__u64 offset = s->offset, length = TEXT_END - offset;
	__u64 at = s->exec.filename_length + s->exec.argv_length;
	if ((s->state & WALK_CUT) || length > WIRE_PATH_MAX - 1 || at > WIRE_FILENAME_MAX + WIRE_ARGV_MAX)
		return;
	asm volatile("" : "+r"(length), "+r"(offset), "+r"(at));
	offset &= 2 * WIRE_PATH_MAX - 1;
	length &= WIRE_PATH_MAX - 1;
	if (offset > TEXT_END || at > WIRE_FILENAME_MAX + WIRE_ARGV_MAX)
		return;
	if (!bpf_probe_read_kernel(s->strings + at, length,
				   s->text + sizeof(struct wire_header) + offset))
		s->exec.cwd_length = length;
}

static __always_inline long emit_exec(struct scratch *s)
{
	__u64 texts = s->exec.filename_length + s->exec.argv_length + s->exec.cwd_length;
	if (texts > WIRE_FILENAME_MAX + WIRE_ARGV_MAX + WIRE_PATH_MAX)
		return -1;
	s->exec.header.length = sizeof(struct wire_exec) + texts;
	bpf_probe_read_kernel(s->out, sizeof(struct wire_exec), &s->exec);
	asm volatile("" : "+r"(texts));
	if (texts > WIRE_FILENAME_MAX + WIRE_ARGV_MAX + WIRE_PATH_MAX)
		return -1;
	bpf_probe_read_kernel(s->out + sizeof(struct wire_exec), texts, s->strings);
	return emit(s->out, sizeof(struct wire_exec) + texts);
}

static __noinline int exec_first(struct scratch *s, const struct subject *w, __u64 key)
{
	if (introduce(s, w))   /* uses the header */
		return -1;
	fill_header(&s->exec.header, w, WIRE_EXEC, key);
	struct task_struct *task = w->task;
	read_argv(s, task);
	read_cwd(s, task);
	s->exec.process_ns = BPF_CORE_READ(task, start_boottime);
	s->exec.parent_pid = BPF_CORE_READ(task, real_parent, tgid);
	s->exec.login_uid = BPF_CORE_READ(task, loginuid.val);
	s->exec.header.tags = s->tags;
	return emit_exec(s);
}

static __always_inline void remember(__u64 cgroup, __u32 pid, __u64 image, __u32 tree, __u32 uid)
{
	struct task_info now = {.image = image, .tree = tree & ~WIRE_TAG_ENTRYPOINT, .uid = uid};
	if (bpf_map_update_elem(&tasks, &pid, &now, BPF_ANY))
		lose(cgroup, WIRE_LOSS_EXEC_CALLER);
}

/* The identity of what S->exec holds; SUM of what does not fit into it. */
static __always_inline void exec_seen(struct scratch *s, const struct subject *w)
{
	if (!want_execs || unwanted_group(w))
		return;
	__u64 sum = s->exec.caller * K2 + w->image * K3 + s->hash * K4 + (__u64)s->tags * K5;
	if (!s->exec.caller) /* two of those must not be taken for one */
		sum += (__u64)w->pid * (K2 + 2);
	__u64 key = key_of(w, sum);
	bool known = count_seen(w, key);
	if (known && !every_event)
		return;
	if (exec_first(s, w, key))
		lose(w->cgroup, WIRE_LOSS_EXEC_RING);
	else if (!known)
		insert_seen(w, key, WIRE_LOSS_EXEC_RING);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_sched, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct subject w;
	__u32 pid_inside = 0;
	if (!subject_now(&w, task))
		return 0;
	struct scratch *s = scratch_get(w.cgroup, WIRE_LOSS_EXEC_SCRATCH);
	if (!s)
		return 0;
	struct task_info *before = bpf_map_lookup_elem(&tasks, &w.pid);
	s->tree = tree_of(task, before ? before->tree : 0, &pid_inside);
	s->exec.caller = before ? before->image : 0;
	s->exec.pid_in_namespace = pid_inside;
	s->exec.reserved = 0;
	read_filename(s, bprm);
	remember(w.cgroup, w.pid, w.image, s->tree, task->cred->uid.val);
	exec_tags(s, task, bprm);
	exec_seen(s, &w);
	scratch_put(s);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(exec_fork, struct task_struct *parent, struct task_struct *child)
{
	struct subject w;
	if (child->pid != child->tgid || !subject_now(&w, parent))
		return 0;
	__u64 image = w.image;
	if (image && !bpf_map_lookup_elem(&images, &image)) {
		struct scratch *s = scratch_get(w.cgroup, WIRE_LOSS_EXEC_SCRATCH);
		if (s) {
			introduce(s, &w);
			scratch_put(s);
		}
	}
	struct task_info *own = bpf_map_lookup_elem(&tasks, &w.pid);
	remember(w.cgroup, child->tgid, image, own ? own->tree : 0, child->cred->uid.val);
	__sync_fetch_and_add(&count_forks, 1);
	if (!every_event)
		return 0;
	struct wire_fork r = {.child = child->tgid, .process_ns = child->start_boottime};
	fill_header(&r.header, &w, WIRE_FORK, 0);
	r.header.length = sizeof(r);
	if (emit(&r, sizeof(r)))
		lose(w.cgroup, WIRE_LOSS_FORK_RING);
	return 0;
}

/* Runs for each thread; the last one finds live at 0. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(exit_sched, struct task_struct *task)
{
	struct subject w;
	struct signal_struct *signal = task->signal;
	if (!signal || signal->live.counter || !subject_now(&w, task))
		return 0;
	bpf_map_delete_elem(&tasks, &w.pid);
	__sync_fetch_and_add(&count_exits, 1);
	if (!every_event)
		return 0;
	struct wire_exit r = {.code = signal->group_exit_code ?: task->exit_code};
	fill_header(&r.header, &w, WIRE_EXIT, 0);
	r.header.length = sizeof(r);
	if (emit(&r, sizeof(r)))
		lose(w.cgroup, WIRE_LOSS_EXIT_RING);
	return 0;
}

