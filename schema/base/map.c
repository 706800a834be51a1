/* SPDX-License-Identifier: GPL-2.0-only */
/* Open addressing over (hash, number) slots; keys live in an arena beside. */
#include "schema/base/map.h"

#include "schema/base/arena.h"

struct slot {
	uint32_t hash;
	uint32_t number; /* MAP_NONE = free */
};

struct map {
	struct slot *slots;
	uint32_t mask;
	uint32_t n, cap;
	struct str *keys;
	struct arena *bytes;
};

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The N < 8 bytes at S as a number, the lowest first. No call for so few. */
static uint64_t tail_word(const unsigned char *s, size_t n)
{
	if (n >= 4) {
		uint32_t low, high;
		memcpy(&low, s, 4);
		memcpy(&high, s + n - 4, 4);
		return low | (uint64_t)high << (n - 4) * 8;
	}
	return !n ? 0 : s[0] | (uint64_t)s[n / 2] << n / 2 * 8 | (uint64_t)s[n - 1] << (n - 1) * 8;
}

uint64_t hash_bytes(const void *p, size_t n, uint64_t seed)
{
	const unsigned char *s = p;
	uint64_t h = seed ^ 0x9e3779b97f4a7c15ull ^ n;
	for (; n >= 8; s += 8, n -= 8) {
		uint64_t w;
		memcpy(&w, s, 8);
		h = mix(h ^ w, 0xa0761d6478bd642full);
	}
	return mix(h ^ tail_word(s, n), 0xe7037ed1a0b428dbull ^ n);
}

static void resize(struct map *m, uint32_t size)
{
	struct slot *old = m->slots;
	uint32_t old_size = old ? m->mask + 1 : 0;
	m->slots = xreallocarray(NULL, size, sizeof(*m->slots));
	memset(m->slots, 0xff, (size_t)size * sizeof(*m->slots));
	m->mask = size - 1;
	for (uint32_t i = 0; i < old_size; i++) {
		if (old[i].number == MAP_NONE)
			continue;
		uint32_t at = old[i].hash & m->mask;
		while (m->slots[at].number != MAP_NONE)
			at = (at + 1) & m->mask;
		m->slots[at] = old[i];
	}
	free(old);
}

struct map *map_new(void)
{
	struct map *m = xcalloc(1, sizeof(*m));
	m->bytes = arena_new();
	resize(m, 16);
	return m;
}

void map_free(struct map *m)
{
	if (!m)
		return;
	arena_free(m->bytes);
	free(m->slots);
	free(m->keys);
	free(m);
}

uint32_t map_size(const struct map *m)
{
	return m->n;
}

struct str map_key(const struct map *m, uint32_t i)
{
	return m->keys[i];
}

/* The slot that holds KEY, or the free one where it belongs. */
static struct slot *lookup(const struct map *m, struct str key, uint32_t hash)
{
	uint32_t at = hash & m->mask;
	while (m->slots[at].number != MAP_NONE) {
		if (m->slots[at].hash == hash && str_eq(m->keys[m->slots[at].number], key))
			break;
		at = (at + 1) & m->mask;
	}
	return &m->slots[at];
}

uint32_t map_find(const struct map *m, struct str key)
{
	return lookup(m, key, (uint32_t)hash_bytes(key.p, key.n, 0))->number;
}

uint32_t map_add(struct map *m, struct str key, bool *ret_new)
{
	uint32_t hash = (uint32_t)hash_bytes(key.p, key.n, 0);
	struct slot *slot = lookup(m, key, hash);
	if (ret_new)
		*ret_new = slot->number == MAP_NONE;
	if (slot->number != MAP_NONE)
		return slot->number;
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 16;
		m->keys = xreallocarray(m->keys, m->cap, sizeof(*m->keys));
	}
	m->keys[m->n] = arena_str(m->bytes, key);
	*slot = (struct slot){.hash = hash, .number = m->n};
	if (++m->n * 2 > m->mask)
		resize(m, (m->mask + 1) * 2);
	return m->n - 1;
}
