/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What comes after the hit of a hook: its return (section 0, step 7), and the enforcer, which stops a thread that it was
 * told of at that thread's next call of its list (section 6).
 */
#include "tests/lib/slow_private.h"

/* ---- the return ---- */

/* matchReturnArgs look at the one returned value. */
static enum truth return_matches(struct slow_question *q, const struct selector *s)
{
	enum truth t = TRUE_;
	const struct arg value = {.kind = ARG_LONG, .number = q->hit->returned};
	const struct slow_value v = {.type = q->hook->return_arg->type, .arg = &value};
	for (size_t i = 0; i < s->nreturn_args; i++) {
		enum truth one = q->hit->has_returned ? slow_value_filter(q, &s->return_args[i], q->hook->return_arg, &v)
						      : slow_maybe(q, "what the call returned is not told");
		t = MIN(t, one);
	}
	return t;
}

/* Of the actions only signals do something there: Override is accepted and has no effect. */
static uint32_t return_signal(struct slow_question *q, const struct selector *s)
{
	uint32_t signal = 0;
	for (size_t i = 0; i < s->nreturn_actions; i++) {
		const struct action *a = &s->return_actions[i];
		if (a->action == ACTION_SIGKILL)
			signal = 9;
		else if (a->action == ACTION_SIGNAL && a->sig && signal != 9)
			signal = a->sig;
		else if (a->action == ACTION_NOTIFY_ENFORCER)
			slow_silent(q, "an enforcer told at a return");
	}
	return signal;
}

static bool may_stop(const struct hook *h)
{
	for (size_t i = 0; i < h->nselectors; i++)
		if (h->selectors[i].nreturn_actions)
			return true;
	return false;
}

static void killed(struct slow_question *q, struct slow_judgement *j, int selector, uint32_t signal)
{
	if (j->verdict == VERDICT_KILL && !j->monitor) {
		j->silent |= j->signal != signal;
		return;
	}
	/* The program at the return does not see the mode. */
	*j = (struct slow_judgement){.policy = j->policy, .hook = j->hook, .selector = selector, .verdict = VERDICT_KILL,
				     .signal = signal, .silent = j->silent,
				     .effect = q->hit->returned < 0 ? SLOW_OPEN : SLOW_HAPPENED};
}

/* From the selector on that won at the entry: the first whose filters on the return hold acts. */
void slow_at_return(struct slow_question *q, struct slow_judgement *j)
{
	const struct hook *h = q->hook;
	if (!h->ret || !h->return_arg || !may_stop(h) || j->selector == -1)
		return;
	/* A call that Override skips returns something else; and which selector won may be open. */
	if (j->selector < 0 || (j->verdict == VERDICT_DENY && !j->monitor)) {
		j->silent = true;
		return;
	}
	uint32_t signal = 0;
	int selector = -1;
	bool sure = false, differ = false, first = true;
	q->silent = false;
	q->why = NULL;
	for (size_t i = (size_t)j->selector; i <= h->nselectors && !sure; i++) {
		uint32_t one = 0;
		sure = i == h->nselectors;
		if (!sure) {
			struct selector s = slow_expanded(q->policy, &h->selectors[i]);
			enum truth t = return_matches(q, &s);
			if (t == FALSE_)
				continue;
			sure = t == TRUE_;
			one = return_signal(q, &s);
		}
		differ |= !first && one != signal;
		signal = first ? one : signal;
		selector = first ? (int)i : selector;
		first = false;
	}
	j->silent |= q->silent;
	if (differ && !(j->verdict == VERDICT_KILL && !j->monitor)) {
		j->verdict = VERDICT_UNKNOWN;
		j->monitor = false;
		j->selector = -2;
		j->why = q->why;
	} else if (signal && !differ) {
		killed(q, j, selector, signal);
	}
}

/* ---- the enforcer ---- */


