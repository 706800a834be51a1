/* SPDX-License-Identifier: GPL-2.0-only */
/* Cells are kept as written text plus a number; both printers read the same cells. */
#include "schema/base/table.h"

#include <assert.h>

#include "schema/base/arena.h"

struct cell {
	struct str text;
	uint64_t number;
};

struct table {
	const struct table_column *columns;
	size_t ncolumns;
	struct {
		struct cell *v;
		size_t n, cap;
	} cells;
	struct arena *arena;
};

struct table *table_new(const struct table_column *columns, size_t n)
{
	struct table *t = xcalloc(1, sizeof(*t));
	*t = (struct table){.columns = columns, .ncolumns = n, .arena = arena_new()};
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	arena_free(t->arena);
	free(t->cells.v);
	free(t);
}

static struct cell *next_cell(struct table *t, bool text)
{
	enum table_type type = t->columns[t->cells.n % t->ncolumns].type;
	assert(text == (type == TABLE_TEXT || type == TABLE_JSON_VALUE));
	(void)type;
	(void)text;
	return VEC_PUSH(&t->cells);
}

void table_str(struct table *t, struct str s)
{
	next_cell(t, true)->text = arena_str(t->arena, s);
}

void table_u64(struct table *t, uint64_t v)
{
	next_cell(t, false)->number = v;
}

void table_bool(struct table *t, bool v)
{
	next_cell(t, false)->number = v;
}

size_t table_rows(const struct table *t)
{
	return t->cells.n / t->ncolumns;
}

static void cell_text(const struct table_column *column, const struct cell *c, struct buf *b)
{
	switch (column->type) {
	case TABLE_TEXT:
		buf_text(b, c->text);
		break;
	case TABLE_COUNT:
		buf_count(b, c->number);
		break;
	case TABLE_TIME:
		buf_time(b, c->number);
		if (c->number)
			b->n -= strlen(".000000000Z"), buf_putc(b, 'Z');
		break;
	case TABLE_BOOL:
		buf_puts(b, c->number ? "yes" : "");
		break;
	case TABLE_JSON_VALUE:
		break;
	}
}

void table_json_row(const struct table *t, size_t row, struct buf *b)
{
	bool any = false;
	buf_putc(b, '{');
	for (size_t i = 0; i < t->ncolumns; i++) {
		const struct table_column *column = &t->columns[i];
		const struct cell *c = &t->cells.v[row * t->ncolumns + i];
		if (!column->key)
			continue;
		buf_printf(b, "%s\"%s\":", any ? "," : "", column->key);
		any = true;
		if (column->type == TABLE_TEXT)
			buf_json(b, c->text);
		else if (column->type == TABLE_COUNT)
			buf_printf(b, "%llu", (unsigned long long)c->number);
		else if (column->type == TABLE_BOOL)
			buf_puts(b, c->number ? "true" : "false");
		else if (column->type == TABLE_JSON_VALUE)
			buf_str(b, c->text.n ? c->text : STR("null"));
		else if (!c->number)
			buf_puts(b, "null");
		else
			buf_putc(b, '"'), buf_time(b, c->number), buf_putc(b, '"');
	}
	buf_putc(b, '}');
}

static bool in_text(const struct table_column *c)
{
	return c->title && c->type != TABLE_JSON_VALUE;
}

/* Columns a terminal would show: width in characters, not bytes. */
static size_t width_of(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static void print_plain(const struct table *t, FILE *out)
{
	size_t rows = table_rows(t);
	size_t *widths = xcalloc(t->ncolumns, sizeof(*widths));
	char **texts = xcalloc(rows * t->ncolumns + 1, sizeof(*texts));
	for (size_t k = 0; k < rows * t->ncolumns; k++) {
		if (!in_text(&t->columns[k % t->ncolumns]))
			continue;
		struct buf b = BUF_INIT;
		cell_text(&t->columns[k % t->ncolumns], &t->cells.v[k], &b);
		texts[k] = buf_take(&b);
		widths[k % t->ncolumns] = MAX(widths[k % t->ncolumns], width_of(texts[k]));
	}
	for (size_t row = 0; row <= rows; row++) {
		CLEANUP_BUF struct buf line = BUF_INIT;
		for (size_t i = 0; i < t->ncolumns; i++) {
			if (!in_text(&t->columns[i]))
				continue;
			const char *text = row ? texts[(row - 1) * t->ncolumns + i] : t->columns[i].title;
			size_t width = MAX(widths[i], strlen(t->columns[i].title));
			int pad = (int)(width - width_of(text));
			bool right = t->columns[i].type == TABLE_COUNT;
			buf_printf(&line, "%*s%s%*s  ", right ? pad : 0, "", text, right ? 0 : pad, "");
		}
		while (line.n && line.p[line.n - 1] == ' ')
			line.p[--line.n] = '\0';
		fprintf(out, "%s\n", line.p ? line.p : "");
	}
	for (size_t k = 0; k < rows * t->ncolumns; k++)
		free(texts[k]);
	free(texts);
	free(widths);
}

void table_print(const struct table *t, enum table_format format, FILE *out)
{
	if (format == TABLE_PLAIN) {
		print_plain(t, out);
		return;
	}
	CLEANUP_BUF struct buf b = BUF_INIT;
	for (size_t row = 0; row < table_rows(t); row++) {
		buf_clear(&b);
		table_json_row(t, row, &b);
		fprintf(out, "%s\n", b.p);
	}
}
