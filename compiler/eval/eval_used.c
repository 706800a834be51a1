/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which values of lists of names decided something. A value counts when its selector matches with it, or when nothing but values
 * like it keep the selector from matching: what a filter beside it rules out anyhow says nothing of the value. Asked on
 * top of the verdict, so that judging alone pays nothing for it.
 */
#include "compiler/eval/eval_form.h"

static bool is_exact(enum policy_operator op)
{
	return op == OPERATOR_EQUAL || op == OPERATOR_NOT_EQUAL || op == OPERATOR_IN || op == OPERATOR_NOT_IN;
}

static bool is_affix(enum policy_operator op)
{
	return op == OPERATOR_PREFIX || op == OPERATOR_NOT_PREFIX || op == OPERATOR_POSTFIX || op == OPERATOR_NOT_POSTFIX;
}

static bool is_negative(enum policy_operator op)
{
	return op == OPERATOR_NOT_EQUAL || op == OPERATOR_NOT_IN || op == OPERATOR_NOT_PREFIX || op == OPERATOR_NOT_POSTFIX;
}

void engine_count_values(struct engine *e)
{
	e->counts_values = true;
	for (size_t i = 0; i < e->tables.n; i++)
		if (e->tables.v[i]->strings || e->tables.v[i]->prefixes.n)
			e->tables.v[i]->used = arena_alloc(e->arena, e->tables.v[i]->written->n + 1);
	/* A descendant is there by the value of an ancestor, which is not looked for. */
	for (size_t i = 0; i < e->binaries.n; i++)
		if (!e->binaries.v[i]->follow_children)
			e->binaries.v[i]->used = arena_alloc(e->arena, e->binaries.v[i]->written->n + 1);
}

/* ---- one list ---- */

struct list {
	enum policy_operator op;
	const struct string_set *set;
	const struct prefix_set *prefixes;
	bool *used;               /* by number in the set */
};

static size_t find(const struct list *l, struct str text)
{
	if (!l->used || !text.n)
		return SIZE_MAX;
	return is_exact(l->op) && l->set ? string_set_find(l->set, text) : is_affix(l->op) ? prefix_set_find(l->prefixes, text) : SIZE_MAX;
}

static struct list list_of_binaries(const struct binary_test *t)
{
	return (struct list){t->op, t->set, &t->prefixes, t->used};
}

static struct list list_of_test(const struct arg_test *t)
{
	return (struct list){t->op, t->table->strings, &t->table->prefixes, t->table->used};
}

/* ---- one selector ---- */

enum { FILTERS = 8 };
struct asked {
	struct list lists[FILTERS];
	size_t values[FILTERS];   /* what of each the event has; SIZE_MAX = nothing */
	enum tri answers[FILTERS];
	size_t n;
};

static void ask(struct asked *a, struct list l, struct str text, enum tri answer)
{
	if (a->n == FILTERS)
		return;
	a->lists[a->n] = l;
	a->values[a->n] = answer == TRI_UNKNOWN ? SIZE_MAX : find(&l, text);
	a->answers[a->n++] = answer;
}

/* Does every filter that says no say so because its value is listed? */
static bool kept_by_lists(const struct asked *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->answers[i] == TRI_NO && !(is_negative(a->lists[i].op) && a->values[i] != SIZE_MAX))
			return false;
	return true;
}

static void note(const struct asked *a)
{
	bool any = false;
	for (size_t i = 0; i < a->n; i++)
		any |= a->answers[i] == TRI_NO;
	if (!kept_by_lists(a))
		return;
	for (size_t i = 0; i < a->n; i++)
		if (a->values[i] != SIZE_MAX && (!any || a->answers[i] == TRI_NO))
			a->lists[i].used[a->values[i]] = true;
}

/* True: the selector surely matches, and later ones are not asked. */
static bool note_selector(struct engine *e, const struct compiled_selector *s, const struct hit *h)
{
	struct asked a = {.n = 0};
	struct compiled_selector others = *s;
	const char *why;
	others.binaries = NULL;
	if (s->never || (s->nworkloads && eval_workloads(e, s) == TRI_NO) || eval_process(e, &others, h, &why) == TRI_NO)
		return false;
	if (s->binaries) {
		struct str path = s->binaries->set ? eval_cut_path(h->record.path) : h->record.path;
		ask(&a, list_of_binaries(s->binaries), path, eval_binaries(e, s->binaries, &h->record, &why));
	}
	for (size_t i = 0; i < s->ntests; i++) {
		const struct slot *slot = eval_slot(&s->tests[i], h);
		ask(&a, list_of_test(&s->tests[i]), slot && slot->known ? slot->text : (struct str){NULL, 0},
		    eval_test(&s->tests[i], h, &why));
	}
	note(&a);
	return eval_selector(e, s, h, &why) == TRI_YES;
}

void eval_note_values(struct engine *e, const struct compiled_hook *hook, const struct hit *h)
{
	for (size_t i = 0; i < hook->nselectors; i++)
		if (note_selector(e, &hook->selectors[i], h))
			return;
}

/* ---- what was found ---- */

static void tell(const struct strs *written, const struct list *l, void (*fn)(void *arg, const struct strs *list, size_t i, bool used),
		 void *arg)
{
	for (size_t i = 0; l->used && i < written->n; i++) {
		struct str v = written->v[i];
		/* Of a string the agent cuts NULs from the end. */
		while (v.n && !v.p[v.n - 1])
			v.n--;
		size_t number = is_exact(l->op) ? (l->set ? string_set_find(l->set, v) : SIZE_MAX) : prefix_set_number(l->prefixes, v);
		fn(arg, written, i, number != SIZE_MAX && l->used[number]);
	}
}

void engine_values(const struct engine *e, void (*fn)(void *arg, const struct strs *list, size_t i, bool used), void *arg)
{
	for (size_t i = 0; i < e->binaries.n; i++) {
		struct list l = list_of_binaries(e->binaries.v[i]);
		tell(e->binaries.v[i]->written, &l, fn, arg);
	}
	for (size_t i = 0; i < e->tables.n; i++) {
		const struct value_table *t = e->tables.v[i];
		struct list l = {t->strings ? OPERATOR_EQUAL : OPERATOR_PREFIX, t->strings, &t->prefixes, t->used};
		tell(t->written, &l, fn, arg);
	}
}
