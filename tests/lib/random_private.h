/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the generator of policies share. */
#pragma once

#include "tests/lib/random.h"

/* What the policy's macro brings, and a selector that uses it must not have itself. */
enum macro { MACRO_NONE, MACRO_BINARIES, MACRO_PROCESS, MACRO_ACTIONS, MACRO_COUNT };

struct maker {
	struct dice *r;
	struct buf *b;
	char section;                /* k, f, l, t */
	enum macro macro;
	bool enforcer, calls;        /* the policy has an enforcer, a list "calls" */
	bool addresses;              /* several kprobes are asked of addresses: they may share tables */
};

/* The arguments that the hook at hand lists. */
struct listed {
	const char *types[5];
	unsigned indexes[5], n;
	bool returns, data;
};

void random_line(struct maker *m, int depth, const char *fmt, ...) PRINTF(3, 4);
void random_values(struct maker *m, int depth, const char *form, unsigned most);
/* One item of matchArgs; matchReturnArgs looks at a returned int. */
void random_arg_filter(struct maker *m, const struct listed *a);
void random_return_filter(struct maker *m);
/* Fields of a selector that ask about the process. */
void random_binaries(struct maker *m, const char *field);
void random_process_filters(struct maker *m);
void random_workloads(struct maker *m);
