/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two maps in memory: identities (who did it: a workload and an instance of it) and cells (what was done by
 * whom, with what has been counted since the last write). An event that was seen before costs a hash
 * look-up and an addition; who did it is known from the number of its process, where the source gives one. Names are
 * worked out and secrets taken out once per process and cell.
 */
#include "schema/observe.h"

#include "schema/base/arena.h"
#include "schema/base/map.h"
#include "schema/redact.h"

#define IDENTITIES_MAX 50000
#define EXAMPLE_MAX    1024
#define LOSS_REASON_MAX 100
#define ACTORS         4096u   /* a power of two */

struct identity {
	struct workload workload;
	struct instance instance;
	int64_t workload_id, instance_id;   /* 0: not known to the store */
	bool confirmed;                     /* the transaction that gave the ids was committed */
	bool waiting;                       /* named by container id; its pod may still come */
	uint32_t same_as;                   /* the identity with the pod's name, or MAP_NONE */
	uint64_t since_ns;
	struct str docker;
};

struct cell {
	struct observation o;               /* strings in the arena; count and times are the delta */
	uint32_t identity;
	bool touched;
};

/* A process that the source tells again and again, by its number. */
struct actor {
	uint64_t same;
	uint32_t where, identity;
	bool has_example, redacted;
	struct str example;
};

struct loss {
	char *kind, *reason;                /* its own */
	uint64_t n;
};

struct observer {
	struct store *store;
	int64_t recording;
	bool keep_secrets;
	struct observer_stats stats;
	struct arena *arena;
	struct map *identity_keys, *cell_keys;
	struct map *places;                 /* node and cluster */
	uint32_t place;                     /* of the last event */
	struct actor actors[ACTORS];
	struct map *dockers;                /* prefix of a container id -> index into docker_identities */
	struct {
		struct identity *v;
		size_t n, cap;
	} identities;
	struct {
		struct cell *v;
		size_t n, cap;
	} cells;
	struct {
		uint32_t *v;
		size_t n, cap;
	} docker_identities;
	struct {
		uint32_t *v;
		size_t n, cap;
	} touched;
	struct {
		struct loss *v;
		size_t n, cap;
	} losses;
	size_t waiting;
	struct buf key, scratch;
};

static void set_up(struct observer *o)
{
	o->arena = arena_new();
	o->identity_keys = map_new();
	o->cell_keys = map_new();
	o->dockers = map_new();
	o->places = map_new();
	memset(o->actors, 0, sizeof(o->actors));
}

static void tear_down(struct observer *o)
{
	map_free(o->identity_keys);
	map_free(o->cell_keys);
	map_free(o->dockers);
	map_free(o->places);
	arena_free(o->arena);
	o->identities.n = o->cells.n = o->docker_identities.n = o->touched.n = 0;
}

struct observer *observer_new(struct store *store, int64_t recording)
{
	struct observer *o = xcalloc(1, sizeof(*o));
	o->store = store;
	o->recording = recording;
	set_up(o);
	return o;
}

static void clear_losses(struct observer *o)
{
	for (size_t i = 0; i < o->losses.n; i++) {
		free(o->losses.v[i].kind);
		free(o->losses.v[i].reason);
	}
	o->losses.n = 0;
}

void observer_free(struct observer *o)
{
	if (!o)
		return;
	tear_down(o);
	free(o->identities.v);
	free(o->cells.v);
	free(o->docker_identities.v);
	free(o->touched.v);
	clear_losses(o);
	free(o->losses.v);
	buf_done(&o->key);
	buf_done(&o->scratch);
	free(o);
}

void observer_keep_secrets(struct observer *o, bool keep)
{
	o->keep_secrets = keep;
}

void observer_set_recording(struct observer *o, int64_t recording)
{
	o->recording = recording;
}

const struct observer_stats *observer_stats(const struct observer *o)
{
	return &o->stats;
}

