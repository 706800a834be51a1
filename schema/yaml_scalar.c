/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a plain scalar means, and how to write a string so that it can mean nothing else.
 * Reading follows the resolver behind sigs.k8s.io/yaml, which is YAML 1.1 with 0o octals; writing
 * quotes whatever any YAML 1.1 or 1.2 reader might take for something other than a string.
 */
#include <math.h>
#include <stdio.h>

#include "schema/base/buf.h"
#include "schema/yaml.h"

static const struct word {
	const char *text;
	enum yaml_kind kind;
	double value;
} words[] = {
    {"", YAML_NULL, 0},
    {"~", YAML_NULL, 0},
    {"null", YAML_NULL, 0},
    {"Null", YAML_NULL, 0},
    {"NULL", YAML_NULL, 0},
    {"y", YAML_BOOL, 1},
    {"Y", YAML_BOOL, 1},
    {"yes", YAML_BOOL, 1},
    {"Yes", YAML_BOOL, 1},
    {"YES", YAML_BOOL, 1},
    {"true", YAML_BOOL, 1},
    {"True", YAML_BOOL, 1},
    {"TRUE", YAML_BOOL, 1},
    {"on", YAML_BOOL, 1},
    {"On", YAML_BOOL, 1},
    {"ON", YAML_BOOL, 1},
    {"n", YAML_BOOL, 0},
    {"N", YAML_BOOL, 0},
    {"no", YAML_BOOL, 0},
    {"No", YAML_BOOL, 0},
    {"NO", YAML_BOOL, 0},
    {"false", YAML_BOOL, 0},
    {"False", YAML_BOOL, 0},
    {"FALSE", YAML_BOOL, 0},
    {"off", YAML_BOOL, 0},
    {"Off", YAML_BOOL, 0},
    {"OFF", YAML_BOOL, 0},
    {".nan", YAML_FLOAT, NAN},
    {".NaN", YAML_FLOAT, NAN},
    {".NAN", YAML_FLOAT, NAN},
    {".inf", YAML_FLOAT, INFINITY},
    {".Inf", YAML_FLOAT, INFINITY},
    {".INF", YAML_FLOAT, INFINITY},
    {"+.inf", YAML_FLOAT, INFINITY},
    {"+.Inf", YAML_FLOAT, INFINITY},
    {"+.INF", YAML_FLOAT, INFINITY},
    {"-.inf", YAML_FLOAT, -INFINITY},
    {"-.Inf", YAML_FLOAT, -INFINITY},
    {"-.INF", YAML_FLOAT, -INFINITY},
};

enum { MAX_WORD = 5, MAX_NUMBER = 400 };

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Go's strconv base 0: sign, 0x 0o 0b or a leading 0, then digits to the end. */
static bool parse_int(const char *p, struct yaml_node *n)
{
	bool negative = *p == '-';
	p += *p == '-' || *p == '+';
	unsigned base = 10;
	if (*p == '0' && p[1]) {
		char c = (char)(p[1] | 0x20);
		base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
		p += c == 'x' || c == 'b' || c == 'o' ? 2 : 1;
	}
	uint64_t v = 0;
	if (!*p)
		return false;
	for (; *p; p++) {
		char c = (char)(*p | 0x20);
		unsigned d = digit(*p)		    ? (unsigned)(*p - '0')
			     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
						    : 99;
		if (d >= base || __builtin_mul_overflow(v, base, &v) ||
		    __builtin_add_overflow(v, d, &v))
			return false;
	}
	if (negative && v > (uint64_t)1 << 63)
		return false;
	n->kind = YAML_INT;
	n->integer = (int64_t)(negative ? 0 - v : v);
	n->big = !negative && v > INT64_MAX;
	n->number = negative ? -(double)v : (double)v;
	return true;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool parse_float(const char *text, struct yaml_node *n)
{
	const char *p = text + (*text == '-' || *text == '+');
	size_t whole = 0, fraction = 0;
	for (; digit(*p); p++)
		whole++;
	if (*p == '.')
		for (p++; digit(*p); p++)
			fraction++;
	if (!whole && !fraction)
		return false;
	if (*p == 'e' || *p == 'E') {
		p += 1 + (p[1] == '-' || p[1] == '+');
		if (!digit(*p))
			return false;
		while (digit(*p))
			p++;
	}
	if (*p)
		return false;
	double v = strtod(text, NULL);
	if (isinf(v))
		return false;
	n->kind = YAML_FLOAT;
	n->number = v;
	return true;
}

void yaml_resolve(struct yaml_node *n)
{
	struct str s = n->text;
	n->kind = YAML_STRING;
	if (!s.n || (s.n <= MAX_WORD && strchr("~nNyYtToOfF.+-", s.p[0])))
		for (size_t i = 0; i < ARRAY_SIZE(words); i++)
			if ((s.n ? s.p[0] : '\0') == words[i].text[0] && str_eq(s, str_from(words[i].text))) {
				n->kind = words[i].kind;
				n->number = words[i].value;
				n->boolean = n->kind == YAML_BOOL && words[i].value != 0;
				return;
			}
	if (!s.n || s.n > MAX_NUMBER || memchr(s.p, '\0', s.n))
		return;
	if (!digit(s.p[0]) && s.p[0] != '-' && s.p[0] != '+' && s.p[0] != '.')
		return;
	char text[MAX_NUMBER + 1];
	size_t len = 0;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '_' || s.p[0] == '.')
			text[len++] = s.p[i];
	text[len] = '\0';
	if ((s.p[0] == '.' || !parse_int(text, n)))
		parse_float(text, n);
}

