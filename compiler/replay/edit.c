/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Of a policy one value of one list is added or taken out; of an allowlist one entry. The list is found by its number in a copy, which
 * is made by printing and parsing.
 */
#include "compiler/replay/edit.h"

#include "compiler/image/image_write.h"
#include "compiler/eval/policy_lists.h"
#include "compiler/emit/words.h"
#include "schema/event_words.h"
#include "schema/image_file.h"
#include "schema/policy_load.h"
#include "schema/rule.h"

/* ---- proposals for policies ---- */

static const struct {
	enum policy_operator op;
	bool negative;
	enum { WHOLE, STARTS, ENDS } how;
} list_operators[] = {
	{OPERATOR_EQUAL, false, WHOLE}, {OPERATOR_NOT_EQUAL, true, WHOLE},
	{OPERATOR_IN, false, WHOLE}, {OPERATOR_NOT_IN, true, WHOLE},
	{OPERATOR_PREFIX, false, STARTS}, {OPERATOR_NOT_PREFIX, true, STARTS},
	{OPERATOR_POSTFIX, false, ENDS}, {OPERATOR_NOT_POSTFIX, true, ENDS},
	{OPERATOR_SADDR, false, WHOLE}, {OPERATOR_NOT_SADDR, true, WHOLE},
	{OPERATOR_DADDR, false, WHOLE}, {OPERATOR_NOT_DADDR, true, WHOLE},
	{OPERATOR_SPORT, false, WHOLE}, {OPERATOR_NOT_SPORT, true, WHOLE},
	{OPERATOR_DPORT, false, WHOLE}, {OPERATOR_NOT_DPORT, true, WHOLE},
};

static int operator_row(enum policy_operator op)
{
	for (size_t i = 0; i < ARRAY_SIZE(list_operators); i++)
		if (list_operators[i].op == op)
			return (int)i;
	return -1;
}

static bool holds(int row, struct str listed, struct str value)
{
	return list_operators[row].how == STARTS ? str_starts(value, listed)
	       : list_operators[row].how == ENDS ? str_ends(value, listed) : str_eq(value, listed);
}

/* Turns the filter's answer: takes the listed value out that holds it, or lists it. False: no list edit does. */
static bool turn_filter(const struct trace_step *f, struct edit *ret)
{
	int row = f->values ? operator_row(f->op) : -1;
	if (row < 0 || !f->value.n || f->answer == TRACE_UNKNOWN)
		return false;
	bool listed = (f->answer == TRACE_YES) != list_operators[row].negative;
	*ret = (struct edit){.kind = listed ? EDIT_REMOVE_VALUE : EDIT_ADD_VALUE, .policy = f->policy, .hook = f->hook,
			     .selector = f->selector, .values = f->values, .op = f->op, .process = f->process, .value = f->value};
	if (!listed)
		return true;
	for (size_t i = 0; i < f->values->n && f->values->n > 1; i++)
		if (holds(row, f->values->v[i], f->value)) {
			ret->value = f->values->v[i];
			return true;
		}
	return false;
}

static void push(struct edits *l, struct arena *arena, const struct edit *e)
{
	*ARENA_PUSH(arena, l->v, l->n) = *e;
}

/* First what is acted on, then who acts: a program let through for its name is let through for all it does there. */
static void turn_selector(const struct trace *t, const struct trace_step *selector, enum trace_answer answer, struct arena *arena,
			  struct edits *ret)
{
	for (int process = 0; process < 2; process++)
		for (size_t i = (size_t)(selector - t->v) + 1; i < t->n && t->v[i].kind == TRACE_FILTER; i++) {
			struct edit e;
			if (t->v[i].process == (process != 0) && t->v[i].answer == answer && turn_filter(&t->v[i], &e))
				push(ret, arena, &e);
		}
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

/* How wide an edit reaches, whatever was recorded: a name more or less, a program for all that it does there, a whole folder. */
static int width(const struct edit *e)
{
	bool whole = list_operators[operator_row(e->op)].how == WHOLE, add = e->kind == EDIT_ADD_VALUE;
	if (e->process)
		return whole ? 3 : add ? 4 : 6;
	return add ? !whole : whole ? 2 : 5;
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
			turn_selector(t, s, TRACE_YES, arena, ret);
		/* An earlier one, if it matched, would decide instead: that is how lists of what is let through are written. */
		if (s->selector < j->selector && s->answer == TRACE_NO && failing(t, i) == 1)
			turn_selector(t, s, TRACE_NO, arena, ret);
	}
	if (j->policy < set->npolicies)
		sort_by_width(ret);
}