void observer_lose(struct observer *o, const char *kind, const char *reason, uint64_t n)
{
	for (size_t i = 0; i < o->losses.n; i++) {
		struct loss *l = &o->losses.v[i];
		if (strcmp(l->kind, kind) || strcmp(l->reason, reason))
			continue;
		l->n += n;
		return;
	}
	*VEC_PUSH(&o->losses) = (struct loss){xstrdup(kind), xstrdup(reason), n};
}

/* ---- who ---- */

static void key_str(struct buf *b, struct str s)
{
	uint32_t n = (uint32_t)s.n;
	buf_add(b, &n, sizeof(n));
	buf_add(b, s.p, s.n);
}

static void keep(struct arena *a, struct str *s)
{
	*s = arena_str(a, *s);
}

static void keep_identity(struct arena *a, struct identity *i)
{
	struct str *const strings[] = {
		&i->workload.cluster, &i->workload.namespace, &i->workload.kind, &i->workload.name,
		&i->workload.container, &i->instance.key, &i->instance.pod, &i->instance.node,
		&i->instance.container_id, &i->instance.image, &i->instance.image_id, &i->instance.labels,
		&i->docker,
	};
	for (size_t n = 0; n < ARRAY_SIZE(strings); n++)
		keep(a, strings[n]);
}

/* How many digits of the container id the export has printed over the years. */
static const size_t docker_lengths[] = {15, 24, 31};

static void stop_waiting(struct observer *o, struct identity *i)
{
	if (i->waiting)
		o->waiting--;
	i->waiting = false;
}

/* A container whose pod is told: those that wait under the beginning of its id are the same. */
static void name_container(struct observer *o, uint32_t number, struct str id)
{
	for (size_t i = 0; i < ARRAY_SIZE(docker_lengths); i++) {
		bool new;
		if (id.n < docker_lengths[i])
			continue;
		map_add(o->dockers, (struct str){id.p, docker_lengths[i]}, &new);
		if (new)
			*VEC_PUSH(&o->docker_identities) = number;
	}
	for (size_t i = 0; o->waiting && i < o->identities.n; i++) {
		struct identity *w = &o->identities.v[i];
		if (!w->waiting || !str_starts(id, w->docker))
			continue;
		w->same_as = number;
		stop_waiting(o, w);
	}
}

/* A container known by the beginning of its id only: perhaps its pod was told before. */
static void wait_for_name(struct observer *o, struct identity *i, uint64_t now_ns)
{
	uint32_t known = map_find(o->dockers, i->docker);
	if (known != MAP_NONE) {
		i->same_as = o->docker_identities.v[known];
		return;
	}
	for (size_t n = 0; n < ARRAY_SIZE(docker_lengths); n++)
		i->waiting |= i->docker.n == docker_lengths[n];
	i->since_ns = now_ns;
	o->waiting += i->waiting;
}

static void stored_key(struct buf *b, const struct workload *w, const struct instance *i)
{
	const struct str parts[] = {w->namespace, w->kind, w->name, w->container, i->key, i->pod,
				    i->container_id, i->image, i->image_id, i->labels};
	for (size_t n = 0; n < ARRAY_SIZE(parts); n++)
		key_str(b, parts[n]);
}

static uint32_t find_identity(struct observer *o, const struct event *ev)
{
	const struct process *p = &ev->process;
	const struct pod *pod = &p->pod;
	bool new;
	buf_clear(&o->key);
	const struct str parts[] = {ev->cluster, ev->node, pod->namespace, pod->name, pod->uid, pod->workload,
				    pod->workload_kind, pod->container_name, pod->container_id,
				    p->docker, p->cgroup};
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		key_str(&o->key, parts[i]);
	if (ev->workload)
		stored_key(&o->key, ev->workload, ev->instance);
	uint32_t number = map_add(o->identity_keys, buf_view(&o->key), &new);
	if (!new)
		return number;
	struct identity *i = VEC_PUSH(&o->identities);
	buf_clear(&o->scratch);
	if (ev->workload) {
		i->workload = *ev->workload;
		i->instance = *ev->instance;
	} else {
		workload_of(p, ev->node, &o->scratch, &i->workload, &i->instance);
	}
	if (i->workload.cluster.n == 0)
		i->workload.cluster = ev->cluster;
	i->docker = p->docker;
	i->same_as = MAP_NONE;
	keep_identity(o->arena, i);
	if (pod->namespace.n && pod->container_id.n)
		name_container(o, number, arena_str(o->arena, pod->container_id));
	else if (!pod->namespace.n && p->docker.n && !ev->workload)
		wait_for_name(o, i, ev->time_ns);
	return number;
}

