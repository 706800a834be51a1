/* SPDX-License-Identifier: GPL-2.0-only */
/* Scenarios: the same bytes twice, the counts they promise, the form of what they write, and their mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#include "compiler/scenario/scenario.h"
#include "schema/base/map.h"
#include "schema/event_json.h"
#include "schema/ndjson.h"

static struct scenario *open_file(const char *file)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct scenario *s = NULL;
	int err = scenario_read(file, &d, &s);
	diag_print(&d);
	assert_int_equal(err, 0);
	return s;
}

static void generate(const struct scenario *s, struct scenario_options o, struct buf *b)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(source_close) struct source *source = NULL;
	int err = scenario_open(s, &o, &d, &source);
	diag_print(&d);
	assert_int_equal(err, 0);
	for (struct event ev; source_next(source, &ev) > 0;)
		event_json(&ev, b);
}

static const char *const names[] = {"web-server", "node-service", "database", "batch-job", "node-agent"};

static void test_same_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *file = xasprintf("corpus/scenarios/%s.yaml", names[i]);
		CLEANUP(scenario_free) struct scenario *s = open_file(file);
		CLEANUP_BUF struct buf a = BUF_INIT, b = BUF_INIT;
		for (uint32_t variant = 0; variant < 3; variant++) {
			struct scenario_options o = {.variant = variant, .repeat = 2};
			buf_clear(&a);
			buf_clear(&b);
			generate(s, o, &a);
			generate(s, o, &b);
			assert_true(a.n > 100000);
			assert_int_equal(a.n, b.n);
			assert_memory_equal(a.p, b.p, a.n);
		}
	}
}

/* Every event is decided upon; the benign part is the whole without the attacks, byte for byte. */
static void test_expectations(void **state)
{
	(void)state;
	uint64_t total = 0;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *file = xasprintf("corpus/scenarios/%s.yaml", names[i]);
		CLEANUP(scenario_free) struct scenario *s = open_file(file);
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP(source_close) struct source *source = NULL;
		assert_int_equal(scenario_open(s, &(struct scenario_options){0}, &d, &source), 0);
		CLEANUP_BUF struct buf without = BUF_INIT, benign = BUF_INIT;
		uint64_t deny = 0;
		for (struct event ev; source_next(source, &ev) > 0; total++) {
			bool attack = str_starts(ev.label, STR("attack: "));
			assert_true(attack || str_starts(ev.label, STR("benign: ")));
			assert_int_not_equal(ev.expect, EXPECT_NONE);
			assert_true(attack || ev.expect == EXPECT_ALLOW);
			deny += ev.expect == EXPECT_DENY;
			if (!attack)
				event_json(&ev, &without);
		}
		assert_in_range(deny, 15, 100);
		generate(s, (struct scenario_options){.benign_only = true}, &benign);
		assert_int_equal(without.n, benign.n);
		assert_memory_equal(without.p, benign.p, benign.n);
	}
	assert_in_range(total, 3000, 10000);
}

static const char head[] = "apiVersion: stakeout/v1\nkind: Scenario\nmetadata: {name: t}\n"
			   "workload: {namespace: n, kind: Deployment, name: w, replicas: 2}\n"
			   "image: {name: 'r/i:1', symlinks: {/bin: /usr/bin}, scripts: {/run.sh: /bin/sh}}\n";
static const char entry[] = "blocks: {entrypoint: [{exec: /bin/a}]}\n";
static const char start[] = "phases:\n- {name: p, do: [{container: start}]}\n";

static const struct {
	const char *text;
	unsigned events;        /* without the inventory's three */
} counts[] = {
	/* shim, runc, runc init, program, two exits: for each of two replicas */
	{"", 2 * 6},
	{"- {name: q, at: 1m, do: [{run: /bin/b}]}\n", 2 * 8},
	{"- {name: q, at: 1m, replica: 1, do: [{run: /bin/b, stay: true}]}\n", 2 * 6 + 1},
	{"- {name: q, at: 1m, every: 1s, times: 3, do: [{file: /x}]}\n", 2 * 9},
	{"- {name: q, at: 1m, do: [{file: /x, times: 4}]}\n", 2 * 10},
	{"- {name: q, at: 1m, do: [{fork: f, times: 2, do: [{connect: '1.2.3.4:5'}]}]}\n", 2 * 10},
	{"- {name: q, at: 1m, do: [{probe: /bin/b}]}\n", 2 * 10},
	{"- {name: q, at: 1m, do: [{exec: /run.sh}]}\n", 2 * 7},
	/* program and shim end */
	{"- {name: q, at: 1m, do: [{container: stop}]}\n", 2 * 8},
	{"- {name: q, at: 1m, do: [{container: replace}]}\n", 2 * 14},
	{"attacks:\n- {name: q, at: 1m, expect: deny, do: [{enter: /bin/b}]}\n", 2 * 6 + 4},
};

