/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy as YAML, by the grammar's rows: block style for objects, one line for short lists of
 * scalars. What has its default is left out, so the text holds what somebody decided and nothing
 * else.
 */
#include <strings.h>

#include "schema/policy_fields.h"

enum { SHORT_LIST = 72 }; /* columns that a list may take on its key's line */

struct printer {
	struct buf *b;
	bool item; /* the next key stands right after "- " */
};

static void indent(struct printer *p, unsigned depth)
{
	for (unsigned i = 0; i < depth && !p->item; i++)
		buf_puts(p->b, "  ");
	p->item = false;
}

/* A plain or quoted key; one too long for a simple key takes the explicit form. */
static void put_key(struct printer *p, unsigned depth, struct str key)
{
	CLEANUP_BUF struct buf k = BUF_INIT;
	indent(p, depth);
	yaml_scalar(&k, key);
	if (k.n < 1000) {
		buf_printf(p->b, "%s:", k.p);
		return;
	}
	buf_printf(p->b, "? %s\n", k.p);
	indent(p, depth);
	buf_puts(p->b, ":");
}

static void put_number(struct buf *b, const struct field *f, const void *at)
{
	switch (f->type) {
	case FIELD_I32:
		buf_printf(b, "%d", *(const int32_t *)at);
		break;
	case FIELD_I64:
		buf_printf(b, "%lld", (long long)*(const int64_t *)at);
		break;
	case FIELD_U64:
	case FIELD_U64S:
		buf_printf(b, "%llu", (unsigned long long)*(const uint64_t *)at);
		break;
	default:
		buf_printf(b, "%u", *(const uint32_t *)at);
		break;
	}
}

/* Strings of lists are always quoted: a list of "1", "/a" reads as what it is. */
static void put_item(struct buf *b, const struct field *f, const void *v, size_t i)
{
	if (f->type == FIELD_U32S)
		put_number(b, f, (const uint32_t *)v + i);
	else if (f->type == FIELD_U64S)
		put_number(b, f, (const uint64_t *)v + i);
	else {
		CLEANUP_BUF struct buf s = BUF_INIT;
		yaml_scalar(&s, ((const struct str *)v)[i]);
		bool quoted = s.p[0] == '"';
		buf_printf(b, "%s%s%s", quoted ? "" : "\"", s.p, quoted ? "" : "\"");
	}
}

static void put_scalars(struct printer *p, unsigned depth, const struct field *f, const void *v,
			size_t n)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	for (size_t i = 0; i < n && line.n <= SHORT_LIST; i++) {
		buf_puts(&line, i ? ", " : "");
		put_item(&line, f, v, i);
	}
	if (line.n <= SHORT_LIST) {
		buf_printf(p->b, " [%s]\n", line.p ? line.p : "");
		return;
	}
	buf_putc(p->b, '\n');
	for (size_t i = 0; i < n; i++) {
		indent(p, depth);
		buf_puts(p->b, "- ");
		put_item(p->b, f, v, i);
		buf_putc(p->b, '\n');
	}
}

static void put_labels(struct printer *p, unsigned depth, const struct label *labels, size_t n)
{
	buf_puts(p->b, n ? "\n" : " {}\n");
	for (size_t i = 0; i < n; i++) {
		put_key(p, depth, labels[i].key);
		buf_putc(p->b, ' ');
		yaml_scalar(p->b, labels[i].value);
		buf_putc(p->b, '\n');
	}
}

static bool put_object(struct printer *p, unsigned depth, const struct field_object *o,
		       const void *base);

static void put_list(struct printer *p, unsigned depth, const struct field *f, const void *v,
		     size_t n)
{
	buf_putc(p->b, '\n');
	for (size_t i = 0; i < n; i++) {
		const char *element = (const char *)v + i * f->object->size;
		if (f->object->section >= 0 &&
		    (int)((const struct hook *)element)->section != f->object->section)
			continue;
		indent(p, depth);
		buf_puts(p->b, "- ");
		p->item = true;
		if (!put_object(p, depth + 1, f->object, element + f->object->inner))
			buf_puts(p->b, "{}\n");
		p->item = false;
	}
}

static void put_named(struct printer *p, unsigned depth, const struct field *f, const void *v,
		      size_t n)
{
	buf_putc(p->b, '\n');
	for (size_t i = 0; i < n; i++) {
		const char *element = (const char *)v + i * f->object->size;
		put_key(p, depth, *(const struct str *)element);
		size_t mark = p->b->n;
		buf_putc(p->b, '\n');
		if (!put_object(p, depth + 1, f->object, element + f->object->inner)) {
			p->b->n = mark;
			buf_puts(p->b, " {}\n");
		}
	}
}

static void put_pointer(struct printer *p, unsigned depth, const struct field *f,
			const void *object)
{
	size_t mark = p->b->n;
	buf_putc(p->b, '\n');
	if (!put_object(p, depth, f->object, object)) {
		p->b->n = mark;
		buf_puts(p->b, " {}\n");
	}
}

/* Where the field is an array or a pointer; else nothing. */
static const void *array_of(const struct field *f, const void *base)
{
	return f->type >= FIELD_POINTER || f->count
		   ? *(void *const *)((const char *)base + f->offset)
		   : NULL;
}

static size_t count_of(const struct field *f, const void *base)
{
	return f->count ? *(const size_t *)((const char *)base + f->count) : 0;
}

