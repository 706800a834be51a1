/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is counted while policies judge events: verdicts, effects, expectations, by selector and by label. All of it are sums, so
 * totals of parts merge.
 */
#pragma once

#include "compiler/replay/policy_set.h"
#include "compiler/replay/replay.h"
#include "compiler/replay/value_uses.h"

/* What one selector of a hook, or one rule of an image, decided. */
struct rule_total {
	uint64_t verdicts[VERDICT_COUNT];
	uint64_t prevented, happened, effect_unknown;   /* of the denied and killed ones */
};

/* The events of one label with one expectation. */
struct label_total {
	enum expect expect;
	struct str label;                   /* empty = none was given */
	uint64_t events, broken;
	char *first_broken;                 /* "FILE:LINE: words" */
};

struct totals;

struct totals *totals_new(const struct policy_set *set);   /* SET is borrowed */
void totals_free(struct totals *t);
DEFINE_CLEANUP(struct totals *, totals_free)

/* Counts one judged event; true when an expectation is broken. */
bool totals_event(struct totals *t, const struct event *ev, const struct judgement *j, size_t n);

/* A source has ended; hooks that it neither recorded nor implied are then told, in any order. */
void totals_source(struct totals *t);
void totals_unrecorded(void *t, size_t policy, size_t hook);

/* For judges_values(): which listed values decided something in the source that has ended. T is a struct totals. */
void totals_value(void *t, const struct strs *list, size_t i, bool used);
const struct value_uses *totals_values(const struct totals *t);   /* NULL: none was told */

/* FROM's events come after INTO's where an order is told (the first broken one); else the order is free. */
void totals_add(struct totals *into, const struct totals *from);

const struct tally *totals_tally(const struct totals *t);
size_t totals_labels(const struct totals *t, const struct label_total **ret);   /* as first seen */

/* How many verdicts say the same of themselves; as first seen. */
struct reason_total {
	struct str words;
	uint64_t verdicts;
};
size_t totals_assumed(const struct totals *t, const struct reason_total **ret);   /* what they rest on that no line tells */
size_t totals_unknown(const struct totals *t, const struct reason_total **ret);   /* why they are unknown */

/* Hook H of policy P (for an image: hook 0 of npolicies + I). SELECTOR -1: none matched, or it is not known which. */
const struct rule_total *totals_rule(const struct totals *t, size_t policy, size_t hook, int selector);
size_t totals_hooks(const struct totals *t, size_t policy);
int totals_selectors(const struct totals *t, size_t policy, size_t hook);   /* for an image its highest rule + 1 */
bool totals_is_rule(const struct totals *t, size_t policy, size_t hook, int selector);   /* false: an image has no such rule */
bool totals_hook_unrecorded(const struct totals *t, size_t policy, size_t hook);   /* by none of the sources */
uint64_t rule_total_events(const struct rule_total *r);
