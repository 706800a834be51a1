/* SPDX-License-Identifier: GPL-2.0-only */
/* The policy as a whole: its options, lists and scope. */
#include <strings.h>

#include "compiler/lint/lint_walk.h"
#include "schema/base/cli.h"

static struct place top(const struct lint_context *c)
{
	return (struct place){c->policy->line, 1};
}

/* ---- options ---- */

static const char *const options[] = {"disable-kprobe-multi", "disable-uprobe-multi", "override-method", "policy-mode",
				      "sleepable-preload-size"};

static const char *nearest(struct str name)
{
	CLEANUP_FREE char *typed = xstrndup(name.p ? name.p : "", MIN(name.n, (size_t)60));
	for (char *p = typed; *p; p++)
		*p = *p == '_' || *p == ' ' ? '-' : *p >= 'A' && *p <= 'Z' ? (char)(*p | 0x20) : *p;
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strcmp(typed, options[i]) == 0)
			return options[i];
	return cli_nearest(typed, options, ARRAY_SIZE(options));
}

void lint_option_unknown(struct lint_context *c)
{
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX);
	for (size_t i = 0; i < c->policy->noptions; i++) {
		const struct policy_option *o = &c->policy->options[i];
		bool known = false;
		for (size_t k = 0; k < ARRAY_SIZE(options); k++)
			known |= str_eq(o->name, str_from(options[k]));
		if (known)
			continue;
		size_t item = lint_enter(c, "options", i), mark = lint_enter(c, "name", LINT_NO_INDEX);
		const char *near = nearest(o->name);
		struct finding *f = lint_report(c, o->at, near ? lint_fmt(c, "write %s", near) : "remove it",
						"no option is called \"" STR_FMT "\": it is ignored",
						(int)MIN(o->name.n, (size_t)60), o->name.p ? o->name.p : "");
		if (f && near)
			lint_edit_value(c, f, f->path, str_from(near));
		lint_leave(c, mark);
		lint_leave(c, item);
	}
	lint_leave(c, spec);
}

void lint_option_twice(struct lint_context *c)
{
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX);
	for (size_t i = 0; i < c->policy->noptions; i++)
		for (size_t k = i + 1; k < c->policy->noptions; k++) {
			const struct policy_option *a = &c->policy->options[i], *b = &c->policy->options[k];
			if (!str_eq(a->name, b->name) || str_eq(a->value, b->value))
				continue;
			size_t mark = lint_enter(c, "options", k);
			lint_report(c, b->at, "keep one", "option " STR_FMT " is there twice, with different values",
				    STR_ARG(b->name));
			lint_leave(c, mark);
		}
	lint_leave(c, spec);
}

/* ---- lists ---- */

static bool names_list(struct str s, struct str name)
{
	return str_starts(s, STR("list:")) && str_eq(str_skip(s, 5), name);
}

static bool selector_uses(const struct selector *s, struct str name)
{
	for (size_t i = 0; i < s->nargs; i++)
		for (size_t k = 0; k < s->args[i].values.n; k++)
			if (names_list(s->args[i].values.v[k], name))
				return true;
	return false;
}

static bool list_used(const struct policy *p, struct str name)
{
	for (size_t i = 0; i < p->nenforcers; i++)
		for (size_t k = 0; k < p->enforcers[i].calls.n; k++)
			if (names_list(p->enforcers[i].calls.v[k], name))
				return true;
	for (size_t i = 0; i < p->nhooks; i++) {
		if (names_list(p->hooks[i].call, name))
			return true;
		for (size_t k = 0; k < p->hooks[i].nselectors; k++)
			if (selector_uses(&p->hooks[i].selectors[k], name))
				return true;
	}
	for (size_t i = 0; i < p->nmacros; i++)
		if (selector_uses(&p->macros[i].selector, name))
			return true;
	return false;
}

void lint_list_unused(struct lint_context *c)
{
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX);
	for (size_t i = 0; i < c->policy->nlists; i++) {
		const struct policy_list *l = &c->policy->lists[i];
		size_t mark = lint_enter(c, "lists", i);
		if (!list_used(c->policy, l->name))
			lint_report(c, l->at, "use it as list:NAME, or remove it",
				    "nothing uses list " STR_FMT ", so nothing checks what is in it", STR_ARG(l->name));
		lint_leave(c, mark);
	}
	lint_leave(c, spec);
}

