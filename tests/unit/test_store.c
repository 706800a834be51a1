/* SPDX-License-Identifier: GPL-2.0-only */
/* The store with real files: what goes in comes out, adds up, survives; what is no store is refused. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "schema/base/io.h"
#include "schema/store_decide.h"

static char dir[] = "/tmp/test_store.XXXXXX";
static char file[64];

static int make_dir(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	snprintf(file, sizeof(file), "%s/s.db", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	CLEANUP_FREE char *command = xasprintf("rm -rf %s", dir);
	return system(command);
}

static int fresh_file(void **state)
{
	(void)state;
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		CLEANUP_FREE char *name = xasprintf("%s%s", file, suffixes[i]);
		unlink(name);
	}
	return 0;
}

static struct store *open_store(enum store_mode mode)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct store *s = NULL;
	int err = store_open(file, mode, &d, &s);
	diag_print(&d);
	assert_int_equal(err, 0);
	return s;
}

#define OK(call)                                                                                   \
	do {                                                                                       \
		int err_ = (call);                                                                 \
		if (err_)                                                                          \
			fail_msg("%s: %d %s", #call, err_, store_error(s));                        \
	} while (0)

static const struct workload cart = {.namespace = STR_INIT("shop"),
				     .kind = STR_INIT("Deployment"),
				     .name = STR_INIT("cart"),
				     .container = STR_INIT("cart")};

struct ids {
	int64_t recording, workload, instances[2];
};

static struct ids fill_basics(struct store *s)
{
	struct ids ids;
	struct recording r = {.source = STR("live"), .node = STR("n1"), .start_ns = 10};
	OK(store_recording_add(s, &r, &ids.recording));
	OK(store_workload(s, &cart, &ids.workload));
	OK(store_instance(s, ids.workload, &(struct instance){.key = STR("a"), .start_ns = 5},
			  &ids.instances[0]));
	OK(store_instance(s, ids.workload, &(struct instance){.key = STR("b")}, &ids.instances[1]));
	return ids;
}

static struct observation exec_of(const struct ids *ids, struct str path)
{
	return (struct observation){.workload = ids->workload,
				    .kind = KIND_EXEC,
				    .subject = STR("/usr/bin/runc"),
				    .subject_known = true,
				    .filename = path,
				    .path = path,
				    .path_known = true,
				    .count = 1,
				    .first_ns = 100,
				    .last_ns = 100};
}

static struct observation_row get(struct store *s, struct arena *a, int64_t id)
{
	struct observation_query q = OBSERVATION_QUERY_ALL;
	q.observation = id;
	struct observation_row *rows;
	size_t n;
	OK(store_observation_page(s, a, &q, &rows, &n, NULL));
	assert_int_equal(n, 1);
	return rows[0];
}

static void test_counts_add_up(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	CLEANUP(arena_free) struct arena *a = arena_new();
	OK(store_begin(s));
	struct ids ids = fill_basics(s);
	struct observation o = exec_of(&ids, STR("/bin/sh"));
	int64_t id, again;
	OK(store_observe(s, &o, ids.instances[0], ids.recording, &id));
	o.count = 5;
	o.first_ns = 50;
	o.last_ns = 900;
	o.tags = TAG_SETUID;
	o.example = STR("sh -c true");
	OK(store_observe(s, &o, ids.instances[0], ids.recording, &again));
	assert_int_equal(id, again);
	o.first_ns = 60;
	o.example = STR("another");
	OK(store_observe(s, &o, ids.instances[1], ids.recording, &again));
	assert_int_equal(id, again);
	OK(store_commit(s));

	struct observation_row row = get(s, a, id);
	assert_int_equal(row.o.count, 11);
	assert_int_equal(row.o.first_ns, 50);
	assert_int_equal(row.o.last_ns, 900);
	assert_int_equal(row.o.instances, 2);
	assert_int_equal(row.o.tags, TAG_SETUID);
	assert_true(str_eq(row.o.example, STR("sh -c true")));

	struct sighting *sightings;
	size_t n;
	OK(store_sightings(s, a, id, &sightings, &n));
	assert_int_equal(n, 2);
	assert_int_equal(sightings[0].count + sightings[1].count, 11);

	struct workload_row w;
	OK(store_workload_get(s, a, ids.workload, 0, &w));
	assert_int_equal(w.observations[KIND_EXEC], 1);
	assert_int_equal(w.events, 11);
	assert_int_equal(w.undecided, 1);
	assert_int_equal(w.instances, 2);
	assert_int_equal(w.recordings, 1);
	assert_int_equal(w.recent, 1);
	assert_int_equal(w.first_ns, 50);
	assert_int_equal(w.last_ns, 900);
}

static void test_counts_stop_at_their_limit(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	CLEANUP(arena_free) struct arena *a = arena_new();
	OK(store_begin(s));
	struct ids ids = fill_basics(s);
	struct observation o = exec_of(&ids, STR("/bin/sh"));
	o.count = o.last_ns = UINT64_MAX;
	int64_t id;
	for (int i = 0; i < 3; i++)
		OK(store_observe(s, &o, ids.instances[0], ids.recording, &id));
	OK(store_loss_add(s, ids.recording, "any", "ring-full", UINT64_MAX));
	OK(store_loss_add(s, ids.recording, "any", "ring-full", UINT64_MAX));
	OK(store_commit(s));
	assert_int_equal(get(s, a, id).o.count, STORE_MAX_COUNT);
	struct workload_row w;
	OK(store_workload_get(s, a, ids.workload, 0, &w));
	assert_int_equal(w.events, STORE_MAX_COUNT);
	assert_int_equal(w.lost, STORE_MAX_COUNT);
}

/* Each differs from the first in one part of the identity. */
static void test_identity(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	OK(store_begin(s));
	struct ids ids = fill_basics(s);
	struct observation base = exec_of(&ids, STR("/bin/sh"));
	struct observation v[16];
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = base;
	v[1].kind = KIND_FILE;
	v[2].subject = STR("/usr/bin/other");
	v[3].filename = STR("sh");
	v[4].path = STR("/bin/s");
	v[5].path = (struct str){"/bin/sh\0", 8};
	v[6].path = (struct str){"/bin/sh\0\1", 9};
	v[7].path_known = false;
	v[8].subject_known = false;
	v[9].tags = TAG_INTERACTIVE;
	v[10].tags = TAG_PATH_CUT;
	v[11].access = ACCESS_WRITE;
	v[12].kind = KIND_CONNECT;
	v[13] = v[12];
	v[13].address = (struct address){.family = 4, .bytes = {10, 0, 0, 1}, .port = 443};
	v[14] = v[13];
	v[14].protocol = 17;
	v[15] = v[12];
	v[15].unix_path = STR("@bus");
	int64_t ids_seen[ARRAY_SIZE(v)];
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		OK(store_observe(s, &v[i], ids.instances[0], ids.recording, &ids_seen[i]));
		for (size_t k = 0; k < i; k++)
			if (ids_seen[k] == ids_seen[i])
				fail_msg("observations %zu and %zu were taken for one", k, i);
	}
	v[0].tags = TAG_SETUID; /* no part of it */
	v[0].example = STR("x");
	int64_t again;
	OK(store_observe(s, &v[0], ids.instances[0], ids.recording, &again));
	assert_int_equal(again, ids_seen[0]);
	OK(store_commit(s));
}