static void test_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP(scenario_free) struct scenario *s = NULL;
		CLEANUP(source_close) struct source *source = NULL;
		CLEANUP_FREE char *text = xasprintf("%s%s%s%s", head, entry, start, counts[i].text);
		int err = scenario_parse("t.yaml", str_from(text), &d, &s);
		if (!err)
			err = scenario_open(s, &(struct scenario_options){0}, &d, &source);
		diag_print(&d);
		assert_int_equal(err, 0);
		unsigned n = 0;
		for (struct event ev; source_next(source, &ev) > 0;)
			n++;
		if (n != counts[i].events + 3)
			fail_msg("row %zu: %u events, not %u: %s", i, n, counts[i].events + 3, counts[i].text);
	}
}

/* Symlinks, scripts, memfd and deleted files: what was typed and what the kernel made of it. */
static const struct {
	const char *step, *filename, *path, *arguments;
	uint32_t tags;
} programs[] = {
	{"{run: /bin/b, args: -x}", "/bin/b", "/usr/bin/b", "-x", 0},
	{"{run: /run.sh, args: -x}", "/run.sh", "/usr/bin/sh", "/run.sh -x", TAG_SCRIPT},
	{"{run: /proc/self/fd/3, memfd: true}", "/proc/self/fd/3", "", "", TAG_MEMFD},
	{"{run: /tmp/x, deleted: true}", "/tmp/x", "/tmp/x (deleted)", "", TAG_DELETED},
	{"{run: /tmp/x, path: /usr/bin/bash}", "/tmp/x", "/usr/bin/bash", "", 0},
	{"{run: '/p/{replica}/{7-7}/{none}'}", "/p/0/7/{none}", "/p/0/7/{none}", "", 0},
	{"{run: /bin/su, setuid: true}", "/bin/su", "/usr/bin/su", "", TAG_SETUID},
};

static void test_programs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP(scenario_free) struct scenario *s = NULL;
		CLEANUP(source_close) struct source *source = NULL;
		CLEANUP_FREE char *text =
			xasprintf("%s%s%s- {name: q, at: 1m, replica: 0, label: here, do: [%s]}\n", head, entry,
				  start, programs[i].step);
		assert_int_equal(scenario_parse("t.yaml", str_from(text), &d, &s), 0);
		assert_int_equal(scenario_open(s, &(struct scenario_options){0}, &d, &source), 0);
		struct event ev;
		while (source_next(source, &ev) > 0 && !str_eq(ev.label, STR("here")))
			;
		assert_int_equal(ev.kind, KIND_EXEC);
		assert_true(str_eq(ev.process.filename, str_from(programs[i].filename)));
		assert_true(str_eq(ev.process.path, str_from(programs[i].path)));
		assert_true(ev.process.path_known);
		assert_true(str_eq(ev.process.arguments, str_from(programs[i].arguments)));
		assert_int_equal(ev.tags & ~TAG_INIT_TREE, programs[i].tags);
	}
}

