/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A replay that is nothing but the engine, event by event: what verbs tell of policies is held against it. What becomes of an event is
 * kept, so that two replays can be compared afterwards.
 */
#pragma once

#include "compiler/eval/eval.h"
#include "compiler/replay/feed.h"
#include "compiler/replay/policy_set.h"
#include "schema/base/arena.h"

struct fate {
	uint64_t line;
	const char *source, *words, *workload;
	uint64_t count;
	struct judgement *j;          /* in order of policy and hook; of equals the first is told */
	size_t n;
};

struct fates {
	struct fate *v;               /* the caller frees it; the rest lives in the arena */
	size_t n, cap;
};

struct plain_options {
	struct arena *arena;
	const struct target *target;
	bool presume_paths;
};

/* Appends what becomes of the events of FEED, which is a text. */
void plain_replay(const struct plain_options *o, const struct policy_set *set, const struct feed_name *feed, struct fates *ret);
/* The worst of all events of that line. */
enum verdict plain_verdict(const struct plain_options *o, const struct policy_set *set, const struct feed_name *feed, uint64_t line);

/* The worst; of equals one that prevents, of these the first by policy and hook. NULL: there is none. */
const struct judgement *fate_worst(const struct fate *f);
/* The worst of those that are not monitored only. */
enum verdict fate_in_force(const struct fate *f);
