/* SPDX-License-Identifier: GPL-2.0-only */
#include "schema/guard.h"

static const struct {
	const char *name, *summary;
} guards[] = {
#define GUARD(symbol, name, summary) {name, summary},
#include "schema/guards.def"
#undef GUARD
};

const char *guard_word(enum guard g)
{
	return guards[g].name;
}

const char *guard_summary(enum guard g)
{
	return guards[g].summary;
}

int guard_index(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(guards); i++)
		if (str_eq(str_from(guards[i].name), name))
			return (int)i;
	return -1;
}