static uint32_t place_of(struct observer *o, const struct event *ev)
{
	buf_clear(&o->key);
	key_str(&o->key, ev->cluster);
	key_str(&o->key, ev->node);
	if (map_size(o->places) && str_eq(map_key(o->places, o->place), buf_view(&o->key)))
		return o->place;
	return o->place = map_add(o->places, buf_view(&o->key), NULL);
}

static struct actor *actor_slot(struct observer *o, const struct event *ev)
{
	return &o->actors[ev->process.same % ACTORS];
}

static uint32_t identity_of(struct observer *o, const struct event *ev)
{
	if (!ev->process.same)
		return find_identity(o, ev);
	struct actor *a = actor_slot(o, ev);
	uint32_t where = place_of(o, ev);
	if (a->same != ev->process.same || a->where != where)
		*a = (struct actor){.same = ev->process.same, .where = where, .identity = find_identity(o, ev)};
	return a->identity;
}

bool observer_waiting(struct observer *o, uint64_t now_ns)
{
	for (size_t i = 0; o->waiting && i < o->identities.n; i++) {
		struct identity *w = &o->identities.v[i];
		if (w->waiting && now_ns > w->since_ns && now_ns - w->since_ns > OBSERVER_WAIT_NS)
			stop_waiting(o, w);
	}
	return o->waiting > 0;
}

void observer_settle(struct observer *o)
{
	for (size_t i = 0; o->waiting && i < o->identities.n; i++)
		stop_waiting(o, &o->identities.v[i]);
}

bool observer_full(const struct observer *o)
{
	return o->cells.n >= OBSERVER_MAX || o->identities.n >= IDENTITIES_MAX;
}

bool observer_holds(const struct observer *o)
{
	return o->touched.n || o->losses.n;
}

/* ---- what ---- */

static struct str image_of(const struct process *p)
{
	return p->path_known ? p->path : p->filename;
}

/* The event as a set element, its strings still the event's. */
static void describe(const struct event *ev, struct observation *o)
{
	const struct process *actor = ev->kind == KIND_EXEC ? &ev->parent : &ev->process;
	*o = (struct observation){
		.kind = ev->kind,
		.subject = image_of(actor),
		.subject_known = actor->path_known,
		.tags = ev->tags,
	};
	switch (ev->kind) {
	case KIND_EXEC:
		o->filename = ev->process.filename;
		o->path = image_of(&ev->process);
		o->path_known = ev->process.path_known;
		break;
	case KIND_FILE:
		o->path = ev->path;
		o->path_known = ev->path_known;
		o->access = ev->access;
		break;
	case KIND_CONNECT:
	case KIND_BIND:
		o->protocol = ev->protocol;
		o->address = ev->address;
		o->unix_path = ev->unix_path;
		break;
	default:
		o->guard = ev->guard;
		o->path = ev->path;
		o->path_known = ev->path_known;
	}
}

