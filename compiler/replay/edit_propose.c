/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What edits could turn a verdict, from the steps that led to it: a value more or less in a list that was compared with, a filter
 * more that lets just this event pass, one less that kept it from a selector; of an allowlist an entry.
 */
#include "compiler/replay/edit.h"

#include "compiler/eval/eval_set.h"
#include "schema/ndjson_args.h"
#include "schema/policy_numbers.h"
#include "schema/rule.h"

/* ---- proposals for policies ---- */

static const struct {
	enum policy_operator op;
	bool negative;
	enum list_way way;
} list_operators[] = {
	{OPERATOR_EQUAL, false, LIST_WHOLE}, {OPERATOR_NOT_EQUAL, true, LIST_WHOLE},
	{OPERATOR_IN, false, LIST_WHOLE}, {OPERATOR_NOT_IN, true, LIST_WHOLE},
	{OPERATOR_PREFIX, false, LIST_STARTS}, {OPERATOR_NOT_PREFIX, true, LIST_STARTS},
	{OPERATOR_POSTFIX, false, LIST_ENDS}, {OPERATOR_NOT_POSTFIX, true, LIST_ENDS},
	{OPERATOR_SADDR, false, LIST_NETWORKS}, {OPERATOR_NOT_SADDR, true, LIST_NETWORKS},
	{OPERATOR_DADDR, false, LIST_NETWORKS}, {OPERATOR_NOT_DADDR, true, LIST_NETWORKS},
	{OPERATOR_SPORT, false, LIST_SPANS}, {OPERATOR_NOT_SPORT, true, LIST_SPANS},
	{OPERATOR_DPORT, false, LIST_SPANS}, {OPERATOR_NOT_DPORT, true, LIST_SPANS},
	{OPERATOR_IN_MAP, false, LIST_SPANS}, {OPERATOR_NOT_IN_MAP, true, LIST_SPANS},
};

static int operator_row(enum policy_operator op)
{
	for (size_t i = 0; i < ARRAY_SIZE(list_operators); i++)
		if (list_operators[i].op == op)
			return (int)i;
	return -1;
}

enum list_way list_way_of(enum policy_operator op)
{
	int row = operator_row(op);
	return row < 0 ? LIST_NONE : list_operators[row].way;
}

static bool same_number(struct str a, struct str b)
{
	int64_t x, y;
	return go_int(a, 0, 64, &x) && go_int(b, 0, 64, &y) && x == y;
}

/* "80", "80:90". */
static bool spans(struct str listed, struct str value)
{
	const char *colon = listed.n ? memchr(listed.p, ':', listed.n) : NULL;
	struct str first = {listed.p, colon ? (size_t)(colon - listed.p) : listed.n};
	int64_t a, b, v;
	return go_int(first, 10, 64, &a) && go_int(colon ? str_skip(listed, first.n + 1) : first, 10, 64, &b) &&
	       go_int(value, 10, 64, &v) && MIN(a, b) <= v && v <= MAX(a, b);
}

static bool lies_in(struct str network, struct str address)
{
	struct network_set set = {.v4 = {NULL, 0, 0}};
	struct address a = {.family = 0};
	address_parse(address, &a);
	bool in = a.family && !network_set_add(&set, network);
	network_set_sort(&set);
	in = in && network_set_has(&set, &a);
	network_set_done(&set);
	return in;
}

static bool holds(enum list_way way, struct str listed, struct str value)
{
	switch (way) {
	case LIST_STARTS:
		return str_starts(value, listed);
	case LIST_ENDS:
		return str_ends(value, listed);
	case LIST_NETWORKS:
		return lies_in(listed, value);
	case LIST_SPANS:
		return spans(listed, value);
	case LIST_WHOLE:
		return str_eq(value, listed) || same_number(value, listed);
	case LIST_NONE:
		break;
	}
	return false;
}

