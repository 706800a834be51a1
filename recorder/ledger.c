/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Three tables of one kind: open addressing over pointers to elements that begin with their key. Keys are
 * already well mixed by the kernel side (observations) or are few (images, cgroups).
 */
#include "recorder/ledger.h"

/* Elements of all three tables begin so. */
struct element {
	uint64_t id;
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

static size_t place(const struct table *t, uint64_t id)
{
	return (size_t)(id * 0x9fb21c651e98df25ull >> 20) & (t->cap - 1);
}

static struct element *find(const struct table *t, uint64_t id)
{
	if (!t->cap)
		return NULL;
	for (size_t i = place(t, id); t->slots[i]; i = (i + 1) & (t->cap - 1))
		if (t->slots[i]->id == id)
			return t->slots[i];
	return NULL;
}

static void put(struct table *t, struct element *e)
{
	size_t i = place(t, e->id);
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

/* Into a table of its own, which then takes the place of the old one. */
static void keep_entries(struct table *t, uint32_t epoch)
{
	struct table kept = {NULL, 0, 0};
	for (size_t i = 0; i < t->cap; i++) {
		struct entry *e = (struct entry *)t->slots[i];
		if (!e)
			continue;
		if (e->first->epoch >= epoch) {
			insert(&kept, t->slots[i]);
			continue;
		}
		free((void *)(uintptr_t)e->first);
		free(e);
	}
	free(t->slots);
	*t = kept;
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
	struct known_image *k = (struct known_image *)find(&l->images, h->image);
	if (!k) {
		k = xcalloc(1, sizeof(*k));
		k->key.id = k->image.id = h->image;
		insert(&l->images, &k->key);
	}
	CLEANUP_BUF struct buf b = BUF_INIT;
	set_text(&k->image.path, image_path(h, &b));
	k->image.tags = h->tags;
	return &k->image;
}

struct group *ledger_group(struct ledger *l, const struct wire_header *h)
{
	struct known_group *k = (struct known_group *)find(&l->groups, h->cgroup);
	if (!k) {
		k = xcalloc(1, sizeof(*k));
		k->key.id = k->group.id = h->cgroup;
		insert(&l->groups, &k->key);
	}
	set_text(&k->group.path, wire_text(h));
	return &k->group;
}

const struct image *ledger_find_image(const struct ledger *l, uint64_t id)
{
	struct known_image *k = (struct known_image *)find(&l->images, id);
	return k ? &k->image : NULL;
}

struct group *ledger_find_group(const struct ledger *l, uint64_t id)
{
	struct known_group *k = (struct known_group *)find(&l->groups, id);
	return k ? &k->group : NULL;
}

struct entry *ledger_find(const struct ledger *l, uint64_t key)
{
	return (struct entry *)find(&l->entries, key);
}

struct entry *ledger_entry(struct ledger *l, const struct wire_header *h, bool *ret_new)
{
	struct entry *e = ledger_find(l, h->key);
	*ret_new = !e;
	if (e)
		return e;
	e = xcalloc(1, sizeof(*e));
	e->key = h->key;
	struct wire_header *copy = xmalloc(h->length);
	memcpy(copy, h, h->length);
	e->first = copy;
	insert(&l->entries, (struct element *)e);
	return e;
}

void ledger_forget_before(struct ledger *l, uint32_t epoch)
{
	keep_entries(&l->entries, epoch);
}

size_t ledger_entries(const struct ledger *l)
{
	return l->entries.n;
}

size_t ledger_groups(const struct ledger *l)
{
	return l->groups.n;
}
