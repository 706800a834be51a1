/* SPDX-License-Identifier: GPL-2.0-only */
/* What a replay found, as text for people, as JSON for scripts, as JUnit XML for CI. */
#pragma once

#include <stdio.h>

#include "compiler/policy_set.h"
#include "compiler/replay.h"

enum report_format { REPORT_TEXT, REPORT_JSON };

struct report_options {
	const struct policy_set *set;
	const struct target *target;
	enum report_format format;
	bool all;                 /* JSON: also events that no hook reaches */
	bool quiet;               /* text: totals only */
	uint64_t limit;           /* text: stopped events shown; 0 = all */
};

struct report;

/* OPTIONS and what it points to are borrowed. Events are printed to OUT as they are added. */
struct report *report_new(const struct report_options *options, FILE *out);
void report_free(struct report *r);
DEFINE_CLEANUP(struct report *, report_free)

/* Before each source: the engine that will judge it, to explain with. Borrowed until report_source_done(). */
void report_source(struct report *r, const struct engine *e);

/* A struct replay_handler's event function; ARG is the report. */
int report_event(void *arg, const struct event *ev, const struct judgement *j, size_t n, bool broken);

/* After each source: which hooks it neither recorded nor implied. */
void report_source_done(struct report *r, const struct engine *e);

/* Prints the totals. */
void report_end(struct report *r, const struct tally *t);

/* One test case for each label and expectation, failed when one of its events breaks it. 0 or -errno. */
int report_junit(const struct report *r, const char *file);

/* The name that a report gives to a hook: security_file_open, sched/sched_process_exec. */
struct buf;
void hook_words(const struct policy *p, size_t hook, struct buf *b);
