/* SPDX-License-Identifier: GPL-2.0-only */
/* See same_policy.h. */
#include "tests/lib/same_policy.h"

#include "schema/policy_fields.h"

static bool same_objects(const struct field_object *o, const char *a, const char *b, struct buf *why);

static bool same_strs(const struct str *a, const struct str *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!str_eq(a[i], b[i]))
			return false;
	return true;
}

/* All sections share one array of hooks; a row compares its own. */
static bool same_objects_of(const struct field *f, const char *a, const char *b, size_t n, struct buf *why)
{
	const struct field_object *o = f->object;
	for (size_t i = 0; i < n; i++) {
		const char *x = a + i * o->size, *y = b + i * o->size;
		if (f->type == FIELD_NAMED && !str_eq(*(const struct str *)x, *(const struct str *)y))
			return false;
		if (o->section >= 0 && ((const struct hook *)x)->section != ((const struct hook *)y)->section)
			return false;
		if (o->section >= 0 && (int)((const struct hook *)x)->section != o->section)
			continue;
		if (!same_objects(o, x + o->inner, y + o->inner, why))
			return false;
	}
	return true;
}

static bool same_array(const struct field *f, const char *a, const char *b, struct buf *why)
{
	const char *x = *(char *const *)(a + f->offset), *y = *(char *const *)(b + f->offset);
	size_t n = *(const size_t *)(a + f->count);
	if (n != *(const size_t *)(b + f->count))
		return false;
	switch (f->type) {
	case FIELD_U32S:
		return !n || memcmp(x, y, n * sizeof(uint32_t)) == 0;
	case FIELD_U64S:
		return !n || memcmp(x, y, n * sizeof(uint64_t)) == 0;
	case FIELD_LABELS:
		return same_strs((const struct str *)x, (const struct str *)y, 2 * n);
	default:
		return same_objects_of(f, x, y, n, why);
	}
}

static bool same_pointers(const struct field *f, const char *a, const char *b, struct buf *why)
{
	const char *x = *(char *const *)(a + f->offset), *y = *(char *const *)(b + f->offset);
	if (f->count && *(const size_t *)(a + f->count) != *(const size_t *)(b + f->count))
		return false;
	return !x == !y && (!x || same_objects(f->object, x, y, why));
}

static bool same_field(const struct field *f, const char *a, const char *b, struct buf *why)
{
	const char *x = a + f->offset, *y = b + f->offset;
	if (f->has && a[f->has] != b[f->has])
		return false;
	switch (f->type) {
	case FIELD_BOOL:
		return *x == *y;
	case FIELD_I32: case FIELD_U32: case FIELD_ENUM: case FIELD_OPERATOR:
		return memcmp(x, y, sizeof(uint32_t)) == 0;
	case FIELD_I64: case FIELD_U64:
		return memcmp(x, y, sizeof(uint64_t)) == 0;
	case FIELD_STRING:
		return str_eq(*(const struct str *)x, *(const struct str *)y);
	case FIELD_STRINGS: {
		const struct strs *s = (const struct strs *)x, *t = (const struct strs *)y;
		return s->n == t->n && same_strs(s->v, t->v, s->n);
	}
	case FIELD_OBJECT:
		return same_objects(f->object, a, b, why);
	case FIELD_POINTER:
		return same_pointers(f, a, b, why);
	case FIELD_U32S: case FIELD_U64S: case FIELD_LABELS: case FIELD_LIST: case FIELD_NAMED:
		return same_array(f, a, b, why);
	}
	return false;
}

static bool same_objects(const struct field_object *o, const char *a, const char *b, struct buf *why)
{
	for (size_t i = 0; i < o->nfields; i++) {
		if (same_field(&o->fields[i], a, b, why))
			continue;
		if (why)
			buf_printf(why, "differs: %s of %s\n", o->fields[i].name, o->name);
		return false;
	}
	return true;
}

static bool same_labels(const struct label *a, size_t n, const struct label *b, size_t m)
{
	return n == m && same_strs((const struct str *)a, (const struct str *)b, 2 * n);
}

bool same_policies(const struct policy *a, const struct policy *b, struct buf *why)
{
	if (a->namespaced == b->namespaced && str_eq(a->name, b->name) && str_eq(a->namespace, b->namespace) &&
	    same_labels(a->labels, a->nlabels, b->labels, b->nlabels) &&
	    same_labels(a->annotations, a->nannotations, b->annotations, b->nannotations))
		return same_objects(&policy_spec_object, (const char *)a, (const char *)b, why);
	if (why)
		buf_puts(why, "differs: kind or metadata\n");
	return false;
}

static bool read_one(struct str text, struct policy **ret, struct buf *why)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct policy **v = NULL;
	size_t n = 0;
	int err = policies_parse("printed", text, &d, &v, &n);
	if (!err && n == 1 && !d.n) {
		*ret = v[0];
		free(v);
		return true;
	}
	if (why)
		buf_printf(why, "printed, it is not read back: %s\n", d.n ? d.v[0].message : "not one document");
	for (size_t i = 0; !err && i < n; i++)
		policy_free(v[i]);
	free(err ? NULL : v);
	return false;
}

bool policy_round_trips(const struct policy *p, struct buf *why)
{
	CLEANUP(policy_free) struct policy *again = NULL;
	CLEANUP_BUF struct buf once = BUF_INIT, twice = BUF_INIT;
	policy_print(p, &once);
	bool good = read_one(buf_view(&once), &again, why) && same_policies(p, again, why);
	if (good) {
		policy_print(again, &twice);
		good = str_eq(buf_view(&once), buf_view(&twice));
		if (!good && why)
			buf_printf(why, "printed again:\n" STR_FMT, STR_ARG(buf_view(&twice)));
	}
	if (!good && why)
		buf_printf(why, "printed:\n" STR_FMT, STR_ARG(buf_view(&once)));
	return good;
}
