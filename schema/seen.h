/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Has this line of a log been taken in before? Recognised by content: the same file again under any name or
 * compressed, one that has grown since, an older and shorter copy, a stream that begins in the middle
 * of one (the last lines that 'kubectl logs' repeats), a block repeated within one stream.
 *
 * Lines are recognised in their context: a known line is the first of a run that was stored, or follows a known line in
 * its run. A line that comes alone is new, so equal lines at different places are not confused; except that a
 * line with a time in it that equals one of the last SEEN_RECENT is a repetition.
 */
#pragma once

#include "schema/store.h"

#define SEEN_RECENT  64      /* lines */
#define SEEN_RUN_MAX 4096    /* lines of one stored run */

struct seen;

struct seen_stats {
	uint64_t lines, known;   /* known: of lines, those taken in before */
};

/* Reads what STORE knows (writes its key on first use: inside store_begin .. store_commit). */
int seen_open(struct store *store, struct seen **ret);
void seen_free(struct seen *s);
DEFINE_CLEANUP(struct seen *, seen_free)

/* 1 = taken in before, 0 = new (and remembered from now on), -errno. */
int seen_line(struct seen *s, struct str line);

/* The stream has ended; another follows. */
void seen_end(struct seen *s);

/* Inside a transaction: stores what is new. seen_written() after its commit. */
int seen_write(struct seen *s, uint64_t now_ns);
void seen_written(struct seen *s);

const struct seen_stats *seen_stats(const struct seen *s);
