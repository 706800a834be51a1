/* SPDX-License-Identifier: GPL-2.0-only */
/* The vocabularies: names and numbers, all from the .def rows. */
#include "schema/event.h"

static const char *const kinds[] = {
#define KIND(symbol, name, summary) name,
#include "schema/kinds.def"
#undef KIND
};
static const char *const accesses[] = {
#define ACCESS(symbol, name, summary) name,
#include "schema/access.def"
#undef ACCESS
};
static const char *const verdicts[] = {
#define VERDICT(symbol, name, summary) name,
#include "schema/verdicts.def"
#undef VERDICT
};
static const char *const tags[] = {
#define TAG(symbol, name, summary) name,
#include "schema/tags.def"
#undef TAG
};

static int find(const char *const *names, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(str_from(names[i]), name))
			return (int)i;
	return -1;
}

const char *kind_name(enum kind k)
{
	return kinds[k];
}

const char *verdict_name(enum verdict v)
{
	return verdicts[v];
}

const char *access_name(enum access_bit bit)
{
	return accesses[bit];
}

const char *tag_name(enum tag_bit bit)
{
	return tags[bit];
}

int kind_from(struct str name)
{
	return find(kinds, ARRAY_SIZE(kinds), name);
}

int access_from(struct str name)
{
	return find(accesses, ARRAY_SIZE(accesses), name);
}

int tag_from(struct str name)
{
	return find(tags, ARRAY_SIZE(tags), name);
}