/* The same identity as the store's observation_key(), in the order that is quickest to write. */
static void cell_key(struct buf *b, uint32_t identity, const struct observation *o)
{
	struct {
		uint32_t identity, access, tags;
		struct address address;
		uint8_t kind, protocol, known;
	} fixed;
	memset(&fixed, 0, sizeof(fixed));
	fixed.identity = identity;
	fixed.access = o->access;
	fixed.tags = o->tags & OBSERVATION_TAGS;
	fixed.address = o->address;
	fixed.kind = (uint8_t)o->kind;
	fixed.protocol = o->protocol;
	fixed.known = (uint8_t)(o->subject_known | o->path_known << 1);
	buf_clear(b);
	buf_add(b, &fixed, sizeof(fixed));
	key_str(b, o->subject);
	key_str(b, o->path);
	if (o->kind == KIND_EXEC)
		key_str(b, o->filename);
	else if (kind_has_address(o->kind))
		key_str(b, o->unix_path);
	else if (o->kind == KIND_GUARD)
		key_str(b, o->guard);
}

static struct str make_example(struct observer *o, const struct event *ev, bool *ret_redacted)
{
	const struct process *p = &ev->process;
	*ret_redacted = false;
	buf_clear(&o->scratch);
	if (ev->example.n) {   /* whole, as another store kept it */
		if (o->keep_secrets)
			buf_str(&o->scratch, ev->example);
		else
			*ret_redacted = redact_arguments(p->filename, ev->example, &o->scratch);
		return arena_str(o->arena, buf_view(&o->scratch));
	}
	buf_str(&o->scratch, p->filename);
	if (p->arguments.n) {
		buf_putc(&o->scratch, ' ');
		if (o->keep_secrets) {
			buf_str(&o->scratch, p->arguments);
		} else {
			*ret_redacted = redact_arguments(p->filename, p->arguments, &o->scratch);
		}
	}
	struct str example = buf_view(&o->scratch);
	example.n = MIN(example.n, EXAMPLE_MAX);
	return arena_str(o->arena, example);
}

/* The command line, as far as it may be kept. After identity_of(). */
static struct str example_of(struct observer *o, const struct event *ev, uint32_t *tags)
{
	struct actor once, *a = &once;
	once.has_example = false;
	if (ev->process.same && !ev->example.n)
		a = actor_slot(o, ev);
	if (!a->has_example)
		a->example = make_example(o, ev, &a->redacted);
	a->has_example = true;
	if (a->redacted) {
		*tags |= TAG_REDACTED;
		o->stats.redacted++;
	}
	return a->example;
}

static struct cell *cell_of(struct observer *o, const struct event *ev)
{
	struct observation observation;
	uint32_t identity = identity_of(o, ev);
	describe(ev, &observation);
	cell_key(&o->key, identity, &observation);
	bool new;
	uint32_t number = map_add(o->cell_keys, buf_view(&o->key), &new);
	if (!new)
		return &o->cells.v[number];
	struct cell *c = VEC_PUSH(&o->cells);
	c->o = observation;
	c->identity = identity;
	struct str *const strings[] = {&c->o.subject, &c->o.filename, &c->o.path, &c->o.unix_path, &c->o.guard};
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		keep(o->arena, strings[i]);
	c->o.example = example_of(o, ev, &c->o.tags);
	return c;
}

static bool is_nameless(const struct event *ev)
{
	const struct process *p = &ev->process;
	return !ev->workload && !p->filename.n && !p->path.n && !p->pod.namespace.n && !p->docker.n && !p->cgroup.n;
}

static void add_stored_loss(struct observer *o, const struct event *ev)
{
	char reason[LOSS_REASON_MAX + 1] = {0};
	bool named = kind_from(ev->loss_kind) >= 0;
	memcpy(reason, ev->loss_reason.p, MIN(ev->loss_reason.n, LOSS_REASON_MAX));
	observer_lose(o, named ? kind_name((enum kind)kind_from(ev->loss_kind)) : "any", reason, ev->lost);
}

static void add_loss(struct observer *o, const struct event *ev)
{
	if (ev->loss_reason.n) {
		add_stored_loss(o, ev);
		return;
	}
	bool throttled = str_eq(ev->hook, STR("process_throttle"));
	observer_lose(o, throttled ? "exec" : "any", throttled ? "throttled" : "rate-limit", ev->lost);
}