static void test_any_byte_is_kept(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	CLEANUP(arena_free) struct arena *a = arena_new();
	char bytes[256];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)i;
	struct str all = {bytes, sizeof(bytes)};
	OK(store_begin(s));
	struct ids ids = fill_basics(s);
	struct observation o = exec_of(&ids, all);
	o.subject = o.filename = o.example = o.unix_path = o.guard = all;
	int64_t id;
	OK(store_observe(s, &o, ids.instances[0], ids.recording, &id));
	OK(store_commit(s));
	struct observation r = get(s, a, id).o;
	struct str fields[] = {r.path, r.subject, r.filename, r.example, r.unix_path, r.guard};
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		assert_true(str_eq(fields[i], all));
}

static void test_too_long_is_refused(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	OK(store_begin(s));
	struct ids ids = fill_basics(s);
	CLEANUP_FREE char *big = xcalloc(1, STORE_MAX_FIELD + 1);
	struct observation o = exec_of(&ids, (struct str){big, STORE_MAX_FIELD + 1});
	int64_t id;
	assert_int_equal(store_observe(s, &o, ids.instances[0], ids.recording, &id), -E2BIG);
	store_rollback(s);
}

static void test_rollback_leaves_nothing(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	CLEANUP(arena_free) struct arena *a = arena_new();
	OK(store_begin(s));
	struct ids ids = fill_basics(s);
	OK(store_commit(s));
	OK(store_begin(s));
	struct observation o = exec_of(&ids, STR("/bin/sh"));
	OK(store_observe(s, &o, ids.instances[0], ids.recording, NULL));
	store_rollback(s);
	OK(store_begin(s));
	OK(store_commit(s));
	struct workload_row w;
	OK(store_workload_get(s, a, ids.workload, 0, &w));
	assert_int_equal(w.total, 0);
	assert_int_equal(w.events, 0);
}

