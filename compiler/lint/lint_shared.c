/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where one program serves all kprobes (or uprobes) of a policy, tables are found by selector number or by the number of
 * the filter within its hook, not by hook: the last hook that fills a table gives its values to all. Reported is each hook
 * that gets other values than it wrote.
 */
#include "compiler/eval/eval_set.h"
#include "compiler/lint/lint_selectors.h"

/* A table that hooks share, by number: the values that hook H puts into number N, NULL = none. */
struct table {
	const struct strs *values;
	enum policy_operator op;
};
enum shared { SHARED_SET, SHARED_ADDRESS, SHARED_SUBSTRING, SHARED_COUNT };

static const char *const shared_names[SHARED_COUNT] = {"number, port or family filter", "address filter", "SubString filter"};

static int kind_of(const struct hook *h, const struct arg_filter *f)
{
	const struct spec_arg *arg = policy_filter_arg(h, f, false);
	if (!arg)
		return -1;
	switch (policy_operator_rule(f->op, arg->type)->storage) {
	case TABLE_SET:
		return SHARED_SET;
	case TABLE_ADDRESS:
		return SHARED_ADDRESS;
	case TABLE_SUBSTRING:
		return SHARED_SUBSTRING;
	default:
		return -1;
	}
}

/* The N-th table of the kind in the hook. */
static bool table_at(const struct lint_context *c, const struct hook *h, int kind, size_t n, struct table *ret)
{
	for (size_t i = 0; i < h->nselectors; i++) {
		struct selector s = lint_whole(c, &h->selectors[i]);
		for (size_t k = 0; k < s.nargs; k++)
			if (kind_of(h, &s.args[k]) == kind && n-- == 0) {
				*ret = (struct table){&s.args[k].values, s.args[k].op};
				return true;
			}
	}
	return false;
}

static bool same_number(struct str a, struct str b)
{
	int64_t x = socket_number(SOCKET_ANY, a), y = socket_number(SOCKET_ANY, b);
	return str_eq(a, b) || (x >= 0 && x == y);
}

static bool same_values(const struct strs *a, const struct strs *b)
{
	bool same = a->n == b->n;
	for (size_t i = 0; same && i < a->n; i++)
		same = same_number(a->v[i], b->v[i]);
	return same || (lint_subset(a, b) && lint_subset(b, a));
}

/* The last hook of the section that fills selector I's list of programs. */
static const struct binary_filter *last_binaries(const struct lint_context *c, enum section section, size_t i,
						 const struct hook **ret)
{
	const struct binary_filter *last = NULL;
	for (size_t k = 0; k < c->policy->nhooks; k++) {
		const struct hook *h = &c->policy->hooks[k];
		if (h->section != section || i >= h->nselectors)
			continue;
		struct selector s = lint_whole(c, &h->selectors[i]);
		if (s.nbinaries && s.binaries->values.n)
			last = s.binaries, *ret = h;
	}
	return last;
}

static void report(struct lint_context *c, struct place at, const struct hook *by, const char *what, size_t n,
		   const char *gets)
{
	bool user = by->section >= SECTION_UPROBE;
	const char *option = user ? "disable-uprobe-multi" : "disable-kprobe-multi";
	struct finding *f = lint_report(c, at, lint_fmt(c, "add to options: {name: %s, value: \"1\"}", option),
					"%s %zu gets the %s of " STR_FMT ", which shares the program", what, n,
					gets, STR_ARG(by->call));
	if (!f)
		return;
	if (!c->target_given)
		f->severity = SEVERITY_WARNING;
	lint_edit_option(c, f, option, "1");
}

static void shared_binaries(struct lint_context *c, const struct hook *h)
{
	for (size_t i = 0; i < h->nselectors; i++) {
		const struct hook *by = NULL;
		const struct binary_filter *last = last_binaries(c, h->section, i, &by);
		struct selector s = lint_whole(c, &h->selectors[i]);
		const struct binary_filter *own = s.nbinaries && s.binaries->values.n ? s.binaries : NULL;
		if (!last || by == h || (own && own->op == last->op && own->follow_children == last->follow_children &&
					 same_values(&own->values, &last->values)))
			continue;
		size_t mark = lint_enter(c, "selectors", i);
		report(c, own ? own->at : s.at, by, "selector", i, "matchBinaries");
		lint_leave(c, mark);
	}
}

static void shared_tables(struct lint_context *c, const struct hook *h, int kind)
{
	struct table own, other;
	for (size_t n = 0; table_at(c, h, kind, n, &own); n++)
		for (size_t k = c->policy->nhooks; k-- > 0;) {
			const struct hook *o = &c->policy->hooks[k];
			if (o == h)
				break;
			if (o->section != h->section || !table_at(c, o, kind, n, &other))
				continue;
			if (!same_values(own.values, other.values))
				report(c, h->at, o, shared_names[kind], n, "values");
			break;
		}
}

static void shared(struct lint_context *c, const struct hook *h)
{
	bool kprobe = h->section == SECTION_KPROBE && policy_kprobe_multi(c->policy, c->target);
	bool uprobe = (h->section == SECTION_UPROBE || h->section == SECTION_USDT) &&
		      c->target->kernel >= TARGET_KERNEL(6, 6) && !policy_option_true(c->policy, "disable-uprobe-multi");
	if ((!kprobe && !uprobe) || c->policy->nhooks < 2)
		return;
	shared_binaries(c, h);
	for (int kind = 0; kind < SHARED_COUNT; kind++)
		shared_tables(c, h, kind);
}

void lint_multi_shared(struct lint_context *c)
{
	lint_each_hook(c, shared);
}
