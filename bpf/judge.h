/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decisions, step by step as compiler/image/image_eval.c takes them in user space: hash the path once, look up every folder in it
 * and the whole, compare bytes, collect what the entries grant. What cannot be known is refused.
 *
 *	0 = allowed, or not judged; 1 = refused, and recorded, unless refuse() only audits
 */
#pragma once

#include "bpf/enforcer.h"
#include "bpf/walk.h"
#include "bpf/runtime.h"

#define CHANGES (WIRE_ACCESS_WRITE | WIRE_ACCESS_CREATE | WIRE_ACCESS_TRUNCATE | WIRE_ACCESS_UNLINK |               \
		 WIRE_ACCESS_RENAME | WIRE_ACCESS_LINK | WIRE_ACCESS_CHMOD)

/* ---- paths: the text of the last walk, against a policy's entries ---- */

static __always_inline void *table_of(void *outer, __u32 slot)
{
	return bpf_map_lookup_elem(outer, &slot);
}

/* Bytes AT.. of the path as a word. */
static __always_inline __u64 text_word(struct scratch *s, __u64 at)
{
	__u64 offset = s->offset + at;
	asm volatile("" : "+r"(offset));
	offset &= 2 * WIRE_PATH_MAX - 1;
	return *(__u64 *)(s->text + offset);
}

/* The same, with zeros from END on. */
static __always_inline __u64 text_word_until(struct scratch *s, __u64 at, __u64 end)
{
	if (at >= end)
		return 0;
	__u64 word = text_word(s, at), left = end - at;
	return left < 8 ? word & match_low_bytes(left) : word;
}

static long compare_step(__u32 i, struct walk_context *c)
{
	struct scratch *s = c->s;
	__u64 at = (__u64)i * IMAGE_CHUNK, differ = 0;
	__u32 number = s->chunk + i;
	if (at >= s->compared)
		return 1;
	void *chunks = table_of(&bytes, s->slot);
	const struct image_chunk *theirs = chunks ? bpf_map_lookup_elem(chunks, &number) : NULL;
	if (!theirs) {
		s->differs = 1;
		return 1;
	}
#pragma unroll
	for (int k = 0; k < IMAGE_CHUNK / 8; k++) {
		if (at + 8 * k >= s->compared)
			break;
		differ |= text_word_until(s, at + 8 * k, s->compared) ^ theirs->word[k];
	}
	s->differs = differ != 0;
	return s->differs;
}

static __always_inline const struct enforce_filter *filter_of(__u32 slot)
{
	__u32 zero = 0;
	void *table = table_of(&filters, slot);
	return table ? bpf_map_lookup_elem(table, &zero) : NULL;
}

static __always_inline bool has_length(const struct scratch *s, __u64 length)
{
	return s->lengths >> (length & 63) & 1;
}

static __always_inline bool has_key(const struct scratch *s, const struct enforce_filter *f)
{
	__u32 bit = enforce_filter_bit(s->key.hash[0]);
	return f->bits[bit / 64] >> (bit % 64) & 1;
}

/* Word by word: the compiler copies the structs byte by byte. */
static __always_inline struct match_mix mix_of(const struct scratch *s)
{
	struct match_mix m;
	m.a = *(volatile __u64 *)&s->mix.a;
	m.b = *(volatile __u64 *)&s->mix.b;
	return m;
}

static __always_inline struct image_path_key key_of_path(const struct scratch *s)
{
	struct image_path_key key;
	key.hash[0] = *(volatile __u64 *)&s->key.hash[0];
	key.hash[1] = *(volatile __u64 *)&s->key.hash[1];
	return key;
}

/* The entry of the path's first LENGTH bytes, whose key is s->key. */
static __always_inline const struct image_path *find_path(struct scratch *s, __u64 length)
{
	void *table = table_of(&paths, s->slot);
	struct image_path_key key = key_of_path(s);
	const struct image_path *p = table ? bpf_map_lookup_elem(table, &key) : NULL;
	if (!p || p->length != length)
		return NULL;
	struct walk_context c = {s};
	s->chunk = p->chunk;
	s->compared = length;
	s->differs = 1;
	bpf_loop(IMAGE_PATH_MAX / IMAGE_CHUNK, compare_step, &c, 0);
	return s->differs ? NULL : p;
}

