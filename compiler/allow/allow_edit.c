/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is added is written as a small document and read by the one reader, so that both ways of editing take and
 * refuse the same things with the same words.
 */
#include "compiler/allow/allow_edit.h"

#include "schema/rule.h"
#include "schema/yaml.h"

static void put_head(struct buf *b, const char *section)
{
	buf_printf(b,
		   "apiVersion: stakeout/v1\nkind: Allowlist\nmetadata: {name: x}\n"
		   "workload: {namespace: x, kind: x, name: x}\n%s:\n%s  allow:\n    - {",
		   section, strcmp(section, "file") ? "" : "  protect: []\n");
}

static void put_path(struct buf *b, struct str path)
{
	buf_puts(b, "path: ");
	yaml_scalar(b, path);
}

/* The part after the last ':' when it consists of access names. */
static struct str access_part(struct str spec)
{
	const char *colon = spec.n ? memrchr(spec.p, ':', spec.n) : NULL;
	if (!colon)
		return (struct str){NULL, 0};
	struct str names = str_skip(spec, (size_t)(colon - spec.p) + 1);
	size_t first = 0;
	while (first < names.n && names.p[first] != ',')
		first++;
	return access_from((struct str){names.p, first}) >= 0 ? names : (struct str){NULL, 0};
}

static void put_file(struct buf *b, struct str spec)
{
	struct str names = access_part(spec);
	put_path(b, (struct str){spec.p, names.n ? spec.n - names.n - 1 : spec.n});
	if (names.n) {
		buf_puts(b, ", access: [");
		while (names.n) {
			const char *comma = memchr(names.p, ',', names.n);
			struct str name = {names.p, comma ? (size_t)(comma - names.p) : names.n};
			yaml_scalar(b, name);
			buf_puts(b, comma ? ", " : "");
			names = str_skip(names, name.n + (comma ? 1 : 0));
		}
		buf_putc(b, ']');
	}
}

static void put_connect(struct buf *b, struct str spec)
{
	struct str cidr = spec, rest = {NULL, 0};
	const char *close = spec.n && spec.p[0] == '[' ? memchr(spec.p, ']', spec.n) : NULL;
	const char *colon = spec.n ? memchr(spec.p, ':', spec.n) : NULL;
	bool one_colon = colon && !memchr(colon + 1, ':', spec.n - (size_t)(colon + 1 - spec.p));
	if (close) {
		cidr = (struct str){spec.p + 1, (size_t)(close - spec.p) - 1};
		rest = str_skip(spec, cidr.n + 2);
		rest = rest.n && rest.p[0] == ':' ? str_skip(rest, 1) : rest;
	} else if (one_colon) {
		cidr = (struct str){spec.p, (size_t)(colon - spec.p)};
		rest = str_skip(spec, cidr.n + 1);
	}
	const char *slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
	buf_puts(b, "cidr: ");
	yaml_scalar(b, cidr);
	if (rest.n) {
		buf_puts(b, ", port: ");
		yaml_scalar(b, (struct str){rest.p, slash ? (size_t)(slash - rest.p) : rest.n});
	}
	if (slash) {
		buf_puts(b, ", protocol: ");
		yaml_scalar(b, str_skip(rest, (size_t)(slash + 1 - rest.p)));
	}
}

/* The new entry holds for every caller, so an older one's callers do not matter. */
static bool covers_exec(const struct allow_exec *e, const struct allow_exec *old)
{
	return path_covers(e->path, old->path);
}

static bool covers_file(const struct allow_file *e, const struct allow_file *old)
{
	return path_covers(e->path, old->path) && (!e->access || (old->access && !(old->access & ~e->access)));
}

static bool covers_connect(const struct allow_connect *e, const struct allow_connect *old)
{
	if (old->port_first < e->port_first || old->port_last > e->port_last || (e->protocol && old->protocol != e->protocol))
		return false;
	return !e->network.family || (old->network.family && old->prefix >= e->prefix &&
				      network_covers(&e->network, e->prefix, &old->network));
}

