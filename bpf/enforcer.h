/* SPDX-License-Identifier: GPL-2.0-only */
/* The enforcer's maps, work buffers, and whose policy a task is under. */
#pragma once

#include "bpf/cgroup.h"
#include "schema/enforce.h"
#include "schema/match.h"

#define EPERM_ 1

/* Every table of an image has an outer map, policy slot -> that policy's table; an empty table is not there. */
#define TABLE(name, kind, key_bytes, value_bytes, flags)                                           \
	struct name##_table {                                                                      \
		__uint(type, kind);                                                                \
		__uint(max_entries, 1);                                                            \
		__uint(key_size, key_bytes);                                                       \
		__uint(value_size, value_bytes);                                                   \
		__uint(map_flags, flags);                                                          \
	};                                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                          \
		__uint(max_entries, ENFORCE_SLOTS);                                                \
		__uint(key_size, sizeof(__u32));                                                   \
		__array(values, struct name##_table);                                              \
	} name SEC(".maps")

TABLE(paths, BPF_MAP_TYPE_HASH, sizeof(struct image_path_key), sizeof(struct image_path), BPF_F_RDONLY_PROG);
TABLE(bytes, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct image_chunk), BPF_F_RDONLY_PROG | BPF_F_INNER_MAP);
TABLE(exec_pairs, BPF_MAP_TYPE_HASH, sizeof(struct image_pair), sizeof(__u32), BPF_F_RDONLY_PROG);
TABLE(file_pairs, BPF_MAP_TYPE_HASH, sizeof(struct image_pair), sizeof(__u32), BPF_F_RDONLY_PROG);
TABLE(net4, BPF_MAP_TYPE_LPM_TRIE, sizeof(struct image_net4), sizeof(struct image_net),
      BPF_F_RDONLY_PROG | BPF_F_NO_PREALLOC);
TABLE(net6, BPF_MAP_TYPE_LPM_TRIE, sizeof(struct image_net6), sizeof(struct image_net),
      BPF_F_RDONLY_PROG | BPF_F_NO_PREALLOC);
TABLE(ports, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct image_port), BPF_F_RDONLY_PROG | BPF_F_INNER_MAP);
TABLE(path_hits, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct enforce_hits), BPF_F_INNER_MAP);
TABLE(port_hits, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct enforce_hits), BPF_F_INNER_MAP);
TABLE(filters, BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(struct enforce_filter), BPF_F_RDONLY_PROG);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENFORCE_CGROUPS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} cgroups SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, ENFORCE_WORKLOADS);
	__type(key, __u32);
	__type(value, struct enforce_workload);
} workloads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, ENFORCE_RING_BYTES);
} refusals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct enforce_state);
} state SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENFORCE_WORKLOADS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct enforce_name);
} names SEC(".maps");

/* Execs that were allowed for who asked, which a program that sees them late cannot tell: task -> the file. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ENFORCE_VOUCHED);
	__type(key, __u64);
	__type(value, __u64);
} vouched SEC(".maps");

/* See signal_exec_late(): task -> who he was when he began. One entry where nobody asks; else set before load. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct enforce_caller);
} callers SEC(".maps");

/* See runtime.h. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ENFORCE_COPIES);
	__type(key, struct enforce_identity);
	__type(value, __u32);
} copies SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ENFORCE_RECENT);
	__type(key, __u32);
	__type(value, struct enforce_recent);
} recent SEC(".maps");

static __always_inline struct enforce_state *state_now(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&state, &zero);
}

static __always_inline void lose(enum enforce_loss loss)
{
	struct enforce_state *st = state_now();
	if (st)
		__sync_fetch_and_add(&st->losses[loss], 1);
}

/*
 * Work buffers. LSM programs can be preempted, so nothing per-CPU: a slot is claimed by compare-and-swap and given back.
 * The path's text ends at TEXT_END and zeros follow, so that its last word needs no other treatment.
 */
