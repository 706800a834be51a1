/* SPDX-License-Identifier: GPL-2.0-only */
/* A walk over workloads, and within each over its observations, turned back into events. */
#include "compiler/replay/source_store.h"

#include "schema/store_read.h"

struct source_store {
	struct source source;
	struct store *store;
	struct arena *arena;
	struct workload_row *workloads;
	size_t nworkloads, at;            /* the workload being streamed is at - 1 */
	struct instance instance;         /* one of its instances: pod name, labels, image */
	struct store_cursor *cursor;
	const struct observation_row *held;   /* instead of the cursor */
	const uint8_t *choices;           /* of them */
	const uint32_t *order;            /* NULL: as they lie */
	size_t nheld, nread;
	enum choice choice;               /* of the last event */

	/* Of source_store_sightings(). */
	struct instance_row *instances;       /* of the workload, by id */
	size_t ninstances;
	struct observation_row row;
	struct arena *row_arena;
	struct sighting *sightings;           /* of the row, that are still to come */
	size_t nsightings;
	struct loss_row *losses;
	size_t nlosses;
};

static int by_id(const void *a, const void *b)
{
	int64_t x = ((const struct instance_row *)a)->id, y = ((const struct instance_row *)b)->id;
	return x < y ? -1 : x > y;
}

static int open_workload(struct source_store *s)
{
	const struct workload_row *w = &s->workloads[s->at];
	struct instance_row *rows;
	size_t n;
	int err = store_instances(s->store, s->arena, w->id, &rows, &n);
	if (err)
		return err;
	s->instance = n ? rows[0].instance : (struct instance){.start_ns = 0};
	if (n)
		qsort(rows, n, sizeof(*rows), by_id);
	s->instances = rows;
	s->ninstances = n;
	struct observation_query q = OBSERVATION_QUERY_ALL;
	q.workload = w->id;
	err = store_observations(s->store, &q, &s->cursor);
	if (!err)
		s->at++;
	return err;
}

static void fill_identity(const struct source_store *s, struct process *p)
{
	const struct workload *w = &s->workloads[s->at - 1].workload;
	p->docker = s->instance.container_id;
	if (str_eq(w->namespace, STR("host")) || str_eq(w->namespace, STR("unknown")))
		return;
	p->pod = (struct pod){.namespace = w->namespace,
			      .name = s->instance.pod.n ? s->instance.pod : w->name,
			      .workload = w->name,
			      .workload_kind = w->kind,
			      .container_name = w->container,
			      .container_id = s->instance.container_id,
			      .image = s->instance.image,
			      .image_id = s->instance.image_id,
			      .labels = s->instance.labels};
}

static void fill_subject(const struct observation *o, struct process *p)
{
	p->filename = o->subject;
	p->path_known = o->subject_known;
	if (o->subject_known)
		p->path = o->subject;
}

/* The example is the program as typed and its arguments. */
static struct str arguments_of(const struct observation *o)
{
	struct str e = o->example;
	if (!str_starts(e, o->filename))
		return e;
	e = str_skip(e, o->filename.n);
	return e.n && e.p[0] == ' ' ? str_skip(e, 1) : e;
}

static void fill_event(struct source_store *s, const struct observation *o, struct event *ev)
{
	const struct workload *w = &s->workloads[s->at - 1].workload;
	*ev = (struct event){.kind = o->kind,
			     .count = o->count,
			     .time_ns = o->first_ns,
			     .line = (uint64_t)o->id,
			     .source = STR("store"),
			     .node = s->instance.node,
			     .cluster = w->cluster,
			     .workload = w,
			     .instance = &s->instance,
			     .tags = o->tags,
			     .access = o->access,
			     .protocol = o->protocol,
			     .address = o->address,
			     .unix_path = o->unix_path,
			     .guard = o->guard};
	fill_identity(s, &ev->process);
	if (o->kind == KIND_EXEC) {
		ev->process.filename = o->filename;
		ev->process.path = o->path_known ? o->path : (struct str){NULL, 0};
		ev->process.path_known = o->path_known;
		ev->process.arguments = arguments_of(o);
		ev->has_parent = true;
		fill_identity(s, &ev->parent);
		fill_subject(o, &ev->parent);
	} else {
		ev->path = o->path;
		ev->path_known = o->path_known;
		fill_subject(o, &ev->process);
	}
}

static int next_held(struct source *source, struct event *ev)
{
	struct source_store *s = (struct source_store *)source;
	if (s->nread == s->nheld)
		return 0;
	size_t at = s->order ? s->order[s->nread] : s->nread;
	fill_event(s, &s->held[at].o, ev);
	s->choice = s->choices[at];
	s->nread++;
	return 1;
}