static const struct {
	const char *text;       /* after head, unless it begins with '!' */
	unsigned line;
	const char *message;
} mistakes[] = {
	{"!", 0, "0 documents"},
	{"![1]", 1, "wants a map"},
	{"!kind: Policy\n", 1, "not a Scenario"},
	{"!apiVersion: v2\n", 1, "reads stakeout/v1"},
	{"!a: [\n", 2, "not YAML"},
	{"phases: []\n", 1, "lacks blocks"},
	{"blocks: {entrypoint: []}\nphases: []\n", 6, "must begin with an 'exec'"},
	{"seed: -1\n", 6, "whole number"},
	{"start: yesterday\n", 6, "wants a time"},
	{"nodes: [1]\n", 6, "a node is a name"},
	{"sead: 1\n", 6, "did you mean 'seed'"},
	{"phases: [{name: x, do: [{runn: /x}]}]\n", 6, "begins with what it does"},
	{"phases: [{name: x, do: [{run: x}]}]\n", 6, "absolute path"},
	{"phases: [{name: x, do: [{run: /x, acces: read}]}]\n", 6, "unknown key"},
	{"phases: [{name: x, do: [{file: /x, access: [red]}]}]\n", 6, "is no access"},
	{"phases: [{name: x, do: [{wait: soon}]}]\n", 6, "wants a duration"},
	{"phases: [{name: x, do: [{container: go}]}]\n", 6, "start, stop, restart or replace"},
	{"phases: [{name: x, do: [{file: /x, times: 0}]}]\n", 6, "'times' must be"},
	{"phases: [{name: x, jitter: 300%, do: [{file: /x}]}]\n", 6, "wants a share"},
	{"phases: [{name: x}]\n", 6, "nothing to do"},
	{"phases: [{do: [{file: /x}]}]\n", 6, "needs a 'name'"},
	{"blocks: {entrypoint: [{exec: /a}]}\nphases: [{name: x, do: [{use: entrypont}]}]\n", 7,
	 "did you mean 'entrypoint'"},
	{"blocks: {entrypoint: [{exec: /a}, {use: b}], b: [{use: entrypoint}]}\n"
	 "phases: [{name: x, do: [{use: b}]}]\n", 6, "uses itself"},
	{"blocks: {entrypoint: [{exec: /a}]}\nphases: [{name: x, replica: 2, do: [{container: start}]}]\n", 7,
	 "replica 2 does not exist"},
	{"blocks: {entrypoint: [{exec: /a}]}\nphases: [{name: x, do: [{file: /x, expect: deny}]}]\n", 7,
	 "belongs under 'attacks'"},
	{"blocks: {entrypoint: [{exec: /a}]}\nphases: [{name: x, do: [{container: start}]}]\n"
	 "attacks: [{name: x, do: [{file: /x}]}]\n", 8, "needs 'expect: deny'"},
	{"blocks: {entrypoint: [{exec: /a}]}\nphases: [{name: x, do: [{container: start}]}]\n"
	 "attacks: [{name: x, do: [{file: /x, expect: allow}]}]\n", 8, "needs 'because'"},
	{"blocks: {entrypoint: [{exec: /a}]}\nphases: [{name: x, do: [{container: start}]}]\n"
	 "attacks: [{name: x, do: [{file: /x, expect: deny, because: y}]}]\n", 8, "this step is denied"},
	/* these need the course of events */
	{"blocks: {entrypoint: [{exec: /a}]}\nphases: [{name: x, do: [{file: /x}]}]\n", 7, "does not run"},
	{"blocks: {entrypoint: [{exec: /a}]}\nphases: [{name: x, do: [{container: stop}]}]\n", 7, "does not run"},
	{"blocks: {entrypoint: [{exec: /a}]}\nphases: [{name: x, in: y, do: [{container: start}]}]\n", 7,
	 "no process named 'y'"},
	{"blocks: {entrypoint: [{exec: /a}]}\nphases: [{name: x, do: [{container: start}, {container: start}]}]\n", 7,
	 "runs already"},
	{"blocks: {entrypoint: [{exec: /a}, {connect: 1.2.3.4}]}\nphases: [{name: x, do: [{container: start}]}]\n", 6,
	 "is no address"},
	{"blocks: {entrypoint: [{exec: /a}]}\nphases: [{name: x, do: [{container: start}]}]\n"
	 "attacks: [{name: x, at: 1m, expect: deny, do: [{exec: /x}]}]\n", 8, "must not replace"},
	{"blocks: {entrypoint: [{exec: /a}]}\nphases: [{name: x, times: 1000000, do: [{wait: 1s, times: 1000}]}]\n", 7,
	 "too many events"},
	{"blocks: {entrypoint: [{exec: /a}]}\nphases: [{name: x, every: 100d, times: 1000, do: [{container: start}]}]\n", 7,
	 "lasts longer"},
	{"blocks: {entrypoint: [{exec: /a}, {wait: 365d, times: 11}, {file: /x}]}\n"
	 "phases: [{name: x, do: [{container: start}]}]\n", 6, "lasts longer"},
	/* each block twice in the next: 2^30 steps if they were followed */
	{"blocks: {entrypoint: [{exec: /a}], a: [{wait: 0s}, {wait: 0s}], b: [{use: a, times: 1000000}],\n"
	 " c: [{use: b, times: 1000000}]}\nphases: [{name: x, do: [{use: c}]}]\n", 6, "too many events"},
};

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP(scenario_free) struct scenario *s = NULL;
		CLEANUP(source_close) struct source *source = NULL;
		bool bare = mistakes[i].text[0] == '!';
		CLEANUP_FREE char *text = xasprintf("%s%s", bare ? "" : head, mistakes[i].text + bare);
		int err = scenario_parse("t.yaml", str_from(text), &d, &s);
		if (!err)
			err = scenario_open(s, &(struct scenario_options){.max_events = 20000}, &d, &source);
		bool found = false;
		for (size_t k = 0; k < d.n; k++)
			found |= d.v[k].line == mistakes[i].line && strstr(d.v[k].message, mistakes[i].message);
		if (!found)
			diag_print(&d);
		if (err != -EINVAL || !found)
			fail_msg("row %zu: %d, no '%s' at line %u for: %s", i, err, mistakes[i].message,
				 mistakes[i].line, mistakes[i].text);
	}
}

