/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an enforcer refused, or would have: who, what, what came of it, by which rule of which image. Beside the observations that the
 * same events became, where a refusal and its permission under another policy are one row.
 */
#pragma once

#include "schema/base/arena.h"
#include "schema/store.h"

struct refusal {
	int64_t recording;
	enum kind kind;
	uint32_t access;               /* file: what no rule grants */
	struct str subject, object;    /* paths; an address in words, a guard's name */
	struct str outcome;            /* refused, killed, killed after it happened, audited */
	struct str rule, image;
	uint64_t count, first_ns, last_ns;
};

/* Adds to what is the same but for count and times. Within store_begin() .. store_commit(). */
int store_refusal_add(struct store *s, const struct workload *w, const struct refusal *r);

/* Those of WORKLOAD, newest first. */
int store_refusals(struct store *s, struct arena *a, int64_t workload, struct refusal **ret, size_t *ret_n);

/* What recordings of this ORIGIN said that they lost, summed up. */
int store_lost_by(struct store *s, struct str origin, uint64_t *ret);
