/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packing denials into hook entries. Greedy, in the order of the preludes that the denials need: an entry that
 * already lets some callers pass cannot take a denial that is meant for them, so such a one opens
 * the next entry. The limits are those of Tetragon's encoder; its offsets wrap silently beyond them.
 */
#include "compiler/emit/plan.h"

void plan_done(struct plan *p)
{
	free(p->denials.v);
	for (int i = 0; i < PLAN_PRELUDES; i++)
		free(p->preludes[i].v);
}

struct plan_selector *plan_deny(struct plan *p, uint32_t after)
{
	struct plan_selector *s = VEC_PUSH(&p->denials);
	s->after = after;
	return s;
}

struct plan_selector *plan_prelude(struct plan *p, enum plan_prelude which)
{
	int i = which == PLAN_AFTER_RUNTIME ? 0 : which == PLAN_AFTER_CALLERS ? 1 : 2;
	struct plan_selector *s = VEC_PUSH(&p->preludes[i]);
	s->pass = true;
	return s;
}

void plan_filter(struct plan_selector *s, uint8_t arg, enum policy_operator op, struct strs values)
{
	s->filters[s->nfilters++] = (struct plan_filter){arg, op, values};
}

void plan_value(struct plan *p, struct strs *list, struct str value)
{
	*ARENA_PUSH(p->arena, list->v, list->n) = value;
}

struct strs plan_values(struct plan *p, const char *const *values, size_t n)
{
	struct strs list = {0};
	for (size_t i = 0; i < n; i++)
		plan_value(p, &list, str_from(values[i]));
	return list;
}

static bool same_values(const struct strs *a, const struct strs *b)
{
	bool same = a->n == b->n;
	for (size_t i = 0; i < a->n && same; i++)
		same = str_eq(a->v[i], b->v[i]);
	return same;
}

static bool same_filters(const struct plan_selector *a, const struct plan_selector *b)
{
	bool same = a->nfilters == b->nfilters;
	for (size_t i = 0; i < a->nfilters && same; i++)
		same = a->filters[i].arg == b->filters[i].arg && a->filters[i].op == b->filters[i].op &&
		       same_values(&a->filters[i].values, &b->filters[i].values);
	return same;
}

/* A class's own form of R, a denial of everybody else. */
static bool is_twin(const struct plan_selector *s, const struct plan_selector *r)
{
	return s->callers.n && s->after == (r->after & ~(uint32_t)PLAN_AFTER_CALLERS) && same_filters(s, r);
}

static bool share(struct plan *p, size_t at)
{
	struct plan_selector r = p->denials.v[at];
	size_t twins = 0, n = 0;
	for (size_t i = 0; i < p->denials.n; i++)
		twins += is_twin(&p->denials.v[i], &r);
	if (!(r.after & PLAN_AFTER_CALLERS) || twins < p->nclasses)
		return false;
	for (size_t i = 0; i < p->denials.n; i++) {
		if (i != at && !is_twin(&p->denials.v[i], &r))
			p->denials.v[n++] = p->denials.v[i];
	}
	r.after &= ~(uint32_t)PLAN_AFTER_CALLERS;
	p->denials.v[n++] = r;
	p->denials.n = n;
	return true;
}

void plan_share(struct plan *p)
{
	for (size_t i = 0; p->nclasses && i < p->denials.n;)
		i = share(p, i) ? 0 : i + 1;
}

enum table { TABLE_EQUAL, TABLE_PREFIX, TABLE_POSTFIX, TABLE_NUMBER, TABLE_V4, TABLE_V6, TABLES };

struct usage {
	size_t area, table[TABLES];
};

static bool is_string_type(enum policy_type t)
{
	return t == TYPE_FILE || t == TYPE_PATH || t == TYPE_DENTRY || t == TYPE_LINUX_BINPRM ||
	       t == TYPE_STRING;
}

static bool any_of_family(const struct strs *values, bool v6)
{
	for (size_t i = 0; i < values->n; i++) {
		if ((memchr(values->v[i].p, ':', values->v[i].n) != NULL) == v6)
			return true;
	}
	return false;
}

static void count_filter(const struct plan *p, const struct plan_filter *f, struct usage *u)
{
	u->area += 16;
	switch (f->op) {
	case OPERATOR_PREFIX:
	case OPERATOR_NOT_PREFIX:
		u->area += 4;
		u->table[TABLE_PREFIX]++;
		return;
	case OPERATOR_POSTFIX:
	case OPERATOR_NOT_POSTFIX:
		u->area += 4;
		u->table[TABLE_POSTFIX]++;
		return;
	case OPERATOR_NOT_SADDR:
		u->area += 8;
		u->table[TABLE_V4] += any_of_family(&f->values, false);
		u->table[TABLE_V6] += any_of_family(&f->values, true);
		return;
	case OPERATOR_SPORT:
	case OPERATOR_NOT_SPORT:
	case OPERATOR_FAMILY:
	case OPERATOR_PROTOCOL:
		u->area += 4;
		u->table[TABLE_NUMBER]++;
		return;
	default:
		break;
	}
	if (is_string_type(p->hook->args[f->arg].type)) {
		u->area += 44;
		u->table[TABLE_EQUAL]++;
	} else {
		u->area += 4 * f->values.n;
	}
}

static void count_selector(const struct plan *p, const struct plan_selector *s, struct usage *u)
{
	u->area += 4 + 52 + 8 + (s->without_capabilities.n ? 20 : 0);
	for (size_t i = 0; i < s->nfilters; i++)
		count_filter(p, &s->filters[i], u);
}

