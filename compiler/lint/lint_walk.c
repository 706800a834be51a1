/* SPDX-License-Identifier: GPL-2.0-only */
/* The walks and questions that many lints share. */
#include "compiler/lint/lint_walk.h"

#include "schema/base/map.h"
#include "schema/hook.h"

/* ---- macros ---- */

static const struct policy_macro *macro_of(const struct lint_context *c, struct str name)
{
	if (c->macros) {
		uint32_t i = map_find(c->macros, name);
		return i == MAP_NONE ? NULL : &c->policy->macros[i];
	}
	for (size_t i = 0; i < c->policy->nmacros; i++)
		if (str_eq(c->policy->macros[i].name, name))
			return &c->policy->macros[i];
	return NULL;
}

struct map *lint_index_macros(struct lint_context *c)
{
	enum { FEW = 16 };
	struct map *names = c->policy->nmacros > FEW ? map_new() : NULL;
	bool fresh = true;
	for (size_t i = 0; names && fresh && i < c->policy->nmacros; i++)
		map_add(names, c->policy->macros[i].name, &fresh);
	c->macros = fresh ? names : NULL;   /* 1 and "1" are two keys of one name */
	return names;
}

struct selector lint_whole(const struct lint_context *c, const struct selector *s)
{
	struct selector whole = *s;
	for (size_t i = 0; i < s->macros.n; i++) {
		const struct policy_macro *m = macro_of(c, s->macros.v[i]);
#define BRING(member)                                                                              \
	if (m && !whole.n##member)                                                                 \
		whole.member = m->selector.member, whole.n##member = m->selector.n##member
		BRING(args);
		BRING(data);
		BRING(return_args);
		BRING(binaries);
		BRING(parent_binaries);
		BRING(pids);
		BRING(namespaces);
		BRING(namespace_changes);
		BRING(capabilities);
		BRING(capability_changes);
		BRING(actions);
		BRING(return_actions);
#undef BRING
	}
	return whole;
}

/* Is selector S of hook H the first of the policy that names the macro? */
static bool first_use(const struct lint_context *c, const struct selector *s, struct str name)
{
	for (size_t i = 0; i < c->policy->nhooks; i++)
		for (size_t k = 0; k < c->policy->hooks[i].nselectors; k++) {
			const struct selector *o = &c->policy->hooks[i].selectors[k];
			if (o == s)
				return true;
			for (size_t m = 0; m < o->macros.n; m++)
				if (str_eq(o->macros.v[m], name))
					return false;
		}
	return true;
}

/* ---- walks ---- */

struct walk {
	/* FN's part of OWN, a selector or a macro of WHOLE. */
	void (*part)(struct lint_context *c, const struct hook *h, const struct selector *whole,
		     const struct selector *own, const struct walk *w);
	lint_filter_fn *filter;
	lint_binaries_fn *binaries;
	lint_action_fn *action;
	lint_selector_fn *selector;
};

static void walk_macros(struct lint_context *c, const struct hook *h, const struct selector *s,
			const struct selector *whole, const struct walk *w)
{
	struct lint_step steps[LINT_STEPS];
	size_t n = c->nsteps;
	memcpy(steps, c->steps, sizeof(steps));
	for (size_t i = 0; i < s->macros.n; i++) {
		const struct policy_macro *m = macro_of(c, s->macros.v[i]);
		if (!m || !first_use(c, s, m->name))
			continue;
		c->nsteps = 0;
		lint_enter(c, "spec", LINT_NO_INDEX);
		lint_enter(c, "selectorsMacros", LINT_NO_INDEX);
		lint_enter(c, arena_str(c->findings->arena, m->name).p, LINT_NO_INDEX);
		w->part(c, h, whole, &m->selector, w);
	}
	memcpy(c->steps, steps, sizeof(steps));
	c->nsteps = n;
}

static void parts_of(struct lint_context *c, const struct hook *h, const struct selector *s, const void *arg)
{
	const struct walk *w = arg;
	if (!s->macros.n) {
		w->part(c, h, s, s, w);
		return;
	}
	struct selector whole = lint_whole(c, s);
	w->part(c, h, &whole, s, w);
	walk_macros(c, h, s, &whole, w);
}

static void walk(struct lint_context *c, const struct walk *w)
{
	lint_walk_selectors(c, parts_of, w);
}

static void filters(struct lint_context *c, const struct hook *h, const struct selector *whole,
		    const struct selector *own, const struct walk *w)
{
	for (size_t i = 0; i < own->nargs + own->ndata; i++) {
		bool data = i >= own->nargs;
		const struct arg_filter *f = data ? &own->data[i - own->nargs] : &own->args[i];
		const struct spec_arg *arg = policy_filter_arg(h, f, data);
		size_t mark = lint_enter(c, data ? "matchData" : "matchArgs", data ? i - own->nargs : i);
		if (arg)
			w->filter(c, h, whole, f, arg);
		lint_leave(c, mark);
	}
}

void lint_each_filter(struct lint_context *c, lint_filter_fn *fn)
{
	walk(c, &(struct walk){.part = filters, .filter = fn});
}

static void binaries(struct lint_context *c, const struct hook *h, const struct selector *whole,
		     const struct selector *own, const struct walk *w)
{
	for (size_t i = 0; i < own->nbinaries; i++) {
		size_t mark = lint_enter(c, "matchBinaries", i);
		w->binaries(c, h, whole, &own->binaries[i]);
		lint_leave(c, mark);
	}
}

void lint_each_binaries(struct lint_context *c, lint_binaries_fn *fn)
{
	walk(c, &(struct walk){.part = binaries, .binaries = fn});
}

static void put_actions(struct lint_context *c, const struct hook *h, const struct selector *whole, const char *field,
			const struct action *v, size_t n, lint_action_fn *fn)
{
	for (size_t i = 0; i < n; i++) {
		size_t mark = lint_enter(c, field, i);
		fn(c, h, whole, &v[i]);
		lint_leave(c, mark);
	}
}

static void actions(struct lint_context *c, const struct hook *h, const struct selector *whole,
		    const struct selector *own, const struct walk *w)
{
	put_actions(c, h, whole, "matchActions", own->actions, own->nactions, w->action);
}

void lint_each_action(struct lint_context *c, lint_action_fn *fn)
{
	walk(c, &(struct walk){.part = actions, .action = fn});
}

static void return_actions(struct lint_context *c, const struct hook *h, const struct selector *whole,
			   const struct selector *own, const struct walk *w)
{
	put_actions(c, h, whole, "matchReturnActions", own->return_actions, own->nreturn_actions, w->action);
}

void lint_each_return_action(struct lint_context *c, lint_action_fn *fn)
{
	walk(c, &(struct walk){.part = return_actions, .action = fn});
}

static void whole_selector(struct lint_context *c, const struct hook *h, const struct selector *whole,
			   const struct selector *own, const struct walk *w)
{
	if (own->at.line == whole->at.line && own->at.column == whole->at.column)
		w->selector(c, h, whole);
}

void lint_each_whole(struct lint_context *c, lint_selector_fn *fn)
{
	walk(c, &(struct walk){.part = whole_selector, .selector = fn});
}

/* ---- reporting ---- */

static struct finding *report_at(struct lint_context *c, struct place at, const char *fix, const char *fmt, va_list ap)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	buf_vprintf(&text, fmt, ap);
	return lint_report(c, at, fix, "%s", text.p ? text.p : "");
}

