/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The evaluator that ships against the obvious one: the same policies and lines put to both, what they say of each hook
 * compared, and a disagreement made as small as it stays one.
 */
#pragma once

#include "schema/base/buf.h"
#include "tests/lib/slow_eval.h"

struct contest {
	struct policy **policies;
	size_t n;
	struct policy **recorders;
	size_t nrecorders;
	struct target target;
	bool presume;
};

struct contest_counts {
	uint64_t lines, judged, agree;
	uint64_t silent;           /* the rules leave it open */
	uint64_t unsure;           /* the shipped one does not know what the obvious one does */
	uint64_t unknown;          /* neither knows */
	uint64_t named;            /* the shipped one knows a program by its name in other lines */
	uint64_t stopped;          /* ... of those that agree: denied or killed */
};

/* Judges LINES by both; false at the first disagreement, which is put into WHY (may be NULL). */
bool contest_run(const struct contest *c, struct str lines, struct contest_counts *counts, struct buf *why);

/* Reads YAML; those that no agent on TARGET would load are left out. False if none remains. */
bool contest_load(struct contest *c, struct str yaml);
void contest_unload(struct contest *c);

/* Takes away from both policies and lines whatever can go with the disagreement still there. */
void contest_shrink(const struct contest *c, struct buf *yaml, struct buf *lines);
