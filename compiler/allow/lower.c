/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lowering: entries with caller lists become rows of one object and one caller, sorted and numbered, and rows
 * that a wider row already grants are dropped. Whether PATH is granted by some prefix is asked of a hash
 * map, one look-up per directory in it, so that ten thousand entries stay cheap.
 */
#include "compiler/allow/lower.h"

#include "schema/base/map.h"
#include "schema/guard.h"
#include "schema/image.h"

uint32_t guard_from(struct str name)
{
	int i = guard_index(name);
	return i < 0 ? 0 : 1u << i;
}

const char *guard_name(uint32_t guard)
{
	for (int i = 0; i < GUARD_COUNT; i++) {
		if (guard & 1u << i)
			return guard_word(i);
	}
	return NULL;
}

uint32_t lower_access(uint32_t access)
{
	if (access & ACCESS_APPEND)
		access |= ACCESS_WRITE;
	return access & LOWER_CHANGES;
}

struct lowering {
	struct lowered *l;
	const struct allowlist *a;
	struct diag *d;
	const char *file;
};

static void refuse(struct lowering *w, unsigned line, struct str what, const char *why)
{
	diag_add(w->d, DIAG_ERROR, w->file, line, 0, "'" STR_FMT "' %s", STR_ARG(what), why);
}

/* A resolved path as the kernel prints it: absolute, no empty, '.' or '..' component. */
static bool check_path(struct lowering *w, unsigned line, struct str path)
{
	if (path.n == 0 || path.p[0] != '/') {
		refuse(w, line, path, "is not an absolute path: write it as the kernel resolves it");
		return false;
	}
	if (path.n > IMAGE_PATH_MAX) {
		refuse(w, line, (struct str){path.p, 60}, "... is longer than 4096 bytes");
		return false;
	}
	if (memchr(path.p, '\0', path.n)) {
		refuse(w, line, path, "holds a NUL byte");
		return false;
	}
	for (size_t i = 0; i < path.n;) {
		const char *end = memchr(path.p + i + 1, '/', path.n - i - 1);
		size_t next = end ? (size_t)(end - path.p) : path.n;
		struct str part = {path.p + i + 1, next - i - 1};
		bool dots = str_eq(part, STR(".")) || str_eq(part, STR(".."));
		if (dots || (part.n == 0 && next < path.n)) {
			refuse(w, line, path, "has an empty, '.' or '..' component and never matches");
			return false;
		}
		i = next;
	}
	return true;
}

static int cmp_str(const void *x, const void *y)
{
	return str_cmp(*(const struct str *)x, *(const struct str *)y);
}

static void gather_callers(struct lowering *w, unsigned line, const struct str *by, size_t n)
{
	struct lowered *l = w->l;
	for (size_t i = 0; i < n; i++) {
		if (!check_path(w, line, by[i]))
			continue;
		if (by[i].p[by[i].n - 1] == '/')
			refuse(w, line, by[i], "is a folder: 'by' names programs one by one");
		*ARENA_PUSH(l->arena, l->callers, l->ncallers) = by[i];
	}
}

static void sort_callers(struct lowered *l)
{
	size_t n = 0;
	if (l->ncallers)
		qsort(l->callers, l->ncallers, sizeof(*l->callers), cmp_str);
	for (size_t i = 0; i < l->ncallers; i++) {
		if (n == 0 || !str_eq(l->callers[n - 1], l->callers[i]))
			l->callers[n++] = l->callers[i];
	}
	l->ncallers = n;
}

static uint32_t caller_id(const struct lowered *l, struct str path)
{
	const struct str *at = bsearch(&path, l->callers, l->ncallers, sizeof(path), cmp_str);
	return at ? (uint32_t)(at - l->callers) + 1 : LOWER_CALLER_ANY;
}

static uint32_t add_rule(struct lowered *l, enum kind kind, size_t index)
{
	*ARENA_PUSH(l->arena, l->rules, l->nrules) = (struct lower_rule){kind, (uint32_t)index};
	return (uint32_t)l->nrules;
}

