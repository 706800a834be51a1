/* SPDX-License-Identifier: GPL-2.0-only */
/* From a store to an allowlist, and the ladder of more general entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "compiler/allow/generalise.h"
#include "compiler/allow/suggest.h"

static char dir[] = "/tmp/test_suggest.XXXXXX";
static unsigned nfiles;

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	CLEANUP_FREE char *command = xasprintf("rm -rf %s", dir);
	return system(command);
}

#define OK(call)                                                                                   \
	do {                                                                                       \
		int err_ = (call);                                                                 \
		if (err_)                                                                          \
			fail_msg("%s: %d %s", #call, err_, store_error(s));                        \
	} while (0)

struct ids {
	int64_t recording, workload, instances[2];
};

static struct store *new_store(struct ids *ids)
{
	CLEANUP_FREE char *file = xasprintf("%s/%u.db", dir, nfiles++);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct store *s = NULL;
	assert_int_equal(store_open(file, STORE_WRITE, &d, &s), 0);
	const struct workload w = {.namespace = STR("shop"), .kind = STR("Deployment"),
				   .name = STR("Cart_V2"), .container = STR("app")};
	OK(store_begin(s));
	OK(store_recording_add(s, &(struct recording){.source = STR("live")}, &ids->recording));
	OK(store_workload(s, &w, &ids->workload));
	static const struct str labels[] = {
		STR_INIT("{\"app\":\"cart\",\"helm.sh/chart\":\"cart-1.2.0\",\"pod-template-hash\":\"abc\",\"tier\":\"a\",\"x\":\"\\u00e9\"}"),
		STR_INIT("{\"x\":\"\\u00e9\",\"tier\":\"b\",\"app\":\"cart\",\"helm.sh/chart\":\"cart-1.2.0\",\"pod-template-hash\":\"abc\"}")};
	for (size_t i = 0; i < 2; i++) {
		char key[2] = {(char)('a' + i)};
		OK(store_instance(s, ids->workload,
				  &(struct instance){.key = str_from(key), .labels = labels[i]},
				  &ids->instances[i]));
	}
	OK(store_commit(s));
	return s;
}

static int64_t add(struct store *s, const struct ids *ids, struct observation o)
{
	int64_t id;
	o.workload = o.workload ? o.workload : ids->workload;
	o.count = o.count ? o.count : 10;
	o.first_ns = o.first_ns ? o.first_ns : 1000 * NSEC_PER_SEC;
	o.last_ns = o.last_ns ? o.last_ns : 2000 * NSEC_PER_SEC;
	if (!o.subject.n) {
		o.subject = STR("/usr/bin/runc");
		o.subject_known = true;
	}
	OK(store_begin(s));
	OK(store_observe(s, &o, ids->instances[0], ids->recording, &id));
	OK(store_commit(s));
	return id;
}

#define EXEC(p, ...)                                                                               \
	((struct observation){.kind = KIND_EXEC, .path = STR(p), .filename = STR(p), .path_known = true, __VA_ARGS__})
#define FILE_OF(p, bits, ...)                                                                      \
	((struct observation){.kind = KIND_FILE, .path = STR(p), .access = (bits), .path_known = true, __VA_ARGS__})
#define CONNECT(a, b, c, d, p)                                                                     \
	((struct observation){.kind = KIND_CONNECT, .protocol = 6,                                 \
			      .address = {.family = 4, .bytes = {a, b, c, d}, .port = (p)}})

static struct allowlist *suggest(struct store *s, const struct ids *ids, const struct suggest_options *o,
				 struct left_out_tally *tally)
{
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct workload_row w;
	struct allowlist *list = NULL;
	OK(store_workload_get(s, a, ids->workload, 0, &w));
	OK(suggest_allowlist(s, &w, o, tally, &list));
	return list;
}

static void test_left_out(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct observation o;
		enum left_out plain, all;
	} rows[] = {
		{"plain", {.kind = KIND_EXEC, .path = STR_INIT("/a"), .path_known = true}, LEFT_OUT_COUNT, LEFT_OUT_COUNT},
		{"session", {.kind = KIND_EXEC, .path = STR_INIT("/a"), .path_known = true, .tags = TAG_INTERACTIVE},
		 LEFT_OUT_INTERACTIVE, LEFT_OUT_COUNT},
		{"probe", {.kind = KIND_EXEC, .path = STR_INIT("/a"), .path_known = true, .tags = TAG_INTERACTIVE | TAG_PROBE},
		 LEFT_OUT_COUNT, LEFT_OUT_COUNT},
		{"one-off", {.kind = KIND_EXEC, .path = STR_INIT("/a"), .path_known = true, .count = 1},
		 LEFT_OUT_ONE_OFF, LEFT_OUT_COUNT},
		{"typed", {.kind = KIND_EXEC, .filename = STR_INIT("/a")}, LEFT_OUT_UNRESOLVED, LEFT_OUT_COUNT},
		{"typed, relative", {.kind = KIND_EXEC, .filename = STR_INIT("a")}, LEFT_OUT_UNRESOLVED, LEFT_OUT_UNRESOLVED},
		{"typed, with dots", {.kind = KIND_EXEC, .filename = STR_INIT("/b/../a")}, LEFT_OUT_UNRESOLVED, LEFT_OUT_UNRESOLVED},
		{"said to be resolved, and is not", {.kind = KIND_EXEC, .path = STR_INIT("/b//a"), .path_known = true}, LEFT_OUT_UNRESOLVED, LEFT_OUT_UNRESOLVED},
		{"cut", {.kind = KIND_EXEC, .path = STR_INIT("/a"), .path_known = true, .tags = TAG_PATH_CUT},
		 LEFT_OUT_PATH_CUT, LEFT_OUT_PATH_CUT},
		{"memfd", {.kind = KIND_EXEC, .path_known = true, .tags = TAG_MEMFD}, LEFT_OUT_NO_FILE, LEFT_OUT_NO_FILE},
		{"read", {.kind = KIND_FILE, .path = STR_INIT("/etc/a"), .path_known = true, .access = ACCESS_READ},
		 LEFT_OUT_READ_ONLY, LEFT_OUT_READ_ONLY},
		{"elsewhere", {.kind = KIND_FILE, .path = STR_INIT("/data/a"), .path_known = true, .access = ACCESS_WRITE},
		 LEFT_OUT_UNPROTECTED, LEFT_OUT_UNPROTECTED},
		{"protected", {.kind = KIND_FILE, .path = STR_INIT("/etc/a"), .path_known = true, .access = ACCESS_WRITE},
		 LEFT_OUT_COUNT, LEFT_OUT_COUNT},
		{"unix", {.kind = KIND_CONNECT, .unix_path = STR_INIT("/run/x")}, LEFT_OUT_UNIX_SOCKET, LEFT_OUT_UNIX_SOCKET},
		{"no address", {.kind = KIND_CONNECT}, LEFT_OUT_NO_FILE, LEFT_OUT_NO_FILE},
	};
	const struct suggest_options plain = {0}, all = {.interactive = true, .one_offs = true, .typed = true};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ids ids;
		CLEANUP(store_close) struct store *s = new_store(&ids);
		add(s, &ids, rows[i].o);
		for (int k = 0; k < 2; k++) {
			struct left_out_tally tally;
			enum left_out want = k ? rows[i].all : rows[i].plain;
			CLEANUP(allowlist_free) struct allowlist *list = suggest(s, &ids, k ? &all : &plain, &tally);
			bool as_wanted = want == LEFT_OUT_COUNT ? tally.taken == 1
								: tally.observations[want] == 1 && tally.taken == 0;
			if (!as_wanted || list->nexec + list->nfiles + list->nconnects != tally.taken)
				fail_msg("%s (%s)", rows[i].name, k ? "all" : "plain");
		}
	}
}

/* The guard against raised privileges stands unless a program that raises them belongs to the workload. */
static void test_setuid(void **state)
{
	(void)state;
	for (unsigned raises = 0; raises < 2; raises++) {
		struct ids ids;
		CLEANUP(store_close) struct store *s = new_store(&ids);
		add(s, &ids, EXEC("/usr/bin/sudo", .tags = raises ? TAG_SETUID : 0));
		struct left_out_tally tally;
		const struct suggest_options options = {0};
		CLEANUP(allowlist_free) struct allowlist *list = suggest(s, &ids, &options, &tally);
		bool guarded = false;
		for (size_t i = 0; i < list->nguards; i++)
			guarded |= str_eq(list->guards[i], STR("raise-privilege"));
		assert_int_equal(guarded, !raises);
	}
}

