/* SPDX-License-Identifier: GPL-2.0-only */
/* Section 6 of the rules: what the actions of a selector do, the modes, rate limits; and section 10, what a stopped call still did. */
#include "tests/lib/slow_private.h"

/* ---- modes ---- */

static bool enforces(enum policy_action a)
{
	return a == ACTION_SIGKILL || a == ACTION_SIGNAL || a == ACTION_OVERRIDE || a == ACTION_NOTIFY_ENFORCER ||
	       a == ACTION_SET;
}

/* Asked before macros are put in and without matchReturnActions: a policy that shows none only monitors. */
static bool has_enforcement(const struct policy *p)
{
	for (size_t i = 0; i < p->nhooks; i++)
		for (size_t k = 0; k < p->hooks[i].nselectors; k++)
			for (size_t a = 0; a < p->hooks[i].selectors[k].nactions; a++)
				if (enforces(p->hooks[i].selectors[k].actions[a].action))
					return true;
	return false;
}

bool slow_monitors(const struct policy *p)
{
	bool monitor = false;
	for (size_t i = 0; i < p->noptions; i++)
		if (str_eq(p->options[i].name, STR("policy-mode")))
			monitor = str_eq(p->options[i].value, STR("monitor"));
	return monitor;
}

/* ---- rate limits: a Post is dropped if the same key fired within the time ---- */

/* "5", "5s", "5m", "5h" in nanoseconds. */
static uint64_t window_of(struct str text)
{
	int64_t n = 0;
	uint64_t unit = str_ends(text, STR("h")) ? 3600 : str_ends(text, STR("m")) ? 60 : 1;
	if (text.n && !(text.p[text.n - 1] >= '0' && text.p[text.n - 1] <= '9'))
		text.n--;
	slow_decimal(text, &n);
	return (uint64_t)n * unit * 1000000000u;
}

static void key_value(const struct arg *a, struct buf *key, bool *open)
{
	buf_printf(key, "|%d:%lld:", (int)a->kind, (long long)a->number);
	buf_str(key, a->text);
	/* Long ones are cut, and of what has several fields not all are told. */
	*open |= a->text.n > 24 || (a->kind != ARG_INT && a->kind != ARG_UINT && a->kind != ARG_LONG && a->kind != ARG_SIZE &&
				    a->kind != ARG_STRING);
}

/* Hook, the action before, whom the limit is for, the arguments. */
static void key_of(struct slow_question *q, const struct selector *s, size_t at, struct buf *key, bool *open)
{
	const struct action *a = &s->actions[at];
	buf_printf(key, "%zu|%d|", q->hook_number, at ? (int)s->actions[at - 1].action : -1);
	if (!q->hit->who)
		*open = true;
	else if (!str_eq(a->rate_limit_scope, STR("global")))
		buf_printf(key, "%u", q->hit->who->pid);
	for (size_t i = 0; i < q->hook->nargs; i++) {
		const struct slow_value *v = slow_find_value(q, &q->hook->args[i]);
		if (v)
			key_value(v->arg, key, open);
		*open |= !v;
	}
}

/*
 * TRUE: dropped. Whether a dropped one begins the time anew is not written, nor how far arguments of several fields
 * count: where that matters it may be either.
 */
static enum truth limited(struct slow_question *q, const struct selector *s, size_t at)
{
	struct slow *slow = q->hit->slow;
	CLEANUP_BUF struct buf key = BUF_INIT;
	bool open = false;
	uint64_t window = window_of(s->actions[at].rate_limit), now = q->hit->time_ns;
	key_of(q, s, at, &key, &open);
	enum truth dropped = FALSE_;
	for (size_t i = 0; i < slow->firings.n; i++) {
		const struct slow_firing *f = &slow->firings.v[i];
		if (f->policy != q->policy)
			continue;
		bool within = now >= f->time_ns && now - f->time_ns < window;
		if (now < f->time_ns || now - f->time_ns == window)
			dropped = MAX(dropped, MAYBE);
		else if (within && str_eq(f->key, buf_view(&key)))
			dropped = f->posted == TRUE_ && !open && !f->open ? TRUE_ : MAX(dropped, MAYBE);
		else if (within && (open || f->open))
			dropped = MAX(dropped, MAYBE);
	}
	*VEC_PUSH(&slow->firings) = (struct slow_firing){.policy = q->policy, .key = slow_keep(slow, buf_view(&key)),
							 .time_ns = now, .open = open || q->perhaps, .posted = truth_not(dropped)};
	return dropped;
}

/* ---- one action ---- */

