/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One compilation: lower, emit both back ends, read both back, prove them on the evidence (prove.c), write the
 * review page. Nothing reaches the disk before all of it has succeeded.
 */
#include "compiler/compile.h"

#include <stdio.h>
#include <unistd.h>

#include "compiler/emit_elf.h"
#include "compiler/emit_yaml.h"
#include "compiler/load_elf.h"
#include "compiler/prove.h"
#include "compiler/review.h"
#include "schema/base/io.h"
#include "schema/base/map.h"
#include "schema/policy_load.h"
#include "schema/yaml.h"

static struct output *add_output(struct compiled *c, struct str name, const char *suffix)
{
	struct output *out = VEC_PUSH(&c->outputs);
	out->name = str_from(arena_printf(c->arena, STR_FMT "%s", STR_ARG(name), suffix));
	return out;
}

/* The name becomes file names and metadata.name: dot-separated labels of a-z, 0-9 and '-'. */
static int check_name(const struct allowlist *a, struct diag *d)
{
	struct str n = a->name;
	bool ok = n.n > 0 && n.n <= 240;
	for (size_t i = 0; i < n.n && ok; i++) {
		char c = n.p[i];
		bool edge = i == 0 || i + 1 == n.n || n.p[i - 1] == '.' || n.p[i + 1] == '.';
		ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (!edge && c == '-') ||
		     (c == '.' && i && i + 1 < n.n && n.p[i - 1] != '.');
	}
	if (ok)
		return 0;
	return diag_error(d, a->file.n ? a->file.p : NULL,
			  "metadata.name '" STR_FMT "' cannot name a policy: use a-z, 0-9, '-' and '.', at most 240",
			  (int)MIN(n.n, 80u), n.p ? n.p : "");
}

/* What was read back must load on the target, every selector of it. */
static int check_load(const struct policy *p, const struct compile_options *o, struct diag *d)
{
	int err = policy_load_check(p, &o->target, d);
	for (size_t i = 0; i < p->nhooks && !err; i++) {
		size_t area = policy_selector_area(&p->hooks[i]);
		if (area > POLICY_AREA_MAX)
			err = diag_error(d, NULL, "the selectors of " STR_FMT " take %zu bytes, an agent applies %d",
					 STR_ARG(p->hooks[i].call), area, POLICY_AREA_MAX);
	}
	return err;
}

static int read_back_yaml(struct compiled *c, struct policy **emitted, size_t n,
			  const struct compile_options *o, struct diag *d)
{
	c->policies = xcalloc(n + 1, sizeof(*c->policies));
	for (size_t i = 0; i < n; i++) {
		struct output *out = add_output(c, emitted[i]->name, ".yaml");
		policy_print(emitted[i], &out->bytes);
		struct policy **docs = NULL;
		size_t ndocs = 0;
		int err = policies_parse(out->name.p, buf_view(&out->bytes), d, &docs, &ndocs);
		if (!err && ndocs != 1)
			err = diag_error(d, out->name.p, "the emitted file reads back as %zu documents", ndocs);
		if (!err)
			err = check_load(docs[0], o, d);
		for (size_t k = 0; k < ndocs; k++) {
			if (!err && k == 0)
				c->policies[c->npolicies++] = docs[k];
			else
				policy_free(docs[k]);
		}
		free(docs);
		if (err)
			return err;
	}
	return 0;
}

static int make_yaml(struct compiled *c, const struct compile_options *o, struct diag *d)
{
	c->no_yaml = yaml_refusal(c->lowered->source, o);
	if (c->no_yaml)
		return 0;
	struct policy **emitted = NULL, *scope = policy_new();
	size_t n = 0;
	int err = yaml_scope(c->lowered->source, o, scope, d);
	policy_free(scope);
	if (!err)
		err = emit_yaml(c->lowered, o, c, d, &emitted, &n);
	if (!err)
		err = read_back_yaml(c, emitted, n, o, d);
	for (size_t i = 0; i < n; i++)
		policy_free(emitted[i]);
	free(emitted);
	return err;
}

static int make_image(struct compiled *c, const struct compile_options *o, struct diag *d)
{
	const struct allowlist *a = c->lowered->source;
	struct output *out = add_output(c, a->name, ".image.elf");
	int err = emit_elf(c->lowered, o->enforce || a->mode == MODE_ENFORCE, d, &out->bytes);
	return err ? err : image_load(out->name.p, buf_view(&out->bytes), d, &c->image);
}

