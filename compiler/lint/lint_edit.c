/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few changes that --fix makes, each as one replacement of bytes: comments and layout around it stay. Block and flow
 * style are told apart by the text itself; where neither form is plain (an alias, a value over several lines), there is no
 * edit and a person has to do it.
 */
#include "compiler/lint/lint_walk.h"

#include <ctype.h>
#include <strings.h>

#include "schema/syscall.h"

static char at(const struct lint_context *c, size_t i)
{
	return i < c->text.n ? c->text.p[i] : '\0';
}

/* As it was quoted, if TEXT can be. */
static void quoted(const struct lint_context *c, size_t from, struct str text, struct buf *b)
{
	char quote = at(c, from);
	bool plain = true;
	for (size_t i = 0; i < text.n; i++)
		plain &= text.p[i] >= ' ' && text.p[i] < 0x7f && text.p[i] != '"' && text.p[i] != '\'' && text.p[i] != '\\';
	if (plain && (quote == '"' || quote == '\''))
		buf_printf(b, "%c" STR_FMT "%c", quote, STR_ARG(text), quote);
	else
		yaml_scalar(b, text);
}

bool lint_edit_value(struct lint_context *c, struct finding *f, const char *path, struct str text)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	size_t from, to;
	const struct yaml_node *n = lint_node(c, path);
	if (!n || n->kind >= YAML_LIST || !lint_span(c, n, &from, &to) || at(c, from) == '|' || at(c, from) == '>')
		return false;
	quoted(c, from, text, &b);
	lint_edit(c, f, from, to, b.p);
	return true;
}

/* The whole line of a block item; false when something else stands on it. */
static bool item_line(const struct lint_context *c, size_t *from, size_t *to)
{
	size_t start = *from, end = *to;
	while (start && c->text.p[start - 1] != '\n')
		start--;
	for (size_t i = start; i < *from; i++)
		if (c->text.p[i] != ' ' && !(c->text.p[i] == '-' && at(c, i + 1) == ' '))
			return false;
	while (end < c->text.n && c->text.p[end] != '\n')
		end++;
	*from = start;
	*to = MIN(end + 1, c->text.n);
	return true;
}

bool lint_edit_remove(struct lint_context *c, struct finding *f, const char *list, size_t i)
{
	size_t from, to, start, end, other_from, other_to;
	const struct yaml_node *l = lint_node(c, list);
	if (!l || l->kind != YAML_LIST || i >= l->nitems || l->nitems < 2 || !lint_span(c, l, &start, &end) ||
	    !lint_span(c, l->items[i], &from, &to) || l->items[i]->kind >= YAML_LIST)
		return false;
	if (at(c, start) != '[') {
		if (!item_line(c, &from, &to))
			return false;
	} else if (i) {
		if (!lint_span(c, l->items[i - 1], &other_from, &other_to))
			return false;
		from = other_to;
	} else {
		if (!lint_span(c, l->items[1], &other_from, &other_to))
			return false;
		to = other_from;
	}
	lint_edit(c, f, from, to, "");
	return true;
}

/* Before the map's first key; LINES are YAML at column 0, each with its newline. */
static bool insert_first(struct lint_context *c, struct finding *f, const struct yaml_node *map, struct str lines)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	size_t from, to;
	if (!map || map->kind != YAML_MAP || !map->nitems || !map->items[0]->key || map->borrowed ||
	    !lint_span(c, map->items[0]->key, &from, &to))
		return false;
	unsigned column = map->items[0]->key->column;
	for (size_t i = 0; i < lines.n; i++) {
		buf_putc(&b, lines.p[i]);
		for (unsigned k = 1; lines.p[i] == '\n' && k < column; k++)
			buf_putc(&b, ' ');
	}
	lint_edit(c, f, from, from, b.p);
	return true;
}

static bool is_flow(const struct lint_context *c, const struct yaml_node *n)
{
	size_t from, to;
	return lint_span(c, n, &from, &to) && (at(c, from) == '{' || at(c, from) == '[');
}

bool lint_edit_set(struct lint_context *c, struct finding *f, const char *path, const char *key, const char *value)
{
	const struct yaml_node *map = lint_node(c, path);
	const struct yaml_node *old = map && map->kind == YAML_MAP ? yaml_get(map, key) : NULL;
	size_t from, to, start, end;
	if (old && old->kind < YAML_LIST && old->kind != YAML_NULL && lint_span(c, old, &from, &to)) {
		lint_edit(c, f, from, to, value);
		return true;
	}
	if (old || !map || map->kind != YAML_MAP || !map->nitems)
		return false;
	if (!is_flow(c, map)) {
		CLEANUP_BUF struct buf line = BUF_INIT;
		buf_printf(&line, "%s: %s\n", key, value);
		return insert_first(c, f, map, buf_view(&line));
	}
	if (!lint_span(c, map->items[map->nitems - 1], &start, &end))
		return false;
	lint_edit(c, f, end, end, lint_fmt(c, ", %s: %s", key, value));
	return true;
}

