/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Execs: the target's entry, and who starts it. A program that sees an exec late, when the caller's program is gone, goes by what was
 * said before of that exec:
 *
 *	vouched    by the programs that let it pass, on the same hook: by the policy that was in force then
 *	callers    who began it, noted at the start of the call: for when the kernel left all of those out
 */
#pragma once

#include "bpf/judge.h"

/* At the start of the call: the program that TASK runs, and what else its exec depends on. */
static __noinline int note_began(struct scratch *s, struct task_struct *task)
{
	__u64 key = (__u64)task;
	struct file *exe = exe_of(task);
	struct enforce_caller *began = &s->began;
	began->started = task->group_leader->start_boottime;
	began->flags = (is_runtime_outside(task) ? ENFORCE_CALLER_RUNTIME : 0) | (is_exempt(task, NULL) ? ENFORCE_CALLER_EXEMPT : 0);
	began->length = 0;
	if (exe)
		walk(s, task, &exe->f_path);
	if (exe && has_text(s) && TEXT_END - s->offset < ENFORCE_CALLER_MAX)
		began->length = copy_text(s, began->path, ENFORCE_CALLER_MAX);
	return bpf_map_update_elem(&callers, &key, began, BPF_ANY);
}

/* What stands there of an exec that failed must not be taken for this one's. Runtimes outside are asked for by what they start inside. */
static __always_inline void note_caller(struct task_struct *task)
{
	struct who w;
	__u64 key = (__u64)task;
	bpf_map_delete_elem(&callers, &key);
	bpf_map_delete_elem(&vouched, &key);
	if (!(find_who(&w) && judges(&w, IMAGE_JUDGES_EXEC)) && !is_runtime_outside(task))
		return;
	struct scratch *s = scratch_get();
	if (!s)
		return;
	note_began(s, task);
	scratch_put(s);
}

/* s->caller and its flags: of who began this exec, though he is gone. 0: nobody noted. */
static __noinline int recall_caller(struct scratch *s, struct task_struct *task)
{
	const struct enforce_caller *began = caller_of(task);
	s->caller = s->caller_flags = s->began.flags = 0;
	if (!began)
		return 0;
	s->began.flags = began->flags;
	__u64 length = began->length, offset = TEXT_END - length;
	if (!length || length >= ENFORCE_CALLER_MAX)
		return 1;
	asm volatile("" : "+r"(offset), "+r"(length));
	offset &= 2 * WIRE_PATH_MAX - 1;
	length &= ENFORCE_CALLER_MAX - 1;
	if (offset > TEXT_END || bpf_probe_read_kernel(s->text + offset, length, began->path))
		return 1;
	s->offset = offset;
	note_changed(s);
	take_caller(s);
	return 1;
}

/*
 * A runtime starting itself, from a sealed copy without a path or by name, to become a container's first process. It is one by the path
 * that the image has of it, or by its file (runtime.h).
 */
static __always_inline bool is_runtime_itself(const struct scratch *s, struct task_struct *task, const struct path *target)
{
	bool copy = (s->state & (WALK_MEMFD | WALK_DELETED | WALK_NAMELESS | WALK_DETACHED)) || s->length <= 1;
	bool known = s->flags & IMAGE_PATH_RUNTIME;
	if (s->caller_flags & IMAGE_PATH_RUNTIME)
		return copy || known;
	if (!(s->late ? s->began.flags & ENFORCE_CALLER_RUNTIME : is_runtime_outside(task)))
		return false;
	return copy || known || is_runtime_inode((void *)WORD(WORD(target, struct path, dentry), struct dentry, d_inode));
}

static __always_inline bool has_file(const struct scratch *s)
{
	return !(s->state & (WALK_CUT | WALK_NAMELESS | WALK_DELETED | WALK_DETACHED));
}

static __noinline int exec_may(struct scratch *s, struct task_struct *task, const struct path *target)
{
	walk(s, task, target);
	s->caller = s->caller_flags = 0;
	if (has_file(s)) {
		collect_path(s);
		if (match_exec(s->flags, 0))
			return 1;
	}
	if (s->late && !recall_caller(s, task))
		return 0;
	if (!s->late)
		find_caller(s, task);
	walk(s, task, target);
	if (s->state & WALK_CUT)
		return 0;
	collect_path(s);
	if (is_runtime_itself(s, task, target))
		return 1;
	return has_file(s) && match_exec(s->flags, s->caller_may);
}

/* Of the programs before it, said to the one that sees an exec when its caller is gone and its policy may be another. */
static __always_inline void vouch(struct task_struct *task, struct file *target, bool late)
{
	__u64 key = (__u64)task, file = (__u64)target;
	if (vouches && !late)
		bpf_map_update_elem(&vouched, &key, &file, BPF_ANY);
}

static __always_inline bool is_vouched(struct task_struct *task, struct file *target)
{
	__u64 key = (__u64)task;
	__u64 *file = bpf_map_lookup_elem(&vouched, &key);
	if (!file || *file != (__u64)target)
		return false;
	bpf_map_delete_elem(&vouched, &key);
	return true;
}

/* Under no policy, which can change before the late program sees it. */
static __always_inline int pass_exec(struct task_struct *task, struct file *target, bool late)
{
	if (is_backup && late)
		is_vouched(task, target);
	else
		vouch(task, target, late);
	return 0;
}

static __always_inline int judge_exec(struct who *w, struct file *target, __u32 outcome, bool late)
{
	if (is_backup && late && is_vouched(w->task, target))
		return 0;
	struct scratch *s = scratch_get();
	if (!s)
		return refuse_unseen(w, ENFORCE_EXEC);
	s->slot = ENFORCE_SLOT(w->word);
	s->late = late;
	s->began.flags = 0;
	int refused = 0;
	if (exec_may(s, w->task, &target->f_path)) {
		count_allowed(&path_hits, s->slot, ENFORCE_HITS_PATHS + s->entry);
		vouch(w->task, target, late);
	} else if (!is_exempt(w->task, target) && !(s->began.flags & ENFORCE_CALLER_EXEMPT)) {
		note_object(s);
		s->refusal.access = 0;
		s->place = ENFORCE_EXEC;
		refused = refuse(s, w, ENFORCE_EXEC, outcome);
	} else {
		vouch(w->task, target, late);
	}
	scratch_put(s);
	return refused;
}