static __always_inline __u32 *find_pair(void *outer, __u32 slot, __u32 caller, __u32 target)
{
	struct image_pair pair = {caller, target};
	void *table = table_of(outer, slot);
	return table ? bpf_map_lookup_elem(table, &pair) : NULL;
}

/*
 * Adds what the entry of the first LENGTH bytes grants, whose key is s->key. Not static, like the two below: the verifier goes through
 * such a function once, not at every call.
 */
__noinline int collect(struct scratch *s, __u64 length)
{
	if (!s)
		return 0;
	const struct image_path *p = find_path(s, length);
	if (!p)
		return 0;
	s->flags |= p->flags;
	s->access |= p->access;
	if (p->flags & IMAGE_PATH_PROTECT)
		s->protect = p->id;
	if ((p->flags & IMAGE_PATH_EXEC) || p->access)
		s->entry = p->id;
	if (!s->caller)
		return 0;
	__u32 *rule = find_pair(&exec_pairs, s->slot, s->caller, p->id);
	__u32 *access = find_pair(&file_pairs, s->slot, s->caller, p->id);
	if (rule)
		s->caller_may = 1;
	if (access)
		s->access |= *access;
	if (rule || access)
		s->entry = p->id;
	return 0;
}

struct collect_context {
	struct scratch *s;
	const struct enforce_filter *filter;
};

/* WORD holds the last 1..8 of LENGTH bytes, M what is before them. */
static __always_inline void collect_at(struct collect_context *c, struct match_mix m, __u64 word, __u64 length)
{
	c->s->key = match_mix_end(m, word, length);
	if (has_key(c->s, c->filter))
		collect(c->s, length);
}

/* Only where a folder ends whose length some entry has is anything to look up; behind the longest entry nothing. */
static long collect_step(__u32 i, struct collect_context *c)
{
	struct scratch *s = c->s;
	struct match_mix m = mix_of(s);
	__u64 at = (__u64)i * 8, length = s->length;
	if (at >= length || at >= s->longest)
		return 1;
	__u64 word = text_word(s, at), left = length - at;
	__u64 folders = match_folders(word) & match_rotate(s->lengths, 63 - at % 64);
	if (left <= 8)
		folders &= (1 << (left - 1)) - 1;      /* its own last byte ends no folder around it */
	for (int k = 1; k <= 8 && folders; k++, folders >>= 1)
		if (folders & 1)
			collect_at(c, m, word & match_low_bytes(k), at + k);
	if (left > 8) {
		s->mix = match_mix_word(m, word);
		return 0;
	}
	if (has_length(s, length))
		collect_at(c, m, word, length);
	return 1;
}

static long mix_step(__u32 i, struct walk_context *c)
{
	struct scratch *s = c->s;
	__u64 at = (__u64)i * 8;
	if (at >= s->length)
		return 1;
	__u64 word = text_word_until(s, at, s->length);
	if (s->length - at > 8) {
		s->mix = match_mix_word(mix_of(s), word);
		return 0;
	}
	s->key = match_mix_end(mix_of(s), word, s->length);
	return 1;
}

/* NULL: this policy has no paths. */
static __always_inline const struct enforce_filter *start_path(struct scratch *s)
{
	const struct enforce_filter *f = filter_of(s->slot);
	s->lengths = f ? f->lengths : 0;
	s->longest = f ? f->longest : 0;
	s->length = TEXT_END - s->offset;
	s->mix = match_mix_start();
	return f;
}

/*
 * What all entries that cover the walked path grant to s->caller. When it is the path that this work buffer was last asked about, by
 * the same policy, what it found then stands.
 */
