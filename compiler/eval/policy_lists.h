/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lists of values that a policy's selectors and macros compare with, numbered in one order: the same list has the same number in
 * a copy of the policy.
 */
#pragma once

#include "schema/policy.h"

struct list_ref {
	const struct strs *values;      /* NULL: numbers, in */
	const struct pid_filter *pids;
	struct place at;
	const char *field;        /* matchBinaries, matchPIDs, matchNamespaces, matchCapabilities, matchArgs */
	enum policy_operator op;
	size_t hook;              /* SIZE_MAX: in a macro */
	int selector;             /* or the macro's number */
};

struct lists {
	struct list_ref *v;
	size_t n, cap;
};

struct lists lists_of(const struct policy *p);   /* the caller frees v */

/* The number of the list in lists_of() that is LIKE it, the same values or pids, and what it is; SIZE_MAX = not one of them. */
size_t list_number(const struct policy *p, const struct list_ref *like, struct list_ref *ret);
