/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the server holds in memory says the same as the store, after every step: the allowlist that is suggested and
 * the events that are judged with what was decided of them, byte by byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "compiler/replay/source_store.h"
#include "schema/event_json.h"
#include "webui/held.h"

#define OK(call)                                                                                   \
	do {                                                                                       \
		int err_ = (call);                                                                 \
		if (err_)                                                                          \
			fail_msg("%s: %d %s", #call, err_, store_error(s));                        \
	} while (0)

enum { PATHS = 40 };

static void see(struct store *s, int64_t workload, int64_t instance, int64_t recording, unsigned i)
{
	CLEANUP_FREE char *path = xasprintf("/etc/app/%u/%u", i % 3, i);
	const struct observation o = {.workload = workload,
				      .kind = i % 4 ? KIND_FILE : KIND_EXEC,
				      .subject = STR("/usr/bin/app"),
				      .subject_known = true,
				      .path = str_from(path),
				      .filename = i % 4 ? STR("") : str_from(path),
				      .path_known = true,
				      .access = i % 4 ? ACCESS_CHANGES : 0,
				      .count = i + 1,
				      .first_ns = (1000 + i * 7 % PATHS) * NSEC_PER_SEC,
				      .last_ns = 2000 * NSEC_PER_SEC};
	int64_t id;
	OK(store_begin(s));
	OK(store_observe(s, &o, instance, recording, &id));
	OK(store_commit(s));
}

static uint64_t add_events(struct source *source, struct buf *b)
{
	struct event ev;
	uint64_t sum = 0;
	int more;
	while ((more = source_next(source, &ev)) > 0) {
		event_json(&ev, b);
		buf_printf(b, "%llu %d\n", (unsigned long long)ev.line, source_store_choice(source));
		sum += ev.line << (4 * source_store_choice(source));
	}
	assert_int_equal(more, 0);
	source_close(source);
	return sum;
}

/* The same with the same choices, as they were first seen. */
static void in_time(struct source *source, uint64_t sum)
{
	struct event ev;
	uint64_t last_ns = 0;
	int more;
	while ((more = source_next(source, &ev)) > 0) {
		assert_true(ev.time_ns >= last_ns);
		last_ns = ev.time_ns;
		sum -= ev.line << (4 * source_store_choice(source));
	}
	assert_int_equal(more, 0);
	assert_int_equal(sum, 0);
	source_close(source);
}

static void compare(struct web *w, struct store *s, int64_t workload)
{
	static const struct suggest_options options = {.decided_only = true, .callers = true};
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP_BUF struct buf held = BUF_INIT, stored = BUF_INIT;
	CLEANUP_HELD struct held_lease lease = {w, NULL};
	struct workload_row row;
	struct left_out_tally tally[2];
	struct allowlist *list[2];
	struct source *source[2];
	OK(store_workload_get(s, a, workload, 0, &row));
	OK(held_get(w, s, &row, &lease.held));
	assert_non_null(lease.held);
	OK(held_suggest(lease.held, s, &row, &options, &tally[0], &list[0]));
	OK(suggest_allowlist(s, &row, &options, &tally[1], &list[1]));
	allowlist_print(list[0], &held);
	allowlist_print(list[1], &stored);
	CLEANUP_FREE uint8_t *choices = NULL;
	OK(held_choices(lease.held, s, &row, &choices));
	source[0] = held_part(lease.held, &row, choices, 0, 1);
	OK(source_store_workload(s, workload, &source[1]));
	add_events(source[0], &held);
	uint64_t sum = add_events(source[1], &stored);
	assert_string_equal(held.p, stored.p);
	OK(held_source(lease.held, s, &row, choices, &source[0]));
	in_time(source[0], sum);
	assert_memory_equal(&tally[0], &tally[1], sizeof(tally[0]));
	allowlist_free(list[0]);
	allowlist_free(list[1]);
}

static void decide(struct store *s, int64_t workload, struct decision d)
{
	uint64_t version;
	OK(store_decide(s, workload, STORE_ANY_VERSION, &d, 1, NSEC_PER_SEC, &version));
}

static void follow(struct web *w, struct store *s, int64_t workload, int64_t instance, int64_t recording)
{
	const struct rule folder = {.kind = KIND_FILE, .path = STR("/etc/app/1/"), .access = ACCESS_CHANGES};
	uint64_t version;
	for (unsigned i = 0; i < PATHS; i++)
		see(s, workload, instance, recording, i);
	compare(w, s, workload);
	for (int64_t id = 1; id < 12; id++) {
		decide(s, workload, (struct decision){.observation = id, .choice = id % 3 ? CHOICE_ALLOW : CHOICE_DENY});
		compare(w, s, workload);
	}
	decide(s, workload, (struct decision){.rule = folder, .choice = CHOICE_ALLOW});
	compare(w, s, workload);
	see(s, workload, instance, recording, PATHS + 2);   /* one more that the rule covers */
	compare(w, s, workload);
	see(s, workload, instance, recording, 3);           /* a count grows */
	compare(w, s, workload);
	decide(s, workload, (struct decision){.observation = 5, .choice = CHOICE_UNDECIDED});
	compare(w, s, workload);
	decide(s, workload, (struct decision){.rule = folder, .choice = CHOICE_DENY});
	compare(w, s, workload);
	for (unsigned i = 0; i < 14; i++) {
		OK(store_undo(s, workload, STORE_ANY_VERSION, NSEC_PER_SEC, &version));
		compare(w, s, workload);
	}
	OK(store_begin(s));
	OK(store_instance(s, workload, &(struct instance){.key = STR("a"), .labels = STR("{\"app\":\"b\"}")}, &instance));
	OK(store_commit(s));
	compare(w, s, workload);
}

/* The allowlist of version AT, as text. */
static char *text_at(struct web *w, struct store *s, int64_t workload, uint64_t at)
{
	static const struct suggest_options options = {.decided_only = true, .callers = true};
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP_HELD struct held_lease lease = {w, NULL};
	struct workload_row row;
	struct left_out_tally tally;
	struct allowlist *list;
	struct buf text = BUF_INIT;
	OK(store_workload_get(s, a, workload, 0, &row));
	OK(held_get(w, s, &row, &lease.held));
	OK(held_suggest_at(lease.held, s, &row, at, &options, &tally, &list));
	allowlist_print(list, &text);
	allowlist_free(list);
	return buf_take(&text);
}

/* What each version allowed when it was the newest is what it is said to have allowed afterwards. */
static void look_back(struct web *w, struct store *s, int64_t workload)
{
	const struct rule folder = {.kind = KIND_FILE, .path = STR("/etc/app/1/"), .access = ACCESS_CHANGES};
	const struct decision steps[] = {
		{.observation = 2, .choice = CHOICE_ALLOW},  {.observation = 3, .choice = CHOICE_ALLOW},
		{.rule = folder, .choice = CHOICE_ALLOW},    {.observation = 12, .choice = CHOICE_DENY},
		{.observation = 2, .choice = CHOICE_DENY},   {.rule = folder, .choice = CHOICE_DENY},
		{.observation = 12, .choice = CHOICE_ALLOW}, {.rule = folder, .choice = CHOICE_UNDECIDED},
		{.observation = 3, .choice = CHOICE_UNDECIDED},
	};
	enum { UNDOES = 4, VERSIONS = ARRAY_SIZE(steps) + UNDOES };
	char *texts[VERSIONS];
	uint64_t versions[VERSIONS];
	size_t changes = 0;
	for (size_t i = 0; i < VERSIONS; i++) {
		if (i < ARRAY_SIZE(steps))
			OK(store_decide(s, workload, STORE_ANY_VERSION, &steps[i], 1, NSEC_PER_SEC, &versions[i]));
		else
			OK(store_undo(s, workload, STORE_ANY_VERSION, NSEC_PER_SEC, &versions[i]));
		texts[i] = text_at(w, s, workload, versions[i]);
	}
	for (size_t i = 0; i < VERSIONS; i++) {
		CLEANUP_FREE char *then = text_at(w, s, workload, versions[i]);
		assert_string_equal(then, texts[i]);
		changes += i && strcmp(texts[i], texts[i - 1]);
	}
	assert_true(changes >= 6);   /* else nothing was shown */
	for (size_t i = 0; i < VERSIONS; i++)
		free(texts[i]);
}

static void test_follows(void **state)
{
	(void)state;
	char dir[] = "/tmp/test_held.XXXXXX";
	assert_non_null(mkdtemp(dir));
	CLEANUP_FREE char *file = xasprintf("%s/s.db", dir), *command = xasprintf("rm -rf %s", dir);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct store *s = NULL;
	assert_int_equal(store_open(file, STORE_WRITE, &d, &s), 0);
	struct web w = {.db = file};
	web_init(&w);
	int64_t workload, instance, recording;
	OK(store_begin(s));
	OK(store_recording_add(s, &(struct recording){.source = STR("live")}, &recording));
	OK(store_workload(s, &(struct workload){.namespace = STR("shop"), .kind = STR("Deployment"), .name = STR("cart"),
						.container = STR("app")}, &workload));
	OK(store_instance(s, workload, &(struct instance){.key = STR("a"), .labels = STR("{\"app\":\"cart\"}")}, &instance));
	OK(store_commit(s));
	follow(&w, s, workload, instance, recording);
	look_back(&w, s, workload);
	web_done(&w);
	store_close(s);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_follows)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
