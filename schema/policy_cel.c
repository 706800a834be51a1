/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CelExpr: types and value in one walk. The language is CEL with the agent's four integer types added: argN has the
 * type of the hook's N-th argument, literals have 64 bits, both sides of an operator one type.
 *
 *	or = and {|| and}   and = cmp {&& cmp}   cmp = sum [op sum]   sum = unary {+- unary}
 *	unary = [!|-] primary   primary = ( or ) | literal | argN | function(or, ...)
 *
 * What a value that is not told enters is not told either, but for || and && where the other side decides.
 */
#include "schema/policy_cel.h"

#include "schema/policy_load_private.h"

enum cel_type { CEL_BAD, CEL_BOOL, CEL_S32, CEL_U32, CEL_S64, CEL_U64 };

enum { CEL_DEPTH = 50 };

struct cel {
	const char *p, *end;
	const struct hook *h;
	bool (*value)(void *arg, size_t n, int64_t *ret);   /* NULL: types alone */
	void *arg;
	const char *error;
	unsigned depth;
};

struct node {
	enum cel_type type;
	bool told;
	uint64_t v;             /* as the type holds it, extended to 64 bits */
};

static struct node bad(struct cel *c, const char *why)
{
	if (!c->error)
		c->error = why;
	return (struct node){.type = CEL_BAD};
}

/* V as the type holds it. */
static struct node make(enum cel_type type, bool told, uint64_t v)
{
	if (type == CEL_S32)
		v = (uint64_t)(int64_t)(int32_t)(uint32_t)v;
	else if (type == CEL_U32)
		v = (uint32_t)v;
	return (struct node){.type = type, .told = told, .v = v};
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

static struct node parse_or(struct cel *c);

static bool word_char(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_';
}

static struct node literal(struct cel *c, struct str word)
{
	uint64_t v;
	bool is_unsigned = word.p[word.n - 1] == 'u' || word.p[word.n - 1] == 'U';
	struct str digits = {word.p, word.n - is_unsigned};
	bool hex = digits.n > 2 && digits.p[0] == '0' && (digits.p[1] | 0x20) == 'x';
	if (!go_uint(hex ? str_skip(digits, 2) : digits, hex ? 16 : 10, 64, &v))
		return bad(c, "a number that is not one");
	return make(is_unsigned ? CEL_U64 : CEL_S64, true, v);
}

static enum cel_type type_of(enum policy_type t)
{
	static const uint8_t types[TYPE_COUNT] = {
		[TYPE_INT] = CEL_S32, [TYPE_SINT32] = CEL_S32, [TYPE_INT32] = CEL_S32, [TYPE_UINT32] = CEL_U32,
		[TYPE_LONG] = CEL_S64, [TYPE_SINT64] = CEL_S64, [TYPE_INT64] = CEL_S64, [TYPE_ULONG] = CEL_U64,
		[TYPE_UINT64] = CEL_U64, [TYPE_SIZE_T] = CEL_U64,
	};
	return types[t];
}

static struct node argument(struct cel *c, struct str word)
{
	uint64_t n;
	if (!str_starts(word, STR("arg")) || !go_uint(str_skip(word, 3), 10, 32, &n))
		return bad(c, "a name that is neither argN nor a function");
	if (n >= c->h->nargs)
		return bad(c, "argN beyond the list of args (the first is arg0)");
	enum cel_type type = type_of(c->h->args[n].type);
	if (!type)
		return bad(c, "an argument that is not an integer of 32 or 64 bits");
	int64_t v = 0;
	bool told = c->value && c->value(c->arg, n, &v);
	return make(type, told, (uint64_t)v);
}

static uint64_t combine(struct str name, uint64_t a, uint64_t b)
{
	return str_eq(name, STR("and")) ? a & b : str_eq(name, STR("or")) ? a | b
	       : str_eq(name, STR("xor")) ? a ^ b : str_eq(name, STR("not")) ? ~a : a;
}

static struct node call(struct cel *c, struct str word)
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
	struct node first = parse_or(c), other = first;
	if (functions[i].args == 2)
		other = take(c, ",") ? parse_or(c) : bad(c, "a function without its second argument");
	if (!take(c, ")"))
		return bad(c, "a parenthesis that is not closed");
	if (!first.type || !other.type || first.type == CEL_BOOL || first.type != other.type)
		return bad(c, "a function of operands that are not integers of one type");
	return make(functions[i].result ? functions[i].result : first.type, first.told && other.told,
		    combine(word, first.v, other.v));
}

