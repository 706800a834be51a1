/* SPDX-License-Identifier: GPL-2.0-only */
/* Section 0 of the rules: one hit of a hook, from scope to actions. */
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

/* ---- 0: one hit ---- */

/* 1.3: the task, of which a line tells the process; and registers, of which the rules do not say what is in them. */
static enum truth data_filter(struct slow_question *q, const struct arg_filter *f)
{
	size_t at = f->nargs ? f->args[0] : f->index;
	const struct spec_arg *wanted = at < q->hook->ndata ? &q->hook->data[at] : NULL;
	if (!wanted || str_eq(wanted->source, STR("pt_regs")) || f->op == OPERATOR_CEL_EXPR)
		return slow_silent(q, "registers, and expressions over data");
	if (!str_eq(wanted->resolve, STR("tgid")) || !q->hit->who || !q->hit->who->pid)
		return slow_maybe(q, "this data of the task is not told");
	const struct arg process = {.kind = ARG_UINT, .number = q->hit->who->pid};
	return slow_value_filter(q, f, wanted, &(struct slow_value){.arg = &process});
}

static enum truth selector_matches(struct slow_question *q, const struct selector *s)
{
	enum truth within = slow_within_area(q), t = slow_process_filters(q, s);
	t = MIN(t, within);
	for (size_t i = 0; i < s->nargs; i++) {
		enum truth one = slow_arg_filter(q, &s->args[i]);
		t = MIN(t, one);
	}
	for (size_t i = 0; i < s->ndata; i++) {
		enum truth one = data_filter(q, &s->data[i]);
		t = MIN(t, one);
	}
	return t;
}

static bool same_outcome(const struct slow_outcome *x, const struct slow_outcome *y)
{
	const struct slow_judgement *a = &x->j, *b = &y->j;
	return a->verdict == b->verdict && a->error == b->error && a->signal == b->signal && a->effect == b->effect;
}

static bool same_notice(const struct slow_outcome *x, const struct slow_outcome *y)
{
	return x->notifies == y->notifies && x->cleans == y->cleans &&
	       (!x->notifies || (x->notice.error == y->notice.error && x->notice.signal == y->notice.signal));
}

/* No selector matched; a hook without selectors posts. */
static void none_matched(struct slow_question *q, struct slow_outcome *o)
{
	o->posts = truth_of(!q->hook->nselectors);
	o->j.selector = -1;
	o->j.verdict = q->hook->nselectors ? VERDICT_ALLOW : VERDICT_POST;
	o->j.effect = SLOW_HAPPENED;
}

/* Every outcome that may be: each selector that perhaps matches, up to the first that does. */
static void run_selectors(struct slow_question *q, struct slow_judgement *j)
{
	struct slow_outcome found = {0};
	struct selector acted = {0};
	enum truth posts = MAYBE;
	bool first = true, differ = false, notices_differ = false, sure = false, silent = false;
	const char *why = NULL;
	for (size_t i = 0; i <= q->hook->nselectors && !sure; i++) {
		struct slow_outcome one = {.j = *j};
		if (i == q->hook->nselectors) {
			none_matched(q, &one);
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
			q->perhaps = !first || !sure;
			slow_run_actions(q, (int)i, &s, &one);
			silent |= one.j.silent;
			acted = s;
		}
		differ |= !first && !same_outcome(&found, &one);
		notices_differ |= !first && !same_notice(&found, &one);
		if (first)
			found = one;
		else if (!differ)
			found.j.selector = -2;
		posts = first || posts == one.posts ? one.posts : MAYBE;
		found.j.posted_open |= one.j.posted_open;
		if (one.notifies && !found.notifies) {   /* that it may be told counts */
			found.notifies = true;
			found.notice = one.notice;
		}
		first = false;
	}
	if (slow_notice_lost(q, &found)) {
		differ = true;
		why = "the enforcer's calls are not recorded";
	}
	*j = found.j;
	j->silent = silent;
	j->why = why;
	if (differ) {
		j->verdict = VERDICT_UNKNOWN;
		j->selector = -2;
	}
	slow_notify(q, &found, notices_differ);
	int selector = j->selector;
	slow_at_return(q, j);
	bool known = selector >= 0 && !silent;
	slow_held_posted(q, known ? &acted : NULL, posts);
}

static void judge_hook(struct slow *s, size_t policy, size_t hook, struct slow_hit *hit)
{
	const struct policy *p = s->policies[policy];
	struct slow_question q = {.policy = p, .hook = &p->hooks[hook], .hook_number = hook, .hit = hit};
	enum truth scope = slow_scope(&q);
	if (scope == FALSE_)
		return;
	struct slow_judgement j = {.policy = policy, .hook = hook, .monitor = slow_monitors(p), .partly = hit->partly};
	bool silent = q.silent;
	const char *why = q.why;
	run_selectors(&q, &j);
	j.silent |= silent || hit->told_elsewhere;
	if (scope == MAYBE && (j.verdict != VERDICT_ALLOW || j.selector != -1)) {
		j.verdict = VERDICT_UNKNOWN;
		j.selector = -2;
		j.why = why;
	}
	*VEC_PUSH(&s->judgements) = j;
}

/* ---- which hooks a hit reaches ---- */

/* __x64_sys_write and sys_write are one place for a 64-bit caller; a 32-bit one passes __ia32_sys_write. */
static bool call_is(struct str call, const struct slow_hit *hit)
{
	if (hit->compat)
		return str_starts(call, STR("__ia32_")) && str_ends(call, hit->site) && call.n == hit->site.n + 7;
	if (str_starts(call, STR("__x64_")))
		call = str_skip(call, 6);
	return str_eq(call, hit->site);
}

static bool calls(const struct policy *p, const struct hook *h, const struct slow_hit *hit)
{
	if (!str_starts(h->call, STR("list:")))
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
		return str_starts(site, STR("security_")) && str_eq(str_skip(site, 9), str_eq(h->call, STR("bprm_check_security"))
									       ? STR("bprm_check") : h->call);
	case SECTION_TRACEPOINT:
		return site.n == h->subsystem.n + 1 + h->call.n && str_starts(site, h->subsystem) &&
		       str_ends(site, h->call) && site.p[h->subsystem.n] == '/';
	default:
		return false;
	}
}

static void judge_policy(struct slow *s, size_t policy, struct slow_hit *hit)
{
	const struct policy *p = s->policies[policy];
	size_t before = s->judgements.n;
	for (size_t k = 0; k < p->nhooks; k++)
		if (reaches(p, &p->hooks[k], hit))
			judge_hook(s, policy, k, hit);
	/* Of two hooks at one place, which the enforcer hears last is not written. */
	bool open = p->nenforcers && s->judgements.n > before + 1;
	slow_enforce(s, policy, hit);
	open |= hit->named || slow_world_named(s, hit->who);
	for (size_t i = before; open && i < s->judgements.n; i++)
		s->judgements.v[i].silent = true;
}

static void judge_hit(struct slow *s, struct slow_hit *hit)
{
	for (size_t i = 0; i < s->npolicies; i++)
		judge_policy(s, i, hit);
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
	free(s->firings.v);
	free(s->notices.v);
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
