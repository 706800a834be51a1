/* SPDX-License-Identifier: GPL-2.0-only */
/* The value of a CelExpr over a hook's arguments. */
#pragma once

#include "schema/policy.h"

/*
 * VALUE tells the N-th entry of the hook's list of args; false: not told. Returns false when the expression's value is not
 * told either, or there is an error in it.
 */
bool policy_cel_value(struct str expr, const struct hook *h, bool (*value)(void *arg, size_t n, int64_t *ret), void *arg,
		      bool *ret);
