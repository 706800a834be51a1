/* SPDX-License-Identifier: GPL-2.0-only */
/* The export's reader: what lines mean, what is skipped and why, and the two scanners against each other. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#include "schema/base/io.h"
#include "schema/event_json.h"
#include "schema/ndjson.h"
#include "schema/ndjson_fields.h"
#include "schema/ndjson_input.h"

#define PROC "\"process\":{\"exec_id\":\"YTox\",\"pid\":5,\"uid\":1,\"binary\":\"/b\"}"
#define HOOK_LINE(fn, args) "{\"process_kprobe\":{" PROC ",\"function_name\":\"" fn "\",\"args\":[" args "]}}"

static const struct {
	const char *line;
	enum kind kind;
	uint32_t access;
	const char *path;
	uint16_t port;
} hooks[] = {
	{HOOK_LINE("security_file_permission", "{\"file_arg\":{\"path\":\"/f\"}},{\"int_arg\":2}"), KIND_FILE, ACCESS_WRITE, "/f", 0},
	{HOOK_LINE("security_file_permission", "{\"int_arg\":4},{\"file_arg\":{\"path\":\"/f\"}}"), KIND_FILE, ACCESS_READ, "/f", 0},
	{HOOK_LINE("security_mmap_file", "{\"file_arg\":{\"path\":\"/l\"}},{\"uint_arg\":5},{\"uint_arg\":2}"), KIND_FILE, ACCESS_READ | ACCESS_MAP_EXEC, "/l", 0},
	{HOOK_LINE("security_mmap_file", "{\"file_arg\":{\"path\":\"/l\"}},{\"uint_arg\":3},{\"uint_arg\":2}"), KIND_FILE, ACCESS_READ, "/l", 0},
	{HOOK_LINE("security_path_truncate", "{\"path_arg\":{\"path\":\"/t\"}}"), KIND_FILE, ACCESS_TRUNCATE, "/t", 0},
	{HOOK_LINE("security_file_truncate", "{\"file_arg\":{\"path\":\"/t (deleted)\"}}"), KIND_FILE, ACCESS_TRUNCATE, "/t", 0},
	{HOOK_LINE("fd_install", "{\"int_arg\":3},{\"file_arg\":{\"path\":\"/dev/null\"}}"), KIND_FILE, 0, "/dev/null", 0},
	{HOOK_LINE("fd_install", "{\"int_arg\":3},{\"file_arg\":{\"permission\":\"srwxrwxrwx\"}}"), KIND_HOOK, 0, "", 0},
	{HOOK_LINE("security_file_open", "{\"file_arg\":{\"path\":\"/f\"}}"), KIND_FILE, 0, "/f", 0},
	{HOOK_LINE("security_file_open", "{\"file_arg\":{\"path\":\"/f\"}},{\"uint_arg\":577,\"label\":\"f_flags\"}"), KIND_FILE, ACCESS_WRITE | ACCESS_CREATE | ACCESS_TRUNCATE, "/f", 0},
	{HOOK_LINE("security_file_open", "{\"file_arg\":{\"path\":\"/f\"}},{\"uint_arg\":3,\"label\":\"f_mode\"}"), KIND_FILE, ACCESS_WRITE | ACCESS_READ, "/f", 0},
	{HOOK_LINE("security_bprm_check", "{\"linux_binprm_arg\":{\"path\":\"/x\"}}"), KIND_HOOK, 0, "/x", 0},
	{HOOK_LINE("__x64_sys_openat", "{\"int_arg\":-100},{\"string_arg\":\"/p\"},{\"int_arg\":1025}"), KIND_FILE, ACCESS_WRITE | ACCESS_APPEND, "/p", 0},
	{HOOK_LINE("__arm64_sys_openat", "{\"int_arg\":-100},{\"string_arg\":\"p\"},{\"int_arg\":0}"), KIND_HOOK, ACCESS_READ, "p", 0},
	{HOOK_LINE("__x64_sys_write", "{\"file_arg\":{\"path\":\"/w\"}},{\"bytes_arg\":\"aGk=\"},{\"size_arg\":\"2\"}"), KIND_FILE, ACCESS_WRITE, "/w", 0},
	{HOOK_LINE("__x64_sys_read", "{\"int_arg\":0}"), KIND_HOOK, ACCESS_READ, "", 0},
	{HOOK_LINE("tcp_connect", "{\"sock_arg\":{\"family\":\"AF_INET\",\"protocol\":\"IPPROTO_TCP\",\"daddr\":\"10.0.0.1\",\"sport\":40000,\"dport\":443}}"), KIND_CONNECT, 0, "", 443},
	{HOOK_LINE("security_socket_connect", "{\"sockaddr_arg\":{\"family\":\"AF_INET6\",\"addr\":\"::ffff:10.0.0.1\",\"port\":53}}"), KIND_CONNECT, 0, "", 53},
	{HOOK_LINE("security_socket_connect", "{\"sockaddr_arg\":{\"family\":\"AF_UNIX\",\"addr\":\"invalid IP\"}}"), KIND_HOOK, 0, "", 0},
	{HOOK_LINE("security_socket_connect", "{\"sockaddrun_arg\":{\"family\":\"AF_UNIX\",\"path\":\"@x\"}}"), KIND_CONNECT, 0, "", 0},
	{HOOK_LINE("tcp_close", "{\"sock_arg\":{\"daddr\":\"10.0.0.1\",\"sport\":80,\"dport\":40000}}"), KIND_HOOK, 0, "", 40000},
	{HOOK_LINE("tcp_sendmsg", "{\"sock_arg\":{\"daddr\":\"10.0.0.1\",\"sport\":40000,\"dport\":80}},{\"int_arg\":9}"), KIND_CONNECT, 0, "", 80},
	{HOOK_LINE("ip_output", "{\"skb_arg\":{\"daddr\":\"10.0.0.1\",\"sport\":40000,\"dport\":53,\"protocol\":\"IPPROTO_UDP\"}}"), KIND_CONNECT, 0, "", 53},
	{HOOK_LINE("security_path_unlink", "{\"path_arg\":{\"path\":\"/d\"}},{\"path_arg\":{\"path\":\"/sub/n\"}}"), KIND_FILE, ACCESS_UNLINK, "/d/n", 0},
	/* The old name is known inside its mount only. */
	{HOOK_LINE("security_path_link", "{\"path_arg\":{\"path\":\"/old\"}},{\"path_arg\":{\"path\":\"/d\"}},{\"path_arg\":{\"path\":\"/sub/n\"}}"), KIND_FILE, ACCESS_LINK, "/d/n", 0},
	{HOOK_LINE("do_init_module", "{\"module_arg\":{\"name\":\"m\"}}"), KIND_GUARD, 0, "", 0},
	{HOOK_LINE("security_kernel_read_file", "{\"file_arg\":{\"path\":\"/m.ko\"}},{\"int_arg\":1}"), KIND_HOOK, 0, "", 0},
	{HOOK_LINE("__x64_sys_setuid", "{\"int_arg\":0}"), KIND_GUARD, 0, "", 0},
	{HOOK_LINE("__x64_sys_setuid", "{\"int_arg\":1000}"), KIND_HOOK, 0, "", 0},
	{HOOK_LINE("some_function", "{\"new_arg\":{\"a\":[1,{}]}},{\"error_arg\":{\"Message\":\"x\"}}"), KIND_HOOK, 0, "", 0},
	{"{\"process_lsm\":{" PROC ",\"function_name\":\"file_open\",\"args\":[{\"file_arg\":{\"path\":\"/f\"}}]}}", KIND_FILE, 0, "/f", 0},
	{"{\"process_loader\":{" PROC ",\"path\":\"/lib/c.so\",\"buildid\":\"aa==\"}}", KIND_FILE, ACCESS_MAP_EXEC, "/lib/c.so", 0},
	{"{\"rate_limit_info\":{\"number_of_dropped_process_events\":\"12345\"}}", KIND_LOSS, 0, "", 0},
	/* any order, spaces, unknown members */
	{"{ \"time\":\"2026-08-21T07:07:24Z\", \"x\":{\"process_exec\":{}}, \"process_exec\":{\"y\":null, " PROC " } }", KIND_EXEC, 0, "", 0},
};

