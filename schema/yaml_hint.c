/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What to do about a text that is no YAML. libyaml tells where its grammar broke, which is mostly a line after the slip; the
 * slips that people make are few, and the lines around the place tell them apart.
 */
#include "schema/yaml.h"

/* Line N from 1, without its end; empty beyond the text. */
static struct str line_of(struct str text, unsigned n)
{
	while (n > 1 && text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		text = end ? str_skip(text, (size_t)(end - text.p) + 1) : (struct str){0};
		n--;
	}
	const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
	return (struct str){text.p, end ? (size_t)(end - text.p) : text.n};
}

static size_t indent_of(struct str line)
{
	size_t n = 0;
	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

static bool is_blank(struct str line)
{
	size_t n = indent_of(line);
	return n == line.n || line.p[n] == '#' || line.p[n] == '\r';
}

/* "-call: x": the blank that makes it an item is missing. */
static bool glued_dash(struct str line)
{
	struct str s = str_skip(line, indent_of(line));
	return s.n > 1 && s.p[0] == '-' && s.p[1] != ' ' && s.p[1] != '-' && memchr(s.p, ':', s.n);
}

static bool indented_by_tab(struct str line)
{
	size_t n = indent_of(line);
	return n < line.n && line.p[n] == '\t';
}

/* The last line with something on it before line N. */
static struct str line_above(struct str text, unsigned n)
{
	struct str line = {0};
	while (--n > 0) {
		line = line_of(text, n);
		if (!is_blank(line))
			break;
	}
	return line;
}

/* Where the key of a line begins, behind the dashes of its items. */
static size_t key_column(struct str line)
{
	size_t n = indent_of(line);
	while (n + 1 < line.n && line.p[n] == '-' && line.p[n + 1] == ' ')
		for (n++; n < line.n && line.p[n] == ' '; n++)
			;
	return n + 1;
}

/* A second colon on the line, or a key that is farther to the right than the one above it. */
static const char *hint_mapping(struct arena *arena, struct str text, const struct yaml_stumble *s)
{
	struct str line = line_of(text, s->line), above = line_above(text, s->line);
	size_t key = key_column(line), here = MIN((size_t)s->column - 1, line.n);
	for (size_t i = key; i + 1 < here; i++)
		if (line.p[i] == ':' && line.p[i + 1] == ' ')
			return "put the value in quotes: it has a colon in it";
	if (key > key_column(above))
		return arena_printf(arena, "line it up with the key above, in column %zu", key_column(above));
	return "";
}

/* A line on no level: its neighbour is the line above, or, of an item, the item above. */
static const char *hint_level(struct arena *arena, struct str text, const struct yaml_stumble *s)
{
	struct str line = line_of(text, s->line), above = line_above(text, s->line);
	size_t column = key_column(above);
	bool item = str_starts(str_skip(line, indent_of(line)), STR("- "));
	for (unsigned n = s->line - 1; item && n > 0; n--) {
		above = line_of(text, n);
		if (!str_starts(str_skip(above, indent_of(above)), STR("- ")))
			continue;
		column = indent_of(above) + 1;
		break;
	}
	return arena_printf(arena, "line it up with the %s above, such as in column %zu", item ? "item" : "key", column);
}

const char *yaml_hint(struct arena *arena, struct str text, const struct yaml_stumble *s)
{
	static const struct {
		const char *words, *fix;   /* of the problem or of what was being read */
	} rows[] = {
		{"scanning an alias", "put it in quotes: a * begins an alias"},
		{"scanning an anchor", "put it in quotes: a & begins an anchor"},
		{"scanning a tag", "put it in quotes: a ! begins a tag"},
		{"undefined tag", "put it in quotes: a ! begins a tag"},
		{"cannot start any token", "put it in quotes"},
		{"parsing a flow node", "close the bracket, or put the value in quotes"},
		{"scanning a quoted scalar", "close the quotes"},
		{"unknown escape", "write each backslash twice, or put single quotes around the value"},
		{"expected ',' or '}'", "close it with }, or put a comma before this"},
		{"expected ',' or ']'", "close it with ], or put a comma before this"},
		{"expected ':'", "write a colon and a blank behind the key"},
		{"duplicate %", "remove one of them"},
	};
	if (indented_by_tab(line_of(text, s->line)))
		return "indent it with blanks: YAML takes no tabs there";
	if (glued_dash(line_of(text, s->line)) || glued_dash(line_above(text, s->line)))
		return "write a blank behind the - that begins an item";
	if (strstr(s->problem, "mapping values are not allowed"))
		return hint_mapping(arena, text, s);
	if (strstr(s->problem, "expected key") || strstr(s->problem, "expected '-' indicator"))
		return hint_level(arena, text, s);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (strstr(s->problem, rows[i].words) || strstr(s->context, rows[i].words))
			return rows[i].fix;
	return "";
}