__noinline int collect_path(struct scratch *s)
{
	if (!s)
		return 0;
	struct collect_context c = {s, start_path(s)};
	__u64 policy = c.filter ? c.filter->policy : 0;
	if (policy && s->collected == policy && s->collected_slot == s->slot && s->collected_caller == s->caller &&
	    s->collected_offset == s->offset && !s->changed)
		return 0;
	s->flags = s->access = s->entry = s->protect = s->caller_may = 0;
	if (c.filter)
		bpf_loop(IMAGE_PATH_MAX / 8, collect_step, &c, 0);
	s->collected = policy;
	s->collected_slot = s->slot;
	s->collected_caller = s->caller;
	s->collected_offset = s->offset;
	s->changed = 0;
	return 0;
}

/* The path is nothing that entries could cover. */
static __always_inline void collect_nothing(struct scratch *s)
{
	s->flags = s->access = s->entry = s->protect = s->caller_may = 0;
	s->collected = 0;
}

static __always_inline bool has_text(const struct scratch *s)
{
	return !(s->state & (WALK_CUT | WALK_NAMELESS | WALK_DETACHED));
}

/* s->caller and its flags: the entry of the walked path itself. */
__noinline int take_caller(struct scratch *s)
{
	struct walk_context c = {s};
	if (!s)
		return 0;
	const struct enforce_filter *f = start_path(s);
	if (!f || !has_length(s, s->length))
		return 0;
	bpf_loop(IMAGE_PATH_MAX / 8, mix_step, &c, 0);
	if (!has_key(s, f))
		return 0;
	const struct image_path *p = find_path(s, s->length);
	if (!p)
		return 0;
	s->caller = p->id;
	s->caller_flags = p->flags;
	return 0;
}

/* That of the program that TASK runs; 0 when no rule names it. */
static __noinline int find_caller(struct scratch *s, struct task_struct *task)
{
	struct file *exe = exe_of(task);
	s->caller = s->caller_flags = 0;
	if (!exe)
		return 0;
	walk(s, task, &exe->f_path);
	if (has_text(s))
		take_caller(s);
	return 0;
}

static __always_inline struct enforce_hits *hits_of(void *outer, __u32 slot, __u32 place)
{
	void *table = table_of(outer, slot);
	return table && !is_backup ? bpf_map_lookup_elem(table, &place) : NULL;
}

static __always_inline void count_allowed(void *outer, __u32 slot, __u32 place)
{
	struct enforce_hits *h = hits_of(outer, slot, place);
	if (h)
		__sync_fetch_and_add(&h->allowed, 1);
}

/* ---- refusing ---- */

static __always_inline bool is_exempt_file(const struct file *f)
{
	struct enforce_identity id;
	struct enforce_state *st = state_now();
	if (!st || !identify(&id, inode_of(f)))
		return false;
#pragma unroll
	for (int i = 0; i < ENFORCE_EXEMPT_MAX; i++) {
		if (is_same(&st->exempt[i], &id))
			return true;
	}
	return false;
}

#define CAP_SYS_ADMIN_ 21

/* Every right on the host: who has them could take the enforcer away, and so gains nothing. */
static __always_inline bool owns_host(struct task_struct *task)
{
	const struct cred *cred = task->cred;
	const struct user_namespace *ns = cred ? (void *)WORD(cred, struct cred, user_ns) : NULL;
	if (!ns || (__u32)WORD(ns, struct user_namespace, level) != 0)
		return false;
	return WORD(cred, struct cred, cap_effective) >> CAP_SYS_ADMIN_ & 1;
}

/* The first process of the host; the enforcer's own program, running or about to. */
static __always_inline bool is_exempt(struct task_struct *task, const struct file *target)
{
	if (task->tgid == 1)
		return true;
	return owns_host(task) && (is_exempt_file(exe_of(task)) || is_exempt_file(target));
}

static __always_inline bool denies(const struct who *w)
{
	if (ENFORCE_MODE(w->word) != ENFORCE_DENY)
		return false;
	__u64 deadline = w->workload->deadline_ns;
	return !deadline || bpf_ktime_get_boot_ns() < deadline;
}