static void test_hooks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		CLEANUP(source_close) struct source *s = ndjson_open_bytes("t", str_from(hooks[i].line), NULL);
		struct event ev;
		if (source_next(s, &ev) != 1)
			fail_msg("no event: %s", hooks[i].line);
		if (ev.kind != hooks[i].kind || ev.access != hooks[i].access || ev.address.port != hooks[i].port ||
		    !str_eq(ev.path, str_from(hooks[i].path)) || !(ev.tags & TAG_ONE_NAME) != !(ev.access & ACCESS_LINK))
			fail_msg("kind %s access %x path " STR_FMT ": %s", kind_name(ev.kind), ev.access,
				 STR_ARG(ev.path), hooks[i].line);
	}
}

#define GOOD "{\"process_exec\":{" PROC "},\"time\":\"2026-08-21T07:07:24.5Z\"}"

static const struct {
	const char *text;
	uint64_t events;
	int reason;      /* -1 = none */
} damaged[] = {
	{GOOD "\n" GOOD, 2, -1},
	{GOOD "\r\n\n\n" GOOD "\n", 2, -1},
	{GOOD GOOD "\n", 2, -1},
	{"{\"process_exec\":{\"process\":{\"exec_id\":\"YTox\",\"pid\":5,\"arguments\":\"a\\nb" GOOD "\n", 1, NDJSON_GLUED},
	{"{\"process_exec\":{\"proc" GOOD "\n" GOOD "\n", 2, NDJSON_GLUED},
	{"{\"process_exec\":{\"process\":{\"exec_id\":\"YTox\",\"pid\":5,\"bin", 0, NDJSON_TORN},
	{"{\"process_exec\":{\"process\":{\"exec_id\":\"YTox\\", 0, NDJSON_TORN},
	{"level=info msg=\"hello\"\n", 0, NDJSON_NOT_JSON},
	{"{\"process_dance\":{\"a\":1}}\n", 0, NDJSON_UNKNOWN_KIND},
	{"{\"log\":\"x\"}\n", 0, NDJSON_NO_EVENT},
	{"{}\n", 0, NDJSON_NO_EVENT},
	{"{\"process_exec\":{\"process\":{\"pid\":\"x\"}}}\n", 0, NDJSON_BAD_VALUE},
	{"{\"process_exec\":{\"process\":{\"pid\":99999999999}}}\n", 0, NDJSON_BAD_VALUE},
	{"{\"process_exec\":7}\n", 0, NDJSON_BAD_VALUE},
	{"{\"process_exec\":{" PROC "},\"time\":\"yesterday\"}\n", 0, NDJSON_BAD_VALUE},
	{"[pod/x/export-stdout] " GOOD "\n", 1, -1},
	{"2026-08-21T07:07:24.076219821Z stdout F " GOOD "\n", 1, -1},
	{"2026-08-21T07:07:24.07Z stdout P {\"process_exec\":\n2026-08-21T07:07:24.07Z stdout F {" PROC "}}\n", 1, -1},
};