/* As turn_list(), of pids. */
static bool turn_pids(const struct trace_step *f, struct edit *e)
{
	uint64_t pid;
	size_t at = 0;
	if (!f->value.n || f->answer == TRACE_UNKNOWN || str_to_u64(f->value, &pid))
		return false;
	while (at < f->pids->n && f->pids->values[at] != pid)
		at++;
	bool listed = (f->answer == TRACE_YES) == (f->op == OPERATOR_IN);
	e->kind = listed ? EDIT_REMOVE_VALUE : EDIT_ADD_VALUE;
	e->value = f->value;
	return listed ? at < f->pids->n && f->pids->n > 1 : at == f->pids->n;
}

/* Turns the filter's answer by its list: takes the value out that holds the event's, or lists that. False: no such edit does. */
static bool turn_list(const struct trace_step *f, struct edit *e)
{
	int row = f->values ? operator_row(f->op) : -1;
	if (row < 0 || !f->value.n || f->answer == TRACE_UNKNOWN)
		return false;
	bool listed = (f->answer == TRACE_YES) != list_operators[row].negative;
	e->kind = listed ? EDIT_REMOVE_VALUE : EDIT_ADD_VALUE;
	e->value = f->value;
	if (!listed)
		return true;
	for (size_t i = 0; i < f->values->n && f->values->n > 1; i++)
		if (holds(list_operators[row].way, f->values->v[i], f->value)) {
			e->wide = list_operators[row].way >= LIST_NETWORKS && !str_eq(f->values->v[i], f->value);
			e->value = f->values->v[i];
			return true;
		}
	return false;
}

static void push(struct edits *l, struct arena *arena, const struct edit *e)
{
	*ARENA_PUSH(arena, l->v, l->n) = *e;
}

static void turn_filter(const struct trace_step *f, struct arena *arena, struct edits *ret)
{
	struct edit e = {.policy = f->policy, .hook = f->hook, .selector = f->selector, .values = f->values, .pids = f->pids, .op = f->op,
			 .process = f->process, .program = f->program};
	if (f->pids ? turn_pids(f, &e) : turn_list(f, &e)) {
		push(ret, arena, &e);
	} else if ((f->values || f->pids) && f->answer == TRACE_NO) {
		e.kind = EDIT_REMOVE_FILTER;
		e.value = (struct str){NULL, 0};
		push(ret, arena, &e);
	}
}

/* Is there an edit that says the same, of a filter that is there already? */
static bool is_proposed(const struct edits *l, const struct edit *e)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].hook == e->hook && l->v[i].selector == e->selector && l->v[i].op == e->op && str_eq(l->v[i].value, e->value))
			return true;
	return false;
}

static void except_argument(const struct trace_step *f, struct arena *arena, struct edits *ret)
{
	const struct edit e = {.kind = EDIT_ADD_FILTER, .policy = f->policy, .hook = f->hook, .selector = f->selector, .op = f->except,
			       .value = f->excepted, .arg = f->arg};
	if (f->answer == TRACE_YES && f->excepted.n && !is_proposed(ret, &e))
		push(ret, arena, &e);
}

/* A selector that asks nothing of the program lets one by that it is told of. */
static void except_program(const struct trace *t, const struct trace_step *selector, struct arena *arena, struct edits *ret)
{
	const struct trace_step *record = selector;
	while (record > t->v && record->kind != TRACE_RECORD)
		record--;
	for (const struct trace_step *f = selector + 1; f < t->v + t->n && f->kind == TRACE_FILTER; f++)
		if (f->program)
			return;
	const struct edit e = {.kind = EDIT_ADD_FILTER, .policy = selector->policy, .hook = selector->hook, .selector = selector->selector,
			       .op = OPERATOR_NOT_IN, .process = true, .value = record->value};
	if (record->kind == TRACE_RECORD && record->value.n)
		push(ret, arena, &e);
}

