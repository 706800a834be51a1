/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the functions of lints.def stand on: walking a policy with the field path kept, reporting, finding a field's text.
 */
#include "compiler/lint/lint_private.h"
#include "compiler/lint/lint_walk.h"

#include <assert.h>

#include "schema/policy_rules.h"

/* ---- the table ---- */

static const struct lint_rule rules[] = {
#define TARGET	   RULE_TARGET
#define API_SCHEMA RULE_API_SCHEMA
#define NOTE	   RULE_NOTE
#define RULE(symbol, name, at, flags, text)                                                        \
	{.id = name,                                                                               \
	 .severity = (flags) & NOTE ? SEVERITY_NOTE : STAGE_##at == STAGE_OK ? SEVERITY_WARNING : SEVERITY_ERROR, \
	 .stage = STAGE_##at, .title = text},
#include "schema/policy_rules.def"
#undef RULE
#define LINT(symbol, name, level, text)                                                            \
	{.id = name, .severity = SEVERITY_##level, .stage = STAGE_OK, .title = text, .run = lint_##symbol},
#include "compiler/lint/lints.def"
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

typedef void hook_part_fn(struct lint_context *c, const struct hook *h, const void *arg);

static void walk_hooks(struct lint_context *c, hook_part_fn *fn, const void *arg)
{
	size_t in_section[SECTION_USDT + 1] = {0};
	size_t spec = lint_enter(c, "spec", LINT_NO_INDEX);
	for (size_t i = 0; i < c->policy->nhooks; i++) {
		const struct hook *h = &c->policy->hooks[i];
		size_t mark = lint_enter(c, policy_section_names[h->section], in_section[h->section]++);
		fn(c, h, arg);
		lint_leave(c, mark);
	}
	lint_leave(c, spec);
}

static void call_hook(struct lint_context *c, const struct hook *h, const void *fn)
{
	(*(lint_hook_fn *const *)fn)(c, h);
}

void lint_each_hook(struct lint_context *c, lint_hook_fn *fn)
{
	walk_hooks(c, call_hook, &fn);
}

struct selector_part {
	lint_selector_part_fn *fn;
	const void *arg;
};

static void selectors_of(struct lint_context *c, const struct hook *h, const void *part)
{
	const struct selector_part *p = part;
	for (size_t k = 0; k < h->nselectors; k++) {
		size_t mark = lint_enter(c, "selectors", k);
		p->fn(c, h, &h->selectors[k], p->arg);
		lint_leave(c, mark);
	}
}

void lint_walk_selectors(struct lint_context *c, lint_selector_part_fn *fn, const void *arg)
{
	walk_hooks(c, selectors_of, &(struct selector_part){fn, arg});
}

static void call_selector(struct lint_context *c, const struct hook *h, const struct selector *s, const void *fn)
{
	(*(lint_selector_fn *const *)fn)(c, h, s);
}

void lint_each_selector(struct lint_context *c, lint_selector_fn *fn)
{
	lint_walk_selectors(c, call_selector, &fn);
}

/* ---- reporting ---- */

static void path_of(const struct lint_context *c, struct buf *b)
{
	for (size_t i = 0; i < c->nsteps; i++) {
		buf_puts(b, i ? "." : "");
		buf_puts(b, c->steps[i].field);
		if (c->steps[i].i == LINT_NO_INDEX)
			continue;
		buf_putc(b, '[');
		buf_u64(b, c->steps[i].i);
		buf_putc(b, ']');
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

/* N characters on. */
static size_t skip(struct str text, size_t at, size_t n)
{
	for (; at < text.n && n; n--) {
		uint32_t cp;
		size_t len = utf8_len((const unsigned char *)text.p + at, text.n - at, &cp);
		at += len ? len : 1;
	}
	return at;
}

/* Bytes of the line break at AT, as YAML 1.1 counts lines: also NEL, LS and PS. */
static size_t break_at(struct str text, size_t at)
{
	static const struct str breaks[] = {STR_INIT("\r\n"), STR_INIT("\n"), STR_INIT("\r"), STR_INIT("\xc2\x85"),
					    STR_INIT("\xe2\x80\xa8"), STR_INIT("\xe2\x80\xa9")};
	for (size_t i = 0; i < ARRAY_SIZE(breaks); i++)
		if (str_starts(str_skip(text, at), breaks[i]))
			return breaks[i].n;
	return 0;
}

/* Where each line begins; made once for a file, when the first place is asked for. */
static void index_lines(struct lint_lines *l, struct str text)
{
	size_t at = str_starts(text, STR("\xef\xbb\xbf")) ? 3 : 0;
	*VEC_PUSH(l) = at;
	while (at < text.n) {
		size_t n = (unsigned char)text.p[at] > '\r' && (unsigned char)text.p[at] < 0x80 ? 0 : break_at(text, at);
		at += n ? n : 1;
		if (n)
			*VEC_PUSH(l) = at;
	}
}

bool lint_span(const struct lint_context *c, const struct yaml_node *node, size_t *ret_from, size_t *ret_to)
{
	bool utf16 = str_starts(c->text, STR("\xff\xfe")) || str_starts(c->text, STR("\xfe\xff"));
	if (!node || utf16 || node->borrowed || node->to <= node->from)
		return false;
	if (!c->lines->n)
		index_lines(c->lines, c->text);
	if (node->line > c->lines->n)
		return false;
	*ret_from = skip(c->text, c->lines->v[node->line - 1], node->column - 1);
	*ret_to = skip(c->text, *ret_from, node->to - node->from);
	return true;
}

/* ---- all of them ---- */

static void too_long(struct lint_context *c)
{
	c->rule = lint_rule_find(policy_rules[RULE_LINT_LIMIT].id);
	lint_report(c, (struct place){c->document->line, 1}, "split the policy",
		    "%u values; with more than %d a policy is not searched for pitfalls", c->root->size, LINT_VALUES_MAX);
}

void lint_run_refused(struct lint_document *d, const struct yaml_node *root, struct lint_file *f)
{
	struct lint_context c = {.document = d, .root = root, .text = f->text, .lines = &f->lines, .findings = &d->findings};
	lint_edit_refused(&c);
}

void lint_run(struct lint_document *d, const struct yaml_node *root, struct lint_file *f, const struct lint_options *o)
{
	struct lint_context c = {.document = d, .policy = d->policy, .root = root, .text = f->text,
				 .lines = &f->lines, .target = o->target, .target_given = o->target_given,
				 .findings = &d->findings};
	bool search = root->size <= LINT_VALUES_MAX;
	CLEANUP(map_free) struct map *macros = lint_index_macros(&c);
	(void)macros;
	for (size_t i = 0; i < ARRAY_SIZE(rules) && search; i++) {
		c.rule = &rules[i];
		if (c.rule->run)
			c.rule->run(&c);
	}
	if (!search)
		too_long(&c);
	lint_edit_refused(&c);
	if (d->as_file.stage == STAGE_OK || d->as_api.stage == STAGE_OK)
		lint_needs(&c, o->btf);
	lint_cost(d->policy, o->target, o->cpus, &d->cost);
}
