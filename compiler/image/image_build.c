/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lowered rules as the content of the policy maps. Paths get their ids in byte order; every table is sorted by the
 * bytes of its keys. A longest-prefix match returns one entry, so each network's entry lists the port
 * rules of all networks around it as well.
 */
#include "compiler/image/image_write.h"

#include <arpa/inet.h>

#include "schema/runtimes.h"
#include "schema/base/map.h"

struct build {
	const struct lowered *l;
	struct image_tables *t;
	struct diag *d;
	struct str *paths;                /* sorted: id is the place + 1 */
	size_t npaths;
	struct image_path *entries;       /* by id - 1 */
};

static const char *file_of(const struct build *b)
{
	return b->l->source->file.n ? b->l->source->file.p : NULL;
}

static int cmp_str(const void *x, const void *y)
{
	return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

static uint32_t path_id(const struct build *b, struct str path)
{
	const struct str *at = bsearch(&path, b->paths, b->npaths, sizeof(path), cmp_str);
	return (uint32_t)(at - b->paths) + 1;
}

static uint32_t caller_path_id(const struct build *b, uint32_t caller)
{
	return caller ? path_id(b, b->l->callers[caller - 1]) : 0;
}

static void gather_paths(struct build *b)
{
	const struct lowered *l = b->l;
	size_t n = 0;
	b->paths = xcalloc(l->ncallers + l->nexec + l->nprotect + l->nfiles + ARRAY_SIZE(runtimes) + 2,
			   sizeof(*b->paths));
	for (size_t i = 0; i < l->ncallers; i++)
		b->paths[n++] = l->callers[i];
	for (size_t i = 0; i < l->nexec; i++)
		b->paths[n++] = l->exec[i].path;
	for (size_t i = 0; i < l->nprotect; i++)
		b->paths[n++] = l->protect[i];
	for (size_t i = 0; i < l->nfiles; i++)
		b->paths[n++] = l->files[i].path;
	for (size_t i = 0; l->source->has_exec && i < ARRAY_SIZE(runtimes); i++)
		b->paths[n++] = str_from(runtimes[i]);
	if (l->source->has_exec)
		b->paths[n++] = STR(RUNTIME_SELF);
	qsort(b->paths, n, sizeof(*b->paths), cmp_str);
	for (size_t i = 0; i < n; i++) {
		if (b->npaths == 0 || !str_eq(b->paths[b->npaths - 1], b->paths[i]))
			b->paths[b->npaths++] = b->paths[i];
	}
	b->entries = xcalloc(b->npaths + 1, sizeof(*b->entries));
}

static void add_pair(struct build *b, enum image_map m, uint32_t caller, struct str target,
		     uint32_t value)
{
	struct image_pair key = {caller_path_id(b, caller), path_id(b, target)};
	buf_add(&b->t->map[m], &key, sizeof(key));
	buf_add(&b->t->map[m], &value, sizeof(value));
}

static void fill_paths(struct build *b)
{
	const struct lowered *l = b->l;
	for (size_t i = 0; l->source->has_exec && i < ARRAY_SIZE(runtimes); i++)
		b->entries[path_id(b, str_from(runtimes[i])) - 1].flags = IMAGE_PATH_RUNTIME;
	if (l->source->has_exec)
		b->entries[path_id(b, STR(RUNTIME_SELF)) - 1].flags = IMAGE_PATH_RUNTIME;
	for (size_t i = 0; i < l->nexec; i++) {
		struct image_path *p = &b->entries[path_id(b, l->exec[i].path) - 1];
		if (l->exec[i].caller) {
			add_pair(b, IMAGE_MAP_EXEC_PAIRS, l->exec[i].caller, l->exec[i].path,
				 l->exec[i].rule);
			continue;
		}
		p->flags |= IMAGE_PATH_EXEC;
		p->rule = l->exec[i].rule;
	}
	for (size_t i = 0; i < l->nprotect; i++)
		b->entries[path_id(b, l->protect[i]) - 1].flags |= IMAGE_PATH_PROTECT;
	for (size_t i = 0; i < l->nfiles; i++) {
		const struct lower_file *f = &l->files[i];
		if (f->caller)
			add_pair(b, IMAGE_MAP_FILE_PAIRS, f->caller, f->path, f->access);
		else
			b->entries[path_id(b, f->path) - 1].access |= f->access;
	}
}

static void put_paths(struct build *b)
{
	uint32_t chunk = 0;
	for (size_t i = 0; i < b->npaths; i++) {
		struct str path = b->paths[i];
		struct image_path *p = &b->entries[i];
		p->id = (uint32_t)i + 1;
		p->length = (uint32_t)path.n;
		p->chunk = chunk;
		for (uint32_t k = 0; k < image_path_chunks(path.n); k++, chunk++) {
			struct image_chunk bytes;
			image_path_chunk(path, k, &bytes);
			buf_add(&b->t->map[IMAGE_MAP_BYTES], &bytes, sizeof(bytes));
		}
		struct image_path_key key = image_path_key(path);
		buf_add(&b->t->map[IMAGE_MAP_PATHS], &key, sizeof(key));
		buf_add(&b->t->map[IMAGE_MAP_PATHS], p, sizeof(*p));
	}
}

static int cmp_port(const void *x, const void *y)
{
	const struct image_port *a = x, *b = y;
	int64_t by[] = {a->first - b->first, a->last - b->last, a->protocol - b->protocol,
			(int64_t)a->caller - b->caller, (int64_t)a->rule - b->rule};
	for (size_t i = 0; i < ARRAY_SIZE(by); i++) {
		if (by[i])
			return by[i] < 0 ? -1 : 1;
	}
	return 0;
}

/* ---- networks: their distinct ones, and the rules of each, so that those around one are looked up, not searched ---- */

struct networks {
	struct map *keys;                 /* struct network_key -> number */
	struct { size_t *v; size_t n, cap; } first;   /* by number: a rule of it, + 1 */
	size_t *next;                     /* by rule: another of the same network, + 1 */
};

struct network_key {
	uint8_t family, bits, bytes[16];
};

static struct str key_of(const struct lower_connect *c, unsigned bits, struct network_key *k)
{
	*k = (struct network_key){.family = c->network.family, .bits = (uint8_t)bits};
	memcpy(k->bytes, c->network.bytes, (bits + 7) / 8);
	if (bits % 8)
		k->bytes[bits / 8] &= (uint8_t)(0xff00 >> bits % 8);
	return (struct str){(const char *)k, sizeof(*k)};
}

static void gather_networks(const struct lowered *l, struct networks *w)
{
	w->keys = map_new();
	w->next = xcalloc(l->nconnects + 1, sizeof(*w->next));
	for (size_t i = 0; i < l->nconnects; i++) {
		struct network_key k;
		bool new;
		uint32_t number = map_add(w->keys, key_of(&l->connects[i], l->connects[i].bits, &k), &new);
		if (new)
			*VEC_PUSH(&w->first) = 0;
		w->next[i] = w->first.v[number];
		w->first.v[number] = i + 1;
	}
}

static void networks_done(struct networks *w)
{
	map_free(w->keys);
	free(w->first.v);
	free(w->next);
}

/* The port rules of network C and of all around it; returns their number. */
static uint32_t put_ports(struct build *b, const struct networks *w, const struct lower_connect *c)
{
	const struct lowered *l = b->l;
	struct buf *to = &b->t->map[IMAGE_MAP_PORTS];
	size_t start = to->n;
	for (unsigned bits = 0; bits <= c->bits; bits++) {
		struct network_key k;
		uint32_t number = map_find(w->keys, key_of(c, bits, &k));
		for (size_t i = number == MAP_NONE ? 0 : w->first.v[number]; i; i = w->next[i - 1]) {
			const struct lower_connect *o = &l->connects[i - 1];
			struct image_port port = {.first = o->port_first, .last = o->port_last,
						  .protocol = o->protocol, .rule = o->rule,
						  .caller = caller_path_id(b, o->caller)};
			buf_add(to, &port, sizeof(port));
		}
	}
	struct image_port *v = (struct image_port *)(void *)(to->p + start);
	size_t n = (to->n - start) / sizeof(*v);
	qsort(v, n, sizeof(*v), cmp_port);
	return (uint32_t)n;
}

static int put_network(struct build *b, const struct networks *w, const struct lower_connect *c)
{
	struct image_net net = {.first = (uint32_t)(b->t->map[IMAGE_MAP_PORTS].n / sizeof(struct image_port))};
	net.count = put_ports(b, w, c);
	struct image_net4 key4 = {.bits = c->bits};
	struct image_net6 key6 = {.bits = c->bits};
	bool v4 = c->network.family == 4;
	char text[INET6_ADDRSTRLEN];
	inet_ntop(v4 ? AF_INET : AF_INET6, c->network.bytes, text, sizeof(text));
	if (net.count > IMAGE_PORTS_MAX)
		return diag_error(b->d, file_of(b), "%u port rules meet on the network %s/%u, an image holds %d: use port ranges",
				  net.count, text, c->bits, IMAGE_PORTS_MAX);
	memcpy(v4 ? key4.address : key6.address, c->network.bytes, v4 ? 4 : 16);
	struct buf *to = &b->t->map[v4 ? IMAGE_MAP_NET4 : IMAGE_MAP_NET6];
	buf_add(to, v4 ? (void *)&key4 : (void *)&key6, v4 ? sizeof(key4) : sizeof(key6));
	buf_add(to, &net, sizeof(net));
	return 0;
}

static int put_networks(struct build *b)
{
	struct networks w = {0};
	int err = 0;
	gather_networks(b->l, &w);
	for (size_t n = 0; n < w.first.n && !err; n++)
		err = put_network(b, &w, &b->l->connects[w.first.v[n] - 1]);
	networks_done(&w);
	return err;
}

static int cmp_entry(const void *x, const void *y, void *key_size)
{
	return memcmp(x, y, *(const uint32_t *)key_size);
}

/* Sorts by key; two equal keys can only be two paths with one hash. */
static int sort_tables(struct build *b)
{
	static const char paths[] = "name folders (with '/' at the end) instead of each file",
			  pairs[] = "allow to everybody what many may",
			  networks[] = "name wider networks or port ranges";
	static const char *const advice[IMAGE_MAP_COUNT] = {
		[IMAGE_MAP_PATHS] = paths,      [IMAGE_MAP_BYTES] = paths,    [IMAGE_MAP_EXEC_PAIRS] = pairs,
		[IMAGE_MAP_FILE_PAIRS] = pairs, [IMAGE_MAP_NET4] = networks,  [IMAGE_MAP_NET6] = networks,
		[IMAGE_MAP_PORTS] = networks,   [IMAGE_MAP_SETTINGS] = "",
	};
	for (int m = 0; m < IMAGE_MAP_COUNT; m++) {
		struct buf *t = &b->t->map[m];
		uint32_t key = image_key_size(m), size = image_entry_size(m);
		size_t n = t->n / size;
		if (n > image_map_limit(m))
			return diag_error(b->d, file_of(b), "the image needs %zu entries in '%s' and holds %u: %s", n,
					  image_map_row(m)->name, image_map_limit(m), advice[m]);
		if (key == 0 || n == 0)
			continue;
		qsort_r(t->p, n, size, cmp_entry, &key);
		for (size_t i = 1; i < n; i++) {
			if (!memcmp(t->p + (i - 1) * size, t->p + i * size, key))
				return diag_error(b->d, file_of(b), "two paths have the same 128-bit hash; "
						  "leave one of them out");
		}
	}
	return 0;
}

int image_build(const struct lowered *l, bool enforce, struct diag *d, struct image_tables *ret)
{
	const struct allowlist *a = l->source;
	struct build b = {.l = l, .t = ret, .d = d};
	gather_paths(&b);
	fill_paths(&b);
	put_paths(&b);
	struct image_settings settings = {
		.judges = (a->has_exec ? IMAGE_JUDGES_EXEC : 0) | (a->has_file ? IMAGE_JUDGES_FILE : 0) |
			  (a->has_connect ? IMAGE_JUDGES_CONNECT : 0),
		.guards = l->guards,
		.enforce = enforce,
		.paths = (uint32_t)b.npaths,
	};
	buf_add(&ret->map[IMAGE_MAP_SETTINGS], &settings, sizeof(settings));
	int err = put_networks(&b);
	if (!err)
		err = sort_tables(&b);
	free(b.paths);
	free(b.entries);
	return err;
}

void image_tables_done(struct image_tables *t)
{
	for (int m = 0; m < IMAGE_MAP_COUNT; m++)
		buf_done(&t->map[m]);
}