void lint_list_unchecked(struct lint_context *c)
{
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX);
	for (size_t i = 0; i < c->policy->nlists; i++) {
		const struct policy_list *l = &c->policy->lists[i];
		size_t mark = lint_enter(c, "lists", i);
		if (l->validated)
			lint_report(c, l->at, "remove validated",
				    "validated: true is the agent's own mark: the list is neither checked nor filled");
		lint_leave(c, mark);
	}
	lint_leave(c, spec);
}

/* ---- nothing ---- */

void lint_policy_empty(struct lint_context *c)
{
	if (!c->policy->nhooks && !c->policy->loader)
		lint_report(c, top(c), "add hooks", "no hooks: the policy loads and does nothing");
}

/* ---- scope ---- */

static void label_values(struct lint_context *c, const struct label_selector *s, const char *field)
{
	size_t mark = lint_enter(c, field, LINT_NO_INDEX);
	for (size_t i = 0; s && i < s->nexpressions; i++) {
		const struct label_requirement *r = &s->expressions[i];
		bool in = str_eq(r->op, STR("In")), not_in = str_eq(r->op, STR("NotIn"));
		size_t item = lint_enter(c, "matchExpressions", i);
		if ((in || not_in) && !r->values.n)
			lint_report(c, s->at, "give the values", STR_FMT " without values is %s", STR_ARG(r->op),
				    in ? "never true: the policy applies to nothing" : "always true");
		lint_leave(c, item);
	}
	lint_leave(c, mark);
}

void lint_label_values(struct lint_context *c)
{
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX);
	label_values(c, c->policy->pod, "podSelector");
	label_values(c, c->policy->container, "containerSelector");
	label_values(c, c->policy->node, "nodeSelector");
	lint_leave(c, spec);
}

static bool container_key(struct str key)
{
	return str_eq(key, STR("name")) || str_eq(key, STR("repo"));
}

void lint_container_key(struct lint_context *c)
{
	const struct label_selector *s = c->policy->container;
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX), mark = lint_enter(c, "containerSelector", LINT_NO_INDEX);
	for (size_t i = 0; s && i < s->nlabels; i++)
		if (!container_key(s->labels[i].key))
			lint_report(c, s->at, "write name, or repo; labels of the pod go into podSelector",
				    "a container has no label \"" STR_FMT "\": only name and repo", STR_ARG(s->labels[i].key));
	for (size_t i = 0; s && i < s->nexpressions; i++)
		if (!container_key(s->expressions[i].key))
			lint_report(c, s->at, "write name, or repo; labels of the pod go into podSelector",
				    "a container has no label \"" STR_FMT "\": only name and repo",
				    STR_ARG(s->expressions[i].key));
	lint_leave(c, mark);
	lint_leave(c, spec);
}

void lint_namespaced_outside(struct lint_context *c)
{
	if (c->policy->namespaced && !c->target->kubernetes)
		lint_report_target(c, top(c), "use it in Kubernetes only",
				   "an agent outside Kubernetes knows no namespaces: the policy applies to every process");
}

void lint_host_selector_outside(struct lint_context *c)
{
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX), mark = lint_enter(c, "hostSelector", LINT_NO_INDEX);
	if (c->policy->host && !c->target->kubernetes)
		lint_report_target(c, c->policy->host->at, "remove it",
				   "an agent outside Kubernetes ignores hostSelector: the policy applies to every process");
	lint_leave(c, mark);
	lint_leave(c, spec);
}

void lint_host_only(struct lint_context *c)
{
	const struct policy *p = c->policy;
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX), mark = lint_enter(c, "hostSelector", LINT_NO_INDEX);
	if (p->host && !p->pod && !p->container && c->target->kubernetes)
		lint_report(c, p->host->at, "for pods as well add podSelector: {} and containerSelector: {}",
			    "hostSelector alone means the host alone; containers and pods that the agent does not know count "
			    "as host");
	lint_leave(c, mark);
	lint_leave(c, spec);
}

void lint_node_selector_open(struct lint_context *c)
{
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX), mark = lint_enter(c, "nodeSelector", LINT_NO_INDEX);
	if (c->policy->node && lint_policy_stops(c))
		lint_report(c, c->policy->node->at, "watch the policy's state on each node",
			    "who may relabel a node can switch the policy off there, and a policy given as a file ignores "
			    "nodeSelector");
	lint_leave(c, mark);
	lint_leave(c, spec);
}
