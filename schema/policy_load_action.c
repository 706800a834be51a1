/* SPDX-License-Identifier: GPL-2.0-only */
/* Load rules of actions: which hook takes which, on which kernel, with which fields. */
#include "schema/policy_load_private.h"

static bool enforces(enum policy_action a)
{
	return a == ACTION_SIGKILL || a == ACTION_SIGNAL || a == ACTION_OVERRIDE ||
	       a == ACTION_NOTIFY_ENFORCER || a == ACTION_SET;
}

/* True: it can be overridden there. */
static bool check_override_of(struct loading *l, const struct action *a, struct str call, bool syscall)
{
	if (syscall && !l->t->error_injection)
		load_reject(l, RULE_OVERRIDE_INJECTION, a->at, "action",
			    "use an LSM hook or security_*, or say --target error-injection=yes",
			    "Override of a system call needs a kernel with error injection");
	else if (!syscall && !str_starts(call, STR("security_")))
		load_reject(l, RULE_OVERRIDE_HOOK, a->at, "action", "use Sigkill, or another hook",
			    "Override works on system calls and security_* only");
	else if (!syscall && l->multi)
		load_reject(l, RULE_OVERRIDE_MULTI, a->at, "action",
			    "add to options: {name: disable-kprobe-multi, value: \"1\"}",
			    "Override of security_* is refused where kprobe.multi is in use");
	else if (!syscall && l->t->kernel < target_lsm_since(l->t->arch))
		load_reject(l, RULE_ACTION_SINCE, a->at, "action", "use Sigkill",
			    "Override of security_* needs kernel %s", l->t->arch == ARCH_ARM64 ? "6.0" : "5.7");
	else
		return true;
	return false;
}

/* A list is as good as its first element that is not. */
static void check_override(struct loading *l, const struct action *a)
{
	const struct hook *h = l->h;
	const struct policy_list *list = load_list(l, h->call);
	bool syscall = h->syscall || (list && str_ends(list->type, STR("syscalls")));
	bool good = true;
	if (h->section == SECTION_UPROBE && l->t->kernel < TARGET_KERNEL(6, 18))
		load_reject(l, RULE_ACTION_SINCE, a->at, "action", "use a newer kernel",
			    "Override of a uprobe needs kernel 6.18");
	if (h->section != SECTION_KPROBE)
		return;
	if (!list || syscall || !list->values.n)
		check_override_of(l, a, h->call, syscall);
	for (size_t i = 0; list && !syscall && i < list->values.n && good; i++)
		good = check_override_of(l, a, list->values.v[i], false);
}

static bool rate_limit_fits(struct str s)
{
	uint64_t v;
	if (s.n && strchr("smhSMH", s.p[s.n - 1]) && s.p[s.n - 1])
		s.n--;
	return go_uint(s, 10, 32, &v);
}

static void check_rate(struct loading *l, const struct action *a)
{
	static const char *const scopes[] = {"", "thread", "process", "global"};
	bool known = false;
	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++)
		known |= str_eq(a->rate_limit_scope, str_from(scopes[i]));
	if (a->rate_limit.n && a->action != ACTION_POST)
		load_reject(l, RULE_RATE_LIMIT, a->at, "rateLimit",
			    "remove it, or put it at a Post", "rateLimit goes with Post only");
	else if (a->rate_limit.n && !rate_limit_fits(a->rate_limit))
		load_reject(l, RULE_RATE_LIMIT, a->at, "rateLimit", "write N, Ns, Nm or Nh",
			    "\"" STR_FMT "\" is not a rateLimit", STR_ARG(a->rate_limit));
	/* Without a rateLimit its scope is not looked at. */
	if (a->rate_limit.n && !known)
		load_reject(l, RULE_RATE_LIMIT, a->at, "rateLimitScope", "write thread, process or global",
			    "\"" STR_FMT "\" is not a rateLimitScope", STR_ARG(a->rate_limit_scope));
}

static void check_action_lsm(struct loading *l, const struct action *a)
{
	static const bool allowed[ACTION_COUNT] = {
	    [ACTION_POST] = true,   [ACTION_NO_POST] = true,  [ACTION_SIGKILL] = true,
	    [ACTION_SIGNAL] = true, [ACTION_OVERRIDE] = true,
	};
	if (!allowed[a->action])
		load_reject(l, RULE_ACTION_HOOK, a->at, "action",
			    "write Post, NoPost, Sigkill, Signal or Override",
			    "%s does not work at an LSM hook", action_name(a->action));
	if (a->action == ACTION_POST && (a->kernel_stack || a->user_stack))
		load_reject(l, RULE_STACK_TRACE, a->at,
			    a->kernel_stack ? "kernelStackTrace" : "userStackTrace", "remove them",
			    "stack traces do not work at an LSM hook");
}

/* Of matchActions alone: what a hook or a kernel cannot do. */
static void check_enforcing(struct loading *l, const struct action *a)
{
	const struct hook *h = l->h;
	/* Signal loads there, and does nothing. */
	if (h->section == SECTION_KPROBE && l->t->kernel < TARGET_KERNEL(5, 3) && a->action == ACTION_SIGKILL)
		load_reject(l, RULE_ACTION_SINCE, a->at, "action", "use a newer kernel",
			    "%s needs kernel 5.3", action_name(a->action));
	if (h->section == SECTION_FENTRY && enforces(a->action))
		load_reject(l, RULE_ACTION_HOOK, a->at, "action", "use a kprobe",
			    "an fentry only observes: no %s", action_name(a->action));
	if (a->action == ACTION_NOTIFY_ENFORCER && !l->p->nenforcers &&
	    (h->section == SECTION_KPROBE || h->section == SECTION_TRACEPOINT))
		load_reject(l, RULE_NOTIFY_ENFORCER, a->at, "action",
			    "add enforcers: with the calls to stop",
			    "NotifyEnforcer without enforcers");
	if (a->action == ACTION_OVERRIDE)
		check_override(l, a);
}

static void check_action(struct loading *l, const struct action *a)
{
	const struct hook *h = l->h;
	bool kprobe = h->section == SECTION_KPROBE || h->section == SECTION_FENTRY;
	bool user = h->section == SECTION_UPROBE || h->section == SECTION_USDT;
	check_rate(l, a);
	if (h->section == SECTION_LSM)
		check_action_lsm(l, a);
	if (kprobe && a->action != ACTION_POST && (a->kernel_stack || a->user_stack))
		load_reject(l, RULE_STACK_TRACE, a->at,
			    a->kernel_stack ? "kernelStackTrace" : "userStackTrace",
			    "remove it, or put it at a Post", "stack traces go with Post only");
	if (user && (a->action == ACTION_GET_URL || a->action == ACTION_DNS_LOOKUP))
		load_reject(l, RULE_ACTION_HOOK, a->at, "action", "remove it",
			    "%s does not work at a hook in a program", action_name(a->action));
}

void load_check_actions(struct loading *l, const struct selector *s, bool on_return)
{
	const char *field = on_return ? "matchReturnActions" : "matchActions";
	const struct action *a = on_return ? s->return_actions : s->actions;
	size_t n = on_return ? s->nreturn_actions : s->nactions;
	if (n > POLICY_ACTIONS_MAX)
		load_reject(l, RULE_ACTIONS, a->at, field, "remove some, or split the selector",
			    "%zu actions; a selector holds %d", n, POLICY_ACTIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		size_t mark = load_enter(l, field, i);
		check_action(l, &a[i]);
		if (!on_return)
			check_enforcing(l, &a[i]);
		load_leave(l, mark);
	}
}
