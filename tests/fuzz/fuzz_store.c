/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A damaged store. The input is a list of edits of 8 bytes to a small store: what to do, where (3 bytes), with what
 * (4 bytes). Some overwrite bytes of the file or of the WAL beside it, which SQLite must notice; some put odd values into
 * columns, which SQLite cannot notice and every reader meets. Then all that verbs and the server do with a store is done.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/replay/source_store.h"
#include "schema/base/io.h"
#include "schema/event_json.h"
#include "schema/observe.h"
#include "schema/seen.h"
#include "schema/store_decide.h"
#include "webui/routes.h"

enum { EDIT_BYTES = 8, MAX_EDITS = 32, SMALL_STORE = 64 << 20, LOOKS = 10 };

static char dir[64], file[96], wal[96];
static struct buf whole_file, whole_wal;   /* undamaged */

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* A failure is told in words. */
static void failed(const struct store *s, int err)
{
	CHECK(err <= 0 || err == 1);
	if (err < 0)
		CHECK(strstr(store_error(s), file));
}

/* ---- a store with something in each table ---- */

static struct event exec_event(unsigned i)
{
	static const char *const paths[] = {"/usr/bin/node", "/bin/sh", "/usr/bin/curl", "/app/cart"};
	struct event ev = {.kind = KIND_EXEC, .count = 1, .time_ns = (i + 1) * NSEC_PER_SEC};
	ev.process.pod = (struct pod){.namespace = STR("shop"), .name = STR("cart-1"), .uid = STR("u-1"),
				      .workload = STR("cart"), .workload_kind = STR("Deployment"),
				      .labels = STR("{\"app\":\"cart\"}"), .container_name = STR("cart"),
				      .container_id = STR("0123456789abcdef0123456789abcdef")};
	ev.process.filename = ev.process.path = str_from(paths[i % ARRAY_SIZE(paths)]);
	ev.process.path_known = true;
	ev.process.arguments = STR("--password=x");
	ev.parent = ev.process;
	ev.parent.path = ev.parent.filename = str_from(paths[i / ARRAY_SIZE(paths) % ARRAY_SIZE(paths)]);
	ev.has_parent = true;
	return ev;
}

static int add_events(struct store *s, int64_t recording)
{
	CLEANUP(observer_free) struct observer *o = observer_new(s, recording);
	int err = 0;
	for (unsigned i = 0; i < 8 && !err; i++) {
		struct event exec = exec_event(i), file_event = exec, connect = exec;
		file_event.kind = KIND_FILE;
		file_event.path = STR("/etc/passwd");
		file_event.path_known = true;
		file_event.access = ACCESS_WRITE << i % 3;
		connect.kind = KIND_CONNECT;
		connect.address = (struct address){{10, 0, 0, (uint8_t)i}, 4, 443};
		connect.protocol = 6;
		err = observer_add(o, &exec);
		err = err ? err : observer_add(o, &file_event);
		err = err ? err : observer_add(o, &connect);
	}
	observer_lose(o, "file", "ring-full", 3);
	return err ? err : observer_flush(o);
}

/* As ingest does it: known lines, a recording, its events. */
static int ingest(struct store *s, const char *line)
{
	CLEANUP(seen_free) struct seen *seen = NULL;
	struct recording r = {.source = STR("tetragon"), .origin = STR("a.json"), .node = STR("n1"),
			      .hooks = STR("exec=x"), .start_ns = NSEC_PER_SEC};
	int64_t recording;
	int err = store_begin(s);
	err = err ? err : seen_open(s, &seen);
	for (int i = 0; i < 3 && !err; i++)
		err = MIN(seen_line(seen, str_from(line)), 0);
	err = err ? err : seen_write(seen, NSEC_PER_SEC);
	err = err ? err : store_recording_add(s, &r, &recording);
	err = err ? err : store_commit(s);
	if (err)
		store_rollback(s);
	err = err ? err : add_events(s, recording);
	return err ? err : store_recording_update(s, recording, 9 * NSEC_PER_SEC, 24);
}

static int decide(struct store *s)
{
	struct decision d[] = {{.observation = 1, .choice = CHOICE_ALLOW},
			       {.observation = 2, .choice = CHOICE_DENY},
			       {.rule = {.kind = KIND_FILE, .path = STR("/etc/")}, .choice = CHOICE_DENY}};
	uint64_t version;
	int err = store_decide(s, 1, STORE_ANY_VERSION, d, ARRAY_SIZE(d), 1, &version);
	failed(s, err);
	failed(s, store_set_mode(s, 1, STORE_ANY_VERSION, WORKLOAD_MONITOR, 2, &version));
	failed(s, store_undo(s, 1, STORE_ANY_VERSION, 3, &version));
	return err;
}

