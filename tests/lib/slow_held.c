/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Section 3.4 of the rules, capabilities and namespaces: what a process holds now, and what its record says, which is made
 * at fork and exec and made anew when an event is posted. An exec line tells both; capset, unshare and their
 * like change what is held now. A stream that has no lines of those calls does not tell that they were not made.
 */
#include "tests/lib/slow_private.h"

#include <ctype.h>
#include <stdio.h>

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

/* The exec line has just told it: nothing of the new image ran yet. */
static bool at_exec(const struct slow_question *q)
{
	return str_eq(q->hit->site, STR("sched/sched_process_exec"));
}

/* ---- capabilities ---- */

static const char *const set_names[SLOW_SETS] = {"effective", "permitted", "inheritable"};

static size_t set_of(const struct capability_filter *f)
{
	return str_eq(f->type, STR("Permitted")) ? 1 : str_eq(f->type, STR("Inheritable")) ? 2 : 0;
}

static uint64_t mask_of_list(struct str list)
{
	uint64_t mask = 0;
	for (size_t i = 0; i < list.n; i++) {
		const char *end = list.p[i] == '"' ? memchr(list.p + i + 1, '"', list.n - i - 1) : NULL;
		uint64_t one;
		if (!end)
			continue;
		struct str name = {list.p + i + 1, (size_t)(end - list.p) - i - 1};
		if (slow_capability_mask(name, &one))
			mask |= one;
		i += name.n + 1;
	}
	return mask;
}

static uint64_t mask_of_filter(const struct capability_filter *f)
{
	uint64_t mask = 0, one;
	for (size_t i = 0; i < f->values.n; i++)
		if (slow_capability_mask(f->values.v[i], &one))
			mask |= one;
	return mask;
}

void slow_held_exec(struct slow_image *i, const struct process *p)
{
	struct str list;
	if (!p->cap.n)
		return;
	i->cap_known = true;
	i->cap_open = i->cap_record_open = false;
	for (size_t s = 0; s < SLOW_SETS; s++)
		i->cap_now[s] = i->cap_record[s] = member(p->cap, set_names[s], &list) ? mask_of_list(list) : 0;
}

void slow_held_fork(struct slow_image *child, const struct slow_image *parent)
{
	child->cap_known = parent->cap_known;
	/* When it forked is not told: before or after its parent changed. */
	child->cap_open = parent->cap_open || memcmp(parent->cap_now, parent->cap_record, sizeof(parent->cap_now)) != 0 ||
			  parent->cap_changed;
	memcpy(child->cap_now, parent->cap_now, sizeof(child->cap_now));
	memcpy(child->cap_record, parent->cap_now, sizeof(child->cap_record));
}

static bool hex(const struct arg *a, uint64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; a->kind == ARG_CAPS && i < a->text.n; i++)
		*ret = *ret << 4 | (unsigned)(isdigit((unsigned char)a->text.p[i]) ? a->text.p[i] - '0' : a->text.p[i] - 'a' + 10);
	return a->kind == ARG_CAPS;
}

/* capset: the new sets. The others: to what is not told. */
static void capabilities_line(struct slow_image *i, const struct slow_hit *hit)
{
	static const uint32_t at[SLOW_SETS] = {2, 4, 3};
	static const char *const others[] = {"security_task_fix_setuid", "security_userns_create", "sys_unshare", "sys_setns",
					     "security_task_fix_setgid", "create_user_ns", "commit_creds", "sys_setuid", "sys_capset"};
	for (size_t k = 0; k < ARRAY_SIZE(others); k++)
		if (str_eq(hit->site, str_from(others[k])))
			i->cap_changed = i->cap_open = true;
	if (!str_eq(hit->site, STR("security_capset")))
		return;
	unsigned told = 0;
	for (size_t s = 0; s < SLOW_SETS; s++)
		for (size_t k = 0; k < hit->nvalues; k++)
			told += hit->values[k].index == at[s] && hex(hit->values[k].arg, &i->cap_now[s]);
	i->cap_changed = true;
	i->cap_open = told != SLOW_SETS;
}

/* Is it told what the process holds? TRUE_: yes. */
static enum truth capabilities_told(struct slow_question *q)
{
	const struct slow_image *who = q->hit->who;
	struct slow_world *w = q->hit->slow->world;
	if (who && !who->cap_known && who->cap_aside)   /* as of when, the rules do not say */
		return slow_silent(q, "capabilities on another line than that of its exec");
	if (!who || !who->cap_known)
		return slow_maybe(q, "its capabilities are not told");
	if (at_exec(q))
		return TRUE_;
	if (!slow_world_recorded(w, STR("security_capset")) || !slow_world_recorded(w, STR("security_task_fix_setuid")) ||
	    !slow_world_recorded(w, STR("security_userns_create")))
		return slow_maybe(q, "whether its capabilities changed is not told");
	if (who->cap_open)
		return slow_silent(q, "capabilities may have changed");
	return TRUE_;
}

