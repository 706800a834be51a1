/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Section 3.2 of the rules, CelExpr: one expression over the arguments, both sides of an operator of one type, plain
 * numbers of 64 bits. Read and computed in one go; an argument that is not told makes what is computed of it MAYBE.
 */
#include "tests/lib/slow_private.h"

#include <ctype.h>

struct value {
	bool boolean;
	enum truth truth;            /* of a boolean */
	bool known;
	bool wide, is_signed;
	int64_t number;              /* unsigned: its bits */
};

struct reader {
	struct slow_question *q;
	struct str rest;
	bool bad;                    /* not to be understood: the rules do not say */
};

static struct value expression(struct reader *r);

static struct value bad(struct reader *r)
{
	r->bad = true;
	return (struct value){.boolean = true, .truth = MAYBE};
}

static bool take(struct reader *r, const char *token)
{
	while (r->rest.n && r->rest.p[0] == ' ')
		r->rest = str_skip(r->rest, 1);
	if (!str_starts(r->rest, str_from(token)))
		return false;
	r->rest = str_skip(r->rest, strlen(token));
	return true;
}

static struct value cut(struct reader *r, struct value v, int64_t number)
{
	/* What leaves its range is not spoken of. */
	if (!v.wide && number != (v.is_signed ? (int64_t)(int32_t)number : (int64_t)(uint32_t)number))
		return bad(r);
	v.number = number;
	return v;
}

static struct value argument(struct reader *r, size_t n)
{
	const struct hook *h = r->q->hook;
	if (n >= h->nargs)
		return bad(r);
	enum policy_type t = h->args[n].type;
	struct value v = {.wide = t == TYPE_INT64 || t == TYPE_UINT64 || t == TYPE_LONG || t == TYPE_ULONG || t == TYPE_SINT64,
			  .is_signed = t == TYPE_INT || t == TYPE_INT32 || t == TYPE_SINT32 || t == TYPE_INT64 || t == TYPE_LONG ||
				       t == TYPE_SINT64};
	if (!v.wide && !v.is_signed && t != TYPE_UINT32)
		return bad(r);
	const struct slow_value *told = slow_find_value(r->q, &h->args[n]);
	if (!told) {
		slow_maybe(r->q, "an argument that the line does not tell");
		return v;
	}
	if (told->arg->kind != ARG_INT && told->arg->kind != ARG_UINT && told->arg->kind != ARG_LONG && told->arg->kind != ARG_SIZE)
		return bad(r);
	if (v.wide && (told->arg->kind == ARG_INT || told->arg->kind == ARG_UINT))
		return bad(r);       /* the line tells only the lower half */
	v.known = true;
	v.number = v.wide ? told->arg->number : v.is_signed ? (int32_t)told->arg->number : (int64_t)(uint32_t)told->arg->number;
	return v;
}

static struct value literal(struct reader *r)
{
	int64_t n = 0;
	bool any = false;
	while (r->rest.n && isdigit((unsigned char)r->rest.p[0])) {
		n = n * 10 + (r->rest.p[0] - '0');
		r->rest = str_skip(r->rest, 1);
		any = true;
	}
	if (!any)
		return bad(r);
	bool is_unsigned = take(r, "u");
	return (struct value){.known = true, .wide = true, .is_signed = !is_unsigned, .number = n};
}

static struct value converted(struct reader *r, bool wide, bool is_signed)
{
	struct value v = expression(r);
	if (v.boolean || !take(r, ")"))
		return bad(r);
	v.wide = wide;
	v.is_signed = is_signed;
	return cut(r, v, v.number);
}

static bool same_type(struct value a, struct value b)
{
	return !a.boolean && !b.boolean && a.wide == b.wide && a.is_signed == b.is_signed;
}

static struct value bits(struct reader *r, char what)
{
	struct value a = expression(r);
	if (what == '~')
		return take(r, ")") && !a.boolean ? cut(r, a, a.wide ? ~a.number : a.is_signed ? (int32_t)~a.number : (int64_t)(uint32_t)~a.number)
						  : bad(r);
	if (!take(r, ","))
		return bad(r);
	struct value b = expression(r);
	if (!take(r, ")") || !same_type(a, b))
		return bad(r);
	a.known &= b.known;
	a.number = what == '&' ? a.number & b.number : what == '|' ? a.number | b.number : a.number ^ b.number;
	return a;
}

static struct value primary(struct reader *r)
{
	if (take(r, "!") ) {
		struct value v = primary(r);
		v.truth = truth_not(v.truth);
		return v.boolean ? v : bad(r);
	}
	if (take(r, "(")) {
		struct value v = expression(r);
		return take(r, ")") ? v : bad(r);
	}
	if (take(r, "int32("))
		return converted(r, false, true);
	if (take(r, "uint32("))
		return converted(r, false, false);
	if (take(r, "and("))
		return bits(r, '&');
	if (take(r, "or("))
		return bits(r, '|');
	if (take(r, "xor("))
		return bits(r, '^');
	if (take(r, "not("))
		return bits(r, '~');
	if (!take(r, "arg"))
		return literal(r);
	struct value n = literal(r);
	return r->bad ? bad(r) : argument(r, (size_t)n.number);
}

static struct value sum(struct reader *r)
{
	struct value a = primary(r);
	for (;;) {
		bool minus = take(r, "-");
		if (!minus && !take(r, "+"))
			return a;
		struct value b = primary(r);
		int64_t n;
		if (!same_type(a, b) || (minus ? __builtin_sub_overflow(a.number, b.number, &n) : __builtin_add_overflow(a.number, b.number, &n)) ||
		    (a.wide && !a.is_signed && n < 0))
			return bad(r);
		a.known &= b.known;
		a = cut(r, a, n);
		if (r->bad)
			return a;
	}
}

static int order(struct value a, struct value b)
{
	if (a.is_signed)
		return (a.number > b.number) - (a.number < b.number);
	return ((uint64_t)a.number > (uint64_t)b.number) - ((uint64_t)a.number < (uint64_t)b.number);
}

static struct value comparison(struct reader *r)
{
	static const struct {
		const char *token;
		bool less, same, more;
	} ops[] = {{"==", false, true, false}, {"!=", true, false, true}, {"<=", true, true, false}, {">=", false, true, true},
		   {"<", true, false, false}, {">", false, false, true}};
	struct value a = sum(r);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (!take(r, ops[i].token))
			continue;
		struct value b = sum(r);
		if (!same_type(a, b))
			return bad(r);
		int o = order(a, b);
		bool holds = o < 0 ? ops[i].less : o ? ops[i].more : ops[i].same;
		return (struct value){.boolean = true, .truth = a.known && b.known ? truth_of(holds) : MAYBE};
	}
	return a;
}

static struct value conjunction(struct reader *r)
{
	struct value a = comparison(r);
	while (take(r, "&&")) {
		struct value b = comparison(r);
		if (!a.boolean || !b.boolean)
			return bad(r);
		a.truth = MIN(a.truth, b.truth);
	}
	return a;
}

static struct value expression(struct reader *r)
{
	struct value a = conjunction(r);
	while (take(r, "||")) {
		struct value b = conjunction(r);
		if (!a.boolean || !b.boolean)
			return bad(r);
		a.truth = MAX(a.truth, b.truth);
	}
	return a;
}

enum truth slow_expression(struct slow_question *q, struct str text)
{
	struct reader r = {.q = q, .rest = text};
	struct value v = expression(&r);
	take(&r, " ");
	if (r.bad || r.rest.n || !v.boolean)
		return slow_silent(q, "an expression that the rules leave open");
	return v.truth;
}
