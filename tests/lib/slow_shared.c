/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Section 3.5 of the rules: under kprobe.multi all kprobes of a policy run one program, whose tables are found by the
 * selector's number or by a running number; who is loaded last has written them. And macros (1.3), which add their
 * fields to a selector.
 */
#include "tests/lib/slow_private.h"

struct selector slow_expanded(const struct policy *p, const struct selector *s)
{
	struct selector all = *s;
#define FROM_MACRO(list, count)                                                                    \
	if (m->count) {                                                                            \
		all.list = m->list;                                                                \
		all.count = m->count;                                                              \
	}
	for (size_t i = 0; i < s->macros.n; i++) {
		for (size_t k = 0; k < p->nmacros; k++) {
			const struct selector *m = &p->macros[k].selector;
			if (!str_eq(p->macros[k].name, s->macros.v[i]))
				continue;
			FROM_MACRO(args, nargs)
			FROM_MACRO(data, ndata)
			FROM_MACRO(return_args, nreturn_args)
			FROM_MACRO(binaries, nbinaries)
			FROM_MACRO(parent_binaries, nparent_binaries)
			FROM_MACRO(pids, npids)
			FROM_MACRO(namespaces, nnamespaces)
			FROM_MACRO(namespace_changes, nnamespace_changes)
			FROM_MACRO(capabilities, ncapabilities)
			FROM_MACRO(capability_changes, ncapability_changes)
			FROM_MACRO(actions, nactions)
			FROM_MACRO(return_actions, nreturn_actions)
		}
	}
	return all;
}

static bool multi(const struct slow_question *q)
{
	if (!q->hit->slow->target.kprobe_multi || q->hook->section != SECTION_KPROBE || q->policy->nhooks < 2)
		return false;
	for (size_t i = 0; i < q->policy->noptions; i++) {
		struct str v = q->policy->options[i].value;
		if (str_eq(q->policy->options[i].name, STR("disable-kprobe-multi")) && v.n && strchr("1tT", v.p[0]))
			return false;
	}
	return true;
}

bool slow_is_table(enum policy_operator op)
{
	switch (op) {
	case OPERATOR_IN_MAP: case OPERATOR_NOT_IN_MAP: case OPERATOR_SPORT: case OPERATOR_NOT_SPORT:
	case OPERATOR_DPORT: case OPERATOR_NOT_DPORT: case OPERATOR_PROTOCOL: case OPERATOR_FAMILY: case OPERATOR_STATE:
		return true;
	default:
		return false;
	}
}

bool slow_is_address(enum policy_operator op)
{
	return op == OPERATOR_SADDR || op == OPERATOR_NOT_SADDR || op == OPERATOR_DADDR || op == OPERATOR_NOT_DADDR;
}

/* Takes a table of its kind, and so a number: numbers, words to find, addresses one for each family that has a value. */
static bool takes(const struct arg_filter *f, int kind)
{
	if (kind == 0)
		return slow_is_table(f->op);
	if (kind == 1)
		return f->op == OPERATOR_SUB_STRING || f->op == OPERATOR_SUB_STRING_IGN_CASE;
	if (!slow_is_address(f->op))
		return false;
	for (size_t i = 0; i < f->values.n; i++)
		if ((memchr(f->values.v[i].p, ':', f->values.v[i].n) != NULL) == (kind == 6))
			return true;
	return false;
}

/* The filter of HOOK that has number NUMBER, or else the number of WANTED. */
static const struct arg_filter *walk(const struct policy *p, const struct hook *h, int kind,
				     const struct arg_filter *wanted, size_t *number)
{
	size_t n = 0;
	for (size_t i = 0; i < h->nselectors; i++) {
		struct selector s = slow_expanded(p, &h->selectors[i]);
		for (size_t k = 0; k < s.nargs + s.ndata; k++) {
			const struct arg_filter *f = k < s.nargs ? &s.args[k] : &s.data[k - s.nargs];
			if (wanted && f == wanted) {
				*number = n;
				return f;
			}
			if (!takes(f, kind))
				continue;
			if (!wanted && n == *number)
				return f;
			n++;
		}
	}
	return NULL;
}

static const struct arg_filter *table(struct slow_question *q, const struct arg_filter *f, int kind)
{
	size_t number = 0;
	if (!multi(q) || !takes(f, kind) || !walk(q->policy, q->hook, kind, f, &number))
		return f;
	const struct arg_filter *last = f;
	for (size_t i = 0; i < q->policy->nhooks; i++) {
		const struct arg_filter *other = walk(q->policy, &q->policy->hooks[i], kind, NULL, &number);
		last = other ? other : last;
	}
	return last;
}

const struct arg_filter *slow_table(struct slow_question *q, const struct arg_filter *f)
{
	return table(q, f, 0);
}

const struct arg_filter *slow_word_table(struct slow_question *q, const struct arg_filter *f)
{
	return table(q, f, 1);
}

const struct arg_filter *slow_address_table(struct slow_question *q, const struct arg_filter *f, bool six)
{
	return table(q, f, six ? 6 : 4);
}

static size_t entries(const struct selector *s, enum slow_shared what)
{
	return what == SLOW_BINARIES ? s->nbinaries : what == SLOW_PARENTS ? s->nparent_binaries : s->nworkloads;
}

/* The selector, of whichever kprobe, whose list holds for selector number SELECTOR; NULL = own. */
const struct selector *slow_shared_from(struct slow_question *q, size_t selector, enum slow_shared what)
{
	static _Thread_local struct selector last;
	bool found = false;
	if (!multi(q))
		return NULL;
	for (size_t i = 0; i < q->policy->nhooks; i++) {
		const struct hook *h = &q->policy->hooks[i];
		if (selector >= h->nselectors)
			continue;
		struct selector s = slow_expanded(q->policy, &h->selectors[selector]);
		if (!entries(&s, what))
			continue;
		last = s;
		found = true;
	}
	return found ? &last : NULL;
}
