/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading what surrounds observations: workloads with their totals, instances, recordings, losses. */
#include "schema/store_private.h"

#include <stdlib.h>

static const char doing[] = "read the workloads";

struct fleet {
	struct workload_row *v;    /* sorted by id */
	size_t n;
};

static struct workload_row *find(struct fleet *f, int64_t id)
{
	size_t low = 0, high = f->n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (f->v[mid].id == id)
			return &f->v[mid];
		if (f->v[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static int read_names(struct store *s, struct arena *a, int64_t only, const char *pattern,
		      struct fleet *f)
{
	int err = 0;
	sqlite3_stmt *q = store_query(s, doing, &err,
				      "SELECT id,cluster,namespace,kind,name,container,guess,mode,version,"
				      "instances FROM workload WHERE ?1=0 OR id=?1 ORDER BY id",
				      "i", only);
	if (!q)
		return err;
	while ((err = store_step(s, q, doing)) == 1) {
		struct workload w = {.cluster = column_str(q, 1),
				     .namespace = column_str(q, 2),
				     .kind = column_str(q, 3),
				     .name = column_str(q, 4),
				     .container = column_str(q, 5),
				     .guess = sqlite3_column_int(q, 6)};
		if (pattern && !workload_matches(pattern, &w))
			continue;
		struct str *const fields[] = {&w.cluster, &w.namespace, &w.kind, &w.name, &w.container};
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
			*fields[i] = arena_str(a, *fields[i]);
		CLEANUP_BUF struct buf text = BUF_INIT;
		workload_print(&text, &w);
		uint64_t mode = column_u64(q, 7);
		*ARENA_PUSH(a, f->v, f->n) = (struct workload_row){
			.id = sqlite3_column_int64(q, 0),
			.workload = w,
			.text = arena_str(a, buf_view(&text)),
			.mode = mode < WORKLOAD_MODES ? (enum workload_mode)mode : WORKLOAD_OBSERVE,
			.version = column_u64(q, 8),
			.instances = column_u64(q, 9)};
	}
	return err;
}

static int read_tallies(struct store *s, int64_t only, struct fleet *f)
{
	int err = 0;
	sqlite3_stmt *q = store_query(s, doing, &err,
				      "SELECT workload,kind,observations,events,allowed,denied,first_ns,"
				      "last_ns FROM tally WHERE ?1=0 OR workload=?1",
				      "i", only);
	if (!q)
		return err;
	while ((err = store_step(s, q, doing)) == 1) {
		struct workload_row *w = find(f, sqlite3_column_int64(q, 0));
		uint64_t kind = column_u64(q, 1), n = column_u64(q, 2);
		if (!w || kind >= KIND_COUNT)
			continue;
		uint64_t allowed = column_u64(q, 4), denied = column_u64(q, 5);
		w->observations[kind] = n;
		w->total += n;
		w->events += column_u64(q, 3);
		w->allowed += allowed;
		w->denied += denied;
		w->undecided += n - MIN(n, allowed + denied);
		uint64_t first = column_u64(q, 6);
		w->first_ns = w->first_ns ? MIN(w->first_ns, first) : first;
		w->last_ns = MAX(w->last_ns, column_u64(q, 7));
	}
	return err;
}

/* Rows (workload, number) of SQL, the number into the field at OFFSET. */
static int read_numbers(struct store *s, struct fleet *f, size_t offset, sqlite3_stmt *q, int err)
{
	if (!q)
		return err;
	while ((err = store_step(s, q, doing)) == 1) {
		struct workload_row *w = find(f, sqlite3_column_int64(q, 0));
		if (w)
			*(uint64_t *)((char *)w + offset) = column_u64(q, 1);
	}
	return err;
}

static int read_recent(struct store *s, int64_t only, uint64_t now_ns, struct fleet *f)
{
	int64_t newest = 0;
	int err = store_number(s, doing, &newest, "SELECT coalesce(max(last_ns),0) FROM tally", "");
	if (err < 0)
		return err;
	uint64_t now = now_ns ? now_ns : (uint64_t)MAX(newest, 0);
	uint64_t since = now > STORE_DAY_NS ? now - STORE_DAY_NS : 0;
	err = 0;
	sqlite3_stmt *q =
		only ? store_query(s, doing, &err,
				   "SELECT ?1,count(*) FROM observation WHERE workload=?1 AND first_ns>?2",
				   "iu", only, since)
		     : store_query(s, doing, &err,
				   "SELECT w.id,(SELECT count(*) FROM observation o WHERE o.workload=w.id "
				   "AND o.first_ns>?1) FROM workload w",
				   "u", since);
	return read_numbers(s, f, offsetof(struct workload_row, recent), q, err);
}

static int read_presence(struct store *s, int64_t only, struct fleet *f)
{
	int err = 0;
	sqlite3_stmt *q = store_query(s, doing, &err,
				      "SELECT workload,count(*) FROM presence WHERE ?1=0 OR workload=?1 "
				      "GROUP BY workload",
				      "i", only);
	err = read_numbers(s, f, offsetof(struct workload_row, recordings), q, err);
	if (err)
		return err;
	/* Losses are few: start from them. */
	q = store_query(s, doing, &err,
			"SELECT p.workload,sum(l.n) FROM (SELECT recording,sum(count) AS n FROM loss GROUP BY "
			"recording) l CROSS JOIN presence p ON p.recording=l.recording "
			"WHERE ?1=0 OR p.workload=?1 GROUP BY p.workload",
			"i", only);
	return read_numbers(s, f, offsetof(struct workload_row, lost), q, err);
}

static int read_fleet(struct store *s, struct arena *a, int64_t only, const char *pattern,
		      uint64_t now_ns, struct fleet *f)
{
	bool began = store_snapshot(s);
	int err = read_names(s, a, only, pattern, f);
	if (!err)
		err = read_tallies(s, only, f);
	if (!err)
		err = read_recent(s, only, now_ns, f);
	if (!err)
		err = read_presence(s, only, f);
	store_snapshot_end(s, began);
	return err;
}

static int by_text(const void *a, const void *b)
{
	const struct workload_row *x = a, *y = b;
	int c = str_cmp(x->text, y->text);
	return c ? c : (x->id > y->id) - (x->id < y->id);
}

int store_workloads(struct store *s, struct arena *a, const char *pattern, uint64_t now_ns,
		    struct workload_row **ret, size_t *ret_n)
{
	struct fleet f = {0};
	int err = read_fleet(s, a, 0, pattern, now_ns, &f);
	if (err)
		return err;
	if (f.n)
		qsort(f.v, f.n, sizeof(*f.v), by_text);
	*ret = f.v;
	*ret_n = f.n;
	return 0;
}

int store_workload_get(struct store *s, struct arena *a, int64_t id, uint64_t now_ns,
		       struct workload_row *ret)
{
	struct fleet f = {0};
	int err = id > 0 ? read_fleet(s, a, id, NULL, now_ns, &f) : 0;
	if (err)
		return err;
	if (f.n == 0)
		return store_refuse(s, -ENOENT, "no workload %lld", (long long)id);
	*ret = f.v[0];
	return 0;
}

int store_instances(struct store *s, struct arena *a, int64_t workload, struct instance_row **ret,
		    size_t *ret_n)
{
	struct instance_row *rows = NULL;
	size_t n = 0;
	int err = 0;
	sqlite3_stmt *q = store_query(s, "read the instances", &err,
				      "SELECT id,workload,key,pod,node,container_id,image,image_id,labels,"
				      "start_ns FROM instance WHERE workload=? ORDER BY start_ns,id",
				      "i", workload);
	if (!q)
		return err;
	while ((err = store_step(s, q, "read the instances")) == 1) {
		if (!labels_valid(column_str(q, 8))) {
			err = store_refuse(s, -EUCLEAN,
					   "the file is damaged: instance %lld makes no sense; restore it from a copy",
					   (long long)sqlite3_column_int64(q, 0));
			sqlite3_reset(q);
			return err;
		}
		*ARENA_PUSH(a, rows, n) = (struct instance_row){
			.id = sqlite3_column_int64(q, 0),
			.workload = sqlite3_column_int64(q, 1),
			.instance = {.key = arena_str(a, column_str(q, 2)),
				     .pod = arena_str(a, column_str(q, 3)),
				     .node = arena_str(a, column_str(q, 4)),
				     .container_id = arena_str(a, column_str(q, 5)),
				     .image = arena_str(a, column_str(q, 6)),
				     .image_id = arena_str(a, column_str(q, 7)),
				     .labels = arena_str(a, column_str(q, 8)),
				     .start_ns = column_u64(q, 9)}};
	}
	*ret = rows;
	*ret_n = n;
	return err;
}

int store_sightings(struct store *s, struct arena *a, int64_t observation, struct sighting **ret,
		    size_t *ret_n)
{
	struct sighting *rows = NULL;
	size_t n = 0;
	int err = 0;
	sqlite3_stmt *q = store_query(s, "read the sightings", &err,
				      "SELECT instance,recording,count,first_ns,last_ns FROM sighting "
				      "WHERE observation=? ORDER BY first_ns,instance,recording",
				      "i", observation);
	if (!q)
		return err;
	while ((err = store_step(s, q, "read the sightings")) == 1)
		*ARENA_PUSH(a, rows, n) = (struct sighting){.instance = sqlite3_column_int64(q, 0),
							    .recording = sqlite3_column_int64(q, 1),
							    .count = column_u64(q, 2),
							    .first_ns = column_u64(q, 3),
							    .last_ns = column_u64(q, 4)};
	*ret = rows;
	*ret_n = n;
	return err;
}

static int read_ids(struct store *s, struct arena *a, sqlite3_stmt *q, int err, int64_t **ret, size_t *ret_n)
{
	int64_t *v = NULL;
	size_t n = 0;
	if (!q)
		return err;
	while ((err = store_step(s, q, "read the sightings")) == 1)
		*ARENA_PUSH(a, v, n) = sqlite3_column_int64(q, 0);
	*ret = v;
	*ret_n = n;
	return err;
}

int store_startups(struct store *s, struct arena *a, int64_t workload, int kind, uint64_t within_ns,
		   int64_t **ret, size_t *ret_n)
{
	int err = 0;
	sqlite3_stmt *q = store_query(s, "read the sightings", &err,
				      "SELECT o.id FROM observation o JOIN sighting g ON g.observation=o.id "
				      "LEFT JOIN instance i ON i.id=g.instance WHERE o.workload=?1 AND (?3<0 OR o.kind=?3) "
				      "GROUP BY o.id HAVING min(coalesce(i.start_ns,0))>0 AND max(g.last_ns-i.start_ns)<=?2 "
				      "ORDER BY o.id",
				      "iur", workload, within_ns, kind);
	return read_ids(s, a, q, err, ret, ret_n);
}

int store_seen_in(struct store *s, struct arena *a, int64_t workload, int64_t instance, int64_t **ret,
		  size_t *ret_n)
{
	int err = 0;
	sqlite3_stmt *q = store_query(s, "read the sightings", &err,
				      "SELECT o.id FROM observation o WHERE o.workload=?1 AND EXISTS(SELECT 1 FROM "
				      "sighting g WHERE g.observation=o.id AND g.instance=?2) ORDER BY o.id",
				      "ii", workload, instance);
	return read_ids(s, a, q, err, ret, ret_n);
}

static struct recording_row recording_row(sqlite3_stmt *q, struct arena *a)
{
	struct recording_row r = {
		.recording = {.id = sqlite3_column_int64(q, 0),
			      .uid = arena_str(a, column_str(q, 1)),
			      .source = arena_str(a, column_str(q, 2)),
			      .origin = arena_str(a, column_str(q, 3)),
			      .node = arena_str(a, column_str(q, 4)),
			      .kernel = arena_str(a, column_str(q, 5)),
			      .boot_id = arena_str(a, column_str(q, 6)),
			      .hooks = arena_str(a, column_str(q, 7)),
			      .misses = arena_str(a, column_str(q, 8)),
			      .start_ns = column_u64(q, 9),
			      .end_ns = column_u64(q, 10),
			      .events = column_u64(q, 11)},
		.lost = column_u64(q, 12),
		.workloads = column_u64(q, 13)};
	r.complete = r.recording.end_ns && r.lost == 0;
	return r;
}

int store_recordings(struct store *s, struct arena *a, int64_t workload, struct recording_row **ret,
		     size_t *ret_n)
{
	static const char reading[] = "read the recordings";
	struct recording_row *rows = NULL;
	size_t n = 0;
	int err = 0;
	sqlite3_stmt *q = store_query(
		s, reading, &err,
		"SELECT id,uid,source,origin,node,kernel,boot_id,hooks,misses,start_ns,end_ns,events,"
		"(SELECT coalesce(sum(count),0) FROM loss l WHERE l.recording=r.id),"
		"(SELECT count(*) FROM presence p WHERE p.recording=r.id) FROM recording r "
		"WHERE ?1=0 OR id IN (SELECT recording FROM presence WHERE workload=?1) "
		"ORDER BY start_ns,id",
		"i", workload);
	if (!q)
		return err;
	while ((err = store_step(s, q, reading)) == 1)
		*ARENA_PUSH(a, rows, n) = recording_row(q, a);
	*ret = rows;
	*ret_n = n;
	return err;
}

int store_losses(struct store *s, struct arena *a, int64_t workload, struct loss_row **ret,
		 size_t *ret_n)
{
	static const char reading[] = "read the losses";
	struct loss_row *rows = NULL;
	size_t n = 0;
	int err = 0;
	sqlite3_stmt *q = store_query(s, reading, &err,
				      "SELECT recording,kind,reason,count FROM loss WHERE ?1=0 OR recording IN "
				      "(SELECT recording FROM presence WHERE workload=?1) "
				      "ORDER BY count DESC,recording,kind,reason",
				      "i", workload);
	if (!q)
		return err;
	while ((err = store_step(s, q, reading)) == 1)
		*ARENA_PUSH(a, rows, n) = (struct loss_row){.recording = sqlite3_column_int64(q, 0),
							    .kind = arena_str(a, column_str(q, 1)),
							    .reason = arena_str(a, column_str(q, 2)),
							    .count = column_u64(q, 3)};
	*ret = rows;
	*ret_n = n;
	return err;
}
