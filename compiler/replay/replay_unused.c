/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What no event needed: values of a policy's lists of names, entries of an allowlist. What hooks without any line here would see is
 * not told, so their lists are left out. Files and places are told, since this is what a reviewer prunes by.
 */
#include "compiler/replay/replay_report.h"

#include "compiler/allow/lower.h"
#include "compiler/emit/words.h"

struct unused {
	const struct report *r;
	const struct totals *t;
	struct buf *b;            /* JSON: appended to; text: scratch */
	const struct list_ref *list;
	size_t n;
};

static bool is_silent(const struct unused *u, size_t policy, const struct list_ref *list)
{
	return list->hook != SIZE_MAX && totals_hook_unrecorded(u->t, policy, list->hook);
}

static void place_words(const struct unused *u, size_t policy, const struct list_ref *list, struct buf *b)
{
	const struct policy *p = u->r->o->set->policies[policy];
	buf_str(b, p->file);
	buf_printf(b, ":%u:%u: ", list->at.line, list->at.column);
	buf_str(b, p->name);
	buf_puts(b, ", ");
	if (list->hook == SIZE_MAX) {
		buf_printf(b, "macro " STR_FMT, STR_ARG(p->macros[list->selector].name));
	} else {
		hook_words(p, list->hook, b);
		buf_printf(b, ", selector %d", list->selector);
	}
	buf_printf(b, ", %s %s", list->field, operator_name(list->op));
}

static void line(const struct unused *u, const char *indent)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;
	buf_text(&safe, buf_view(u->b));
	fprintf(u->r->out, "%s%s\n", indent, safe.p ? safe.p : "");
	buf_clear(u->b);
}

static void title(struct unused *u)
{
	if (!u->n++)
		fputs("no event needed:\n", u->r->out);
}

static void value_text(void *arg, size_t policy, const struct list_ref *list, size_t i)
{
	struct unused *u = arg;
	if (is_silent(u, policy, list))
		return;
	title(u);
	if (u->list != list) {
		place_words(u, policy, list, u->b);
		line(u, "  ");
	}
	u->list = list;
	buf_str(u->b, list->values->v[i]);
	line(u, "      ");
}

static void value_json(void *arg, size_t policy, const struct list_ref *list, size_t i)
{
	struct unused *u = arg;
	const struct policy *p = u->r->o->set->policies[policy];
	CLEANUP_BUF struct buf hook = BUF_INIT;
	if (is_silent(u, policy, list))
		return;
	buf_puts(u->b, u->n++ ? ",{" : "{");
	json_member(u->b, "policy", p->name);
	json_member(u->b, "file", p->file);
	buf_printf(u->b, "\"line\":%u,\"column\":%u,", list->at.line, list->at.column);
	if (list->hook == SIZE_MAX) {
		json_member(u->b, "macro", p->macros[list->selector].name);
	} else {
		hook_words(p, list->hook, &hook);
		json_member(u->b, "hook", buf_view(&hook));
		buf_printf(u->b, "\"selector\":%d,", list->selector);
	}
	json_member(u->b, "field", str_from(list->field));
	json_member(u->b, "operator", str_from(operator_name(list->op)));
	buf_puts(u->b, "\"value\":");
	buf_json(u->b, list->values->v[i]);
	buf_putc(u->b, '}');
}

/* ---- entries of allowlists ---- */

static unsigned line_of(const struct allowlist *a, const struct lower_rule *r)
{
	switch (r->kind) {
	case KIND_EXEC:
		return a->exec[r->index].line;
	case KIND_FILE:
		return a->files[r->index].line;
	case KIND_CONNECT:
		return a->connects[r->index].line;
	default:
		return 0;
	}
}

static void entry(struct unused *u, size_t image, const struct allowlist *a, const struct lower_rule *r, bool json)
{
	CLEANUP_BUF struct buf words = BUF_INIT;
	words_rule(a, r, &words);
	if (json) {
		buf_puts(u->b, u->n++ ? ",{" : "{");
		json_member(u->b, "policy", u->r->o->set->images[image]->name);
		json_member(u->b, "file", a->file);
		buf_printf(u->b, "\"line\":%u,\"entry\":", line_of(a, r));
		buf_json(u->b, buf_view(&words));
		buf_putc(u->b, '}');
		return;
	}
	title(u);
	buf_str(u->b, a->file);
	buf_printf(u->b, ":%u: ", line_of(a, r));
	buf_str(u->b, buf_view(&words));
	line(u, "  ");
}

/* An allowlist's entries are numbered from 1, as the rules of its image are. */
static void entries(struct unused *u, bool json)
{
	const struct policy_set *set = u->r->o->set;
	for (size_t i = 0; i < set->nimages; i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP(lowered_free) struct lowered *l = NULL;
		size_t policy = set->npolicies + i;
		if (!set->allowlists[i] || lower(set->allowlists[i], &d, &l))
			continue;
		for (int k = 1; (size_t)k <= l->nrules && k < totals_selectors(u->t, policy, 0); k++)
			if (totals_is_rule(u->t, policy, 0, k) && !rule_total_events(totals_rule(u->t, policy, 0, k)))
				entry(u, i, set->allowlists[i], &l->rules[k - 1], json);
	}
}

void report_unused_text(const struct report *r, const struct totals *t)
{
	CLEANUP_BUF struct buf scratch = BUF_INIT;
	struct unused u = {.r = r, .t = t, .b = &scratch};
	if (totals_values(t))
		value_uses_unused(totals_values(t), value_text, &u);
	entries(&u, false);
	if (u.n)
		fputc('\n', r->out);
}

void report_unused_json(const struct report *r, const struct totals *t, struct buf *b)
{
	struct unused u = {.r = r, .t = t, .b = b};
	if (totals_values(t))
		value_uses_unused(totals_values(t), value_json, &u);
	entries(&u, true);
}