/* ---- namespaces ---- */

static const struct {
	const char *name, *key;
	uint64_t flag;               /* of unshare */
} namespaces[SLOW_NAMESPACES] = {
	{"Uts", "uts", 0x04000000}, {"Ipc", "ipc", 0x08000000}, {"Mnt", "mnt", 0x00020000}, {"Pid", "pid", 0},
	{"PidForChildren", "pid_for_children", 0x20000000}, {"Net", "net", 0x40000000}, {"Time", "time", 0},
	{"TimeForChildren", "time_for_children", 0x80}, {"Cgroup", "cgroup", 0x02000000}, {"User", "user", 0x10000000},
};

static bool namespace_told(const struct slow_image *who, size_t n, int64_t *number, bool *host)
{
	struct str object, v;
	if (!member(who->ns, namespaces[n].key, &object) || !member(object, "inum", &v) || !slow_decimal(v, number))
		return false;
	*host = member(object, "is_host", &v) && str_eq(v, STR("true"));
	return true;
}

bool slow_namespace_told(const struct slow_image *who, struct str name, int64_t *number, bool *host)
{
	for (size_t i = 0; i < SLOW_NAMESPACES; i++)
		if (str_eq(name, str_from(namespaces[i].name)))
			return namespace_told(who, i, number, host);
	return false;
}

static void namespaces_line(struct slow_image *i, const struct slow_hit *hit)
{
	if (str_eq(hit->site, STR("sys_setns"))) {
		for (size_t k = 0; k < SLOW_NAMESPACES; k++)
			i->ns_now[k] = SLOW_NS_OPEN;
		return;
	}
	if (!str_eq(hit->site, STR("sys_unshare")))
		return;
	bool told = hit->nvalues && hit->values[0].arg->kind == ARG_INT, fails = hit->has_returned && hit->returned < 0;
	uint64_t flags = told ? (uint32_t)hit->values[0].arg->number : UINT32_MAX;
	for (size_t k = 0; k < SLOW_NAMESPACES && !fails; k++) {
		if (!(flags & namespaces[k].flag))
			continue;
		i->ns_now[k] = told && hit->has_returned ? SLOW_NS_NEW : SLOW_NS_OPEN;
		i->ns_recorded[k] = false;
	}
}

/* setns takes a descriptor: what a stream tells of those alone the rules do not say. */
static enum truth changes_told(struct slow_question *q)
{
	struct slow_world *w = q->hit->slow->world;
	if (at_exec(q) || (slow_world_recorded(w, STR("sys_unshare")) && slow_world_recorded(w, STR("sys_setns"))))
		return TRUE_;
	if (slow_world_recorded(w, STR("sys_unshare")) &&
	    (slow_world_recorded(w, STR("security_file_open")) || slow_world_recorded(w, STR("fd_install"))))
		return slow_silent(q, "setns is not recorded, opens are");
	return slow_maybe(q, "whether it changed its namespaces is not told");
}

/* The namespace now is one of those listed; host_ns is pid 1's. The user namespace is that of the image. */
enum truth slow_match_namespace(struct slow_question *q, const struct namespace_filter *f)
{
	const struct slow_image *who = q->hit->who;
	size_t n = 0;
	int64_t number;
	bool host, any = false;
	while (n < SLOW_NAMESPACES - 1 && !str_eq(f->namespace, str_from(namespaces[n].name)))
		n++;
	bool user = n == SLOW_NAMESPACES - 1;
	if (!who || !namespace_told(who, n, &number, &host))
		return slow_maybe(q, "its namespaces are not told");
	if (who->forked)
		return slow_maybe(q, "in which namespaces it was forked is not told");
	enum truth told = user || !namespaces[n].flag ? TRUE_ : changes_told(q);
	if (told != TRUE_)
		return told;
	if (!user && who->ns_now[n] == SLOW_NS_OPEN)
		return slow_silent(q, "namespaces may have changed");
	for (size_t i = 0; i < f->values.n; i++) {
		int64_t v;
		bool by_host = str_eq(f->values.v[i], STR("host_ns"));
		if (user || who->ns_now[n] == SLOW_NS_SAME)
			any |= by_host ? host : slow_decimal(f->values.v[i], &v) && v == number;
		else if (!by_host)
			return slow_silent(q, "the number of a new namespace");
	}
	return truth_of(any == (f->op == OPERATOR_IN));
}

