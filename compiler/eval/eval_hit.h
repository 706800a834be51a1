/* SPDX-License-Identifier: GPL-2.0-only */
/* How hits are put together: private to the files that make them (eval_line.c, eval_imply.c, eval_exec.c, eval_hooks.c). */
#pragma once

#include "compiler/eval/eval_form.h"

/* A hit of WHO at the site, which the stream is then known to reach; NULL when no policy hooks it. */
struct hit *hit_new(struct engine *e, struct hits *hits, uint32_t site, const struct record *who);
static inline struct hit *hit_add(struct engine *e, struct hits *hits, uint32_t site, const struct record *who)
{
	return e->at.v[site].n ? hit_new(e, hits, site, who) : NULL;
}
/* ... of the process P. */
struct hit *hit_new_by(struct engine *e, struct hits *hits, uint32_t site, const struct process *p);
static inline struct hit *hit_by(struct engine *e, struct hits *hits, uint32_t site, const struct process *p)
{
	return e->at.v[site].n ? hit_new_by(e, hits, site, p) : NULL;
}
struct record hit_record(const struct process *p);

/* Arguments, by their place in the C signature. */
struct slot *hit_slot(struct hit *h, enum slot_kind kind, uint8_t index);
void hit_number(struct hit *h, uint8_t index, int64_t v);
void hit_bits(struct hit *h, uint8_t index, struct str resolve, uint64_t value, uint64_t known);   /* only those under KNOWN */
void hit_between(struct hit *h, uint8_t index, struct str resolve, int64_t low, int64_t high);
void hit_path(struct hit *h, uint8_t index, struct str text, bool known);
void hit_entry(struct hit *h, uint8_t folder, uint8_t name, struct str whole, bool known);
void hit_link_count(struct hit *h, uint8_t index, struct str file, bool known);

/* At the tracepoint syscalls/sys_exit_CALL, which native calls pass; RETURNED may be NULL. */
struct hit *hit_call_exit(struct engine *e, struct hits *hits, struct str call, const struct record *who, int64_t number,
			  const int64_t *returned);

/* eval_process.c: what the process holds, as the filter's list would write it; empty: not told, or no one value turns the answer. */
struct str eval_namespace_value(const struct engine *e, const struct namespace_test *t, const struct hit *h, struct arena *arena);
struct str eval_capability_value(const struct engine *e, const struct capability_test *t, const struct hit *h);

/* eval_line.c: the hit that the line itself is. */
void line_hit(struct engine *e, const struct event *ev, uint32_t site, struct hits *hits);
void line_args(const struct engine *e, struct hit *h, const struct event *ev);   /* the line's values, as those of the hit's site */
bool line_whole_paths(struct hit *h, const struct event *ev);
static inline bool line_from_policy(const struct event *ev)
{
	return ev->policy.n > 0;
}

/* eval_imply.c: the hits that a meaning implies beyond the line's own site DIRECT. */
void imply_file_hits(struct engine *e, const struct event *ev, uint32_t direct, struct hits *hits);
void imply_connect_hits(struct engine *e, const struct event *ev, uint32_t direct, struct hits *hits);
void imply_guard_hits(struct engine *e, const struct event *ev, struct hits *hits);
void imply_guard_args(struct hit *h, const struct event *ev);

/* eval_exec.c */
void exec_caller(struct engine *e, const struct event *ev, struct record *ret);
void exec_entry_hits(struct engine *e, const struct event *ev, struct hits *hits);
void exec_hits(struct engine *e, const struct event *ev, struct hits *hits);
void exec_sched_hit(struct engine *e, const struct event *ev, struct hits *hits);
void exec_other_calls(struct engine *e, struct hits *hits, const struct record *who);
