/* SPDX-License-Identifier: GPL-2.0-only */
/* Tallies judged events: verdicts, effects, expectations kept and broken. */
#pragma once

#include "compiler/eval/eval.h"

struct tally {
	uint64_t events;                       /* weighted by event.count */
	uint64_t verdicts[VERDICT_COUNT];      /* the worst per event */
	uint64_t prevented, happened, effect_unknown;   /* of the denied and killed ones */
	uint64_t must_allow, must_allow_broken;
	uint64_t must_deny, must_deny_broken;
};

void tally_add(struct tally *into, const struct tally *from);   /* mergeable in any order */

bool verdict_stops(enum verdict v);             /* deny or kill */

/*
 * Prevented if any of the stopping judgements prevents: a denied call does not run on, whoever else kills. Unknown if none does,
 * and of one it is not told.
 */
enum effect judgements_effect(const struct judgement *j, size_t n);

/* Tallies one judged event (n = 0: no policy's hook reached); true when an expectation is broken. */
bool replay_event(const struct event *ev, const struct judgement *j, size_t n, struct tally *t);