static void test_same_recording_twice(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	struct recording r = {.uid = STR("u1"), .source = STR("tetragon")};
	int64_t id, again = 0;
	OK(store_recording_add(s, &r, &id));
	assert_int_equal(store_recording_add(s, &r, &again), -EEXIST);
	assert_int_equal(id, again);
}

static void test_instance_is_completed(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	CLEANUP(arena_free) struct arena *a = arena_new();
	OK(store_begin(s));
	struct ids ids = fill_basics(s);
	struct instance later = {.key = STR("b"), .image = STR("i:1"), .start_ns = 9};
	int64_t id;
	OK(store_instance(s, ids.workload, &later, &id));
	later.image = STR("i:2");
	OK(store_instance(s, ids.workload, &later, &id));
	OK(store_commit(s));
	assert_int_equal(id, ids.instances[1]);
	struct instance_row *rows;
	size_t n;
	OK(store_instances(s, a, ids.workload, &rows, &n));
	assert_int_equal(n, 2);
	assert_true(str_eq(rows[1].instance.image, STR("i:1")));
	assert_int_equal(rows[1].instance.start_ns, 9);
}

static void test_losses_follow_the_recording(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	CLEANUP(arena_free) struct arena *a = arena_new();
	OK(store_begin(s));
	struct ids ids = fill_basics(s);
	int64_t other;
	OK(store_recording_add(s, &(struct recording){.source = STR("live")}, &other));
	struct observation o = exec_of(&ids, STR("/bin/sh"));
	OK(store_observe(s, &o, ids.instances[0], ids.recording, NULL));
	OK(store_loss_add(s, ids.recording, "file", "ring-full", 30));
	OK(store_loss_add(s, ids.recording, "file", "ring-full", 4));
	OK(store_loss_add(s, other, "any", "elsewhere", 1000));
	OK(store_recording_update(s, ids.recording, 99, 7));
	OK(store_commit(s));
	struct workload_row w;
	OK(store_workload_get(s, a, ids.workload, 0, &w));
	assert_int_equal(w.lost, 34);
	struct loss_row *losses;
	size_t n;
	OK(store_losses(s, a, ids.workload, &losses, &n));
	assert_int_equal(n, 1);
	assert_int_equal(losses[0].count, 34);
	OK(store_losses(s, a, 0, &losses, &n));
	assert_int_equal(n, 2);
	struct recording_row *recordings;
	OK(store_recordings(s, a, ids.workload, &recordings, &n));
	assert_int_equal(n, 1);
	assert_int_equal(recordings[0].recording.end_ns, 99);
	assert_int_equal(recordings[0].lost, 34);
	assert_false(recordings[0].complete);
}

/* ---- queries ---- */

