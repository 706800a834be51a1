/* SPDX-License-Identifier: GPL-2.0-only */
/* Sections 3.4 and 4 of the rules: filters on the process, in the order in which the kernel asks them. */
#include "tests/lib/slow_private.h"

#include <ctype.h>
#include <stdio.h>

/* ---- 4: matchBinaries ---- */

enum { PATH_KEPT = 255 };

static bool listed(const struct binary_filter *b, struct str path)
{
	struct str cut = {path.p, MIN(path.n, PATH_KEPT)};
	for (size_t i = 0; i < b->values.n; i++) {
		struct str v = b->values.v[i];
		bool hit = b->op == OPERATOR_PREFIX || b->op == OPERATOR_NOT_PREFIX     ? str_starts(path, v)
			   : b->op == OPERATOR_POSTFIX || b->op == OPERATOR_NOT_POSTFIX ? str_ends(path, v)
											: str_eq(cut, v);
		if (hit)
			return true;
	}
	return false;
}

static bool negative(enum policy_operator op)
{
	return op == OPERATOR_NOT_IN || op == OPERATOR_NOT_PREFIX || op == OPERATOR_NOT_POSTFIX;
}

/* A memfd's record has no path, and then no operator holds, a negative one neither. */
static enum truth binary_is(struct slow_question *q, const struct binary_filter *b, bool known, struct str path)
{
	if (!b->values.n)
		return TRUE_;
	if (!known)
		return slow_maybe(q, "which program it is, resolved, is not told");
	return path.n ? truth_of(listed(b, path) != negative(b->op)) : FALSE_;
}

static const struct slow_image *parent_of(struct slow_question *q, const struct slow_image *i)
{
	return slow_world_image(q->hit->slow, i->parent_id);
}

/* Does I descend from an exec of a listed program that was seen, or run one? Older ones: only a direct parent counts. */
static enum truth marked(struct slow_question *q, const struct binary_filter *b, const struct slow_image *i)
{
	for (unsigned generation = 0; i && generation < 10000; generation++, i = parent_of(q, i)) {
		if (!i->path_known)
			return MAYBE;
		if (i->path.n && listed(b, i->path) && (generation == 0 || !i->forked)) {
			if (generation == 0 || !i->inventory)
				return TRUE_;
			return generation == 1 && q->hit->who->inventory ? TRUE_ : MAYBE;
		}
		if (i->inventory && generation > 0)
			return FALSE_;
	}
	return i ? FALSE_ : MAYBE;
}

static enum truth match_binaries(struct slow_question *q, const struct binary_filter *b)
{
	const struct slow_image *who = q->hit->who;
	if (!who)
		return slow_maybe(q, "who did it is not told");
	if (!b->follow_children || !b->values.n)
		return binary_is(q, b, who->path_known, who->path);
	if (who->path_known && !who->path.n)
		return FALSE_;
	enum truth t = marked(q, b, who);
	if (t == MAYBE)
		return slow_silent(q, "whether it descends from a listed program");
	return negative(b->op) ? truth_not(t) : t;
}

/* The image that forked this one, or the one before an exec without fork; none recorded: passes. */
static enum truth match_parent(struct slow_question *q, const struct binary_filter *b)
{
	const struct slow_image *who = q->hit->who;
	if (!who || (!who->exec_seen && !who->forked))
		return slow_silent(q, "who its parent is");
	if (!b->values.n || who->forked || who->fresh || who->inventory)
		return TRUE_;
	const struct slow_image *parent = parent_of(q, who);
	if (!parent)
		return slow_maybe(q, "who its parent is is not told");
	if (b->follow_children || (parent->path_known && !parent->path.n))
		return slow_silent(q, "descendants of a parent, a parent without path");
	return binary_is(q, b, parent->path_known, parent->path);
}

/* ---- 3.4 ---- */

static bool pid_listed(const struct pid_filter *f, uint32_t pid)
{
	for (size_t i = 0; i < f->n && i < 4; i++)
		if (f->values[i] == pid)
			return true;
	return false;
}

/* The innermost pid, 0 for a process of the host. */
static enum truth namespace_pid(struct slow_question *q, const struct pid_filter *f, const struct slow_image *who)
{
	int64_t number;
	bool host;
	if (!slow_namespace_told(who, STR("Pid"), &number, &host))
		return slow_maybe(q, "its pid namespace is not told");
	if (who->forked)
		return slow_maybe(q, "in which pid namespace it was forked is not told");
	if (!host && !who->container_pid)
		return slow_maybe(q, "the pid in the namespace is not told");
	if (f->follow_forks)                     /* a process of the host is rejected by both operators */
		return host ? FALSE_ : slow_silent(q, "pids of ancestors in a namespace");
	return truth_of(pid_listed(f, host ? 0 : who->container_pid) == (f->op == OPERATOR_IN));
}

bool slow_misread(const struct selector *s)
{
	return s->npids > 1 || (s->npids && s->pids[0].n >= 8);
}

/* One entry, four values; more make the kernel read other bytes. */
static enum truth match_pids(struct slow_question *q, const struct selector *s)
{
	const struct pid_filter *f = &s->pids[0];
	const struct slow_image *who = q->hit->who;
	if (slow_misread(s))
		return slow_silent(q, "misread by the kernel");
	if (!who || !who->pid)
		return slow_maybe(q, "the pid is not told");
	if (f->namespace_pid)
		return namespace_pid(q, f, who);
	bool found = pid_listed(f, who->pid);
	const struct slow_image *up = who;
	for (unsigned generation = 1; f->follow_forks && !found && up->pid > 1 && generation <= 9; generation++) {
		up = parent_of(q, up);
		if (!up)
			return slow_maybe(q, "its ancestors are not told");
		found = pid_listed(f, up->pid);
	}
	return truth_of(found == (f->op == OPERATOR_IN));
}

static enum truth least(enum truth a, enum truth b)
{
	return MIN(a, b);
}

/* Whose table it is, the last kprobe's, is written; what one without the filter then does is not. */
static enum truth match_workloads(struct slow_question *q, const struct selector *s)
{
	const struct selector *shared = slow_shared_from(q, q->selector, SLOW_WORKLOADS);
	if (shared && !s->nworkloads)
		return slow_silent(q, "the workloads of another kprobe");
	if (shared)
		return slow_workloads(q, shared->workloads, shared->nworkloads);
	return s->nworkloads ? slow_workloads(q, s->workloads, s->nworkloads) : TRUE_;
}

enum truth slow_process_filters(struct slow_question *q, const struct selector *s)
{
	const struct selector *shared = slow_shared_from(q, q->selector, SLOW_BINARIES);
	struct binary_filter own = {.op = OPERATOR_IN};
	const struct binary_filter *b = shared ? shared->binaries : s->nbinaries ? s->binaries : &own;
	struct binary_filter binaries = *b;
	enum truth t = match_workloads(q, s);
	t = least(t, match_binaries(q, &binaries));
	shared = slow_shared_from(q, q->selector, SLOW_PARENTS);
	b = shared ? shared->parent_binaries : s->nparent_binaries ? s->parent_binaries : NULL;
	if (b)
		t = least(t, match_parent(q, b));
	if (s->npids)
		t = least(t, match_pids(q, s));
	if (slow_misread(s))
		return t;
	for (size_t i = 0; i < s->nnamespaces; i++)
		t = least(t, slow_match_namespace(q, &s->namespaces[i]));
	if (s->ncapabilities)
		t = least(t, slow_match_capabilities(q, s));
	if (s->nnamespace_changes || s->ncapability_changes)
		t = least(t, slow_match_changes(q, s));
	return t;
}
