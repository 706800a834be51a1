/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two sets of policies over the same events: which events fare otherwise, by workload and rule.
 *
 * Nearness to being stopped decides: allowed (reported included), unknown, stopped. An event that comes nearer counts as broken,
 * so what the events do not tell counts against the new policies. Policies that only monitor are compared by what they would do
 * if they enforced; beginning to enforce is a change of its own.
 */
#pragma once

#include <signal.h>
#include <stdio.h>

#include "compiler/replay/feed.h"
#include "compiler/replay/judges.h"
#include "schema/base/arena.h"

/* CHANGE(symbol, "name", breaks, "title") in the order of reports; one that breaks makes diff answer no. */
#define DIFF_CHANGES(CHANGE)                                                                       \
	CHANGE(BLOCKED, "blocked", true, "now stopped")                                            \
	CHANGE(MAY_BE_BLOCKED, "may-be-blocked", true, "may be stopped now: the events do not tell enough") \
	CHANGE(ENFORCED, "enforced", true, "stopped now, was only monitored")                      \
	CHANGE(UNBLOCKED, "unblocked", false, "no longer stopped")                                 \
	CHANGE(MAY_PASS, "may-pass", false, "may pass now: the events do not tell enough")         \
	CHANGE(MONITORED, "monitored", false, "only monitored now, was stopped")                   \
	CHANGE(EFFECT, "effect", false, "stopped in another way")                                  \
	CHANGE(REPORTED, "reported", false, "reported otherwise, stopped by neither")

enum diff_change {
#define CHANGE(symbol, name, breaks, title) CHANGE_##symbol,
	DIFF_CHANGES(CHANGE)
#undef CHANGE
	CHANGE_COUNT, CHANGE_NONE = CHANGE_COUNT,
};

/* What a corpus expects of an event, kept by the old side and broken by the new. */
enum diff_break { DIFF_ADMITS_MUST_DENY, DIFF_STOPS_MUST_ALLOW, DIFF_BREAKS };

/* What one side made of an event. */
struct diff_side {
	enum verdict verdict;
	enum effect effect;
	bool monitor;                 /* this is what enforcing would do */
	int32_t error;
	uint32_t signal;
};

enum diff_change diff_change(const struct judgement *old, size_t nold, const struct judgement *new, size_t nnew,
			     struct diff_side *ret_old, struct diff_side *ret_new);

/* Equal events of a group. */
struct diff_event {
	struct str words, source, detail;
	uint64_t line;                /* the first one's */
	uint64_t count;
	uint64_t breaks[DIFF_BREAKS];  /* of these, by what the corpus expects of them */
	struct diff_side old, new;
};

/* The events of one workload that change alike by one rule. */
struct diff_group {
	enum diff_change change;
	struct str workload;
	bool by_old;                  /* the rule is the old side's: what it stopped is not stopped any more */
	struct str policy, hook, why;
	int selector;                 /* -1 = none */
	bool image;
	uint64_t count;
	struct { struct diff_event *v; size_t n, cap; } events;
};

struct diff_index;
struct diff_result {
	struct arena *arena;
	struct { struct diff_group *v; size_t n, cap; } groups;   /* in order of change, workload, rule */
	uint64_t events;                                          /* compared */
	uint64_t changes[CHANGE_COUNT];
	uint64_t breaks[DIFF_BREAKS];
	bool stopped;                                             /* the user ended it before the end */
	struct diff_index *index;                                           /* of groups and events, while it is filled */
};

struct diff_result *diff_result_new(void);
void diff_result_free(struct diff_result *r);
DEFINE_CLEANUP(struct diff_result *, diff_result_free)

/* Compares over one source. 0, or -EINVAL with the reason in D. STOP: becomes non-zero to end soon. */
int diff_feed(struct diff_result *r, const struct policy_set *old, const struct policy_set *new, const struct judge_options *o,
	      const struct feed_name *feed, const volatile sig_atomic_t *stop, struct diag *d);

/* As if what was compared for FROM had been compared for INTO next. */
void diff_result_add(struct diff_result *into, const struct diff_result *from);

/* Over all sources, each on a thread; the result is the same for any number of them. As diff_feed(). */
struct diff_work {
	const struct policy_set *old, *new;
	const struct judge_options *judging;
	const struct feed_name *feeds;
	size_t nfeeds;
	unsigned jobs;                       /* threads; 0 = one for each processor */
	const volatile sig_atomic_t *stop;   /* becomes non-zero: end soon */
};
int diff_feeds(struct diff_result *r, const struct diff_work *work, struct diag *d);

/* After the last: orders the groups. */
void diff_sort(struct diff_result *r);

/* All of them. */
static inline uint64_t diff_broken(const uint64_t breaks[DIFF_BREAKS])
{
	return breaks[DIFF_ADMITS_MUST_DENY] + breaks[DIFF_STOPS_MUST_ALLOW];
}

/* Does an event come nearer to being stopped? */
bool diff_breaks(const struct diff_result *r);

enum diff_format { DIFF_TEXT, DIFF_JSON, DIFF_MARKDOWN };
struct diff_names {
	const char *old, *new;
	struct str target;
	const struct policy_set *sets;  /* old, new */
	uint64_t limit;               /* events shown of a group; 0 = all */
};
void diff_print(const struct diff_result *r, enum diff_format format, const struct diff_names *names, FILE *out);