static int next_row(struct source_store *s, struct observation_row *ret)
{
	for (;;) {
		if (!s->cursor) {
			if (s->at == s->nworkloads)
				return 0;
			int err = open_workload(s);
			if (err)
				return err;
		}
		int more = store_cursor_next(s->cursor, ret);
		if (more)
			return more;
		store_cursor_close(TAKE(s->cursor));
	}
}

static int next(struct source *source, struct event *ev)
{
	struct source_store *s = (struct source_store *)source;
	struct observation_row row;
	int more = next_row(s, &row);
	if (more > 0) {
		fill_event(s, &row.o, ev);
		s->choice = row.choice;
	}
	return more;
}

static int read_sightings(struct source_store *s)
{
	arena_free(s->row_arena);
	s->row_arena = arena_new();
	return store_sightings(s->store, s->row_arena, s->row.o.id, &s->sightings, &s->nsightings);
}

static void fill_sighting(struct source_store *s, const struct sighting *seen, struct event *ev)
{
	const struct instance_row key = {.id = seen->instance}, *found =
		s->ninstances ? bsearch(&key, s->instances, s->ninstances, sizeof(key), by_id) : NULL;
	s->instance = found ? found->instance : (struct instance){.start_ns = 0};
	fill_event(s, &s->row.o, ev);
	ev->count = seen->count;
	ev->time_ns = seen->first_ns;
	ev->last_ns = seen->last_ns == seen->first_ns ? 0 : seen->last_ns;
	ev->example = s->row.o.example;
}

static int next_sighting(struct source *source, struct event *ev)
{
	struct source_store *s = (struct source_store *)source;
	while (!s->nsightings) {
		int more = next_row(s, &s->row);
		if (more > 0)
			more = read_sightings(s);
		else if (more == 0)
			break;
		if (more < 0)
			return more;
	}
	if (s->nsightings) {
		fill_sighting(s, s->sightings++, ev);
		s->nsightings--;
		return 1;
	}
	if (!s->nlosses)
		return 0;
	const struct loss_row *l = s->losses++;
	s->nlosses--;
	*ev = (struct event){.kind = KIND_LOSS, .count = 1, .section = HOOK_OTHER, .hook = STR("rate_limit_info"),
			     .lost = l->count, .loss_kind = l->kind, .loss_reason = l->reason};
	return 1;
}

static void close_source(struct source *source)
{
	struct source_store *s = (struct source_store *)source;
	store_cursor_close(s->cursor);
	arena_free(s->row_arena);
	arena_free(s->arena);
	free(s);
}

static struct source_store *new_source(struct store *store)
{
	static const struct source_ops ops = {.next = next, .close = close_source};
	struct source_store *s = xcalloc(1, sizeof(*s));
	*s = (struct source_store){.source = {&ops}, .store = store, .arena = arena_new()};
	return s;
}

int source_store_open(struct store *store, const char *pattern, struct source **ret,
		      size_t *ret_workloads)
{
	struct source_store *s = new_source(store);
	int err = store_workloads(store, s->arena, pattern, 0, &s->workloads, &s->nworkloads);
	if (err) {
		close_source(&s->source);
		return err;
	}
	if (ret_workloads)
		*ret_workloads = s->nworkloads;
	*ret = &s->source;
	return 0;
}

int source_store_sightings(struct store *store, const char *pattern, struct source **ret, size_t *ret_workloads)
{
	static const struct source_ops ops = {.next = next_sighting, .close = close_source};
	int err = source_store_open(store, pattern, ret, ret_workloads);
	if (err)
		return err;
	struct source_store *s = (struct source_store *)*ret;
	s->source.ops = &ops;
	err = store_losses(store, s->arena, 0, &s->losses, &s->nlosses);
	if (err)
		source_close(TAKE(*ret));
	return err;
}

int source_store_workload(struct store *store, int64_t workload, struct source **ret)
{
	struct source_store *s = new_source(store);
	s->workloads = arena_alloc(s->arena, sizeof(*s->workloads));
	s->nworkloads = 1;
	int err = store_workload_get(store, s->arena, workload, 0, s->workloads);
	if (err) {
		close_source(&s->source);
		return err;
	}
	*ret = &s->source;
	return 0;
}

struct source *source_store_held(const struct workload_row *w, const struct instance *instance,
				 const struct observation_row *rows, const uint8_t *choices, const uint32_t *order,
				 size_t n)
{
	static const struct source_ops ops = {.next = next_held, .close = close_source};
	struct source_store *s = new_source(NULL);
	s->source.ops = &ops;
	s->workloads = arena_alloc(s->arena, sizeof(*s->workloads));
	*s->workloads = *w;
	s->nworkloads = s->at = 1;
	s->instance = *instance;
	s->held = rows;
	s->choices = choices;
	s->order = order;
	s->nheld = n;
	return &s->source;
}

enum choice source_store_choice(const struct source *source)
{
	return ((const struct source_store *)source)->choice;
}
