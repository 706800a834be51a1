/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout explain-field: what the grammar's table says of a TracingPolicy's fields. */
#include <stdio.h>

#include "compiler/verbs.h"
#include "schema/base/cli.h"
#include "schema/base/table.h"
#include "schema/policy_fields.h"

struct options {
	bool json, all, markdown;
};

static const struct cli_option option_rows[] = {
	{"all", 'a', CLI_FLAG, offsetof(struct options, all), NULL, "everything below it as well"},
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "an object for each field"},
	{"markdown", 0, CLI_FLAG, offsetof(struct options, markdown), NULL, "everything, as a page of documentation"},
};

static const struct cli_verb verb = {
	"explain-field", "what a field of a TracingPolicy means, takes and defaults to", "[FIELD.PATH]", 0, 1,
	option_rows, ARRAY_SIZE(option_rows),
	"FIELD.PATH is such as spec.kprobes.selectors.matchArgs.operator; [0] after a list is passed over. The field itself\n"
	"and what it holds are listed; without a path, the fields of spec.",
};

/* ---- what a row says ---- */

static const char *type_of(const struct field *f)
{
	static const char *const names[] = {
		[FIELD_BOOL] = "boolean", [FIELD_I32] = "integer", [FIELD_U32] = "integer", [FIELD_I64] = "integer",
		[FIELD_U64] = "integer", [FIELD_STRING] = "string", [FIELD_ENUM] = "string", [FIELD_OPERATOR] = "string",
		[FIELD_STRINGS] = "[string]", [FIELD_U32S] = "[integer]", [FIELD_U64S] = "[integer]",
		[FIELD_LABELS] = "{name: string}", [FIELD_OBJECT] = "object", [FIELD_POINTER] = "object",
		[FIELD_LIST] = "[object]", [FIELD_NAMED] = "{name: object}",
	};
	return names[f->type];
}

/* Of an integer, or of each item. */
static void bounds_of(const struct field *f, struct buf *b)
{
	bool is_unsigned = f->type == FIELD_U32 || f->type == FIELD_U64 || f->type == FIELD_U32S || f->type == FIELD_U64S;
	bool integer = is_unsigned || f->type == FIELD_I32 || f->type == FIELD_I64;
	if (!integer && !f->max_items)
		return;
	if (f->max_items) {
		buf_printf(b, "at most %zu", f->max_items);
		return;
	}
	bool natural = is_unsigned || (f->flags & FIELD_NATURAL), narrow = f->flags & FIELD_INT32;
	buf_printf(b, "%s to %s", natural ? "0" : narrow ? "-2147483648" : "-9223372036854775808",
		   narrow ? "2147483647" : "9223372036854775807");
}

static void values_of(const struct field *f, struct buf *b)
{
	for (size_t i = 0; f->names && i < f->names->n; i++)
		buf_printf(b, "%s%s", i ? " " : "", f->names->v[i]);
}

/* ---- listing ---- */

static const struct table_column columns[] = {
	{"field", "FIELD", TABLE_TEXT},	  {"type", "TYPE", TABLE_TEXT},	    {"required", "REQUIRED", TABLE_BOOL},
	{"default", "DEFAULT", TABLE_TEXT}, {"bounds", "BOUNDS", TABLE_TEXT}, {"values", NULL, TABLE_JSON_VALUE},
	{"rule", NULL, TABLE_TEXT},	  {"help", "MEANS", TABLE_TEXT},
};

struct listing {
	struct table *table;
	struct buf *page;   /* markdown instead */
	struct buf path;
	bool all;
};

static void json_values(const struct field *f, struct buf *b)
{
	buf_putc(b, '[');
	for (size_t i = 0; f->names && i < f->names->n; i++) {
		buf_puts(b, i ? "," : "");
		buf_json(b, str_from(f->names->v[i]));
	}
	buf_putc(b, ']');
}

static void put_row(struct listing *l, const struct field *f)
{
	CLEANUP_BUF struct buf bounds = BUF_INIT, values = BUF_INIT;
	const char *rule = f->object && f->object->rule_text ? f->object->rule_text : "";
	bounds_of(f, &bounds);
	json_values(f, &values);
	table_str(l->table, buf_view(&l->path));
	table_str(l->table, str_from(type_of(f)));
	table_bool(l->table, f->flags & FIELD_REQUIRED);
	table_str(l->table, str_from(f->fallback ? f->fallback : ""));
	table_str(l->table, buf_view(&bounds));
	table_str(l->table, buf_view(&values));
	table_str(l->table, str_from(rule));
	table_str(l->table, str_from(f->help));
}

static void put_page(struct listing *l, const struct field *f)
{
	CLEANUP_BUF struct buf bounds = BUF_INIT, values = BUF_INIT;
	bounds_of(f, &bounds);
	values_of(f, &values);
	buf_printf(l->page, "| `%s` | %s%s | %s |", l->path.p, type_of(f), f->flags & FIELD_REQUIRED ? ", required" : "",
		   f->fallback ? f->fallback : "");
	buf_printf(l->page, " %s%s%s%s%s%s%s |\n", f->help, bounds.n ? "; " : "", bounds.n ? bounds.p : "",
		   values.n ? "; one of: " : "", values.n ? values.p : "",
		   f->object && f->object->rule_text ? "; rule: " : "",
		   f->object && f->object->rule_text ? f->object->rule_text : "");
}

