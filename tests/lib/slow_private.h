/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the obvious evaluator tell each other. Only tests/lib/slow_*.c include this. */
#pragma once

#include "tests/lib/slow_eval.h"

/* AND is the least, OR the greatest, NOT is 2 - x. */
enum truth { FALSE_, MAYBE, TRUE_ };

static inline enum truth truth_not(enum truth t)
{
	return (enum truth)(TRUE_ - t);
}
static inline enum truth truth_of(bool b)
{
	return b ? TRUE_ : FALSE_;
}

/* One program image, as the lines told of it. */
struct slow_image {
	struct str id, parent_id, filename, path, checked;
	bool path_known, has_checked, passed_bprm, waits, inventory, exited, exec_seen;
	uint32_t pid;
	struct str caller_path;      /* of the image that called exec */
	bool caller_known, has_caller;
	size_t caller;               /* index + 1 of that image; 0 = not seen */
	bool forked;                 /* never had an exec line */
	struct str cap, ns, namespace, labels, container, image, docker;
	uint32_t container_pid;
	bool cap_known, changed;     /* CHANGED: a call may have altered capabilities or namespaces */
};

struct slow_value {
	uint32_t index;
	struct str resolve;
	enum policy_type type;
	uint32_t size_index;
	const struct arg *arg;
};

struct slow_hit {
	const struct slow *slow;
	struct str site;             /* security_file_open, sys_execve, sched/sched_process_exec */
	bool raw, compat;
	enum section section;        /* of the line: SECTION_LSM or SECTION_KPROBE matter for shifted arguments */
	const struct slow_image *who;
	struct slow_value values[32];
	size_t nvalues;
	bool has_returned;
	bool told_elsewhere;         /* another line of the same call, by another recorder, tells more */
};

/* Which hook of which policy is asked, with its macros put in. */
struct slow_question {
	const struct policy *policy;
	const struct hook *hook;
	size_t selector;
	const struct slow_hit *hit;
	bool silent;
	const char *why;             /* of the first MAYBE */
};

/* The rules do not say. */
enum truth slow_silent(struct slow_question *q, const char *why);
enum truth slow_maybe(struct slow_question *q, const char *why);

/* slow_args.c */
enum truth slow_arg_filter(struct slow_question *q, const struct arg_filter *f);
const struct spec_arg *slow_filtered(const struct hook *h, const struct arg_filter *f);
bool slow_number(struct str text, int64_t *ret, bool *ret_negative);
bool slow_decimal(struct str text, int64_t *ret);
/* One value of InMap, a port, family ... : first and last number. */
struct slow_range {
	int64_t first, last;
};
bool slow_range_of(struct str text, struct slow_range *ret);

/* slow_net.c */
bool slow_is_network(enum policy_operator op);
enum truth slow_network(struct slow_question *q, const struct arg_filter *f, const struct arg *a, enum policy_type type);
bool slow_named_number(enum policy_operator op, struct str text, int64_t *ret);

/* slow_shared.c: kprobe.multi */
bool slow_is_table(enum policy_operator op);
bool slow_is_address(enum policy_operator op);
const struct arg_filter *slow_table(struct slow_question *q, const struct arg_filter *f);
const struct arg_filter *slow_address_table(struct slow_question *q, const struct arg_filter *f, bool six);
const struct selector *slow_binaries_from(struct slow_question *q, size_t selector, bool parents);
struct selector slow_expanded(const struct policy *p, const struct selector *s);

/* slow_area.c */
enum truth slow_within_area(struct slow_question *q);

/* slow_process.c */
enum truth slow_process_filters(struct slow_question *q, const struct selector *s);

/* slow_scope.c */
enum truth slow_scope(struct slow_question *q);
enum truth slow_workloads(struct slow_question *q, const struct workload_filter *v, size_t n);

/* slow_world.c */
struct slow_world;
struct slow {
	struct policy *const *policies, *const *recorders;
	size_t npolicies, nrecorders;
	struct target target;
	bool presume;
	struct slow_world *world;
	struct {
		struct slow_judgement *v;
		size_t n, cap;
	} judgements;
};
struct slow_world *slow_world_new(void);
void slow_world_free(struct slow_world *w);
void slow_world_records(struct slow_world *w, const struct event *ev);
bool slow_world_recorded(const struct slow_world *w, struct str site);
/* Learns from EV, then calls FN for every hit that it is or implies. */
void slow_world_hits(struct slow *s, const struct event *ev, void (*fn)(struct slow *s, struct slow_hit *hit));
const struct slow_image *slow_world_image(const struct slow *s, struct str id);