static void put_kustomization(struct str *files, size_t n, struct buf *b)
{
	buf_puts(b, "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n");
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, "  - ");
		yaml_scalar(b, files[i]);
		buf_putc(b, '\n');
	}
}

static void make_kustomization(struct compiled *c)
{
	if (c->npolicies == 0)
		return;
	struct str *files = arena_alloc(c->arena, c->npolicies * sizeof(*files));
	for (size_t i = 0; i < c->npolicies; i++)
		files[i] = str_from(arena_printf(c->arena, STR_FMT ".yaml", STR_ARG(c->policies[i]->name)));
	put_kustomization(files, c->npolicies, &add_output(c, STR("kustomization"), ".yaml")->bytes);
}

static int cmp_output(const void *x, const void *y)
{
	return str_cmp(((const struct output *)x)->name, ((const struct output *)y)->name);
}

static int make_all(struct compiled *c, const struct allowlist *a, const struct compile_options *o,
		    struct diag *d)
{
	int err = check_name(a, d);
	if (!err)
		err = lower(a, d, &c->lowered);
	if (!err)
		err = make_yaml(c, o, d);
	if (!err)
		err = make_image(c, o, d);
	if (!err)
		err = prove(c, o, d);
	if (err)
		return err;
	allowlist_print(a, &add_output(c, a->name, ".allowlist.yaml")->bytes);
	make_kustomization(c);
	qsort(c->outputs.v, c->outputs.n, sizeof(*c->outputs.v), cmp_output);
	CLEANUP_BUF struct buf page = BUF_INIT;
	review_page(c, o, &page);
	buf_add(&add_output(c, a->name, ".review.md")->bytes, page.p, page.n);
	qsort(c->outputs.v, c->outputs.n, sizeof(*c->outputs.v), cmp_output);
	return 0;
}

int compile(const struct allowlist *a, const struct compile_options *o, struct compiled *ret,
	    struct diag *d)
{
	CLEANUP_COMPILED struct compiled c = {.arena = arena_new()};
	int err = make_all(&c, a, o, d);
	if (err)
		return err;
	*ret = c;
	c = (struct compiled){0};
	return 0;
}

void compiled_done(struct compiled *c)
{
	for (size_t i = 0; i < c->npolicies; i++)
		policy_free(c->policies[i]);
	free(c->policies);
	for (size_t i = 0; i < c->outputs.n; i++)
		buf_done(&c->outputs.v[i].bytes);
	free(c->outputs.v);
	image_free(c->image);
	lowered_free(c->lowered);
	arena_free(c->arena);
	*c = (struct compiled){0};
}

const struct output *compiled_output(const struct compiled *c, const char *suffix)
{
	for (size_t i = 0; i < c->outputs.n; i++) {
		struct str name = c->outputs.v[i].name;
		struct str own = c->lowered->source->name;
		if (str_starts(name, own) && str_eq(str_skip(name, own.n), str_from(suffix)))
			return &c->outputs.v[i];
	}
	return NULL;
}

/* ---- writing ---- */

struct pending {
	char *temporary, *final;
};
struct pendings {
	struct pending *v;
	size_t n, cap;
};

static int stage(struct pendings *p, const char *dir, const struct output *out, struct diag *d)
{
	struct pending *f = VEC_PUSH(p);
	f->final = xasprintf("%s/" STR_FMT, dir, STR_ARG(out->name));
	f->temporary = xasprintf("%s/.stakeout-%ld-" STR_FMT, dir, (long)getpid(), STR_ARG(out->name));
	int err = write_file(f->temporary, out->bytes.p, out->bytes.n, 0644);
	if (err)
		diag_error(d, f->final, "cannot write: %s; nothing was changed", strerror(-err));
	return err;
}

static int put_in_place(struct pendings *p, struct diag *d)
{
	for (size_t i = 0; i < p->n; i++) {
		if (rename(p->v[i].temporary, p->v[i].final)) {
			int err = -errno;
			diag_error(d, p->v[i].final, "cannot put into place: %s", strerror(-err));
			return err;
		}
	}
	return 0;
}