bool lint_edit_option(struct lint_context *c, struct finding *f, const char *name, const char *value)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	const struct yaml_node *spec = lint_node(c, "spec"), *options = lint_node(c, "spec.options");
	size_t from, to;
	if (!spec || spec->kind != YAML_MAP || is_flow(c, spec))
		return false;
	if (!options) {
		buf_printf(&b, "options:\n- name: %s\n  value: \"%s\"\n", name, value);
		return insert_first(c, f, spec, buf_view(&b));
	}
	if (options->kind != YAML_LIST || !options->nitems || options->items[0]->kind != YAML_MAP)
		return false;
	if (is_flow(c, options)) {
		if (!lint_span(c, options->items[0], &from, &to))
			return false;
		lint_edit(c, f, from, from, lint_fmt(c, "{name: %s, value: \"%s\"}, ", name, value));
		return true;
	}
	/* "- " stands two columns before the first key of a block item. */
	unsigned column = options->items[0]->column;
	if (!lint_span(c, options->items[0], &from, &to) || column < 3 || is_flow(c, options->items[0]))
		return false;
	buf_printf(&b, "name: %s\n%*svalue: \"%s\"\n%*s- ", name, (int)column - 1, "", value, (int)column - 3, "");
	lint_edit(c, f, from, from, b.p);
	return true;
}

/* ---- what the reading found ---- */

/* A key in the wrong case: the finding's path leads to it, and its fix is "write NAME". */
static void rename_key(struct lint_context *c, struct finding *f)
{
	size_t from, to;
	const struct yaml_node *n = lint_node(c, f->path);
	struct str fix = str_from(f->fix);
	if (!n || !n->key || f->edit.text || !str_starts(fix, STR("write ")) || !lint_span(c, n->key, &from, &to))
		return;
	CLEANUP_BUF struct buf b = BUF_INIT;
	quoted(c, from, str_skip(fix, 6), &b);
	lint_edit(c, f, from, to, b.p);
}

/* A value of a list of names that differs in case alone: "did you mean NAME?". */
static void recase(struct lint_context *c, struct finding *f)
{
	static const struct str asks = STR_INIT("did you mean ");
	const struct yaml_node *n = lint_node(c, f->path);
	struct str name = str_from(f->fix);
	if (!n || n->kind != YAML_STRING || !str_starts(name, asks) || !str_ends(name, STR("?")))
		return;
	name = str_skip(name, asks.n);
	name.n--;
	if (n->text.n == name.n && !strncasecmp(n->text.p, name.p, name.n))
		lint_edit_value(c, f, f->path, name);
}

/* A number or a boolean that is meant as text: in quotes, where that text can be read in one way. */
static void quote(struct lint_context *c, struct finding *f)
{
	const struct yaml_node *n = lint_node(c, f->path);
	size_t from, to;
	if (!n || (n->kind != YAML_INT && n->kind != YAML_BOOL) || !str_starts(str_from(f->fix), STR("put it in quotes")) ||
	    !lint_span(c, n, &from, &to))
		return;
	struct str typed = {c->text.p + from, to - from};
	bool octal = n->kind == YAML_INT && typed.n > 1 && typed.p[0] == '0' && typed.p[1] >= '0' && typed.p[1] <= '9';
	for (size_t i = 0; i < typed.n; i++)
		if (!isalnum((unsigned char)typed.p[i]) && !(i == 0 && typed.p[i] == '-'))
			return;
	if (!octal)
		lint_edit(c, f, from, to, lint_fmt(c, "\"" STR_FMT "\"", STR_ARG(typed)));
}

static void add_version(struct lint_context *c, struct finding *f)
{
	if (c->root->kind == YAML_MAP && !yaml_get(c->root, "apiVersion"))
		lint_edit_set(c, f, "", "apiVersion", "cilium.io/v1alpha1");
}

/* A function that is taken for a system call, where there is no call of that name. */
static void not_a_call(struct lint_context *c, struct finding *f)
{
	static const struct str field = STR_INIT(".call");
	const struct yaml_node *n = lint_node(c, f->path);
	struct str hook = str_from(f->path);
	if (!n || n->kind != YAML_STRING || !str_ends(hook, field) || strchr(f->path, '/') || !strstr(f->fix, "syscall: false for a function"))
		return;
	bool call = str_starts(n->text, STR("sys_")) || str_starts(n->text, STR("_")) || str_starts(n->text, STR("list:")) ||
		    syscall_number(SYSCALL_X86_64, n->text) >= 0 || syscall_number(SYSCALL_I386, n->text) >= 0;
	hook.n -= field.n;
	if (!call)
		lint_edit_set(c, f, lint_fmt(c, STR_FMT, STR_ARG(hook)), "syscall", "false");
}

static void short_hook(struct lint_context *c, struct finding *f)
{
	static const struct str prefix = STR_INIT("security_");
	const struct yaml_node *n = lint_node(c, f->path);
	if (n && n->kind == YAML_STRING && str_starts(n->text, prefix) && n->text.n > prefix.n)
		lint_edit_value(c, f, f->path, str_skip(n->text, prefix.n));
}

void lint_edit_refused(struct lint_context *c)
{
	static const struct {
		enum policy_rule rule;
		void (*edit)(struct lint_context *c, struct finding *f);
	} edits[] = {
		{RULE_FIELD_CASE, rename_key}, {RULE_ENUM, recase}, {RULE_ENUM_UNCHECKED, recase}, {RULE_WRONG_TYPE, quote},
		{RULE_METADATA_TYPE, quote}, {RULE_API_VERSION, add_version}, {RULE_CALL, not_a_call}, {RULE_LSM_HOOK, short_hook},
	};
	for (size_t i = 0; i < c->findings->n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(edits); k++)
			if (!c->findings->v[i].edit.text && strcmp(c->findings->v[i].id, policy_rules[edits[k].rule].id) == 0)
				edits[k].edit(c, &c->findings->v[i]);
}