static void test_damaged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		CLEANUP(source_close) struct source *s = ndjson_open_bytes("t", str_from(damaged[i].text), NULL);
		struct event ev;
		while (source_next(s, &ev) == 1)
			;
		const struct ndjson_stats *st = ndjson_stats(s);
		uint64_t skipped = 0;
		for (size_t r = 0; r < NDJSON_REASON_COUNT; r++)
			skipped += st->skipped[r].n;
		bool right = st->events == damaged[i].events && skipped == (damaged[i].reason >= 0) &&
			     (damaged[i].reason < 0 || st->skipped[damaged[i].reason].n == 1);
		if (!right)
			fail_msg("%d events, %d skipped: %s", (int)st->events, (int)skipped, damaged[i].text);
	}
}

static void test_deep(void **state)
{
	(void)state;
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_puts(&b, "{\"x\":");
	for (int i = 0; i < 100000; i++)
		buf_putc(&b, '[');
	CLEANUP(source_close) struct source *s = ndjson_open_bytes("t", buf_view(&b), NULL);
	struct event ev;
	assert_int_equal(source_next(s, &ev), 0);
	assert_int_equal(ndjson_stats(s)->skipped[NDJSON_TOO_DEEP].n, 1);
}

static void test_too_long(void **state)
{
	(void)state;
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_reserve(&b, NDJSON_LINE_MAX + 100);
	memset(b.p, 'x', NDJSON_LINE_MAX + 10);
	b.n = NDJSON_LINE_MAX + 10;
	buf_puts(&b, "\n" GOOD "\n");
	char name[] = "/tmp/test_ndjson.XXXXXX";
	CLEANUP_FD int fd = mkstemp(name);
	assert_int_equal(write_all(fd, b.p, b.n), 0);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(source_close) struct source *s = NULL;
	assert_int_equal(ndjson_open(name, NULL, &d, &s), 0);
	unlink(name);
	struct event ev;
	assert_int_equal(source_next(s, &ev), 1);
	assert_int_equal(ev.line, 2);
	assert_int_equal(source_next(s, &ev), 0);
	assert_int_equal(ndjson_stats(s)->skipped[NDJSON_TOO_LONG].n, 1);
}

