/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What follows a hook that was passed: the filters on what the call returned, and the enforcer, which stops the next call
 * of a list that the notified thread makes.
 */
#include "compiler/eval/eval_form.h"

/* ---- at the return ---- */

static enum tri returns_match(const struct compiled_selector *s, const struct hit *h, const char **why)
{
	enum tri all = TRI_YES;
	for (size_t i = 0; i < s->nreturn_tests && all != TRI_NO; i++) {
		const struct arg_test *t = &s->return_tests[i];
		/* As if it were an argument of the call. */
		struct hit at_return = {.site = h->site, .n = 1};
		at_return.slots[0] = (struct slot){.kind = SLOT_NUMBER, .index = (uint8_t)(t->arg->index - t->first_field),
						   .known = h->has_returned, .low = h->returned, .high = h->returned,
						   .resolve = t->arg->resolve};
		const char *reason;
		enum tri one = eval_test(t, &at_return, &reason);
		if (one == TRI_UNKNOWN)
			*why = h->has_returned ? reason : "matchReturnArgs: the events do not tell what the call returned";
		all = one == TRI_NO ? TRI_NO : MAX(all, one);
	}
	return all;
}

/*
 * From the selector on that won at the entry. The program at the return does not see the policy's mode: it kills in monitor
 * mode too. The call is over by then.
 */
void eval_at_return(const struct compiled_hook *hook, size_t from, const struct hit *h, struct judgement *j)
{
	const char *why = NULL;
	for (size_t i = from; i < hook->nselectors; i++) {
		const struct compiled_selector *s = &hook->selectors[i];
		enum tri t = returns_match(s, h, &why);
		if (t == TRI_NO)
			continue;
		if (t == TRI_UNKNOWN) {
			j->verdict = VERDICT_UNKNOWN;
			j->why = why;
			j->selector = -1;
			j->monitor = false;
		} else if (eval_stops(&s->return_outcome)) {
			j->verdict = s->return_outcome.verdict;
			j->why = s->return_outcome.why;
			j->signal = s->return_outcome.signal;
			j->selector = (int)i;
			j->effect = EFFECT_HAPPENED;
			j->monitor = false;
		}
		return;
	}
}

/* ---- enforcers ---- */

enum { MAX_NOTICES = 32768 };   /* as the agent's table */

static struct notice *find_notice(struct engine *e, uint32_t policy, uint32_t thread)
{
	for (size_t i = 0; i < e->notices.n; i++)
		if (e->notices.v[i].policy == policy && e->notices.v[i].thread == thread)
			return &e->notices.v[i];
	return NULL;
}

static void drop_notice(struct engine *e, struct notice *n)
{
	*n = e->notices.v[--e->notices.n];
}

bool eval_watched(const struct engine *e, uint32_t policy, uint32_t site)
{
	for (size_t k = 0; k < e->at.v[site].n; k++)
		if (e->at.v[site].v[k]->enforcer && e->at.v[site].v[k]->policy == policy)
			return true;
	return false;
}

/* Would the stream show the next call that the enforcer watches? The one at hand is such a call, or it has them all. */
static bool watches(const struct engine *e, uint32_t policy, uint32_t site)
{
	bool any = false, all = true;
	if (eval_watched(e, policy, site))
		return true;
	for (size_t s = 0; s < e->at.n; s++) {
		if (!eval_watched(e, policy, (uint32_t)s))
			continue;
		any = true;
		all &= e->at.v[s].recorded;
	}
	return any && all;
}

void eval_notice(struct engine *e, const struct compiled_hook *hook, const struct verdict_form *f, const struct hit *h,
		 struct judgement *j)
{
	struct notice *n = find_notice(e, hook->policy, h->record.thread);
	if (f->forgets && n)
		drop_notice(e, n);
	if (!f->notifies)
		return;
	bool shown = h->record.thread && watches(e, hook->policy, h->site) && (n || e->notices.n < MAX_NOTICES);
	if (!shown && j->verdict == VERDICT_KILL)
		return;   /* it dies here, whatever it would call next */
	if (!shown) {
		j->verdict = VERDICT_UNKNOWN;
		j->why = "NotifyEnforcer: the events do not tell the calls that the enforcer stops";
		return;
	}
	if (!n)
		n = VEC_PUSH(&e->notices);
	*n = (struct notice){.policy = hook->policy, .thread = h->record.thread, .hook = hook->hook, .selector = j->selector,
			     .monitor = hook->monitor, .error = f->notified_error, .signal = f->notified_signal};
}

void eval_doubt_notice(struct engine *e, const struct compiled_hook *hook, const struct verdict_form *f, const struct hit *h)
{
	struct notice *n = find_notice(e, hook->policy, h->record.thread);
	if (n)
		n->maybe = true;
	else if (f->notifies && h->record.thread && e->notices.n < MAX_NOTICES)
		*VEC_PUSH(&e->notices) = (struct notice){.policy = hook->policy, .thread = h->record.thread, .hook = hook->hook,
							 .selector = -1, .maybe = true, .monitor = hook->monitor};
}

/* A call that the enforcer watches. False: it was not told to do anything to this thread. */
bool eval_enforcer(struct engine *e, const struct compiled_hook *enforcer, const struct hit *h, struct judgement *j)
{
	struct notice *n = find_notice(e, enforcer->policy, h->record.thread);
	if (!n || !h->record.thread)
		return false;
	*j = (struct judgement){.policy = n->policy, .hook = n->hook, .selector = n->selector, .error = n->error,
				.signal = n->signal, .monitor = n->monitor, .verdict = VERDICT_POST, .why = "the enforcer was told to do nothing"};
	if (n->maybe) {
		j->verdict = VERDICT_UNKNOWN;
		j->selector = -1;
		j->error = 0;
		j->signal = 0;
		j->why = "whether the enforcer was notified of this thread is not told";
	} else if (n->signal) {
		j->verdict = VERDICT_KILL;
		j->effect = n->error ? h->if_denied : h->if_killed;
		j->why = n->error ? "the enforcer was notified: the call fails and the process is killed"
				  : "the enforcer was notified: the process is killed";
	} else if (n->error) {
		j->verdict = VERDICT_DENY;
		j->effect = h->if_denied;
		j->why = "the enforcer was notified: the call fails";
	}
	drop_notice(e, n);
	return true;
}

void eval_forget_thread(struct engine *e, uint32_t thread)
{
	for (size_t i = e->notices.n; i-- > 0;)
		if (e->notices.v[i].thread == thread)
			drop_notice(e, &e->notices.v[i]);
}