void edits_to_stop(const struct policy_set *set, const struct trace *t, const struct event *ev, struct arena *arena, struct edits *ret)
{
	*ret = (struct edits){NULL, 0};
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].kind == TRACE_SELECTOR && (t->v[i].answer == TRACE_YES || (t->v[i].answer == TRACE_NO && failing(t, i) == 1)))
			turn_selector(t, &t->v[i], t->v[i].answer, arena, ret);
	for (size_t i = 0; i < set->nimages; i++)
		if (set->allowlists[i])
			entries_to_stop(set->allowlists[i], ev, set->npolicies + i, arena, ret);
}

/* ---- applying ---- */

static struct policy *copy_policy(const struct policy *p)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_FREE struct policy **copies = NULL;
	size_t n = 0;
	policy_print(p, &text);
	if (policies_parse("copy", buf_view(&text), &d, &copies, &n) < 0)
		return NULL;
	for (size_t i = 1; i < n; i++)
		policy_free(copies[i]);
	return n ? copies[0] : NULL;
}

static void change_list(struct policy *p, struct strs *l, const struct edit *e)
{
	if (e->kind == EDIT_ADD_VALUE) {
		*ARENA_PUSH(p->arena, l->v, l->n) = arena_str(p->arena, e->value);
		return;
	}
	size_t kept = 0;
	for (size_t i = 0; i < l->n; i++)
		if (!str_eq(l->v[i], e->value))
			l->v[kept++] = l->v[i];
	l->n = kept;
}

static int apply_to_policy(const struct policy_set *from, const struct edit *e, const struct target *target, struct edited_set *ret)
{
	struct list_ref ref;
	size_t number = list_number(from->policies[e->policy], e->values, &ref);
	ret->policy = number == SIZE_MAX ? NULL : copy_policy(from->policies[e->policy]);
	if (!ret->policy)
		return -EINVAL;
	struct lists l = lists_of(ret->policy);
	int err = number < l.n ? 0 : -EINVAL;
	if (!err)
		change_list(ret->policy, (struct strs *)l.v[number].values, e);
	free(l.v);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	if (!err && policy_load_check(ret->policy, target, &d))
		err = -EINVAL;
	ret->set.policies[e->policy] = ret->policy;
	return err;
}

#define DROP(v, n, at) (memmove(&(v)[at], &(v)[(at) + 1], ((n) - (at) - 1) * sizeof(*(v))), (n)--)

static void change_entries(struct allowlist *a, const struct edit *e)
{
	if (e->kind == EDIT_ADD_ENTRY) {
		if (e->section == KIND_EXEC)
			*ARENA_PUSH(a->arena, a->exec, a->nexec) = e->exec;
		else if (e->section == KIND_FILE)
			*ARENA_PUSH(a->arena, a->files, a->nfiles) = e->file;
		else
			*ARENA_PUSH(a->arena, a->connects, a->nconnects) = e->connect;
	} else if (e->section == KIND_EXEC) {
		DROP(a->exec, a->nexec, e->number);
	} else if (e->section == KIND_FILE) {
		DROP(a->files, a->nfiles, e->number);
	} else if (e->section == KIND_CONNECT) {
		DROP(a->connects, a->nconnects, e->number);
	} else {
		DROP(a->guards, a->nguards, e->number);
	}
}

/* Its own lists; all strings are borrowed from A. */
static struct allowlist *copy_allowlist(const struct allowlist *a)
{
	struct allowlist *c = allowlist_new();
	struct arena *arena = c->arena;
	*c = *a;
	c->arena = arena;
#define COPY_LIST(list, n)                                                                         \
	do {                                                                                       \
		c->list = arena_alloc(arena, ((n) + 1) * sizeof(*c->list));                        \
		if (n)                                                                             \
			memcpy(c->list, a->list, (n) * sizeof(*c->list));                          \
	} while (0)
	COPY_LIST(exec, a->nexec);
	COPY_LIST(files, a->nfiles);
	COPY_LIST(connects, a->nconnects);
	COPY_LIST(guards, a->nguards);
#undef COPY_LIST
	return c;
}

static int apply_to_allowlist(const struct policy_set *from, const struct edit *e, struct edited_set *ret)
{
	size_t at = e->policy - from->npolicies;
	ret->allowlist = from->allowlists[at] ? copy_allowlist(from->allowlists[at]) : NULL;
	if (!ret->allowlist)
		return -EINVAL;
	change_entries(ret->allowlist, e);
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(lowered_free) struct lowered *l = NULL;
	CLEANUP_BUF struct buf bytes = BUF_INIT;
	int err = lower(ret->allowlist, &d, &l);
	if (!err)
		err = image_write(l, ret->allowlist->mode == MODE_ENFORCE, &d, &bytes);
	if (!err)
		err = image_load("copy", buf_view(&bytes), &d, &ret->image);
	if (!err) {
		ret->set.images[at] = ret->image;
		ret->set.allowlists[at] = ret->allowlist;
	}
	return err;
}

static void *copied(const void *p, size_t n, size_t size)
{
	void *copy = xcalloc(n + 1, size);
	if (n)
		memcpy(copy, p, n * size);
	return copy;
}

