/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Three tables of one kind: open addressing over pointers to elements that begin with their key. Keys are
 * already well mixed by the kernel side (observations) or are few (images, cgroups).
 *
 * Observations are many and stay for an epoch, so their records are kept packed: who did it is told once for all that
 * the same task did, a folder once for all files in it, and the entries of an epoch lie in one arena, freed as a whole.
 */
#include "recorder/ledger.h"

#include "schema/base/arena.h"
#include "schema/base/map.h"

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

struct actor {
	uint64_t cgroup, image;
	uint32_t pid, tid, uid, reserved;
};

/* What has the lifetime of an epoch; two take turns. */
struct lifetime {
	struct arena *arena;
	struct map *actors;     /* struct actor, as bytes */
	struct map *folders;    /* with their slash; the first is none */
	uint32_t epoch;
};

struct ledger {
	struct table images, groups, entries;
	struct lifetime lifetimes[2];
	struct buf record;
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
		if (e && e->odd == (epoch & 1))
			insert(&kept, t->slots[i]);
	}
	free(t->slots);
	*t = kept;
}

static void lifetime_begin(struct lifetime *t)
{
	*t = (struct lifetime){.arena = arena_new(), .actors = map_new(), .folders = map_new()};
	map_add(t->folders, STR(""), NULL);
}

static void lifetime_end(struct lifetime *t)
{
	arena_free(t->arena);
	map_free(t->actors);
	map_free(t->folders);
}

static void image_done(struct image *i)
{
	free((char *)i->path.p);
}

static void group_done(struct group *g)
{
	free((char *)g->path.p);
	free(g->pod_text);
}

struct ledger *ledger_new(void)
{
	struct ledger *l = xcalloc(1, sizeof(*l));
	for (size_t i = 0; i < ARRAY_SIZE(l->lifetimes); i++)
		lifetime_begin(&l->lifetimes[i]);
	return l;
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->images.cap; i++)
		if (l->images.slots[i])
			image_done(&((struct known_image *)l->images.slots[i])->image);
	for (size_t i = 0; i < l->groups.cap; i++)
		if (l->groups.slots[i])
			group_done(&((struct known_group *)l->groups.slots[i])->group);
	struct table *tables[] = {&l->images, &l->groups};
	for (size_t k = 0; k < ARRAY_SIZE(tables); k++) {
		for (size_t i = 0; i < tables[k]->cap; i++)
			free(tables[k]->slots[i]);
		free(tables[k]->slots);
	}
	free(l->entries.slots);
	for (size_t i = 0; i < ARRAY_SIZE(l->lifetimes); i++)
		lifetime_end(&l->lifetimes[i]);
	buf_done(&l->record);
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
	k->image.epoch = h->epoch;
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
	k->group.epoch = h->epoch;
	return &k->group;
}

void group_set_pod(struct group *g, const struct pod *pod)
{
	struct pod copy = *pod;
	struct str *const strings[] = {&copy.namespace, &copy.name, &copy.uid, &copy.workload, &copy.workload_kind, &copy.labels,
				       &copy.container_name, &copy.container_id, &copy.image, &copy.image_id};
	size_t size = 1;
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		size += strings[i]->n;
	char *text = xmalloc(size), *to = text;
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		if (strings[i]->n)
			memcpy(to, strings[i]->p, strings[i]->n);
		strings[i]->p = to;
		to += strings[i]->n;
	}
	free(g->pod_text);
	g->pod = copy;
	g->pod_text = text;
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

/* The part of what follows a file's header that others are likely to begin with as well. */
static struct str folder_of(const struct wire_header *h)
{
	struct str text = wire_text(h);
	while (text.n && (h->kind != WIRE_FILE || text.p[text.n - 1] != '/'))
		text.n--;
	return text;
}

struct entry *ledger_entry(struct ledger *l, const struct wire_header *h, bool *ret_new)
{
	struct entry *e = ledger_find(l, h->key);
	*ret_new = !e;
	if (e)
		return e;
	struct lifetime *t = &l->lifetimes[h->epoch & 1];
	const struct actor actor = {.cgroup = h->cgroup, .image = h->image, .pid = h->pid, .tid = h->tid, .uid = h->uid};
	const struct str folder = folder_of(h);
	size_t length = h->length - sizeof(*h) - folder.n;
	e = arena_alloc(t->arena, sizeof(*e) + length);
	t->epoch = h->epoch;
	*e = (struct entry){
		.key = h->key,
		.time_ns = h->time_ns,
		.actor = map_add(t->actors, (struct str){(const char *)&actor, sizeof(actor)}, NULL),
		.tags = h->tags,
		.access = h->access,
		.folder = map_add(t->folders, folder, NULL),
		.length = (uint16_t)length,
		.kind = (uint8_t)h->kind,
		.flags = h->flags & 0x3f,
		.odd = h->epoch & 1,
	};
	memcpy(e->body, (const char *)(h + 1) + folder.n, length);
	insert(&l->entries, (struct element *)e);
	return e;
}

const struct wire_header *ledger_record(struct ledger *l, const struct entry *e)
{
	const struct lifetime *t = &l->lifetimes[e->odd];
	const struct str folder = map_key(t->folders, e->folder);
	struct actor actor;
	memcpy(&actor, map_key(t->actors, e->actor).p, sizeof(actor));
	const struct wire_header h = {
		.kind = e->kind,
		.flags = e->flags,
		.length = (uint32_t)(sizeof(h) + folder.n) + e->length,
		.time_ns = e->time_ns,
		.cgroup = actor.cgroup,
		.image = actor.image,
		.key = e->key,
		.pid = actor.pid,
		.tid = actor.tid,
		.uid = actor.uid,
		.tags = e->tags,
		.access = e->access,
		.epoch = t->epoch,
	};
	buf_clear(&l->record);
	buf_add(&l->record, &h, sizeof(h));
	buf_str(&l->record, folder);
	buf_add(&l->record, e->body, e->length);
	return (const struct wire_header *)(const void *)l->record.p;
}

void ledger_forget_before(struct ledger *l, uint32_t epoch)
{
	keep_entries(&l->entries, epoch);
	struct lifetime *old = &l->lifetimes[(epoch - 1) & 1];
	lifetime_end(old);
	lifetime_begin(old);
}

/* Into tables of their own, which then take the place of the old ones. */
void ledger_forget_names(struct ledger *l, uint32_t epoch)
{
	struct table images = {NULL, 0, 0}, groups = {NULL, 0, 0};
	for (size_t i = 0; i < l->images.cap; i++) {
		struct known_image *k = (struct known_image *)l->images.slots[i];
		if (k && (int32_t)(k->image.epoch + 1 - epoch) >= 0)
			insert(&images, &k->key);
		else if (k)
			image_done(&k->image), free(k);
	}
	for (size_t i = 0; i < l->groups.cap; i++) {
		struct known_group *k = (struct known_group *)l->groups.slots[i];
		if (k && (int32_t)(k->group.epoch + 1 - epoch) >= 0)
			insert(&groups, &k->key);
		else if (k)
			group_done(&k->group), free(k);
	}
	free(l->images.slots);
	free(l->groups.slots);
	l->images = images;
	l->groups = groups;
}

size_t ledger_entries(const struct ledger *l)
{
	return l->entries.n;
}

size_t ledger_groups(const struct ledger *l)
{
	return l->groups.n;
}
