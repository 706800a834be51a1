/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists are found by their address in the policy; each has a byte for each of its values. */
#include "compiler/replay/value_uses.h"

enum { COUNTED = 1, USED = 2 };

struct use {
	struct list_ref list;
	size_t policy, number;    /* of the list among all, in order */
	uint8_t *bits;
};

struct value_uses {
	struct use *v;            /* by address */
	size_t n, cap;
	struct use **in_order;
};

static int by_address(const void *x, const void *y)
{
	const struct use *a = x, *b = y;
	return (a->list.values > b->list.values) - (a->list.values < b->list.values);
}

struct value_uses *value_uses_new(const struct policy_set *set)
{
	struct value_uses *u = xcalloc(1, sizeof(*u));
	for (size_t p = 0; p < set->npolicies; p++) {
		struct lists l = lists_of(set->policies[p]);
		for (size_t i = 0; i < l.n; i++) {
			if (!l.v[i].values)
				continue;
			struct use *use = VEC_PUSH(u);
			*use = (struct use){.list = l.v[i], .policy = p, .number = u->n - 1,
					    .bits = xcalloc(l.v[i].values->n + 1, 1)};
		}
		free(l.v);
	}
	if (u->n)
		qsort(u->v, u->n, sizeof(*u->v), by_address);
	u->in_order = xcalloc(u->n + 1, sizeof(struct use *));
	for (size_t i = 0; i < u->n; i++)
		u->in_order[u->v[i].number] = &u->v[i];
	return u;
}

void value_uses_free(struct value_uses *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < u->n; i++)
		free(u->v[i].bits);
	free(u->v);
	free(u->in_order);
	free(u);
}

void value_uses_note(void *arg, const struct strs *list, size_t i, bool used)
{
	struct value_uses *u = arg;
	const struct use key = {.list.values = list};
	struct use *found = u->n ? bsearch(&key, u->v, u->n, sizeof(*u->v), by_address) : NULL;
	if (found)
		found->bits[i] |= (uint8_t)(COUNTED | (used ? USED : 0));
}

void value_uses_add(struct value_uses *into, const struct value_uses *from)
{
	for (size_t i = 0; i < into->n; i++)
		for (size_t k = 0; k < into->v[i].list.values->n; k++)
			into->v[i].bits[k] |= from->v[i].bits[k];
}

void value_uses_unused(const struct value_uses *u, unused_value_fn *fn, void *arg)
{
	for (size_t i = 0; i < u->n; i++)
		for (size_t k = 0; k < u->in_order[i]->list.values->n; k++)
			if (u->in_order[i]->bits[k] == COUNTED)
				fn(arg, u->in_order[i]->policy, &u->in_order[i]->list, k);
}
