/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the functions of lints.def stand on: walking a policy with the field path kept, reporting, finding a field's text.
 */
#include "compiler/lint_private.h"

#include <assert.h>

#include "schema/policy_rules.h"

/* ---- the table ---- */

static const struct lint_rule rules[] = {
#define RULE(symbol, name, at, flags, text) {.id = name, .severity = SEVERITY_ERROR, .stage = STAGE_##at, .title = text},
#include "schema/policy_rules.def"
#undef RULE
#define LINT(symbol, name, level, text)                                                            \
	{.id = name, .severity = SEVERITY_##level, .stage = STAGE_OK, .title = text, .run = lint_##symbol},
#include "compiler/lints.def"
#undef LINT
};

size_t lint_rules(const struct lint_rule **ret)
{
	*ret = rules;
	return ARRAY_SIZE(rules);
}

const struct lint_rule *lint_rule_find(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (strcmp(rules[i].id, id) == 0)
			return &rules[i];
	return NULL;
}

/* ---- walking ---- */

size_t lint_enter(struct lint_context *c, const char *field, size_t i)
{
	assert(c->nsteps < LINT_STEPS);
	c->steps[c->nsteps] = (struct lint_step){field, i};
	return c->nsteps++;
}

void lint_leave(struct lint_context *c, size_t mark)
{
	c->nsteps = mark;
}

void lint_each_hook(struct lint_context *c, lint_hook_fn *fn)
{
	size_t in_section[SECTION_USDT + 1] = {0};
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX);
	for (size_t i = 0; i < c->policy->nhooks; i++) {
		const struct hook *h = &c->policy->hooks[i];
		size_t mark = lint_enter(c, policy_section_names[h->section], in_section[h->section]++);
		fn(c, h);
		lint_leave(c, mark);
	}
	lint_leave(c, spec);
}

void lint_each_selector(struct lint_context *c, lint_selector_fn *fn)
{
	size_t in_section[SECTION_USDT + 1] = {0};
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX);
	for (size_t i = 0; i < c->policy->nhooks; i++) {
		const struct hook *h = &c->policy->hooks[i];
		size_t hook = lint_enter(c, policy_section_names[h->section], in_section[h->section]++);
		for (size_t k = 0; k < h->nselectors; k++) {
			size_t mark = lint_enter(c, "selectors", k);
			fn(c, h, &h->selectors[k]);
			lint_leave(c, mark);
		}
		lint_leave(c, hook);
	}
	lint_leave(c, spec);
}

/* ---- reporting ---- */

static void path_of(const struct lint_context *c, struct buf *b)
{
	for (size_t i = 0; i < c->nsteps; i++) {
		buf_printf(b, "%s%s", i ? "." : "", c->steps[i].field);
		if (c->steps[i].i != LINT_NO_INDEX)
			buf_printf(b, "[%zu]", c->steps[i].i);
	}
}

struct finding *lint_report(struct lint_context *c, struct place at, const char *fix, const char *fmt, ...)
{
	CLEANUP_BUF struct buf path = BUF_INIT;
	va_list ap;
	path_of(c, &path);
	va_start(ap, fmt);
	struct finding what = {.id = c->rule->id, .severity = c->rule->severity, .stage = c->rule->stage,
			       .ways = WAY_BOTH, .at = at, .path = path.p, .fix = fix};
	struct finding *f = findings_add(c->findings, &what, fmt, ap);
	va_end(ap);
	return f;
}

void lint_edit(struct lint_context *c, struct finding *f, size_t from, size_t to, const char *text)
{
	if (f)
		f->edit = (struct finding_edit){from, to, arena_printf(c->findings->arena, "%s", text)};
}

/* ---- a field's text ---- */

const struct yaml_node *lint_node(const struct lint_context *c, const char *path)
{
	return yaml_at(c->root, path);
}

/* Byte offset of a text's N-th character; a byte order mark does not count. */
static size_t byte_of(struct str text, size_t n)
{
	size_t i = str_starts(text, STR("\xef\xbb\xbf")) ? 3 : 0;
	for (; i < text.n && n; n--) {
		uint32_t cp;
		size_t len = utf8_len((const unsigned char *)text.p + i, text.n - i, &cp);
		i += len ? len : 1;
	}
	return i;
}

bool lint_span(const struct lint_context *c, const struct yaml_node *node, size_t *ret_from, size_t *ret_to)
{
	bool utf16 = str_starts(c->text, STR("\xff\xfe")) || str_starts(c->text, STR("\xfe\xff"));
	if (!node || utf16 || node->borrowed || node->to <= node->from)
		return false;
	*ret_from = byte_of(c->text, node->from);
	*ret_to = byte_of(c->text, node->to);
	return true;
}

/* ---- all of them ---- */

void lint_run(struct lint_document *d, const struct yaml_node *root, struct str text, const struct lint_options *o)
{
	struct lint_context c = {.document = d, .policy = d->policy, .root = root, .text = text, .target = o->target,
				 .target_given = o->target_given, .findings = &d->findings};
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		c.rule = &rules[i];
		if (c.rule->run)
			c.rule->run(&c);
	}
	if (d->as_file.stage == STAGE_OK || d->as_api.stage == STAGE_OK)
		lint_needs(&c, o->btf);
}
