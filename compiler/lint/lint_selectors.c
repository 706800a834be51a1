/* SPDX-License-Identifier: GPL-2.0-only */
/* Selectors that no hit reaches: what passes them has passed an earlier one, or nothing passes at all. */
#include "compiler/eval/eval_set.h"
#include "compiler/lint/lint_selectors.h"

enum { PAIRS_MAX = 1 << 16 };   /* of values that are compared one by one */

/* ---- lists of values ---- */

static int by_value(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

bool lint_subset(const struct strs *some, const struct strs *all)
{
	if (!some->n)
		return true;
	struct str *sorted = xcalloc(all->n + 1, sizeof(*sorted));
	bool inside = true;
	memcpy(sorted, all->v, all->n * sizeof(*sorted));
	qsort(sorted, all->n, sizeof(*sorted), by_value);
	for (size_t i = 0; inside && i < some->n; i++)
		inside = bsearch(&some->v[i], sorted, all->n, sizeof(*sorted), by_value) != NULL;
	free(sorted);
	return inside;
}

static bool starts_with(struct str v, struct str with, bool end)
{
	return end ? str_ends(v, with) : str_starts(v, with);
}

/* Does each value begin (END: end) with one of STEMS? */
static bool all_below(const struct strs *values, const struct strs *stems, bool end)
{
	if (values->n * stems->n > PAIRS_MAX)
		return false;
	for (size_t i = 0; i < values->n; i++) {
		bool found = false;
		for (size_t k = 0; !found && k < stems->n; k++)
			found = starts_with(values->v[i], stems->v[k], end);
		if (!found)
			return false;
	}
	return true;
}

static bool none_below(const struct strs *values, const struct strs *stems, bool end)
{
	if (values->n * stems->n > PAIRS_MAX)
		return false;
	for (size_t i = 0; i < values->n; i++)
		for (size_t k = 0; k < stems->n; k++)
			if (starts_with(values->v[i], stems->v[k], end))
				return false;
	return true;
}

/* ---- does one filter imply another? ---- */

static bool is_equal(enum policy_operator op)
{
	return op == OPERATOR_EQUAL || op == OPERATOR_IN;
}

static bool values_imply(enum policy_operator op, const struct strs *v, enum policy_operator by_op, const struct strs *by)
{
	bool end = op == OPERATOR_POSTFIX, begin = op == OPERATOR_PREFIX;
	if (op == by_op && (begin || end))
		return all_below(by, v, end);
	if (op == by_op)
		return lint_negative(op) ? lint_subset(v, by) : by->n && lint_subset(by, v);
	return (begin || end) && is_equal(by_op) && by->n && all_below(by, v, end);
}

static bool args_implied(const struct hook *h, const struct arg_filter *f, const struct arg_filter *by, size_t n,
			 bool data)
{
	const struct spec_arg *arg = policy_filter_arg(h, f, data);
	for (size_t i = 0; arg && i < n; i++)
		if (policy_filter_arg(h, &by[i], data) == arg &&
		    values_imply(f->op, &f->values, by[i].op, &by[i].values))
			return true;
	return false;
}

static bool binaries_implied(const struct binary_filter *a, size_t na, const struct binary_filter *b, size_t nb)
{
	if (!na || !a->values.n)
		return true;
	return nb && b->values.n && a->follow_children == b->follow_children &&
	       values_imply(a->op, &a->values, b->op, &b->values);
}

static bool same_pids(const struct selector *a, const struct selector *b)
{
	if (!a->npids)
		return true;
	return b->npids && a->pids->op == b->pids->op && a->pids->n == b->pids->n &&
	       a->pids->namespace_pid == b->pids->namespace_pid && a->pids->follow_forks == b->pids->follow_forks &&
	       memcmp(a->pids->values, b->pids->values, a->pids->n * sizeof(*a->pids->values)) == 0;
}

static bool namespaces_implied(const struct namespace_filter *a, size_t na, const struct namespace_filter *b, size_t nb)
{
	for (size_t i = 0; i < na; i++) {
		bool found = false;
		for (size_t k = 0; k < nb; k++)
			found |= str_eq(a[i].namespace, b[k].namespace) &&
				 values_imply(a[i].op, &a[i].values, b[k].op, &b[k].values);
		if (!found)
			return false;
	}
	return true;
}

static bool capabilities_implied(const struct capability_filter *a, size_t na, const struct capability_filter *b,
				 size_t nb)
{
	if (!na)
		return true;
	return nb && str_eq(a->type, b->type) && a->namespace_capability == b->namespace_capability &&
	       values_imply(a->op, &a->values, b->op, &b->values);
}

/* Does every hit that passes B pass A? */
static bool covers(const struct hook *h, const struct selector *a, const struct selector *b)
{
	if (a->nworkloads || a->nnamespace_changes || a->ncapability_changes)
		return false;
	for (size_t i = 0; i < a->nargs; i++)
		if (!args_implied(h, &a->args[i], b->args, b->nargs, false))
			return false;
	for (size_t i = 0; i < a->ndata; i++)
		if (!args_implied(h, &a->data[i], b->data, b->ndata, true))
			return false;
	return binaries_implied(a->binaries, a->nbinaries, b->binaries, b->nbinaries) &&
	       binaries_implied(a->parent_binaries, a->nparent_binaries, b->parent_binaries, b->nparent_binaries) &&
	       same_pids(a, b) && namespaces_implied(a->namespaces, a->nnamespaces, b->namespaces, b->nnamespaces) &&
	       capabilities_implied(a->capabilities, a->ncapabilities, b->capabilities, b->ncapabilities);
}

static void unreachable(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	size_t mine = c->steps[c->nsteps - 1].i;
	for (size_t i = 0; i < mine && !s->nreturn_args; i++) {
		struct selector before = lint_whole(c, &h->selectors[i]);
		if (!covers(h, &before, s))
			continue;
		lint_report(c, s->at, lint_has_filters(&before) ? "move it above, or remove it"
								: "give that selector filters, or move this one above it",
			    "selector %zu takes %s that could come here: this one is never reached", i,
			    lint_has_filters(&before) ? "every hit" : "every hit of the hook, and with it all");
		return;
	}
}

void lint_selector_unreachable(struct lint_context *c)
{
	lint_each_whole(c, unreachable);
}

/* ---- contradictions ---- */

static bool number_of(enum policy_operator op, struct str v, int64_t *ret)
{
	if (op == OPERATOR_PROTOCOL || op == OPERATOR_FAMILY || op == OPERATOR_STATE) {
		*ret = socket_number(SOCKET_ANY, v);
		return *ret >= 0;
	}
	return go_int(v, 0, 64, ret);
}

/* TEXT: compared byte by byte; else as numbers, and what is no number may be anything. */
static bool disjoint(enum policy_operator op, const struct strs *a, const struct strs *b, bool text)
{
	if (!a->n || !b->n || a->n * b->n > PAIRS_MAX)
		return false;
	for (size_t i = 0; i < a->n; i++)
		for (size_t k = 0; k < b->n; k++) {
			int64_t x, y;
			if (text ? str_eq(a->v[i], b->v[k])
				 : !number_of(op, a->v[i], &x) || !number_of(op, b->v[k], &y) || x == y)
				return false;
		}
	return true;
}

static bool exclude(enum policy_operator a, const struct strs *av, enum policy_operator b, const struct strs *bv, bool text)
{
	bool named = a == OPERATOR_PROTOCOL || a == OPERATOR_FAMILY || a == OPERATOR_STATE;
	if (a == b && (is_equal(a) || named))
		return disjoint(a, av, bv, text);
	if (is_equal(a) && (b == OPERATOR_NOT_EQUAL || b == OPERATOR_NOT_IN))
		return av->n && lint_subset(av, bv);
	if (!text || !av->n || !bv->n)
		return false;
	if (is_equal(a) && (b == OPERATOR_PREFIX || b == OPERATOR_POSTFIX))
		return none_below(av, bv, b == OPERATOR_POSTFIX);
	if ((is_equal(a) || a == OPERATOR_PREFIX) && b == OPERATOR_NOT_PREFIX)
		return all_below(av, bv, false);
	if ((is_equal(a) || a == OPERATOR_POSTFIX) && b == OPERATOR_NOT_POSTFIX)
		return all_below(av, bv, true);
	return a == OPERATOR_PREFIX && b == OPERATOR_PREFIX && none_below(av, bv, false) && none_below(bv, av, false);
}

static void args_exclude(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	for (size_t i = 0; i < s->nargs; i++)
		for (size_t k = 0; k < s->nargs; k++) {
			const struct arg_filter *a = &s->args[i], *b = &s->args[k];
			const struct spec_arg *arg = policy_filter_arg(h, a, false);
			if (i == k || !arg || arg != policy_filter_arg(h, b, false) || (k < i && a->op == b->op))
				continue;
			bool text = policy_type_class(arg->type) & CLASS_TEXT && arg->type != TYPE_AUTO;
			if (exclude(a->op, &a->values, b->op, &b->values, text)) {
				lint_report(c, b->at, "filters of a selector must all pass; for OR write two selectors",
					    "matchArgs %zu (%s) and %zu (%s) of the same argument exclude each other: the "
					    "selector never passes", i, operator_name(a->op), k, operator_name(b->op));
				return;
			}
		}
}

static void never(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	args_exclude(c, h, s);
	for (size_t i = 0; i < s->nnamespaces; i++)
		for (size_t k = 0; k < s->nnamespaces; k++) {
			const struct namespace_filter *a = &s->namespaces[i], *b = &s->namespaces[k];
			if (i == k || !str_eq(a->namespace, b->namespace) || (k < i && a->op == b->op) ||
			    !exclude(a->op, &a->values, b->op, &b->values, true))
				continue;
			lint_report(c, b->at, "filters of a selector must all pass; for OR write two selectors",
				    "two entries on the " STR_FMT " namespace exclude each other: the selector never passes",
				    STR_ARG(a->namespace));
			return;
		}
}

void lint_selector_never(struct lint_context *c)
{
	lint_each_whole(c, never);
}

/* ---- a dash too many ---- */

static void apart(struct lint_context *c, const struct hook *h)
{
	for (size_t i = 1; i < h->nselectors; i++) {
		const struct selector *filters = &h->selectors[i - 1], *actions = &h->selectors[i];
		if (!lint_has_filters(filters) || filters->nactions || filters->macros.n || filters->nreturn_actions ||
		    lint_has_filters(actions) || !actions->nactions || actions->macros.n)
			continue;
		size_t mark = lint_enter(c, "selectors", i);
		lint_report(c, actions->at, "if they belong together, remove the dash before matchActions; if not, give the "
			    "selector above a matchActions of its own",
			    "%s runs for every hit but those that the selector above filters: the dash makes it a selector of "
			    "its own", action_name(actions->actions[0].action));
		lint_leave(c, mark);
	}
}

void lint_actions_apart(struct lint_context *c)
{
	lint_each_hook(c, apart);
}