/* What (path, caller) pairs grant; exec rows grant bit 1. */
struct grants {
	struct map *keys;
	struct { uint32_t *v; size_t n, cap; } access;
	struct buf key;
};

static struct str grant_key(struct grants *g, struct str path, uint32_t caller)
{
	buf_clear(&g->key);
	buf_add(&g->key, &caller, sizeof(caller));
	buf_str(&g->key, path);
	return buf_view(&g->key);
}

static void grant(struct grants *g, struct str path, uint32_t caller, uint32_t access)
{
	bool new;
	uint32_t i = map_add(g->keys, grant_key(g, path, caller), &new);
	if (new)
		*VEC_PUSH(&g->access) = 0;
	g->access.v[i] |= access;
}

static uint32_t granted(struct grants *g, struct str path, uint32_t caller)
{
	uint32_t i = map_find(g->keys, grant_key(g, path, caller));
	return i == MAP_NONE ? 0 : g->access.v[i];
}

/* What rows other than (PATH, CALLER) itself grant to everything that row speaks of. */
static uint32_t granted_wider(struct grants *g, struct str path, uint32_t caller)
{
	uint32_t access = caller ? granted(g, path, LOWER_CALLER_ANY) : 0;
	for (size_t n = 1; n < path.n; n++) {
		if (path.p[n - 1] != '/')
			continue;
		struct str prefix = {path.p, n};
		access |= granted(g, prefix, LOWER_CALLER_ANY);
		if (caller)
			access |= granted(g, prefix, caller);
	}
	return access;
}

static void grants_done(struct grants *g)
{
	map_free(g->keys);
	free(g->access.v);
	buf_done(&g->key);
}

static int cmp_exec(const void *x, const void *y)
{
	const struct lower_exec *a = x, *b = y;
	int c = str_cmp(a->path, b->path);
	if (c == 0)
		c = (a->caller > b->caller) - (a->caller < b->caller);
	return c ? c : (a->rule > b->rule) - (a->rule < b->rule);
}

static void lower_exec_rows(struct lowering *w)
{
	struct lowered *l = w->l;
	for (size_t i = 0; i < w->a->nexec; i++) {
		const struct allow_exec *e = &w->a->exec[i];
		uint32_t rule = add_rule(l, KIND_EXEC, i);
		if (!check_path(w, e->line, e->path))
			continue;
		for (size_t j = 0; j < MAX(e->nby, 1u); j++)
			*ARENA_PUSH(l->arena, l->exec, l->nexec) = (struct lower_exec){
				e->path, e->nby ? caller_id(l, e->by[j]) : LOWER_CALLER_ANY, rule};
	}
	if (l->nexec == 0)
		return;
	qsort(l->exec, l->nexec, sizeof(*l->exec), cmp_exec);
	struct grants g = {.keys = map_new()};
	for (size_t i = 0; i < l->nexec; i++)
		grant(&g, l->exec[i].path, l->exec[i].caller, 1);
	size_t n = 0;
	for (size_t i = 0; i < l->nexec; i++) {
		struct lower_exec *e = &l->exec[i];
		bool twice = n && str_eq(l->exec[n - 1].path, e->path) &&
			     l->exec[n - 1].caller == e->caller;
		if (!twice && !granted_wider(&g, e->path, e->caller))
			l->exec[n++] = *e;
	}
	l->nexec = n;
	grants_done(&g);
}

static void lower_protect(struct lowering *w)
{
	struct lowered *l = w->l;
	unsigned line = 0;
	for (size_t i = 0; i < w->a->nprotect; i++) {
		if (check_path(w, line, w->a->protect[i]))
			*ARENA_PUSH(l->arena, l->protect, l->nprotect) = w->a->protect[i];
	}
	if (l->nprotect)
		qsort(l->protect, l->nprotect, sizeof(*l->protect), cmp_str);
	/* Sorted, what a prefix covers follows it, other prefixes' entries cannot stand between. */
	size_t n = 0;
	for (size_t i = 0; i < l->nprotect; i++) {
		if (n == 0 || !path_covers(l->protect[n - 1], l->protect[i]))
			l->protect[n++] = l->protect[i];
	}
	l->nprotect = n;
}