static int base64_value(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

static int decode_base64(struct arena *arena, struct yaml_node *n)
{
	char *out = arena_alloc(arena, n->text.n + 1);
	size_t len = 0, bits = 0, padding = 0, digits = 0;
	uint32_t v = 0;
	for (size_t i = 0; i < n->text.n; i++) {
		char c = n->text.p[i];
		if (c == '\n' || c == '\r')
			continue;
		digits++;
		padding += c == '=';
		int d = base64_value(c);
		if (c == '=')
			continue;
		if (d < 0 || padding)
			return -EINVAL;
		v = v << 6 | (uint32_t)d;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[len++] = (char)(v >> bits);
		}
	}
	if (digits % 4 || padding > 2)
		return -EINVAL;
	n->text = (struct str){out, len};
	return 0;
}

int yaml_resolve_tagged(struct arena *arena, struct yaml_node *n, const char *tag)
{
	static const char prefix[] = "tag:yaml.org,2002:";
	if (strncmp(tag, prefix, sizeof(prefix) - 1) != 0)
		return 0; /* an application's own tag: the text as it is */
	tag += sizeof(prefix) - 1;
	if (strcmp(tag, "binary") == 0)
		return decode_base64(arena, n);
	static const struct {
		const char *name;
		enum yaml_kind kind;
	} kinds[] = {
	    {"int", YAML_INT},
	    {"float", YAML_FLOAT},
	    {"bool", YAML_BOOL},
	    {"null", YAML_NULL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(tag, kinds[i].name) != 0)
			continue;
		yaml_resolve(n);
		if (kinds[i].kind == YAML_FLOAT && n->kind == YAML_INT)
			n->kind = YAML_FLOAT;
		return n->kind == kinds[i].kind ? 0 : -EINVAL;
	}
	return 0;
}

void yaml_key_text(struct arena *arena, struct yaml_node *key)
{
	switch (key->kind) {
	case YAML_BOOL:
		key->text = key->boolean ? STR("true") : STR("false");
		break;
	case YAML_INT:
		key->text = str_from(
		    key->big ? arena_printf(arena, "%llu", (unsigned long long)key->integer)
			     : arena_printf(arena, "%lld", (long long)key->integer));
		break;
	case YAML_FLOAT:
		key->text = str_from(arena_printf(arena, "%.9g", key->number));
		break;
	default:
		break;
	}
}

/* ---- writing ---- */

static bool reserved(struct str s)
{
	static const char *const names[] = {"y",    "n",     "yes",  "no",  "on", "off",
					    "true", "false", "null", "nan", "inf"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (s.n == strlen(names[i]) && strncasecmp(s.p, names[i], s.n) == 0)
			return true;
	return false;
}

/*
 * Plain: begins with a letter, '_' or '/', or is a number-like text with a '/' in it (10.0.0.0/8),
 * and holds only characters that mean nothing anywhere in YAML, flow style included.
 */
static bool plain_is_safe(struct str s)
{
	if (!s.n || s.n > 1000 || reserved(s))
		return false;
	char first = s.p[0];
	bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
	if (!letter && first != '_' && first != '/' && !(digit(first) && memchr(s.p, '/', s.n)))
		return false;
	if (s.p[s.n - 1] == ' ')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || digit(c) ||
			    (c && strchr("_/.-+@%=()~$;^ ", c));
		if (!good || (c == ' ' && s.p[i + 1] == ' '))
			return false;
	}
	return true;
}

static void put_char(struct buf *b, uint32_t cp, const unsigned char *p, size_t len)
{
	static const char escapes[128] = {
	    ['"'] = '"', ['\\'] = '\\', ['\0'] = '0', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
	if (cp < 128 && escapes[cp])
		buf_printf(b, "\\%c", escapes[cp]);
	else if (cp < 0x100 && utf8_deceptive(cp))
		buf_printf(b, "\\x%02X", cp);
	else if (utf8_deceptive(cp) || cp == 0xfffe || cp == 0xffff)
		buf_printf(b, "\\u%04X", cp);
	else
		buf_add(b, p, len);
}

void yaml_scalar(struct buf *b, struct str s)
{
	if (plain_is_safe(s)) {
		buf_str(b, s);
		return;
	}
	const unsigned char *p = (const unsigned char *)s.p;
	buf_putc(b, '"');
	for (size_t i = 0; i < s.n;) {
		uint32_t cp;
		size_t len = utf8_len(p + i, s.n - i, &cp);
		if (len == 0 || (cp & 0xffff00) == 0x10ff00) {
			buf_printf(b, "\\U0010FF%02X", p[i++]);
			continue;
		}
		put_char(b, cp, p + i, len);
		i += len;
	}
	buf_putc(b, '"');
}
