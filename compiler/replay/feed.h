/* SPDX-License-Identifier: GPL-2.0-only */
/* What a command line names as events: NDJSON corpora and exports, or a store's observations. */
#pragma once

#include "schema/source.h"

struct policy_set;

struct feed_name {
	const char *file;             /* "-" = standard input; NULL = the store */
	struct str text;              /* bytes instead of the file, which then only names them */
	const char *db, *workload;    /* the store, and a pattern or NULL */
	const struct policy_set *recorders;   /* the policies that made the file, where known; or NULL */
};

struct feed;

/* -EINVAL with the reason in D. */
int feed_open(const struct feed_name *name, struct diag *d, struct feed **ret);
void feed_close(struct feed *f);
DEFINE_CLEANUP(struct feed *, feed_close)

/* As source_next(); -EAGAIN: a pipe is silent, ask again; else -errno: feed_end() tells why. */
int feed_next(struct feed *f, struct event *ev);

/* What feed_next() ended with, in words: ERR's reason, lines that were skipped (warnings), nothing read at all. 0 or -EINVAL. */
int feed_end(const struct feed *f, int err, struct diag *d);

/* Can it be read more than once, from its beginning? */
bool feed_rereadable(const struct feed_name *name);

/*
 * Hands out the first hook lines of a file beforehand: what they record is not implied by other lines. True: those were all.
 */
bool feed_ahead(const struct feed_name *name, void (*records)(void *arg, const struct event *ev), void *arg);

uint64_t feed_bytes(const struct feed *f);            /* read so far, decompressed; 0 for a store */
uint64_t feed_size(const struct feed_name *name);     /* of a plain file; 0 = not known beforehand */
