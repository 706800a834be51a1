/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Most refused values are right ones in the wrong clothes: quotes too many or too few, a list without its brackets, a blank
 * forgotten behind a colon, another tool's word for the same. Most unknown fields are known ones on the wrong level. The
 * grammar's rows tell which.
 */
#include "schema/policy_hints.h"

#include "schema/base/cli.h"

/* ---- values ---- */

enum { SHOWN_MAX = 60 };

/* What the text would be without its quotes, or, a number, would as well be. */
static bool plain_is(const struct yaml_node *n, enum yaml_kind wanted)
{
	struct yaml_node plain = {.kind = YAML_STRING, .text = n->text};
	yaml_resolve(&plain);
	return plain.kind == wanted;
}

/* Numbers that people know by name. */
static const struct {
	const char *typed, *number;
} numbers[] = {
	{"EPERM", "-1"}, {"ENOENT", "-2"}, {"EACCES", "-13"}, {"EINVAL", "-22"}, {"ENOSYS", "-38"},
	{"SIGHUP", "1"}, {"SIGINT", "2"}, {"SIGQUIT", "3"}, {"SIGABRT", "6"}, {"SIGKILL", "9"}, {"SIGUSR1", "10"},
	{"SIGUSR2", "12"}, {"SIGTERM", "15"}, {"SIGSTOP", "19"},
};

static const char *hint_integer(struct arena *arena, const struct yaml_node *n, const char *what)
{
	struct str s = str_starts(n->text, STR("-")) ? str_skip(n->text, 1) : n->text;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (str_eq(s, str_from(numbers[i].typed)))
			return arena_printf(arena, "write its number: %s", numbers[i].number);
	return arena_printf(arena, "write %s", what);
}

static const char *hint_list(struct arena *arena, const struct yaml_node *n)
{
	if (n->kind == YAML_MAP && n->nitems)
		return "put '- ' before its first field, and line the others up below that one";
	if (n->kind == YAML_STRING && n->text.n <= SHOWN_MAX && !memchr(n->text.p, '"', n->text.n) &&
	    !memchr(n->text.p, ',', n->text.n))
		return arena_printf(arena, "write [\"" STR_FMT "\"]", STR_ARG(n->text));
	return "write a list: each item behind '- ', or all in [ ]";
}

const char *hint_value(struct arena *arena, const struct yaml_node *n, enum yaml_kind wanted, const char *what)
{
	bool scalar = n->kind != YAML_LIST && n->kind != YAML_MAP, shown = scalar && n->text.n <= SHOWN_MAX;
	if (n->kind == YAML_NULL)
		return n->key ? "give a value or remove the key" : "give a value or remove the item";
	if (wanted == YAML_LIST)
		return hint_list(arena, n);
	if (wanted == YAML_STRING && scalar)
		return shown ? arena_printf(arena, "put it in quotes if it is meant as text: \"" STR_FMT "\"", STR_ARG(n->text))
			     : "put it in quotes if it is meant as text";
	if (wanted == YAML_MAP && n->kind == YAML_LIST)
		return "write a map: without '- '";
	if (wanted == YAML_MAP && n->kind == YAML_STRING && !n->quoted && memchr(n->text.p, ':', n->text.n))
		return "write a blank behind each colon";
	if (n->kind == YAML_STRING && shown && plain_is(n, wanted))
		return arena_printf(arena, "write it without quotes: " STR_FMT, STR_ARG(n->text));
	if (wanted == YAML_INT && scalar)
		return hint_integer(arena, n, what);
	return arena_printf(arena, "write %s", what);
}

/* ---- names ---- */

/* Words of upstream's prose, of sections next door and of other tools. A word counts where its meaning is among the names. */
static const struct {
	const char *typed, *meant;
} words[] = {
	{"In", "Equal"}, {"NotIn", "NotEqual"}, {"Equal", "In"}, {"NotEqual", "NotIn"},
	{"eq", "Equal"}, {"ne", "NotEqual"}, {"neq", "NotEqual"}, {"==", "Equal"}, {"!=", "NotEqual"},
	{"lt", "LT"}, {"gt", "GT"}, {"<", "LT"}, {">", "GT"}, {"Suffix", "Postfix"}, {"NotSuffix", "NotPostfix"},
	{"StartsWith", "Prefix"}, {"EndsWith", "Postfix"}, {"Contains", "SubString"}, {"Range", "InRange"},
	{"SubStringIgnoreCase", "SubStringIgnCase"}, {"NotSPortPriv", "NotSportPriv"}, {"Addr", "DAddr"}, {"Port", "DPort"},
	{"Kill", "Sigkill"}, {"SIGKILL", "Sigkill"}, {"Deny", "Override"}, {"Block", "Override"}, {"Log", "Post"},
	{"Audit", "Post"}, {"Report", "Post"}, {"str", "string"}, {"char", "string"}, {"char *", "string"},
	{"uint", "uint32"}, {"u32", "uint32"}, {"u64", "uint64"}, {"s32", "int32"}, {"s64", "int64"}, {"bool", "uint8"},
};

static bool is_name(const struct field_names *names, const char *s)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i], s) == 0)
			return true;
	return false;
}

