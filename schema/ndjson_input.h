/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines out of a file, a pipe, a gzip stream or memory; container runtimes' node-log prefixes taken off. */
#pragma once

#include "schema/base/diag.h"

struct input;

struct input_line {
	char *p;            /* may be changed by the reader up to END; valid until the next call */
	char *end;          /* a newline, and SCAN_PAD readable bytes behind it */
	bool terminated;    /* the newline was in the input */
	bool too_long;      /* of a longer line: its beginning */
};

int input_open(const char *file, size_t line_max, unsigned idle_ms, struct diag *d, struct input **ret);
struct input *input_open_bytes(struct str text, size_t line_max);
void input_close(struct input *in);

/* 1 = a line, 0 = end, -EAGAIN = nothing came for idle_ms, or nothing but more of a line that is too long, else -errno. */
int input_next(struct input *in, struct input_line *ret);
uint64_t input_bytes(const struct input *in);   /* taken in so far, decompressed */
const char *input_error(const struct input *in); /* the reason in words, after a failure */
