/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Things that have a path: files, and what a guard is about. Whatever hook saw it, it comes here as a mount and a dentry,
 * or as a name in the memory of the process and the folder it starts from.
 */
#pragma once

#include "bpf/seen.h"

/* The kind and what was done: access bits of a file, the number of a guard; and tags that make it another deed. */
struct deed {
	__u32 kind, bits, tags;
};

static __always_inline enum wire_loss ring_loss(const struct deed *d)
{
	return d->kind == WIRE_GUARD ? WIRE_LOSS_GUARD_RING : WIRE_LOSS_FILE_RING;
}

static __always_inline struct scratch *deed_scratch(const struct subject *w, const struct deed *d)
{
	return scratch_get(w->cgroup, d->kind == WIRE_GUARD ? WIRE_LOSS_GUARD_SCRATCH : WIRE_LOSS_FILE_SCRATCH);
}

/* The text of the last walk begins with, or is, one of the prefixes that were asked for. What could not be read whole passes. */
static __always_inline bool path_wanted(struct scratch *s)
{
	__u64 offset = s->offset;
	if (!prefix_count || (s->state & WALK_CUT))
		return true;
	if ((s->state & WALK_NAMELESS) || offset > TEXT_END)
		return false;
	__u64 length = TEXT_END - offset;
	asm volatile("" : "+r"(offset));
	offset &= 2 * WIRE_PATH_MAX - 1;
	if (offset > TEXT_END)
		return false;
	const char *text = s->text + TEXT_HEAD + offset;
#pragma unroll
	for (__u32 i = 0; i < WIRE_PREFIXES_MAX; i++) {
		__u32 n = prefixes[i].length;
		if (i < prefix_count && n && n < WIRE_PREFIX_MAX && length >= n && (length == n || !prefixes[i].whole) &&
		    !bpf_strncmp(text, n, (const char *)prefixes[i].text))
			return true;
	}
	return false;
}

/* 0: the ring took it, or nobody wants it. */
static __always_inline long send_text(struct scratch *s, const struct subject *w, const struct deed *d, __u64 key, __u32 flags)
{
	if (d->kind == WIRE_FILE && !path_wanted(s))
		return 0;
	fill_header(&s->header, w, d->kind, key);
	s->header.access = d->bits;
	s->header.flags = flags;
	text_flags(s);
	s->header.tags |= d->tags;
	if ((s->state & WALK_CUT) && d->kind == WIRE_FILE)
		lose(w->cgroup, WIRE_LOSS_FILE_PATH);
	return emit_text(s);
}

/* ---- a mount and a dentry ---- */

static __always_inline __u64 object_key(const struct subject *w, const struct path_words *p,
					const struct dentry_block *b, const struct deed *d)
{
	__u64 sum = p->mount * K2 + p->dentry * K3 + b->hash_len * K4 + (__u64)b->parent * K5 +
		    b->inode * (K2 + 2) + w->image * (K3 + 2);
	__u64 what = d->bits | (__u64)d->kind << 32 | (__u64)d->tags << 36 | (b->pprev ? 0 : 1ull << 60);
	return key_of(w, sum + what * (K4 + 2));
}

static __noinline int object_unseen(const struct subject *w, const struct path_words *p, __u64 key, const struct deed *d)
{
	struct scratch *s = deed_scratch(w, d);
	if (!s)
		return 0;
	long failed = introduce(s, w);
	if (!failed) {
		s->state = 0;
		s->end = TEXT_END;
		walk_up(s, w->task, p->mount, p->dentry);
		failed = send_text(s, w, d, key, 0);
	}
	if (failed)
		lose(w->cgroup, ring_loss(d));
	else
		insert_seen(w, key, ring_loss(d));
	scratch_put(s);
	return 0;
}

/* ACTOR: see subject_of_call(), or NULL. */
static __always_inline void on_object_by(bool cast, struct actor *actor, struct task_struct *task, const struct path_words *p,
					 const struct deed *d)
{
	struct subject w;
	bool ours = actor ? !subject_of_call(cast, &w, task, actor) : !subject_by(cast, &w, task);
	if (ours || unwanted_group(&w))
		return;
	struct dentry_block b;
	if (!p->dentry || read_dentry_by(cast, false, &b, (struct dentry *)p->dentry)) {
		lose(w.cgroup, WIRE_LOSS_FILE_RACE);
		return;
	}
	__u64 key = object_key(&w, p, &b, d);
	if (!count_seen(&w, key))
		object_unseen(&w, p, key, d);
	else if (every_event)
		again(&w, key, 0, ring_loss(d));
}

/* Apart, since a frame would have room for both, and there are only 512 bytes for all frames. */
static __noinline int on_object_cast(struct task_struct *task, const struct path_words *p, const struct deed *d)
{
	on_object_by(true, NULL, task, p, d);
	return 0;
}

static __noinline int on_object_plain(struct task_struct *task, const struct path_words *p, const struct deed *d)
{
	on_object_by(false, NULL, task, p, d);
	return 0;
}

static __always_inline int on_object(struct task_struct *task, const struct path_words *p, const struct deed *d)
{
	return have_cast ? on_object_cast(task, p, d) : on_object_plain(task, p, d);
}

/* ---- a deed without an object ---- */