static void test_queries(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	CLEANUP(arena_free) struct arena *a = arena_new();
	OK(store_begin(s));
	struct ids ids = fill_basics(s);
	static const char *const paths[] = {"/bin/c", "/bin/a", "/Bin/b", "/bin/a/x", "/bin/d"};
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct observation o = exec_of(&ids, str_from(paths[i]));
		o.count = i + 1;
		o.tags = i == 4 ? TAG_SETUID : 0;
		OK(store_observe(s, &o, ids.instances[i % 2], ids.recording, NULL));
	}
	struct observation c = exec_of(&ids, STR(""));
	c.kind = KIND_CONNECT;
	c.address = (struct address){.family = 4, .bytes = {10, 1, 2, 3}, .port = 5432};
	OK(store_observe(s, &c, ids.instances[0], ids.recording, NULL));
	OK(store_commit(s));

	const struct {
		const char *name;
		struct observation_query q;
		const char *want; /* last letters of the paths, '.' for none */
		uint64_t total;
	} rows[] = {
		{"all by path", {.kind = -1, .choice = -1}, "baxcd.", 6},
		{"exec", {.kind = KIND_EXEC, .choice = -1}, "baxcd", 5},
		{"page", {.kind = KIND_EXEC, .choice = -1, .offset = 1, .limit = 2}, "ax", 5},
		{"beyond", {.kind = KIND_EXEC, .choice = -1, .offset = 9, .limit = 2}, "", 5},
		{"descending", {.kind = KIND_EXEC, .choice = -1, .descending = true}, "dcxab", 5},
		{"by count", {.kind = KIND_EXEC, .choice = -1, .sort = SORT_COUNT, .descending = true}, "dxbac", 5},
		{"any case", {.kind = -1, .choice = -1, .text = STR_INIT("BIN/B")}, "b", 1},
		{"address", {.kind = -1, .choice = -1, .text = STR_INIT("1.2.3:54")}, ".", 1},
		{"tags", {.kind = -1, .choice = -1, .tags_any = TAG_SETUID}, "d", 1},
		{"no tags", {.kind = KIND_EXEC, .choice = -1, .tags_none = TAG_SETUID}, "baxc", 4},
		{"decided", {.kind = -1, .choice = CHOICE_ALLOW}, "", 0},
		{"instance", {.kind = KIND_EXEC, .choice = -1, .instance = 2}, "ax", 2},
		{"no such recording", {.kind = -1, .choice = -1, .recording = 77}, "", 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (int workload = 0; workload <= 1; workload++) {
			struct observation_query q = rows[i].q;
			q.workload = workload ? ids.workload : 0;
			struct observation_row *got;
			size_t n;
			uint64_t total;
			OK(store_observation_page(s, a, &q, &got, &n, &total));
			CLEANUP_BUF struct buf text = BUF_INIT;
			buf_puts(&text, "");
			for (size_t k = 0; k < n; k++)
				buf_putc(&text, got[k].o.path.n ? got[k].o.path.p[got[k].o.path.n - 1] : '.');
			if (strcmp(text.p, rows[i].want) || total != rows[i].total)
				fail_msg("%s: got %s of %d", rows[i].name, text.p, (int)total);
		}
	}
}

/* ---- decisions ---- */

static uint64_t count_choice(struct store *s, struct arena *a, const struct ids *ids, enum choice c)
{
	struct workload_row w;
	OK(store_workload_get(s, a, ids->workload, 0, &w));
	uint64_t counts[] = {w.undecided, w.allowed, w.denied};
	return counts[c];
}

