/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process tree of a workload, as a set: who starts what, over all instances, each edge in its phase of life.
 * Built from exec observations; what cannot be reached from a root (its caller was never seen to start) is a
 * root itself.
 */
#include <inttypes.h>

#include "webui/api.h"
#include "webui/phase.h"

enum { TREE_MAX = 2000 };

static void add_edge(struct buf *b, const struct observation_row *row, enum phase phase)
{
	const struct observation *o = &row->o;
	buf_printf(b, "%s{\"id\":%" PRId64 ",\"path\":", b->p[b->n - 1] == '[' ? "" : ",\n", o->id);
	buf_json(b, o->path.n ? o->path : o->filename);
	buf_puts(b, ",\"parent\":");
	buf_json(b, o->subject);
	buf_printf(b,
		   ",\"phase\":\"%s\",\"count\":%" PRIu64 ",\"instances\":%" PRIu64
		   ",\"choice\":\"%s\"}",
		   phase_name(phase), o->count, o->instances, choice_name(row->choice));
}

API(api_tree)
{
	STORE_FOR(s, w, r);
	struct observation_query query = OBSERVATION_QUERY_ALL;
	struct observation_row *rows;
	int64_t *startups;
	size_t n, nstartups;
	uint64_t total;
	if (!api_id(q, r, 0, &query.workload))
		return;
	query.kind = KIND_EXEC;
	query.limit = TREE_MAX;
	int err = store_observation_page(s, q->arena, &query, &rows, &n, &total);
	if (!err)
		err = store_startups(s, q->arena, query.workload, KIND_EXEC, PHASE_STARTUP_NS, &startups, &nstartups);
	if (err) {
		store_refusal(r, s, err);
		return;
	}
	buf_printf(&r->body, "{\"total\":%" PRIu64 ",\"shown\":%zu,\"rows\":[", total, n);
	for (size_t i = 0; i < n; i++) {
		const struct observation *o = &rows[i].o;
		bool startup = ids_have(startups, nstartups, o->id);
		add_edge(&r->body, &rows[i], phase_of(o->tags, o->subject, startup));
	}
	buf_puts(&r->body, "]}\n");
}
