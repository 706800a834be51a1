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
		buf_puts(b, c->number ? "yes" : "no");
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

static bool in_text(const struct table *t, size_t column)
{
	const struct table_column *c = &t->columns[column];
	size_t rows = table_rows(t);
	bool some = c->type != TABLE_TEXT || rows == 0;
	for (size_t row = 0; row < rows && !some; row++)
		some = t->cells.v[row * t->ncolumns + column].text.n;
	return c->title && c->type != TABLE_JSON_VALUE && some;
}

/* Columns a terminal would show: width in characters, not bytes. */
static size_t width_of(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* One row of texts, its columns W wide. */
static void print_row(const struct table *t, char *const *texts, const bool *shown, const size_t *widths, FILE *out)
{
	CLEANUP_BUF struct buf line = BUF_INIT;
	for (size_t i = 0; i < t->ncolumns; i++) {
		if (!shown[i])
			continue;
		const char *text = texts ? texts[i] : t->columns[i].title;
		size_t own = width_of(text);
		int pad = own < widths[i] ? (int)(widths[i] - own) : 0;
		bool right = t->columns[i].type == TABLE_COUNT;
		buf_printf(&line, "%*s%s%*s  ", right ? pad : 0, "", text, right ? 0 : pad, "");
	}
	while (line.n && line.p[line.n - 1] == ' ')
		line.p[--line.n] = '\0';
	fprintf(out, "%s\n", line.p ? line.p : "");
}

static void print_plain(const struct table *t, FILE *out)
{
	size_t rows = table_rows(t), n = t->ncolumns;
	bool *shown = xcalloc(n, sizeof(*shown));
	size_t *widths = xcalloc(n, sizeof(*widths));
	char **texts = xcalloc(rows * n + 1, sizeof(*texts));
	for (size_t i = 0; i < n; i++) {
		shown[i] = in_text(t, i);
		widths[i] = shown[i] ? strlen(t->columns[i].title) : 0;
	}
	for (size_t k = 0; k < rows * n; k++) {
		if (!shown[k % n])
			continue;
		struct buf b = BUF_INIT;
		cell_text(&t->columns[k % n], &t->cells.v[k], &b);
		texts[k] = buf_take(&b);
		widths[k % n] = MAX(widths[k % n], MIN(width_of(texts[k]), (size_t)TABLE_PAD_MAX));
	}
	print_row(t, NULL, shown, widths, out);
	for (size_t row = 0; row < rows; row++)
		print_row(t, texts + row * n, shown, widths, out);
	for (size_t k = 0; k < rows * n; k++)
		free(texts[k]);
	free(texts);
	free(widths);
	free(shown);
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
