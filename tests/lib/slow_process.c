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
		if (i->path.n && listed(b, i->path)) {
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
	if (!b->values.n || who->forked || who->inventory)
		return TRUE_;
	return slow_silent(q, "its parent");
}

/* ---- 3.4 ---- */

/* What stands behind "KEY": in TEXT, a JSON object, up to its end. */
static bool member(struct str text, const char *key, struct str *ret)
{
	char wanted[64];
	int n = snprintf(wanted, sizeof(wanted), "\"%s\":", key);
	const char *at = text.n ? memmem(text.p, text.n, wanted, (size_t)n) : NULL;
	if (!at)
		return false;
	at += n;
	size_t left = (size_t)(text.p + text.n - at), depth = 0, end = 0;
	for (; end < left; end++) {
		depth += at[end] == '{' || at[end] == '[';
		if ((at[end] == '}' || at[end] == ']' || at[end] == ',') && !depth)
			break;
		depth -= at[end] == '}' || at[end] == ']';
	}
	*ret = (struct str){at, end};
	return true;
}

static const struct {
	const char *name, *key;
} namespaces[] = {
	{"Uts", "uts"}, {"Ipc", "ipc"}, {"Mnt", "mnt"}, {"Pid", "pid"}, {"PidForChildren", "pid_for_children"},
	{"Net", "net"}, {"Time", "time"}, {"TimeForChildren", "time_for_children"}, {"Cgroup", "cgroup"}, {"User", "user"},
};

static bool namespace_told(const struct slow_image *who, struct str name, int64_t *number, bool *host)
{
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		struct str object, v;
		if (!str_eq(name, str_from(namespaces[i].name)))
			continue;
		if (!member(who->ns, namespaces[i].key, &object) || !member(object, "inum", &v) || !slow_decimal(v, number))
			return false;
		*host = member(object, "is_host", &v) && str_eq(v, STR("true"));
		return true;
	}
	return false;
}

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
	if (!namespace_told(who, STR("Pid"), &number, &host))
		return slow_maybe(q, "its pid namespace is not told");
	if (who->forked || who->changed)
		return slow_silent(q, "its pid namespace may be another");
	if (!host && !who->container_pid)
		return slow_maybe(q, "the pid in the namespace is not told");
	return truth_of(pid_listed(f, host ? 0 : who->container_pid) == (f->op == OPERATOR_IN));
}

/* One entry, four values; more make the kernel read other bytes. */
static enum truth match_pids(struct slow_question *q, const struct selector *s)
{
	const struct pid_filter *f = &s->pids[0];
	const struct slow_image *who = q->hit->who;
	if (s->npids > 1 || f->n >= 8)
		return slow_silent(q, "misread by the kernel");
	if (!who || !who->pid)
		return slow_maybe(q, "the pid is not told");
	if (f->namespace_pid && f->follow_forks)
		return slow_silent(q, "pids of ancestors in a namespace");
	if (f->namespace_pid)
		return namespace_pid(q, f, who);
	bool found = pid_listed(f, who->pid);
	const struct slow_image *up = who;
	for (unsigned generation = 1; f->follow_forks && !found && up->pid > 1 && generation < 9; generation++) {
		up = parent_of(q, up);
		if (!up)
			return slow_maybe(q, "its ancestors are not told");
		found = pid_listed(f, up->pid);
	}
	return truth_of(found == (f->op == OPERATOR_IN));
}

/* The namespace now is one of those listed; host_ns is pid 1's. */
static enum truth match_namespace(struct slow_question *q, const struct namespace_filter *f)
{
	const struct slow_image *who = q->hit->who;
	int64_t number;
	bool host, any = false;
	if (!who || !namespace_told(who, f->namespace, &number, &host))
		return slow_maybe(q, "its namespaces are not told");
	if (who->changed)
		return slow_silent(q, "namespaces may have changed");
	for (size_t i = 0; i < f->values.n; i++) {
		int64_t v;
		any |= str_eq(f->values.v[i], STR("host_ns")) ? host : slow_decimal(f->values.v[i], &v) && v == number;
	}
	return truth_of(any == (f->op == OPERATOR_IN));
}

static bool name_in(struct str list, struct str name)
{
	char wanted[64];
	int n = snprintf(wanted, sizeof(wanted), "\"" STR_FMT "\"", STR_ARG(name));
	for (char *c = wanted; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return list.n && memmem(list.p, list.n, wanted, (size_t)n);
}

/* In: one of the listed bits is set; NotIn: none. A second entry makes the selector one that nothing matches. */
static enum truth match_capabilities(struct slow_question *q, const struct selector *s)
{
	const struct capability_filter *f = &s->capabilities[0];
	const struct slow_image *who = q->hit->who;
	bool any = false, host;
	int64_t number;
	struct str list = {NULL, 0};
	if (s->ncapabilities > 1)
		return FALSE_;
	if (!who || !who->cap_known)
		return slow_maybe(q, "its capabilities are not told");
	if (who->changed)
		return slow_silent(q, "capabilities may have changed");
	const char *key = str_eq(f->type, STR("Permitted")) ? "permitted"
			  : str_eq(f->type, STR("Inheritable")) ? "inheritable" : "effective";
	member(who->cap, key, &list);
	for (size_t i = 0; i < f->values.n; i++)
		any |= name_in(list, f->values.v[i]);
	enum truth t = truth_of(any == (f->op == OPERATOR_IN));
	if (!f->namespace_capability || t == FALSE_)
		return t;
	if (!namespace_told(who, STR("User"), &number, &host))
		return slow_maybe(q, "its user namespace is not told");
	return truth_of(!host);
}

/* Against the record made at fork and exec: as long as nothing was changed, nothing differs. */
static enum truth match_changes(struct slow_question *q)
{
	return slow_silent(q, "changes since the record");
}

static enum truth least(enum truth a, enum truth b)
{
	return MIN(a, b);
}

enum truth slow_process_filters(struct slow_question *q, const struct selector *s)
{
	const struct selector *shared = slow_binaries_from(q, q->selector, false);
	struct binary_filter own = {.op = OPERATOR_IN};
	const struct binary_filter *b = shared ? shared->binaries : s->nbinaries ? s->binaries : &own;
	enum truth t = s->nworkloads ? slow_workloads(q, s->workloads, s->nworkloads) : TRUE_;
	struct binary_filter binaries = *b;
	t = least(t, match_binaries(q, &binaries));
	shared = slow_binaries_from(q, q->selector, true);
	b = shared ? shared->parent_binaries : s->nparent_binaries ? s->parent_binaries : NULL;
	if (b)
		t = least(t, match_parent(q, b));
	if (s->npids)
		t = least(t, match_pids(q, s));
	for (size_t i = 0; i < s->nnamespaces; i++)
		t = least(t, match_namespace(q, &s->namespaces[i]));
	if (s->ncapabilities)
		t = least(t, match_capabilities(q, s));
	if (s->nnamespace_changes || s->ncapability_changes)
		t = least(t, match_changes(q));
	return t;
}
