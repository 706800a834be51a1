/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which programs are container runtimes. A runtime prepares a container from within its cgroup: it starts sealed copies of itself, mounts the
 * container's root, writes through mounts that are not attached yet. Much of what it runs has no path (a memfd, a bind mount that is
 * unmounted at once, an overlay that is mounted nowhere), and having none proves nothing: who removes his program's file, or unmounts it
 * with umount -l, has none either. So a runtime is known by its file:
 *
 *	itself       the inode is one that stakeout-enforce looked up on the host (enforcer/runtimes.c), through whatever mount it is seen
 *	its copies   what has no path and was started by it, in whatever cgroup, while it was in the host's mount namespace: noted here
 *
 * The namespace is what an attacker inside a container lacks. He may get the runtime's own file to run there (an entrypoint /proc/self/exe
 * while a runtime enters: CVE-2019-5736) and his code into it (there its libraries are the container's). But in the container's namespace
 * it starts no copies: a memfd of his is refused like anybody's, and so is the runtime's file itself, which no rule allows. To be in
 * the host's namespace he would have to enter it, with all rights on the host; the runtime's path there is refused to him as well.
 * A copy's content is its maker's, and is not looked at: only the runtime can have it started as one.
 */
#pragma once

#include "bpf/enforcer.h"
#include "bpf/walk.h"

static __always_inline bool identify(struct enforce_identity *id, const struct inode *inode)
{
	const struct super_block *sb = inode ? (void *)WORD(inode, struct inode, i_sb) : NULL;
	if (!sb)
		return false;
	id->inode = WORD(inode, struct inode, i_ino);
	id->generation = (__u32)WORD(inode, struct inode, i_generation);
	id->device = (__u32)WORD(sb, struct super_block, s_dev);
	return true;
}

static __always_inline const struct inode *inode_of(const struct file *f)
{
	return f ? (void *)WORD(f, struct file, f_inode) : NULL;
}

static __always_inline bool is_same(const struct enforce_identity *a, const struct enforce_identity *b)
{
	return a->inode && a->inode == b->inode && a->device == b->device && a->generation == b->generation;
}

/* NULL: not a runtime's. */
static __always_inline const struct enforce_runtime *runtime_of(const struct enforce_identity *id)
{
	struct enforce_state *st = state_now();
	for (int i = 0; st && i < ENFORCE_RUNTIMES_MAX; i++) {
		const struct enforce_runtime *r = &st->runtimes[i];
		if (is_same(&r->file, id))
			return r;
	}
	return NULL;
}

static __always_inline bool is_runtime_inode(const struct inode *inode)
{
	struct enforce_identity id;
	return identify(&id, inode) && runtime_of(&id);
}

static __always_inline __u32 number_of_namespace(const void *ns)
{
	return ns ? (__u32)WORD(ns, struct mnt_namespace, ns.inum) : 0;
}

/* Not inlined, like the next: an exec's programs ask several times. */
static __noinline int is_runtime_outside(struct task_struct *task)
{
	struct enforce_identity id;
	const struct enforce_runtime *r = identify(&id, inode_of(exe_of(task))) ? runtime_of(&id) : NULL;
	const void *proxy = r ? (void *)WORD(task, struct task_struct, nsproxy) : NULL;
	return proxy && number_of_namespace((void *)WORD(proxy, struct nsproxy, mnt_ns)) == r->namespace;
}

/* Who began TASK's exec, which is seen late; NULL: not noted. An exec from a thread takes the place of the first. */
static __always_inline const struct enforce_caller *caller_of(struct task_struct *task)
{
	__u64 key = (__u64)task;
	const struct enforce_caller *began = bpf_map_lookup_elem(&callers, &key);
	return began && began->started == task->group_leader->start_boottime ? began : NULL;
}

static __always_inline bool began_outside(struct task_struct *task)
{
	const struct enforce_caller *began = caller_of(task);
	return began && (began->flags & ENFORCE_CALLER_RUNTIME);
}

/* What a runtime is about to start, or by LATE has started, where that has no path. */
static __noinline int note_copy(struct task_struct *task, const struct file *target, bool late)
{
	const struct inode *inode = inode_of(target);
	struct enforce_identity id;
	__u32 noted = 1;
	bool pathless = !(__u32)WORD(inode, struct inode, i_nlink) || is_detached((void *)WORD(target, struct file, f_path.mnt));
	if (pathless && (late ? began_outside(task) : is_runtime_outside(task)) && identify(&id, inode))
		bpf_map_update_elem(&copies, &id, &noted, BPF_ANY);
	return 0;
}

static __always_inline bool is_runtime_or_copy(struct task_struct *task)
{
	struct enforce_identity id;
	return identify(&id, inode_of(exe_of(task))) && (runtime_of(&id) || bpf_map_lookup_elem(&copies, &id));
}
