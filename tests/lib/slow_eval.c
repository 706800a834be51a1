/* SPDX-License-Identifier: GPL-2.0-only */
/* Section 0 of the rules, one hit of a hook from scope to actions, and section 6, what the actions do. */
#include "tests/lib/slow_private.h"

enum truth slow_silent(struct slow_question *q, const char *why)
{
	q->silent = true;
	q->why = q->why ? q->why : why;
	return MAYBE;
}

enum truth slow_maybe(struct slow_question *q, const char *why)
{
	q->why = q->why ? q->why : why;
	return MAYBE;
}

/* ---- 6: modes ---- */

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

static bool monitors(const struct policy *p)
{
	bool monitor = false;
	for (size_t i = 0; i < p->noptions; i++)
		if (str_eq(p->options[i].name, STR("policy-mode")))
			monitor = str_eq(p->options[i].value, STR("monitor"));
	return monitor;
}

/* ---- 6: actions ---- */

static bool starts(struct str s, const char *prefix)
{
	return str_starts(s, str_from(prefix));
}

/* What Override returns to the caller; false: nothing happens. */
static bool override(const struct slow_question *q, int32_t error, int32_t *ret)
{
	switch (q->hook->section) {
	case SECTION_LSM:                       /* any value but 0 arrives as EPERM */
		*ret = str_eq(q->hit->site, STR("security_ptrace_access_check")) ? SLOW_ANY_ERROR : -EPERM;
		return error != 0;
	case SECTION_KPROBE:
		*ret = error;                   /* a system call's body is skipped, 0 included */
		return starts(q->hit->site, "sys_") || error != 0;
	default:
		return false;
	}
}

static bool listed_call(const struct policy *p, struct str site)
{
	for (size_t i = 0; i < p->nenforcers; i++)
		for (size_t k = 0; k < p->enforcers[i].calls.n; k++)
			if (str_ends(p->enforcers[i].calls.v[k], site))
				return true;
	return false;
}

static void act(struct slow_question *q, const struct action *a, struct slow_judgement *j, bool *posts, bool *denies)
{
	int32_t error;
	switch (a->action) {
	case ACTION_NO_POST:
		*posts = false;
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
		if (q->hook->section != SECTION_KPROBE && q->hook->section != SECTION_TRACEPOINT)
			return;
		if (!listed_call(q->policy, q->hit->site)) {
			j->silent = true;
			return;
		}
		j->signal = a->sig ? a->sig : j->signal;
		*denies |= a->error != 0;
		j->error = a->error ? a->error : j->error;
		return;
	default:
		return;
	}
}

/* ---- 10: what a stopped call still did ---- */

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

/* The selector's actions in order. No list: the event is posted. */
static void run_actions(struct slow_question *q, int selector, const struct selector *s, struct slow_judgement *j)
{
	bool posts = true, denies = false;
	j->selector = selector;
	/* Sigkill and the like only inside a macro: never enforced. */
	bool enforced = has_enforcement(q->policy);
	for (size_t i = 0; i < s->nactions; i++)
		if (enforced || !enforces(s->actions[i].action))
			act(q, &s->actions[i], j, &posts, &denies);
	if (q->hit->slow->target.kernel < TARGET_KERNEL(5, 3))
		j->signal = 0;
	j->verdict = j->signal ? VERDICT_KILL : denies ? VERDICT_DENY : posts ? VERDICT_POST : VERDICT_ALLOW;
	j->effect = j->verdict == VERDICT_KILL || denies ? effect_of(q, denies) : SLOW_HAPPENED;
}

/* ---- 0: one hit ---- */

static enum truth selector_matches(struct slow_question *q, const struct selector *s)
{
	enum truth within = slow_within_area(q), t = slow_process_filters(q, s);
	t = MIN(t, within);
	for (size_t i = 0; i < s->nargs; i++) {
		enum truth one = slow_arg_filter(q, &s->args[i]);
		t = MIN(t, one);
	}
	return s->ndata && t != FALSE_ ? slow_silent(q, "data of the task") : t;
}

static bool same_outcome(const struct slow_judgement *a, const struct slow_judgement *b)
{
	return a->verdict == b->verdict && a->error == b->error && a->signal == b->signal && a->effect == b->effect;
}

/* Every outcome that may be: each selector that perhaps matches, up to the first that does. */
static void run_selectors(struct slow_question *q, struct slow_judgement *j)
{
	struct slow_judgement found = {0};
	bool first = true, differ = false, sure = false, silent = false;
	const char *why = NULL;
	for (size_t i = 0; i <= q->hook->nselectors && !sure; i++) {
		struct slow_judgement one = {.policy = j->policy, .hook = j->hook, .monitor = j->monitor};
		if (i == q->hook->nselectors) {
			/* none matched; a hook without selectors posts */
			one.selector = -1;
			one.verdict = q->hook->nselectors ? VERDICT_ALLOW : VERDICT_POST;
			one.effect = SLOW_HAPPENED;
			sure = true;
		} else {
			struct selector s = slow_expanded(q->policy, &q->hook->selectors[i]);
			q->selector = i;
			q->silent = false;
			q->why = NULL;
			enum truth t = selector_matches(q, &s);
			if (t == FALSE_)
				continue;
			silent |= t == MAYBE && q->silent;
			why = t == MAYBE && !why ? q->why : why;
			sure = t == TRUE_;
			run_actions(q, (int)i, &s, &one);
			silent |= one.silent;
		}
		differ |= !first && !same_outcome(&found, &one);
		if (first)
			found = one;
		else if (!differ)
			found.selector = -2;
		first = false;
	}
	*j = found;
	j->silent = silent;
	j->why = why;
	if (differ) {
		j->verdict = VERDICT_UNKNOWN;
		j->selector = -2;
	}
}

