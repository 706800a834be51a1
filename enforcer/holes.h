/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel let pass without asking the programs: never a guess, from its own counters. */
#pragma once

#include "enforcer/machine.h"
#include "schema/base/buf.h"

struct hole {
	const char *hook;
	uint64_t calls;         /* at most; 0: not seen, but possible */
};

struct holes {
	struct hole *v;
	size_t n, cap;
	uint64_t calls;
};
void holes_done(struct holes *h);
#define CLEANUP_HOLES __attribute__((cleanup(holes_done)))

void holes_find(const struct machine *m, struct holes *ret);

/* In words, one for each. */
void hole_print(const struct hole *h, const struct machine *m, struct buf *b);
void holes_warn(const struct machine *m, struct diag *d);
