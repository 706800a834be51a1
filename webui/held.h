/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The observations of a workload, held in memory between requests: the consequence follows each choice without
 * reading them again. Held by what the store says of them (how many, how often, until when): when anything more was seen they
 * are read anew. Choices alone are brought up to the version that is asked for.
 */
#pragma once

#include "compiler/allow/suggest.h"
#include "schema/source.h"
#include "webui/web.h"

enum {
	HELD_KEPT = 3,                /* workloads */
	HELD_ROWS_MAX = 300000,       /* of one; those with more are read each time */
};

struct held;

/* For the workload ROW: 0 or -errno of the store. *ret NULL: too many to hold. Give it back with held_back(). */
int held_get(struct web *w, struct store *s, const struct workload_row *row, struct held **ret);
void held_back(struct web *w, struct held *e);

/* As suggest_allowlist() and source_store_workload() do, from what is held; E NULL: from the store. */
int held_suggest(struct held *e, struct store *s, const struct workload_row *row,
		     const struct suggest_options *o, struct left_out_tally *tally,
		     struct allowlist **ret);
/* The allowlist that the choices made at version AT of the workload. -E2BIG: E is NULL, and it needs to be held. */
int held_suggest_at(struct held *e, struct store *s, const struct workload_row *row, uint64_t at,
		    const struct suggest_options *o, struct left_out_tally *tally,
		    struct allowlist **ret);
size_t held_rows(const struct held *e);
/* An enum choice for each of the rows, at ROW's version or later; the caller frees. NULL for E NULL. */
int held_choices(struct held *e, struct store *s, const struct workload_row *row, uint8_t **ret);
/* Part PART of PARTS, in the store's order. CHOICES must outlive the source. */
struct source *held_part(struct held *e, const struct workload_row *row, const uint8_t *choices, size_t part,
			 size_t parts);
/* All of them, by the time they were first seen; E NULL: from the store, in its order. */
int held_source(struct held *e, struct store *s, const struct workload_row *row, const uint8_t *choices,
		struct source **ret);

/* When the server ends. */
void held_free(struct web *w);

struct held_lease {
	struct web *web;
	struct held *held;
};
static inline void held_lease_end(struct held_lease *l)
{
	if (l->held)
		held_back(l->web, l->held);
}
#define CLEANUP_HELD __attribute__((cleanup(held_lease_end)))
