/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths, from the object up to a root: WALK_TO_TOP false, the task's own, as d_path() would print them; true, the top of all that is
 * mounted, so that a task which changes its root (chroot) gives nothing another path.
 *
 *	dentry == mount's root?  go on at the mountpoint in the parent mount
 *	else                     put "/name" before what is there, go on at the parent
 *
 * All state lives in the work buffer and only its address goes to the bpf_loop() callback: then thousands of steps
 * verify in a few hundred instructions. Names can change under the walk. Kernels that show their locks tell
 * so by counts; for the others the way up is gone twice: a chained hash over parents and names must come out the same.
 *
 * Whoever includes this says WALK_TO_TOP and has its own work buffer: struct scratch with the members used here, TEXT_HEAD and TEXT_END.
 * WALK_COMPARES: its member "changed" is set where a walk leaves, or may leave, another text than the one before.
 */
#pragma once

#include "bpf/word.h"

#define WALK_STEPS 2400   /* 2048 one-letter components and some mounts */

/* Addresses of the kernel's locks of these trees, whose first member is their count; 0: not known. Set before load. */
const volatile __u64 rename_lock_at = 0, mount_lock_at = 0;

enum walk_state {
	WALK_CUT = 1,        /* longer than WIRE_PATH_MAX, unreadable, or changed while being read */
	WALK_NAMELESS = 2,   /* not in any directory: memfd, pipe, socket */
	WALK_MEMFD = 4,
	WALK_DELETED = 8,
	WALK_DETACHED = 16,  /* on a mount of no namespace: open_tree(), fsmount(), or unmounted while in use; or no way leads up to a root */
	WALK_ROOT_MOVED = 32,   /* the path is from a root of the task's own */
};

/* The part of struct dentry between d_hash.pprev and d_inode; where a read is a call, read as one block. */
struct dentry_block {
	__u64 pprev;
	struct dentry *parent;
	__u64 hash_len;
	const char *name;
	__u64 inode;
};

/* NAMED: the name is wanted too. */
static __always_inline long read_dentry_by(bool cast, bool named, struct dentry_block *b, struct dentry *d)
{
	const __u64 first = bpf_core_field_offset(struct dentry, d_hash) +
			    bpf_core_field_offset(struct hlist_bl_node, pprev);
	if (!cast && bpf_core_field_offset(struct dentry, d_parent) == first + 8 &&
	    bpf_core_field_offset(struct dentry, d_name) == first + 16 &&
	    bpf_core_field_offset(struct dentry, d_inode) == first + 32)
		return bpf_probe_read_kernel(b, sizeof(*b), (void *)d + first);
	b->pprev = word((void *)d + first, cast);
	b->parent = (void *)WORD_BY(cast, d, struct dentry, d_parent);
	b->hash_len = WORD_BY(cast, d, struct dentry, d_name.hash_len);
	b->inode = WORD_BY(cast, d, struct dentry, d_inode);
	if (named)
		b->name = (void *)WORD_BY(cast, d, struct dentry, d_name.name);
	return b->parent ? 0 : -1;
}

static __always_inline long read_dentry(struct dentry_block *b, struct dentry *d)
{
	return have_cast ? read_dentry_by(true, true, b, d) : read_dentry_by(false, true, b, d);
}

/* What a step on the way up needs. */
static __always_inline long read_step(struct dentry_block *b, struct dentry *d)
{
	const __u64 parent = bpf_core_field_offset(struct dentry, d_parent);
	if (!have_cast)
		return read_dentry_by(false, true, b, d);
	if (bpf_core_field_offset(struct dentry, d_name.hash_len) == parent + 8 &&
	    bpf_core_field_offset(struct dentry, d_name.name) == parent + 16) {
		const __u64 *w = words((void *)d + parent);
		b->parent = (void *)w[0];
		b->hash_len = w[1];
		b->name = (void *)w[2];
	} else {
		b->parent = (void *)word((void *)d + parent, true);
		b->hash_len = WORD_BY(true, d, struct dentry, d_name.hash_len);
		b->name = (void *)WORD_BY(true, d, struct dentry, d_name.name);
	}
	return b->parent ? 0 : -1;
}

struct walk_context {
	struct scratch *s;
};

static __always_inline void note_changed(struct scratch *s)
{
#if WALK_COMPARES
	s->changed = 1;
#endif
}

static __always_inline __u64 mix(__u64 h, __u64 x)
{
	h = (h ^ x) * 0x9fb21c651e98df25ull;
	return h ^ (h >> 29);
}

/* Steps over mount points. 1 = the way ends here, 0 = went on, -1 = not at a mount's root. */
static __always_inline int cross_mount(struct scratch *s)
{
	if (!WALK_TO_TOP && s->dentry == s->root_dentry && s->mount == s->root_mount)
		return 1;
	if (s->dentry != s->mount_root)
		return -1;
	struct mount *m = (void *)s->mount - bpf_core_field_offset(struct mount, mnt);
	struct mount *parent = (void *)WORD(m, struct mount, mnt_parent);
	if (parent == m || !parent)
		return 1;
	s->dentry = (void *)WORD(m, struct mount, mnt_mountpoint);
	s->mount = (void *)parent + bpf_core_field_offset(struct mount, mnt);
	s->mount_root = (void *)WORD(parent, struct mount, mnt.mnt_root);
	s->chain = mix(s->chain, (__u64)s->mount);
	return 0;
}

