/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Growing text buffers, and the three ways a name from outside becomes text: JSON (reversible),
 * terminal (no control character reaches it) and counts or times in one fixed form.
 */
#include "schema/base/buf.h"

#include <stdio.h>
#include <time.h>

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf)BUF_INIT;
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	if (b->p)
		b->p[0] = '\0';
}

enum { FIRST_CAP = 240 };   /* most messages fit */

void buf_reserve(struct buf *b, size_t more)
{
	size_t need = b->n + more + 1;
	if (need <= b->cap)
		return;
	b->cap = MAX(need, b->cap ? b->cap * 2 : (size_t)FIRST_CAP);
	b->p = xrealloc(b->p, b->cap);
	b->p[b->n] = '\0';
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	buf_reserve(b, n);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	buf_reserve(b, 64);
	int n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, ap);
	if (n > 0 && (size_t)n >= b->cap - b->n) {
		buf_reserve(b, (size_t)n);
		n = vsnprintf(b->p + b->n, b->cap - b->n, fmt, again);
	}
	va_end(again);
	if (n > 0)
		b->n += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

char *buf_take(struct buf *b)
{
	buf_reserve(b, 0);
	char *p = b->p;
	*b = (struct buf)BUF_INIT;
	return p;
}

size_t utf8_len(const unsigned char *s, size_t n, uint32_t *cp)
{
	if (s[0] < 0x80) {
		*cp = s[0];
		return 1;
	}
	size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4 || len > n)
		return 0;
	uint32_t c = s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return len;
}

static void json_raw_byte(struct buf *b, unsigned char c)
{
	/* U+10FF00 + c in UTF-8 */
	char u[4] = {(char)0xf4, (char)0x8f, (char)(0xbc | c >> 6), (char)(0x80 | (c & 0x3f))};
	buf_add(b, u, 4);
}

void buf_json(struct buf *b, struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	buf_putc(b, '"');
	for (size_t i = 0; i < s.n;) {
		uint32_t cp;
		size_t len = utf8_len(p + i, s.n - i, &cp);
		if (len == 0 || (cp & 0xffff00) == 0x10ff00) {
			json_raw_byte(b, p[i++]);
			continue;
		}
		static const char escapes[128] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
						  ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};
		if (cp < 128 && escapes[cp])
			buf_add(b, (char[]){'\\', escapes[cp]}, 2);
		else if (cp < 0x20)
			buf_printf(b, "\\u%04x", cp);
		else
			buf_add(b, p + i, len);
		i += len;
	}
	buf_putc(b, '"');
}

size_t json_unescape_bytes(char *s, size_t n)
{
	unsigned char *p = (unsigned char *)s;
	size_t out = 0;
	if (!n || !memchr(s, 0xf4, n))
		return n;
	for (size_t i = 0; i < n;) {
		if (n - i >= 4 && p[i] == 0xf4 && p[i + 1] == 0x8f && (p[i + 2] & 0xfc) == 0xbc) {
			p[out++] = (unsigned char)((p[i + 2] & 3) << 6 | (p[i + 3] & 0x3f));
			i += 4;
		} else {
			p[out++] = p[i++];
		}
	}
	return out;
}

bool utf8_deceptive(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x61c || (cp >= 0x200b && cp <= 0x200f) ||
	       (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff;
}

void buf_text(struct buf *b, struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	for (size_t i = 0; i < s.n;) {
		uint32_t cp;
		size_t len = utf8_len(p + i, s.n - i, &cp);
		if (len && !utf8_deceptive(cp) && cp != '\\') {
			buf_add(b, p + i, len);
		} else if (len && cp == '\\') {
			buf_puts(b, "\\\\");
		} else {
			len = len ? len : 1;
			for (size_t k = 0; k < len; k++)
				buf_printf(b, "\\x%02x", p[i + k]);
		}
		i += len;
	}
}

void buf_time(struct buf *b, uint64_t time_ns)
{
	if (time_ns == 0) {
		buf_putc(b, '-');
		return;
	}
	time_t secs = (time_t)(time_ns / NSEC_PER_SEC);
	struct tm tm;
	if (!gmtime_r(&secs, &tm)) {
		buf_putc(b, '?');
		return;
	}
	char text[40];
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(b, "%s.%09lluZ", text, (unsigned long long)(time_ns % NSEC_PER_SEC));
}

void buf_count(struct buf *b, uint64_t n)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf_putc(b, ',');
		buf_putc(b, text[i]);
	}
}

void buf_u64(struct buf *b, uint64_t v)
{
	char digits[20];
	size_t i = sizeof(digits);
	do
		digits[--i] = (char)('0' + v % 10);
	while (v /= 10);
	buf_add(b, digits + i, sizeof(digits) - i);
}
