/* SPDX-License-Identifier: GPL-2.0-only */
/* The table is made with the first refusal: most stores never have one, and those made before there was one can still be written. */
#include "schema/store_refusals.h"
#include "schema/store_private.h"

#define TABLE                                                                                       \
	"CREATE TABLE IF NOT EXISTS refusal("                                                       \
	"recording INTEGER NOT NULL REFERENCES recording, workload INTEGER NOT NULL REFERENCES workload," \
	"kind INTEGER NOT NULL, access INTEGER NOT NULL, subject BLOB NOT NULL, object BLOB NOT NULL," \
	"outcome BLOB NOT NULL, rule BLOB NOT NULL, image BLOB NOT NULL,"                           \
	"count INTEGER NOT NULL, first_ns INTEGER NOT NULL, last_ns INTEGER NOT NULL,"              \
	"PRIMARY KEY(workload,recording,kind,object,subject,access,outcome,rule,image)) STRICT, WITHOUT ROWID"

int store_refusal_add(struct store *s, const struct workload *w, const struct refusal *r)
{
	static const char doing[] = "store a refusal";
	int64_t workload;
	int err = store_workload(s, w, &workload);
	if (!err)
		err = store_run(s, doing, TABLE, "");
	if (err)
		return err;
	return store_run(s, doing,
			 "INSERT INTO refusal(workload,recording,kind,access,subject,object,outcome,rule,image,count,first_ns,last_ns) "
			 "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) ON CONFLICT DO UPDATE SET "
			 "count=min(count+?10,?13),first_ns=min(first_ns,?11),last_ns=max(last_ns,?12)",
			 "iiribbbbbuuuu", workload, r->recording, (int)r->kind, (int64_t)r->access, r->subject, r->object, r->outcome,
			 r->rule, r->image, r->count, r->first_ns, r->last_ns, STORE_MAX_COUNT);
}

static int is_there(struct store *s, const char *doing)
{
	int64_t one;
	return store_number(s, doing, &one, "SELECT 1 FROM sqlite_schema WHERE type='table' AND name='refusal'", "");
}

int store_refusals(struct store *s, struct arena *a, int64_t workload, struct refusal **ret, size_t *ret_n)
{
	static const char reading[] = "read the refusals";
	struct refusal *rows = NULL;
	size_t n = 0;
	int err = is_there(s, reading);
	sqlite3_stmt *q = err != 1 ? NULL
			  : store_query(s, reading, &err,
					"SELECT recording,kind,access,subject,object,outcome,rule,image,count,first_ns,last_ns "
					"FROM refusal WHERE workload=? ORDER BY last_ns DESC,recording,kind,object,subject,rule",
					"i", workload);
	while (q && (err = store_step(s, q, reading)) == 1) {
		if (!column_within(q, 1, KIND_COUNT - 1) || !column_within(q, 2, UINT32_MAX))
			return store_refuse(s, -EUCLEAN, "the file is damaged: a refusal makes no sense; restore it from a copy");
		*ARENA_PUSH(a, rows, n) = (struct refusal){
			.recording = sqlite3_column_int64(q, 0), .kind = (enum kind)sqlite3_column_int(q, 1),
			.access = (uint32_t)column_u64(q, 2), .subject = arena_str(a, column_str(q, 3)),
			.object = arena_str(a, column_str(q, 4)), .outcome = arena_str(a, column_str(q, 5)),
			.rule = arena_str(a, column_str(q, 6)), .image = arena_str(a, column_str(q, 7)),
			.count = column_u64(q, 8), .first_ns = column_u64(q, 9), .last_ns = column_u64(q, 10)};
	}
	*ret = rows;
	*ret_n = n;
	return err;
}

int store_lost_by(struct store *s, struct str origin, uint64_t *ret)
{
	int64_t sum = 0;
	int n = store_number(s, "read the losses", &sum,
			     "SELECT coalesce(sum(l.count),0) FROM loss l JOIN recording r ON r.id=l.recording WHERE r.origin=?", "b", origin);
	*ret = (uint64_t)sum;
	return n < 0 ? n : 0;
}