/* Number N of the calls that the enforcer sits at, its lists written out; empty beyond the last. */
static struct str enforcer_call(const struct policy *p, size_t n)
{
	for (size_t i = 0; i < p->nenforcers; i++)
		for (size_t k = 0; k < p->enforcers[i].calls.n; k++) {
			struct str call = p->enforcers[i].calls.v[k];
			if (!str_starts(call, STR("list:"))) {
				if (!n--)
					return call;
				continue;
			}
			for (size_t l = 0; l < p->nlists; l++)
				for (size_t m = 0; str_eq(str_skip(call, 5), p->lists[l].name) && m < p->lists[l].values.n; m++)
					if (!n--)
						return p->lists[l].values.v[m];
		}
	return (struct str){NULL, 0};
}

static struct str without_prefix(struct str call)
{
	return str_starts(call, STR("__x64_")) ? str_skip(call, 6) : call;
}

/* Does the policy's enforcer sit at the place of HIT? */
bool slow_listed(const struct policy *p, const struct slow_hit *hit)
{
	bool any = false;
	for (size_t n = 0; enforcer_call(p, n).n; n++)
		any |= !hit->compat && str_eq(without_prefix(enforcer_call(p, n)), hit->site);
	return any;
}

/* Would each of its calls show in the stream? */
static bool all_recorded(const struct slow *s, const struct policy *p)
{
	bool all = true;
	for (size_t n = 0; enforcer_call(p, n).n; n++)
		all &= slow_world_recorded(s->world, without_prefix(enforcer_call(p, n)));
	return all;
}

/* A call that is itself of the list is stopped by what is stored at its own hook. */
void slow_enforce_at_once(struct slow_question *q, struct slow_outcome *o, bool *denies)
{
	struct slow_judgement *j = &o->j;
	if (!o->notifies)
		return;
	if (slow_listed(q->policy, q->hit)) {
		j->silent |= *denies;
		o->notifies = false;
		o->cleans = true;
		j->signal = o->notice.signal && j->signal != 9 ? o->notice.signal : j->signal;
		*denies |= o->notice.error != 0;
		j->error = o->notice.error ? o->notice.error : j->error;
	}
}

static struct slow_notice *notice_of(struct slow *s, const struct policy *p, uint32_t thread)
{
	for (size_t i = 0; i < s->notices.n; i++)
		if (s->notices.v[i].policy == p && s->notices.v[i].thread == thread)
			return &s->notices.v[i];
	return NULL;
}

/* What the hit of a hook leaves for the enforcer. */
void slow_notify(struct slow_question *q, const struct slow_outcome *o, bool differ)
{
	struct slow *s = q->hit->slow;
	struct slow_notice *n = q->hit->who ? notice_of(s, q->policy, q->hit->who->pid) : NULL;
	if (o->cleans && n)
		n->armed = FALSE_;
	if (!o->notifies || !q->hit->who)
		return;
	if (!n)
		n = VEC_PUSH(&s->notices);
	*n = o->notice;
	n->policy = q->policy;
	n->thread = q->hit->who->pid;
	/* One that is killed makes no further call. */
	n->armed = differ || o->j.signal || !all_recorded(s, q->policy) ? MAYBE : TRUE_;
}

/* May it be that the notice takes effect where the stream shows nothing? */
bool slow_notice_lost(struct slow_question *q, const struct slow_outcome *o)
{
	return o->notifies && !o->j.signal && (o->notice.error || o->notice.signal) && !all_recorded(q->hit->slow, q->policy);
}

/* The enforcer's own program at a call of its list. */
void slow_enforce(struct slow *s, size_t policy, struct slow_hit *hit)
{
	const struct policy *p = s->policies[policy];
	struct slow_notice *n = hit->who ? notice_of(s, p, hit->who->pid) : NULL;
	if (!n || n->armed == FALSE_ || !slow_listed(p, hit))
		return;
	struct slow_judgement *j = VEC_PUSH(&s->judgements);
	*j = (struct slow_judgement){.policy = policy, .hook = SLOW_ENFORCER, .selector = -2, .signal = n->signal, .error = n->error,
				     .monitor = slow_monitors(p),				     .silent = n->armed == MAYBE, .effect = SLOW_OPEN, .why = "told to the enforcer before"};
	j->verdict = n->signal ? VERDICT_KILL : n->error ? VERDICT_DENY : VERDICT_ALLOW;
	n->armed = FALSE_;
}