struct finding *lint_report_value(struct lint_context *c, struct place at, size_t i, const char *fix, const char *fmt,
				  ...)
{
	va_list ap;
	size_t mark = lint_enter(c, "values", i);
	va_start(ap, fmt);
	struct finding *f = report_at(c, at, fix, fmt, ap);
	va_end(ap);
	lint_leave(c, mark);
	return f;
}

struct finding *lint_report_target(struct lint_context *c, struct place at, const char *fix, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct finding *f = report_at(c, at, fix, fmt, ap);
	va_end(ap);
	if (f && !c->target_given)
		f->severity = SEVERITY_NOTE;
	return f;
}

const char *lint_fmt(struct lint_context *c, const char *fmt, ...)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	return arena_str(c->findings->arena, buf_view(&text)).p;
}

/* ---- questions ---- */

bool lint_action_stops(const struct action *a)
{
	return a->action == ACTION_SIGKILL || a->action == ACTION_OVERRIDE || a->action == ACTION_NOTIFY_ENFORCER ||
	       a->action == ACTION_SIGNAL || a->action == ACTION_SET;
}

bool lint_stops(const struct selector *s)
{
	for (size_t i = 0; i < s->nactions; i++)
		if (lint_action_stops(&s->actions[i]))
			return true;
	return false;
}