#define COPY_WORDS 4

/*
 * LENGTH (at most 255) bytes of a name to S->text + AT. Short ones, which nearly all are, word by word: a helper call is dearer than
 * five of them. The last word is mixed with what stands behind the name already.
 */
static __always_inline void copy_name(struct scratch *s, __u64 at, const char *name, __u64 length)
{
	char *to = s->text + TEXT_HEAD + at;
	if (!have_cast || length > COPY_WORDS * 8) {
		bpf_probe_read_kernel(to, length, name);
		note_changed(s);
		return;
	}
	const __u64 *w = words(name);
#pragma unroll
	for (__u64 i = 0; i < COPY_WORDS; i++) {
		__u64 *word = (__u64 *)(to + 8 * i), mask;
		if (length <= 8 * i)
			return;
		mask = length >= 8 * i + 8 ? ~0ull : ~0ull >> (64 - 8 * (length & 7));
		__u64 part = *(const volatile __u64 *)&w[i];   /* once: it can change */
		if (WALK_COMPARES && ((part ^ *word) & mask))
			note_changed(s);
		*word = (part & mask) | (*word & ~mask);
	}
}

static long walk_step(__u32 i, struct walk_context *c)
{
	struct scratch *s = c->s;
	int crossed = cross_mount(s);
	if (crossed >= 0)
		return crossed;
	struct dentry_block b;
	if (read_step(&b, s->dentry)) {
		s->state |= WALK_CUT;
		return 1;
	}
	if (b.parent == s->dentry) {   /* not the root of a mount: forgotten by all folders, or moved out of what is mounted there */
		s->state |= WALK_DETACHED;
		return 1;
	}
	__u64 length = b.hash_len >> 32, offset = s->offset;
	if (length > 255 || offset < length + 1) {
		s->state |= WALK_CUT;
		return 1;
	}
	s->offset = offset = offset - length - 1;
	asm volatile("" : "+r"(offset), "+r"(length));
	offset &= WIRE_PATH_MAX - 1;
	length &= 255;
	char *to = s->text + TEXT_HEAD + offset;
	if (WALK_COMPARES && *to != '/')
		note_changed(s);
	*to = '/';
	copy_name(s, offset + 1, b.name, length);
	s->chain = mix(s->chain, (__u64)b.parent ^ b.hash_len);
	s->dentry = b.parent;
	return 0;
}

/* The same way without the text. */
static long check_step(__u32 i, struct walk_context *c)
{
	struct scratch *s = c->s;
	int crossed = cross_mount(s);
	if (crossed >= 0)
		return crossed;
	struct dentry_block b;
	if (read_step(&b, s->dentry) || b.parent == s->dentry)
		return 1;
	s->chain = mix(s->chain, (__u64)b.parent ^ b.hash_len);
	s->dentry = b.parent;
	return 0;
}

static __always_inline void walk_start(struct scratch *s, const struct path *p)
{
	s->dentry = p->dentry;
	s->mount = p->mnt;
	struct vfsmount *mnt = p->mnt;
	s->mount_root = (void *)WORD(mnt, struct vfsmount, mnt_root);
	s->chain = 0;
}

#define UNKNOWN_VERSION 1   /* odd, as while a change is under way */

/*
 * How often anything was renamed or mounted, as the locks of both count it. Where the kernel shows them and processors read in order, a
 * number that is the same and even before and after says that nothing moved meanwhile, as it does to d_path().
 */
static __always_inline __u64 tree_version(void)
{
#if defined(__TARGET_ARCH_x86)
	if (rename_lock_at && mount_lock_at) {
		__u32 renames = word((void *)rename_lock_at, have_cast), mounts = word((void *)mount_lock_at, have_cast);
		return (renames | mounts) & 1 ? UNKNOWN_VERSION : (__u64)renames << 32 | mounts;
	}
#endif
	return UNKNOWN_VERSION;
}

/* Up with text; unless nothing moved meanwhile, once more without. True when both saw the same. */
static __always_inline bool walk_surely(struct scratch *s, const struct path *p)
{
	struct walk_context c = {s};
	__u64 before = tree_version();
	s->offset = s->end;
	walk_start(s, p);
	bpf_loop(WALK_STEPS, walk_step, &c, 0);
	if (s->state & WALK_CUT)
		return true;
	if (before != UNKNOWN_VERSION && tree_version() == before)
		return true;
	__u64 chain = s->chain;
	walk_start(s, p);
	bpf_loop(WALK_STEPS, check_step, &c, 0);
	return s->chain == chain;
}

