/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A random policy as a model, by the grammar's rows: any field may be there, strings are what YAML finds hardest to keep, numbers
 * lie at the ends of their ranges. It keeps the CRD's rules and nothing else; most agents would refuse it later.
 */
#include "tests/lib/random.h"

#include "schema/policy_fields.h"

enum { MOST_HOOKS = 4, MOST_ITEMS = 3, FIELD_PERCENT = 30, LONG_STRING = 3000 };

struct model {
	struct dice *r;
	struct policy *p;
};

static void fill(struct model *m, const struct field_object *o, char *base);

static struct str put(struct model *m, struct str s)
{
	return arena_str(m->p->arena, s);
}

/* ---- scalars ---- */

static struct str hostile(struct model *m)
{
	static const struct str words[] = {
#define W(s) STR_INIT(s)
		W(""), W(" "), W("~"), W("null"), W("Null"), W("yes"), W("No"), W("on"), W("TRUE"), W("y"), W("0"), W("-0"), W("+1"), W("0x1F"),
		W("0o17"), W("017"), W("0b1"), W("1_000"), W("1e3"), W("-.5"), W("."), W(".inf"), W(".NaN"), W("12:30:45"), W("2001-01-01"), W("-"),
		W("- a"), W("?"), W("? x"), W(":"), W("a: b"), W("a:"), W(":a"), W("a #b"), W("#"), W("&a"), W("*a"), W("!t"), W("!!int 1"), W("|"),
		W(">"), W("%TAG"), W("@x"), W("`"), W("'"), W("''"), W("\""), W("\"\""), W("\"a\""), W("\\"), W("\\n"), W("\\u0000"), W("\n"),
		W("a\n"), W("\na"), W("a\n\n b\n"), W("  lead"), W("trail "), W("\t"), W("a\tb"), W("\r"), W("a\r\nb"), W("é"), W("日本"),
		W("\xe2\x80\xa8"), W("\xc2\x85"), W("\xef\xbb\xbf"), W("\xef\xbf\xbd"), W("\xf0\x9f\x90\x9d"), W("\x01"), W("\x1b[31m"),
		W("\x7f"), W("\0"), W("a\0b"), W("---"), W("..."), W("--- a"), W("{a}"), W("[a]"), W("{}"), W("[]"), W("a,b"), W(","), W("]"), W("}"),
		W("<<"), W("="), W("auto"), W("Effective"), W("true"), W("false"), W("/usr/bin/cat"), W("list:calls"),
#undef W
	};
	static const char marks[] = " \t\n\r:-?#&*!|>'\"%@`{}[],\\~=.<0xnyé/";
	unsigned kind = dice_below(m->r, 100);
	if (kind < 70)
		return words[dice_below(m->r, ARRAY_SIZE(words))];
	CLEANUP_BUF struct buf b = BUF_INIT;
	unsigned n = kind < 99 ? dice_below(m->r, 12) : LONG_STRING + dice_below(m->r, 16);
	for (unsigned i = 0; i < n; i++) {
		unsigned at = dice_below(m->r, sizeof(marks) - 1);
		if ((unsigned char)marks[at] < 0x80)
			buf_putc(&b, marks[at]);
		else
			buf_puts(&b, "é");
	}
	return put(m, buf_view(&b));
}

static struct str numbered(struct model *m, const char *prefix, size_t i)
{
	return str_from(arena_printf(m->p->arena, "%s%zu", prefix, i));
}

static uint64_t number(struct model *m)
{
	static const uint64_t ends[] = {0, 1, 2, 9, 127, 255, 256, 32767, 65535, 65536, INT32_MAX, UINT32_MAX, INT64_MAX};
	uint64_t v = ends[dice_below(m->r, ARRAY_SIZE(ends))];
	return dice_chance(m->r, 80) ? v : dice_next(m->r) >> 1;
}

static int32_t int32(struct model *m, const struct field *f)
{
	int32_t v = (int32_t)(number(m) & INT32_MAX);
	bool negative = f->type == FIELD_I32 && !(f->flags & FIELD_NATURAL) && dice_chance(m->r, 50);
	return negative ? -v - 1 : v;
}

/* ---- fields ---- */

static void fill_strings(struct model *m, struct strs *s)
{
	for (unsigned n = dice_below(m->r, MOST_ITEMS + 1); n > 0; n--)
		*(struct str *)ARENA_PUSH(m->p->arena, s->v, s->n) = hostile(m);
}

static void fill_labels(struct model *m, struct label **v, size_t *n, bool syntax)
{
	static const char *const values[] = {"", "a", "1", "yes", "a.b_c-D", "0x1", "null"};
	for (unsigned i = dice_below(m->r, MOST_ITEMS); i > 0; i--) {
		struct label *l = ARENA_PUSH(m->p->arena, *v, *n);
		l->key = numbered(m, dice_chance(m->r, 50) ? "k8s.io/k" : "", *n);
		l->value = syntax ? str_from(values[dice_below(m->r, ARRAY_SIZE(values))]) : hostile(m);
	}
}

static void fill_numbers(struct model *m, const struct field *f, char *base)
{
	size_t *n = (size_t *)(base + f->count);
	for (unsigned i = dice_below(m->r, MOST_ITEMS + 1); i > 0; i--) {
		if (f->type == FIELD_U32S)
			*(uint32_t *)ARENA_PUSH(m->p->arena, *(uint32_t **)(base + f->offset), *n) = (uint32_t)number(m) & INT32_MAX;
		else
			*(uint64_t *)ARENA_PUSH(m->p->arena, *(uint64_t **)(base + f->offset), *n) = number(m);
	}
}