/* V[N - 1] is new: what it covers becomes part of it. */
#define ABSORB(v, len, covers)                                                                     \
	do {                                                                                       \
		size_t kept_ = 0;                                                                  \
		for (size_t i = 0; i + 1 < (len); i++)                                             \
			if ((v)[i].note.n || !covers(&(v)[(len)-1], &(v)[i]))                      \
				(v)[kept_++] = (v)[i];                                             \
			else                                                                       \
				evidence_add(&(v)[(len)-1].evidence, &(v)[i].evidence);            \
		(v)[kept_++] = (v)[(len)-1];                                                       \
		(len) = kept_;                                                                     \
	} while (0)

/* Moves the one entry of FROM into A. */
static void take_entry(struct allowlist *a, const struct allowlist *from)
{
	if (from->nexec) {
		struct allow_exec *e = ARENA_PUSH(a->arena, a->exec, a->nexec);
		e->path = arena_str(a->arena, from->exec[0].path);
		ABSORB(a->exec, a->nexec, covers_exec);
		a->has_exec = true;
	}
	if (from->nfiles) {
		struct allow_file *e = ARENA_PUSH(a->arena, a->files, a->nfiles);
		e->path = arena_str(a->arena, from->files[0].path);
		e->access = from->files[0].access;
		ABSORB(a->files, a->nfiles, covers_file);
		a->has_file = true;
	}
	if (from->nconnects) {
		struct allow_connect *e = ARENA_PUSH(a->arena, a->connects, a->nconnects);
		*e = from->connects[0];
		e->by = NULL;
		e->nby = 0;
		e->note = (struct str){NULL, 0};
		ABSORB(a->connects, a->nconnects, covers_connect);
		a->has_connect = true;
	}
}

int allow_add(struct allowlist *a, enum kind kind, const char *spec, struct diag *d)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	put_head(&text, kind_name(kind));
	if (kind == KIND_EXEC)
		put_path(&text, str_from(spec));
	else if (kind == KIND_FILE)
		put_file(&text, str_from(spec));
	else
		put_connect(&text, str_from(spec));
	buf_puts(&text, "}\n");
	CLEANUP_DIAG struct diag inner = DIAG_INIT;
	CLEANUP(allowlist_free) struct allowlist *one = NULL;
	if (allowlist_parse(spec, buf_view(&text), &inner, &one)) {
		for (size_t i = 0; i < inner.n; i++)
			diag_error(d, NULL, "--add-%s '%s': %s", kind_name(kind), spec, inner.v[i].message);
		return -EINVAL;
	}
	take_entry(a, one);
	allowlist_normalize(a);
	return 0;
}

static bool is_network(const struct allow_connect *c, struct str what)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_puts(&b, "");
	address_print(&b, &c->network);
	if (!c->network.family)
		buf_puts(&b, "any");
	else if (str_eq(buf_view(&b), what) && c->prefix == (c->network.family == 4 ? 32 : 128))
		return true;
	else
		buf_printf(&b, "/%u", c->prefix);
	return str_eq(buf_view(&b), what);
}

#define REMOVE_IF(v, n, gone)                                                                      \
	do {                                                                                       \
		size_t kept_ = 0;                                                                  \
		for (size_t i = 0; i < (n); i++)                                                   \
			if (!(gone))                                                               \
				(v)[kept_++] = (v)[i];                                             \
		removed += (n)-kept_;                                                              \
		(n) = kept_;                                                                       \
	} while (0)

int allow_remove(struct allowlist *a, const char *what, struct diag *d)
{
	struct str name = str_from(what);
	size_t removed = 0;
	REMOVE_IF(a->exec, a->nexec, str_eq(a->exec[i].path, name));
	REMOVE_IF(a->files, a->nfiles, str_eq(a->files[i].path, name));
	REMOVE_IF(a->protect, a->nprotect, str_eq(a->protect[i], name));
	REMOVE_IF(a->guards, a->nguards, str_eq(a->guards[i], name));
	REMOVE_IF(a->connects, a->nconnects, is_network(&a->connects[i], name));
	if (removed == 0)
		return diag_error(d, NULL, "--remove '%s': no entry has this path, network or guard", what);
	return 0;
}