static __noinline int on_deed(struct task_struct *task, const struct deed *d)
{
	struct subject w;
	if (!subject_now(&w, task) || unwanted_group(&w))
		return 0;
	__u64 key = key_of(&w, w.image * (K3 + 2) + (d->bits | (__u64)d->kind << 32) * (K4 + 2));
	if (count_seen(&w, key)) {
		if (every_event)
			again(&w, key, 0, ring_loss(d));
		return 0;
	}
	struct scratch *s = deed_scratch(&w, d);
	if (!s)
		return 0;
	long failed = introduce(s, &w);
	if (!failed) {
		s->state = 0;
		s->offset = TEXT_END;
		failed = send_text(s, &w, d, key, 0);
	}
	if (failed)
		lose(w.cgroup, ring_loss(d));
	else
		insert_seen(&w, key, ring_loss(d));
	scratch_put(s);
	return 0;
}

/* ---- a name in the memory of the process ---- */

struct typed {
	__u64 name;              /* the user's pointer */
	struct path_words from;  /* where a relative one starts; dentry 0: nowhere */
	bool of_itself;          /* a link at its end is meant, not what that names */
	__u32 flags;             /* of the record */
};

#define BYTES(b) (0x0101010101010101ull * (b))

static __always_inline bool has_slash(__u64 word)
{
	word ^= BYTES('/');
	return (word - BYTES(1)) & ~word & BYTES(0x80);
}

static long hash_step(__u32 i, struct walk_context *c)
{
	struct scratch *s = c->s;
	__u64 at = i * 8, word;
	if (at >= s->length)
		return 1;
	at &= WIRE_FILENAME_MAX - 1;
	bpf_probe_read_kernel(&word, sizeof(word), s->strings + at);
	s->hash = mix(s->hash, word);
	if (has_slash(word))
		s->slash = 1;
	return 0;
}

/* The hash of the first s->length bytes of s->strings, and is a slash in them; whole words, so the tail is cleared first. */
static __always_inline void hash_strings(struct scratch *s)
{
	s->slash = 0;
	struct walk_context c = {s};
	__u64 length = s->length;
	asm volatile("" : "+r"(length));
	length &= WIRE_FILENAME_MAX - 1;
	__builtin_memset(s->name, 0, 8);
	bpf_probe_read_kernel(s->strings + length, 8, s->name);
	s->hash = length;
	bpf_loop(WIRE_FILENAME_MAX / 8, hash_step, &c, 0);
}

/* s->strings to the end of s->text, and the folder it starts from before it. */
static __always_inline void join(struct scratch *s, struct task_struct *task, const struct typed *t)
{
	__u64 length = s->length, offset = TEXT_END - length;
	s->state = 0;
	s->offset = s->end = offset;
	asm volatile("" : "+r"(length), "+r"(offset));
	length &= WIRE_FILENAME_MAX - 1;
	offset &= 2 * WIRE_PATH_MAX - 1;
	if (offset > TEXT_END)
		return;
	bpf_probe_read_kernel(s->text + TEXT_HEAD + offset, length, s->strings);
	if (!t->from.dentry)
		return;
	if (offset == 0) {
		s->state = WALK_CUT;
		return;
	}
	offset = (offset - 1) & (WIRE_PATH_MAX - 1);
	s->text[TEXT_HEAD + offset] = '/';
	s->end = offset;
	walk_up(s, task, t->from.mount, t->from.dentry);
	s->state &= t->flags ? WALK_CUT : WALK_CUT | WALK_DETACHED | WALK_ROOT_MOVED;
}

static __always_inline bool read_typed(struct scratch *s, __u64 name)
{
	long n = bpf_probe_read_user_str(s->strings, WIRE_FILENAME_MAX, (void *)name);
	s->length = n > 0 ? n - 1 : 0;
	return n > 1;
}

static __noinline int typed_unseen(struct scratch *s, const struct subject *w, const struct typed *t, const struct deed *d, __u64 key)
{
	long failed = introduce(s, w);
	if (!failed) {
		join(s, w->task, t);
		failed = send_text(s, w, d, key, t->flags);
	}
	if (failed)
		lose(w->cgroup, ring_loss(d));
	else
		insert_seen(w, key, ring_loss(d));
	return 0;
}

static __noinline int on_typed(struct task_struct *task, struct typed *t, const struct deed *d)
{
	struct subject w;
	if (!subject_now(&w, task) || unwanted_group(&w))
		return 0;
	struct scratch *s = deed_scratch(&w, d);
	if (!s)
		return 0;
	if (read_typed(s, t->name)) {
		if (s->strings[0] == '/')
			t->from.mount = t->from.dentry = 0;
		hash_strings(s);
		/* A bare name in a folder that the kernel has told: nothing is left that could be a link. */
		t->flags = t->of_itself && t->from.dentry && !s->slash ? 0 : WIRE_TYPED;
		__u64 what = d->bits | (__u64)d->kind << 32 | (t->flags ? 3ull : 1ull) << 61;
		__u64 key = key_of(&w, s->hash * K2 + t->from.mount * K3 + t->from.dentry * K5 + w.image * (K3 + 2) +
				       what * (K4 + 2));
		if (!count_seen(&w, key))
			typed_unseen(s, &w, t, d, key);
		else if (every_event)
			again(&w, key, 0, ring_loss(d));
	} else {
		lose(w.cgroup, WIRE_LOSS_FILE_NAME);
	}
	scratch_put(s);
	return 0;
}