static void test_decide_and_undo(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	CLEANUP(arena_free) struct arena *a = arena_new();
	OK(store_begin(s));
	struct ids ids = fill_basics(s);
	struct observation sh = exec_of(&ids, STR("/bin/sh")), ls = exec_of(&ids, STR("/bin/ls"));
	int64_t a_id, b_id;
	OK(store_observe(s, &sh, ids.instances[0], ids.recording, &a_id));
	OK(store_observe(s, &ls, ids.instances[0], ids.recording, &b_id));
	OK(store_commit(s));

	uint64_t version;
	struct decision both[] = {{.observation = a_id, .choice = CHOICE_ALLOW},
				  {.observation = b_id, .choice = CHOICE_DENY}};
	OK(store_decide(s, ids.workload, 0, both, 2, 1000, &version));
	assert_int_equal(version, 1);
	assert_int_equal(get(s, a, a_id).choice, CHOICE_ALLOW);
	assert_int_equal(get(s, a, b_id).choice, CHOICE_DENY);
	assert_int_equal(count_choice(s, a, &ids, CHOICE_UNDECIDED), 0);

	/* Another who has not seen it: his target is taken, nothing of his batch is kept. */
	struct decision late[] = {{.observation = a_id, .choice = CHOICE_DENY}};
	assert_int_equal(store_decide(s, ids.workload, 0, late, 1, 1001, &version), -ESTALE);
	assert_int_equal(get(s, a, a_id).choice, CHOICE_ALLOW);
	OK(store_decide(s, ids.workload, 1, late, 1, 1002, &version));
	assert_int_equal(version, 2);
	/* He saw version 1, but what he decides has not changed since. */
	struct decision other[] = {{.observation = b_id, .choice = CHOICE_ALLOW}};
	OK(store_decide(s, ids.workload, 1, other, 1, 1003, &version));
	assert_int_equal(version, 3);

	assert_int_equal(store_undo(s, ids.workload, 2, 1004, &version), -ESTALE);
	OK(store_undo(s, ids.workload, 3, 1005, &version));
	assert_int_equal(get(s, a, b_id).choice, CHOICE_DENY);
	OK(store_undo(s, ids.workload, 4, 1006, &version));
	assert_int_equal(get(s, a, a_id).choice, CHOICE_ALLOW);
	OK(store_undo(s, ids.workload, 5, 1007, &version));
	assert_int_equal(count_choice(s, a, &ids, CHOICE_UNDECIDED), 2);
	assert_int_equal(store_undo(s, ids.workload, 6, 1008, &version), -ENOENT);

	struct batch_row *history;
	size_t n;
	OK(store_history(s, a, ids.workload, 0, &history, &n));
	assert_int_equal(n, 6);
	assert_int_equal(history[0].undoes, 1);
	assert_true(history[5].undone);
	assert_int_equal(history[5].decisions, 2);
	struct decision nowhere[] = {{.observation = 999, .choice = CHOICE_DENY}};
	assert_int_equal(store_decide(s, ids.workload, STORE_ANY_VERSION, nowhere, 1, 1, NULL), -ENOENT);
	assert_int_equal(store_decide(s, 999, STORE_ANY_VERSION, NULL, 0, 1, NULL), -ENOENT);
}

static void test_rules_decide_what_comes_later(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	CLEANUP(arena_free) struct arena *a = arena_new();
	OK(store_begin(s));
	struct ids ids = fill_basics(s);
	struct observation one = exec_of(&ids, STR("/app/bin/one")), two = exec_of(&ids, STR("/app/bin/two"));
	int64_t first, second, own;
	OK(store_observe(s, &one, ids.instances[0], ids.recording, &first));
	struct observation sh = exec_of(&ids, STR("/app/bin/sh"));
	OK(store_observe(s, &sh, ids.instances[0], ids.recording, &own));
	OK(store_commit(s));

	struct decision d[] = {
		{.observation = own, .choice = CHOICE_DENY},
		{.rule = {.kind = KIND_EXEC, .path = STR("/app/")}, .choice = CHOICE_ALLOW}};
	uint64_t version;
	OK(store_decide(s, ids.workload, 0, d, 2, 1, &version));
	assert_int_equal(get(s, a, first).choice, CHOICE_ALLOW);
	assert_int_not_equal(get(s, a, first).rule, 0);
	assert_int_equal(get(s, a, own).choice, CHOICE_DENY);

	OK(store_begin(s));
	OK(store_observe(s, &two, ids.instances[0], ids.recording, &second));
	OK(store_commit(s));
	assert_int_equal(get(s, a, second).choice, CHOICE_ALLOW);
	assert_int_equal(count_choice(s, a, &ids, CHOICE_ALLOW), 2);

	struct rule_row *rules;
	size_t n;
	OK(store_rules(s, a, ids.workload, &rules, &n));
	assert_int_equal(n, 1);
	struct decision deny[] = {
		{.rule = {.kind = KIND_EXEC, .path = STR("/app/bin/two")}, .choice = CHOICE_DENY}};
	OK(store_decide(s, ids.workload, version, deny, 1, 2, &version));
	assert_int_equal(get(s, a, second).choice, CHOICE_DENY);
	OK(store_undo(s, ids.workload, version, 3, &version));
	assert_int_equal(get(s, a, second).choice, CHOICE_ALLOW);
	OK(store_undo(s, ids.workload, version, 4, &version));
	assert_int_equal(count_choice(s, a, &ids, CHOICE_UNDECIDED), 3);
	OK(store_rules(s, a, ids.workload, &rules, &n));
	assert_int_equal(n, 0);
}