/* Can an object of this rule lie under a protected path? */
static bool is_judged(const struct lowered *l, struct str path)
{
	for (size_t i = 0; i < l->nprotect; i++) {
		if (path_covers(l->protect[i], path) || path_covers(path, l->protect[i]))
			return true;
	}
	return false;
}

static int cmp_file(const void *x, const void *y)
{
	const struct lower_file *a = x, *b = y;
	int c = str_cmp(a->path, b->path);
	if (c == 0)
		c = (a->caller > b->caller) - (a->caller < b->caller);
	return c ? c : (a->rule > b->rule) - (a->rule < b->rule);
}

static void gather_files(struct lowering *w)
{
	struct lowered *l = w->l;
	for (size_t i = 0; i < w->a->nfiles; i++) {
		const struct allow_file *f = &w->a->files[i];
		uint32_t rule = add_rule(l, KIND_FILE, i);
		uint32_t access = f->access ? lower_access(f->access) : LOWER_CHANGES;
		if (!check_path(w, f->line, f->path) || !access || !is_judged(l, f->path))
			continue;
		for (size_t j = 0; j < MAX(f->nby, 1u); j++)
			*ARENA_PUSH(l->arena, l->files, l->nfiles) = (struct lower_file){
				f->path, access,
				f->nby ? caller_id(l, f->by[j]) : LOWER_CALLER_ANY, rule};
	}
}

static void lower_files(struct lowering *w)
{
	struct lowered *l = w->l;
	gather_files(w);
	if (l->nfiles == 0)
		return;
	qsort(l->files, l->nfiles, sizeof(*l->files), cmp_file);
	struct grants g = {.keys = map_new()};
	for (size_t i = 0; i < l->nfiles; i++)
		grant(&g, l->files[i].path, l->files[i].caller, l->files[i].access);
	size_t n = 0;
	for (size_t i = 0; i < l->nfiles; i++) {
		struct lower_file f = l->files[i];
		f.access = granted(&g, f.path, f.caller);
		bool twice = n && str_eq(l->files[n - 1].path, f.path) &&
			     l->files[n - 1].caller == f.caller;
		if (!twice && (f.access & ~granted_wider(&g, f.path, f.caller)))
			l->files[n++] = f;
	}
	l->nfiles = n;
	grants_done(&g);
}

static bool has_host_bits(const struct address *a, unsigned bits)
{
	for (unsigned i = bits; i < (a->family == 4 ? 32u : 128u); i++) {
		if (a->bytes[i / 8] >> (7 - i % 8) & 1)
			return true;
	}
	return false;
}

/* ::ffff:a.b.c.d/96+n is the IPv4 network a.b.c.d/n: the peer is the same machine. */
static void unmap(struct lower_connect *c)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	if (c->network.family != 6 || c->bits < 96 || memcmp(c->network.bytes, mapped, 12))
		return;
	struct address v4 = {.family = 4};
	memcpy(v4.bytes, c->network.bytes + 12, 4);
	c->network = v4;
	c->bits = (uint8_t)(c->bits - 96);
}

static int cmp_connect(const void *x, const void *y)
{
	const struct lower_connect *a = x, *b = y;
	int64_t by[] = {
		(int64_t)a->caller - b->caller,         a->network.family - b->network.family,
		memcmp(a->network.bytes, b->network.bytes, 16),
		a->bits - b->bits,                      a->port_first - b->port_first,
		a->port_last - b->port_last,            a->protocol - b->protocol,
		(int64_t)a->rule - b->rule,
	};
	for (size_t i = 0; i < ARRAY_SIZE(by); i++) {
		if (by[i])
			return by[i] < 0 ? -1 : 1;
	}
	return 0;
}

