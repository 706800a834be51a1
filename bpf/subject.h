/* SPDX-License-Identifier: GPL-2.0-only */
/* Who did it; and what of that user space must be told before it is referred to: images and cgroups. */
#pragma once

#include "bpf/maps.h"
#include "bpf/walk_cgroup.h"

#define K1 0xa0761d6478bd642full
#define K2 0xe7037ed1a0b428dbull
#define K3 0x8ebc6af09c88c6e3ull
#define K4 0x589965cc75374cc3ull
#define K5 0x1d8e4e27c47d124full

struct path_words {
	__u64 mount, dentry;
};

static __always_inline struct path_words path_words(bool cast, const struct file *f)
{
	return (struct path_words){
		.mount = WORD_BY(cast, f, struct file, f_path.mnt),
		.dentry = WORD_BY(cast, f, struct file, f_path.dentry),
	};
}

/* Sums of products run side by side in the processor, where a chain of mixes would wait for each other. */
static __always_inline __u64 finish(__u64 sum)
{
	sum ^= seed;
	sum ^= sum >> 32;
	sum *= K1;
	return sum ^ (sum >> 29);
}

static __always_inline __u64 image_of(bool cast, struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	if (!mm)
		return 0;
	struct file *exe = mm->exe_file;
	if (!exe)
		return 0;
	struct path_words p = path_words(cast, exe);
	struct dentry *d = exe->f_path.dentry;
	struct inode *inode = exe->f_inode;
	if (!d || !inode)
		return 0;
	/* Two halves: 6.1 lets no load span the members of a union. */
	__u64 name = d->d_name.hash | (__u64)d->d_name.len << 32;
	__u64 id = finish(p.mount * K2 + p.dentry * K3 + name * K4 + inode->i_ino * K5);
	return id ? id : 1;
}

struct subject {
	struct task_struct *task;
	struct actor *actor;    /* or NULL */
	struct kernfs_node *node;
	__u64 cgroup, image;
	__u32 pid, epoch;
};

/* False: ours, or nothing to attribute it to. */
static __always_inline bool subject_by(bool cast, struct subject *w, struct task_struct *task)
{
	w->task = task;
	w->actor = NULL;
	w->pid = task->tgid;
	if (w->pid == self_pid)
		return false;
	w->epoch = epoch;
	w->cgroup = 0;
	w->node = cgroup_node(cast, task, &w->cgroup);
	w->image = image_of(cast, task);
	return true;
}

/* The same, in short when A, of this CPU, is he. */
static __always_inline bool subject_of_call(bool cast, struct subject *w, struct task_struct *task, struct actor *a)
{
	struct mm_struct *mm = task->mm;
	const __u64 program = mm ? (__u64)mm->exe_file : 0;
	if (a->task == (__u64)task && a->born_ns == task->start_boottime && a->execs == task->self_exec_id &&
	    a->groups == (__u64)task->cgroups && a->program == program && a->now_ns == coarse_now_ns && a->epoch == epoch) {
		w->task = task;
		w->actor = a;
		w->node = (void *)a->node;
		w->cgroup = a->cgroup;
		w->image = a->image;
		w->pid = task->tgid;
		w->epoch = a->epoch;
		return true;
	}
	*a = (struct actor){.task = (__u64)task, .born_ns = task->start_boottime, .execs = task->self_exec_id,
			    .groups = (__u64)task->cgroups, .program = program, .now_ns = coarse_now_ns};
	if (!subject_by(cast, w, task)) {
		a->task = 0;
		return false;
	}
	a->node = (__u64)w->node;
	a->cgroup = w->cgroup;
	a->image = w->image;
	a->epoch = w->epoch;
	w->actor = a;
	return true;
}

static __always_inline bool subject_now(struct subject *w, struct task_struct *task)
{
	return have_cast ? subject_by(true, w, task) : subject_by(false, w, task);
}

static __always_inline void fill_header(struct wire_header *h, const struct subject *w, __u32 kind,
					__u64 key)
{
	h->kind = kind;
	h->flags = 0;
	h->time_ns = kind == WIRE_EXEC || every_event ? bpf_ktime_get_boot_ns() : coarse_now_ns;
	h->cgroup = w->cgroup;
	h->image = w->image;
	h->key = key;
	h->pid = w->pid;
	h->tid = w->task->pid;
	h->uid = w->task->cred->uid.val;
	h->tags = 0;
	h->access = 0;
	h->epoch = w->epoch;
}

/* Asked for where an observation is made, not above: who started whom is followed everywhere. */
static __always_inline bool unwanted_group(const struct subject *w)
{
	__u64 id = w->cgroup;
	return by_cgroup && bpf_map_lookup_elem(&unwanted, &id);
}

/* ---- told once: images and cgroups ---- */

/* Sends s->header and the text of the last walk in one piece. */
static __always_inline long emit_text(struct scratch *s)
{
	__u64 offset = s->offset;
	if (offset > TEXT_END)
		return -1;
	__u64 length = sizeof(struct wire_header) + TEXT_END - offset;
	s->header.length = length;
	asm volatile("" : "+r"(offset), "+r"(length));
	offset &= 2 * WIRE_PATH_MAX - 1;
	length &= 2 * WIRE_PATH_MAX - 1;
	if (offset > TEXT_END || length > sizeof(struct wire_header) + TEXT_END)
		return -1;
	bpf_probe_read_kernel(s->text + offset, sizeof(struct wire_header), &s->header);
	return emit(s->text + offset, length);
}

static __always_inline void text_flags(struct scratch *s)
{
	s->header.tags = walk_tags(s);
	if (s->state & WALK_NAMELESS)
		s->header.flags |= WIRE_NAMELESS;
}

static __noinline int tell_image(struct scratch *s, const struct subject *w)
{
	__u32 told = 1;
	__u64 image = w->image;
	struct mm_struct *mm = w->task->mm;
	struct file *exe = mm ? mm->exe_file : NULL;
	if (!exe)
		return 0;
	walk(s, w->task, &exe->f_path);
	fill_header(&s->header, w, WIRE_IMAGE, 0);
	text_flags(s);
	if (emit_text(s))
		return -1;
	bpf_map_update_elem(&images, &image, &told, BPF_ANY);
	return 0;
}

static __noinline int tell_cgroup(struct scratch *s, const struct subject *w)
{
	__u32 told = 1;
	__u64 id = w->cgroup;
	walk_cgroup(s, w->node);
	fill_header(&s->header, w, WIRE_CGROUP, 0);
	text_flags(s);
	if (s->state & WALK_CUT)
		lose(w->cgroup, WIRE_LOSS_CGROUP_PATH);
	if (emit_text(s))
		return -1;
	bpf_map_update_elem(&cgroups, &id, &told, BPF_ANY);
	return 0;
}

/* 0: what a record of W refers to has reached the ring before it. */
static __always_inline int introduce(struct scratch *s, const struct subject *w)
{
	__u64 image = w->image, id = w->cgroup;
	if (w->actor && w->actor->told)
		return 0;
	if (image && !bpf_map_lookup_elem(&images, &image) && tell_image(s, w))
		return -1;
	if (w->node && !bpf_map_lookup_elem(&cgroups, &id) && tell_cgroup(s, w))
		return -1;
	if (w->actor)
		w->actor->told = 1;
	return 0;
}

