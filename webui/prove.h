/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A candidate over the recording or over a corpus. The recording is judged as the set of its observations, each
 * weighted by its count, which is what makes an answer possible while the user presses keys. Of a corpus only
 * the events of this workload count.
 */
#pragma once

#include "compiler/replay/replay.h"
#include "webui/candidate.h"

/* Totals of one run; counts of events are weighted by event.count. */
struct proof {
	struct tally tally;
	uint64_t judged;                  /* observations, or events of a corpus */
	uint64_t attacks, stopped;        /* by label; one denied event stops an attack */
	uint64_t benign, broken;          /* events that must be allowed, and are not */
	uint64_t newly_blocked, newly_allowed, newly_unknown;   /* against BEFORE */
	/* Of the recording: observations, and the events they stand for. */
	uint64_t denied_passing, denied_passing_events;       /* denied, and the policy lets them pass */
	uint64_t undecided_blocked, undecided_blocked_events; /* nobody decided, and they would be stopped */
};

/* One judged event, as the replay screen lists it. */
struct proof_event {
	const struct event *ev;
	enum verdict verdict;
	const struct judgement *judgement;  /* the deciding one of a policy, or NULL */
	const struct judges *judges;        /* that made it, to explain with */
	enum effect effect;                 /* of one that is stopped */
	bool broken;
	enum choice choice;                 /* CHOICE_COUNT: of a corpus, nobody decides there */
	bool compared;                      /* BEFORE is the verdict of the candidate before */
	enum verdict before;
	const char *why;
};

/* What changes for an event when the candidate replaces the one before it. */
enum proof_change { PROOF_SAME, PROOF_BLOCKED, PROOF_ALLOWED, PROOF_UNKNOWN };
enum proof_change proof_change(const struct proof_event *e);

/* Denied by a person, and the candidate lets it pass all the same. */
bool proof_denied_passes(const struct proof_event *e);
/* Decided by nobody, and the candidate would stop it. */
bool proof_undecided_blocked(const struct proof_event *e);

struct proof_wish {
	const struct candidate *candidate;
	const struct candidate *before;     /* compared with; or NULL */
	const struct workload_row *row;
	void (*event)(void *arg, const struct proof_event *e);   /* for each; or NULL */
	/*
	 * Asked every few thousand events; false: nobody waits any more. DONE of TOTAL observations, or bytes of
	 * a corpus (0: not known). NULL: never asked.
	 */
	bool (*go_on)(void *arg, uint64_t done, uint64_t total);
	void *arg;
};

/* Over the store's observations of the workload: 0, -ECANCELED, or -errno of the store. */
int prove_recording(struct web *w, struct store *s, const struct proof_wish *wish, struct proof *ret);

/* Over a corpus: 0, -ECANCELED, or -EINVAL with the reason in D. What could not be read of it is a warning in D. */
int prove_corpus(const struct proof_wish *wish, const struct feed_name *corpus, struct diag *d, struct proof *ret);

struct corpus_proof {
	struct proof proof;
	struct diag diag;
	int err;                          /* as prove_corpus() returned it */
};

/* N corpora into RET, on threads where there are processors for them; wish->event must be NULL. */
void prove_corpora(const struct proof_wish *wish, const struct feed_name *corpora, size_t n, struct corpus_proof *ret);
