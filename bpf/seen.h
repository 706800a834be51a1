/* SPDX-License-Identifier: GPL-2.0-only */
/* Seen before? The tables of observations. */
#pragma once

#include "bpf/subject.h"

/* SUM: what of the object and its circumstances makes an observation; never 0, which marks a free place. */
static __always_inline __u64 key_of(const struct subject *w, __u64 sum)
{
	__u64 key = finish(sum + w->cgroup * (K1 + 2) + (__u64)w->epoch * (K5 + 2));
	return key ?: 1;
}

/* Each level goes by other bits of the key. */
static __always_inline struct wire_bucket *bucket_of(const struct subject *w, __u64 key, __u32 probe)
{
	__u32 first = seen_buckets >> WIRE_LEVELS, i;
	if (probe < WIRE_LEVELS)
		i = first * ((1u << probe) - 1) + ((__u32)(key >> probe * 11) & ((first << probe) - 1));
	else
		i = first * ((1u << WIRE_LEVELS) - 1) + (((__u32)(key >> 44) + probe) & (first - 1));
	if (w->epoch & 1)
		i += seen_buckets;
	return bpf_map_lookup_elem(&seen, &i);
}

static __always_inline void count_one(struct wire_seen *v)
{
	__sync_fetch_and_add(&v->count, 1);
	v->last_tick = coarse_now_ns >> WIRE_TICK_SHIFT;
}

/* 1: counted, 0: not there, -1: the bucket is full of others. */
static __always_inline int count_in(struct wire_bucket *b, __u64 key)
{
	if (!b)
		return 0;
#pragma unroll
	for (__u32 i = 0; i < WIRE_BUCKET; i++) {
		if (b->seen[i].key == key) {
			count_one(&b->seen[i]);
			return 1;
		}
	}
	return b->seen[WIRE_BUCKET - 1].key ? -1 : 0;
}

static __noinline int count_further(const struct subject *w, __u64 key)
{
	int found = -1;
#pragma unroll
	for (__u32 probe = 1; probe < WIRE_PROBES; probe++)
		if (found < 0)
			found = count_in(bucket_of(w, key, probe), key);
	return found;
}

static __always_inline bool count_seen(const struct subject *w, __u64 key)
{
	int found = count_in(bucket_of(w, key, 0), key);
	if (found < 0)
		found = count_further(w, key);
	return found > 0;
}

/* Takes the first free place, or counts where another CPU was first. */
static __always_inline bool enter(struct wire_bucket *b, __u64 key)
{
#pragma unroll
	for (__u32 i = 0; b && i < WIRE_BUCKET; i++) {
		__u64 there = b->seen[i].key;
		if (!there)
			there = __sync_val_compare_and_swap(&b->seen[i].key, 0, key);
		if (!there || there == key) {
			count_one(&b->seen[i]);
			return true;
		}
	}
	return false;
}

/* A short record that refers to the first one: every event is wanted, or the map was full. */
static __always_inline void again(const struct subject *w, __u64 key, __u32 flags, enum wire_loss loss)
{
	struct wire_header h;
	fill_header(&h, w, WIRE_AGAIN, key);
	h.flags = flags;
	h.length = sizeof(h);
	if (emit(&h, sizeof(h)))
		lose(w->cgroup, loss);
}

/* After the ring took the record. */
static __noinline int insert_seen(const struct subject *w, __u64 key, enum wire_loss loss)
{
#pragma unroll
	for (__u32 probe = 0; probe < WIRE_PROBES; probe++)
		if (enter(bucket_of(w, key, probe), key))
			return 0;
	__sync_fetch_and_add(&count_uncounted, 1);
	again(w, key, WIRE_UNCOUNTED, loss);
	return 0;
}