/* ---- the form of the lines ---- */

static const char *const process_order[] = {
	"exec_id", "pid", "uid", "cwd", "binary", "arguments", "flags", "start_time", "auid", "pod", "docker",
	"parent_exec_id", "refcnt", "cap", "ns", "tid", "process_credentials", "binary_properties", "user",
	"in_init_tree",
};
static const char *const line_order[] = {
	"process_exec", "process_exit", "process_kprobe", "node_name", "time", "aggregation_info",
	"cluster_name", "node_labels", "stakeout",
};

/* Members of OBJECT are among ORDER and in its order; nothing is null. */
static void check_order(struct json_object *object, const char *const *order, size_t n)
{
	size_t at = 0;
	json_object_object_foreach(object, key, value) {
		assert_non_null(value);
		while (at < n && strcmp(order[at], key))
			at++;
		if (at == n)
			fail_msg("'%s' is unknown or out of order", key);
	}
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;
	json_object_object_get_ex(object, key, &value);
	return value;
}

static size_t decode64(const char *in, char *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0, held = 0;
	size_t n = 0;
	for (; *in && *in != '='; in++) {
		bits = bits << 6 | (uint32_t)(strchr(digits, *in) - digits);
		held += 6;
		if (held >= 8)
			out[n++] = (char)(bits >> (held -= 8));
	}
	out[n] = '\0';
	return n;
}

/* exec_id is node:ktime:pid of this very process. */
static void check_process(struct json_object *process, const char *node)
{
	check_order(process, process_order, ARRAY_SIZE(process_order));
	char id[256], tail[64];
	assert_non_null(member(process, "exec_id"));
	decode64(json_object_get_string(member(process, "exec_id")), id);
	assert_true(str_starts(str_from(id), str_from(node)));
	snprintf(tail, sizeof(tail), ":%" PRId64, json_object_get_int64(member(process, "pid")));
	assert_true(str_ends(str_from(id), str_from(tail)));
	assert_non_null(member(process, "start_time"));
	assert_non_null(member(process, "in_init_tree"));
	struct json_object *pod = member(process, "pod");
	assert_int_equal(pod != NULL, member(process, "docker") != NULL);
	if (pod)
		assert_memory_equal(json_object_get_string(member(process, "docker")),
				    json_object_get_string(member(member(pod, "container"), "id")) +
					    strlen("containerd://"), 31);
}

