/* SPDX-License-Identifier: GPL-2.0-only */
/* The process model on short streams: what becomes known of an image, from which line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "schema/processes.h"

struct line {
	enum kind kind;
	const char *id, *parent;
	uint32_t pid;
	const char *filename, *flags;
	const char *hook;       /* "lsm NAME" or "tp NAME" */
	const char *file;       /* its file argument */
	const char *path;       /* told by the line itself */
	/* then: the resolved path that must come out; NULL = not known */
	const char *want;
	const char *caller;     /* exec lines: of the image before; NULL = not asked */
	uint32_t tags;
};

static void apply(struct processes *m, const struct line *l, struct event *ev, struct arg *arg)
{
	*ev = (struct event){.kind = l->kind, .count = 1};
	ev->process.exec_id = str_from(l->id);
	ev->process.parent_exec_id = str_from(l->parent);
	ev->process.pid = l->pid;
	ev->process.filename = str_from(l->filename);
	ev->process.flags = str_from(l->flags);
	if (l->path) {
		ev->process.path = str_from(l->path);
		ev->process.path_known = true;
	}
	if (l->hook) {
		bool lsm = str_starts(str_from(l->hook), STR("lsm "));
		ev->section = lsm ? HOOK_LSM : HOOK_TRACEPOINT;
		ev->hook = str_from(strchr(l->hook, ' ') + 1);
		*arg = (struct arg){.kind = ARG_BINPRM, .text = str_from(l->file)};
		ev->args = arg;
		ev->nargs = 1;
	}
	processes_apply(m, ev);
}

static void run(const struct line *lines, size_t n)
{
	CLEANUP(processes_free) struct processes *m = processes_new();
	for (size_t i = 0; i < n; i++) {
		struct event ev;
		struct arg arg;
		apply(m, &lines[i], &ev, &arg);
		if (!lines[i].want) {
			if (ev.process.path_known)
				fail_msg("line %zu: path " STR_FMT " came from nowhere", i, STR_ARG(ev.process.path));
		} else if (!ev.process.path_known || !str_eq(ev.process.path, str_from(lines[i].want))) {
			fail_msg("line %zu: path '" STR_FMT "', wanted '%s'", i, STR_ARG(ev.process.path), lines[i].want);
		}
		assert_int_equal(ev.tags & lines[i].tags, lines[i].tags);
		if (!lines[i].caller)
			continue;
		struct process_caller c;
		assert_true(processes_caller(m, &ev, &c));
		assert_true(str_eq(c.path, str_from(lines[i].caller)));
	}
}

#define CHECK "lsm bprm_check_security"

static void paths(void **state)
{
	(void)state;
	static const struct line fork_and_exec[] = {
		{KIND_EXEC, "P", "I", 5, "/bin/sh", "procFS", NULL, NULL, NULL, "/bin/sh", NULL, 0},
		{KIND_HOOK, "A", "P", 7, "/bin/sh", "execve", CHECK, "/usr/bin/cat", NULL, "/bin/sh", NULL, 0},
		{KIND_EXEC, "B", "P", 7, "/bin/cat", "execve clone", NULL, NULL, NULL, "/usr/bin/cat", "/bin/sh", 0},
		{KIND_FILE, "B", "P", 7, "/bin/cat", "execve clone", NULL, NULL, NULL, "/usr/bin/cat", NULL, 0},
		{KIND_FILE, "C", "B", 8, "/bin/cat", "execve", NULL, NULL, NULL, "/usr/bin/cat", NULL, 0},
	};
	static const struct line exec_in_place[] = {
		{KIND_EXEC, "A", "P", 7, "/bin/sh", "execve clone", NULL, NULL, "/usr/bin/dash", "/usr/bin/dash", NULL, 0},
		{KIND_HOOK, "A", "P", 7, "/bin/sh", "execve clone", CHECK, "/srv/run", NULL, "/usr/bin/dash", NULL, 0},
		{KIND_HOOK, "A", "P", 7, "/bin/sh", "execve clone", CHECK, "/usr/bin/perl", NULL, "/usr/bin/dash", NULL, 0},
		{KIND_EXEC, "B", "A", 7, "/srv/run", "execve", NULL, NULL, NULL, "/usr/bin/perl", "/usr/bin/dash", TAG_SCRIPT},
	};
	static const struct line memfd[] = {
		{KIND_HOOK, "A", "P", 7, "/bin/sh", "execve", CHECK, "", NULL, NULL, NULL, 0},
		{KIND_EXEC, "B", "P", 7, "/proc/self/fd/3", "execve clone", NULL, NULL, NULL, "", NULL, TAG_MEMFD},
	};
	static const struct line reused_pid[] = {
		{KIND_HOOK, "A", "P", 7, "/bin/sh", "execve", CHECK, "/usr/bin/cat", NULL, NULL, NULL, 0},
		{KIND_EXEC, "B", "Q", 7, "/bin/ls", "execve clone", NULL, NULL, NULL, NULL, NULL, 0},
	};
	static const struct line told_later[] = {
		{KIND_EXEC, "B", "Q", 7, "/bin/ls", "execve clone", NULL, NULL, NULL, NULL, NULL, 0},
		{KIND_HOOK, "B", "Q", 7, "/bin/ls", "execve clone", "tp sched/sched_process_exec", "/usr/bin/ls", NULL,
		 "/usr/bin/ls", NULL, 0},
		{KIND_EXIT, "B", "Q", 7, "/bin/ls", "execve clone", NULL, NULL, NULL, "/usr/bin/ls", NULL, 0},
	};
	run(fork_and_exec, ARRAY_SIZE(fork_and_exec));
	run(exec_in_place, ARRAY_SIZE(exec_in_place));
	run(memfd, ARRAY_SIZE(memfd));
	run(reused_pid, ARRAY_SIZE(reused_pid));
	run(told_later, ARRAY_SIZE(told_later));
}

/* Exited images go after a while, living ones only when there is no room. */
static void bounded(void **state)
{
	(void)state;
	CLEANUP(processes_free) struct processes *m = processes_new();
	for (uint32_t i = 0; i < 3 * PROCESSES_LINGER; i++) {
		char id[16];
		snprintf(id, sizeof(id), "x%u", i);
		struct event ev;
		struct arg arg;
		apply(m, &(struct line){.kind = KIND_EXEC, .id = id, .parent = "P", .pid = i + 2,
					.filename = "/bin/true", .flags = "execve clone"}, &ev, &arg);
		apply(m, &(struct line){.kind = KIND_EXIT, .id = id, .parent = "P", .pid = i + 2,
					.filename = "/bin/true", .flags = "execve clone"}, &ev, &arg);
	}
	assert_true(processes_count(m) <= PROCESSES_LINGER);
	assert_int_equal(processes_forgotten(m), 0);
}

static void late_pod(void **state)
{
	(void)state;
	CLEANUP(processes_free) struct processes *m = processes_new();
	struct event ev = {.kind = KIND_EXEC, .count = 1};
	ev.process.exec_id = STR("A");
	ev.process.pod.namespace = STR("shop");
	ev.process.pod.container_id = STR("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
	processes_apply(m, &ev);
	ev = (struct event){.kind = KIND_FILE, .count = 1};
	ev.process.exec_id = STR("B");
	ev.process.docker = STR("0123456789abcdef0123456789abcde");
	processes_apply(m, &ev);
	assert_true(str_eq(ev.process.pod.namespace, STR("shop")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(bounded),
		cmocka_unit_test(late_pod),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
