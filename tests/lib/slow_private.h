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

enum { SLOW_SETS = 3, SLOW_NAMESPACES = 10 };
/* Against the exec line: the same; another that nobody had before; not told. */
enum slow_ns { SLOW_NS_SAME, SLOW_NS_NEW, SLOW_NS_OPEN };

/* One program image, as the lines told of it. */
struct slow_image {
	struct str id, parent_id, filename, path, checked;
	bool path_known, has_checked, passed_bprm, waits, inventory, exited, exec_seen;
	uint32_t pid;
	struct str caller_path;      /* of the image that called exec */
	bool caller_known, has_caller, caller_fresh;
	size_t caller;               /* index + 1 of that image; 0 = not seen */
	bool fresh;                  /* a fork that is about to exec */
	bool hearsay;                /* only its children's lines speak of it */
	bool forked;                 /* never had an exec line */
	struct str ns, namespace, labels, container, image, docker;
	uint32_t container_pid;
	/* Capabilities held now and in the record. OPEN: what they are is not told any more. */
	bool cap_aside;              /* a line that is no exec line tells some */
	bool cap_known, cap_open, cap_changed, cap_record_open;
	uint64_t cap_now[SLOW_SETS], cap_record[SLOW_SETS];
	enum slow_ns ns_now[SLOW_NAMESPACES];
	bool ns_recorded[SLOW_NAMESPACES], ns_record_open;   /* RECORDED: the record was made anew since */
};

struct slow_value {
	uint32_t index;
	struct str resolve;
	enum policy_type type;
	uint32_t size_index;
	const struct arg *arg;
};

struct slow_hit {
	struct slow *slow;
	struct str site;             /* security_file_open, sys_execve, sched/sched_process_exec */
	bool raw, compat;
	enum section section;        /* of the line: SECTION_LSM or SECTION_KPROBE matter for shifted arguments */
	const struct slow_image *who;
	struct slow_value values[32];
	size_t nvalues;
	bool has_returned, partly, named;   /* NAMED: as slow_world_named() says of who execs */
	int64_t returned;
	uint64_t time_ns;
	bool told_elsewhere;         /* another line of the same call, by another recorder, tells more */
};

/* Which hook of which policy is asked, with its macros put in. */
struct slow_question {
	const struct policy *policy;
	const struct hook *hook;
	size_t hook_number, selector;
	const struct slow_hit *hit;
	bool silent, perhaps;        /* PERHAPS: another selector may have won */
	const char *why;             /* of the first MAYBE */
};

/* 3.4: the kernel reads what follows in such a selector from another place. */
bool slow_misread(const struct selector *s);

/* The rules do not say. */
enum truth slow_silent(struct slow_question *q, const char *why);
enum truth slow_maybe(struct slow_question *q, const char *why);

/* slow_args.c */
enum truth slow_arg_filter(struct slow_question *q, const struct arg_filter *f);
const struct spec_arg *slow_filtered(const struct hook *h, const struct arg_filter *f);
/* F asked of V, the value that WANTED describes. */
enum truth slow_value_filter(struct slow_question *q, const struct arg_filter *f, const struct spec_arg *wanted,
			     const struct slow_value *v);
const struct slow_value *slow_find_value(struct slow_question *q, const struct spec_arg *wanted);
bool slow_capability_mask(struct str names, uint64_t *ret);
bool slow_call_number(struct str name, int64_t *ret);
bool slow_number(struct str text, int64_t *ret, bool *ret_negative);
bool slow_decimal(struct str text, int64_t *ret);
/* One value of InMap, a port, family ... : first and last number. */
struct slow_range {
	int64_t first, last;
};
bool slow_range_of(struct str text, struct slow_range *ret);

/* slow_cel.c */
enum truth slow_expression(struct slow_question *q, struct str text);

/* slow_net.c */
bool slow_is_network(enum policy_operator op);
enum truth slow_network(struct slow_question *q, const struct arg_filter *f, const struct arg *a, enum policy_type type);
bool slow_named_number(enum policy_operator op, struct str text, int64_t *ret);