static void test_mode(void **state)
{
	(void)state;
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	CLEANUP(arena_free) struct arena *a = arena_new();
	OK(store_begin(s));
	struct ids ids = fill_basics(s);
	OK(store_commit(s));
	uint64_t version;
	OK(store_set_mode(s, ids.workload, 0, WORKLOAD_MONITOR, 1, &version));
	assert_int_equal(store_set_mode(s, ids.workload, 0, WORKLOAD_ENFORCE, 2, &version), -ESTALE);
	OK(store_set_mode(s, ids.workload, version, WORKLOAD_ENFORCE, 2, &version));
	OK(store_undo(s, ids.workload, version, 3, &version));
	struct workload_row w;
	OK(store_workload_get(s, a, ids.workload, 0, &w));
	assert_int_equal(w.mode, WORKLOAD_MONITOR);
}

/* ---- files that are no store, or not a whole one ---- */

static void write_bytes(const void *p, size_t n, off_t at)
{
	CLEANUP_FD int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, p, n, at), n);
}

static void fill_many(size_t n)
{
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	OK(store_begin(s));
	struct ids ids = fill_basics(s);
	for (size_t i = 0; i < n; i++) {
		CLEANUP_FREE char *path = xasprintf("/usr/bin/program-%zu", i);
		struct observation o = exec_of(&ids, str_from(path));
		OK(store_observe(s, &o, ids.instances[0], ids.recording, NULL));
	}
	OK(store_commit(s));
}

static void run_sql(const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void expect_refusal(enum store_mode mode, int want, const char *words)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(store_close) struct store *s = NULL;
	int err = store_open(file, mode, &d, &s);
	if (err != want || d.n != 1 || !strstr(d.v[0].message, words))
		fail_msg("got %d (%s), want %d (%s)", err, d.n ? d.v[0].message : "no message", want, words);
}

static void test_missing_and_empty(void **state)
{
	(void)state;
	expect_refusal(STORE_READ, -ENOENT, "no such store");
	write_bytes("", 0, 0);
	expect_refusal(STORE_READ, -ENODATA, "empty");
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE); /* an empty file becomes a store */
	assert_int_equal(store_begin(s), 0);
	assert_int_equal(store_commit(s), 0);
}

static void test_no_database(void **state)
{
	(void)state;
	CLEANUP_FREE char *text = xcalloc(1, 5000);
	memset(text, '{', 5000);
	write_bytes(text, 5000, 0);
	expect_refusal(STORE_READ, -EMEDIUMTYPE, "not a store");
	expect_refusal(STORE_WRITE, -EMEDIUMTYPE, "not a store");
	struct stat st;
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_size, 5000);
}

static void test_other_database(void **state)
{
	(void)state;
	run_sql("CREATE TABLE mine(x)");
	expect_refusal(STORE_READ, -EPROTO, "another program's");
	expect_refusal(STORE_WRITE, -EPROTO, "another program's");
}

static void test_newer_format(void **state)
{
	(void)state;
	fill_many(1);
	run_sql("PRAGMA user_version=2");
	expect_refusal(STORE_READ, -EPROTONOSUPPORT, "format 2");
	expect_refusal(STORE_WRITE, -EPROTONOSUPPORT, "newer stakeout");
}

static void test_truncated(void **state)
{
	(void)state;
	fill_many(2000);
	assert_int_equal(truncate(file, 3 * 4096 + 100), 0);
	expect_refusal(STORE_READ, -ENODATA, "truncated");
	assert_int_equal(truncate(file, 50), 0);
	expect_refusal(STORE_WRITE, -ENODATA, "truncated");
}

/* Whatever is overwritten: an error in words or rows, never a crash, never a write into it. */
static void test_damaged(void **state)
{
	(void)state;
	fill_many(2000);
	CLEANUP_BUF struct buf whole = BUF_INIT;
	assert_int_equal(read_file(file, 64 << 20, &whole), 0);
	unsigned noticed = 0;
	for (size_t at = 100; at < whole.n; at += whole.n / 40) {
		char junk[2048];
		memset(junk, 0xa5, sizeof(junk));
		size_t n = MIN(sizeof(junk), whole.n - at);
		write_bytes(junk, n, (off_t)at);
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP(store_close) struct store *s = NULL;
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct observation_query q = OBSERVATION_QUERY_ALL;
		struct observation_row *rows;
		size_t nrows;
		uint64_t total;
		int err = store_open(file, STORE_READ, &d, &s);
		if (!err)
			err = store_observation_page(s, a, &q, &rows, &nrows, &total);
		noticed += err != 0;
		if (err && err != -EUCLEAN && err != -EPROTO && err != -EPROTONOSUPPORT)
			fail_msg("at %zu: %d %s", at, err, s ? store_error(s) : d.v[0].message);
		write_bytes(whole.p + at, n, (off_t)at);
	}
	assert_true(noticed > 5);
	CLEANUP(store_close) struct store *s = open_store(STORE_READ);
	assert_non_null(s);
}

