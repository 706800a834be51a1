/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading the allowlist document: every key, kind and value is checked, and each complaint names its place and
 * what to write instead, since people edit this file by hand. Printing is in allowlist_print.c.
 */
#include "schema/allowlist.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "schema/base/cli.h"
#include "schema/base/io.h"
#include "schema/guard.h"
#include "schema/yaml.h"

enum { MAX_BYTES = 16 << 20, MAX_PATH = 4096 };

struct reader {
	struct allowlist *a;
	const char *file;
	struct diag *d;
};

static void PRINTF(3, 4) complain(struct reader *r, const struct yaml_node *at, const char *fmt, ...)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	diag_add(r->d, DIAG_ERROR, r->file, at ? at->line : 1, at ? at->column : 1, "%s", text.p);
}

/* ---- shapes ---- */

static bool want(struct reader *r, const struct yaml_node *n, enum yaml_kind kind, const char *what)
{
	if (n->kind == kind)
		return true;
	complain(r, n, "%s must be %s, not %s", what, yaml_kind_name(kind), yaml_kind_name(n->kind));
	return false;
}

/* N is a map with no other keys than NAMES. */
static bool want_map(struct reader *r, const struct yaml_node *n, const char *what,
		     const char *const *names, size_t nnames)
{
	if (!want(r, n, YAML_MAP, what))
		return false;
	for (size_t i = 0; i < n->nitems; i++) {
		CLEANUP_FREE char *key = xstrndup(n->items[i]->key->text.p, n->items[i]->key->text.n);
		bool known = false;
		for (size_t k = 0; k < nnames; k++)
			known |= !strcmp(key, names[k]);
		if (known)
			continue;
		const char *near = cli_nearest(key, names, nnames);
		complain(r, n->items[i]->key, "%s has no field '%s'%s%s%s", what, key,
			 near ? ", did you mean '" : "", near ? near : "", near ? "'" : "");
	}
	return true;
}
#define WANT_MAP(r, n, what, ...)                                                                  \
	want_map(r, n, what, (const char *const[]){__VA_ARGS__},                                   \
		 ARRAY_SIZE(((const char *const[]){__VA_ARGS__})))

/* The text of a field that must be a string (a bare number is one too); empty when absent. */
static struct str text_of(struct reader *r, const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n = yaml_get(map, key);
	if (!n)
		return (struct str){NULL, 0};
	if (n->kind == YAML_LIST || n->kind == YAML_MAP || n->kind == YAML_NULL) {
		complain(r, n, "%s must be a string, not %s", key, yaml_kind_name(n->kind));
		return (struct str){NULL, 0};
	}
	return arena_str(r->a->arena, n->text);
}

