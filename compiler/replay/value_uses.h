/* SPDX-License-Identifier: GPL-2.0-only */
/* Which listed values of a set's policies decided something in a replay: bits by value, so that parts merge. */
#pragma once

#include "compiler/eval/policy_lists.h"
#include "compiler/replay/policy_set.h"

struct value_uses;

struct value_uses *value_uses_new(const struct policy_set *set);   /* borrowed */
void value_uses_free(struct value_uses *u);

/* For engine_values(): U is a struct value_uses. */
void value_uses_note(void *u, const struct strs *list, size_t i, bool used);
void value_uses_add(struct value_uses *into, const struct value_uses *from);

/* Calls FN for each value that was counted and decided nothing, in order of policy, list and value. */
typedef void unused_value_fn(void *arg, size_t policy, const struct list_ref *list, size_t i);
void value_uses_unused(const struct value_uses *u, unused_value_fn *fn, void *arg);
