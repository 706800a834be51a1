/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From what was observed and decided to an allowlist for one workload.
 *
 * Decisions in the store win: allow takes an observation in, deny keeps it out. Of the undecided ones, those
 * the options ask for are taken in; each that is left out is counted with its reason. What has a path
 * that was cut is never used. One entry stands for all observations of one object: callers are merged, or dropped when CALLERS is off.
 */
#pragma once

#include "compiler/allow/families.h"
#include "schema/allowlist.h"
#include "schema/store_decide.h"

/* Why an observation did not become an entry. Append only; JSON has the names. */
#define LEFT_OUT_REASONS(X)                                                                        \
	X(DENIED, "denied", "a decision denies it")                                                \
	X(INTERACTIVE, "interactive", "entered from outside: kubectl exec and its like, or an exec probe that nothing marks (--interactive takes them)") \
	X(ONE_OFF, "one-off", "seen once, in one of several instances (--one-offs takes them)")     \
	X(UNRESOLVED, "unresolved", "the resolved path is not known (--typed takes the typed one)")  \
	X(PATH_CUT, "path-cut", "the path could not be read whole: never used")                    \
	X(NOT_CHOSEN, "not-chosen", "not among what was chosen")                      \
	X(NO_FILE, "no-file", "memfd, deleted file or unnamed object: no path can allow it")       \
	X(UNIX_SOCKET, "unix-socket", "a unix socket: not judged by address")                      \
	X(READ_ONLY, "read-only", "the file was only read: only changes are judged")               \
	X(UNPROTECTED, "unprotected", "changed outside the protected folders: not judged")      \
	X(BIND, "bind", "an address of its own: not judged")

enum left_out {
#define X(symbol, name, summary) LEFT_OUT_##symbol,
	LEFT_OUT_REASONS(X)
#undef X
	LEFT_OUT_COUNT
};
const char *left_out_name(enum left_out reason);
const char *left_out_summary(enum left_out reason);

struct suggest_options {
	bool interactive, one_offs, typed;   /* take these in as well */
	bool decided_only;                   /* only what a decision allows */
	bool callers;                        /* entries name who does it (by:) */
	enum mode mode;
	const char *const *only;             /* patterns, * and ?; an observation must match one */
	size_t nonly;
	const char *const *except;           /* and none of these */
	size_t nexcept;
	const char *const *protect;          /* judge changes below these too: absolute paths */
	size_t nprotect;
	const char *const *fold;              /* folders whose made-up names become one entry (families.h) */
	size_t nfold;
};

struct left_out_tally {
	uint64_t observations[LEFT_OUT_COUNT], events[LEFT_OUT_COUNT];
	uint64_t taken;                      /* observations that an entry stands for */
	/* Families below protected folders that no entry holds, in the allowlist's arena: the next name would be stopped. */
	struct family *families;
	size_t nfamilies;
	const char *fold_unused;             /* a folder of fold that has no family; NULL = none such */
};

/* Would this observation be taken in? LEFT_OUT_COUNT = yes, else why not. INSTANCES: of the workload. */
enum left_out suggest_judge(const struct observation_row *row, uint64_t instances,
			    const struct suggest_options *o);

/* 0 or -errno of the store (see store_error()). */
int suggest_allowlist(struct store *s, const struct workload_row *w, const struct suggest_options *o,
		      struct left_out_tally *tally, struct allowlist **ret);

/* The same where the caller holds all observations of the workload, as the store has them; HELD NULL: reads them. */
struct rule_row;
struct observed {
	const struct observation_row *rows;
	size_t n;
	bool has_rules;                      /* with these rules instead of the store's */
	const struct rule_row *rules;
	size_t nrules;
};
int suggest_from(struct store *s, const struct workload_row *w, const struct observed *held,
		 const struct suggest_options *o, struct left_out_tally *tally,
		 struct allowlist **ret);