/* First what is acted on, then who acts: a program let through for its name is let through for all it does there. */
static void turn_selector(const struct trace *t, const struct trace_step *selector, struct arena *arena, struct edits *ret)
{
	const struct trace_step *end = selector + 1;
	while (end < t->v + t->n && end->kind == TRACE_FILTER)
		end++;
	for (int process = 0; process < 2; process++)
		for (const struct trace_step *f = selector + 1; f < end; f++)
			if (f->process == (process != 0) && f->answer == selector->answer)
				turn_filter(f, arena, ret);
	if (selector->answer != TRACE_YES || selector->selector < 0)
		return;
	for (const struct trace_step *f = selector + 1; f < end; f++)
		except_argument(f, arena, ret);
	except_program(t, selector, arena, ret);
}

static size_t failing(const struct trace *t, size_t selector)
{
	size_t n = 0;
	for (size_t i = selector + 1; i < t->n && t->v[i].kind == TRACE_FILTER; i++)
		n += t->v[i].answer != TRACE_YES;
	return n;
}

/* ---- proposals for allowlists ---- */

static bool is_by(const struct str *by, size_t n, struct str caller)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(by[i], caller))
			return true;
	return n == 0;
}

static void set_by(struct arena *arena, struct str caller, bool known, struct str **ret, size_t *ret_n)
{
	if (!known || !caller.n)
		return;
	*ret = arena_alloc(arena, sizeof(**ret));
	(*ret)[0] = caller;
	*ret_n = 1;
}

static bool new_entry(const struct event *ev, struct arena *arena, struct edit *e)
{
	e->kind = EDIT_ADD_ENTRY;
	e->section = ev->kind;
	switch (ev->kind) {
	case KIND_EXEC:
		e->exec.path = ev->process.path;
		set_by(arena, ev->parent.path, ev->parent.path_known, &e->exec.by, &e->exec.nby);
		return ev->process.path_known && ev->process.path.n > 0 && !(ev->tags & TAGS_NO_PATH);
	case KIND_FILE:
		e->file.path = ev->path;
		e->file.access = ev->access & ACCESS_CHANGES;
		set_by(arena, ev->process.path, ev->process.path_known, &e->file.by, &e->file.nby);
		return ev->path_known && ev->path.n > 0 && !(ev->tags & TAG_DETACHED);
	case KIND_CONNECT:
		e->connect = (struct allow_connect){.network = ev->address, .prefix = ev->address.family == 4 ? 32 : 128,
						    .port_first = ev->address.port, .port_last = ev->address.port,
						    .protocol = ev->protocol};
		e->connect.network.port = 0;
		set_by(arena, ev->process.path, ev->process.path_known, &e->connect.by, &e->connect.nby);
		return ev->address.family == 4 || ev->address.family == 6;
	default:
		return false;
	}
}

static void entries_to_pass(const struct allowlist *a, const struct event *ev, size_t policy, struct arena *arena, struct edits *ret)
{
	struct edit e = {.policy = policy, .selector = -1};
	if (ev->kind != KIND_GUARD) {
		if (new_entry(ev, arena, &e))
			push(ret, arena, &e);
		return;
	}
	e.kind = EDIT_REMOVE_ENTRY;
	e.section = KIND_GUARD;
	for (size_t i = 0; a && i < a->nguards; i++)
		if (str_eq(a->guards[i], ev->guard)) {
			e.number = i;
			push(ret, arena, &e);
		}
}

static bool connect_covers(const struct allow_connect *c, const struct event *ev)
{
	return (!c->network.family || network_covers(&c->network, c->prefix, &ev->address)) && ev->address.port >= c->port_first &&
	       ev->address.port <= c->port_last && (!c->protocol || !ev->protocol || c->protocol == ev->protocol) &&
	       is_by(c->by, c->nby, ev->process.path);
}

