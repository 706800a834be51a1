/* SPDX-License-Identifier: GPL-2.0-only */
/* What is asked of a call's return, and policies whose mode is not what their actions say. */
#include "compiler/lint/lint_walk.h"

static bool in_mode(const struct policy *p, const char *mode)
{
	bool is = false;
	for (size_t i = 0; i < p->noptions; i++)
		if (str_eq(p->options[i].name, STR("policy-mode")))
			is = str_eq(p->options[i].value, str_from(mode));
	return is;
}

/* In matchActions as written: what the agent looks at, before macros, to tell whether a policy enforces at all. */
static bool enforces_as_written(const struct policy *p)
{
	for (size_t i = 0; i < p->nhooks; i++)
		for (size_t k = 0; k < p->hooks[i].nselectors; k++)
			if (lint_stops(&p->hooks[i].selectors[k]))
				return true;
	return false;
}

static void set_return(struct lint_context *c, struct finding *f, const struct hook *h, const char *path)
{
	if (f && h->return_arg)
		lint_edit_set(c, f, path, "return", "true");
}

static const char *hook_path(struct lint_context *c)
{
	return lint_fmt(c, "%s.%s[%zu]", c->steps[0].field, c->steps[1].field, c->steps[1].i);
}

static void without_return(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	bool probe = h->section == SECTION_KPROBE || h->section == SECTION_FENTRY || h->section == SECTION_UPROBE;
	if (!probe || h->ret || (!s->nreturn_args && !s->nreturn_actions))
		return;
	bool args = s->nreturn_args > 0;
	size_t mark = lint_enter(c, args ? "matchReturnArgs" : "matchReturnActions", 0);
	const char *path = hook_path(c);
	set_return(c, lint_report(c, args ? s->return_args->at : s->return_actions->at,
				  h->return_arg ? "write return: true in the hook" : "write return: true and returnArg in the hook",
				  "without return: true nothing is hooked at the return, and %s is ignored",
				  args ? "matchReturnArgs" : "matchReturnActions"), h, path);
	lint_leave(c, mark);
}

void lint_return_not_hooked(struct lint_context *c)
{
	lint_each_selector(c, without_return);
}

static void idle_return_arg(struct lint_context *c, const struct hook *h)
{
	if (!h->return_arg || h->ret)
		return;
	for (size_t i = 0; i < h->nselectors; i++)
		if (h->selectors[i].nreturn_args || h->selectors[i].nreturn_actions)
			return;
	const char *path = hook_path(c);
	size_t mark = lint_enter(c, "returnArg", LINT_NO_INDEX);
	set_return(c, lint_report(c, h->return_arg->at, "write return: true, or remove returnArg",
				  "without return: true the return value is not read"), h, path);
	lint_leave(c, mark);
}

void lint_return_arg_ignored(struct lint_context *c)
{
	lint_each_hook(c, idle_return_arg);
}

static void override_at_return(struct lint_context *c, const struct hook *h, const struct selector *s,
			       const struct action *a)
{
	(void)h, (void)s;
	if (a->action == ACTION_OVERRIDE)
		lint_report(c, a->at, "put Override into matchActions", "Override at the return changes nothing");
}

void lint_override_at_return(struct lint_context *c)
{
	lint_each_return_action(c, override_at_return);
}

static void kill_at_return(struct lint_context *c, const struct hook *h, const struct selector *s,
			   const struct action *a)
{
	(void)s;
	if (h->ret && (a->action == ACTION_SIGKILL || a->action == ACTION_SIGNAL))
		lint_report(c, a->at, "use matchActions, which runs before the call",
			    "at the return the call is done: %s cannot prevent it", action_name(a->action));
}

void lint_kill_at_return(struct lint_context *c)
{
	lint_each_return_action(c, kill_at_return);
}

static void monitor_leak(struct lint_context *c, const struct hook *h, const struct selector *s, const struct action *a)
{
	(void)s;
	bool kills = a->action == ACTION_SIGKILL || a->action == ACTION_SIGNAL;
	bool monitor = in_mode(c->policy, "monitor"), only = !enforces_as_written(c->policy);
	if (h->ret && kills && (monitor || only))
		lint_report(c, a->at, "move it to matchActions, or take it out while monitoring",
			    "the mode is not looked at on return: %s happens although the policy %s", action_name(a->action),
			    monitor ? "only monitors" : "counts as one that only monitors");
}

void lint_monitor_leak(struct lint_context *c)
{
	lint_each_return_action(c, monitor_leak);
}

static void in_macro(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	(void)h;
	if (enforces_as_written(c->policy) || !lint_stops(s))
		return;
	lint_report(c, s->at, "write the action into the selector itself",
		    "the action comes from a macro, and the mode was chosen before macros are read: the policy only "
		    "monitors");
}

void lint_macro_monitor_only(struct lint_context *c)
{
	lint_each_whole(c, in_macro);
}

static bool macro_used(const struct policy *p, struct str name)
{
	for (size_t i = 0; i < p->nhooks; i++)
		for (size_t k = 0; k < p->hooks[i].nselectors; k++)
			for (size_t m = 0; m < p->hooks[i].selectors[k].macros.n; m++)
				if (str_eq(p->hooks[i].selectors[k].macros.v[m], name))
					return true;
	return false;
}

static void each_macro(struct lint_context *c, void (*fn)(struct lint_context *c, const struct policy_macro *m))
{
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX);
	size_t macros = lint_enter(c, "selectorsMacros", LINT_NO_INDEX);
	for (size_t i = 0; i < c->policy->nmacros; i++) {
		const struct policy_macro *m = &c->policy->macros[i];
		size_t mark = lint_enter(c, arena_str(c->findings->arena, m->name).p, LINT_NO_INDEX);
		fn(c, m);
		lint_leave(c, mark);
	}
	lint_leave(c, macros);
	lint_leave(c, spec);
}

static void unused_macro(struct lint_context *c, const struct policy_macro *m)
{
	if (!macro_used(c->policy, m->name))
		lint_report(c, m->selector.at, "use it, or remove it", "no selector uses this macro, so nothing checks it");
}

void lint_macro_unused(struct lint_context *c)
{
	each_macro(c, unused_macro);
}

static void macro_workloads(struct lint_context *c, const struct policy_macro *m)
{
	if (m->selector.nworkloads)
		lint_report(c, m->selector.at, "write matchWorkloads into the selector itself",
			    "matchWorkloads in a macro is ignored: the selector takes every workload");
}

void lint_macro_workloads(struct lint_context *c)
{
	each_macro(c, macro_workloads);
}