/* What SQLite cannot notice: a value that no writer puts there is damage, never the next best value. */
static void test_odd_values(void **state)
{
	static const char *const rows[] = {
		"UPDATE observation SET kind=77",     "UPDATE observation SET kind=-1",
		"UPDATE observation SET choice=3",    "UPDATE observation SET port=65979",
		"UPDATE observation SET family=260",  "UPDATE observation SET protocol=262",
		"UPDATE observation SET access=1<<40", "UPDATE observation SET address=zeroblob(17)",
		"UPDATE rule SET kind=77",            "UPDATE rule SET choice=-1",
		"UPDATE rule SET prefix=129",         "UPDATE rule SET port_last=65979",
		"UPDATE instance SET labels=CAST('{' AS BLOB)",     "UPDATE instance SET labels=x'7b0a7d'",
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fresh_file(state);
		fill_many(1);
		CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
		struct decision d = {.rule = {.kind = KIND_FILE, .path = STR("/etc/")}, .choice = CHOICE_DENY};
		uint64_t version;
		OK(store_decide(s, 1, STORE_ANY_VERSION, &d, 1, 1, &version));
		run_sql(rows[i]);
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct observation_query q = OBSERVATION_QUERY_ALL;
		struct observation_row *observations;
		struct rule_row *rules;
		struct instance_row *instances;
		size_t n;
		int err = store_observation_page(s, a, &q, &observations, &n, NULL);
		err = err ? err : store_rules(s, a, 1, &rules, &n);
		err = err ? err : store_instances(s, a, 1, &instances, &n);
		if (err != -EUCLEAN || !strstr(store_error(s), "makes no sense"))
			fail_msg("%s: %d %s", rows[i], err, store_error(s));
	}
}

static void test_locked(void **state)
{
	(void)state;
	fill_many(1);
	sqlite3 *db;
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	store_set_patience(s, 20);
	assert_int_equal(store_begin(s), -EBUSY);
	assert_non_null(strstr(store_error(s), "locked"));
	/* A reader does not mind. */
	CLEANUP(store_close) struct store *reader = open_store(STORE_READ);
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct workload_row *rows;
	size_t n;
	assert_int_equal(store_workloads(reader, a, NULL, 0, &rows, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(store_begin(reader), -EROFS);
	sqlite3_close(db);
	assert_int_equal(store_begin(s), 0);
	store_rollback(s);
}

/* The file may not grow: the batch fails in words, what was there stays. */
static void test_size_limit(void **state)
{
	(void)state;
	fill_many(500);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGXFSZ, SIG_IGN);
		struct stat st;
		struct rlimit limit;
		if (stat(file, &st) || getrlimit(RLIMIT_FSIZE, &limit))
			_exit(10);
		limit.rlim_cur = (rlim_t)st.st_size + 20000;
		if (setrlimit(RLIMIT_FSIZE, &limit))
			_exit(11);
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		struct store *s = NULL;
		int64_t w, r;
		int err = store_open(file, STORE_WRITE, &d, &s);
		if (err || store_begin(s) || store_workload(s, &cart, &w) ||
		    store_recording_add(s, &(struct recording){.source = STR("x")}, &r))
			_exit(12);
		struct ids ids = {.workload = w};
		CLEANUP_FREE char *pad = xcalloc(1, 4000);
		memset(pad, 'p', 4000);
		for (int i = 0; i < 20000 && !err; i++) {
			snprintf(pad, 4000, "/new-%d", i);
			pad[strlen(pad)] = 'x';
			struct observation o = exec_of(&ids, (struct str){pad, 3999});
			err = store_observe(s, &o, 1, r, NULL);
		}
		err = err ? err : store_commit(s);
		_exit(err == -EFBIG && strstr(store_error(s), "limit") ? 0 : 13);
	}
	int status;
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	CLEANUP(store_close) struct store *s = open_store(STORE_WRITE);
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct workload_row *rows;
	size_t n;
	OK(store_workloads(s, a, NULL, 0, &rows, &n));
	assert_int_equal(rows[0].total, 500);
}