static void remove_dir(void)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		CLEANUP_FREE char *name = xasprintf("%s%s", file, suffixes[i]);
		unlink(name);
	}
	rmdir(dir);
}

/* One part of it is merged into the file, one still in the WAL. */
static void make_store(void)
{
	/* In memory where there is such a folder: each commit is synced. */
	snprintf(dir, sizeof(dir), "%s/fuzz_store.XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	CHECK(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/s.db", dir);
	snprintf(wal, sizeof(wal), "%s/s.db-wal", dir);
	atexit(remove_dir);
	for (int part = 0; part < 2; part++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP(store_close) struct store *s = NULL;
		CHECK(!store_open(file, STORE_WRITE, &d, &s));
		CHECK(!ingest(s, part ? "{\"second\":1}" : "{\"first\":1}"));
		CHECK(!decide(s));
		if (part == 0)
			continue;
		CHECK(!read_file(file, SMALL_STORE, &whole_file));
		CHECK(!read_file(wal, SMALL_STORE, &whole_wal));
	}
}

/* ---- the edits ---- */

struct edit {
	uint8_t what;
	uint32_t at, value;
};

static struct edit edit_at(const uint8_t *p)
{
	return (struct edit){p[0], p[1] | (uint32_t)p[2] << 8 | (uint32_t)p[3] << 16,
			     p[4] | (uint32_t)p[5] << 8 | (uint32_t)p[6] << 16 | (uint32_t)p[7] << 24};
}

enum { EDIT_BYTE, EDIT_WORD, EDIT_RUN, EDIT_CUT, EDIT_NUMBER, EDIT_TEXT, EDIT_DELETE };
static unsigned edit_kind(const struct edit *e)
{
	return e->what % (EDIT_DELETE + 1);
}

static bool of_rows(const struct edit *e)
{
	return edit_kind(e) >= EDIT_NUMBER;
}

static const char *const tables[] = {"meta", "recording", "loss", "workload", "instance", "observation",
				     "observation_key", "sighting", "tally", "presence", "rule", "batch",
				     "change", "stream"};
static const struct { const char *table, *column; } numbers[] = {
	{"observation", "kind"}, {"observation", "choice"}, {"observation", "tags"}, {"observation", "count"},
	{"observation", "instances"}, {"observation", "first_ns"}, {"observation", "last_ns"}, {"observation", "rule"},
	{"observation", "choice_version"}, {"observation", "path_known"}, {"observation", "subject_known"},
	{"observation", "access"}, {"observation", "protocol"}, {"observation", "family"}, {"observation", "port"},
	{"observation", "workload"}, {"observation", "id"}, {"workload", "mode"}, {"workload", "version"},
	{"workload", "instances"}, {"workload", "id"}, {"workload", "guess"}, {"tally", "kind"}, {"tally", "observations"},
	{"tally", "events"}, {"tally", "allowed"}, {"tally", "first_ns"}, {"tally", "last_ns"}, {"sighting", "count"},
	{"sighting", "instance"}, {"sighting", "recording"}, {"sighting", "first_ns"}, {"recording", "start_ns"},
	{"recording", "end_ns"}, {"recording", "events"}, {"loss", "count"}, {"rule", "kind"}, {"rule", "access"},
	{"rule", "family"}, {"rule", "prefix"}, {"rule", "port_first"}, {"rule", "protocol"}, {"rule", "choice"},
	{"rule", "version"}, {"batch", "version"}, {"batch", "undone"}, {"batch", "undoes"}, {"batch", "mode_before"},
	{"change", "before"}, {"change", "after"}, {"change", "observation"}, {"change", "rule"}, {"change", "version"},
	{"observation_key", "observation"}, {"instance", "start_ns"}, {"instance", "workload"}, {"stream", "first"},
};
static const struct { const char *table, *column; } texts[] = {
	{"observation", "path"}, {"observation", "subject"}, {"observation", "filename"}, {"observation", "address"},
	{"observation", "unix_path"}, {"observation", "guard"}, {"observation", "example"}, {"workload", "namespace"},
	{"workload", "kind"}, {"workload", "name"}, {"workload", "container"}, {"workload", "cluster"},
	{"instance", "key"}, {"instance", "labels"}, {"instance", "pod"}, {"instance", "image"}, {"rule", "path"},
	{"rule", "address"}, {"rule", "by"}, {"observation_key", "key"}, {"stream", "lines"}, {"recording", "uid"},
	{"recording", "hooks"}, {"recording", "source"}, {"loss", "kind"}, {"loss", "reason"}, {"meta", "value"},
};
static const char *const values[] = {
	"x''", "x'00'", "x'2f00'", "x'1b5b33316d0a'", "x'ff80fe'", "zeroblob(3)", "zeroblob(16)", "zeroblob(17)",
	"zeroblob(5000)", "randomblob(100000)", "CAST('../../x' AS BLOB)", "CAST('<script>' AS BLOB)", "CAST('/a/b' AS BLOB)",
	"CAST('/a/' AS BLOB)", "CAST('{\"a\":' AS BLOB)", "CAST('[[[[[[' AS BLOB)", "CAST('* ? [' AS BLOB)", "CAST('host' AS BLOB)",
	"'text'", "CAST('{\"app\":{\"x\":[1]},\"b\":null}' AS BLOB)", "CAST('\"quoted\": yes # \\' AS BLOB)",
};