bool lint_hook_stops(const struct lint_context *c, const struct hook *h)
{
	for (size_t i = 0; i < h->nselectors; i++) {
		if (lint_stops(&h->selectors[i]))
			return true;
		if (!h->selectors[i].macros.n)
			continue;
		struct selector whole = lint_whole(c, &h->selectors[i]);
		if (lint_stops(&whole))
			return true;
	}
	return false;
}

bool lint_policy_stops(const struct lint_context *c)
{
	for (size_t i = 0; i < c->policy->nhooks; i++)
		if (lint_hook_stops(c, &c->policy->hooks[i]))
			return true;
	return false;
}

bool lint_has_action(const struct selector *s, enum policy_action a)
{
	for (size_t i = 0; i < s->nactions; i++)
		if (s->actions[i].action == a)
			return true;
	return false;
}

bool lint_negative(enum policy_operator op)
{
	return strncmp(operator_name(op), "Not", 3) == 0;
}

bool lint_has_filters(const struct selector *s)
{
	return s->nargs || s->ndata || s->nbinaries || s->nparent_binaries || s->npids || s->nnamespaces ||
	       s->nnamespace_changes || s->ncapabilities || s->ncapability_changes || s->nworkloads;
}

/* Asked often, and of names of many lengths. */
static bool is(struct str s, const char *name)
{
	return s.n && strncmp(s.p, name, s.n) == 0 && !name[s.n];
}

bool lint_hook_is(const struct hook *h, const char *name)
{
	struct str call = h->call;
	if (h->section == SECTION_KPROBE && !h->syscall && str_starts(call, STR("security_")))
		call = str_skip(call, 9);
	else if (h->section != SECTION_LSM)
		return false;
	return is(call, name) || (strcmp(name, "bprm_check") == 0 && str_eq(call, STR("bprm_check_security")));
}

bool lint_syscall_is(const struct hook *h, const char *name)
{
	if (h->section != SECTION_KPROBE || !h->syscall)
		return false;
	struct str call = hook_plain_name(h->call);
	return str_starts(call, STR("sys_")) &&
	       is(str_skip(call, 4), name);
}

bool lint_policy_hooks(const struct lint_context *c, const char *name, bool stopping)
{
	for (size_t i = 0; i < c->policy->nhooks; i++) {
		const struct hook *h = &c->policy->hooks[i];
		if (lint_hook_is(h, name) && (!stopping || lint_hook_stops(c, h)))
			return true;
	}
	return false;
}

const char *lint_hook_text(struct lint_context *c, const struct hook *h)
{
	if (h->section == SECTION_LSM)
		return lint_fmt(c, "lsm " STR_FMT, STR_ARG(h->call));
	if (h->section == SECTION_TRACEPOINT)
		return lint_fmt(c, STR_FMT "/" STR_FMT, STR_ARG(h->subsystem), STR_ARG(h->call));
	return lint_fmt(c, STR_FMT, STR_ARG(h->call));
}

