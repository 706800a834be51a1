/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The types of a CelExpr. The language is CEL with the agent's four integer types added: argN has
 *the type of the hook's N-th argument, literals have 64 bits, both sides of an operator one type.
 *
 *	or = and {|| and}   and = cmp {&& cmp}   cmp = sum [op sum]   sum = unary {+- unary}
 *	unary = [!|-] primary   primary = ( or ) | literal | argN | function(or, ...)
 */
#include "schema/policy_load_private.h"

enum cel_type { CEL_BAD, CEL_BOOL, CEL_S32, CEL_U32, CEL_S64, CEL_U64 };

enum { CEL_DEPTH = 50 };

struct cel {
	const char *p, *end;
	const struct hook *h;
	const char *error;
	unsigned depth;
};

static enum cel_type bad(struct cel *c, const char *why)
{
	if (!c->error)
		c->error = why;
	return CEL_BAD;
}

static void skip_space(struct cel *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == '\n' || *c->p == '\r'))
		c->p++;
}

static bool take(struct cel *c, const char *token)
{
	size_t n = strlen(token);
	skip_space(c);
	if ((size_t)(c->end - c->p) < n || memcmp(c->p, token, n) != 0)
		return false;
	c->p += n;
	return true;
}

static enum cel_type parse_or(struct cel *c);

static bool word_char(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
	       ch == '_';
}

static enum cel_type literal(struct cel *c, struct str word)
{
	uint64_t v;
	bool is_unsigned = word.p[word.n - 1] == 'u' || word.p[word.n - 1] == 'U';
	struct str digits = {word.p, word.n - is_unsigned};
	bool hex = digits.n > 2 && digits.p[0] == '0' && (digits.p[1] | 0x20) == 'x';
	if (!go_uint(hex ? str_skip(digits, 2) : digits, hex ? 16 : 10, 64, &v))
		return bad(c, "a number that is not one");
	return is_unsigned ? CEL_U64 : CEL_S64;
}

static enum cel_type argument(struct cel *c, struct str word)
{
	uint64_t n;
	if (!str_starts(word, STR("arg")) || !go_uint(str_skip(word, 3), 10, 32, &n))
		return bad(c, "a name that is neither argN nor a function");
	if (n >= c->h->nargs)
		return bad(c, "argN beyond the list of args (the first is arg0)");
	switch (c->h->args[n].type) {
	case TYPE_INT:
	case TYPE_SINT32:
	case TYPE_INT32:
		return CEL_S32;
	case TYPE_UINT32:
		return CEL_U32;
	case TYPE_LONG:
	case TYPE_SINT64:
	case TYPE_INT64:
		return CEL_S64;
	case TYPE_ULONG:
	case TYPE_UINT64:
	case TYPE_SIZE_T:
		return CEL_U64;
	default:
		return bad(c, "an argument that is not an integer of 32 or 64 bits");
	}
}

static enum cel_type call(struct cel *c, struct str word)
{
	static const struct {
		const char *name;
		enum cel_type result;
		unsigned args;
	} functions[] = {
	    {"int32", CEL_S32, 1},  {"uint32", CEL_U32, 1}, {"int64", CEL_S64, 1},
	    {"uint64", CEL_U64, 1}, {"int", CEL_S64, 1},    {"uint", CEL_U64, 1},
	    {"not", CEL_BAD, 1},    {"and", CEL_BAD, 2},    {"or", CEL_BAD, 2},
	    {"xor", CEL_BAD, 2},
	};
	size_t i = 0;
	while (i < ARRAY_SIZE(functions) && !str_eq(word, str_from(functions[i].name)))
		i++;
	if (i == ARRAY_SIZE(functions))
		return bad(c, "an unknown function");
	enum cel_type first = parse_or(c), other = first;
	if (functions[i].args == 2)
		other =
		    take(c, ",") ? parse_or(c) : bad(c, "a function without its second argument");
	if (!take(c, ")"))
		return bad(c, "a parenthesis that is not closed");
	if (!first || !other || first == CEL_BOOL || first != other)
		return bad(c, "a function of operands that are not integers of one type");
	return functions[i].result ? functions[i].result : first;
}

static enum cel_type primary(struct cel *c)
{
	if (take(c, "(")) {
		enum cel_type t = parse_or(c);
		return take(c, ")") ? t : bad(c, "a parenthesis that is not closed");
	}
	struct str word = {c->p, 0};
	while (c->p < c->end && word_char(*c->p))
		c->p++, word.n++;
	if (!word.n)
		return bad(c, "an operand is missing");
	if (word.p[0] >= '0' && word.p[0] <= '9')
		return literal(c, word);
	if (str_eq(word, STR("true")) || str_eq(word, STR("false")))
		return CEL_BOOL;
	return take(c, "(") ? call(c, word) : argument(c, word);
}

static enum cel_type unary(struct cel *c)
{
	if (take(c, "!"))
		return primary(c) == CEL_BOOL
			   ? CEL_BOOL
			   : bad(c, "! before something that is not true or false");
	if (take(c, "-")) {
		enum cel_type t = primary(c);
		return t == CEL_S64 || t == CEL_S32
			   ? t
			   : bad(c, "- before something that is not a signed integer");
	}
	return primary(c);
}

static enum cel_type sum(struct cel *c)
{
	enum cel_type t = unary(c);
	while (t && (take(c, "+") || take(c, "-")))
		if (t == CEL_BOOL || unary(c) != t)
			return bad(c, "operands of two types; convert one, such as int32(2)");
	return t;
}

static enum cel_type comparison(struct cel *c)
{
	static const char *const operators[] = {"==", "!=", "<=", ">=", "<", ">"};
	enum cel_type t = sum(c);
	for (size_t i = 0; t && i < ARRAY_SIZE(operators); i++) {
		if (!take(c, operators[i]))
			continue;
		return sum(c) == t ? CEL_BOOL
				   : bad(c, "operands of two types; convert one, such as int32(2)");
	}
	return t;
}

static enum cel_type conjunction(struct cel *c)
{
	enum cel_type t = comparison(c);
	while (t && take(c, "&&"))
		if (t != CEL_BOOL || comparison(c) != CEL_BOOL)
			return bad(c, "&& between operands that are not true or false");
	return t;
}

static enum cel_type parse_or(struct cel *c)
{
	if (++c->depth > CEL_DEPTH)
		return bad(c, "nested too deeply");
	enum cel_type t = conjunction(c);
	while (t && take(c, "||"))
		if (t != CEL_BOOL || conjunction(c) != CEL_BOOL)
			return bad(c, "|| between operands that are not true or false");
	c->depth--;
	return t;
}

const char *policy_cel_error(struct str expr, const struct hook *h)
{
	struct cel c = {.p = expr.p, .end = expr.p + expr.n, .h = h};
	enum cel_type t = expr.n ? parse_or(&c) : bad(&c, "an empty expression");
	skip_space(&c);
	if (!c.error && c.p != c.end)
		return "something after the expression";
	return c.error ? c.error : t == CEL_BOOL ? NULL : "a result that is not true or false";
}
