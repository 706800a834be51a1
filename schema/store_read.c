/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Observations, by cursor and by page.
 *
 * A page in path order without filters walks the key index alone and looks up only the rows it shows; any
 * other order scans the workload's rows once and keeps the best.
 */
#include "schema/store_private.h"

#include <stdio.h>

static const char *const choices[] = {"undecided", "allow", "deny"};
static const char *const modes[] = {"observe", "monitor", "enforce"};
static const struct {
	const char *name, *column;
} sorts[] = {
	[SORT_PATH] = {"path", "k.key"},
	[SORT_COUNT] = {"count", "o.count"},
	[SORT_FIRST] = {"first", "o.first_ns"},
	[SORT_LAST] = {"last", "o.last_ns"},
	[SORT_INSTANCES] = {"instances", "o.instances"},
	[SORT_SUBJECT] = {"subject", "o.subject"},
	[SORT_CHOICE] = {"choice", "o.choice"},
};

static int find(const char *const *names, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(str_from(names[i]), name))
			return (int)i;
	return -1;
}

const char *choice_name(enum choice c)
{
	return choices[c];
}

int choice_from(struct str name)
{
	return find(choices, ARRAY_SIZE(choices), name);
}

const char *workload_mode_name(enum workload_mode m)
{
	return modes[m];
}

int workload_mode_from(struct str name)
{
	return find(modes, ARRAY_SIZE(modes), name);
}


int observation_sort_from(struct str name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sorts); i++)
		if (str_eq(str_from(sorts[i].name), name))
			return (int)i;
	return -1;
}

int store_observation_row(struct store *s, sqlite3_stmt *q, struct observation_row *ret)
{
	struct str address = column_str(q, 17);
	if (!column_within(q, 2, KIND_COUNT - 1) || !column_within(q, 3, CHOICE_COUNT - 1) ||
	    !column_within(q, 4, UINT32_MAX) || !column_within(q, 14, UINT32_MAX) ||
	    !column_within(q, 15, UINT8_MAX) || !column_family(q, 16) ||
	    !column_within(q, 18, UINT16_MAX) || address.n > 16)
		return store_refuse(s, -EUCLEAN,
				    "the file is damaged: observation %lld makes no sense; restore it from a copy",
				    (long long)sqlite3_column_int64(q, 0));
	*ret = (struct observation_row){
		.o = {.id = sqlite3_column_int64(q, 0),
		      .workload = sqlite3_column_int64(q, 1),
		      .kind = (enum kind)sqlite3_column_int(q, 2),
		      .tags = (uint32_t)column_u64(q, 4),
		      .instances = column_u64(q, 5),
		      .count = column_u64(q, 6),
		      .first_ns = column_u64(q, 7),
		      .last_ns = column_u64(q, 8),
		      .subject_known = sqlite3_column_int(q, 12),
		      .path_known = sqlite3_column_int(q, 13),
		      .access = (uint32_t)column_u64(q, 14),
		      .protocol = (uint8_t)column_u64(q, 15),
		      .address = {.family = (uint8_t)column_u64(q, 16), .port = (uint16_t)column_u64(q, 18)},
		      .path = column_str(q, 19),
		      .subject = column_str(q, 20),
		      .filename = column_str(q, 21),
		      .unix_path = column_str(q, 22),
		      .guard = column_str(q, 23),
		      .example = column_str(q, 24)},
		.choice = (enum choice)sqlite3_column_int(q, 3),
		.rule = sqlite3_column_int64(q, 9),
		.choice_version = column_u64(q, 10),
		.choice_ns = column_u64(q, 11)};
	if (address.n)
		memcpy(ret->o.address.bytes, address.p, address.n);
	return 0;
}

/* ---- text filter ---- */

static unsigned char ascii_lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool contains(struct str s, struct str lower)
{
	if (lower.n == 0)
		return true;
	for (size_t i = 0; i + lower.n <= s.n; i++) {
		if (ascii_lower(s.p[i]) != (unsigned char)lower.p[0])
			continue;
		size_t k = 1;
		while (k < lower.n && ascii_lower(s.p[i + k]) == (unsigned char)lower.p[k])
			k++;
		if (k == lower.n)
			return true;
	}
	return false;
}

