/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings, losses, workloads, instances and observations: upserts that add.
 *
 * An observation is found by its key; then its totals and its sighting change. Totals per workload are
 * summed in memory during a transaction and written once, at its end.
 */
#include "schema/store_private.h"

#include <assert.h>
#include <stdio.h>
#include <sys/random.h>

/* ---- recordings and losses ---- */

static int make_uid(struct store *s, char ret[33])
{
	unsigned char bytes[16];
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return store_refuse(s, -errno, "cannot name a recording: %s", strerror(errno));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

int store_recording_add(struct store *s, const struct recording *r, int64_t *ret_id)
{
	static const char doing[] = "store a recording";
	char made[33];
	struct str uid = r->uid;
	if (uid.n == 0) {
		int err = make_uid(s, made);
		if (err)
			return err;
		uid = str_from(made);
	}
	int n = store_number(s, doing, ret_id, "SELECT id FROM recording WHERE uid=?", "b", uid);
	if (n)
		return n < 0 ? n : store_refuse(s, -EEXIST, "it holds this recording already");
	int err = store_run(s, doing,
			    "INSERT INTO recording(uid,source,origin,node,kernel,boot_id,hooks,misses,"
			    "start_ns,end_ns,events) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
			    "bbbbbbbbuuu", uid, r->source, r->origin, r->node, r->kernel, r->boot_id,
			    r->hooks, r->misses, r->start_ns, r->end_ns, r->events);
	if (!err)
		*ret_id = sqlite3_last_insert_rowid(s->db);
	return err;
}

int store_recording_update(struct store *s, int64_t id, uint64_t end_ns, uint64_t events)
{
	return store_run(s, "store a recording", "UPDATE recording SET end_ns=?2,events=?3 WHERE id=?1",
			 "iuu", id, end_ns, events);
}

int store_loss_add(struct store *s, int64_t recording, const char *kind, const char *reason,
		   uint64_t n)
{
	return store_run(s, "store a loss",
			 "INSERT INTO loss VALUES(?1,?2,?3,?4) ON CONFLICT DO UPDATE "
			 "SET count=min(count+?4,?5)",
			 "ittuu", recording, kind, reason, n, STORE_MAX_COUNT);
}

/* ---- workloads and instances ---- */

int store_workload(struct store *s, const struct workload *w, int64_t *ret_id)
{
	static const char doing[] = "store a workload";
	int err = 0;
	sqlite3_stmt *q = store_query(s, doing, &err,
				      "SELECT id,guess FROM workload WHERE namespace=? AND kind=? AND "
				      "name=? AND container=? AND cluster=?",
				      "bbbbb", w->namespace, w->kind, w->name, w->container, w->cluster);
	if (!q || (err = store_step(s, q, doing)) < 0)
		return err;
	if (err == 1) {
		int64_t id = sqlite3_column_int64(q, 0);
		bool guess = sqlite3_column_int(q, 1);
		sqlite3_reset(q);
		*ret_id = id;
		if (guess && !w->guess) /* now it is told */
			return store_run(s, doing, "UPDATE workload SET guess=0 WHERE id=?", "i", id);
		return 0;
	}
	err = store_run(s, doing,
			"INSERT INTO workload(cluster,namespace,kind,name,container,guess) "
			"VALUES(?,?,?,?,?,?)",
			"bbbbbr", w->cluster, w->namespace, w->kind, w->name, w->container, (int)w->guess);
	if (!err)
		*ret_id = sqlite3_last_insert_rowid(s->db);
	return err;
}

/* What was not known at first sight (image, labels, start) is filled in by a later one. */
static int complete_instance(struct store *s, int64_t id, const struct instance *i)
{
	return store_run(s, "store an instance",
			 "UPDATE instance SET "
			 "pod=iif(length(pod),pod,?2),node=iif(length(node),node,?3),"
			 "container_id=iif(length(container_id),container_id,?4),"
			 "image=iif(length(image),image,?5),image_id=iif(length(image_id),image_id,?6),"
			 "labels=iif(length(labels),labels,?7),start_ns=iif(start_ns,start_ns,?8) "
			 "WHERE id=?1",
			 "ibbbbbbu", id, i->pod, i->node, i->container_id, i->image, i->image_id,
			 i->labels, i->start_ns);
}

int store_instance(struct store *s, int64_t workload, const struct instance *i, int64_t *ret_id)
{
	static const char doing[] = "store an instance";
	int n = store_number(s, doing, ret_id, "SELECT id FROM instance WHERE workload=? AND key=?",
			     "ib", workload, i->key);
	if (n)
		return n < 0 ? n : complete_instance(s, *ret_id, i);
	int err = store_run(s, doing,
			    "INSERT INTO instance(workload,key,pod,node,container_id,image,image_id,"
			    "labels,start_ns) VALUES(?,?,?,?,?,?,?,?,?)",
			    "ibbbbbbbu", workload, i->key, i->pod, i->node, i->container_id, i->image,
			    i->image_id, i->labels, i->start_ns);
	if (err)
		return err;
	*ret_id = sqlite3_last_insert_rowid(s->db);
	return store_run(s, doing, "UPDATE workload SET instances=instances+1 WHERE id=?", "i", workload);
}

/* ---- observations ---- */

/* Bytes that sort as the strings do and end where they end: 0 is written as 0 255, the end as 0 1. */
static void key_str(struct buf *b, struct str v)
{
	while (v.n) {
		const char *zero = memchr(v.p, '\0', v.n);
		size_t n = zero ? (size_t)(zero - v.p) : v.n;
		buf_add(b, v.p, n);
		v = str_skip(v, n);
		if (zero) {
			buf_add(b, "\0\377", 2);
			v = str_skip(v, 1);
		}
	}
	buf_add(b, "\0\1", 2);
}

static void key_u32(struct buf *b, uint32_t v)
{
	buf_add(b, (char[]){(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v}, 4);
}

void observation_key(struct buf *b, const struct observation *o)
{
	buf_putc(b, (char)o->kind);
	key_str(b, o->path);
	if (kind_has_address(o->kind)) {
		const struct address *a = &o->address;
		buf_putc(b, (char)a->family);
		buf_add(b, a->bytes, sizeof(a->bytes));
		buf_add(b, (char[]){(char)(a->port >> 8), (char)a->port, (char)o->protocol}, 3);
		key_str(b, o->unix_path);
	}
	key_str(b, o->subject);
	key_str(b, o->filename);
	key_str(b, o->guard);
	key_u32(b, o->access);
	key_u32(b, o->tags & OBSERVATION_TAGS);
	buf_putc(b, (char)(o->subject_known | o->path_known << 1));
}

static struct store_delta *delta_for(struct store *s, int64_t workload, int64_t recording,
				     enum kind kind)
{
	if (s->deltas.n) { /* batches come sorted: mostly the one before */
		struct store_delta *last = &s->deltas.v[s->deltas.n - 1];
		if (last->workload == workload && last->recording == recording && last->kind == kind)
			return last;
	}
	int64_t key[3] = {workload, recording, kind};
	bool fresh;
	uint32_t at = map_add(s->delta_keys, (struct str){(const char *)key, sizeof(key)}, &fresh);
	if (!fresh)
		return &s->deltas.v[at];
	struct store_delta *d = VEC_PUSH(&s->deltas);
	*d = (struct store_delta){.workload = workload, .recording = recording, .kind = kind,
				  .first_ns = UINT64_MAX};
	return d;
}

void store_deltas_drop(struct store *s)
{
	if (s->deltas.n == 0)
		return;
	s->deltas.n = 0;
	map_free(s->delta_keys);
	s->delta_keys = map_new();
}

int store_deltas_flush(struct store *s)
{
	static const char doing[] = "store the totals";
	int err = 0;
	for (size_t i = 0; i < s->deltas.n && !err; i++) {
		const struct store_delta *d = &s->deltas.v[i];
		err = store_run(s, doing,
				"INSERT INTO tally VALUES(?1,?2,?3,?4,?5,?6,?7,?8) ON CONFLICT DO UPDATE "
				"SET observations=observations+?3,events=min(events+?4,?9),"
				"allowed=allowed+?5,denied=denied+?6,"
				"first_ns=min(first_ns,?7),last_ns=max(last_ns,?8)",
				"iruuuuuuu", d->workload, (int)d->kind, d->observations, d->events,
				d->allowed, d->denied, d->first_ns, d->last_ns, STORE_MAX_COUNT);
		if (!err)
			err = store_run(s, doing, "INSERT OR IGNORE INTO presence VALUES(?,?)", "ii",
					d->workload, d->recording);
	}
	return err;
}

static const char observing[] = "store an observation";

static int insert_observation(struct store *s, const struct observation *o, enum choice choice,
			      int64_t rule, int64_t *ret_id)
{
	const struct address *a = &o->address;
	struct str address = {(const char *)a->bytes, a->family == 4 ? 4 : a->family ? 16 : 0};
	int err = store_run(s, observing,
			    "INSERT INTO observation(workload,kind,choice,tags,instances,count,first_ns,"
			    "last_ns,rule,subject_known,path_known,access,protocol,family,address,port,path,"
			    "subject,filename,unix_path,guard,example) "
			    "VALUES(?,?,?,?,1,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
			    "irriuuuirrirrbrbbbbbb", o->workload, (int)o->kind, (int)choice,
			    (int64_t)o->tags, o->count, o->first_ns, o->last_ns, rule,
			    (int)o->subject_known, (int)o->path_known, (int64_t)o->access,
			    (int)o->protocol, (int)a->family, address, (int)a->port, o->path, o->subject,
			    o->filename, o->unix_path, o->guard, o->example);
	if (err)
		return err;
	*ret_id = sqlite3_last_insert_rowid(s->db);
	return store_run(s, observing, "INSERT INTO observation_key VALUES(?,?,?)", "ibi", o->workload,
			 buf_view(&s->key), *ret_id);
}

/* first_ns has an index, so it is written only when it changes. */
static int add_to_observation(struct store *s, const struct observation *o, int64_t id)
{
	int err = store_run(s, observing,
			    "UPDATE observation SET count=min(count+?2,?6),last_ns=max(last_ns,?4),"
			    "tags=tags|?5,example=iif(length(example),example,?7) "
			    "WHERE id=?1 AND first_ns<=?3",
			    "iuuuiub", id, o->count, o->first_ns, o->last_ns, (int64_t)o->tags,
			    STORE_MAX_COUNT, o->example);
	if (err || sqlite3_changes(s->db))
		return err;
	err = store_run(s, observing,
			"UPDATE observation SET count=min(count+?2,?6),first_ns=min(first_ns,?3),"
			"last_ns=max(last_ns,?4),tags=tags|?5,"
			"example=iif(length(example),example,?7) WHERE id=?1",
			"iuuuiub", id, o->count, o->first_ns, o->last_ns, (int64_t)o->tags,
			STORE_MAX_COUNT, o->example);
	if (!err && !sqlite3_changes(s->db))
		return store_refuse(s, -EUCLEAN, "the file is damaged: observation %lld is missing",
				    (long long)id);
	return err;
}

static int insert_sighting(struct store *s, const struct observation *o, int64_t id,
			   int64_t instance, int64_t recording)
{
	return store_run(s, observing, "INSERT INTO sighting VALUES(?,?,?,?,?,?)", "iiiuuu", id, instance,
			 recording, o->count, o->first_ns, o->last_ns);
}

static int add_to_sighting(struct store *s, const struct observation *o, int64_t id,
			   int64_t instance, int64_t recording)
{
	int err = store_run(s, observing,
			    "UPDATE sighting SET count=min(count+?4,?7),first_ns=min(first_ns,?5),"
			    "last_ns=max(last_ns,?6) WHERE observation=?1 AND instance=?2 AND recording=?3",
			    "iiiuuuu", id, instance, recording, o->count, o->first_ns, o->last_ns,
			    STORE_MAX_COUNT);
	if (err || sqlite3_changes(s->db))
		return err;
	int64_t known;
	int n = store_number(s, observing, &known,
			     "SELECT 1 FROM sighting WHERE observation=? AND instance=? LIMIT 1", "ii", id,
			     instance);
	if (n < 0)
		return n;
	if (n == 0)
		err = store_run(s, observing, "UPDATE observation SET instances=instances+1 WHERE id=?",
				"i", id);
	return err ? err : insert_sighting(s, o, id, instance, recording);
}

int store_observe(struct store *s, const struct observation *o, int64_t instance,
		  int64_t recording, int64_t *ret_id)
{
	assert(s->arena); /* within store_begin() .. store_commit() */
	buf_clear(&s->key);
	observation_key(&s->key, o);
	int64_t id = 0;
	int n = store_number(s, observing, &id,
			     "SELECT observation FROM observation_key WHERE workload=? AND key=?", "ib",
			     o->workload, buf_view(&s->key));
	if (n < 0)
		return n;
	struct store_delta *d = delta_for(s, o->workload, recording, o->kind);
	int err = 0;
	if (n == 1) {
		err = add_to_observation(s, o, id);
		if (!err)
			err = add_to_sighting(s, o, id, instance, recording);
	} else {
		enum choice choice = CHOICE_UNDECIDED;
		int64_t rule = 0;
		if (s->have_rules)
			err = store_rules_judge(s, o, &choice, &rule);
		if (!err)
			err = insert_observation(s, o, choice, rule, &id);
		if (!err)
			err = insert_sighting(s, o, id, instance, recording);
		d->observations++;
		d->allowed += choice == CHOICE_ALLOW;
		d->denied += choice == CHOICE_DENY;
	}
	if (err)
		return err;
	d->events += MIN(o->count, STORE_MAX_COUNT - d->events);
	d->first_ns = MIN(d->first_ns, o->first_ns);
	d->last_ns = MAX(d->last_ns, o->last_ns);
	if (ret_id)
		*ret_id = id;
	return 0;
}
