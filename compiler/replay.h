/* SPDX-License-Identifier: GPL-2.0-only */
/* Runs a source of events through the engine and tallies: verdicts, effects, expectations kept and broken. */
#pragma once

#include "compiler/eval.h"
#include "schema/source.h"

struct tally {
	uint64_t events;                       /* weighted by event.count */
	uint64_t verdicts[VERDICT_COUNT];      /* the worst per event */
	uint64_t prevented, happened;          /* of the denied and killed ones */
	uint64_t must_allow, must_allow_broken;
	uint64_t must_deny, must_deny_broken;
};

void tally_add(struct tally *into, const struct tally *from);   /* mergeable in any order */

bool verdict_stops(enum verdict v);             /* deny or kill */

/* Tallies one judged event; true when an expectation is broken. */
bool replay_event(const struct event *ev, const struct judgement *j, size_t n, struct tally *t);

struct replay_handler {
	/* For every event (n = 0: no policy's hook reached). Return non-zero to stop. */
	int (*event)(void *arg, const struct event *ev, const struct judgement *j, size_t n,
		     bool broken);
	void *arg;
};

/* Reads SOURCE to its end. Returns 0, the handler's stop value, or -errno of the source. */
int replay_run(struct engine *e, struct source *source, const struct replay_handler *handler,
	       struct tally *tally);

/*
 * The same with map images beside the policies: image I judges as policy number NPOLICIES + I, hook 0, its
 * "selector" being the rule that decided.
 */
struct image;
int replay_run_images(struct engine *e, size_t npolicies, struct image *const *images, size_t nimages,
		      struct source *source, const struct replay_handler *handler,
		      struct tally *tally);