/* Everything of V but the kustomizations, which become one that lists all policies. */
static int stage_all(struct pendings *p, const struct compiled *const *v, size_t n, const char *dir,
		     struct diag *d)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct str *files = NULL;
	size_t nfiles = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < v[i]->outputs.n; k++) {
			const struct output *out = &v[i]->outputs.v[k];
			if (str_eq(out->name, STR("kustomization.yaml")))
				continue;
			int err = stage(p, dir, out, d);
			if (err)
				return err;
		}
		for (size_t k = 0; k < v[i]->npolicies; k++)
			*ARENA_PUSH(arena, files, nfiles) = str_from(
				arena_printf(arena, STR_FMT ".yaml", STR_ARG(v[i]->policies[k]->name)));
	}
	if (nfiles == 0)
		return 0;
	struct output all = {.name = STR("kustomization.yaml")};
	put_kustomization(files, nfiles, &all.bytes);
	int err = stage(p, dir, &all, d);
	buf_done(&all.bytes);
	return err;
}

enum { STALE_LIMIT = 64 << 20 };

/* Two outputs of one name would silently be one file. */
static int check_distinct(const struct pendings *p, struct diag *d)
{
	CLEANUP(map_free) struct map *names = map_new();
	for (size_t i = 0; i < p->n; i++) {
		bool fresh;
		map_add(names, str_from(p->v[i].final), &fresh);
		if (!fresh)
			return diag_error(d, p->v[i].final, "two of the allowlists given write this file: give one of them "
					  "another metadata.name");
	}
	return 0;
}

static bool writes(const struct pendings *p, const char *file)
{
	bool found = false;
	for (size_t i = 0; i < p->n && !found; i++)
		found = strcmp(p->v[i].final, file) == 0;
	return found;
}

/* Was FILE written by a compilation of allowlist NAME? Its first line says so. */
static bool is_ours(const char *file, struct str name)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	CLEANUP_FREE char *first = xasprintf("# Written by stakeout from allowlist " STR_FMT ":", STR_ARG(name));
	return read_file(file, STALE_LIMIT, &b) == 0 && str_starts(buf_view(&b), str_from(first));
}

/*
 * Policies that an earlier compilation of C's allowlist left in DIR and this one did not make: applying or replaying the
 * folder would take them in.
 */
static bool remove_stale(const struct compiled *c, const struct pendings *p, const char *dir)
{
	struct str own = c->lowered->source->name;
	bool removed = false, more = true;
	for (unsigned i = 1; i == 1 || more; i++) {
		CLEANUP_FREE char *name = i == 1 ? xstrndup(own.p, own.n)
						 : xasprintf(STR_FMT "-%u", STR_ARG(own), i);
		CLEANUP_FREE char *file = xasprintf("%s/%s.yaml", dir, name);
		more = access(file, F_OK) == 0;
		if (!more || writes(p, file) || !is_ours(file, own))
			continue;
		removed |= unlink(file) == 0;
	}
	return removed;
}

static void tidy(const struct compiled *const *v, size_t n, const struct pendings *p, const char *dir)
{
	bool removed = false;
	for (size_t i = 0; i < n; i++)
		removed |= remove_stale(v[i], p, dir);
	CLEANUP_FREE char *list = xasprintf("%s/kustomization.yaml", dir);
	if (removed && !writes(p, list))
		unlink(list);
}

int compiled_write_all(const struct compiled *const *v, size_t n, const char *dir, struct diag *d)
{
	int err = make_dirs(dir);
	if (err) {
		diag_error(d, dir, "cannot make the folder: %s", strerror(-err));
		return err;
	}
	struct pendings p = {0};
	err = stage_all(&p, v, n, dir, d);
	if (!err)
		err = check_distinct(&p, d);
	if (!err)
		err = put_in_place(&p, d);
	if (!err)
		tidy(v, n, &p, dir);
	for (size_t i = 0; i < p.n; i++) {
		if (err)
			unlink(p.v[i].temporary);
		free(p.v[i].temporary);
		free(p.v[i].final);
	}
	free(p.v);
	return err;
}

int compiled_write(const struct compiled *c, const char *dir, struct diag *d)
{
	return compiled_write_all(&c, 1, dir, d);
}