static bool returns_matter(const struct hook *h)
{
	for (size_t i = 0; i < h->nselectors; i++)
		if (h->ret && (h->selectors[i].nreturn_args || h->selectors[i].nreturn_actions))
			return true;
	return false;
}

static void judge_hook(struct slow *s, size_t policy, size_t hook, struct slow_hit *hit)
{
	const struct policy *p = s->policies[policy];
	struct slow_question q = {.policy = p, .hook = &p->hooks[hook], .hit = hit};
	enum truth scope = slow_scope(&q);
	if (scope == FALSE_)
		return;
	struct slow_judgement *j = VEC_PUSH(&s->judgements);
	*j = (struct slow_judgement){.policy = policy, .hook = hook, .monitor = monitors(p)};
	bool silent = q.silent;
	const char *why = q.why;
	run_selectors(&q, j);
	j->silent |= silent || returns_matter(q.hook) || hit->told_elsewhere;
	if (scope == MAYBE && (j->verdict != VERDICT_ALLOW || j->selector != -1)) {
		j->verdict = VERDICT_UNKNOWN;
		j->selector = -2;
		j->why = why;
	}
}

/* ---- which hooks a hit reaches ---- */

/* __x64_sys_write and sys_write are one place for a 64-bit caller; a 32-bit one passes __ia32_sys_write. */
static bool call_is(struct str call, const struct slow_hit *hit)
{
	if (hit->compat)
		return starts(call, "__ia32_") && str_ends(call, hit->site) && call.n == hit->site.n + 7;
	if (starts(call, "__x64_"))
		call = str_skip(call, 6);
	return str_eq(call, hit->site);
}

static bool calls(const struct policy *p, const struct hook *h, const struct slow_hit *hit)
{
	if (!starts(h->call, "list:"))
		return call_is(h->call, hit);
	for (size_t i = 0; i < p->nlists; i++)
		for (size_t k = 0; str_eq(p->lists[i].name, str_skip(h->call, 5)) && k < p->lists[i].values.n; k++)
			if (call_is(p->lists[i].values.v[k], hit))
				return true;
	return false;
}

static bool reaches(const struct policy *p, const struct hook *h, const struct slow_hit *hit)
{
	struct str site = hit->site;
	switch (h->section) {
	case SECTION_KPROBE: case SECTION_FENTRY:
		return calls(p, h, hit);
	case SECTION_LSM:   /* the same place as security_NAME; three go by another name there */
		return starts(site, "security_") && str_eq(str_skip(site, 9), str_eq(h->call, STR("bprm_check_security"))
									       ? STR("bprm_check") : h->call);
	case SECTION_TRACEPOINT:
		return site.n == h->subsystem.n + 1 + h->call.n && str_starts(site, h->subsystem) &&
		       str_ends(site, h->call) && site.p[h->subsystem.n] == '/';
	default:
		return false;
	}
}

static void judge_hit(struct slow *s, struct slow_hit *hit)
{
	for (size_t i = 0; i < s->npolicies; i++)
		for (size_t k = 0; k < s->policies[i]->nhooks; k++)
			if (reaches(s->policies[i], &s->policies[i]->hooks[k], hit))
				judge_hook(s, i, k, hit);
}

/* ---- the interface ---- */

struct slow *slow_new(struct policy *const *policies, size_t n, const struct target *target,
		      struct policy *const *recorders, size_t nrecorders)
{
	struct slow *s = xcalloc(1, sizeof(*s));
	*s = (struct slow){.policies = policies, .npolicies = n, .recorders = recorders, .nrecorders = nrecorders,
			   .target = *target, .world = slow_world_new()};
	return s;
}

void slow_free(struct slow *s)
{
	if (!s)
		return;
	slow_world_free(s->world);
	free(s->judgements.v);
	free(s);
}

void slow_presume_paths(struct slow *s, bool yes)
{
	s->presume = yes;
}

void slow_records(struct slow *s, const struct event *ev)
{
	slow_world_records(s->world, ev);
}

size_t slow_judge(struct slow *s, const struct event *ev, const struct slow_judgement **ret)
{
	s->judgements.n = 0;
	slow_world_hits(s, ev, judge_hit);
	*ret = s->judgements.v;
	return s->judgements.n;
}