/* Hooks of all sections share an array, which follows the order of the rows. */
static void fill_list(struct model *m, const struct field *f, char *base)
{
	const struct field_object *o = f->object;
	char **v = (char **)(base + f->offset);
	size_t *n = (size_t *)(base + f->count), most = f->max_items ? MIN(f->max_items, MOST_ITEMS) : MOST_ITEMS;
	for (unsigned i = dice_below(m->r, (unsigned)most + 1); i > 0 && (o->section < 0 || *n < MOST_HOOKS); i--) {
		*v = arena_grow(m->p->arena, *v, *n, o->size);
		char *item = *v + *n * o->size;
		++*n;
		if (o->section >= 0)
			((struct hook *)item)->section = (enum section)o->section;
		if (f->type == FIELD_NAMED)
			*(struct str *)item = dice_chance(m->r, 50) ? numbered(m, "m", *n) : numbered(m, "? ", *n);
		fill(m, o, item + o->inner);
	}
}

static void fill_pointer(struct model *m, const struct field *f, char *base)
{
	char *object = arena_alloc(m->p->arena, f->object->size);
	*(char **)(base + f->offset) = object;
	if (f->count)
		*(size_t *)(base + f->count) = 1;
	/* A selector of hosts is empty. */
	if (strcmp(f->name, "hostSelector"))
		fill(m, f->object, object);
}

static void fill_field(struct model *m, const struct field *f, char *base)
{
	char *at = base + f->offset;
	if (f->has)
		base[f->has] = true;
	switch (f->type) {
	case FIELD_BOOL:
		*(bool *)at = dice_chance(m->r, 50);
		break;
	case FIELD_I32: case FIELD_U32:
		*(int32_t *)at = int32(m, f);
		break;
	case FIELD_I64: case FIELD_U64:
		*(uint64_t *)at = f->type == FIELD_U64 || dice_chance(m->r, 50) ? number(m) : -number(m);
		break;
	case FIELD_STRING:
		*(struct str *)at = f->names ? str_from(f->names->v[dice_below(m->r, (unsigned)f->names->n)]) : hostile(m);
		break;
	case FIELD_ENUM:
		*(int *)at = (int)dice_below(m->r, (unsigned)f->names->n);
		break;
	case FIELD_OPERATOR:
		*(int *)at = policy_operator_from(str_from(f->names->v[dice_below(m->r, (unsigned)f->names->n)]));
		break;
	case FIELD_STRINGS:
		fill_strings(m, (struct strs *)at);
		((struct strs *)at)->n = f->max_items ? MIN(f->max_items, ((struct strs *)at)->n) : ((struct strs *)at)->n;
		break;
	case FIELD_U32S: case FIELD_U64S:
		fill_numbers(m, f, base);
		break;
	case FIELD_LABELS:
		fill_labels(m, (struct label **)at, (size_t *)(base + f->count), f->flags & FIELD_LABEL_SYNTAX);
		break;
	case FIELD_OBJECT:
		fill(m, f->object, base);
		break;
	case FIELD_POINTER:
		fill_pointer(m, f, base);
		break;
	case FIELD_LIST: case FIELD_NAMED:
		fill_list(m, f, base);
		break;
	}
}

/* What the CRD's rules (CEL) leave of a hook, of an action. */
static void keep_rules(const struct field_object *o, char *base)
{
	struct hook *h = (struct hook *)base;
	struct action *a = (struct action *)base;
	if (o->section >= 0) {
		h->ret &= h->return_arg != NULL;
		h->noffsets = h->symbols.n ? 0 : h->noffsets;
		h->naddrs = h->symbols.n || h->noffsets ? 0 : h->naddrs;
	} else if (o->rule) {
		a->has_new_addr &= !a->new_symbol.n;
		a->has_new_offset &= !a->new_symbol.n && !a->has_new_addr;
		a->new_addr = a->has_new_addr ? a->new_addr : 0;
		a->new_offset = a->has_new_offset ? a->new_offset : 0;
	}
}

/* A field that may be left out has its default then. */
static void leave_out(const struct field *f, char *base)
{
	if (f->type == FIELD_BOOL)
		*(bool *)(base + f->offset) = f->fallback && !strcmp(f->fallback, "true");
	else if (f->type == FIELD_STRING && f->fallback && strcmp(f->fallback, "\"\""))
		*(struct str *)(base + f->offset) = str_from(f->fallback);
}

static void fill(struct model *m, const struct field_object *o, char *base)
{
	for (size_t i = 0; i < o->nfields; i++) {
		if ((o->fields[i].flags & FIELD_REQUIRED) || dice_chance(m->r, FIELD_PERCENT))
			fill_field(m, &o->fields[i], base);
		else
			leave_out(&o->fields[i], base);
	}
	keep_rules(o, base);
}

struct policy *random_model(struct dice *r)
{
	struct model m = {.r = r, .p = policy_new()};
	struct policy *p = m.p;
	p->name = STR("p");
	if (dice_chance(r, 20)) {
		p->namespaced = true;
		p->namespace = STR("shop");
	}
	fill_labels(&m, &p->labels, &p->nlabels, true);
	fill_labels(&m, &p->annotations, &p->nannotations, false);
	fill(&m, &policy_spec_object, (char *)p);
	if (p->namespaced)
		p->host = NULL;
	return p;
}
