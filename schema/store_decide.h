/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decisions: allow, deny or undecided, for one observation or for a rule that covers many. Each batch is
 * stored with its time and a version that grows by one, and can be undone.
 *
 * Two people may decide at once: who decides says which version he saw. When one of *his* targets was decided
 * after that version, nothing is changed and -ESTALE is returned: read again, then decide.
 */
#pragma once

#include "schema/rule.h"
#include "schema/store_read.h"

struct decision {
	int64_t observation;     /* 0: RULE decides */
	struct rule rule;
	enum choice choice;      /* UNDECIDED takes a decision or a rule back */
};

#define STORE_ANY_VERSION UINT64_MAX

/*
 * One batch, one transaction. A rule also decides what it covers and nobody decided by itself, now and
 * whenever more of it is observed; where rules overlap deny wins. -ENOENT: no such workload or observation in it.
 */
int store_decide(struct store *s, int64_t workload, uint64_t seen_version, const struct decision *d,
		 size_t n, uint64_t time_ns, uint64_t *ret_version);

/* Takes the newest batch that stands back; -ENOENT when there is none. Undoing is itself a new version. */
int store_undo(struct store *s, int64_t workload, uint64_t seen_version, uint64_t time_ns,
	       uint64_t *ret_version);

int store_set_mode(struct store *s, int64_t workload, uint64_t seen_version, enum workload_mode mode,
		   uint64_t time_ns, uint64_t *ret_version);

struct rule_row {
	int64_t id;
	struct rule rule;
	enum choice choice;      /* ALLOW or DENY: a rule that was taken back is not listed */
	uint64_t version, time_ns;
};
int store_rules(struct store *s, struct arena *a, int64_t workload, struct rule_row **ret,
		size_t *ret_n);

/* What was decided, newest first; at most LIMIT batches (0 = all). */
struct batch_row {
	uint64_t version, time_ns;
	uint64_t decisions;      /* how many it changed */
	bool undone;
	uint64_t undoes;         /* the version it took back; 0 = none */
};
int store_history(struct store *s, struct arena *a, int64_t workload, uint64_t limit,
		  struct batch_row **ret, size_t *ret_n);

/*
 * The choices that decisions after version SINCE touched, as they stand now: what a reader who holds the rows of
 * that version must change in them.
 */
struct choice_row {
	int64_t observation, rule;
	enum choice choice;
	uint64_t version, time_ns;
};
int store_choices_since(struct store *s, struct arena *a, int64_t workload, uint64_t since,
			struct choice_row **ret, size_t *ret_n);

/*
 * The decisions as version VERSION of the workload left them. *ret: what was decided of single observations since, each with
 * the choice that stood then (UNDECIDED: the rules spoke), by observation; *ret_rules: the rules that stood then.
 */
int store_decisions_at(struct store *s, struct arena *a, int64_t workload, uint64_t version,
		       struct choice_row **ret, size_t *ret_n, struct rule_row **ret_rules,
		       size_t *ret_nrules);

/* What rules say of O: deny wins; among equals the older rule is named. */
void rules_judge(const struct rule_row *rules, size_t n, const struct observation *o, enum choice *ret,
		 int64_t *ret_rule);
