/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was observed does not change while it is held, so threads share it; choices do, under the evidence's own
 * lock. Instances are few and are read again for each request: their labels may change without a new observation.
 */
#include "webui/held.h"

#include "compiler/replay/source_store.h"

struct held {
	struct held *next;
	unsigned users;                   /* with the lock of struct web held */
	int64_t workload;
	uint64_t total, events, last_ns, instances;   /* when it was read */
	struct arena *arena;
	struct observation_row *rows;
	size_t n;
	uint32_t *by_id, *by_time;        /* places in rows */
	struct instance instance;
	pthread_mutex_t lock;             /* over what follows, and the choices in rows */
	uint64_t version;
};

static void free_one(struct held *e)
{
	pthread_mutex_destroy(&e->lock);
	arena_free(e->arena);
	free(e->by_id);
	free(e->by_time);
	free(e);
}
DEFINE_CLEANUP(struct held *, free_one)

void held_free(struct web *w)
{
	while (w->held) {
		struct held *e = w->held;
		w->held = e->next;
		free_one(e);
	}
}

static bool same_instance(const struct instance *a, const struct instance *b)
{
	return str_eq(a->pod, b->pod) && str_eq(a->node, b->node) && str_eq(a->container_id, b->container_id) &&
	       str_eq(a->image, b->image) && str_eq(a->image_id, b->image_id) && str_eq(a->labels, b->labels) &&
	       a->start_ns == b->start_ns;
}

static bool describes(const struct held *e, const struct workload_row *row, const struct instance *first)
{
	return e->workload == row->id && e->total == row->total && e->events == row->events &&
	       e->last_ns == row->last_ns && e->instances == row->instances &&
	       same_instance(&e->instance, first);
}

/* With the lock held: the one that holds it, in use and first in the list. */
static struct held *find(struct web *w, const struct workload_row *row, const struct instance *first)
{
	for (struct held **at = &w->held; *at; at = &(*at)->next) {
		struct held *e = *at;
		if (!describes(e, row, first))
			continue;
		*at = e->next;
		e->next = w->held;
		w->held = e;
		e->users++;
		return e;
	}
	return NULL;
}

/* With the lock held: frees what nobody uses: beyond the limit, and what a newer reading replaced. */
static void trim(struct web *w)
{
	size_t n = 0;
	for (struct held **at = &w->held; *at;) {
		struct held *e = *at;
		bool replaced = false;
		for (const struct held *newer = w->held; newer != e; newer = newer->next)
			replaced |= newer->workload == e->workload;
		if (e->users || (++n <= HELD_KEPT && !replaced)) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		free_one(e);
	}
}

static int by_id(const void *a, const void *b, void *arg)
{
	const struct observation_row *rows = arg;
	int64_t x = rows[*(const uint32_t *)a].o.id, y = rows[*(const uint32_t *)b].o.id;
	return (x > y) - (x < y);
}

static int by_time(const void *a, const void *b, void *arg)
{
	const struct observation_row *rows = arg;
	uint64_t x = rows[*(const uint32_t *)a].o.first_ns, y = rows[*(const uint32_t *)b].o.first_ns;
	return x == y ? by_id(a, b, arg) : x > y ? 1 : -1;
}

static uint32_t *sorted(struct observation_row *rows, size_t n, int (*order)(const void *, const void *, void *))
{
	uint32_t *places = xcalloc(n + 1, sizeof(*places));
	for (size_t i = 0; i < n; i++)
		places[i] = (uint32_t)i;
	qsort_r(places, n, sizeof(*places), order, rows);
	return places;
}

static int first_instance(struct store *s, struct arena *a, int64_t workload, struct instance *ret)
{
	struct instance_row *rows;
	size_t n;
	int err = store_instances(s, a, workload, &rows, &n);
	*ret = !err && n ? rows[0].instance : (struct instance){.start_ns = 0};
	return err;
}

static int read_all(struct store *s, const struct workload_row *row, struct held **ret)
{
	CLEANUP(free_one) struct held *e = xcalloc(1, sizeof(*e));
	pthread_mutex_init(&e->lock, NULL);
	e->arena = arena_new();
	e->workload = row->id;
	e->total = row->total;
	e->events = row->events;
	e->last_ns = row->last_ns;
	e->instances = row->instances;
	e->version = row->version;
	struct observation_query q = OBSERVATION_QUERY_ALL;
	q.workload = row->id;
	int err = first_instance(s, e->arena, row->id, &e->instance);
	if (!err)
		err = store_observation_page(s, e->arena, &q, &e->rows, &e->n, NULL);
	if (err)
		return err;
	e->by_id = sorted(e->rows, e->n, by_id);
	e->by_time = sorted(e->rows, e->n, by_time);
	e->users = 1;
	*ret = TAKE(e);
	return 0;
}