static struct node primary(struct cel *c)
{
	if (take(c, "(")) {
		struct node inner = parse_or(c);
		return take(c, ")") ? inner : bad(c, "a parenthesis that is not closed");
	}
	struct str word = {c->p, 0};
	while (c->p < c->end && word_char(*c->p))
		c->p++, word.n++;
	if (!word.n)
		return bad(c, "an operand is missing");
	if (word.p[0] >= '0' && word.p[0] <= '9')
		return literal(c, word);
	if (str_eq(word, STR("true")) || str_eq(word, STR("false")))
		return make(CEL_BOOL, true, word.n == 4);
	return take(c, "(") ? call(c, word) : argument(c, word);
}

static struct node unary(struct cel *c)
{
	if (take(c, "!")) {
		struct node n = primary(c);
		return n.type == CEL_BOOL ? make(CEL_BOOL, n.told, !n.v)
					  : bad(c, "! before something that is not true or false");
	}
	if (take(c, "-")) {
		struct node n = primary(c);
		return n.type == CEL_S64 || n.type == CEL_S32 ? make(n.type, n.told, 0 - n.v)
							      : bad(c, "- before something that is not a signed integer");
	}
	return primary(c);
}

static struct node sum(struct cel *c)
{
	struct node n = unary(c);
	while (n.type) {
		bool plus = take(c, "+");
		if (!plus && !take(c, "-"))
			break;
		struct node other = n.type == CEL_BOOL ? n : unary(c);
		if (n.type == CEL_BOOL || other.type != n.type)
			return bad(c, "operands of two types; convert one, such as int32(2)");
		n = make(n.type, n.told && other.told, plus ? n.v + other.v : n.v - other.v);
	}
	return n;
}

static int order(struct node a, struct node b)
{
	if (a.type == CEL_S32 || a.type == CEL_S64)
		return ((int64_t)a.v > (int64_t)b.v) - ((int64_t)a.v < (int64_t)b.v);
	return (a.v > b.v) - (a.v < b.v);
}

static struct node comparison(struct cel *c)
{
	static const struct {
		const char *text;
		bool less, equal, greater;
	} operators[] = {{"==", 0, 1, 0}, {"!=", 1, 0, 1}, {"<=", 1, 1, 0}, {">=", 0, 1, 1}, {"<", 1, 0, 0}, {">", 0, 0, 1}};
	struct node n = sum(c);
	for (size_t i = 0; n.type && i < ARRAY_SIZE(operators); i++) {
		if (!take(c, operators[i].text))
			continue;
		struct node other = sum(c);
		if (other.type != n.type)
			return bad(c, "operands of two types; convert one, such as int32(2)");
		int o = order(n, other);
		bool is = o < 0 ? operators[i].less : o > 0 ? operators[i].greater : operators[i].equal;
		return make(CEL_BOOL, n.told && other.told, is);
	}
	return n;
}

static struct node conjunction(struct cel *c)
{
	struct node n = comparison(c);
	while (n.type && take(c, "&&")) {
		struct node other = n.type == CEL_BOOL ? comparison(c) : n;
		if (n.type != CEL_BOOL || other.type != CEL_BOOL)
			return bad(c, "&& between operands that are not true or false");
		bool no = (n.told && !n.v) || (other.told && !other.v);
		n = make(CEL_BOOL, no || (n.told && other.told), !no);
	}
	return n;
}

static struct node parse_or(struct cel *c)
{
	if (++c->depth > CEL_DEPTH)
		return bad(c, "nested too deeply");
	struct node n = conjunction(c);
	while (n.type && take(c, "||")) {
		struct node other = n.type == CEL_BOOL ? conjunction(c) : n;
		if (n.type != CEL_BOOL || other.type != CEL_BOOL)
			return bad(c, "|| between operands that are not true or false");
		bool yes = (n.told && n.v) || (other.told && other.v);
		n = make(CEL_BOOL, yes || (n.told && other.told), yes);
	}
	c->depth--;
	return n;
}

static struct node whole(struct cel *c)
{
	struct node n = c->p < c->end ? parse_or(c) : bad(c, "an empty expression");
	skip_space(c);
	if (!c->error && c->p != c->end)
		return bad(c, "something after the expression");
	return c->error || n.type == CEL_BOOL ? n : bad(c, "a result that is not true or false");
}

const char *policy_cel_error(struct str expr, const struct hook *h)
{
	struct cel c = {.p = expr.p, .end = expr.p + expr.n, .h = h};
	whole(&c);
	return c.error;
}

bool policy_cel_value(struct str expr, const struct hook *h, bool (*value)(void *arg, size_t n, int64_t *ret), void *arg,
		      bool *ret)
{
	struct cel c = {.p = expr.p, .end = expr.p + expr.n, .h = h, .value = value, .arg = arg};
	struct node n = whole(&c);
	*ret = n.v;
	return !c.error && n.told;
}
