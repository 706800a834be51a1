/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One event under a set of policies: how the verdict came about, the rule nearest to another one, the smallest edit that
 * turns it, tried on a copy, and what else that edit would turn.
 */
#pragma once

#include <stdio.h>

#include "compiler/replay/diff.h"
#include "compiler/replay/edit.h"
#include "compiler/replay/feed.h"
#include "compiler/replay/judges.h"

struct explain_options {
	const struct policy_set *set;
	const struct judge_options *judging;
	struct feed_name feed;
	uint64_t line;                       /* of the feed; for a store, the observation's id */
	const struct feed_name *others;      /* what an edit is tried on besides */
	size_t nothers;
	const volatile sig_atomic_t *stop;
};

/* What the set makes of the event. */
struct looked {
	struct event event;                  /* strings in the arena; no hook line */
	struct str words, workload;
	struct judgement *j;                 /* with details, in order of policy and hook */
	size_t n;
	struct trace trace;
	const struct judgement *decides;     /* the worst; NULL: no hook of the policies is reached */
	enum verdict verdict;
};

struct explained_edit {
	struct edit edit;
	struct str words, reach;
	/* Of a policy's, told while the policies it is about are there: an edit may rest on earlier ones. */
	struct str file, field, op, value, filter;
	struct place at;
	bool measured;
	uint64_t changes;                    /* among the other events */
	uint64_t broken;                     /* of these, against what their corpus expects */
};

/* Edits that together turn the verdict, in order. */
struct turn {
	struct explained_edit *edits;
	size_t n;
};

struct explanation {
	struct arena *arena;
	struct looked looked;
	bool to_pass;                        /* the edits let it pass; else they stop it */
	struct turn best;                    /* n = 0: none was found */
	struct str no_edit;                  /* why there is none */
	struct explained_edit *others;       /* single edits that turn it as well, the one that breaks and changes least first */
	size_t nothers;
	struct diff_result *surplus;         /* what else BEST turns among the other events; NULL: none were given */
};

enum { EXPLAIN_STEPS_MAX = 8 };              /* edits that are tried one upon the other */
enum { EXPLAIN_MEASURED_MAX = 6 };           /* single edits of which the one that breaks and changes least is looked for */

/* -EINVAL with the reason in D. */
int explain(const struct explain_options *o, struct diag *d, struct explanation *ret);
void explanation_done(struct explanation *e);
#define CLEANUP_EXPLANATION __attribute__((cleanup(explanation_done)))

void explain_print(const struct explanation *e, const struct explain_options *o, bool json, FILE *out);
