/* SPDX-License-Identifier: GPL-2.0-only */
/* Both lists of rules sorted by what they are about, then merged: what stands on one side only was added or removed. */
#include "compiler/image/image_diff.h"

/* ---- sets ---- */

static int cmp_workload(const void *x, const void *y)
{
	const struct image *const *a = x, *const *b = y;
	return str_cmp((*a)->workload, (*b)->workload);
}

static int add_file(struct image_set *s, const char *file, struct diag *d)
{
	struct image *i = NULL;
	int r = image_read(file, d, &i);
	if (r)
		return r;
	*VEC_PUSH(s) = (__typeof__(*s->v)){i, xstrdup(file)};
	return 0;
}

static int check_unique(const struct image_set *s, struct diag *d)
{
	for (size_t k = 1; k < s->n; k++)
		if (str_eq(s->v[k - 1].image->workload, s->v[k].image->workload))
			return diag_error(d, s->v[k].file, "is for " STR_FMT ", and so is %s: leave one of them out",
					  STR_ARG(s->v[k].image->workload), s->v[k - 1].file);
	return 0;
}

int image_set_read(const char *name, struct diag *d, struct image_set *ret)
{
	__attribute__((cleanup(image_names_done))) struct image_names names = {0};
	int r = image_names(name, d, &names);
	for (size_t i = 0; i < names.n; i++) {
		int err = add_file(ret, names.v[i], d);
		r = r ? r : err;
	}
	if (r)
		return r;
	qsort(ret->v, ret->n, sizeof(*ret->v), cmp_workload);
	return check_unique(ret, d);
}

void image_set_done(struct image_set *s)
{
	for (size_t k = 0; k < s->n; k++) {
		image_free(s->v[k].image);
		free(s->v[k].file);
	}
	free(s->v);
}

/* ---- comparing ---- */

static struct image_difference *add(struct image_differences *d, enum image_change c, struct str workload)
{
	struct image_difference *row = VEC_PUSH(&d->rows);
	*row = (struct image_difference){.change = c, .workload = arena_str(d->arena, workload)};
	d->of[c]++;
	return row;
}

static int cmp_rule(const void *x, const void *y)
{
	const struct image_rule *a = x, *b = y;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	int c = str_cmp(a->object, b->object);
	return c ? c : str_cmp(a->by, b->by);
}

static void add_rule(struct image_differences *d, struct str workload, const struct image_rule *old,
		     const struct image_rule *new)
{
	const struct image_rule *any = old ? old : new;
	struct image_difference *row = add(d, !old ? IMAGE_ADDED : !new ? IMAGE_REMOVED : IMAGE_CHANGED, workload);
	row->kind = image_rule_kind_name(any->kind);
	row->object = arena_str(d->arena, any->object);
	row->by = arena_str(d->arena, any->by);
	row->old = old ? arena_str(d->arena, old->grants) : STR("");
	row->new = new ? arena_str(d->arena, new->grants) : STR("");
}

static void compare(struct image_differences *d, const struct image *old, const struct image *new)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct image_rules a = image_rules_of(old, arena), b = image_rules_of(new, arena);
	qsort(a.v, a.n, sizeof(*a.v), cmp_rule);
	qsort(b.v, b.n, sizeof(*b.v), cmp_rule);
	for (size_t i = 0, k = 0; i < a.n || k < b.n;) {
		int c = i == a.n ? 1 : k == b.n ? -1 : cmp_rule(&a.v[i], &b.v[k]);
		if (c || !str_eq(a.v[i].grants, b.v[k].grants))
			add_rule(d, new->workload, c <= 0 ? &a.v[i] : NULL, c >= 0 ? &b.v[k] : NULL);
		i += c <= 0;
		k += c >= 0;
	}
}

static void add_image(struct image_differences *d, enum image_change c, const struct image *i)
{
	struct image_difference *row = add(d, c, i->workload);
	row->kind = "image";
	row->object = arena_str(d->arena, i->name);
	*(c == IMAGE_ADDED ? &row->new : &row->old) = STR("the whole image");
}

static void compare_two(struct image_differences *d, const struct image *old, const struct image *new)
{
	if (!str_eq(old->workload, new->workload)) {
		struct image_difference *row = add(d, IMAGE_CHANGED, new->workload);
		row->kind = "image";
		row->object = STR("workload");
		row->old = arena_str(d->arena, old->workload);
		row->new = arena_str(d->arena, new->workload);
	}
	compare(d, old, new);
}

struct image_differences *image_diff(const struct image_set *old, const struct image_set *new)
{
	struct image_differences *d = xcalloc(1, sizeof(*d));
	d->arena = arena_new();
	if (old->n == 1 && new->n == 1) {
		compare_two(d, old->v[0].image, new->v[0].image);
		return d;
	}
	for (size_t i = 0, k = 0; i < old->n || k < new->n;) {
		int c = i == old->n ? 1 : k == new->n ? -1 : str_cmp(old->v[i].image->workload, new->v[k].image->workload);
		if (c == 0)
			compare(d, old->v[i].image, new->v[k].image);
		else
			add_image(d, c < 0 ? IMAGE_REMOVED : IMAGE_ADDED, c < 0 ? old->v[i].image : new->v[k].image);
		i += c <= 0;
		k += c >= 0;
	}
	return d;
}

void image_differences_free(struct image_differences *d)
{
	if (!d)
		return;
	free(d->rows.v);
	arena_free(d->arena);
	free(d);
}