static bool starts(struct str s, const char *prefix)
{
	return str_starts(s, str_from(prefix));
}

/* What Override returns to the caller; false: nothing happens. */
static bool override(const struct slow_question *q, int32_t error, int32_t *ret)
{
	/* Who asked decides what it returns for a refusal here. */
	bool any = str_eq(q->hit->site, STR("security_ptrace_access_check"));
	switch (q->hook->section) {
	case SECTION_LSM:                       /* any value but 0 arrives as EPERM */
		*ret = any ? SLOW_ANY_ERROR : -EPERM;
		return error != 0;
	case SECTION_KPROBE:
		*ret = any ? SLOW_ANY_ERROR : error;   /* a system call's body is skipped, 0 included */
		return starts(q->hit->site, "sys_") || error != 0;
	default:
		return false;
	}
}

/* NotifyEnforcer: at kprobes and tracepoints that are not raw. */
static bool notifies(const struct slow_question *q)
{
	return q->hook->section == SECTION_KPROBE || (q->hook->section == SECTION_TRACEPOINT && !q->hook->raw);
}

static void act(struct slow_question *q, const struct selector *s, size_t at, struct slow_outcome *o, bool *denies)
{
	const struct action *a = &s->actions[at];
	struct slow_judgement *j = &o->j;
	int32_t error;
	enum truth posted;
	switch (a->action) {
	case ACTION_POST:
		posted = a->rate_limit.n ? truth_not(limited(q, s, at)) : TRUE_;
		o->posts = MIN(o->posts, posted);
		return;
	case ACTION_NO_POST:
		o->posts = FALSE_;
		return;
	case ACTION_SIGKILL:
		j->signal = 9;
		return;
	case ACTION_SIGNAL:
		j->signal = a->sig && j->signal != 9 ? a->sig : j->signal;
		return;
	case ACTION_OVERRIDE:
		j->silent |= *denies;   /* of two, which counts is not written */
		if (!override(q, a->error, &error))
			return;
		*denies = true;
		j->error = error;
		return;
	case ACTION_NOTIFY_ENFORCER:
		j->silent |= o->notifies;
		o->notifies = o->notifies || notifies(q);
		o->notice = (struct slow_notice){.error = a->error, .signal = a->sig};
		return;
	case ACTION_CLEANUP_ENFORCER_NOTIFICATION:
		o->cleans |= notifies(q);
		o->notifies = false;
		return;
	default:
		return;
	}
}

/* ---- what a stopped call still did ---- */

static enum slow_effect effect_of(const struct slow_question *q, bool denies)
{
	struct str site = q->hit->site;
	if (denies)
		return str_eq(site, STR("security_file_open")) ? SLOW_OPEN : SLOW_PREVENTED;
	/* A connect of which the stream would tell more may have failed by itself. */
	if (str_eq(site, STR("security_socket_connect")))
		return slow_world_recorded(q->hit->slow->world, STR("tcp_connect")) ? SLOW_OPEN : SLOW_HAPPENED;
	if (str_eq(site, STR("security_path_truncate")))
		return SLOW_HAPPENED;
	return SLOW_OPEN;
}

static bool limits(const struct selector *s)
{
	for (size_t i = 0; i < s->nactions; i++)
		if (s->actions[i].rate_limit.n)
			return true;
	return false;
}

/* The selector's actions in order. No list: the event is posted. */
void slow_run_actions(struct slow_question *q, int selector, const struct selector *s, struct slow_outcome *o)
{
	bool denies = false;
	struct slow_judgement *j = &o->j;
	o->posts = TRUE_;
	j->selector = selector;
	/* Sigkill and the like only inside a macro: never enforced. */
	bool enforced = has_enforcement(q->policy);
	for (size_t i = 0; i < s->nactions; i++)
		if (enforced || !enforces(s->actions[i].action))
			act(q, s, i, o, &denies);
	/* The kill is told by the hook, what the enforcer prevents by another judgement. */
	bool apart = o->notifies && j->signal;
	slow_enforce_at_once(q, o, &denies);
	if (q->hit->slow->target.kernel < TARGET_KERNEL(5, 3))
		j->signal = 0;
	j->verdict = j->signal ? VERDICT_KILL : denies ? VERDICT_DENY : o->posts == FALSE_ ? VERDICT_ALLOW : VERDICT_POST;
	j->posted_open = o->posts != TRUE_ && limits(s);
	j->effect = j->verdict == VERDICT_KILL || denies ? (apart ? SLOW_OPEN : effect_of(q, denies)) : SLOW_HAPPENED;
}
