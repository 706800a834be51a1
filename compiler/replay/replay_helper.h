/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A share of a set's policies that judges a source on a thread of its own, a few batches ahead of whoever reads the same source. It hands
 * over judgements only: nothing of an event is copied between threads, and its process model sees every event.
 */
#pragma once

#include <stdatomic.h>

#include "compiler/replay/feed.h"
#include "compiler/replay/judges.h"

struct helper_options {
	const struct policy_set *set;
	const struct judge_options *judging;
	const struct feed_name *feed;
	unsigned number, shares;          /* as in judges_new() */
	enum judge_detail detail;
	const atomic_bool *wanted;        /* details are; may become false while it runs */
};

struct helper;

/* Borrows what the options point to. NULL: no thread could be started. */
struct helper *helper_start(const struct helper_options *o);

/* What it makes of the next event; valid until the next call. -ESTALE: it read fewer events than its reader. */
int helper_next(struct helper *h, const struct judgement **ret, size_t *ret_n);

/* Ends the thread; then the judges can be asked what they saw. */
const struct judges *helper_join(struct helper *h);
void helper_free(struct helper *h);               /* joins first */
