/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One compilation: lower, emit both back ends, read both back, prove them on the evidence (prove.c), write the
 * review page. Nothing reaches the disk before all of it has succeeded.
 */
#include "compiler/emit/compile.h"

#include "compiler/emit/compile_write.h"
#include "compiler/image/image_write.h"
#include "compiler/emit/emit_yaml.h"
#include "schema/image_file.h"
#include "compiler/emit/prove.h"
#include "compiler/emit/review.h"
#include "schema/policy_load.h"

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

/*
 * What was read back must load on the target, every selector of it; with kprobe.multi and without: the kernel version does not
 * tell (Debian's 6.1 lacks it), and the nodes of a cluster may differ.
 */
static int check_load(const struct policy *p, const struct compile_options *o, struct diag *d)
{
	struct target with = o->target, without = o->target;
	with.kprobe_multi = true;
	without.kprobe_multi = false;
	int err = policy_load_check(p, &with, d);
	if (!err)
		err = policy_load_check(p, &without, d);
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
	int err = image_write(c->lowered, o->enforce || a->mode == MODE_ENFORCE, d, &out->bytes);
	return err ? err : image_load(out->name.p, buf_view(&out->bytes), d, &c->image);
}

static void make_kustomization(struct compiled *c)
{
	if (c->npolicies == 0)
		return;
	struct str *files = arena_alloc(c->arena, c->npolicies * sizeof(*files));
	for (size_t i = 0; i < c->npolicies; i++)
		files[i] = str_from(arena_printf(c->arena, STR_FMT ".yaml", STR_ARG(c->policies[i]->name)));
	kustomization_print(files, c->npolicies, &add_output(c, STR("kustomization"), ".yaml")->bytes);
}

/* Legal, and seldom meant: what the recording could not resolve ends like this. */
static void warn_empty(const struct allowlist *a, struct diag *d)
{
	if (a->has_exec && a->nexec == 0)
		diag_add(d, DIAG_WARNING, a->file.n ? a->file.p : NULL, 0, 0,
			 "exec allows nothing: enforced, no program starts, the container's own included. Take the exec section out "
			 "where programs are not to be judged");
}

static bool is_protected(const struct allowlist *a, struct str path)
{
	for (size_t i = 0; i < a->nprotect; i++)
		if (path_covers(a->protect[i], path) || path_covers(path, a->protect[i]))
			return true;
	return false;
}

/* Such entries are in no policy and no image, and nothing is lost; their author may have meant to protect more. */
static void warn_unprotected(const struct allowlist *a, struct diag *d)
{
	const struct allow_file *first = NULL;
	size_t n = 0;
	for (size_t i = 0; i < a->nfiles; i++) {
		if (is_protected(a, a->files[i].path))
			continue;
		first = first ? first : &a->files[i];
		n++;
	}
	if (n)
		diag_add(d, DIAG_WARNING, a->file.n ? a->file.p : NULL, first->line, 0,
			 "%zu file %s below no protected path (" STR_FMT "%s): changes there are allowed to everybody; protect the path, or take "
			 "the %s out", n, n == 1 ? "entry lies" : "entries lie", STR_ARG(first->path), n == 1 ? "" : " ...",
			 n == 1 ? "entry" : "entries");
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
	warn_empty(a, d);
	warn_unprotected(a, d);
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