/* A writer killed at any moment: all that it said was committed is there, and the file is whole. */
static void write_until_killed(int said)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct store *s = NULL;
	int64_t r, w, i;
	if (store_open(file, STORE_WRITE, &d, &s))
		_exit(1);
	for (uint32_t batch = 0;; batch++) {
		if (store_begin(s) || store_recording_add(s, &(struct recording){.source = STR("live")}, &r) ||
		    store_workload(s, &cart, &w) || store_instance(s, w, &(struct instance){.key = STR("k")}, &i))
			_exit(2);
		struct ids ids = {.workload = w};
		for (int k = 0; k < 50; k++) {
			CLEANUP_FREE char *path = xasprintf("/p/%d/%u/%d", (int)getpid(), batch, k);
			struct observation o = exec_of(&ids, str_from(path));
			if (store_observe(s, &o, i, r, NULL))
				_exit(3);
		}
		if (store_commit(s) || write(said, "c", 1) != 1)
			_exit(4);
	}
}

static uint64_t kill_one_writer(unsigned delay_us)
{
	int said[2];
	assert_int_equal(pipe2(said, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		write_until_killed(said[1]);
	close(said[1]);
	usleep(delay_us);
	kill(pid, SIGKILL);
	int status;
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	uint64_t committed = 0;
	char buffer[4096];
	for (ssize_t n; (n = read(said[0], buffer, sizeof(buffer))) > 0;)
		committed += (uint64_t)n;
	close(said[0]);
	return committed * 50;
}

static void test_killed_writers(void **state)
{
	(void)state;
	uint64_t said = 0;
	for (unsigned round = 0; round < 25; round++) {
		uint64_t before = said;
		said += kill_one_writer(300 + round * 1733);
		if (access(file, F_OK))
			continue; /* killed before it began */
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP(store_close) struct store *s = NULL;
		int err = store_open(file, STORE_READ, &d, &s);
		if (err == -ENODATA && said == 0)
			continue; /* killed while making the file */
		if (err)
			fail_msg("round %u: %s", round, d.v[0].message);
		CLEANUP(arena_free) struct arena *a = arena_new();
		struct workload_row *rows;
		size_t n;
		OK(store_workloads(s, a, NULL, 0, &rows, &n));
		uint64_t stored = n ? rows[0].total : 0;
		/* A last batch may have been committed but not said. */
		assert_true(stored >= said && stored % 50 == 0 && stored <= before + (said - before) + 50 * (round + 1));
		struct observation_query q = OBSERVATION_QUERY_ALL;
		struct observation_row *all;
		OK(store_observation_page(s, a, &q, &all, &n, NULL));
		assert_int_equal(n, stored);
	}
	assert_true(said > 0);
	sqlite3 *db;
	sqlite3_stmt *q;
	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(q), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(q, 0), "ok");
	sqlite3_finalize(q);
	sqlite3_close(db);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, fresh_file)
	const struct CMUnitTest tests[] = {
		TEST(test_counts_add_up),      TEST(test_counts_stop_at_their_limit),
		TEST(test_identity),           TEST(test_any_byte_is_kept),
		TEST(test_too_long_is_refused), TEST(test_rollback_leaves_nothing),
		TEST(test_same_recording_twice), TEST(test_instance_is_completed),
		TEST(test_losses_follow_the_recording), TEST(test_queries),
		TEST(test_decide_and_undo),    TEST(test_rules_decide_what_comes_later),
		TEST(test_mode),               TEST(test_missing_and_empty),
		TEST(test_no_database),        TEST(test_other_database),
		TEST(test_newer_format),       TEST(test_truncated),
		TEST(test_damaged),            TEST(test_odd_values), TEST(test_locked),
		TEST(test_size_limit),         TEST(test_killed_writers),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
