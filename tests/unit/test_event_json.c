/* SPDX-License-Identifier: GPL-2.0-only */
/* Event -> line -> event -> line: the same line, and the members that matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "schema/event_json.h"
#include "schema/ndjson.h"

static struct event base_event(enum kind kind)
{
	return (struct event){
		.kind = kind, .count = 1, .time_ns = 1787296044076219821ull, .node = STR("node-1"),
		.process = {.exec_id = STR("bm9kZTox"), .pid = 7, .tid = 7, .uid = 0, .auid = 4294967295u,
			    .filename = STR("/bin/vi"), .path = STR("/bin/busybox"), .path_known = true,
			    .arguments = STR("a \"b\"\n\xff\x01"), .flags = STR("execve clone"),
			    .cwd = STR("/"), .start_ns = 1787296044000000000ull, .in_init_tree = YES,
			    .docker = STR("19a02291e106ce6227b684197be232e"),
			    .pod = {.namespace = STR("shop"), .name = STR("cart-1"), .workload = STR("cart"),
				    .workload_kind = STR("Deployment"), .container_name = STR("cart"),
				    .container_id = STR("19a02291e106ce6227b684197be232ea"), .container_pid = 1,
				    .labels = STR("{\"app\":\"cart\"}"), .image = STR("cart:1")}},
		.parent = {.exec_id = STR("bm9kZTow"), .pid = 1, .tid = 1, .filename = STR("/init")},
		.has_parent = true,
	};
}

/* The line of EV, read back and written again; the two must be equal. The event read is checked by CHECK. */
static void round_trip(const struct event *ev, void (*check)(const struct event *ev))
{
	CLEANUP_BUF struct buf first = BUF_INIT, second = BUF_INIT;
	event_json(ev, &first);
	CLEANUP(source_close) struct source *s = ndjson_open_bytes("t", buf_view(&first), NULL);
	struct event back;
	assert_int_equal(source_next(s, &back), 1);
	assert_int_equal(back.kind, ev->kind);
	check(&back);
	event_json(&back, &second);
	/* tags that follow from the other members are added by reading, once */
	CLEANUP(source_close) struct source *again = ndjson_open_bytes("t", buf_view(&second), NULL);
	CLEANUP_BUF struct buf third = BUF_INIT;
	assert_int_equal(source_next(again, &back), 1);
	event_json(&back, &third);
	assert_string_equal(second.p, third.p);
	assert_int_equal(source_next(s, &back), 0);
}

static void same(struct str a, const char *b)
{
	assert_true(str_eq(a, str_from(b)));
}

static void check_exec(const struct event *ev)
{
	same(ev->process.path, "/bin/busybox");
	assert_true(ev->process.path_known);
	assert_false(ev->parent.path_known);
	same(ev->process.arguments, "a \"b\"\n\xff\x01");
	same(ev->process.pod.container_id, "19a02291e106ce6227b684197be232ea");
	assert_int_equal(ev->time_ns, 1787296044076219821ull);
	assert_true(ev->tags & TAG_ENTRYPOINT);
	assert_true(ev->tags & TAG_MEMFD);
	assert_int_equal(ev->expect, EXPECT_DENY);
	same(ev->label, "attack: x");
	assert_int_equal(ev->count, 5);
}

static void test_exec(void **state)
{
	(void)state;
	struct event ev = base_event(KIND_EXEC);
	ev.tags = TAG_MEMFD;
	ev.expect = EXPECT_DENY;
	ev.label = STR("attack: x");
	ev.count = 5;
	round_trip(&ev, check_exec);
}

static void check_file(const struct event *ev)
{
	same(ev->path, "/etc/\xfe{\"process_exec\":");
	assert_true(ev->path_known);
	assert_int_equal(ev->result, -13);
	assert_true(ev->hook.n > 0);
}