static void edit_rows(sqlite3 *db, const struct edit *e)
{
	char *sql = NULL;
	if (edit_kind(e) == EDIT_NUMBER) {
		size_t i = e->at % ARRAY_SIZE(numbers);
		bool wide = e->at & 1 << 20;
		sql = sqlite3_mprintf("UPDATE OR IGNORE %s SET %s=%lld", numbers[i].table, numbers[i].column,
				      wide ? (long long)((uint64_t)e->value << 32 | e->value) : (long long)(int32_t)e->value);
	} else if (edit_kind(e) == EDIT_TEXT) {
		size_t i = e->at % ARRAY_SIZE(texts);
		sql = sqlite3_mprintf("UPDATE OR IGNORE %s SET %s=%s", texts[i].table, texts[i].column,
				      values[e->value % ARRAY_SIZE(values)]);
	} else {
		sql = sqlite3_mprintf("DELETE FROM %s", tables[e->at % ARRAY_SIZE(tables)]);
	}
	sqlite3_exec(db, sql, NULL, NULL, NULL);
	sqlite3_free(sql);
}

static void edit_bytes(struct buf *b, const struct edit *e)
{
	if (!b->n)
		return;
	size_t at = e->at % b->n, n = b->n - at;
	uint32_t word = e->value;
	switch (edit_kind(e)) {
	case EDIT_BYTE:
		b->p[at] = (char)word;
		break;
	case EDIT_WORD:
		memcpy(b->p + at, &word, MIN(n, sizeof(word)));
		break;
	case EDIT_RUN:
		memset(b->p + at, (int)(word & 0xff), MIN(n, word >> 8 & 0xfff));
		break;
	case EDIT_CUT:
		b->n = at;
		break;
	}
}

static void put_file(const char *name, const struct buf *b)
{
	FILE *f = fopen(name, "w");
	CHECK(f && fwrite(b->p ? b->p : "", 1, b->n, f) == b->n && !fclose(f));
}

static void put_store(const struct buf *main_file, const struct buf *wal_file)
{
	CLEANUP_FREE char *index = xasprintf("%s-shm", file);
	CLEANUP_FREE char *journal = xasprintf("%s-journal", file);
	unlink(index);
	unlink(journal);
	put_file(file, main_file);
	put_file(wal, wal_file);
}

static void damage(const uint8_t *data, size_t n)
{
	put_store(&whole_file, &whole_wal);
	sqlite3 *db = NULL;
	bool in_rows = false;
	for (size_t i = 0; i < n; i++) {
		struct edit e = edit_at(data + i * EDIT_BYTES);
		if (!of_rows(&e))
			continue;
		in_rows = true;
		if (!db)
			CHECK(sqlite3_open(file, &db) == SQLITE_OK);
		edit_rows(db, &e);
	}
	sqlite3_close(db);
	CLEANUP_BUF struct buf main_file = BUF_INIT, wal_file = BUF_INIT;
	if (in_rows)
		CHECK(!read_file(file, SMALL_STORE, &main_file));
	else
		buf_str(&main_file, buf_view(&whole_file));
	if (!in_rows)
		buf_str(&wal_file, buf_view(&whole_wal));
	for (size_t i = 0; i < n; i++) {
		struct edit e = edit_at(data + i * EDIT_BYTES);
		if (!of_rows(&e))
			edit_bytes(e.at & 1 << 23 ? &wal_file : &main_file, &e);
	}
	put_store(&main_file, &wal_file);
}