#define WALK_TO_TOP true
#define WALK_COMPARES 1
#define TEXT_HEAD 0
#define TEXT_END  WIRE_PATH_MAX

struct scratch {
	__u32 busy, state;
	struct dentry *dentry, *mount_root, *root_dentry;
	struct vfsmount *mount, *root_mount;
	__u64 offset, end, chain;
	__u32 changed;               /* the text, since collect_path() saw it */
	__u32 collected_slot, collected_caller;    /* whose, and of which path, are the grants below */
	__u64 collected, collected_offset;
	struct path at;              /* folder and name, as one */

	__u32 slot, judges_exec, late, caller, caller_flags;
	__u32 flags, access, entry, protect, caller_may;   /* what the entries that cover the path grant; two of them */
	__u32 place;                 /* of a refusal, in path_hits */
	__u32 chunk, differs;        /* comparing */
	__u64 length, compared;
	__u64 lengths, longest;      /* of the policy's filter */
	struct match_mix mix;
	struct image_path_key key;
	struct enforce_caller began; /* an exec */
	struct enforce_refusal refusal;
	char object[2 * ENFORCE_OBJECT_MAX];
	char text[2 * WIRE_PATH_MAX + 8];
};

const volatile __u32 scratch_count = 64;   /* a power of two; set before load */
const volatile bool is_backup = false;     /* behind other programs: only to refuse what they did not see */
const volatile bool vouches = false;       /* what is behind sees execs late */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct scratch);
} buffers SEC(".maps");

struct claim {
	__u32 first, slot, found;
};

static long claim_step(__u32 i, struct claim *c)
{
	c->slot = (c->first + i) & (scratch_count - 1);
	struct scratch *s = bpf_map_lookup_elem(&buffers, &c->slot);
	c->found = s && !__sync_val_compare_and_swap(&s->busy, 0, 1);
	return c->found;
}

/* NULL only when every buffer is in use. Processors start apart, so that they seldom meet. */
static __always_inline struct scratch *scratch_get(void)
{
	struct claim c = {};
	c.first = c.slot = bpf_get_smp_processor_id() * 8 & (scratch_count - 1);
	struct scratch *own = bpf_map_lookup_elem(&buffers, &c.slot);
	if (own && !__sync_val_compare_and_swap(&own->busy, 0, 1))
		return own;
	bpf_loop(scratch_count, claim_step, &c, 0);
	if (c.found)
		return bpf_map_lookup_elem(&buffers, &c.slot);
	lose(ENFORCE_LOSS_SCRATCH);
	return NULL;
}

static __always_inline void scratch_put(struct scratch *s)
{
	__sync_lock_test_and_set(&s->busy, 0);
}

/* ---- who ---- */

struct who {
	struct task_struct *task;
	struct enforce_workload *workload;
	__u64 cgroup, word;
	__u32 number;
};

/* False: under no policy. */
static __always_inline bool find_who(struct who *w)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (have_cast)
		cgroup_node(true, task, &w->cgroup);
	else
		cgroup_node(false, task, &w->cgroup);
	__u32 *number = bpf_map_lookup_elem(&cgroups, &w->cgroup);
	if (!number)
		return false;
	w->number = *number;
	w->workload = bpf_map_lookup_elem(&workloads, &w->number);
	if (!w->workload)
		return false;
	w->task = task;
	w->word = *(volatile __u64 *)&w->workload->word;
	__u32 mode = ENFORCE_MODE(w->word);
	return is_backup ? mode == ENFORCE_DENY : mode != ENFORCE_OFF;
}

static __always_inline bool judges(const struct who *w, __u32 bit)
{
	return ENFORCE_JUDGES(w->word) & bit;
}

static __always_inline struct file *exe_of(struct task_struct *task)
{
	struct mm_struct *mm = task->mm;
	return mm ? mm->exe_file : NULL;
}
