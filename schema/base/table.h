/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A listing, built once and printed as aligned text for people or as JSON, one object a line.
 *
 *	static const struct table_column columns[] = {
 *		{"name", "WORKLOAD", TABLE_TEXT}, {"count", "COUNT", TABLE_COUNT},
 *	};
 *	struct table *t = table_new(columns, ARRAY_SIZE(columns));
 *	table_str(t, name); table_u64(t, n);        next row begins by itself
 *	table_print(t, json ? TABLE_JSON : TABLE_PLAIN, stdout);
 *
 * Text: a column of strings that are all empty is left out; one cell wider than TABLE_PAD_MAX characters shifts its own row,
 * not all of them. Nothing is cut.
 */
#pragma once

#include <stdio.h>

#include "schema/base/buf.h"

enum table_type {
	TABLE_TEXT,    /* JSON string */
	TABLE_COUNT,   /* JSON number; text right-aligned with separators */
	TABLE_TIME,    /* ns since 1970: JSON RFC 3339 string or null; text to the second */
	TABLE_BOOL,    /* JSON bool; text yes or no */
	TABLE_JSON_VALUE, /* a ready JSON value; not shown in text */
};

/* A column without a key is text only, one without a title JSON only. */
struct table_column {
	const char *key, *title;
	enum table_type type;
};

enum { TABLE_PAD_MAX = 64 };

enum table_format { TABLE_PLAIN, TABLE_JSON };

struct table;
struct table *table_new(const struct table_column *columns, size_t n);
void table_free(struct table *t);
DEFINE_CLEANUP(struct table *, table_free)

/* Cells in column order; the type must be the column's (an assert). Strings are copied. */
void table_str(struct table *t, struct str s);
void table_u64(struct table *t, uint64_t v);
void table_bool(struct table *t, bool v);
size_t table_rows(const struct table *t);

void table_print(const struct table *t, enum table_format format, FILE *out);
/* One row's JSON object, for the HTTP API. */
void table_json_row(const struct table *t, size_t row, struct buf *b);
