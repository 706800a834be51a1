/* SPDX-License-Identifier: GPL-2.0-only */
#include "enforcer/kept.h"

#include "schema/base/map.h"

struct row {
	struct workload w;
	struct refusal r;
};

struct kept {
	struct map *keys;
	struct arena *arena;
	struct { struct row *v; size_t n, cap; } rows;
	struct buf key;
};

static void set_up(struct kept *k)
{
	k->keys = map_new();
	k->arena = arena_new();
	k->rows.n = 0;
}

struct kept *kept_new(void)
{
	struct kept *k = xcalloc(1, sizeof(*k));
	set_up(k);
	return k;
}

void kept_clear(struct kept *k)
{
	map_free(k->keys);
	arena_free(k->arena);
	set_up(k);
}

void kept_free(struct kept *k)
{
	if (!k)
		return;
	map_free(k->keys);
	arena_free(k->arena);
	free(k->rows.v);
	buf_done(&k->key);
	free(k);
}

size_t kept_rows(const struct kept *k)
{
	return k->rows.n;
}

/* What makes two of them the same, each with its length. */
static void make_key(struct buf *b, const struct workload *w, const struct refusal *r)
{
	const uint32_t numbers[] = {(uint32_t)r->kind, r->access};
	const struct str parts[] = {w->namespace, w->kind, w->name, w->container, r->subject, r->object, r->outcome, r->rule, r->image};
	buf_clear(b);
	buf_add(b, numbers, sizeof(numbers));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		buf_add(b, &parts[i].n, sizeof(parts[i].n));
		buf_str(b, parts[i]);
	}
}

void kept_add(struct kept *k, const struct workload *w, const struct refusal *r)
{
	bool new;
	make_key(&k->key, w, r);
	uint32_t at = map_add(k->keys, buf_view(&k->key), &new);
	if (!new) {
		struct refusal *known = &k->rows.v[at].r;
		known->count += r->count;
		known->first_ns = MIN(known->first_ns, r->first_ns);
		known->last_ns = MAX(known->last_ns, r->last_ns);
		return;
	}
	struct row *row = VEC_PUSH(&k->rows);
	*row = (struct row){*w, *r};
	struct str *const strings[] = {&row->w.namespace, &row->w.kind, &row->w.name, &row->w.container, &row->r.subject,
				       &row->r.object, &row->r.outcome, &row->r.rule, &row->r.image};
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		*strings[i] = arena_str(k->arena, *strings[i]);
}

int kept_write(const struct kept *k, struct store *s, int64_t recording)
{
	int err = 0;
	for (size_t i = 0; i < k->rows.n && !err; i++) {
		struct refusal r = k->rows.v[i].r;
		r.recording = recording;
		err = store_refusal_add(s, &k->rows.v[i].w, &r);
	}
	return err;
}