/* A process seen in an exec line or born by a fork from one; PARENT is known from an earlier line. */
static void check_line(struct json_object *line, struct map *known)
{
	check_order(line, line_order, ARRAY_SIZE(line_order));
	struct json_object_iterator it = json_object_iter_begin(line);
	const char *kind = json_object_iter_peek_name(&it);
	struct json_object *event = json_object_iter_peek_value(&it);
	const char *node = json_object_get_string(member(line, "node_name"));
	assert_non_null(node);
	assert_non_null(member(line, "time"));
	struct json_object *process = member(event, "process"), *parent = member(event, "parent");
	check_process(process, node);
	check_process(parent, node);
	struct str id = str_from(json_object_get_string(member(process, "exec_id")));
	struct str parent_id = str_from(json_object_get_string(member(parent, "exec_id")));
	assert_true(str_eq(parent_id, str_from(json_object_get_string(member(process, "parent_exec_id")))));
	if (!strcmp(kind, "process_exec")) {
		bool fresh;
		map_add(known, id, &fresh);
		assert_true(fresh);
	}
	/* A fork has no line of its own: its child is known through its parent. */
	bool told = map_find(known, parent_id) != MAP_NONE || map_find(known, id) != MAP_NONE;
	assert_true(told);
	map_add(known, id, NULL);
}

static void test_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *file = xasprintf("corpus/scenarios/%s.yaml", names[i]);
		CLEANUP(scenario_free) struct scenario *s = open_file(file);
		CLEANUP(map_free) struct map *known = map_new();
		CLEANUP_BUF struct buf text = BUF_INIT;
		generate(s, (struct scenario_options){0}, &text);
		char *save = NULL;
		for (char *l = strtok_r(text.p, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
			struct json_object *line = json_tokener_parse(l);
			assert_non_null(line);
			check_line(line, known);
			json_object_put(line);
		}
	}
}

/* The reader turns IPv4 in its IPv6 form into what it means. */
static struct address plain(struct address a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	if (a.family != 6 || memcmp(a.bytes, mapped, sizeof(mapped)))
		return a;
	struct address four = {.family = 4, .port = a.port};
	memcpy(four.bytes, a.bytes + sizeof(mapped), 4);
	return four;
}

/* What is written is read back as the same event, and nothing of it is skipped. */
static void test_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CLEANUP_FREE char *file = xasprintf("corpus/scenarios/%s.yaml", names[i]);
		CLEANUP(scenario_free) struct scenario *s = open_file(file);
		CLEANUP_BUF struct buf text = BUF_INIT;
		generate(s, (struct scenario_options){0}, &text);
		CLEANUP(source_close) struct source *read = ndjson_open_bytes("t", buf_view(&text), NULL);
		CLEANUP(source_close) struct source *made = NULL;
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		assert_int_equal(scenario_open(s, &(struct scenario_options){0}, &d, &made), 0);
		struct event a, b;
		while (source_next(made, &a) > 0) {
			assert_int_equal(source_next(read, &b), 1);
			if (a.kind != b.kind)
				fail_msg("%s line %" PRIu64 ": kind %s read as %s", names[i], a.line,
					 kind_name(a.kind), kind_name(b.kind));
			assert_true(str_eq(a.process.filename, b.process.filename));
			assert_true(str_eq(a.process.path, b.process.path));
			assert_int_equal(a.process.path_known, b.process.path_known);
			assert_true(str_eq(a.parent.path, b.parent.path));
			assert_true(str_eq(a.process.exec_id, b.process.exec_id));
			assert_true(str_eq(a.path, b.path));
			assert_true(str_eq(a.guard, b.guard));
			assert_true(str_eq(a.unix_path, b.unix_path));
			assert_true(str_eq(a.label, b.label));
			assert_int_equal(a.access, b.access);
			/* A source that is not told takes pid 1 for the entrypoint. */
			assert_int_equal(a.tags & ~TAG_ENTRYPOINT, b.tags & ~TAG_ENTRYPOINT);
			assert_int_equal(a.expect, b.expect);
			assert_int_equal(a.protocol, b.protocol);
			a.address = plain(a.address);
			assert_memory_equal(a.address.bytes, b.address.bytes, sizeof(a.address.bytes));
			assert_int_equal(a.address.family, b.address.family);
			assert_int_equal(a.address.port, b.address.port);
			assert_int_equal(a.time_ns, b.time_ns);
		}
		assert_int_equal(source_next(read, &b), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_bytes), cmocka_unit_test(test_expectations),
		cmocka_unit_test(test_counts),     cmocka_unit_test(test_programs),
		cmocka_unit_test(test_mistakes),   cmocka_unit_test(test_form),
		cmocka_unit_test(test_round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