const char *hint_name(struct arena *arena, const char *typed, const struct field_names *names)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i].typed, typed) == 0 && is_name(names, words[i].meant))
			return arena_printf(arena, "here it is called %s", words[i].meant);
	for (size_t i = 0; i < names->n; i++)
		if (strcasecmp(typed, names->v[i]) == 0)
			return arena_printf(arena, "did you mean %s?", names->v[i]);
	const char *near = cli_nearest(typed, names->v, names->n);
	if (near)
		return arena_printf(arena, "did you mean %s?", near);
	CLEANUP_BUF struct buf all = BUF_INIT;
	for (size_t i = 0; i < names->n; i++)
		buf_printf(&all, "%s%s", i == 0 ? "write " : i + 1 == names->n ? " or " : ", ", names->v[i]);
	return arena_str(arena, buf_view(&all)).p;
}

/* ---- fields ---- */

/* The steps from O down to a field TYPED, the fewest; false: it has none within DEPTH steps. */
static bool find_below(const struct field_object *o, const char *typed, unsigned depth, struct buf *steps)
{
	for (size_t i = 0; depth == 0 && i < o->nfields; i++)
		if (strcmp(o->fields[i].name, typed) == 0)
			return true;
	for (size_t i = 0; depth > 0 && i < o->nfields; i++) {
		const struct field *f = &o->fields[i];
		size_t mark = steps->n;
		if (!f->object)
			continue;
		buf_printf(steps, "%s%s%s", mark ? "." : "", f->name, f->type == FIELD_LIST ? "[]" : "");
		if (find_below(f->object, typed, depth - 1, steps))
			return true;
		steps->n = mark;
	}
	return false;
}

enum { LEVELS = 6 };

static bool find_nearest(const struct field_object *o, const char *typed, struct buf *steps)
{
	for (unsigned depth = 0; depth < LEVELS; depth++)
		if (find_below(o, typed, depth, steps))
			return true;
	return false;
}

/* The field of the key above, as a step, where it holds a field TYPED. */
static bool find_above(const struct field_object *o, const char *typed, const char *above, struct buf *steps)
{
	for (size_t i = 0; i < o->nfields; i++) {
		const struct field *f = &o->fields[i];
		if (!f->object || strcmp(f->name, above) != 0 || !find_below(f->object, typed, 0, steps))
			continue;
		buf_printf(steps, "%s%s", f->name, f->type == FIELD_LIST ? "[]" : "");
		return true;
	}
	return false;
}

/* What an object asks for that people give it at once: labels without matchLabels, an option as KEY: VALUE. NULL: it is none. */
static const char *hint_shape(struct arena *arena, const char *typed, const struct field_object *o)
{
	for (size_t i = 0; i < o->nfields; i++)
		if (o->fields[i].type == FIELD_LABELS)
			return arena_printf(arena, "did you mean %s: {%s: ...}?", o->fields[i].name, typed);
	if (o->nfields == 2 && strcmp(o->fields[0].name, "name") == 0 && strcmp(o->fields[1].name, "value") == 0)
		return arena_printf(arena, "write {name: %s, value: \"...\"}", typed);
	return NULL;
}

const char *hint_field(struct arena *arena, const char *typed, const char *above, const struct field_object *object)
{
	CLEANUP_BUF struct buf steps = BUF_INIT;
	const char *names[64], *near;
	size_t n = 0;
	if ((find_above(object, typed, above, &steps) || find_nearest(object, typed, &steps)) && steps.n)
		return arena_printf(arena, "move it into %.*s: mostly by indenting it", (int)steps.n, steps.p);
	for (; n < object->nfields && n < ARRAY_SIZE(names); n++)
		names[n] = object->fields[n].name;
	near = cli_nearest(typed, names, n);
	if (near)
		return arena_printf(arena, "did you mean %s?", near);
	const char *shape = hint_shape(arena, typed, object);
	if (shape)
		return shape;
	if (find_nearest(&policy_spec_object, typed, &steps))
		return arena_printf(arena, "remove it, or move it into spec%s%.*s", steps.n ? "." : "", (int)steps.n,
				    steps.n ? steps.p : "");
	return "remove it";
}

/* There is no table of what is not the spec's: what people put there, and where it belongs. */
const char *hint_around(struct arena *arena, const char *typed, const char *const *names, size_t n)
{
	static const char *const in_metadata[] = {"name", "namespace", "labels", "annotations"};
	CLEANUP_BUF struct buf steps = BUF_INIT;
	if (strcmp(typed, "spec") == 0)
		return "move it to the left edge: it stands beside metadata";
	for (size_t i = 0; i < ARRAY_SIZE(in_metadata); i++)
		if (strcmp(typed, in_metadata[i]) == 0)
			return "move it into metadata: mostly by indenting it";
	if (find_nearest(&policy_spec_object, typed, &steps))
		return arena_printf(arena, "move it into spec%s%.*s: mostly by indenting it", steps.n ? "." : "", (int)steps.n,
				    steps.n ? steps.p : "");
	const char *near = cli_nearest(typed, names, n);
	return near ? arena_printf(arena, "did you mean %s?", near) : "remove it";
}
