/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table-driven JSON reader. It checks what it reads; a value that nobody asked for is only passed by
 * matching brackets and quotes, which is what makes it fast, and enough to find torn text.
 */
#include "schema/ndjson_fields.h"

#include <time.h>

#include "schema/workload.h"

bool json_fail(struct json *j, enum ndjson_reason why)
{
	j->bad = why;
	return false;
}

void json_space(struct json *j)
{
	while (*j->p == ' ' || *j->p == '\t' || *j->p == '\r')
		j->p++;
}

static int hex4(const char *p)
{
	int v = 0;
	for (int i = 0; i < 4; i++) {
		int c = p[i] | 0x20;
		int digit = p[i] >= '0' && p[i] <= '9' ? p[i] - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

static char *put_utf8(char *out, uint32_t c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*out++ = (char)(0xf0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 0x3f));
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	}
	return out;
}

/* At \uXXXX: its character, both halves of a surrogate pair together, U+FFFD for a lone half. */
static bool unicode_escape(const char **p, uint32_t *ret)
{
	int high = hex4(*p + 2);
	if (high < 0)
		return false;
	*p += 6;
	*ret = (uint32_t)high;
	if (high < 0xd800 || high > 0xdfff)
		return true;
	int low = high < 0xdc00 && (*p)[0] == '\\' && (*p)[1] == 'u' ? hex4(*p + 2) : -1;
	if (low < 0xdc00 || low > 0xdfff) {
		*ret = 0xfffd;
		return true;
	}
	*p += 6;
	*ret = 0x10000 + (((uint32_t)high - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
	return true;
}

/* From the first backslash: unescapes in place. Results are never longer than their escapes. */
static bool unescape(struct json *j, char *start, char *at, struct str *ret)
{
	static const char plain[128] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
					['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};
	const char *p = at;
	char *out = at;
	while (*p != '"') {
		if ((unsigned char)*p < 0x20)
			return json_fail(j, NDJSON_TORN);
		if (*p != '\\') {
			const char *stop = j->scan->string_end(p);
			memmove(out, p, (size_t)(stop - p));
			out += stop - p;
			p = stop;
		} else if (p[1] == 'u') {
			uint32_t c;
			if (!unicode_escape(&p, &c))
				return json_fail(j, NDJSON_TORN);
			out = put_utf8(out, c);
		} else {
			unsigned char c = (unsigned char)p[1];
			if (c >= 128 || !plain[c])
				return json_fail(j, NDJSON_TORN);
			*out++ = plain[c];
			p += 2;
		}
	}
	*ret = (struct str){start, (size_t)(out - start)};
	j->p += p + 1 - j->p;
	return true;
}

bool json_string(struct json *j, struct str *ret)
{
	if (*j->p != '"')
		return json_fail(j, *j->p == '\n' ? NDJSON_TORN : NDJSON_BAD_VALUE);
	char *start = j->p + 1;
	char *stop = start + (j->scan->string_end(start) - start);
	if (*stop == '"') {
		*ret = (struct str){start, (size_t)(stop - start)};
		j->p = stop + 1;
	} else if (*stop != '\\') {
		return json_fail(j, NDJSON_TORN);
	} else if (!unescape(j, start, stop, ret)) {
		return false;
	}
	if (j->own_bytes)
		ret->n = json_unescape_bytes(start, ret->n);
	return true;
}

/* The extent of a bare scalar: number, true, false, null. */
static struct str bare(struct json *j)
{
	char *p = j->p;
	while ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || *p == '-' || *p == '+' || *p == '.' ||
	       *p == 'E')
		p++;
	struct str s = {j->p, (size_t)(p - j->p)};
	j->p = p;
	return s;
}

bool json_text(struct json *j, struct str *ret)
{
	if (*j->p == '"')
		return json_string(j, ret);
	*ret = bare(j);
	return ret->n ? true : json_fail(j, *j->p == '\n' ? NDJSON_TORN : NDJSON_BAD_VALUE);
}

bool json_integer(struct json *j, int64_t *ret)
{
	struct str s;
	if (!json_text(j, &s))
		return false;
	bool negative = s.n && s.p[0] == '-';
	uint64_t v = 0;
	if (s.n == negative)
		return json_fail(j, NDJSON_BAD_VALUE);
	for (size_t i = negative; i < s.n; i++) {
		unsigned digit = (unsigned char)s.p[i] - '0';
		if (digit > 9 || __builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, digit, &v))
			return json_fail(j, NDJSON_BAD_VALUE);
	}
	if (negative && v > (uint64_t)INT64_MAX + 1)
		return json_fail(j, NDJSON_BAD_VALUE);
	*ret = (int64_t)(negative ? -v : v);
	return true;
}

bool json_skip(struct json *j)
{
	if (*j->p != '{' && *j->p != '[') {
		struct str ignored;
		return json_text(j, &ignored);
	}
	uint64_t curly = 0;   /* one bit a level */
	unsigned depth = 0;
	char *p = j->p;
	for (;;) {
		p += j->scan->bracket(p) - p;
		switch (*p) {
		case '{':
		case '[':
			if (depth == NDJSON_DEPTH_MAX)
				return json_fail(j, NDJSON_TOO_DEEP);
			curly = curly << 1 | (*p == '{');
			depth++;
			break;
		case '}':
		case ']':
			if ((curly & 1) != (*p == '}'))
				return json_fail(j, NDJSON_TORN);
			curly >>= 1;
			if (--depth == 0) {
				j->p = p + 1;
				return true;
			}
			break;
		case '"':
			for (p += 1; *(p += j->scan->string_end(p) - p) == '\\'; p += 2)
				if (p[1] == '\n')
					return json_fail(j, NDJSON_TORN);
			if (*p != '"')
				return json_fail(j, NDJSON_TORN);
			break;
		case '\t':
		case '\r':
			break;
		default:
			return json_fail(j, NDJSON_TORN);
		}
		p++;
	}
}

static int digits(const char *p, unsigned n)
{
	int v = 0;
	for (unsigned i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

/* Days since 1970-01-01 of a Gregorian date; years begin in March so that leap days come last. */
static int64_t days(int y, int m, int d)
{
	y -= m <= 2;
	int64_t era = y / 400;
	int64_t year = y - era * 400;
	int64_t day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

int time_parse(struct str t, uint64_t *ret_ns)
{
	if (t.n < 20 || t.p[t.n - 1] != 'Z' || t.p[4] != '-' || t.p[7] != '-' || t.p[10] != 'T' ||
	    t.p[13] != ':' || t.p[16] != ':')
		return -EINVAL;
	int y = digits(t.p, 4), mo = digits(t.p + 5, 2), d = digits(t.p + 8, 2);
	int h = digits(t.p + 11, 2), mi = digits(t.p + 14, 2), s = digits(t.p + 17, 2);
	if (y < 1970 || mo < 1 || mo > 12 || d < 1 || d > 31 || h < 0 || h > 23 || mi < 0 || mi > 59 ||
	    s < 0 || s > 60 || y > 2500)
		return -EINVAL;
	uint64_t fraction = 0;
	size_t n = t.n - 20;   /* the point and its digits */
	if (n) {
		int v = t.p[19] == '.' && n >= 2 && n <= 10 ? digits(t.p + 20, (unsigned)n - 1) : -1;
		if (v < 0)
			return -EINVAL;
		fraction = (uint64_t)v;
		for (size_t i = n - 1; i < 9; i++)
			fraction *= 10;
	}
	int64_t secs = days(y, mo, d) * 86400 + h * 3600 + mi * 60 + s;
	*ret_ns = (uint64_t)secs * NSEC_PER_SEC + fraction;
	return 0;
}

static bool read_int(struct json *j, const struct field *f, void *at)
{
	int64_t v;
	if (!json_integer(j, &v))
		return false;
	switch (f->type) {
	case FIELD_U32:
		if (v < 0 || v > UINT32_MAX)
			return json_fail(j, NDJSON_BAD_VALUE);
		*(uint32_t *)at = (uint32_t)v;
		return true;
	case FIELD_I32:
		if (v < INT32_MIN || v > INT32_MAX)
			return json_fail(j, NDJSON_BAD_VALUE);
		*(int32_t *)at = (int32_t)v;
		return true;
	default:
		*(int64_t *)at = v;
		return true;
	}
}

static bool read_bool(struct json *j, bool *ret)
{
	struct str s;
	if (!json_text(j, &s))
		return false;
	*ret = str_eq(s, STR("true"));
	return *ret || str_eq(s, STR("false")) ? true : json_fail(j, NDJSON_BAD_VALUE);
}

static bool read_raw(struct json *j, struct str *ret)
{
	char *start = j->p;
	if (!json_skip(j))
		return false;
	*ret = (struct str){start, (size_t)(j->p - start)};
	return true;
}

static bool read_labels(struct json *j, struct str *ret)
{
	struct str text;
	if (!read_raw(j, &text))
		return false;
	if (str_eq(text, STR("null")))
		return true;
	if (!labels_valid(text))
		return json_fail(j, NDJSON_BAD_VALUE);
	*ret = text;
	return true;
}

static bool read_value(struct json *j, const struct field *f, void *base)
{
	void *at = (char *)base + f->offset;
	struct str s;
	bool yes;
	if (j->p[0] == 'n' && !strncmp(j->p, "null", 4))
		return json_skip(j);
	switch (f->type) {
	case FIELD_STR:
		return json_text(j, at);
	case FIELD_U32:
	case FIELD_I32:
	case FIELD_U64:
	case FIELD_I64:
		return read_int(j, f, at);
	case FIELD_TIME:
		if (!json_string(j, &s))
			return false;
		return time_parse(s, at) == 0 ? true : json_fail(j, NDJSON_BAD_VALUE);
	case FIELD_BOOL:
		return read_bool(j, at);
	case FIELD_TRISTATE:
		if (!read_bool(j, &yes))
			return false;
		*(enum tristate *)at = yes ? YES : NO;
		return true;
	case FIELD_RAW:
		return read_raw(j, at);
	case FIELD_LABELS:
		return read_labels(j, at);
	case FIELD_OBJECT:
		return json_object(j, f->sub, base);
	case FIELD_CALL:
		return f->call(j, base);
	case FIELD_SKIP:
		break;
	}
	return json_skip(j);
}

/* The row of NAME, looked for from where the last one was found. */
static const struct field *find_field(const struct fields *fields, struct str name, size_t *next)
{
	for (size_t k = 0, i = *next; k < fields->n; k++, i++) {
		if (i >= fields->n)
			i = 0;
		if (fields->v[i].name.n == name.n && !memcmp(fields->v[i].name.p, name.p, name.n)) {
			*next = i + 1;
			return &fields->v[i];
		}
	}
	return NULL;
}

static bool read_member(struct json *j, const struct fields *fields, void *base, size_t *next)
{
	char *start = j->p;
	struct str name;
	json_space(j);
	if (!json_string(j, &name))
		return json_fail(j, NDJSON_TORN);
	json_space(j);
	if (*j->p++ != ':') {
		j->p--;
		return json_fail(j, NDJSON_TORN);
	}
	json_space(j);
	const struct field *f = find_field(fields, name, next);
	if (!f) {
		if (fields->unknown)
			fields->unknown(j, base, name);
		return json_skip(j);
	}
	if (f->varies && !j->varies)
		j->varies = start - 1;
	return read_value(j, f, base);
}

/* Behind a member: the end, or a comma and more of them. */
static inline bool more_members(struct json *j, const struct fields *fields, void *base, size_t *next)
{
	for (;;) {
		json_space(j);
		char c = *j->p;
		if (c == '}') {
			j->p++;
			return true;
		}
		if (c != ',')
			return json_fail(j, NDJSON_TORN);
		j->p++;
		if (!read_member(j, fields, base, next))
			return false;
	}
}

bool json_members(struct json *j, const struct fields *fields, void *base)
{
	size_t next = 0;
	return more_members(j, fields, base, &next);
}

bool json_object(struct json *j, const struct fields *fields, void *base)
{
	if (*j->p != '{')
		return json_fail(j, *j->p == '\n' ? NDJSON_TORN : NDJSON_BAD_VALUE);
	j->p++;
	json_space(j);
	if (*j->p == '}') {
		j->p++;
		return true;
	}
	size_t next = 0;
	return read_member(j, fields, base, &next) && more_members(j, fields, base, &next);
}

bool json_array(struct json *j, bool (*element)(struct json *j, void *base), void *base)
{
	if (*j->p != '[')
		return json_fail(j, *j->p == '\n' ? NDJSON_TORN : NDJSON_BAD_VALUE);
	j->p++;
	json_space(j);
	if (*j->p == ']') {
		j->p++;
		return true;
	}
	for (;;) {
		json_space(j);
		if (!element(j, base))
			return false;
		json_space(j);
		if (*j->p == ']') {
			j->p++;
			return true;
		}
		if (*j->p++ != ',') {
			j->p--;
			return json_fail(j, NDJSON_TORN);
		}
	}
}
