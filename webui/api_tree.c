/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process tree of a workload, as a set: who starts what, over all instances, each edge in its phase of life.
 * Built from exec observations; what cannot be reached from a root (its caller was never seen to start) is a
 * root itself.
 */
#include <inttypes.h>

#include "webui/api.h"

enum { TREE_MAX = 2000, STARTUP_SECONDS = 60 };

static const char *base_name(struct str path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	return slash ? slash + 1 : path.p;
}

static bool is_scheduler(struct str path)
{
	static const char *const names[] = {"cron", "crond", "anacron", "atd", "supercronic"};
	for (size_t i = 0; path.n && i < ARRAY_SIZE(names); i++) {
		size_t n = (size_t)(path.p + path.n - base_name(path));
		if (n == strlen(names[i]) && !memcmp(base_name(path), names[i], n))
			return true;
	}
	return false;
}

/* Every sighting of it ended within a minute of its instance's start. */
static bool only_at_start(struct store *s, struct arena *a, int64_t observation,
			  const struct instance_row *instances, size_t ninstances)
{
	struct sighting *v;
	size_t n;
	if (store_sightings(s, a, observation, &v, &n) || !n)
		return false;
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;
		while (k < ninstances && instances[k].id != v[i].instance)
			k++;
		uint64_t start = k < ninstances ? instances[k].instance.start_ns : 0;
		if (!start || v[i].last_ns > start + STARTUP_SECONDS * NSEC_PER_SEC)
			return false;
	}
	return true;
}

static const char *phase_of(const struct observation *o, bool startup)
{
	if (o->tags & TAG_INTERACTIVE)
		return "interactive";
	if (o->tags & TAG_PROBE)
		return "probes";
	if (is_scheduler(o->subject))
		return "scheduled";
	if (startup || o->tags & TAG_ENTRYPOINT)
		return "start-up";
	return "steady";
}

static void add_edge(struct buf *b, const struct observation_row *row, const char *phase)
{
	const struct observation *o = &row->o;
	buf_printf(b, "%s{\"id\":%" PRId64 ",\"path\":", b->p[b->n - 1] == '[' ? "" : ",\n", o->id);
	buf_json(b, o->path.n ? o->path : o->filename);
	buf_puts(b, ",\"parent\":");
	buf_json(b, o->subject);
	buf_printf(b,
		   ",\"phase\":\"%s\",\"count\":%" PRIu64 ",\"instances\":%" PRIu64
		   ",\"choice\":\"%s\"}",
		   phase, o->count, o->instances, choice_name(row->choice));
}

API(api_tree)
{
	STORE_FOR(s, w, r);
	struct observation_query query = OBSERVATION_QUERY_ALL;
	struct observation_row *rows;
	struct instance_row *instances;
	size_t n, ninstances;
	uint64_t total;
	if (!api_id(q, r, 0, &query.workload))
		return;
	query.kind = KIND_EXEC;
	query.limit = TREE_MAX;
	int err = store_observation_page(s, q->arena, &query, &rows, &n, &total);
	if (!err)
		err = store_instances(s, q->arena, query.workload, &instances, &ninstances);
	if (err) {
		store_refusal(r, s, err);
		return;
	}
	buf_printf(&r->body, "{\"total\":%" PRIu64 ",\"shown\":%zu,\"rows\":[", total, n);
	for (size_t i = 0; i < n; i++) {
		bool startup = only_at_start(s, q->arena, rows[i].o.id, instances, ninstances);
		add_edge(&r->body, &rows[i], phase_of(&rows[i].o, startup));
	}
	buf_puts(&r->body, "]}\n");
}
