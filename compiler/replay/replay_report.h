/* SPDX-License-Identifier: GPL-2.0-only */
/* What a replay found, as text for people, as JSON for scripts, as JUnit XML for CI. */
#pragma once

#include <stdio.h>

#include "compiler/replay/judges.h"
#include "compiler/replay/totals.h"

enum report_format { REPORT_TEXT, REPORT_JSON };

struct report_options {
	const struct policy_set *set;
	const struct target *target;
	enum report_format format;
	bool all;                 /* JSON: also events that no hook reaches */
	bool quiet;               /* text: no events */
	bool totals;              /* also what no event needed; text: by selector and by label */
	uint64_t limit;           /* text: stopped events shown; 0 = all */
};

/* The whole. Parts are printed to it in order. */
struct report {
	const struct report_options *o;
	FILE *out;
	uint64_t shown, hidden;   /* text: stopped events; hidden ones were beyond the limit */
	bool format_told;         /* the first JSON object carries the format number */
};

/* The events of one source, which is judged while others are. */
struct report_part;

/* DIRECT: the first part, printed as its events come. Others are kept in a temporary file. */
struct report_part *report_part_new(struct report *r, bool direct);
void report_part_free(struct report_part *p);
DEFINE_CLEANUP(struct report_part *, report_part_free)

/* Which judgements' details the next event is shown with. */
enum judge_detail report_part_detail(const struct report_part *p);
void report_part_event(struct report_part *p, const struct event *ev, const struct judgement *j, size_t n, bool broken);

/* Prints the part to the whole, as far as the limit lets it. 0 or -errno (the temporary file). */
int report_part_end(struct report_part *p);

/* Prints the totals. STOPPED: the user ended it before the end. */
void report_end(struct report *r, const struct totals *t, bool stopped);

/*
 * One test case for each policy, failed when it would not load, and for each label and expectation, failed when one of its events
 * breaks it. 0 or -errno.
 */
int report_junit(const struct report *r, const struct totals *t, const char *file);

/* What no event needed: listed values of policies (as far as they were counted) and entries of allowlists. JSON: elements of an array. */
void report_unused_text(const struct report *r, const struct totals *t);
void report_unused_json(const struct report *r, const struct totals *t, struct buf *b);

/* The names that a report gives to a judgement's policy, and to a hook: security_file_open, sched/sched_process_exec. */
void judge_words(const struct policy_set *set, size_t policy, size_t hook, struct buf *ret_policy, struct buf *ret_hook);
void hook_words(const struct policy *p, size_t hook, struct buf *b);

/* Appends "key":"value", -- with the comma. */
void json_member(struct buf *b, const char *key, struct str value);
/* The members of J that every report has, from "policy" to "monitor", each with its comma. */
void json_judgement(const struct policy_set *set, const struct judgement *j, struct buf *b);
