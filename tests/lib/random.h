/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random policies and random streams of events for property tests: the same seed gives the same bytes everywhere. Both
 * draw their words from the same short lists, so that what a policy asks about does occur.
 */
#pragma once

#include "schema/base/buf.h"

/* BYTES, where given, decide first, two at a time: a fuzzer steers with them. */
struct dice {
	uint64_t state;
	const uint8_t *bytes;
	size_t nbytes;
};
uint64_t dice_next(struct dice *r);
static inline unsigned dice_below(struct dice *r, unsigned n)
{
	return (unsigned)(dice_next(r) % n);
}
static inline bool dice_chance(struct dice *r, unsigned percent)
{
	return dice_below(r, 100) < percent;
}

/* One argument of a recorded hook. FORM is how its value is made up. */
struct random_arg {
	unsigned index;
	const char *type, *resolve, *form;
};
struct random_site {
	const char *section;         /* kprobes, lsmhooks, tracepoints: how it is recorded */
	const char *call;            /* tracepoints: subsystem/event */
	const char *sections;        /* in which a policy may hook it: k, l, t */
	bool raw;
	struct random_arg args[5];
	bool returns;                /* recorded with what it returns */
};
extern const struct random_site random_sites[];
extern const size_t random_nsites;

/* Words for a form ("path", "int", "address" ...); NULL for none. */
const char *random_word(struct dice *r, const char *form);

/* One to three documents, of several hooks at times, whose sites are put into SITES, a bit each. */
void random_policies(struct dice *r, uint64_t *sites, struct buf *yaml);
/* One document about what the golden runs' programs did (tests/golden/README.md). */
void random_lab_policy(struct dice *r, unsigned number, struct buf *yaml);
/* As --target takes it. */
enum { RANDOM_TARGET = 128 };
const char *random_target(struct dice *r, char text[RANDOM_TARGET]);
/* The policies that recorded the streams. */
void random_recorder(struct buf *yaml);
/* A policy of any fields and values that the CRD takes; the caller frees it. */
struct policy;
struct policy *random_model(struct dice *r);
/* NDJSON; mostly hooks of SITES. */
void random_stream(struct dice *r, uint64_t sites, struct buf *lines);
