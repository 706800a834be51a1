/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tetragon's JSON export (one object a line) as a stream of events.
 *
 * Reads plain and gzip-compressed files (known by their first bytes, not by their name), pipes, and
 * container runtimes' node logs (time, stream and P|F before the line). A line that is no event is
 * skipped and counted by reason with the numbers of the first few; it never ends the stream. Strings in
 * events point into the reader's memory and are valid until the next source_next().
 */
#pragma once

#include "schema/source.h"

/* A longer line is skipped and counted. (Tetragon itself writes none above 10 MiB.) */
#define NDJSON_LINE_MAX  (16u << 20)
#define NDJSON_DEPTH_MAX 64      /* nesting of one value */
#define NDJSON_FIRST     5       /* line numbers kept per reason */

enum ndjson_reason {
#define NDJSON_REASON(symbol, name, summary) NDJSON_##symbol,
#include "schema/ndjson_reasons.def"
#undef NDJSON_REASON
	NDJSON_REASON_COUNT
};
const char *ndjson_reason_name(enum ndjson_reason r);
const char *ndjson_reason_summary(enum ndjson_reason r);

struct ndjson_skipped {
	uint64_t n;
	uint64_t first[NDJSON_FIRST];    /* line numbers, from 1 */
};

struct ndjson_stats {
	uint64_t bytes;                  /* decompressed */
	uint64_t lines;
	uint64_t events;                 /* handed out; by kind: */
	uint64_t kinds[KIND_COUNT];
	uint64_t recovered;              /* events that stood behind a torn object on one line */
	struct ndjson_skipped skipped[NDJSON_REASON_COUNT];
};

struct ndjson_options {
	/*
	 * Called once for each line as it is read, before anything of it is handed out. TERMINATED is
	 * false for a last line without its newline.
	 */
	void (*line)(void *arg, struct str line, bool terminated);
	/* Called next: false = the line is passed unread. */
	bool (*wanted)(void *arg, struct str line);
	void *arg;
	/*
	 * Process objects that come again are given a number (process.same), counted here: sources that feed one model share
	 * one. NULL: none is given.
	 */
	uint64_t *numbers;
	unsigned idle_ms;   /* source_next() returns -EAGAIN when a pipe is silent that long, or has no writer yet; 0 = waits */
	bool portable;      /* never use the vector instructions of this processor */
};

/*
 * Opens FILE, "-" being standard input. OPTIONS may be NULL. On failure the reason is in D:
 * -ENOENT, -EACCES, -EISDIR ...
 */
int ndjson_open(const char *file, const struct ndjson_options *options, struct diag *d,
		struct source **ret);

/* The same over bytes in memory (copied), called NAME. */
struct source *ndjson_open_bytes(const char *name, struct str text,
				 const struct ndjson_options *options);

/* Counts so far; SOURCE must come from ndjson_open(). */
const struct ndjson_stats *ndjson_stats(const struct source *source);
/* Why source_next() failed, in words; NULL: the errno says it. */
const char *ndjson_error(const struct source *source);