/* mentions(lower-case needle, family, address, port, string...) */
static void sql_mentions(sqlite3_context *context, int n, sqlite3_value **v)
{
	struct str needle = {sqlite3_value_blob(v[0]), (size_t)sqlite3_value_bytes(v[0])};
	bool found = false;
	for (int i = 4; i < n && !found; i++) {
		const char *p = sqlite3_value_blob(v[i]);
		found = contains((struct str){p, (size_t)sqlite3_value_bytes(v[i])}, needle);
	}
	int family = sqlite3_value_int(v[1]), bytes = sqlite3_value_bytes(v[2]);
	if (!found && family && bytes <= 16) {
		struct observation o = {.address = {.family = (uint8_t)family,
						    .port = (uint16_t)sqlite3_value_int(v[3])}};
		memcpy(o.address.bytes, sqlite3_value_blob(v[2]), (size_t)bytes);
		CLEANUP_BUF struct buf b = BUF_INIT;
		endpoint_print(&b, &o);
		found = contains(buf_view(&b), needle);
	}
	sqlite3_result_int(context, found);
}

/* ---- cursors ---- */

struct store_cursor {
	struct store *store;
	sqlite3_stmt *stmt;
	struct buf needle;
	char kind_key[2];
};

static bool has_row_filter(const struct observation_query *q)
{
	return q->choice >= 0 || q->text.n || q->tags_any || q->tags_none || q->instance ||
	       q->recording || q->observation;
}

static void add_key_range(struct buf *b, const struct observation_query *q)
{
	buf_puts(b, q->workload ? " WHERE k.workload=:workload" : " WHERE 1");
	if (q->kind >= 0)
		buf_puts(b, " AND k.key>=:kind_from AND k.key<:kind_to");
}

static void add_row_filter(struct buf *b, const struct observation_query *q)
{
	if (q->choice >= 0)
		buf_printf(b, " AND o.choice=%d", q->choice);
	if (q->tags_any)
		buf_printf(b, " AND (o.tags&%u)!=0", q->tags_any);
	if (q->tags_none)
		buf_printf(b, " AND (o.tags&%u)=0", q->tags_none);
	if (q->observation)
		buf_printf(b, " AND o.id=%lld", (long long)q->observation);
	if (q->text.n)
		buf_puts(b, " AND mentions(:text,o.family,o.address,o.port,o.path,o.subject,o.filename,"
			    "o.unix_path,o.guard,o.example)");
	if (q->instance || q->recording) {
		buf_puts(b, " AND EXISTS(SELECT 1 FROM sighting g WHERE g.observation=o.id");
		if (q->instance)
			buf_printf(b, " AND g.instance=%lld", (long long)q->instance);
		if (q->recording)
			buf_printf(b, " AND g.recording=%lld", (long long)q->recording);
		buf_putc(b, ')');
	}
}

static void add_from(struct buf *b, const struct observation_query *q, bool by_key)
{
	if (by_key) {
		buf_puts(b, " FROM observation_key k CROSS JOIN observation o ON o.id=k.observation");
		add_key_range(b, q);
	} else {
		buf_puts(b, q->workload ? " FROM observation o WHERE o.workload=:workload"
					: " FROM observation o WHERE 1");
		if (q->kind >= 0)
			buf_printf(b, " AND o.kind=%d", q->kind);
	}
	add_row_filter(b, q);
}

static void add_limit(struct buf *b, const struct observation_query *q)
{
	if (q->limit || q->offset)
		buf_printf(b, " LIMIT %lld OFFSET %llu",
			   q->limit ? (long long)MIN(q->limit, (uint64_t)INT64_MAX) : -1ll,
			   (unsigned long long)MIN(q->offset, (uint64_t)INT64_MAX));
}

static void build_list(struct buf *b, const struct observation_query *q)
{
	const char *direction = q->descending ? " DESC" : "";
	buf_puts(b, "SELECT " OBSERVATION_COLUMNS);
	if (q->sort == SORT_PATH && !has_row_filter(q)) {
		buf_puts(b, " FROM (SELECT k.workload AS w,k.key AS key,k.observation AS id FROM observation_key k");
		add_key_range(b, q);
		buf_printf(b, " ORDER BY k.workload%s,k.key%s", direction, direction);
		add_limit(b, q);
		buf_printf(b, ") k CROSS JOIN observation o ON o.id=k.id ORDER BY k.w%s,k.key%s", direction,
			   direction);
		return;
	}
	bool by_key = q->sort == SORT_PATH && !q->observation;
	add_from(b, q, by_key);
	if (by_key)
		buf_printf(b, " ORDER BY k.workload%s,k.key%s", direction, direction);
	else if (!q->observation)
		buf_printf(b, " ORDER BY %s%s,o.id", sorts[q->sort].column, direction);
	add_limit(b, q);
}

static int bind_named(sqlite3_stmt *q, const char *name, struct str v)
{
	int i = sqlite3_bind_parameter_index(q, name);
	return i ? sqlite3_bind_blob(q, i, v.p ? v.p : "", (int)v.n, SQLITE_STATIC) : SQLITE_OK;
}

