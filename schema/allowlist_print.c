/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Order and printing of an allowlist: one order of entries, equal entries merged, one layout, so that the
 * same choice is the same bytes and a diff in a pull request is a diff in meaning.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "schema/allowlist.h"
#include "schema/yaml.h"

/* ---- order ---- */

static int by_str(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* Sorts and removes repeats. */
static void sort_strs(struct str *v, size_t *n)
{
	if (!*n)
		return;
	qsort(v, *n, sizeof(*v), by_str);
	size_t out = 1;
	for (size_t i = 1; i < *n; i++)
		if (!str_eq(v[i], v[out - 1]))
			v[out++] = v[i];
	*n = out;
}

static int cmp_strs(const struct str *a, size_t na, const struct str *b, size_t nb)
{
	for (size_t i = 0; i < MIN(na, nb); i++) {
		int c = str_cmp(a[i], b[i]);
		if (c)
			return c;
	}
	return na < nb ? -1 : na > nb;
}

static int cmp_number(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_exec(const void *pa, const void *pb)
{
	const struct allow_exec *a = pa, *b = pb;
	int c = str_cmp(a->path, b->path);
	return c ? c : cmp_strs(a->by, a->nby, b->by, b->nby);
}

static int by_file(const void *pa, const void *pb)
{
	const struct allow_file *a = pa, *b = pb;
	int c = str_cmp(a->path, b->path);
	if (!c)
		c = cmp_number(a->access, b->access);
	return c ? c : cmp_strs(a->by, a->nby, b->by, b->nby);
}

static int by_connect(const void *pa, const void *pb)
{
	const struct allow_connect *a = pa, *b = pb;
	int c = cmp_number(a->network.family, b->network.family);
	if (!c)
		c = memcmp(a->network.bytes, b->network.bytes, sizeof(a->network.bytes));
	if (!c)
		c = cmp_number(a->prefix, b->prefix);
	if (!c)
		c = cmp_number(a->port_first, b->port_first);
	if (!c)
		c = cmp_number(a->port_last, b->port_last);
	if (!c)
		c = cmp_number(a->protocol, b->protocol);
	return c ? c : cmp_strs(a->by, a->nby, b->by, b->nby);
}

static int by_label(const void *pa, const void *pb)
{
	return str_cmp(((const struct label *)pa)->key, ((const struct label *)pb)->key);
}

void evidence_add(struct evidence *into, const struct evidence *from)
{
	if (!from->count)
		return;
	if (!into->count || from->first_ns < into->first_ns)
		into->first_ns = from->first_ns;
	into->last_ns = MAX(into->last_ns, from->last_ns);
	into->instances = MAX(into->instances, from->instances);
	into->count += MIN(from->count, UINT64_MAX - into->count);
}

static void merge(struct evidence *into, const struct evidence *from, struct str *note,
		  struct str from_note)
{
	if (!note->n)
		*note = from_note;
	evidence_add(into, from);
}

/* Sorts V by CMP and merges neighbours that compare equal. */
#define NORMALIZE(v, n, cmp)                                                                       \
	do {                                                                                       \
		size_t out_ = 0;                                                                   \
		if (n)                                                                             \
			qsort((v), (n), sizeof(*(v)), (cmp));                                      \
		for (size_t i_ = 0; i_ < (n); i_++) {                                              \
			if (out_ && !(cmp)(&(v)[out_ - 1], &(v)[i_]))                              \
				merge(&(v)[out_ - 1].evidence, &(v)[i_].evidence,                  \
				      &(v)[out_ - 1].note, (v)[i_].note);                          \
			else                                                                       \
				(v)[out_++] = (v)[i_];                                             \
		}                                                                                  \
		(n) = out_;                                                                        \
	} while (0)

void allowlist_normalize(struct allowlist *a)
{
	for (size_t i = 0; i < a->nexec; i++)
		sort_strs(a->exec[i].by, &a->exec[i].nby);
	for (size_t i = 0; i < a->nfiles; i++)
		sort_strs(a->files[i].by, &a->files[i].nby);
	for (size_t i = 0; i < a->nconnects; i++)
		sort_strs(a->connects[i].by, &a->connects[i].nby);
	NORMALIZE(a->exec, a->nexec, by_exec);
	NORMALIZE(a->files, a->nfiles, by_file);
	NORMALIZE(a->connects, a->nconnects, by_connect);
	sort_strs(a->protect, &a->nprotect);
	sort_strs(a->guards, &a->nguards);
	if (a->nlabels)
		qsort(a->labels, a->nlabels, sizeof(*a->labels), by_label);
}

/* ---- text ---- */

static void put_pair(struct buf *b, const char *key, struct str value, bool *first)
{
	if (!value.n)
		return;
	buf_printf(b, "%s%s: ", *first ? "" : ", ", key);
	yaml_scalar(b, value);
	*first = false;
}

static void put_list(struct buf *b, const struct str *v, size_t n)
{
	buf_putc(b, '[');
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ", " : "");
		yaml_scalar(b, v[i]);
	}
	buf_putc(b, ']');
}