static void push_connect(struct lowered *l, struct lower_connect c)
{
	unmap(&c);
	if (c.network.family) {
		*ARENA_PUSH(l->arena, l->connects, l->nconnects) = c;
		return;
	}
	for (uint8_t family = 4; family <= 6; family += 2) {
		c.network = (struct address){.family = family};
		c.bits = 0;
		*ARENA_PUSH(l->arena, l->connects, l->nconnects) = c;
	}
}

static bool check_connect(struct lowering *w, const struct allow_connect *e)
{
	struct str what = STR("this network");
	unsigned max = e->network.family == 4 ? 32 : e->network.family == 6 ? 128 : 0;
	if (e->prefix > max)
		refuse(w, e->line, what, "has more prefix bits than its address");
	else if (e->network.family && has_host_bits(&e->network, e->prefix))
		refuse(w, e->line, what, "has bits set beyond its prefix: write the network's own address");
	else if (e->port_first > e->port_last)
		refuse(w, e->line, STR("this port range"), "ends before it begins");
	else
		return true;
	return false;
}

static void lower_connects(struct lowering *w)
{
	struct lowered *l = w->l;
	for (size_t i = 0; i < w->a->nconnects; i++) {
		const struct allow_connect *e = &w->a->connects[i];
		uint32_t rule = add_rule(l, KIND_CONNECT, i);
		if (!check_connect(w, e))
			continue;
		struct lower_connect c = {.network = e->network, .bits = e->prefix, .rule = rule,
					  .port_first = e->port_first, .port_last = e->port_last,
					  .protocol = e->protocol};
		c.network.port = 0;
		for (size_t j = 0; j < MAX(e->nby, 1u); j++) {
			c.caller = e->nby ? caller_id(l, e->by[j]) : LOWER_CALLER_ANY;
			push_connect(l, c);
		}
	}
	if (l->nconnects == 0)
		return;
	qsort(l->connects, l->nconnects, sizeof(*l->connects), cmp_connect);
	size_t n = 0;
	for (size_t i = 0; i < l->nconnects; i++) {
		struct lower_connect same = l->connects[i];
		if (n)
			same.rule = l->connects[n - 1].rule;
		if (n == 0 || cmp_connect(&l->connects[n - 1], &same))
			l->connects[n++] = l->connects[i];
	}
	l->nconnects = n;
}

static void lower_guards(struct lowering *w)
{
	for (size_t i = 0; i < w->a->nguards; i++) {
		uint32_t guard = guard_from(w->a->guards[i]);
		add_rule(w->l, KIND_GUARD, i);
		w->l->guards |= guard;
		if (!guard)
			refuse(w, 0, w->a->guards[i], "is no guard");
	}
}

static void all_callers(struct lowering *w)
{
	const struct allowlist *a = w->a;
	for (size_t i = 0; i < a->nexec; i++)
		gather_callers(w, a->exec[i].line, a->exec[i].by, a->exec[i].nby);
	for (size_t i = 0; i < a->nfiles; i++)
		gather_callers(w, a->files[i].line, a->files[i].by, a->files[i].nby);
	for (size_t i = 0; i < a->nconnects; i++)
		gather_callers(w, a->connects[i].line, a->connects[i].by, a->connects[i].nby);
	sort_callers(w->l);
}

int lower(const struct allowlist *a, struct diag *d, struct lowered **ret)
{
	struct arena *arena = arena_new();
	CLEANUP(lowered_free) struct lowered *l = arena_alloc(arena, sizeof(*l));
	l->arena = arena;
	l->source = a;
	CLEANUP_FREE char *file = xstrndup(a->file.p ? a->file.p : "", a->file.n);
	struct lowering w = {l, a, d, a->file.n ? file : NULL};
	size_t before = d->errors;
	all_callers(&w);
	lower_exec_rows(&w);
	lower_protect(&w);
	lower_files(&w);
	lower_connects(&w);
	lower_guards(&w);
	if (d->errors > before)
		return -EINVAL;
	*ret = TAKE(l);
	return 0;
}

void lowered_free(struct lowered *l)
{
	if (l)
		arena_free(l->arena);
}
