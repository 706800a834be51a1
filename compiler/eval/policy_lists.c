/* SPDX-License-Identifier: GPL-2.0-only */
/* Hooks in order, each with its selectors; then the macros. */
#include "compiler/eval/policy_lists.h"

static void add(struct lists *l, struct list_ref place, const struct strs *values, struct place at, const char *field,
		enum policy_operator op)
{
	place.values = values;
	place.at = at;
	place.field = field;
	place.op = op;
	*(struct list_ref *)VEC_PUSH(l) = place;
}

static void lists_of_selector(const struct selector *s, size_t hook, size_t number, struct lists *l)
{
	const struct list_ref place = {.hook = hook, .selector = (int)number};
	for (size_t i = 0; i < s->nbinaries; i++)
		add(l, place, &s->binaries[i].values, s->binaries[i].at, "matchBinaries", s->binaries[i].op);
	for (size_t i = 0; i < s->npids; i++) {
		struct list_ref numbers = place;
		numbers.pids = &s->pids[i];
		add(l, numbers, NULL, s->pids[i].at, "matchPIDs", s->pids[i].op);
	}
	for (size_t i = 0; i < s->nnamespaces; i++)
		add(l, place, &s->namespaces[i].values, s->namespaces[i].at, "matchNamespaces", s->namespaces[i].op);
	for (size_t i = 0; i < s->ncapabilities; i++)
		add(l, place, &s->capabilities[i].values, s->capabilities[i].at, "matchCapabilities", s->capabilities[i].op);
	for (size_t i = 0; i < s->nargs; i++)
		add(l, place, &s->args[i].values, s->args[i].at, "matchArgs", s->args[i].op);
}

struct lists lists_of(const struct policy *p)
{
	struct lists l = {NULL, 0, 0};
	for (size_t h = 0; h < p->nhooks; h++)
		for (size_t s = 0; s < p->hooks[h].nselectors; s++)
			lists_of_selector(&p->hooks[h].selectors[s], h, s, &l);
	for (size_t m = 0; m < p->nmacros; m++)
		lists_of_selector(&p->macros[m].selector, SIZE_MAX, m, &l);
	return l;
}

size_t list_number(const struct policy *p, const struct list_ref *like, struct list_ref *ret)
{
	struct lists l = lists_of(p);
	size_t found = SIZE_MAX;
	for (size_t i = 0; i < l.n && found == SIZE_MAX; i++) {
		if (l.v[i].values != like->values || l.v[i].pids != like->pids)
			continue;
		found = i;
		*ret = l.v[i];
	}
	free(l.v);
	return found;
}