/* slow_shared.c: kprobe.multi */
bool slow_is_table(enum policy_operator op);
bool slow_is_address(enum policy_operator op);
const struct arg_filter *slow_table(struct slow_question *q, const struct arg_filter *f);
const struct arg_filter *slow_word_table(struct slow_question *q, const struct arg_filter *f);
const struct arg_filter *slow_address_table(struct slow_question *q, const struct arg_filter *f, bool six);
enum slow_shared { SLOW_BINARIES, SLOW_PARENTS, SLOW_WORKLOADS };
const struct selector *slow_shared_from(struct slow_question *q, size_t selector, enum slow_shared what);
struct selector slow_expanded(const struct policy *p, const struct selector *s);

/* slow_area.c */
enum truth slow_within_area(struct slow_question *q);

/* slow_process.c */
enum truth slow_process_filters(struct slow_question *q, const struct selector *s);

/* slow_held.c */
bool slow_namespace_told(const struct slow_image *who, struct str name, int64_t *number, bool *host);
enum truth slow_match_namespace(struct slow_question *q, const struct namespace_filter *f);
enum truth slow_match_capabilities(struct slow_question *q, const struct selector *s);
enum truth slow_match_changes(struct slow_question *q, const struct selector *s);
void slow_held_exec(struct slow_image *i, const struct process *p);
void slow_held_fork(struct slow_image *child, const struct slow_image *parent);
void slow_held_line(struct slow_image *i, const struct slow_hit *hit);
/* S: the selector that acted, NULL = not sure which. */
void slow_held_posted(struct slow_question *q, const struct selector *s, enum truth posted);

/* slow_actions.c */
struct slow_notice {                 /* what an enforcer was told of a thread */
	const struct policy *policy;
	uint32_t thread;
	int32_t error;
	uint32_t signal;
	enum truth armed;
};
struct slow_outcome {
	struct slow_judgement j;
	enum truth posts;
	bool notifies, cleans;
	struct slow_notice notice;
};
void slow_run_actions(struct slow_question *q, int selector, const struct selector *s, struct slow_outcome *o);
bool slow_monitors(const struct policy *p);

/* slow_later.c */
void slow_at_return(struct slow_question *q, struct slow_judgement *j);
bool slow_listed(const struct policy *p, const struct slow_hit *hit);
void slow_enforce_at_once(struct slow_question *q, struct slow_outcome *o, bool *denies);
/* DIFFER: other outcomes are possible. */
void slow_notify(struct slow_question *q, const struct slow_outcome *o, bool differ);
bool slow_notice_lost(struct slow_question *q, const struct slow_outcome *o);
void slow_enforce(struct slow *s, size_t policy, struct slow_hit *hit);

/* slow_scope.c */
enum truth slow_scope(struct slow_question *q);
enum truth slow_workloads(struct slow_question *q, const struct workload_filter *v, size_t n);

/* slow_world.c */
struct slow_world;
struct slow_firing {                 /* of a Post with a rate limit */
	const struct policy *policy;
	struct str key;
	uint64_t time_ns;
	bool open;                   /* its key may be another's too */
	enum truth posted;
};
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
	struct {
		struct slow_firing *v;
		size_t n, cap;
	} firings;
	struct {
		struct slow_notice *v;
		size_t n, cap;
	} notices;
	struct slow_image *writable; /* whose line is judged */
};
struct str slow_keep(struct slow *s, struct str text);   /* a copy */
struct slow_world *slow_world_new(void);
void slow_world_free(struct slow_world *w);
void slow_world_records(struct slow_world *w, const struct event *ev);
bool slow_world_named(const struct slow *s, const struct slow_image *i);
bool slow_world_recorded(const struct slow_world *w, struct str site);
/* Learns from EV, then calls FN for every hit that it is or implies. */
void slow_world_hits(struct slow *s, const struct event *ev, void (*fn)(struct slow *s, struct slow_hit *hit));
const struct slow_image *slow_world_image(const struct slow *s, struct str id);