/* memfd:NAME, pipe:... : no directory holds them, d_name alone tells what they are. */
static __always_inline void walk_nameless(struct scratch *s, const struct dentry_block *b)
{
	__u64 length = b->hash_len >> 32;
	if (length > 255)
		length = 255;
	__u64 offset = TEXT_END - length;
	s->offset = offset;
	s->state |= WALK_NAMELESS;
	asm volatile("" : "+r"(offset), "+r"(length));
	offset &= 2 * WIRE_PATH_MAX - 1;
	length &= 255;
	if (offset > TEXT_END)
		return;
	char *to = s->text + TEXT_HEAD + offset;
	note_changed(s);
	bpf_probe_read_kernel(to, length, b->name);
	char start[8] = {};
	bpf_probe_read_kernel(start, 6, b->name);
	if (start[0] == 'm' && start[1] == 'e' && start[2] == 'm' && start[3] == 'f' &&
	    start[4] == 'd' && start[5] == ':')
		s->state |= WALK_MEMFD;
}

/* Mounts of the kernel's own have an error there, and do not count. */
static __always_inline bool is_detached(const struct vfsmount *mnt)
{
	const __u32 anonymous = 0xeffffff7;    /* a namespace's number, from 6.18 on; before, 0 */
	const struct mount *m = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
	__u64 ns = WORD(m, struct mount, mnt_ns);
	if ((long)ns < 0 && (long)ns >= -4095)
		return false;
	__u32 number = ns ? (__u32)WORD(ns, struct mnt_namespace, ns.inum) : 0;
	return !number || number == anonymous;
}

/* A root is not the top of what is mounted at the root of its mount namespace. */
static __always_inline bool root_moved(const struct vfsmount *mnt, const struct dentry *dentry)
{
	if ((__u64)dentry != WORD(mnt, struct vfsmount, mnt_root))
		return true;
	const struct mount *m = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
	const struct mount *parent = (void *)WORD(m, struct mount, mnt_parent);
	if (parent == m)
		return false;
	return WORD(m, struct mount, mnt_mountpoint) != WORD(parent, struct mount, mnt.mnt_root) ||
	       WORD(parent, struct mount, mnt_parent) != (__u64)parent;
}

static __always_inline void find_root(struct scratch *s, struct task_struct *task)
{
	const void *fs = (void *)WORD(task, struct task_struct, fs);
	s->root_dentry = fs ? (void *)WORD(fs, struct fs_struct, root.dentry) : NULL;
	s->root_mount = fs ? (void *)WORD(fs, struct fs_struct, root.mnt) : NULL;
	if (fs && root_moved(s->root_mount, s->root_dentry))
		s->state |= WALK_ROOT_MOVED;
}

/* What must be known before the way up; 0: go. Apart, since all frames together have 512 bytes. */
static __noinline int walk_prepare(struct scratch *s, struct task_struct *task, __u64 mount, __u64 dentry)
{
	struct dentry_block b;
	s->offset = s->end;
	if (!dentry || read_dentry(&b, (struct dentry *)dentry)) {
		s->state |= WALK_CUT;
		return 1;
	}
	const void *ops = (void *)WORD(dentry, struct dentry, d_op);
	if (ops && WORD(ops, struct dentry_operations, d_dname)) {
		walk_nameless(s, &b);
		return 1;
	}
	if (!b.pprev && (__u64)b.parent != dentry && b.inode)   /* a name that is just being made has no file yet */
		s->state |= WALK_DELETED;
	if (is_detached((struct vfsmount *)mount))
		s->state |= WALK_DETACHED;
	if (!WALK_TO_TOP)
		find_root(s, task);
	return 0;
}

/*
 * Leaves the text at s->text + header + s->offset .. s->end, what is special in s->state. Behind s->end, where that is not TEXT_END,
 * stands already what lies below this path, with its slash.
 */
static __noinline int walk_up(struct scratch *s, struct task_struct *task, __u64 mount, __u64 dentry)
{
	struct path p = {.mnt = (void *)mount, .dentry = (void *)dentry};
	if (walk_prepare(s, task, mount, dentry))
		return 0;
	if (!walk_surely(s, &p) && !walk_surely(s, &p))
		s->state |= WALK_CUT;
	if (s->offset == TEXT_END && !(s->state & WALK_CUT)) {
		s->offset = TEXT_END - 1;
		note_changed(s);
		s->text[TEXT_HEAD + TEXT_END - 1] = '/';
	}
	return 0;
}

static __always_inline void walk(struct scratch *s, struct task_struct *task, const struct path *from)
{
	s->state = 0;
	s->end = TEXT_END;
	walk_up(s, task, WORD(from, struct path, mnt), WORD(from, struct path, dentry));
}

static __always_inline __u32 walk_tags(const struct scratch *s)
{
	__u32 tags = 0;
	if (s->state & WALK_CUT)
		tags |= WIRE_TAG_PATH_CUT;
	if (s->state & WALK_MEMFD)
		tags |= WIRE_TAG_MEMFD;
	if (s->state & WALK_DELETED)
		tags |= WIRE_TAG_DELETED;
	if (s->state & WALK_DETACHED)
		tags |= WIRE_TAG_DETACHED;
	if (s->state & WALK_ROOT_MOVED)
		tags |= WIRE_TAG_HOST_ROOT_MOVED;
	return tags;
}