/* What every entry ends with. */
static void put_tail(struct buf *b, const struct str *by, size_t nby, const struct evidence *e,
		     struct str note)
{
	if (nby) {
		buf_puts(b, "      by: ");
		put_list(b, by, nby);
		buf_putc(b, '\n');
	}
	if (note.n) {
		buf_puts(b, "      note: ");
		yaml_scalar(b, note);
		buf_putc(b, '\n');
	}
	if (!e->count)
		return;
	buf_printf(b, "      evidence: {count: %llu", (unsigned long long)e->count);
	if (e->first_ns)
		buf_puts(b, ", first: "), buf_time(b, e->first_ns);
	if (e->last_ns)
		buf_puts(b, ", last: "), buf_time(b, e->last_ns);
	if (e->instances)
		buf_printf(b, ", instances: %llu", (unsigned long long)e->instances);
	buf_puts(b, "}\n");
}

static void put_path(struct buf *b, struct str path)
{
	buf_puts(b, "    - path: ");
	yaml_scalar(b, path);
	buf_putc(b, '\n');
}

static void put_exec(const struct allowlist *a, struct buf *b)
{
	buf_printf(b, "exec:\n  allow:%s\n", a->nexec ? "" : " []");
	for (size_t i = 0; i < a->nexec; i++) {
		const struct allow_exec *e = &a->exec[i];
		put_path(b, e->path);
		put_tail(b, e->by, e->nby, &e->evidence, e->note);
	}
}

static void put_files(const struct allowlist *a, struct buf *b)
{
	buf_puts(b, "file:\n  protect: ");
	put_list(b, a->protect, a->nprotect);
	buf_printf(b, "\n  allow:%s\n", a->nfiles ? "" : " []");
	for (size_t i = 0; i < a->nfiles; i++) {
		const struct allow_file *e = &a->files[i];
		put_path(b, e->path);
		struct str names[ACCESS_COUNT];
		size_t n = 0;
		for (unsigned bit = 0; bit < ACCESS_COUNT; bit++)
			if (e->access & 1u << bit)
				names[n++] = str_from(access_name(bit));
		if (n) {
			buf_puts(b, "      access: ");
			put_list(b, names, n);
			buf_putc(b, '\n');
		}
		put_tail(b, e->by, e->nby, &e->evidence, e->note);
	}
}

static void put_cidr(struct buf *b, const struct allow_connect *e)
{
	char text[INET6_ADDRSTRLEN] = "any";
	bool v6 = e->network.family == 6;
	if (!e->network.family) {
		buf_puts(b, text);
		return;
	}
	inet_ntop(v6 ? AF_INET6 : AF_INET, e->network.bytes, text, sizeof(text));
	CLEANUP_FREE char *full = e->prefix == (v6 ? 128 : 32) ? xstrdup(text)
							       : xasprintf("%s/%u", text, e->prefix);
	yaml_scalar(b, str_from(full));
}

static void put_connects(const struct allowlist *a, struct buf *b)
{
	buf_printf(b, "connect:\n  allow:%s\n", a->nconnects ? "" : " []");
	for (size_t i = 0; i < a->nconnects; i++) {
		const struct allow_connect *e = &a->connects[i];
		buf_puts(b, "    - cidr: ");
		put_cidr(b, e);
		buf_putc(b, '\n');
		if (e->port_first == e->port_last)
			buf_printf(b, "      port: %u\n", e->port_first);
		else if (e->port_first != 0 || e->port_last != UINT16_MAX)
			buf_printf(b, "      port: \"%u-%u\"\n", e->port_first, e->port_last);
		if (e->protocol)
			buf_printf(b, "      protocol: %s\n", e->protocol == 17 ? "udp" : "tcp");
		put_tail(b, e->by, e->nby, &e->evidence, e->note);
	}
}

static void put_head(const struct allowlist *a, struct buf *b)
{
	const struct workload *w = &a->workload;
	buf_puts(b, "apiVersion: stakeout/v1\nkind: Allowlist\nmetadata: {name: ");
	yaml_scalar(b, a->name);
	buf_puts(b, "}\nworkload: {");
	bool first = true;
	put_pair(b, "cluster", w->cluster, &first);
	put_pair(b, "namespace", w->namespace, &first);
	put_pair(b, "kind", w->kind, &first);
	put_pair(b, "name", w->name, &first);
	put_pair(b, "container", w->container, &first);
	if (a->nlabels) {
		buf_puts(b, ", podLabels: {");
		for (size_t i = 0; i < a->nlabels; i++) {
			buf_puts(b, i ? ", " : "");
			yaml_scalar(b, a->labels[i].key);
			buf_puts(b, ": ");
			yaml_scalar(b, a->labels[i].value);
		}
		buf_putc(b, '}');
	}
	buf_printf(b, "}\nmode: %s\n", a->mode == MODE_ENFORCE ? "enforce" : "monitor");
}

void allowlist_print(const struct allowlist *a, struct buf *b)
{
	put_head(a, b);
	if (a->has_exec)
		put_exec(a, b);
	if (a->has_file)
		put_files(a, b);
	if (a->has_connect)
		put_connects(a, b);
	if (a->nguards) {
		buf_puts(b, "guards: ");
		put_list(b, a->guards, a->nguards);
		buf_putc(b, '\n');
	}
}
