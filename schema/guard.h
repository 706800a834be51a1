/* SPDX-License-Identifier: GPL-2.0-only */
/* The guard vocabulary: names and numbers, from guards.def. */
#pragma once

#include "schema/base/base.h"

enum guard {
#define GUARD(symbol, name, summary) GUARD_##symbol,
#include "schema/guards.def"
#undef GUARD
	GUARD_COUNT
};

const char *guard_word(enum guard g);
int guard_index(struct str name);   /* the number, or -1 */