int observer_learn(struct observer *o, const struct event *ev)
{
	if (ev->kind != KIND_LOSS && !is_nameless(ev))
		identity_of(o, ev);
	return 0;
}

int observer_add(struct observer *o, const struct event *ev)
{
	if (observer_full(o)) {
		int err = observer_flush(o);
		if (err)
			return err;
	}
	o->stats.events += ev->count;
	if (ev->kind == KIND_LOSS) {
		add_loss(o, ev);
		return 0;
	}
	if (is_nameless(ev)) {
		o->stats.unattributed += ev->count;
		observer_lose(o, kind_name(ev->kind), "unattributed", ev->count);
		return 0;
	}
	if (ev->kind == KIND_EXIT || ev->kind == KIND_HOOK)
		return 0;
	struct cell *c = cell_of(o, ev);
	uint64_t time_ns = ev->time_ns ? ev->time_ns : ev->process.start_ns;
	if (!c->touched)
		*VEC_PUSH(&o->touched) = (uint32_t)(c - o->cells.v);
	c->o.first_ns = c->touched ? MIN(c->o.first_ns, time_ns) : time_ns;
	c->o.last_ns = MAX(c->o.last_ns, MAX(time_ns, ev->last_ns));
	c->o.count += ev->count;
	c->o.tags |= ev->tags;
	c->touched = true;
	o->stats.observed += ev->count;
	return 0;
}

/* ---- into the store ---- */

static int store_identity(struct observer *o, struct identity *i)
{
	int err = 0;
	if (!i->workload_id)
		err = store_workload(o->store, &i->workload, &i->workload_id);
	if (!err && !i->instance_id)
		err = store_instance(o->store, i->workload_id, &i->instance, &i->instance_id);
	return err;
}

/* Ids given in a transaction that was rolled back mean nothing. */
static void forget_unconfirmed(struct observer *o)
{
	for (size_t i = 0; i < o->identities.n; i++)
		if (!o->identities.v[i].confirmed)
			o->identities.v[i].workload_id = o->identities.v[i].instance_id = 0;
}

int observer_write(struct observer *o)
{
	int err = 0;
	forget_unconfirmed(o);
	for (size_t t = 0; !err && t < o->touched.n; t++) {
		struct cell *c = &o->cells.v[o->touched.v[t]];
		struct identity *i = &o->identities.v[c->identity];
		if (i->same_as != MAP_NONE)
			i = &o->identities.v[i->same_as];
		err = store_identity(o, i);
		if (err)
			break;
		c->o.workload = i->workload_id;
		int64_t id;
		err = store_observe(o->store, &c->o, i->instance_id, o->recording, &id);
	}
	for (size_t i = 0; !err && i < o->losses.n; i++) {
		const struct loss *l = &o->losses.v[i];
		err = store_loss_add(o->store, o->recording, l->kind, l->reason, l->n);
	}
	return err;
}

void observer_written(struct observer *o)
{
	for (size_t i = 0; i < o->identities.n; i++)
		o->identities.v[i].confirmed = o->identities.v[i].instance_id != 0;
	for (size_t t = 0; t < o->touched.n; t++) {
		struct cell *c = &o->cells.v[o->touched.v[t]];
		c->o.count = c->o.last_ns = 0;
		c->touched = false;
	}
	o->touched.n = 0;
	clear_losses(o);
	if (observer_full(o))
		observer_trim(o, 0);
}

void observer_trim(struct observer *o, size_t keep)
{
	if (o->cells.n <= keep || o->touched.n)
		return;
	tear_down(o);
	o->waiting = 0;
	set_up(o);
}

int observer_flush(struct observer *o)
{
	int err = store_begin(o->store);
	if (err)
		return err;
	err = observer_write(o);
	if (!err)
		err = store_commit(o->store);
	if (err) {
		store_rollback(o->store);
		return err;
	}
	observer_written(o);
	return 0;
}
