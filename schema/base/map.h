/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash map from byte strings to dense numbers 0, 1, 2 ... in order of insertion: interning.
 * Keys are copied and stay at one address for the life of the map. Whole keys are compared; the hash
 * only finds the place.
 */
#pragma once

#include "schema/base/base.h"

struct map;

#define MAP_NONE UINT32_MAX

struct map *map_new(void);
void map_free(struct map *m);
DEFINE_CLEANUP(struct map *, map_free)

uint32_t map_size(const struct map *m);

/* The number of KEY, or MAP_NONE. */
uint32_t map_find(const struct map *m, struct str key);

/* The number of KEY, adding it if new; *ret_new (may be NULL) says which. */
uint32_t map_add(struct map *m, struct str key, bool *ret_new);

/* The key with number I; valid until map_free(). */
struct str map_key(const struct map *m, uint32_t i);

/* 64-bit hash of bytes, the same on every machine and run: not secret, never a decision. */
uint64_t hash_bytes(const void *p, size_t n, uint64_t seed);