/* Prepares SQL with the parameters of Q. */
static int open_cursor(struct store *s, const struct observation_query *q, const char *sql,
		       struct store_cursor **ret)
{
	static const char doing[] = "read the observations";
	CLEANUP(store_cursor_close) struct store_cursor *c = xcalloc(1, sizeof(*c));
	c->store = s;
	if (q->text.n > STORE_MAX_FIELD)
		return store_refuse(s, -E2BIG, "the text to search for is too long");
	for (size_t i = 0; i < q->text.n; i++)
		buf_putc(&c->needle, (char)ascii_lower(q->text.p[i]));
	c->kind_key[0] = (char)q->kind;
	c->kind_key[1] = (char)(q->kind + 1);
	int rc = sqlite3_create_function_v2(s->db, "mentions", -1, SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL,
					    sql_mentions, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v3(s->db, sql, -1, 0, &c->stmt, NULL);
	if (rc != SQLITE_OK)
		return store_fail(s, rc, doing);
	int workload = sqlite3_bind_parameter_index(c->stmt, ":workload");
	if (workload)
		rc = sqlite3_bind_int64(c->stmt, workload, q->workload);
	if (rc == SQLITE_OK)
		rc = bind_named(c->stmt, ":kind_from", (struct str){c->kind_key, 1});
	if (rc == SQLITE_OK)
		rc = bind_named(c->stmt, ":kind_to", (struct str){c->kind_key + 1, 1});
	if (rc == SQLITE_OK)
		rc = bind_named(c->stmt, ":text", buf_view(&c->needle));
	if (rc != SQLITE_OK)
		return store_fail(s, rc, doing);
	*ret = TAKE(c);
	return 0;
}

int store_observations(struct store *s, const struct observation_query *q, struct store_cursor **ret)
{
	CLEANUP_BUF struct buf sql = BUF_INIT;
	build_list(&sql, q);
	return open_cursor(s, q, sql.p, ret);
}

int store_cursor_next(struct store_cursor *c, struct observation_row *ret)
{
	int n = store_step(c->store, c->stmt, "read the observations");
	if (n <= 0)
		return n;
	int err = store_observation_row(c->store, c->stmt, ret);
	return err ? err : 1;
}

void store_cursor_close(struct store_cursor *c)
{
	if (!c)
		return;
	sqlite3_finalize(c->stmt);
	buf_done(&c->needle);
	free(c);
}

/* ---- pages ---- */

static void keep_strings(struct arena *a, struct observation *o)
{
	struct str *const fields[] = {&o->path, &o->subject, &o->filename,
				      &o->unix_path, &o->guard, &o->example};
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		*fields[i] = arena_str(a, *fields[i]);
}

static int count_all(struct store *s, const struct observation_query *q, uint64_t *ret)
{
	static const char doing[] = "count the observations";
	int64_t total = 0;
	if (!has_row_filter(q)) {
		int n = store_number(s, doing, &total,
				     "SELECT coalesce(sum(observations),0) FROM tally WHERE "
				     "(?1=0 OR workload=?1) AND (?2<0 OR kind=?2)",
				     "ir", q->workload, q->kind);
		*ret = (uint64_t)total;
		return n < 0 ? n : 0;
	}
	CLEANUP_BUF struct buf sql = BUF_INIT;
	buf_puts(&sql, "SELECT count(*)");
	add_from(&sql, q, false);
	CLEANUP(store_cursor_close) struct store_cursor *c = NULL;
	int err = open_cursor(s, q, sql.p, &c);
	if (err)
		return err;
	err = store_step(s, c->stmt, doing);
	if (err < 0)
		return err;
	*ret = column_u64(c->stmt, 0);
	return 0;
}

static int read_page(struct store *s, struct arena *a, const struct observation_query *q,
		     struct observation_row **ret, size_t *ret_n, uint64_t *ret_total)
{
	CLEANUP(store_cursor_close) struct store_cursor *c = NULL;
	int err = store_observations(s, q, &c);
	struct observation_row *rows = NULL, row;
	size_t n = 0;
	while (!err && (err = store_cursor_next(c, &row)) == 1) {
		keep_strings(a, &row.o);
		*ARENA_PUSH(a, rows, n) = row;
		err = 0;
	}
	if (!err && ret_total)
		err = count_all(s, q, ret_total);
	if (err)
		return err;
	*ret = rows;
	*ret_n = n;
	return 0;
}

int store_observation_page(struct store *s, struct arena *a, const struct observation_query *q,
			   struct observation_row **ret, size_t *ret_n, uint64_t *ret_total)
{
	bool began = store_snapshot(s);
	int err = read_page(s, a, q, ret, ret_n, ret_total);
	store_snapshot_end(s, began);
	return err;
}