static void list_object(struct listing *l, const struct field_object *o, unsigned depth);

/* Macros hold selectors, which are listed where hooks have them. */
static void list_field(struct listing *l, const struct field *f, unsigned depth)
{
	size_t mark = l->path.n;
	buf_printf(&l->path, ".%s", f->name);
	if (l->page)
		put_page(l, f);
	else
		put_row(l, f);
	if (f->object && l->all && f->type != FIELD_NAMED)
		list_object(l, f->object, depth + 1);
	l->path.n = mark;
	l->path.p[mark] = '\0';
}

static void list_object(struct listing *l, const struct field_object *o, unsigned depth)
{
	for (size_t i = 0; i < o->nfields; i++)
		list_field(l, &o->fields[i], depth);
}

/* ---- the path ---- */

static const struct field *find(const struct field_object *o, const char *name)
{
	for (size_t i = 0; o && i < o->nfields; i++)
		if (strcmp(o->fields[i].name, name) == 0)
			return &o->fields[i];
	return NULL;
}

static void unknown(const char *name, const struct field_object *o, const char *where)
{
	const char *names[64];
	size_t n = 0;
	for (; o && n < o->nfields && n < ARRAY_SIZE(names); n++)
		names[n] = o->fields[n].name;
	const char *near = cli_nearest(name, names, n);
	fprintf(stderr, "stakeout explain-field: %s has no field %s", where, name);
	if (near)
		fprintf(stderr, "; did you mean %s?", near);
	for (size_t i = 0; !near && i < n; i++)
		fprintf(stderr, "%s %s", i ? "," : "; it has", names[i]);
	fputc('\n', stderr);
}

/* Steps L's path to what PATH names; *RET_FIELD is NULL for spec itself. */
static int walk(struct listing *l, const char *path, const struct field **ret_field)
{
	CLEANUP_FREE char *copy = xstrdup(path);
	const struct field_object *o = &policy_spec_object;
	char *save, *rest = copy;
	*ret_field = NULL;
	for (unsigned i = 0;; i++) {
		char *word = strtok_r(rest, ".", &save);
		rest = NULL;
		if (!word)
			return 0;
		word[strcspn(word, "[")] = '\0';
		if (i == 0 && strcmp(word, "spec") == 0)
			continue;
		const struct field *f = find(o, word);
		if (!f) {
			unknown(word, o, l->path.p);
			return -EINVAL;
		}
		if (*ret_field)
			buf_printf(&l->path, ".%s", (*ret_field)->name);
		*ret_field = f;
		o = f->object;
		if (f->type == FIELD_NAMED) {
			buf_printf(&l->path, ".%s", f->name);
			strtok_r(NULL, ".", &save);   /* the macro's name */
		}
	}
}

static void text_details(const struct field *f, const char *path)
{
	CLEANUP_BUF struct buf values = BUF_INIT, bounds = BUF_INIT;
	values_of(f, &values);
	bounds_of(f, &bounds);
	printf("%s.%s\n    %s\n    type: %s%s\n", path, f->name, f->help, type_of(f),
	       f->flags & FIELD_REQUIRED ? ", required" : "");
	if (f->fallback)
		printf("    default: %s\n", f->fallback);
	if (bounds.n)
		printf("    bounds: %s\n", bounds.p);
	if (values.n)
		printf("    one of: %s\n", values.p);
	if (f->object && f->object->rule_text)
		printf("    rule: %s\n", f->object->rule_text);
	if (f->object)
		printf("\n");
}

static int explain(const struct options *o, const char *path)
{
	CLEANUP(table_free) struct table *table = table_new(columns, ARRAY_SIZE(columns));
	CLEANUP_BUF struct buf page = BUF_INIT;
	struct listing l = {.table = table, .page = o->markdown ? &page : NULL, .all = o->all || o->markdown};
	const struct field *field;
	buf_puts(&l.path, "spec");
	if (walk(&l, path, &field)) {
		buf_done(&l.path);
		return EXIT_INPUT;
	}
	if (o->markdown)
		buf_puts(&page, "# Fields of a TracingPolicy\n\n| field | type | default | means |\n|---|---|---|---|\n");
	bool details = field && !o->json && !o->markdown;
	if (details)
		text_details(field, l.path.p);
	if (field && !details)
		list_field(&l, field, 0);
	if (field && (details || !l.all)) {
		buf_printf(&l.path, ".%s", field->name);
		if (field->object)
			list_object(&l, field->object, 0);
	}
	if (!field)
		list_object(&l, &policy_spec_object, 0);
	buf_done(&l.path);
	if (o->markdown)
		fwrite(page.p, 1, page.n, stdout);
	else if (table_rows(table))
		table_print(table, o->json ? TABLE_JSON : TABLE_PLAIN, stdout);
	return EXIT_YES;
}

int cmd_explain_field(int argc, char **argv)
{
	struct options o = {0};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	return explain(&o, args.n ? args.v[0] : "spec");
}
