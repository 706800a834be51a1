/* SPDX-License-Identifier: GPL-2.0-only */
#include "schema/guard.h"

static const char *const guards[] = {
#define GUARD(symbol, name, summary) name,
#include "schema/guards.def"
#undef GUARD
};

const char *guard_word(enum guard g)
{
	return guards[g];
}

int guard_index(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(guards); i++)
		if (str_eq(str_from(guards[i]), name))
			return (int)i;
	return -1;
}