bool lint_tracepoint_is(const struct hook *h, const char *subsystem, const char *event)
{
	return h->section == SECTION_TRACEPOINT && is(h->subsystem, subsystem) && is(h->call, event);
}

enum lint_exec lint_exec_hook(const struct hook *h)
{
	if (lint_syscall_is(h, "execve") || lint_syscall_is(h, "execveat") ||
	    lint_tracepoint_is(h, "syscalls", "sys_enter_execve") ||
	    lint_tracepoint_is(h, "syscalls", "sys_enter_execveat"))
		return LINT_EXEC_CALL;
	if (lint_hook_is(h, "bprm_check") || lint_hook_is(h, "bprm_creds_for_exec") ||
	    lint_hook_is(h, "bprm_creds_from_file"))
		return LINT_EXEC_CHECK;
	if (lint_hook_is(h, "bprm_committing_creds") || lint_hook_is(h, "bprm_committed_creds"))
		return LINT_EXEC_COMMIT;
	if (lint_tracepoint_is(h, "sched", "sched_process_exec"))
		return LINT_EXEC_DONE;
	if (lint_tracepoint_is(h, "raw_syscalls", "sys_exit") || lint_tracepoint_is(h, "syscalls", "sys_exit_execve") ||
	    lint_tracepoint_is(h, "syscalls", "sys_exit_execveat"))
		return LINT_EXEC_EXIT;
	return LINT_EXEC_NONE;
}

bool lint_is_path(enum policy_type t)
{
	return policy_type_class(t) & (CLASS_FILE | CLASS_PATH) && t != TYPE_AUTO;
}

bool lint_is_path_operator(enum policy_operator op)
{
	return op == OPERATOR_EQUAL || op == OPERATOR_NOT_EQUAL || op == OPERATOR_PREFIX || op == OPERATOR_NOT_PREFIX ||
	       op == OPERATOR_POSTFIX || op == OPERATOR_NOT_POSTFIX;
}

/* ---- allowlists of programs ---- */


static void allowed_of(struct lint_context *c, const struct hook *h, const struct selector *s, lint_allowed_fn *fn)
{
	enum lint_exec site = lint_exec_hook(h);
	bool new_record = site == LINT_EXEC_DONE || site == LINT_EXEC_EXIT;
	bool file = site == LINT_EXEC_CHECK || site == LINT_EXEC_DONE || site == LINT_EXEC_COMMIT;
	if (!lint_stops(s))
		return;
	for (size_t i = 0; file && i < s->nargs; i++) {
		const struct arg_filter *f = &s->args[i];
		const struct spec_arg *arg = policy_filter_arg(h, f, false);
		size_t mark = lint_enter(c, "matchArgs", i);
		if (arg && lint_is_path(arg->type) && lint_negative(f->op) && lint_is_path_operator(f->op))
			fn(c, h, s, f->op, &f->values, f->at);
		lint_leave(c, mark);
	}
	for (size_t i = 0; new_record && i < s->nbinaries; i++) {
		size_t mark = lint_enter(c, "matchBinaries", i);
		if (lint_negative(s->binaries[i].op))
			fn(c, h, s, s->binaries[i].op, &s->binaries[i].values, s->binaries[i].at);
		lint_leave(c, mark);
	}
}

static void allowed(struct lint_context *c, const struct hook *h, const struct selector *s, const void *fn)
{
	struct selector whole = lint_whole(c, s);
	allowed_of(c, h, &whole, *(lint_allowed_fn *const *)fn);
}

void lint_each_allowed(struct lint_context *c, lint_allowed_fn *fn)
{
	lint_walk_selectors(c, allowed, &fn);
}

bool lint_reaches_host(const struct lint_context *c)
{
	const struct policy *p = c->policy;
	if (p->namespaced)
		return !c->target->kubernetes;
	return p->host || (!p->pod && !p->container);
}