static void test_gzip(void **state)
{
	(void)state;
	char name[] = "/tmp/test_ndjson.XXXXXX";
	close(mkstemp(name));
	for (int member = 0; member < 2; member++) {
		gzFile gz = gzopen(name, member ? "ab" : "wb");
		gzputs(gz, GOOD "\n" GOOD "\n");
		gzclose(gz);
	}
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(source_close) struct source *s = NULL;
	assert_int_equal(ndjson_open(name, NULL, &d, &s), 0);
	struct event ev;
	uint64_t n = 0;
	while (source_next(s, &ev) == 1)
		n++;
	assert_int_equal(n, 4);
	assert_int_equal(truncate(name, 40), 0);
	CLEANUP(source_close) struct source *cut = NULL;
	assert_int_equal(ndjson_open(name, NULL, &d, &cut), 0);
	int rc;
	while ((rc = source_next(cut, &ev)) == 1)
		;
	unlink(name);
	assert_int_equal(rc, -EILSEQ);
	assert_non_null(ndjson_error(cut));
}

/* A cached process must read exactly as it would without the cache. */
static void test_cache(void **state)
{
	(void)state;
#define P(args, tail) "{\"process_exit\":{\"process\":{\"exec_id\":\"YTox\",\"pid\":5,\"uid\":1,\"binary\":\"/b\",\"arguments\":\"" args "\",\"parent_exec_id\":\"q\"" tail "}}}\n"
	static const char text[] = P("x\\ny", ",\"refcnt\":1,\"tid\":5,\"in_init_tree\":true")
		P("x\\ny", ",\"refcnt\":2,\"tid\":6,\"in_init_tree\":true") P("x\\ny", "")
		P("z", ",\"tid\":9") P("x\\ny", ",\"tid\":10");
	static const uint32_t tids[] = {5, 6, 0, 9, 10};
	CLEANUP(source_close) struct source *s = ndjson_open_bytes("t", STR(text), NULL);
	struct event ev;
	for (size_t i = 0; i < ARRAY_SIZE(tids); i++) {
		assert_int_equal(source_next(s, &ev), 1);
		assert_int_equal(ev.process.tid, tids[i]);
		assert_true(str_eq(ev.process.arguments, i == 3 ? STR("z") : STR("x\ny")));
		assert_int_equal(ev.process.in_init_tree, i < 2 ? YES : UNKNOWN_YET);
		assert_true(str_eq(ev.process.exec_id, STR("YTox")));
	}
}

/* Who has the same number is the same in all that the number stands for, in whatever order the members come. */
static void test_numbers(void **state)
{
	(void)state;
	static const char text[] = P("x", ",\"refcnt\":1,\"tid\":5") P("x", ",\"refcnt\":2,\"tid\":6,\"in_init_tree\":true")
		P("x", ",\"refcnt\":2,\"pod\":{\"namespace\":\"a\"}") P("x", ",\"tid\":9") P("y", ",\"tid\":10")
		P("y", ",\"tid\":10,\"docker\":\"d\"") P("x", ",\"refcnt\":1,\"tid\":5");
	static const uint64_t same[] = {1, 1, 0, 1, 2, 0, 3};
	uint64_t numbers = 0;
	const struct ndjson_options o = {.numbers = &numbers};
	CLEANUP(source_close) struct source *s = ndjson_open_bytes("t", STR(text), &o);
	struct event ev;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		assert_int_equal(source_next(s, &ev), 1);
		assert_int_equal(ev.process.same, same[i]);
	}
	assert_int_equal(source_next(s, &ev), 0);
	CLEANUP(source_close) struct source *plain = ndjson_open_bytes("t", STR(text), NULL);
	while (source_next(plain, &ev) == 1)
		assert_int_equal(ev.process.same, 0);
}