static __always_inline __u32 copy_text(struct scratch *s, char *to, __u64 max)
{
	__u64 offset = s->offset, length = TEXT_END - offset;
	if (offset > TEXT_END)
		return 0;
	if (length > max - 1)
		length = max - 1;
	asm volatile("" : "+r"(offset), "+r"(length));
	offset &= 2 * WIRE_PATH_MAX - 1;
	length &= max - 1;
	if (offset > TEXT_END || bpf_probe_read_kernel(to, length, s->text + offset))
		return 0;
	return length;
}

/* The path just walked is what was refused. */
static __noinline int note_object(struct scratch *s)
{
	s->refusal.flags = (s->state & WALK_CUT ? ENFORCE_OBJECT_CUT : 0) |
			   (s->state & WALK_MEMFD ? ENFORCE_OBJECT_MEMFD : 0) |
			   (s->state & WALK_DELETED ? ENFORCE_OBJECT_DELETED : 0) |
			   (s->state & WALK_NAMELESS ? ENFORCE_OBJECT_NAMELESS : 0) |
			   (s->state & WALK_DETACHED ? ENFORCE_OBJECT_DETACHED : 0);
	s->refusal.object_length = s->state & WALK_CUT ? 0 : copy_text(s, s->object, ENFORCE_OBJECT_MAX);
	return 0;
}

static __always_inline void note_subject(struct scratch *s, struct task_struct *task)
{
	bool gone = s->late && s->refusal.kind == ENFORCE_EXEC;
	struct file *exe = gone ? NULL : exe_of(task);
	s->refusal.subject_length = 0;
	s->state = WALK_CUT;
	if (exe)
		walk(s, task, &exe->f_path);
	if (!(s->state & WALK_CUT))
		s->refusal.subject_length = copy_text(s, s->refusal.subject, ENFORCE_SUBJECT_MAX);
	if ((s->state & WALK_CUT) || TEXT_END - s->offset >= ENFORCE_SUBJECT_MAX)
		s->refusal.flags |= ENFORCE_SUBJECT_CUT;
	if (s->state & WALK_NAMELESS)
		s->refusal.flags |= ENFORCE_SUBJECT_NAMELESS;
}

/* A copy that stays. Numbered last, so that who reads it meanwhile can tell. */
static __always_inline void keep(struct scratch *s)
{
	struct enforce_state *st = state_now();
	if (!st)
		return;
	__u64 number = __sync_fetch_and_add(&st->recent, 1);
	__u32 place = number & (ENFORCE_RECENT - 1);
	struct enforce_recent *r = bpf_map_lookup_elem(&recent, &place);
	if (!r)
		return;
	__sync_lock_test_and_set(&r->number, 0);
	bpf_probe_read_kernel(&r->record, sizeof(r->record) + sizeof(r->object), &s->refusal);
	__sync_lock_test_and_set(&r->number, number + 1);
}

/* Object directly behind the fixed part: the verifier sees one buffer of known size in struct scratch. */
static __always_inline void record(struct scratch *s)
{
	__u64 length = s->refusal.object_length;
	asm volatile("" : "+r"(length));
	length &= ENFORCE_OBJECT_MAX - 1;
	if (bpf_ringbuf_output(&refusals, &s->refusal, sizeof(s->refusal) + length, BPF_RB_NO_WAKEUP))
		lose(ENFORCE_LOSS_RECORD);
}

/* Counts and records a refusal whose object, address or guard is noted. OUTCOME if it is one. 1 = refuse. */
static __noinline int refuse(struct scratch *s, struct who *w, __u32 kind, __u32 outcome)
{
	bool deny = denies(w);
	if (kind >= ENFORCE_KINDS)
		return 1;
	if (is_backup && !deny)
		return 0;
	__sync_fetch_and_add(deny ? &w->workload->denied[kind] : &w->workload->audited[kind], 1);
	struct enforce_hits *h = hits_of(&path_hits, s->slot, s->place);
	if (h)
		__sync_fetch_and_add(deny ? &h->denied : &h->audited, 1);
	struct enforce_refusal *r = &s->refusal;
	r->time_ns = bpf_ktime_get_boot_ns();
	r->cgroup = w->cgroup;
	r->workload = w->number;
	r->slot = ENFORCE_SLOT(w->word);
	r->pid = w->task->tgid;
	r->uid = w->task->cred->uid.val;
	r->kind = kind;
	r->outcome = deny ? outcome : ENFORCE_AUDITED;
	w->workload->last_ns = r->time_ns;
	note_subject(s, w->task);
	record(s);
	keep(s);
	return deny;
}

