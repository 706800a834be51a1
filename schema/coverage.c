/* SPDX-License-Identifier: GPL-2.0-only */
/* Two lists out of one table: words for a kind, and the answer for one access. */
#include "schema/coverage.h"

#include "schema/event.h"

#define SEEN   COVERAGE_SEEN
#define BARE   COVERAGE_BARE
#define TYPED  COVERAGE_TYPED
#define MISSED COVERAGE_MISSED

static const struct {
	const char *kind, *what;
	uint32_t access;
	enum coverage by[COVERAGE_WAYS];
} features[] = {
#define FEATURE(kind, what, access, hooks, calls) {kind, what, access, {hooks, calls}},
#include "schema/coverage.def"
#undef FEATURE
};

static void list(const char *kind, enum coverage_way way, enum coverage as, const char *title, struct buf *b)
{
	bool first = true;
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		if (strcmp(features[i].kind, kind) || features[i].by[way] != as)
			continue;
		buf_printf(b, "%s%s%s", !first ? "; " : b->n ? ". " : "", first ? title : "", features[i].what);
		first = false;
	}
}

void coverage_lacks(const char *kind, enum coverage_way way, struct buf *b)
{
	CLEANUP_FREE char *missed = xasprintf("%s not seen: ", kind), *typed = xasprintf("%s, only as typed: ", kind);
	CLEANUP_FREE char *bare = xasprintf("%s, as typed unless by a bare name in an open or the working folder: ", kind);
	list(kind, way, COVERAGE_MISSED, missed, b);
	list(kind, way, COVERAGE_TYPED, typed, b);
	list(kind, way, COVERAGE_BARE, bare, b);
}

static bool way_of(struct str hooks, enum coverage_way *ret)
{
	static const struct {
		struct str word;
		enum coverage_way way;
	} ways[] = {
		{STR_INIT("file=lsm/"), COVERAGE_HOOKS},
		{STR_INIT("file=fentry/"), COVERAGE_HOOKS},
		{STR_INIT("file=calls/"), COVERAGE_CALLS},
	};
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		if (!hooks.n || !memmem(hooks.p, hooks.n, ways[i].word.p, ways[i].word.n))
			continue;
		*ret = ways[i].way;
		return true;
	}
	return false;
}

enum coverage coverage_of_access(struct str hooks, uint32_t bit)
{
	enum coverage_way way;
	if (!way_of(hooks, &way))
		return COVERAGE_MISSED;
	for (size_t i = 0; i < ARRAY_SIZE(features); i++)
		if (features[i].access & bit)
			return features[i].by[way];
	return COVERAGE_SEEN;   /* what every open tells */
}