static void test_file(void **state)
{
	(void)state;
	static const uint32_t accesses[] = {
		ACCESS_READ, ACCESS_WRITE | ACCESS_CREATE | ACCESS_TRUNCATE, ACCESS_UNLINK, ACCESS_RENAME,
		ACCESS_LINK, ACCESS_CHMOD, ACCESS_TRUNCATE, ACCESS_CREATE, ACCESS_READ | ACCESS_MAP_EXEC,
		ACCESS_PATH_ONLY, ACCESS_READ | ACCESS_WRITE | ACCESS_APPEND,
	};
	for (size_t i = 0; i < ARRAY_SIZE(accesses); i++) {
		struct event ev = base_event(KIND_FILE);
		ev.access = accesses[i];
		ev.path = STR("/etc/\xfe{\"process_exec\":");
		ev.path_known = true;
		ev.result = -13;
		round_trip(&ev, check_file);
	}
}

static void check_connect(const struct event *ev)
{
	if (ev->address.family)
		assert_int_equal(ev->address.port, 443);
	else
		same(ev->unix_path, "@abstract");
}

static void test_connect(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 3; i++) {
		struct event ev = base_event(KIND_CONNECT);
		ev.address = (struct address){{10, 1, 2, 3}, (uint8_t)(i == 0 ? 0 : i == 1 ? 4 : 6), 443};
		ev.protocol = i == 1 ? 6 : 0;
		if (i == 0)
			ev.unix_path = STR("@abstract");
		round_trip(&ev, check_connect);
	}
}

static void check_listen(const struct event *ev)
{
	assert_true(ev->tags & TAG_LISTENING);
	assert_int_equal(ev->address.port, 443);
	assert_int_equal(ev->protocol, 6);
}

static void test_listen(void **state)
{
	(void)state;
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct event ev = base_event(KIND_BIND);
		ev.address = (struct address){{10, 1, 2, 3}, family, 443};
		ev.protocol = 6;
		ev.tags = TAG_LISTENING;
		round_trip(&ev, check_listen);
	}
}

static void check_guard(const struct event *ev)
{
	assert_true(ev->guard.n > 0);
}

static void test_guard(void **state)
{
	(void)state;
	static const char *const guards[] = {"kernel-module", "ptrace", "mount", "raise-privilege", "bpf", "other"};
	for (size_t i = 0; i < ARRAY_SIZE(guards); i++) {
		struct event ev = base_event(KIND_GUARD);
		ev.guard = str_from(guards[i]);
		round_trip(&ev, check_guard);
	}
}

static void check_loss(const struct event *ev)
{
	assert_int_equal(ev->lost, 42);
}

static void test_loss(void **state)
{
	(void)state;
	struct event ev = {.kind = KIND_LOSS, .count = 1, .lost = 42, .node = STR("n")};
	round_trip(&ev, check_loss);
}

static void test_made_exec_id(void **state)
{
	(void)state;
	struct event ev = base_event(KIND_EXIT);
	ev.process.exec_id = (struct str){NULL, 0};
	ev.process.start_ns = 5;
	CLEANUP_BUF struct buf b = BUF_INIT;
	event_json(&ev, &b);
	assert_non_null(strstr(b.p, "\"exec_id\":\"bm9kZS0xOjU6Nw==\""));   /* node-1:5:7 */
	assert_null(strstr(b.p, "null"));
}

static void check_container(const struct event *ev)
{
	same(ev->process.pod.container_name, "shop");
	same(ev->process.pod.container_id, "3082ae4b4146");
	same(ev->process.pod.image, "shop:1");
	assert_int_equal(ev->process.pod.namespace.n, 0);
}

/* Outside Kubernetes a line has no pod, and the container's name a place of its own. */
static void test_container(void **state)
{
	(void)state;
	struct event ev = base_event(KIND_EXEC);
	ev.process.pod = (struct pod){.container_name = STR("shop"), .container_id = STR("3082ae4b4146"), .image = STR("shop:1")};
	round_trip(&ev, check_container);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exec), cmocka_unit_test(test_container), cmocka_unit_test(test_file),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_guard), cmocka_unit_test(test_loss), cmocka_unit_test(test_made_exec_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