/* ---- everything that is done with a store ---- */

static void read_lists(struct store *s)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct workload_row *w = NULL;
	struct instance_row *i;
	struct sighting *g;
	struct recording_row *r;
	struct loss_row *l;
	struct rule_row *rules;
	struct batch_row *b;
	struct choice_row *c;
	size_t n = 0, m;
	failed(s, store_workloads(s, a, NULL, 0, &w, &n));
	failed(s, store_recordings(s, a, 0, &r, &m));
	failed(s, store_losses(s, a, 0, &l, &m));
	failed(s, store_sightings(s, a, 1, &g, &m));
	for (size_t k = 0; k < MIN(n, 4); k++) {
		failed(s, store_instances(s, a, w[k].id, &i, &m));
		failed(s, store_rules(s, a, w[k].id, &rules, &m));
		failed(s, store_history(s, a, w[k].id, 0, &b, &m));
		failed(s, store_choices_since(s, a, w[k].id, 0, &c, &m));
	}
	for (int sort = 0; sort < SORT_COUNT_OF_SORTS; sort++) {
		struct observation_query q = OBSERVATION_QUERY_ALL;
		struct observation_row *rows;
		uint64_t total;
		q.sort = (enum observation_sort)sort;
		q.limit = 10;
		failed(s, store_observation_page(s, a, &q, &rows, &m, &total));
	}
}

static void export(struct store *s)
{
	CLEANUP(source_close) struct source *source = NULL;
	int err = source_store_open(s, NULL, &source, NULL);
	failed(s, err);
	for (struct event ev; !err && source_next(source, &ev) > 0;) {
		CLEANUP_BUF struct buf b = BUF_INIT;
		event_json(&ev, &b);
		CHECK(b.n && memchr(b.p, '\n', b.n) == b.p + b.n - 1);
	}
}

static void ask(struct web *w, const char *target)
{
	struct request q;
	struct response r;
	const char *why;
	request_init(&q);
	response_init(&r);
	q.method = STR("GET");
	q.headers.host = STR("127.0.0.1:5000");
	CHECK(!request_target(&q, str_from(target), &why));
	web_answer(w, &q, &r);
	CHECK(r.status);
	response_done(&r);
	request_done(&q);
}

/* All of it compiles a policy and takes most of the time. */
static void serve(bool all)
{
	static const char *const targets[] = {
		"/api/v1/workloads", "/api/v1/workloads/1", "/api/v1/workloads/1/sources",
		"/api/v1/workloads/1/instances", "/api/v1/workloads/1/tree", "/api/v1/workloads/1/observations",
		"/api/v1/workloads/1/observations/1", "/api/v1/workloads/1/observations/1/proposals",
		"/api/v1/workloads/1/history", "/api/v1/workloads/1/rules", "/api/v1/workloads/1/consequence",
		"/api/v1/workloads/1/replay", "/api/v1/workloads/1/policy",
		"/api/v1/workloads/1/download/allowlist.yaml",
	};
	struct web w = {.db = file};
	web_init(&w);
	CHECK(!guard_init(&w.guard, 5000));
	for (size_t i = 0; i < (all ? ARRAY_SIZE(targets) : LOOKS); i++)
		ask(&w, targets[i]);
	web_done(&w);
}

static void use(enum store_mode mode)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(store_close) struct store *s = NULL;
	if (store_open(file, mode, &d, &s)) {
		CHECK(d.n == 1);
		return;
	}
	read_lists(s);
	if (mode == STORE_READ) {
		export(s);
		return;
	}
	failed(s, ingest(s, "{\"third\":1}"));
	decide(s);
	read_lists(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!whole_file.n)
		make_store();
	damage(data, MIN(size / EDIT_BYTES, MAX_EDITS));
	use(STORE_READ);
	uint32_t sum = 0;
	for (size_t i = 0; i < size; i++)
		sum += data[i];
	serve(sum % 8 == 0);
	use(STORE_WRITE);
	return 0;
}
