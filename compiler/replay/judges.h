/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policies and images of a set as judges of one stream of events. Several shares of a set can judge the same stream in
 * parallel, each with a process model of its own: what they say together is what one judge of the whole set says.
 */
#pragma once

#include "compiler/eval/eval.h"
#include "compiler/eval/eval_trace.h"
#include "compiler/replay/feed.h"
#include "compiler/replay/policy_set.h"

enum { JOBS_MAX = 256 };   /* threads that judge */

enum judge_detail {
	DETAIL_NONE,
	DETAIL_NOT_PASSED,        /* of what is stopped or unknown */
	DETAIL_ALL,
};

struct judge_options {
	const struct target *target;
	bool presume_paths;
	bool assume;                 /* engine_assume() */
	const char *const *compat;   /* paths of 32-bit programs */
	size_t ncompat;
	bool values;                 /* judges_values() will be asked */
};

struct judges;

/* Share NUMBER (from 0) of SHARES, of what FEED holds. All of what is given is borrowed. */
struct judges *judges_new(const struct policy_set *set, const struct judge_options *o, const struct feed_name *feed, unsigned number,
			  unsigned shares);
void judges_free(struct judges *j);
DEFINE_CLEANUP(struct judges *, judges_free)

/* How many shares are worth a thread, at most WANTED. */
unsigned judges_shares(const struct policy_set *set, unsigned wanted);

/*
 * What every judge reached by EV says, in order of policy and hook. Policy numbers are the set's; npolicies + I is its image I,
 * whose hook is 0 and whose "selector" is the rule. *ret and its details are valid until the next call.
 */
size_t judges_ask(struct judges *j, const struct event *ev, enum judge_detail detail, const struct judgement **ret);

/* The same of engine_rest(), after the last event; images have judged all. *ev is NULL when there is no more. */
size_t judges_rest(struct judges *j, enum judge_detail detail, const struct event **ev, const struct judgement **ret);

/* Orders what several shares said of one event as one judge would have. */
void judgements_sort(struct judgement *v, size_t n);

/* engine_trace() of the last event that was asked about; images say no more than their judgement. */
void judges_trace(struct judges *j, struct arena *arena, struct trace *ret);

/*
 * Reads ahead in FEED what it records by itself, and tells the N judges of it; before they are asked. True: that was all of it, so that
 * nothing waits for later lines.
 */
bool judges_look_ahead(struct judges *const *judges, size_t n, const struct feed_name *feed);
/* engine_explain() of J, which is of the last event that was asked about. */
void judges_explain(const struct judges *judges, const struct judgement *j, struct buf *b);
void judges_unrecorded(const struct judges *j, void (*fn)(void *arg, size_t policy, size_t hook), void *arg);
void judges_values(const struct judges *j, void (*fn)(void *arg, const struct strs *list, size_t i, bool used), void *arg);