/* No work buffer: counted, not recorded. */
static __always_inline int refuse_unseen(struct who *w, __u32 kind)
{
	bool deny = denies(w);
	if (is_backup && !deny)
		return 0;
	__sync_fetch_and_add(deny ? &w->workload->denied[kind] : &w->workload->audited[kind], 1);
	return deny;
}

/*
 * A runtime prepares a container from within its cgroup already: mounts its root, writes through mounts that are not attached yet. By its
 * file, or as a copy, it is one only where the exec rules keep others from running it.
 */
static __noinline int runtime_acts(struct scratch *s, struct task_struct *task)
{
	find_caller(s, task);
	if (s->caller_flags & IMAGE_PATH_RUNTIME)
		return 1;
	return s->judges_exec && is_runtime_or_copy(task);
}

/* ---- files ---- */

/* On a mount of no namespace no path tells whether a file is protected: only runtimes change such files. */
static __noinline int detached_missing(struct scratch *s, struct task_struct *task, const struct path *p, __u32 asked)
{
	int passes = runtime_acts(s, task);
	walk(s, task, p);
	collect_nothing(s);
	return passes ? 0 : asked;
}

/* Bits of ASKED that nothing grants; 0 also where nothing is protected. */
static __always_inline int file_missing(struct scratch *s, struct task_struct *task, const struct path *p, __u32 asked)
{
	walk(s, task, p);
	s->caller = s->caller_flags = 0;
	if (s->state & (WALK_CUT | WALK_NAMELESS)) {
		collect_nothing(s);
		return s->state & WALK_CUT ? asked : 0;
	}
	if (s->state & WALK_DETACHED)
		return detached_missing(s, task, p, asked);
	collect_path(s);
	if (!(s->flags & IMAGE_PATH_PROTECT))
		return 0;
	if (!match_access(asked, s->access, CHANGES))
		return 0;
	if (table_of(&file_pairs, s->slot)) {
		find_caller(s, task);
		walk(s, task, p);
		if (s->state & WALK_CUT)
			return asked;
		collect_path(s);
	}
	return match_access(asked, s->access, CHANGES);
}

/* Overlayfs and the like open what lies below on mounts that no task sees: judged above already. */
static __always_inline bool is_internal(const struct vfsmount *mnt)
{
	const struct mount *m = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
	return (long)WORD(m, struct mount, mnt_ns) < 0 && (long)WORD(m, struct mount, mnt_ns) >= -4095;
}

static __noinline int judge_file(struct who *w, const struct path *p, __u32 asked, __u32 outcome)
{
	struct vfsmount *mnt = (void *)WORD(p, struct path, mnt);
	if (is_internal(mnt))
		return 0;
	struct scratch *s = scratch_get();
	if (!s)
		return refuse_unseen(w, ENFORCE_FILE);
	s->slot = ENFORCE_SLOT(w->word);
	s->judges_exec = judges(w, IMAGE_JUDGES_EXEC);
	int refused = 0;
	__u32 missing = file_missing(s, w->task, p, asked);
	if (!missing) {
		if (s->flags & IMAGE_PATH_PROTECT)
			count_allowed(&path_hits, s->slot, ENFORCE_HITS_PATHS + s->entry);
	} else if (!is_exempt(w->task, NULL)) {
		note_object(s);
		s->refusal.access = missing;
		s->place = s->protect ? ENFORCE_HITS_PATHS + s->protect : ENFORCE_FILE;
		refused = refuse(s, w, ENFORCE_FILE, outcome);
	}
	scratch_put(s);
	return refused;
}
