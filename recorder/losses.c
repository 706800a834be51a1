/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Subtracted from the sums is what others lost and, for one look, what nobody can be told of yet: so a counter that found no room in
 * the kernel's table is ours, and an error is on the side of "not complete".
 */
#include "recorder/losses.h"

#include "schema/base/map.h"

struct counter {
	uint64_t count;         /* as of the last look, given to somebody */
	bool waited;
};

struct losses {
	struct map *keys;       /* struct wire_lost, as bytes */
	struct { struct counter *v; size_t n, cap; } counters;
	uint64_t theirs[WIRE_LOSS_COUNT], waiting[WIRE_LOSS_COUNT];
};

struct losses *losses_new(void)
{
	struct losses *l = xcalloc(1, sizeof(*l));
	l->keys = map_new();
	return l;
}

void losses_free(struct losses *l)
{
	if (!l)
		return;
	map_free(l->keys);
	free(l->counters.v);
	free(l);
}

void losses_begin(struct losses *l)
{
	memset(l->waiting, 0, sizeof(l->waiting));
}

void losses_tell(struct losses *l, const struct wire_lost *key, uint64_t count, enum losses_whose whose, bool last)
{
	bool new;
	uint32_t at = map_add(l->keys, (struct str){(const char *)key, sizeof(*key)}, &new);
	if (new)
		*VEC_PUSH(&l->counters) = (struct counter){0, false};
	struct counter *c = &l->counters.v[at];
	uint64_t more = count - c->count;
	if (key->loss >= WIRE_LOSS_COUNT || !more)
		return;
	if (whose == LOSSES_UNKNOWN && !c->waited && !last) {
		c->waited = true;
		l->waiting[key->loss] += more;
		return;
	}
	if (whose == LOSSES_THEIRS)
		l->theirs[key->loss] += more;
	*c = (struct counter){count, false};
}

void losses_ours(const struct losses *l, uint64_t sums[WIRE_LOSS_COUNT])
{
	for (size_t i = 0; i < WIRE_LOSS_COUNT; i++)
		sums[i] -= l->theirs[i] + l->waiting[i];
}