static void entries_to_stop(const struct allowlist *a, const struct event *ev, size_t policy, struct arena *arena, struct edits *ret)
{
	struct edit e = {.policy = policy, .selector = -1, .kind = EDIT_REMOVE_ENTRY, .section = ev->kind};
	size_t n = ev->kind == KIND_EXEC ? a->nexec : ev->kind == KIND_FILE ? a->nfiles : ev->kind == KIND_CONNECT ? a->nconnects : 0;
	for (e.number = 0; e.number < n; e.number++) {
		const struct allow_exec *x = a->exec + e.number;
		const struct allow_file *f = a->files + e.number;
		bool covers = ev->kind == KIND_EXEC ? path_covers(x->path, ev->process.path) && is_by(x->by, x->nby, ev->parent.path)
			      : ev->kind == KIND_FILE ? path_covers(f->path, ev->path) && is_by(f->by, f->nby, ev->process.path)
						      : connect_covers(a->connects + e.number, ev);
		if (covers)
			push(ret, arena, &e);
	}
}

/* ---- the two questions ---- */

/*
 * How wide an edit reaches, whatever was recorded: a name more or less, a program for all that it does there, a whole folder. A value
 * in a list is smaller than a filter more, if it names no more than the event has.
 */
static int width(const struct edit *e)
{
	bool many = e->process && !e->program;   /* all that run there, or as that user */
	bool whole = list_way_of(e->op) != LIST_STARTS && list_way_of(e->op) != LIST_ENDS && !e->wide;
	switch (e->kind) {
	case EDIT_ADD_VALUE:
		return many ? 7 : e->process ? (whole ? 3 : 6) : !whole;
	case EDIT_REMOVE_VALUE:
		return many ? 8 : e->process ? (whole ? 3 : 8) : whole ? 2 : 7;
	case EDIT_ADD_FILTER:
		return e->process ? 5 : 4;
	default:
		return 9;
	}
}

/* The narrowest first; of equals as they were. */
static void sort_by_width(struct edits *l)
{
	for (size_t i = 1; i < l->n; i++) {
		struct edit e = l->v[i];
		size_t k = i;
		for (; k > 0 && width(&l->v[k - 1]) > width(&e); k--)
			l->v[k] = l->v[k - 1];
		l->v[k] = e;
	}
}

void edits_to_pass(const struct policy_set *set, const struct judgement *j, const struct trace *t, const struct event *ev,
		   struct arena *arena, struct edits *ret)
{
	*ret = (struct edits){NULL, 0};
	if (j->policy >= set->npolicies)
		entries_to_pass(set->allowlists[j->policy - set->npolicies], ev, j->policy, arena, ret);
	for (size_t i = 0; i < t->n && j->policy < set->npolicies; i++) {
		const struct trace_step *s = &t->v[i];
		if (s->kind != TRACE_SELECTOR || s->policy != j->policy || s->hook != j->hook)
			continue;
		if (s->selector == j->selector && s->answer == TRACE_YES)
			turn_selector(t, s, arena, ret);
		/* An earlier one, if it matched, would decide instead: that is how lists of what is let through are written. */
		if (s->selector < j->selector && s->answer == TRACE_NO && failing(t, i) == 1)
			turn_selector(t, s, arena, ret);
	}
	if (j->policy < set->npolicies)
		sort_by_width(ret);
}

void edits_to_stop(const struct policy_set *set, const struct trace *t, const struct event *ev, struct arena *arena, struct edits *ret)
{
	*ret = (struct edits){NULL, 0};
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].kind == TRACE_SELECTOR && (t->v[i].answer == TRACE_YES || (t->v[i].answer == TRACE_NO && failing(t, i) == 1)))
			turn_selector(t, &t->v[i], arena, ret);
	sort_by_width(ret);
	for (size_t i = 0; i < set->nimages; i++)
		if (set->allowlists[i])
			entries_to_stop(set->allowlists[i], ev, set->npolicies + i, arena, ret);
}