/* Names made anew each time are one family, also where they are known as typed alone and taken so. */
static void check_families(bool typed)
{
	static const struct {
		const char *name, *paths[4];
		size_t families;
	} rows[] = {
		{"mktemp", {"/etc/x/tmp.aB3dEf", "/etc/x/tmp.Zk99aa", "/etc/x/tmp.QqrRtt"}, 1},
		{"numbers", {"/etc/x/s-1.json", "/etc/x/s-20.json", "/etc/x/s-300.json"}, 1},
		{"two are none", {"/etc/x/s-1.json", "/etc/x/s-20.json"}, 0},
		{"words", {"/etc/x/a.conf", "/etc/x/bb.conf", "/etc/x/ccc.conf"}, 0},
		{"not of one folder", {"/etc/x/s-1.json", "/etc/y/s-20.json", "/etc/z/s-300.json"}, 0},
		{"not of one shape", {"/etc/x/s-1.json", "/etc/x/t-20.json", "/etc/x/s-300.xml"}, 0},
		{"not judged", {"/data/s-1", "/data/s-2", "/data/s-3"}, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ids ids;
		CLEANUP(store_close) struct store *s = new_store(&ids);
		uint64_t n = 0;
		for (; n < ARRAY_SIZE(rows[i].paths) && rows[i].paths[n]; n++)
			add(s, &ids, (struct observation){.kind = KIND_FILE, .path = str_from(rows[i].paths[n]), .path_known = !typed,
							  .access = n ? ACCESS_WRITE : ACCESS_RENAME, .count = 1,
							  .subject = STR("/bin/sed"), .subject_known = true});
		const char *const folders[] = {"/etc/x/", "/nowhere/"};
		const struct suggest_options plain = {.typed = typed},
			fold = {.fold = folders, .nfold = 1, .typed = typed}, unused = {.fold = folders, .nfold = 2, .typed = typed};
		struct left_out_tally tally;
		CLEANUP(allowlist_free) struct allowlist *without = suggest(s, &ids, &plain, &tally);
		if (tally.nfamilies != rows[i].families || without->nfiles || tally.taken)
			fail_msg("%s", rows[i].name);
		CLEANUP(allowlist_free) struct allowlist *with = suggest(s, &ids, &fold, &tally);
		if (with->nfiles != rows[i].families || tally.nfamilies || tally.taken != n * rows[i].families ||
		    !tally.fold_unused != (rows[i].families == 1))
			fail_msg("%s, folded", rows[i].name);
		for (size_t k = 0; k < with->nfiles; k++) {
			const struct allow_file *e = &with->files[k];
			assert_true(str_eq(e->path, STR("/etc/x/")) && e->nby == 1 && str_eq(e->by[0], STR("/bin/sed")));
			assert_int_equal(e->access, ACCESS_WRITE | ACCESS_RENAME);
		}
		CLEANUP(allowlist_free) struct allowlist *again = suggest(s, &ids, &unused, &tally);
		assert_non_null(again);
		assert_string_equal(tally.fold_unused, rows[i].families ? "/nowhere/" : "/etc/x/");
	}
}

static void test_families(void **state)
{
	(void)state;
	check_families(false);
	check_families(true);
}

static void test_document(void **state)
{
	(void)state;
	struct ids ids;
	CLEANUP(store_close) struct store *s = new_store(&ids);
	add(s, &ids, EXEC("/opt/app/bin/run"));
	add(s, &ids, EXEC("/tmp/installer"));
	add(s, &ids, EXEC("/opt/app/bin/run", .subject = STR("/bin/sh"), .subject_known = true));
	add(s, &ids, FILE_OF("/etc/app.conf", ACCESS_WRITE | ACCESS_READ));
	add(s, &ids, FILE_OF("/etc/app.conf", ACCESS_CREATE));
	add(s, &ids, FILE_OF("/opt/app/bin/cache", ACCESS_UNLINK));
	add(s, &ids, CONNECT(10, 0, 0, 1, 5432));
	struct left_out_tally tally;
	const struct suggest_options options = {0};
	CLEANUP(allowlist_free) struct allowlist *list = suggest(s, &ids, &options, &tally);
	CLEANUP_BUF struct buf text = BUF_INIT;
	allowlist_print(list, &text);
	static const char *const want[] = {
		"name: shop-cart-v2-app",
		"podLabels: {app: cart, x: ",
		"path: /opt/app/bin/run\n      evidence: {count: 20,",
		"protect: [/bin/, /boot/, /etc/, /lib/, /lib64/, /opt/app/bin/, /root/, /sbin/, /usr/]",
		"path: /etc/app.conf\n      access: [write, create]\n      evidence: {count: 20,",
		"path: /opt/app/bin/cache\n      access: [unlink]",
		"mode: monitor",
		"guards: [bpf, kernel-module, mount, ptrace, raise-privilege]",
	};
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		if (!strstr(text.p, want[i]))
			fail_msg("no '%s' in\n%s", want[i], text.p);
	assert_null(strstr(text.p, "pod-template-hash"));
	assert_null(strstr(text.p, "tier"));
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(allowlist_free) struct allowlist *again = NULL;
	assert_int_equal(allowlist_parse("again", buf_view(&text), &d, &again), 0);
	CLEANUP_BUF struct buf text2 = BUF_INIT;
	allowlist_print(again, &text2);
	assert_string_equal(text.p, text2.p);
}

static void test_what_was_not_recorded_is_not_judged(void **state)
{
	(void)state;
	struct ids ids;
	CLEANUP(store_close) struct store *s = new_store(&ids);
	add(s, &ids, EXEC("/bin/a"));
	add(s, &ids, (struct observation){.kind = KIND_GUARD, .guard = STR("mount")});
	struct left_out_tally tally;
	const struct suggest_options options = {0};
	CLEANUP(allowlist_free) struct allowlist *list = suggest(s, &ids, &options, &tally);
	assert_true(list->has_exec);
	assert_false(list->has_file);
	assert_false(list->has_connect);
	assert_int_equal(list->nguards, 4);
	for (size_t i = 0; i < list->nguards; i++)
		assert_false(str_eq(list->guards[i], STR("mount")));
}

static void test_decisions_win(void **state)
{
	(void)state;
	struct ids ids;
	CLEANUP(store_close) struct store *s = new_store(&ids);
	int64_t by_sh = add(s, &ids, EXEC("/bin/x", .subject = STR("/bin/sh"), .subject_known = true));
	add(s, &ids, EXEC("/bin/x", .subject = STR("/bin/app"), .subject_known = true));
	int64_t session = add(s, &ids, EXEC("/bin/s", .tags = TAG_INTERACTIVE));
	int64_t denied = add(s, &ids, EXEC("/bin/d"));
	struct decision d[] = {{.observation = by_sh, .choice = CHOICE_DENY},
			       {.observation = session, .choice = CHOICE_ALLOW},
			       {.observation = denied, .choice = CHOICE_DENY},
			       {.rule = {.kind = KIND_CONNECT, .network = {.family = 4, .bytes = {10}}, .prefix = 8,
					 .port_first = 443, .port_last = 443, .protocol = 6},
				.choice = CHOICE_ALLOW}};
	OK(store_decide(s, ids.workload, 0, d, ARRAY_SIZE(d), 1, NULL));
	struct left_out_tally tally;
	const struct suggest_options options = {0};
	CLEANUP(allowlist_free) struct allowlist *list = suggest(s, &ids, &options, &tally);
	assert_int_equal(list->nexec, 2);
	assert_true(str_eq(list->exec[0].path, STR("/bin/s")));
	assert_int_equal(list->exec[0].nby, 0);
	assert_true(str_eq(list->exec[1].path, STR("/bin/x")));
	assert_int_equal(list->exec[1].nby, 1); /* so that /bin/sh stays out */
	assert_true(str_eq(list->exec[1].by[0], STR("/bin/app")));
	assert_int_equal(tally.observations[LEFT_OUT_DENIED], 2);
	assert_true(list->has_connect);
	assert_int_equal(list->nconnects, 1);
	assert_int_equal(list->connects[0].prefix, 8);

	const struct suggest_options decided = {.decided_only = true};
	CLEANUP(allowlist_free) struct allowlist *few = suggest(s, &ids, &decided, &tally);
	assert_int_equal(few->nexec, 1);
}

static void test_patterns(void **state)
{
	(void)state;
	struct ids ids;
	CLEANUP(store_close) struct store *s = new_store(&ids);
	add(s, &ids, EXEC("/usr/bin/a"));
	add(s, &ids, EXEC("/usr/bin/b"));
	add(s, &ids, EXEC("/usr/lib/c"));
	add(s, &ids, CONNECT(10, 0, 0, 1, 443));
	static const struct {
		const char *only, *except;
		size_t nexec, nconnects;
	} rows[] = {
		{NULL, NULL, 3, 1},          {"/usr/bin/", NULL, 2, 0},   {"/usr/bin/a", NULL, 1, 0},
		{"/usr/*", NULL, 3, 0},      {"*:443", NULL, 0, 1},       {NULL, "/usr/bin/", 1, 1},
		{"/usr/", "*/b", 2, 0},      {"connect:*", NULL, 0, 1},   {"/usr/bin", NULL, 0, 0},
		{NULL, "10.0.0.1:443", 3, 0}, {"exec:/usr/bin/?", NULL, 2, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct suggest_options options = {.only = &rows[i].only,
							.nonly = rows[i].only != NULL,
							.except = &rows[i].except,
							.nexcept = rows[i].except != NULL};
		struct left_out_tally tally;
		CLEANUP(allowlist_free) struct allowlist *list = suggest(s, &ids, &options, &tally);
		if (list->nexec != rows[i].nexec || list->nconnects != rows[i].nconnects)
			fail_msg("row %zu: %zu programs, %zu connects", i, list->nexec, list->nconnects);
	}
}

/* ---- generalise ---- */

static void ladder(struct store *s, struct arena *a, int64_t id, struct proposal **ret, size_t *ret_n)
{
	struct observation_query q = OBSERVATION_QUERY_ALL;
	q.observation = id;
	struct observation_row *row;
	size_t n;
	OK(store_observation_page(s, a, &q, &row, &n, NULL));
	OK(generalise(s, a, row, ret, ret_n));
}

static void check_ladder(const struct proposal *p, size_t n, const char *const *want, size_t nwant)
{
	assert_int_equal(n, nwant);
	for (size_t i = 0; i < n; i++) {
		CLEANUP_BUF struct buf b = BUF_INIT;
		rule_print(&b, &p[i].rule);
		buf_printf(&b, " | %d %d %d %d", (int)p[i].covers, (int)p[i].surplus, (int)p[i].denied,
			   (int)p[i].elsewhere);
		assert_string_equal(b.p, want[i]);
	}
}

static void test_ladders(void **state)
{
	(void)state;
	struct ids ids;
	CLEANUP(store_close) struct store *s = new_store(&ids);
	CLEANUP(arena_free) struct arena *a = arena_new();
	int64_t one = add(s, &ids, EXEC("/opt/app/bin/one"));
	add(s, &ids, EXEC("/opt/app/bin/one", .subject = STR("/bin/sh"), .subject_known = true));
	int64_t two = add(s, &ids, EXEC("/opt/app/bin/two"));
	int64_t three = add(s, &ids, EXEC("/opt/app/three"));
	add(s, &ids, EXEC("/opt/app/bin/cut", .tags = TAG_PATH_CUT));
	int64_t far = add(s, &ids, CONNECT(10, 1, 2, 3, 443));
	add(s, &ids, CONNECT(10, 1, 2, 4, 443));
	add(s, &ids, CONNECT(10, 1, 9, 9, 443));
	add(s, &ids, CONNECT(192, 168, 0, 1, 80));
	struct ids other = ids;
	OK(store_begin(s));
	OK(store_workload(s, &(struct workload){.namespace = STR("x"), .kind = STR("Pod"), .name = STR("y")},
			  &other.workload));
	OK(store_commit(s));
	add(s, &other, EXEC("/opt/app/bin/two"));
	add(s, &other, EXEC("/opt/elsewhere"));
	struct decision d[] = {{.observation = two, .choice = CHOICE_ALLOW},
			       {.observation = three, .choice = CHOICE_DENY}};
	OK(store_decide(s, ids.workload, 0, d, 2, 1, NULL));

	struct proposal *p;
	size_t n;
	ladder(s, a, one, &p, &n);
	static const char *const paths[] = {"/opt/app/bin/one | 2 0 0 0", "/opt/app/bin/ | 3 0 0 0",
					    "/opt/app/ | 4 1 1 0", "/opt/ | 4 1 1 1"};
	check_ladder(p, n, paths, ARRAY_SIZE(paths));
	assert_true(str_eq(p[2].examples[0], STR("/opt/app/three")));

	ladder(s, a, far, &p, &n);
	static const char *const networks[] = {
		"10.1.2.3/32 port 443 tcp | 1 0 0 0", "10.1.2.0/24 port 443 tcp | 2 1 0 0",
		"10.1.0.0/16 port 443 tcp | 3 2 0 0", "10.0.0.0/8 port 443 tcp | 3 2 0 0",
		"any address port 443 tcp | 3 2 0 0", "10.1.2.3/32 tcp | 1 0 0 0"};
	check_ladder(p, n, networks, ARRAY_SIZE(networks));
	CLEANUP(table_free) struct table *t = listing_proposals(p, n);
	assert_int_equal(table_rows(t), n);
}

static bool takes_undenied(const void *arg, const struct observation_row *row)
{
	(void)arg;
	return row->o.count > 1;
}

/* Only what stands for two or more, and of equally good ones the narrowest. */
static void test_proposals(void **state)
{
	(void)state;
	struct ids ids;
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP(store_close) struct store *s = new_store(&ids);
	add(s, &ids, EXEC("/opt/app/bin/one"));
	add(s, &ids, EXEC("/opt/app/bin/two"));
	add(s, &ids, EXEC("/opt/app/bin/once", .count = 1));
	add(s, &ids, EXEC("/usr/bin/alone"));
	add(s, &ids, FILE_OF("/etc/a/x", ACCESS_WRITE));
	add(s, &ids, FILE_OF("/etc/b/y", ACCESS_CREATE));
	add(s, &ids, FILE_OF("/etc/b/read", ACCESS_READ, .count = 1));
	add(s, &ids, CONNECT(10, 1, 2, 3, 443));
	add(s, &ids, CONNECT(10, 1, 9, 9, 443));
	const struct chosen chosen = {takes_undenied, NULL};
	static const char *const want[] = {"/opt/app/bin/ 2 1", "/etc/ write create 2 0", "10.1.0.0/16 port 443 tcp 2 0"};
	struct proposal *p;
	size_t n;
	OK(generalise_chosen(s, a, ids.workload, &chosen, &p, &n));
	assert_int_equal(n, ARRAY_SIZE(want));
	for (size_t i = 0; i < n; i++) {
		CLEANUP_BUF struct buf b = BUF_INIT;
		rule_print(&b, &p[i].rule);
		buf_printf(&b, " %llu %llu", (unsigned long long)p[i].entries, (unsigned long long)p[i].surplus);
		assert_string_equal(b.p, want[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_setuid),
		cmocka_unit_test(test_document),
		cmocka_unit_test(test_what_was_not_recorded_is_not_judged),
		cmocka_unit_test(test_decisions_win),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_ladders),
		cmocka_unit_test(test_proposals),
	};
	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