static bool fits(const struct plan *p, const struct plan_entry *e)
{
	struct usage u = {.area = 4};
	for (size_t i = 0; i < e->n; i++)
		count_selector(p, &e->v[i], &u);
	for (int i = 0; i < TABLES; i++) {
		if (u.table[i] > POLICY_TABLES_MAX)
			return false;
	}
	return u.area <= POLICY_AREA_MAX;
}

/* Appends what of P's preludes MISSING and then S need; false when they do not fit. */
static bool append(const struct plan *p, struct plan_entry *e, uint32_t missing,
		   const struct plan_selector *s)
{
	struct plan_entry grown = *e;
	for (int i = 0; i < PLAN_PRELUDES; i++) {
		if (!(missing & 1u << i))
			continue;
		for (size_t j = 0; j < p->preludes[i].n; j++) {
			if (grown.n == POLICY_SELECTORS_MAX)
				return false;
			grown.v[grown.n++] = p->preludes[i].v[j];
		}
	}
	if (grown.n == POLICY_SELECTORS_MAX)
		return false;
	grown.v[grown.n++] = *s;
	if (!fits(p, &grown))
		return false;
	*e = grown;
	return true;
}

bool plan_pack(const struct plan *p, struct plan_entries *ret)
{
	uint32_t placed = 0;
	for (uint32_t after = 0; after < 1u << PLAN_PRELUDES; after++) {
		for (size_t i = 0; i < p->denials.n; i++) {
			const struct plan_selector *s = &p->denials.v[i];
			if (s->after != after)
				continue;
			bool meant = ret->n && !(placed & ~after);
			if (meant && append(p, &ret->v[ret->n - 1], after & ~placed, s)) {
				placed |= after;
				continue;
			}
			placed = after;
			if (!append(p, VEC_PUSH(ret), after, s))
				return false;
		}
	}
	return true;
}

struct plan *emission_plan(struct emission *e, const struct plan_hook *hook)
{
	struct plan *p = VEC_PUSH(&e->plans);
	p->arena = e->arena;
	p->hook = hook;
	return p;
}

void classify_callers(struct emission *e, void (*key)(const struct lowered *l, uint32_t id,
						      const void *arg, struct buf *b),
		      const void *arg, struct caller_classes *ret)
{
	CLEANUP_BUF struct buf mine = BUF_INIT, other = BUF_INIT;
	for (uint32_t id = 1; id <= e->l->ncallers; id++) {
		buf_clear(&mine);
		key(e->l, id, arg, &mine);
		if (mine.n == 0)
			continue;
		struct caller_class *c = NULL;
		for (size_t i = 0; i < ret->n && !c; i++) {
			buf_clear(&other);
			key(e->l, ret->v[i].id, arg, &other);
			if (str_eq(buf_view(&mine), buf_view(&other)))
				c = &ret->v[i];
		}
		if (!c) {
			c = VEC_PUSH(ret);
			c->id = id;
		}
		*ARENA_PUSH(e->arena, c->callers.v, c->callers.n) = e->l->callers[id - 1];
	}
}

void pass_callers(struct plan *p, const struct caller_classes *classes)
{
	struct strs all = {0};
	for (size_t i = 0; i < classes->n; i++) {
		for (size_t j = 0; j < classes->v[i].callers.n; j++)
			plan_value(p, &all, classes->v[i].callers.v[j]);
	}
	p->nclasses = classes->n;
	if (all.n)
		plan_prelude(p, PLAN_AFTER_CALLERS)->callers = all;
}

static bool among(const struct str *by, size_t n, struct str what)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(by[i], what))
			return true;
	return false;
}

static unsigned line_of(const struct allowlist *a, struct str what)
{
	for (size_t i = 0; i < a->nexec; i++)
		if (str_eq(a->exec[i].path, what) || among(a->exec[i].by, a->exec[i].nby, what))
			return a->exec[i].line;
	for (size_t i = 0; i < a->nfiles; i++)
		if (str_eq(a->files[i].path, what) || among(a->files[i].by, a->files[i].nby, what))
			return a->files[i].line;
	for (size_t i = 0; i < a->nconnects; i++)
		if (among(a->connects[i].by, a->connects[i].nby, what))
			return a->connects[i].line;
	return 0;
}

int emission_refuse(struct emission *e, struct str what, const char *fmt, ...)
{
	const struct allowlist *a = e->l->source;
	CLEANUP_BUF struct buf why = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&why, fmt, ap);
	va_end(ap);
	diag_add(e->d, DIAG_ERROR, a->file.n ? a->file.p : NULL, line_of(a, what), 0, "%s", why.p);
	return -EINVAL;
}

static void check_length(struct emission *e, const struct strs *values, size_t max, const char *what, const char *advice)
{
	for (size_t i = 0; i < values->n; i++) {
		struct str v = values->v[i];
		if (v.n > max)
			emission_refuse(e, v, "'" STR_FMT "...' has %zu bytes, and %s holds %zu: %s", (int)MIN(v.n, 60u),
					v.p, v.n, what, max, advice);
	}
}

static const char shorter[] = "allow a shorter folder above it";

void check_equal(struct emission *e, const struct strs *values)
{
	bool modern = e->o->target.kernel >= TARGET_KERNEL(5, 11);
	check_length(e, values, modern ? 4096 : 510,
		     modern ? "an exact path" : "an exact path below kernel 5.11", shorter);
}

void check_prefix(struct emission *e, const struct strs *values)
{
	check_length(e, values, 255, "a path prefix", shorter);
}

int check_callers(struct emission *e, const struct strs *callers)
{
	size_t before = e->d->errors;
	check_length(e, callers, 255, "a caller in 'by'", "allow the entry to everybody, or call the program by a shorter path");
	return e->d->errors > before ? -EINVAL : 0;
}
