/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Three tables of one kind: open addressing over pointers to elements that begin with their key. Keys are
 * already well mixed by the kernel side (observations) or are few (images, cgroups).
 */
#include "recorder/ledger.h"

/* Elements of all three tables begin so; images and groups have b = 0. */
struct element {
	uint64_t a, b;
};

struct table {
	struct element **slots;
	size_t cap, n;
};

struct known_image {
	struct element key;
	struct image image;
};
struct known_group {
	struct element key;
	struct group group;
};

struct ledger {
	struct table images, groups, entries;
};

static size_t place(const struct table *t, uint64_t a, uint64_t b)
{
	uint64_t h = (a * 0x9fb21c651e98df25ull ^ b) * 0xa0761d6478bd642full;
	return (size_t)(h >> 20) & (t->cap - 1);
}

static struct element *find(const struct table *t, uint64_t a, uint64_t b)
{
	if (!t->cap)
		return NULL;
	for (size_t i = place(t, a, b); t->slots[i]; i = (i + 1) & (t->cap - 1))
		if (t->slots[i]->a == a && t->slots[i]->b == b)
			return t->slots[i];
	return NULL;
}

static void put(struct table *t, struct element *e)
{
	size_t i = place(t, e->a, e->b);
	while (t->slots[i])
		i = (i + 1) & (t->cap - 1);
	t->slots[i] = e;
}

static void insert(struct table *t, struct element *e)
{
	if (4 * (t->n + 1) > 3 * t->cap) {
		struct element **old = t->slots;
		size_t old_cap = t->cap;
		t->cap = old_cap ? 2 * old_cap : 64;
		t->slots = xcalloc(t->cap, sizeof(*t->slots));
		for (size_t i = 0; i < old_cap; i++)
			if (old[i])
				put(t, old[i]);
		free(old);
	}
	put(t, e);
	t->n++;
}

/* Those behind it that its place kept from theirs move up. */
static void take_out(struct table *t, struct element *e)
{
	size_t i = place(t, e->a, e->b);
	while (t->slots[i] != e)
		i = (i + 1) & (t->cap - 1);
	t->slots[i] = NULL;
	t->n--;
	for (i = (i + 1) & (t->cap - 1); t->slots[i]; i = (i + 1) & (t->cap - 1)) {
		struct element *moved = t->slots[i];
		t->slots[i] = NULL;
		put(t, moved);
	}
}

struct ledger *ledger_new(void)
{
	return xcalloc(1, sizeof(struct ledger));
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->images.cap; i++)
		if (l->images.slots[i])
			free((char *)((struct known_image *)l->images.slots[i])->image.path.p);
	for (size_t i = 0; i < l->groups.cap; i++)
		if (l->groups.slots[i])
			free((char *)((struct known_group *)l->groups.slots[i])->group.path.p);
	for (size_t i = 0; i < l->entries.cap; i++)
		if (l->entries.slots[i])
			free((void *)(uintptr_t)((struct entry *)l->entries.slots[i])->first);
	struct table *tables[] = {&l->images, &l->groups, &l->entries};
	for (size_t k = 0; k < ARRAY_SIZE(tables); k++) {
		for (size_t i = 0; i < tables[k]->cap; i++)
			free(tables[k]->slots[i]);
		free(tables[k]->slots);
	}
	free(l);
}

struct str wire_text(const struct wire_header *h)
{
	return (struct str){(const char *)(h + 1), h->length - sizeof(*h)};
}

static void set_text(struct str *s, struct str text)
{
	free((char *)s->p);
	*s = (struct str){xstrndup(text.p, text.n), text.n};
}

/* A deleted file's path as the kernel itself prints it; nothing for what has no path. */
static struct str image_path(const struct wire_header *h, struct buf *b)
{
	if (h->flags & WIRE_NAMELESS)
		return (struct str){NULL, 0};
	buf_str(b, wire_text(h));
	if (h->tags & WIRE_TAG_DELETED)
		buf_puts(b, " (deleted)");
	return buf_view(b);
}

struct image *ledger_image(struct ledger *l, const struct wire_header *h)
{
	struct known_image *k = (struct known_image *)find(&l->images, h->image, 0);
	if (!k) {
		k = xcalloc(1, sizeof(*k));
		k->key.a = k->image.id = h->image;
		insert(&l->images, &k->key);
	}
	CLEANUP_BUF struct buf b = BUF_INIT;
	set_text(&k->image.path, image_path(h, &b));
	k->image.tags = h->tags;
	return &k->image;
}

struct group *ledger_group(struct ledger *l, const struct wire_header *h)
{
	struct known_group *k = (struct known_group *)find(&l->groups, h->cgroup, 0);
	if (!k) {
		k = xcalloc(1, sizeof(*k));
		k->key.a = k->group.id = h->cgroup;
		insert(&l->groups, &k->key);
	}
	set_text(&k->group.path, wire_text(h));
	return &k->group;
}

const struct image *ledger_find_image(const struct ledger *l, uint64_t id)
{
	struct known_image *k = (struct known_image *)find(&l->images, id, 0);
	return k ? &k->image : NULL;
}

struct group *ledger_find_group(const struct ledger *l, uint64_t id)
{
	struct known_group *k = (struct known_group *)find(&l->groups, id, 0);
	return k ? &k->group : NULL;
}

struct entry *ledger_find(const struct ledger *l, uint64_t cgroup, uint64_t key)
{
	return (struct entry *)find(&l->entries, cgroup, key);
}

struct entry *ledger_entry(struct ledger *l, const struct wire_header *h, bool *ret_new)
{
	struct entry *e = ledger_find(l, h->cgroup, h->key);
	*ret_new = !e;
	if (e)
		return e;
	e = xcalloc(1, sizeof(*e));
	e->cgroup = h->cgroup;
	e->key = h->key;
	struct wire_header *copy = xmalloc(h->length);
	memcpy(copy, h, h->length);
	e->first = copy;
	insert(&l->entries, (struct element *)e);
	return e;
}

void ledger_remove(struct ledger *l, struct entry *e)
{
	take_out(&l->entries, (struct element *)e);
	free((void *)(uintptr_t)e->first);
	free(e);
}

size_t ledger_entries(const struct ledger *l)
{
	return l->entries.n;
}

size_t ledger_groups(const struct ledger *l)
{
	return l->groups.n;
}