int edit_apply(const struct policy_set *from, const struct edit *edit, const struct target *target, struct edited_set *ret)
{
	*ret = (struct edited_set){.set = *from};
	ret->set.policies = copied(from->policies, from->npolicies, sizeof(*from->policies));
	ret->set.images = copied(from->images, from->nimages, sizeof(*from->images));
	ret->set.allowlists = copied(from->allowlists, from->nimages, sizeof(*from->allowlists));
	return edit->policy < from->npolicies ? apply_to_policy(from, edit, target, ret) : apply_to_allowlist(from, edit, ret);
}

void edited_set_done(struct edited_set *s)
{
	policy_free(s->policy);
	image_free(s->image);
	allowlist_free(s->allowlist);
	free(s->set.policies);
	free(s->set.images);
	free(s->set.allowlists);
	*s = (struct edited_set){.policy = NULL};
}

/* ---- words ---- */

struct place edit_place(const struct policy_set *set, const struct edit *e)
{
	struct list_ref ref = {.at = {0, 0}};
	if (e->policy < set->npolicies)
		list_number(set->policies[e->policy], e->values, &ref);
	return ref.at;
}

static void entry_words(const struct policy_set *set, const struct edit *e, struct buf *b)
{
	const struct allowlist *a = set->allowlists[e->policy - set->npolicies];
	struct edit copy = *e;
	const struct allowlist one = {.exec = &copy.exec, .nexec = 1, .files = &copy.file, .nfiles = 1, .connects = &copy.connect,
				      .nconnects = 1};
	bool add = e->kind == EDIT_ADD_ENTRY;
	buf_puts(b, add ? "add to the allowlist " : "take out of the allowlist ");
	buf_str(b, set->images[e->policy - set->npolicies]->name);
	buf_puts(b, ": ");
	words_rule(add ? &one : a, &(struct lower_rule){.kind = e->section, .index = add ? 0 : (uint32_t)e->number}, b);
	unsigned line = add || e->section == KIND_GUARD ? 0
			: e->section == KIND_EXEC ? a->exec[e->number].line
			: e->section == KIND_FILE ? a->files[e->number].line : a->connects[e->number].line;
	if (line && a->file.n)
		buf_printf(b, " (" STR_FMT ":%u)", STR_ARG(a->file), line);
}

void edit_words(const struct policy_set *set, const struct edit *e, struct buf *b)
{
	if (e->policy >= set->npolicies) {
		entry_words(set, e, b);
		return;
	}
	const struct policy *p = set->policies[e->policy];
	struct list_ref ref;
	if (list_number(p, e->values, &ref) == SIZE_MAX)
		return;
	buf_puts(b, e->kind == EDIT_ADD_VALUE ? "add " : "take ");
	buf_str(b, e->value);
	buf_printf(b, " %s %s %s, " STR_FMT ":%u:%u", e->kind == EDIT_ADD_VALUE ? "to" : "out of", ref.field, operator_name(ref.op),
		   STR_ARG(p->file), ref.at.line, ref.at.column);
}

static bool is_port(enum policy_operator op)
{
	return op == OPERATOR_SPORT || op == OPERATOR_NOT_SPORT || op == OPERATOR_DPORT || op == OPERATOR_NOT_DPORT;
}

static void list_reach(const struct edit *e, struct buf *b)
{
	int row = operator_row(e->op);
	buf_puts(b, is_port(e->op) ? "port " : "");
	buf_str(b, e->value);
	if (list_operators[row].how == STARTS)
		buf_puts(b, " and every name that begins so");
	else if (list_operators[row].how == ENDS)
		buf_puts(b, " and every name that ends so");
	buf_puts(b, e->process ? ", whatever it does at this hook that the selector is about"
			       : ", for every program, user and argument that the selector is about");
}

void edit_reach(const struct policy_set *set, const struct edit *e, struct buf *b)
{
	if (e->policy < set->npolicies) {
		list_reach(e, b);
		return;
	}
	const struct allowlist *a = set->allowlists[e->policy - set->npolicies];
	if (e->kind == EDIT_REMOVE_ENTRY && e->section == KIND_GUARD) {
		buf_puts(b, "every ");
		buf_str(b, a->guards[e->number]);
		buf_puts(b, " by every program of the workload");
	} else if (e->kind == EDIT_REMOVE_ENTRY) {
		buf_puts(b, "everything that no other entry allows and this one did");
	} else if (e->section == KIND_EXEC) {
		buf_puts(b, e->exec.nby ? "this program with any arguments, started by that caller"
					: "this program with any arguments, started by anybody in the workload");
	} else if (e->section == KIND_FILE) {
		buf_puts(b, "any content and any later state of this file");
	} else {
		buf_puts(b, "any data to and from this end");
	}
}
