/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Would an agent on TARGET load a policy that its parser took? The rules that need no machine; what
 * only the kernel's BTF or a file on the node can tell is not judged here.
 */
#pragma once

#include "schema/policy.h"
#include "schema/target.h"

/*
 * The one place for these rules: lint tells them, and the evaluator judges no policy that they refuse.
 *
 * 0, or -EINVAL with every reason in D: file, line, column, field, what to do. What loads but is
 * not applied as written (a selector area above POLICY_AREA_MAX) is a warning.
 */
int policy_load_check(const struct policy *p, const struct target *t, struct diag *d);

/* Why policies are refused, for whoever judges the others without them. */
struct policy_refusal {
	const char *rule, *path, *message, *fix;   /* of the first reason; rule NULL: it loads */
	struct place at;
	size_t reasons;
};

/* True, with the first reason in *ret and its texts in ARENA, when no agent on TARGET would load P. */
bool policy_refused(const struct policy *p, const struct target *t, struct arena *arena, struct policy_refusal *ret);

/*
 * The same, as findings of WAYS; true: it loads. Without a TARGET that somebody gave, what only some kernels or agents
 * refuse is a note.
 */
bool policy_load_findings(const struct policy *p, const struct target *t, bool target_given, unsigned ways,
			  struct findings *f);

enum {
	POLICY_AREA_MAX = 1024,
	POLICY_SELECTORS_MAX = 5,
	POLICY_FILTERS_MAX = 5,
	POLICY_ACTIONS_MAX = 3,
	POLICY_VALUES_MAX = 4,
	POLICY_TABLES_MAX = 8,
	POLICY_TAGS_MAX = 16,
	POLICY_FOLLOWED_MAX = 64,   /* filters with followChildren; of all policies of an agent */
};

/* Bytes that a hook's selectors take of the agent's selector area (macros not expanded). */
size_t policy_selector_area(const struct hook *h);

/* Tables that filters fill, by kind; of each a program has POLICY_TABLES_MAX. Strings are kept by length. */
enum { POLICY_STRING_CLASSES = 11 };
extern const unsigned policy_string_classes[POLICY_STRING_CLASSES];
struct policy_tables {
	unsigned equal[POLICY_STRING_CLASSES];
	unsigned prefix, postfix, set, address4, address6, substring, cel;
};
/* Adds those of H's selectors (macros not expanded). */
void policy_count_tables(const struct hook *h, struct policy_tables *t);

/* The truth of a boolean option as Go's strconv reads it; false when absent. */
bool policy_option_true(const struct policy *p, const char *name);

/* Do its kprobes run as one program, where the target has kprobe.multi? On arm64 not those of a policy that overrides or has enforcers. */
bool policy_kprobe_multi(const struct policy *p, const struct target *t);

/* The list behind "list:NAME", or NULL. */
const struct policy_list *policy_list_of(const struct policy *p, struct str call);

/* An element of a list of system calls, with its prefix or its ABI: is it of the 32-bit ABI? Its number there, -1 = none. */
bool policy_call_is_compat(struct str call);
int policy_call_number(const struct target *t, struct str call);

/* What a filter compares: the list entry it names, or NULL. DATA: a matchData filter. */
const struct spec_arg *policy_filter_arg(const struct hook *h, const struct arg_filter *f,
					 bool data);