/* Does the field hold anything but its default? */
static bool worth_printing(const struct field *f, const void *base)
{
	const void *at = (const char *)base + f->offset;
	size_t count = count_of(f, base);
	switch (f->type) {
	case FIELD_BOOL:
		return *(const bool *)at != (f->fallback && strcmp(f->fallback, "true") == 0);
	case FIELD_I32:
	case FIELD_U32:
		return *(const uint32_t *)at != 0;
	case FIELD_I64:
	case FIELD_U64:
		return *(const uint64_t *)at != 0;
	case FIELD_ENUM:
	case FIELD_OPERATOR:
		return *(const int *)at != 0;
	case FIELD_STRING: {
		/* A default is YAML text: "" is the empty string. */
		struct str s = *(const struct str *)at;
		return s.n && !(f->fallback && *f->fallback != '"' && str_eq(s, str_from(f->fallback)));
	}
	case FIELD_STRINGS:
		return ((const struct strs *)at)->n;
	case FIELD_POINTER:
		return *(void *const *)at;
	case FIELD_OBJECT:
		break;
	case FIELD_LIST:
		if (f->object->section < 0)
			return count;
		for (size_t i = 0; i < count; i++)
			if ((int)(*(struct hook *const *)at)[i].section == f->object->section)
				return true;
		return false;
	default:
		return count;
	}
	for (size_t i = 0; i < f->object->nfields; i++)
		if (worth_printing(&f->object->fields[i], base))
			return true;
	return false;
}

static bool shown(const struct field *f, const void *base)
{
	if ((f->flags & (FIELD_REQUIRED | FIELD_SHOWN)) || worth_printing(f, base))
		return true;
	return f->has && *(const bool *)((const char *)base + f->has);
}

static void put_field(struct printer *p, unsigned depth, const struct field *f, const void *base)
{
	const void *at = (const char *)base + f->offset;
	const void *v = array_of(f, base);
	size_t count = count_of(f, base);
	put_key(p, depth, str_from(f->name));
	switch (f->type) {
	case FIELD_BOOL:
		buf_puts(p->b, *(const bool *)at ? " true\n" : " false\n");
		return;
	case FIELD_STRING:
		buf_putc(p->b, ' ');
		yaml_scalar(p->b, *(const struct str *)at);
		buf_putc(p->b, '\n');
		return;
	case FIELD_ENUM:
		buf_printf(p->b, " %s\n", f->names->v[*(const int *)at]);
		return;
	case FIELD_OPERATOR:
		buf_printf(p->b, " %s\n", operator_name(*(const enum policy_operator *)at));
		return;
	case FIELD_STRINGS:
		put_scalars(p, depth, f, ((const struct strs *)at)->v,
			    ((const struct strs *)at)->n);
		return;
	case FIELD_U32S:
	case FIELD_U64S:
		put_scalars(p, depth, f, v, count);
		return;
	case FIELD_LABELS:
		put_labels(p, depth + 1, v, count);
		return;
	case FIELD_OBJECT:
		buf_putc(p->b, '\n');
		put_object(p, depth + 1, f->object, base);
		return;
	case FIELD_POINTER:
		put_pointer(p, depth + 1, f, v);
		return;
	case FIELD_LIST:
		put_list(p, depth, f, v, count);
		return;
	case FIELD_NAMED:
		put_named(p, depth + 1, f, v, count);
		return;
	default:
		buf_putc(p->b, ' ');
		put_number(p->b, f, at);
		buf_putc(p->b, '\n');
	}
}

/* False when nothing was printed. */
static bool put_object(struct printer *p, unsigned depth, const struct field_object *o,
		       const void *base)
{
	size_t before = p->b->n;
	for (size_t i = 0; i < o->nfields; i++)
		if (shown(&o->fields[i], base))
			put_field(p, depth, &o->fields[i], base);
	return p->b->n > before;
}

static void put_comment(struct buf *b, struct str comment)
{
	while (comment.n) {
		const char *end = memchr(comment.p, '\n', comment.n);
		struct str line = {comment.p, end ? (size_t)(end - comment.p) : comment.n};
		buf_puts(b, line.n ? "# " : "#");
		buf_text(b, line);
		buf_putc(b, '\n');
		comment = str_skip(comment, line.n + 1);
	}
}

void policy_print(const struct policy *policy, struct buf *b)
{
	struct printer p = {.b = b};
	put_comment(b, policy->comment);
	buf_printf(b, "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy%s\nmetadata:\n  name: ",
		   policy->namespaced ? "Namespaced" : "");
	yaml_scalar(b, policy->name);
	buf_putc(b, '\n');
	if (policy->namespace.n) {
		buf_puts(b, "  namespace: ");
		yaml_scalar(b, policy->namespace);
		buf_putc(b, '\n');
	}
	if (policy->nlabels) {
		buf_puts(b, "  labels:");
		put_labels(&p, 2, policy->labels, policy->nlabels);
	}
	if (policy->nannotations) {
		buf_puts(b, "  annotations:");
		put_labels(&p, 2, policy->annotations, policy->nannotations);
	}
	size_t mark = b->n;
	buf_puts(b, "spec:\n");
	if (!put_object(&p, 1, &policy_spec_object, policy)) {
		b->n = mark;
		buf_puts(b, "spec: {}\n");
	}
}
