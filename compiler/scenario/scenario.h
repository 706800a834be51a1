/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scenarios: readable descriptions (YAML, corpus/README.md) of a workload's life and of attacks on it, turned into
 * streams of events that say of themselves what must become of them. The verdicts are the author's, written in the
 * scenario; nothing here evaluates a policy.
 *
 * The same scenario and options give the same events on every machine: there is no clock, and the only
 * randomness is a generator seeded by the scenario.
 */
#pragma once

#include "schema/source.h"

struct scenario;

enum {
	SCENARIO_MAX_BYTES = 1 << 20,
	SCENARIO_MAX_DEPTH = 24,            /* steps inside steps, blocks included */
	SCENARIO_MAX_REPLICAS = 500,
	SCENARIO_MAX_NODES = 500,
	SCENARIO_MAX_EVENTS = 1 << 22,      /* of one repetition */
	SCENARIO_MAX_DAYS = 3650,           /* from the first event to the last */
};

/* -EINVAL with the reasons (file, line, column) in D; -E2BIG and other -errno likewise. */
int scenario_parse(const char *file, struct str text, struct diag *d, struct scenario **ret);
int scenario_read(const char *file, struct diag *d, struct scenario **ret);
void scenario_free(struct scenario *s);
DEFINE_CLEANUP(struct scenario *, scenario_free)

struct str scenario_name(const struct scenario *s);
struct str scenario_description(const struct scenario *s);

struct scenario_options {
	bool benign_only;       /* the same stream without what the attacks did */
	uint64_t repeat;        /* how many times over, later each time, as new pods; 0 = once */
	uint32_t variant;       /* 0 = as written; else the N-th made-up sibling of the workload, for fleets */
	size_t max_events;      /* 0 = SCENARIO_MAX_EVENTS */
};

/*
 * The events of S, which must outlive the source. -EINVAL with the reasons in D: a step that cannot take
 * place (no such process alive, an address that is none).
 */
int scenario_open(const struct scenario *s, const struct scenario_options *o, struct diag *d,
		  struct source **ret);
