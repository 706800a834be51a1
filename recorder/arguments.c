/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's argv block is strings behind each other; the last may be cut. */
#include "recorder/arguments.h"

void arguments_join(struct str argv, struct buf *b)
{
	bool first = true;
	for (size_t i = 0; i < argv.n;) {
		size_t n = strnlen(argv.p + i, argv.n - i);
		struct str one = {argv.p + i, n};
		i += n + 1;
		if (first) {
			first = false;
			continue;
		}
		if (b->n)
			buf_putc(b, ' ');
		bool quote = n == 0 || memchr(one.p, ' ', n);
		if (quote)
			buf_putc(b, '"');
		buf_str(b, one);
		if (quote)
			buf_putc(b, '"');
	}
}