/* In: one of the listed differs from the record; NotIn: one that is not listed does. */
static enum truth match_namespace_change(struct slow_question *q, const struct namespace_filter *f)
{
	const struct slow_image *who = q->hit->who;
	enum truth any = FALSE_;
	if (!who)
		return slow_maybe(q, "who did it is not told");
	enum truth told = changes_told(q);
	if (told != TRUE_)
		return told;
	if (who->ns_record_open || who->ns_now[SLOW_NAMESPACES - 1] != SLOW_NS_SAME)
		return slow_silent(q, "what the record of its namespaces holds");
	for (size_t i = 0; i < SLOW_NAMESPACES; i++) {
		bool listed = false;
		for (size_t k = 0; k < f->values.n; k++)
			listed |= f->values.v[k].n == strlen(namespaces[i].name) &&
				  !strncasecmp(f->values.v[k].p, namespaces[i].name, f->values.v[k].n);
		if (listed != (f->op == OPERATOR_IN))
			continue;
		if (who->ns_now[i] == SLOW_NS_OPEN)
			return slow_silent(q, "namespaces may have changed");
		any = who->ns_now[i] == SLOW_NS_NEW && !who->ns_recorded[i] ? TRUE_ : any;
	}
	return any;
}

/* ---- the filters ---- */

/* In: one of the listed bits is set; NotIn: none. A second entry makes the selector one that nothing matches. */
enum truth slow_match_capabilities(struct slow_question *q, const struct selector *s)
{
	const struct capability_filter *f = &s->capabilities[0];
	bool host;
	int64_t number;
	if (s->ncapabilities > 1)
		return FALSE_;
	enum truth t = capabilities_told(q);
	if (t != TRUE_)
		return t;
	bool any = (q->hit->who->cap_now[set_of(f)] & mask_of_filter(f)) != 0;
	t = truth_of(any == (f->op == OPERATOR_IN));
	if (!f->namespace_capability || t == FALSE_)
		return t;
	if (!slow_namespace_told(q->hit->who, STR("User"), &number, &host))
		return slow_maybe(q, "its user namespace is not told");
	return q->hit->who->forked ? slow_silent(q, "the user namespace of a fork") : truth_of(!host);
}

/* In: a listed bit differs from the record; NotIn: the listed ones are equal and another differs. The first entry counts. */
static enum truth match_capability_change(struct slow_question *q, const struct capability_filter *f)
{
	if (f->namespace_capability)
		return slow_silent(q, "changes in a user namespace");
	enum truth t = capabilities_told(q);
	if (t != TRUE_)
		return t;
	if (q->hit->who->cap_record_open)
		return slow_silent(q, "what the record of its capabilities holds");
	size_t set = set_of(f);
	uint64_t mask = mask_of_filter(f), differ = q->hit->who->cap_now[set] ^ q->hit->who->cap_record[set];
	return truth_of(f->op == OPERATOR_IN ? differ & mask : !(differ & mask) && differ);
}

enum truth slow_match_changes(struct slow_question *q, const struct selector *s)
{
	enum truth t = TRUE_;
	if (s->nnamespace_changes)
		t = match_namespace_change(q, &s->namespace_changes[0]);
	if (s->ncapability_changes && q->hit->slow->target.kernel >= TARGET_KERNEL(5, 3)) {
		enum truth one = match_capability_change(q, &s->capability_changes[0]);
		t = MIN(t, one);
	}
	return t;
}

/* ---- what lines and posted events leave ---- */

void slow_held_line(struct slow_image *i, const struct slow_hit *hit)
{
	capabilities_line(i, hit);
	namespaces_line(i, hit);
}

/*
 * An event was posted, by a selector that asked of changes: the record is made anew. Whether other events do that too, and those of
 * other policies, is not written: where it would matter the record is open.
 */
void slow_held_posted(struct slow_question *q, const struct selector *s, enum truth posted)
{
	struct slow_image *who = q->hit->slow->writable;
	if (!who || who != q->hit->who || posted == FALSE_)
		return;
	bool alone = q->hit->slow->npolicies == 1 && s && posted == TRUE_;
	if (memcmp(who->cap_now, who->cap_record, sizeof(who->cap_now)) != 0 || who->cap_open) {
		who->cap_record_open |= !alone || !s->ncapability_changes || who->cap_open;
		memcpy(who->cap_record, who->cap_now, sizeof(who->cap_record));
	}
	for (size_t i = 0; i < SLOW_NAMESPACES; i++) {
		if (who->ns_now[i] == SLOW_NS_SAME)
			continue;
		who->ns_record_open |= !alone || !s->nnamespace_changes;
		who->ns_recorded[i] = true;
	}
}
