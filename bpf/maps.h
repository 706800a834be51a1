/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps, settings and counters of the sensor, and the work buffers. */
#pragma once

#include "bpf/word.h"
#include "schema/wire.h"

/* Set before load. What each system call asks comes first, on one page. */
const volatile __u64 seed = 0;            /* of the keys: they cannot be foreseen */
const volatile bool every_event = false;
const volatile __u64 wakeup_bytes = 0;    /* fill of the ring that ends the consumer's sleep early */
const volatile bool by_cgroup = false;    /* some are unwanted */
const volatile bool want_execs = true;
const volatile bool by_entry = false;      /* security programs stand at the entry of functions, not in the LSM */
const volatile __u32 seen_buckets = WIRE_SEEN_MAX / WIRE_BUCKET;  /* of one table; a power of two */
const volatile __u8 call_known[WIRE_CALLS_MAX] = {};              /* in one of the tables */
const volatile __u8 call_rows[2 * WIRE_CALLS_MAX] = {};           /* this architecture's own, then those of 32-bit programs */
const volatile struct wire_call calls[WIRE_ROWS_MAX] = {};        /* row 0: of no interest */
const volatile __u32 prefix_count = 0;    /* 0: every path */
const volatile struct wire_prefix prefixes[WIRE_PREFIXES_MAX] = {};

/* Shared with user space while running. */
__u32 self_pid = 0;                       /* the recorder, in the initial pid namespace */
__u64 coarse_now_ns = 0;                  /* the consumer's clock: CLOCK_BOOTTIME at its last tick */
__u32 epoch = 0;                          /* part of every key; raised to see all things anew */
__u32 wakeup_sent = 0;                    /* once until the consumer, which clears it, has been there */
__u64 losses[WIRE_LOSS_COUNT] = {};
__u64 count_forks = 0, count_exits = 0, count_uncounted = 0;
__u32 whoami_pid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} ring SEC(".maps");

/*
 * Two tables of observations, of which epoch & 1 is in use; user space empties the other before it is used again. Nothing
 * is ever taken out of the one in use, so a bucket with a free place ends a search. Our own and not BPF_MAP_TYPE_HASH: found
 * without a call, entered with one compare-and-swap, a third of the memory, and read by user space through mmap.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2 * WIRE_SEEN_MAX / WIRE_BUCKET);
	__type(key, __u32);
	__type(value, struct wire_bucket);
} seen SEC(".maps");

/* Which images and cgroups were told to user space. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WIRE_IMAGES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} images SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WIRE_CGROUPS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} cgroups SEC(".maps");

/* Cgroups whose observations user space has said it does not want. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WIRE_CGROUPS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} unwanted SEC(".maps");

/* Whose losses they were, where only some cgroups are wanted. What found no room here is in the sums alone. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WIRE_LOST_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct wire_lost);
	__type(value, __u64);
} lost SEC(".maps");

/*
 * Who made the last call on this CPU: his cgroup and image are not found out anew while all that they come from is the same and the
 * consumer's clock stands (for milliseconds; a renamed program changes nothing else). For the program at the end of system calls
 * alone: nothing comes between it and itself.
 */
struct actor {
	__u64 task, born_ns, execs, groups, program;   /* addresses, and what makes them unmistakable */
	__u64 now_ns;
	__u64 cgroup, image, node;
	__u32 epoch, told;                             /* told: introduce() has nothing to do */
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct actor);
} actors SEC(".maps");

/* At an exec the image before it is gone from the mm, so it is kept here from fork and exec on. */
struct task_info {
	__u64 image;
	__u32 tree;             /* WIRE_TAG_INIT_TREE or _INTERACTIVE, inherited */
	__u32 uid;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WIRE_TASKS_MAX);
	__type(key, __u32);
	__type(value, struct task_info);
} tasks SEC(".maps");

/*
 * Work buffers. Programs on cgroup hooks can be preempted, so nothing per-CPU: a slot is claimed by
 * compare-and-swap and given back. Text grows from the right, so that the header can be put right before it and
 * both leave in one piece; twice the size, since the verifier does not relate offset to length.
 */
#define WALK_TO_TOP false
#define WALK_COMPARES 0
#define TEXT_HEAD sizeof(struct wire_header)
#define TEXT_END  WIRE_PATH_MAX

struct scratch {
	__u32 busy, state;
	struct dentry *dentry, *mount_root, *root_dentry;
	struct vfsmount *mount, *root_mount;
	struct kernfs_node *node;
	__u64 offset, end, chain, hash, length;
	__u32 tags, tree;         /* exec: gathered here; see exec_tags() */
	__u32 slash, reserved;    /* in the name that was hashed */
	union {
		struct wire_header header;
		struct wire_exec exec;
		struct wire_connect connect;
	};
	char name[256];
	char text[TEXT_HEAD + 2 * WIRE_PATH_MAX];
	char strings[WIRE_FILENAME_MAX + WIRE_ARGV_MAX + 2 * WIRE_PATH_MAX];  /* exec: the texts */
	char out[sizeof(struct wire_exec) + WIRE_FILENAME_MAX + WIRE_ARGV_MAX + 2 * WIRE_PATH_MAX];
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WIRE_SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct scratch);
} slots SEC(".maps");

static __noinline int lose_in(__u64 cgroup, __u32 loss)
{
	struct wire_lost key = {.cgroup = cgroup, .loss = loss};
	__u64 one = 1, *count = bpf_map_lookup_elem(&lost, &key);
	if (!count && !bpf_map_update_elem(&lost, &key, &one, BPF_NOEXIST))
		return 0;
	if (!count)
		count = bpf_map_lookup_elem(&lost, &key);   /* another CPU was first, or the table is full */
	if (count)
		__sync_fetch_and_add(count, 1);
	return 0;
}

/* The sum first, which user space reads last: the table never says more of others than that. */
static __always_inline void lose(__u64 cgroup, enum wire_loss loss)
{
	__sync_fetch_and_add(&losses[loss], 1);
	if (by_cgroup)
		lose_in(cgroup, loss);
}

#define SLOT_TRIES 4

static __always_inline struct scratch *scratch_get(__u64 cgroup, enum wire_loss loss)
{
	__u32 first = bpf_get_smp_processor_id();
#pragma unroll
	for (__u32 i = 0; i < SLOT_TRIES; i++) {
		__u32 slot = (first + i * (WIRE_SCRATCH_SLOTS / SLOT_TRIES)) % WIRE_SCRATCH_SLOTS;
		struct scratch *s = bpf_map_lookup_elem(&slots, &slot);
		if (s && __sync_val_compare_and_swap(&s->busy, 0, 1) == 0)
			return s;
	}
	lose(cgroup, loss);
	return NULL;
}

static __always_inline void scratch_put(struct scratch *s)
{
	__sync_lock_test_and_set(&s->busy, 0);
}

/* 0 when the ring took it. The consumer drains on a timer; waking it for each record would cost more than all else. */
static __always_inline long emit(void *record, __u64 length)
{
	__u64 flags = BPF_RB_NO_WAKEUP;
	if (!wakeup_sent && bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > wakeup_bytes) {
		wakeup_sent = 1;
		flags = BPF_RB_FORCE_WAKEUP;
	}
	return bpf_ringbuf_output(&ring, record, length, flags);
}
