/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The obvious evaluator: what becomes of an event under a policy, found by reading every list from its start to its end,
 * one function per rule, nothing prepared and nothing remembered but who runs what. It shares no code with
 * the evaluator that ships; the two are held against each other, and both against recorded runs of a real agent.
 *
 * It judges two sorts of hits: a hook line, whose arguments are laid out as the policy that recorded it lists
 * them, and the hooks that an exec line implies.
 */
#pragma once

#include "schema/policy.h"
#include "schema/target.h"

struct slow;

/* The call fails, with what error its own way back decides. */
#define SLOW_ANY_ERROR INT32_MIN
/* Not a hook: the enforcer of the policy, at a call of its list. */
#define SLOW_ENFORCER SIZE_MAX

enum slow_effect { SLOW_OPEN, SLOW_HAPPENED, SLOW_PREVENTED };   /* OPEN: not foretold */

struct slow_judgement {
	size_t policy, hook;
	int selector;               /* -1 = none */
	enum verdict verdict;
	enum slow_effect effect;
	int32_t error;
	uint32_t signal;
	bool monitor;
	bool posted_open;           /* not stopped: whether an event is posted is not foretold */
	bool partly;                /* the stream has some of this hook's hits, not all */
	bool silent;                /* the rules leave open what happens: nothing to hold against anybody */
	const char *why;            /* ... or why it is unknown */
};

/* All are borrowed. RECORDERS: the policies whose names the hook lines carry. */
struct slow *slow_new(struct policy *const *policies, size_t n, const struct target *target,
		      struct policy *const *recorders, size_t nrecorders);
void slow_free(struct slow *s);
DEFINE_CLEANUP(struct slow *, slow_free)

void slow_presume_paths(struct slow *s, bool yes);     /* absolute typed names are resolved ones */
void slow_records(struct slow *s, const struct event *ev);   /* the stream has lines of this hook: no other event implies it */
size_t slow_judge(struct slow *s, const struct event *ev, const struct slow_judgement **ret);