/* Everything of FILE as lines of ours, read with or without vector instructions. */
static void read_as_text(const char *file, bool portable, struct buf *out)
{
	struct ndjson_options o = {.portable = portable};
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(source_close) struct source *s = NULL;
	assert_int_equal(ndjson_open(file, &o, &d, &s), 0);
	struct event ev;
	while (source_next(s, &ev) == 1)
		event_json(&ev, out);
	const struct ndjson_stats *st = ndjson_stats(s);
	buf_printf(out, "%llu %llu\n", (unsigned long long)st->lines, (unsigned long long)st->events);
}

static void test_scanners_agree(void **state)
{
	(void)state;
	char bytes[256 + SCAN_PAD];
	const struct scan *best = scan_best();
	uint32_t seed = 1;
	for (int round = 0; round < 20000; round++) {
		for (size_t i = 0; i < 256; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (char)(seed >> 24 | 0x20);   /* mostly no stop */
			if ((seed & 0x1ff00) == 0)
				bytes[i] = "\"\\{}[]\n\t"[seed >> 29];
		}
		memset(bytes + 256, '\n', SCAN_PAD);
		const char *p = bytes + (seed >> 27);
		assert_ptr_equal(best->string_end(p), scan_portable.string_end(p));
		assert_ptr_equal(best->bracket(p), scan_portable.bracket(p));
	}
}

static void test_readers_agree(void **state)
{
	(void)state;
	static const char *const files[] = {
		"tests/golden/6.1/recording.ndjson.gz", "corpus/broken/lines.ndjson", "corpus/fuzz/ndjson/hooks",
		"corpus/fuzz/ndjson/mixed", "corpus/fuzz/ndjson/torn",
	};
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		CLEANUP_BUF struct buf a = BUF_INIT, b = BUF_INIT;
		read_as_text(files[i], false, &a);
		read_as_text(files[i], true, &b);
		assert_string_equal(a.p, b.p);
		assert_true(a.n > 10);
	}
}

/* A named pipe: silent while nobody has it open for writing, read once somebody writes, ended when he closes. */
static void test_named_pipe(void **state)
{
	(void)state;
	static const struct ndjson_options options = {.idle_ms = 5};
	static const char zipped[] = "PK\3\4 and more";
	char dir[] = "/tmp/test_ndjson.XXXXXX";
	assert_non_null(mkdtemp(dir));
	CLEANUP_FREE char *file = xasprintf("%s/pipe", dir);
	assert_int_equal(mkfifo(file, 0600), 0);
	for (int foreign = 0; foreign < 2; foreign++) {
		struct str text = foreign ? STR(zipped) : STR(GOOD "\n");
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP(source_close) struct source *source = NULL;
		struct event ev;
		assert_int_equal(ndjson_open(file, &options, &d, &source), 0);
		assert_int_equal(source_next(source, &ev), -EAGAIN);
		assert_int_equal(source_next(source, &ev), -EAGAIN);
		int fd = open(file, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		assert_true(fd >= 0);
		assert_int_equal(source_next(source, &ev), -EAGAIN);
		assert_int_equal(write(fd, text.p, text.n), text.n);
		assert_int_equal(source_next(source, &ev), foreign ? -EINVAL : 1);
		close(fd);
		if (foreign)
			assert_non_null(strstr(ndjson_error(source), "zip archive"));
		else
			assert_int_equal(source_next(source, &ev), 0);
	}
	unlink(file);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hooks), cmocka_unit_test(test_damaged), cmocka_unit_test(test_deep),
		cmocka_unit_test(test_too_long), cmocka_unit_test(test_named_pipe), cmocka_unit_test(test_gzip), cmocka_unit_test(test_cache),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_scanners_agree), cmocka_unit_test(test_readers_agree),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
