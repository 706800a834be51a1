/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What went wrong in something a person wrote or handed over: file, line, column, message.
 * Readers of human input take a struct diag *; they add to it and return -EINVAL (or another
 * -errno). Library code never prints: the command does, with diag_print().
 */
#pragma once

#include "schema/base/base.h"

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

struct diag_entry {
	enum diag_level level;
	char *file;             /* may be NULL */
	unsigned line, column;  /* from 1; 0 = not known */
	char *message;          /* says what is wrong and what to do */
};

struct diag {
	struct diag_entry *v;
	size_t n, cap;
	size_t errors;          /* how many of them are DIAG_ERROR */
	size_t dropped;         /* beyond DIAG_MAX: counted, not kept */
};

#define DIAG_INIT {NULL, 0, 0, 0, 0}
#define DIAG_MAX  1000
#define CLEANUP_DIAG __attribute__((cleanup(diag_done)))

void diag_add(struct diag *d, enum diag_level level, const char *file, unsigned line,
	      unsigned column, const char *fmt, ...) PRINTF(6, 7);

/* An error without a place in a text: diag_error(d, "x.db", "cannot open: %s", ...); returns -EINVAL. */
int diag_error(struct diag *d, const char *file, const char *fmt, ...) PRINTF(3, 4);

/* FILE:LINE:COL: error: MESSAGE, one a line, to standard error, made safe for a terminal. */
void diag_print(const struct diag *d);

/* One line of a command's own to standard error, made safe in the same way. */
void diag_say(const char *fmt, ...) PRINTF(1, 2);

/* FROM's entries behind TO's; FROM is done. */
void diag_move(struct diag *from, struct diag *to);

void diag_done(struct diag *d);