static bool one_of(struct str s, const char *const *names, size_t n, size_t *ret)
{
	for (size_t i = 0; i < n; i++) {
		if (str_eq(s, str_from(names[i]))) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* ---- values ---- */

static bool has_dot_component(struct str path)
{
	while (path.n) {
		const char *slash = memchr(path.p, '/', path.n);
		struct str part = {path.p, slash ? (size_t)(slash - path.p) : path.n};
		if (str_eq(part, STR("..")) || str_eq(part, STR(".")))
			return true;
		path = str_skip(path, part.n + 1);
	}
	return false;
}

const char *allowlist_path_wrong(struct str p)
{
	if (!p.n || p.p[0] != '/')
		return "must be absolute: the kernel compares whole resolved paths";
	if (p.n >= MAX_PATH)
		return "is longer than 4,095 bytes, which no path in the kernel is";
	if (memchr(p.p, '\0', p.n))
		return "holds a NUL byte, which no path can";
	if (memmem(p.p, p.n, "//", 2) || has_dot_component(p))
		return "must be written as the kernel resolves it: no '//', '.' or '..'";
	return NULL;
}

static struct str path_value(struct reader *r, const struct yaml_node *n, const char *what)
{
	struct str p = n->text;
	bool text = n->kind != YAML_LIST && n->kind != YAML_MAP && n->kind != YAML_NULL;
	const char *wrong = text ? allowlist_path_wrong(p) : "must be a path";
	if (!wrong)
		return arena_str(r->a->arena, p);
	CLEANUP_BUF struct buf shown = BUF_INIT;
	buf_text(&shown, p);
	complain(r, n, "%s '%.200s' %s", what, shown.p ? shown.p : "", wrong);
	return (struct str){NULL, 0};
}

static struct str path_field(struct reader *r, const struct yaml_node *entry, const char *what)
{
	const struct yaml_node *n = yaml_get(entry, "path");
	if (n)
		return path_value(r, n, "path");
	complain(r, entry, "%s needs a path", what);
	return (struct str){NULL, 0};
}

static void read_by(struct reader *r, const struct yaml_node *entry, struct str **by, size_t *nby)
{
	const struct yaml_node *list = yaml_get(entry, "by");
	if (!list || !want(r, list, YAML_LIST, "by"))
		return;
	if (!list->nitems)
		complain(r, list, "an empty 'by' would allow nobody: leave it out to allow every caller");
	for (size_t i = 0; i < list->nitems; i++) {
		struct str path = path_value(r, list->items[i], "by");
		if (path.n)
			*ARENA_PUSH(r->a->arena, *by, *nby) = path;
	}
}

static uint64_t count_field(struct reader *r, const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n = yaml_get(map, key);
	if (!n)
		return 0;
	if (n->kind == YAML_INT && !n->big && n->integer >= 0)
		return (uint64_t)n->integer;
	complain(r, n, "%s must be a whole number", key);
	return 0;
}

/* 2026-11-20T10:00:00[.123456789]Z as ns since 1970. */
static uint64_t time_field(struct reader *r, const struct yaml_node *map, const char *key)
{
	struct str s = text_of(r, map, key);
	if (!s.n)
		return 0;
	struct tm tm = {0};
	const char *rest = strptime(s.p, "%Y-%m-%dT%H:%M:%S", &tm);
	uint64_t fraction = 0, unit = NSEC_PER_SEC / 10;
	if (rest && *rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
			fraction += (uint64_t)(*rest - '0') * unit;
	time_t secs = rest && !strcmp(rest, "Z") ? timegm(&tm) : -1;
	if (secs < 0) {
		complain(r, yaml_get(map, key), "%s must be a UTC time such as 2026-11-20T10:00:00Z", key);
		return 0;
	}
	return (uint64_t)secs * NSEC_PER_SEC + fraction;
}

static void read_evidence(struct reader *r, const struct yaml_node *entry, struct evidence *e)
{
	const struct yaml_node *n = yaml_get(entry, "evidence");
	if (!n || !WANT_MAP(r, n, "evidence", "count", "first", "last", "instances"))
		return;
	*e = (struct evidence){.count = count_field(r, n, "count"),
			       .first_ns = time_field(r, n, "first"),
			       .last_ns = time_field(r, n, "last"),
			       .instances = count_field(r, n, "instances")};
}

static uint32_t read_access(struct reader *r, const struct yaml_node *entry)
{
	const struct yaml_node *list = yaml_get(entry, "access");
	uint32_t bits = 0;
	if (!list || !want(r, list, YAML_LIST, "access"))
		return 0;
	for (size_t i = 0; i < list->nitems; i++) {
		int bit = access_from(list->items[i]->text);
		if (bit >= 0 && (1u << bit) & ACCESS_CHANGES) {
			bits |= 1u << bit;
			continue;
		}
		CLEANUP_BUF struct buf names = BUF_INIT;
		for (unsigned k = 0; k < ACCESS_COUNT; k++)
			if (1u << k & ACCESS_CHANGES)
				buf_printf(&names, "%s%s", names.n ? ", " : "", access_name(k));
		complain(r, list->items[i], "'" STR_FMT "' is not an access that is judged; these are: %s",
			 STR_ARG(list->items[i]->text), names.p);
	}
	if (!list->nitems)
		complain(r, list, "an empty 'access' would allow nothing: leave it out to allow every change");
	return bits;
}

/* ADDRESS[/PREFIX]; host bits must be zero, since a reviewer reads the prefix. */
static void read_cidr(struct reader *r, const struct yaml_node *entry, struct allow_connect *c)
{
	const struct yaml_node *n = yaml_get(entry, "cidr");
	struct str s = text_of(r, entry, "cidr");
	if (!n || !s.n || str_eq(s, STR("any")))
		return;
	const char *slash = memchr(s.p, '/', s.n);
	CLEANUP_FREE char *host = xstrndup(s.p, slash ? (size_t)(slash - s.p) : s.n);
	bool v6 = strchr(host, ':');
	unsigned bits = v6 ? 128 : 32;
	uint64_t prefix = bits;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, host, c->network.bytes) != 1 ||
	    (slash && str_to_u64(str_from(slash + 1), &prefix)) || prefix > bits) {
		complain(r, n, "cidr '" STR_FMT "' is not an address or network such as 10.0.0.0/8 or fd00::/8",
			 STR_ARG(s));
		return;
	}
	c->network.family = v6 ? 6 : 4;
	c->prefix = (uint8_t)prefix;
	for (unsigned bit = (unsigned)prefix; bit < bits; bit++) {
		if (c->network.bytes[bit / 8] & 0x80 >> bit % 8) {
			complain(r, n, "cidr '" STR_FMT "' has bits set beyond its prefix: write the network address",
				 STR_ARG(s));
			return;
		}
	}
}

/* 5432, "8000-8080" or absent for any. */
static void read_port(struct reader *r, const struct yaml_node *entry, struct allow_connect *c)
{
	struct str s = text_of(r, entry, "port");
	c->port_last = UINT16_MAX;
	if (!s.n || str_eq(s, STR("any")))
		return;
	const char *dash = memchr(s.p, '-', s.n);
	struct str low = dash ? (struct str){s.p, (size_t)(dash - s.p)} : s;
	struct str high = dash ? str_from(dash + 1) : s;
	uint64_t first, last;
	if (str_to_u64(low, &first) || str_to_u64(high, &last) || last > UINT16_MAX || first > last) {
		complain(r, yaml_get(entry, "port"), "port '" STR_FMT "' is not a port (0 to 65535) or a range such as 8000-8080",
			 STR_ARG(s));
		return;
	}
	c->port_first = (uint16_t)first;
	c->port_last = (uint16_t)last;
}

static void read_protocol(struct reader *r, const struct yaml_node *entry, struct allow_connect *c)
{
	static const char *const names[] = {"any", "tcp", "udp"};
	static const uint8_t numbers[] = {0, 6, 17};
	struct str s = text_of(r, entry, "protocol");
	size_t i;
	if (!s.n)
		return;
	if (one_of(s, names, ARRAY_SIZE(names), &i))
		c->protocol = numbers[i];
	else
		complain(r, yaml_get(entry, "protocol"), "protocol must be tcp, udp or any");
}

/* ---- sections ---- */

static void read_exec_entry(struct reader *r, const struct yaml_node *n)
{
	if (!WANT_MAP(r, n, "an exec entry", "path", "by", "evidence", "note"))
		return;
	struct allow_exec *e = ARENA_PUSH(r->a->arena, r->a->exec, r->a->nexec);
	e->line = n->line;
	e->path = path_field(r, n, "an exec entry");
	e->note = text_of(r, n, "note");
	read_by(r, n, &e->by, &e->nby);
	read_evidence(r, n, &e->evidence);
}

static void read_file_entry(struct reader *r, const struct yaml_node *n)
{
	if (!WANT_MAP(r, n, "a file entry", "path", "access", "by", "evidence", "note"))
		return;
	struct allow_file *e = ARENA_PUSH(r->a->arena, r->a->files, r->a->nfiles);
	e->line = n->line;
	e->path = path_field(r, n, "a file entry");
	e->access = read_access(r, n);
	e->note = text_of(r, n, "note");
	read_by(r, n, &e->by, &e->nby);
	read_evidence(r, n, &e->evidence);
}

static void read_connect_entry(struct reader *r, const struct yaml_node *n)
{
	if (!WANT_MAP(r, n, "a connect entry", "cidr", "port", "protocol", "by", "evidence", "note"))
		return;
	struct allow_connect *e = ARENA_PUSH(r->a->arena, r->a->connects, r->a->nconnects);
	e->line = n->line;
	read_cidr(r, n, e);
	read_port(r, n, e);
	read_protocol(r, n, e);
	e->note = text_of(r, n, "note");
	read_by(r, n, &e->by, &e->nby);
	read_evidence(r, n, &e->evidence);
}

static void read_protect(struct reader *r, const struct yaml_node *section)
{
	const struct yaml_node *list = yaml_get(section, "protect");
	if (!list) {
		complain(r, section, "file needs 'protect': the paths whose changes are judged, such as [/etc/, /app/]");
		return;
	}
	if (!want(r, list, YAML_LIST, "protect"))
		return;
	for (size_t i = 0; i < list->nitems; i++) {
		struct str path = path_value(r, list->items[i], "protect");
		if (path.n)
			*ARENA_PUSH(r->a->arena, r->a->protect, r->a->nprotect) = path;
	}
}

/* Calls READ for each entry of SECTION.allow. Returns whether the section is there. */
static bool read_section(struct reader *r, const struct yaml_node *root, const char *name,
			 void (*read)(struct reader *, const struct yaml_node *))
{
	const struct yaml_node *section = yaml_get(root, name);
	if (!section)
		return false;
	bool file = !strcmp(name, "file");
	if (!(file ? WANT_MAP(r, section, name, "protect", "allow") : WANT_MAP(r, section, name, "allow")))
		return true;
	if (file)
		read_protect(r, section);
	const struct yaml_node *list = yaml_get(section, "allow");
	if (!list || (list->kind == YAML_NULL) || !want(r, list, YAML_LIST, "allow"))
		return true;
	for (size_t i = 0; i < list->nitems; i++)
		read(r, list->items[i]);
	return true;
}

static void read_labels(struct reader *r, const struct yaml_node *n)
{
	if (!want(r, n, YAML_MAP, "podLabels"))
		return;
	for (size_t i = 0; i < n->nitems; i++) {
		const struct yaml_node *v = n->items[i];
		if (v->kind == YAML_LIST || v->kind == YAML_MAP || v->kind == YAML_NULL) {
			complain(r, v, "a pod label's value must be a string");
			continue;
		}
		struct label *l = ARENA_PUSH(r->a->arena, r->a->labels, r->a->nlabels);
		l->key = arena_str(r->a->arena, v->key->text);
		l->value = arena_str(r->a->arena, v->text);
	}
}

static void read_workload(struct reader *r, const struct yaml_node *root)
{
	const struct yaml_node *n = yaml_get(root, "workload");
	if (!n) {
		complain(r, root, "workload is missing: {namespace: ..., kind: ..., name: ...}");
		return;
	}
	if (!WANT_MAP(r, n, "workload", "cluster", "namespace", "kind", "name", "container", "podLabels"))
		return;
	struct workload *w = &r->a->workload;
	w->cluster = text_of(r, n, "cluster");
	w->namespace = text_of(r, n, "namespace");
	w->kind = text_of(r, n, "kind");
	w->name = text_of(r, n, "name");
	w->container = text_of(r, n, "container");
	if (!w->namespace.n || !w->kind.n || !w->name.n)
		complain(r, n, "workload needs namespace, kind and name");
	if (yaml_get(n, "podLabels"))
		read_labels(r, yaml_get(n, "podLabels"));
}

static void read_guards(struct reader *r, const struct yaml_node *root)
{
	const struct yaml_node *list = yaml_get(root, "guards");
	if (!list || !want(r, list, YAML_LIST, "guards"))
		return;
	for (size_t i = 0; i < list->nitems; i++) {
		if (guard_index(list->items[i]->text) >= 0) {
			*ARENA_PUSH(r->a->arena, r->a->guards, r->a->nguards) =
				arena_str(r->a->arena, list->items[i]->text);
			continue;
		}
		CLEANUP_BUF struct buf names = BUF_INIT;
		for (unsigned k = 0; k < GUARD_COUNT; k++)
			buf_printf(&names, "%s%s", k ? ", " : "", guard_word(k));
		complain(r, list->items[i], "'" STR_FMT "' is not a guard; these are: %s",
			 STR_ARG(list->items[i]->text), names.p);
	}
}

static void read_head(struct reader *r, const struct yaml_node *root)
{
	static const char *const modes[] = {"monitor", "enforce"};
	if (!str_eq(text_of(r, root, "apiVersion"), STR("stakeout/v1")))
		complain(r, yaml_get(root, "apiVersion"), "apiVersion must be stakeout/v1");
	if (!str_eq(text_of(r, root, "kind"), STR("Allowlist")))
		complain(r, yaml_get(root, "kind"), "kind must be Allowlist");
	const struct yaml_node *meta = yaml_get(root, "metadata");
	if (meta && WANT_MAP(r, meta, "metadata", "name"))
		r->a->name = text_of(r, meta, "name");
	if (!r->a->name.n)
		complain(r, meta ? meta : root, "metadata.name is missing: it names the policy");
	const struct yaml_node *mode = yaml_get(root, "mode");
	size_t i = MODE_MONITOR;
	if (mode && !one_of(text_of(r, root, "mode"), modes, ARRAY_SIZE(modes), &i))
		complain(r, mode, "mode must be monitor or enforce");
	r->a->mode = i ? MODE_ENFORCE : MODE_MONITOR;
}

static void read_document(struct reader *r, const struct yaml_node *root)
{
	if (!WANT_MAP(r, root, "an allowlist", "apiVersion", "kind", "metadata", "workload", "mode", "exec",
		      "file", "connect", "guards"))
		return;
	read_head(r, root);
	read_workload(r, root);
	r->a->has_exec = read_section(r, root, "exec", read_exec_entry);
	r->a->has_file = read_section(r, root, "file", read_file_entry);
	r->a->has_connect = read_section(r, root, "connect", read_connect_entry);
	read_guards(r, root);
}

int allowlist_parse(const char *file, struct str text, struct diag *d, struct allowlist **ret)
{
	CLEANUP(arena_free) struct arena *nodes = arena_new();
	CLEANUP(allowlist_free) struct allowlist *a = allowlist_new();
	struct yaml_node **docs;
	size_t n, errors = d->errors;
	int err = yaml_read(nodes, file, text, d, &docs, &n);
	if (err)
		return err;
	if (n != 1)
		return diag_error(d, file, "an allowlist file holds one document, this one holds %zu", n);
	a->file = arena_str(a->arena, str_from(file));
	struct reader r = {.a = a, .file = file, .d = d};
	read_document(&r, docs[0]);
	if (d->errors != errors)
		return -EINVAL;
	*ret = TAKE(a);
	return 0;
}

int allowlist_read(const char *file, struct diag *d, struct allowlist **ret)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int err = read_file(file, MAX_BYTES, &text);
	if (err == -E2BIG)
		return diag_error(d, file, "is longer than 16 MiB, the most an allowlist may be");
	if (err)
		return diag_error(d, file, "cannot be read: %s", strerror(-err));
	return allowlist_parse(file, buf_view(&text), d, ret);
}

struct allowlist *allowlist_new(void)
{
	struct arena *arena = arena_new();
	struct allowlist *a = arena_alloc(arena, sizeof(*a));
	a->arena = arena;
	return a;
}

void allowlist_free(struct allowlist *a)
{
	if (a)
		arena_free(a->arena);
}

bool path_covers(struct str entry, struct str path)
{
	if (entry.n && entry.p[entry.n - 1] == '/')
		return str_starts(path, entry);
	return str_eq(entry, path);
}
