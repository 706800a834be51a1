/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A growing byte buffer, always NUL-terminated after its n bytes, for building text.
 *
 *	struct buf b = BUF_INIT;
 *	buf_printf(&b, "%s: %d", name, n);
 *	puts(b.p);
 *	buf_done(&b);
 */
#pragma once

#include "schema/base/base.h"

struct buf {
	char *p;
	size_t n, cap;
};

#define BUF_INIT    {NULL, 0, 0}
#define CLEANUP_BUF __attribute__((cleanup(buf_done)))

void buf_done(struct buf *b);                       /* frees; the buffer may be used again */
void buf_clear(struct buf *b);                      /* n = 0, memory kept */
void buf_reserve(struct buf *b, size_t more);       /* room for MORE further bytes */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_str(struct buf *b, struct str s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap) PRINTF(2, 0);
char *buf_take(struct buf *b);                      /* the caller frees; b is empty after */

static inline struct str buf_view(const struct buf *b)
{
	return (struct str){b->p, b->n};
}

/*
 * Appends S as a quoted JSON string: always valid UTF-8 and reversible. Bytes that are not
 * valid UTF-8 become \u0000-free private escapes: byte 0xNN -> U+DCNN is not valid UTF-8, so
 * each such byte is written as U+10FFNN (plane 16 private use), and a real U+10FF00..U+10FFFF
 * in the input is written byte by byte the same way. json_unescape_bytes() reverses it.
 */
void buf_json(struct buf *b, struct str s);

/* Turns the U+10FFNN characters that buf_json() wrote back into bytes, in place; returns the length. */
size_t json_unescape_bytes(char *p, size_t n);

/* Length of the valid UTF-8 sequence at S (no surrogates, no overlong form), 0 if none; *cp its value. N > 0. */
size_t utf8_len(const unsigned char *s, size_t n, uint32_t *cp);

/* Control and bidi characters and the like: they could reorder or hide text. */
bool utf8_deceptive(uint32_t cp);

/* Appends S for a terminal: control characters, bidi controls and bad UTF-8 as \xNN. */
void buf_text(struct buf *b, struct str s);

/* Appends an RFC 3339 UTC time with nanoseconds; "-" for 0. */
void buf_time(struct buf *b, uint64_t time_ns);

void buf_u64(struct buf *b, uint64_t v);            /* decimal digits */

/* Appends 1234567 as 1,234,567. */
void buf_count(struct buf *b, uint64_t n);
