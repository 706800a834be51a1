/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A candidate over the recording or over a corpus. The recording is judged as the set of its observations, each
 * weighted by its count, which is what makes an answer possible while the user presses keys. Of a corpus only
 * the events of this workload count.
 */
#pragma once

#include "compiler/replay.h"
#include "webui/candidate.h"

struct proof {
	struct tally tally;
	uint64_t judged;                  /* observations, or events of a corpus */
	uint64_t attacks, stopped;        /* by label; one denied event stops an attack */
	uint64_t benign, broken;          /* events that must be allowed, and are not */
};

/* One judged event, as the replay screen lists it. */
struct proof_event {
	const struct event *ev;
	enum verdict verdict;
	const struct judgement *judgement;  /* the deciding one, or NULL */
	const struct engine *engine;        /* that made it, to explain with; or NULL */
	bool prevented, broken;
	const char *why;
};

struct proof_handler {
	void (*event)(void *arg, const struct proof_event *e);
	void *arg;
};

/* Over the store's observations of the workload: 0 or -errno of the store. HANDLER may be NULL. */
int prove_recording(struct web *w, const struct candidate *c, struct store *s, const struct workload_row *row,
		    const struct proof_handler *handler, struct proof *ret);

/* Over a corpus file: 0, or -errno with the reason in D. */
int prove_corpus(const struct candidate *c, const char *file, const struct workload_row *row,
		 const struct proof_handler *handler, struct diag *d, struct proof *ret);