static struct observation_row *row_of(struct held *e, int64_t id)
{
	size_t low = 0, high = e->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (e->rows[e->by_id[middle]].o.id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < e->n && e->rows[e->by_id[low]].o.id == id ? &e->rows[e->by_id[low]] : NULL;
}

/* With the evidence's lock held. */
static int follow_choices(struct held *e, struct store *s, uint64_t version)
{
	if (version <= e->version)
		return 0;
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct choice_row *v;
	size_t n;
	int err = store_choices_since(s, a, e->workload, e->version, &v, &n);
	if (err)
		return err;
	for (size_t i = 0; i < n; i++) {
		struct observation_row *row = row_of(e, v[i].observation);
		if (!row)
			continue;
		row->choice = v[i].choice;
		row->rule = v[i].rule;
		row->choice_version = v[i].version;
		row->choice_ns = v[i].time_ns;
	}
	e->version = version;
	return 0;
}

int held_get(struct web *w, struct store *s, const struct workload_row *row, struct held **ret)
{
	*ret = NULL;
	if (row->total > HELD_ROWS_MAX)
		return 0;
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct instance first;
	int err = first_instance(s, a, row->id, &first);
	if (err)
		return err;
	pthread_mutex_lock(&w->lock);
	struct held *e = find(w, row, &first);
	pthread_mutex_unlock(&w->lock);
	if (!e) {
		err = read_all(s, row, &e);
		if (err)
			return err;
		pthread_mutex_lock(&w->lock);
		e->next = w->held;
		w->held = e;
		trim(w);
		pthread_mutex_unlock(&w->lock);
	}
	*ret = e;
	return 0;
}

void held_back(struct web *w, struct held *e)
{
	pthread_mutex_lock(&w->lock);
	e->users--;
	trim(w);
	pthread_mutex_unlock(&w->lock);
}

int held_suggest(struct held *e, struct store *s, const struct workload_row *row,
		     const struct suggest_options *o, struct left_out_tally *tally,
		     struct allowlist **ret)
{
	if (!e)
		return suggest_allowlist(s, row, o, tally, ret);
	pthread_mutex_lock(&e->lock);
	int err = follow_choices(e, s, row->version);
	const struct observed rows = {.rows = e->rows, .n = e->n};
	if (!err)
		err = suggest_from(s, row, &rows, o, tally, ret);
	pthread_mutex_unlock(&e->lock);
	return err;
}

/* With the evidence's lock held: the rows as they were chosen at AT; the caller frees *ret->rows. */
static int rows_at(struct held *e, struct store *s, struct arena *a, uint64_t at, struct observed *ret)
{
	struct choice_row *later;
	struct rule_row *rules;
	size_t nlater, nrules;
	int err = store_decisions_at(s, a, e->workload, at, &later, &nlater, &rules, &nrules);
	if (err)
		return err;
	struct observation_row *rows = xcalloc(e->n + 1, sizeof(*rows));
	memcpy(rows, e->rows, e->n * sizeof(*rows));
	for (size_t i = 0, k = 0; i < e->n; i++) {
		struct observation_row *row = &rows[e->by_id[i]];
		while (k < nlater && later[k].observation < row->o.id)
			k++;
		if (row->rule)
			row->choice = CHOICE_UNDECIDED;
		if (k < nlater && later[k].observation == row->o.id)
			row->choice = later[k].choice;
		row->rule = 0;
		if (row->choice == CHOICE_UNDECIDED)
			rules_judge(rules, nrules, &row->o, &row->choice, &row->rule);
	}
	*ret = (struct observed){.rows = rows, .n = e->n, .has_rules = true, .rules = rules, .nrules = nrules};
	return 0;
}

int held_suggest_at(struct held *e, struct store *s, const struct workload_row *row, uint64_t at,
		    const struct suggest_options *o, struct left_out_tally *tally,
		    struct allowlist **ret)
{
	if (at >= row->version)
		return held_suggest(e, s, row, o, tally, ret);
	if (!e)
		return -E2BIG;
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct observed then = {.rows = NULL};
	pthread_mutex_lock(&e->lock);
	int err = follow_choices(e, s, row->version);
	if (!err)
		err = rows_at(e, s, a, at, &then);
	pthread_mutex_unlock(&e->lock);
	if (!err)
		err = suggest_from(s, row, &then, o, tally, ret);
	free((void *)then.rows);
	return err;
}

size_t held_rows(const struct held *e)
{
	return e->n;
}

int held_choices(struct held *e, struct store *s, const struct workload_row *row, uint8_t **ret)
{
	*ret = NULL;
	if (!e)
		return 0;
	pthread_mutex_lock(&e->lock);
	int err = follow_choices(e, s, row->version);
	uint8_t *choices = err ? NULL : xcalloc(e->n + 1, 1);
	for (size_t i = 0; !err && i < e->n; i++)
		choices[i] = (uint8_t)e->rows[i].choice;
	pthread_mutex_unlock(&e->lock);
	*ret = choices;
	return err;
}

struct source *held_part(struct held *e, const struct workload_row *row, const uint8_t *choices, size_t part,
			 size_t parts)
{
	size_t first = e->n * part / parts;
	return source_store_held(row, &e->instance, e->rows + first, choices + first, NULL,
				 e->n * (part + 1) / parts - first);
}

int held_source(struct held *e, struct store *s, const struct workload_row *row, const uint8_t *choices,
		struct source **ret)
{
	if (!e)
		return source_store_workload(s, row->id, ret);
	*ret = source_store_held(row, &e->instance, e->rows, choices, e->by_time, e->n);
	return 0;
}
