/* SPDX-License-Identifier: GPL-2.0-only */
/* A depth-first walk from the callers that nobody was seen to start. */
#include "compiler/eval/proctree.h"

#include "schema/base/map.h"
#include "schema/listing.h"

struct walk {
	struct table *table;
	const struct observation_row *rows;
	size_t n;
	struct map *programs;       /* path -> number */
	uint32_t *caller, *callee;  /* per row */
	uint32_t *first, *next;     /* rows by caller: heads, links; MAP_NONE ends */
	bool *open;                 /* per program: on the way from the root to here */
	bool *shown;                /* per program: its children were listed */
};

static struct str name_of(const struct observation *o)
{
	return o->path.n ? o->path : o->filename.n ? o->filename : STR("(memfd)");
}

static void add_row(struct walk *w, unsigned depth, struct str program, const struct observation *o,
		    bool repeated)
{
	CLEANUP_BUF struct buf shown = BUF_INIT, tags = BUF_INIT, how = BUF_INIT;
	if (o)
		observation_how(&how, o);
	buf_printf(&shown, "%*s", (int)(2 * depth), "");
	buf_str(&shown, program);
	buf_puts(&shown, repeated ? " ..." : "");
	buf_putc(&tags, '[');
	for (unsigned bit = 0; o && bit < TAG_COUNT; bit++)
		if (o->tags & 1u << bit)
			buf_printf(&tags, "%s\"%s\"", tags.n > 1 ? "," : "", tag_name((enum tag_bit)bit));
	buf_putc(&tags, ']');
	table_u64(w->table, depth);
	table_str(w->table, buf_view(&shown));
	table_str(w->table, program);
	table_str(w->table, o ? o->subject : (struct str){NULL, 0});
	table_u64(w->table, o ? o->count : 0);
	table_u64(w->table, o ? o->instances : 0);
	table_str(w->table, buf_view(&tags));
	table_u64(w->table, o ? o->first_ns : 0);
	table_u64(w->table, o ? o->last_ns : 0);
	table_str(w->table, buf_view(&how));
	table_bool(w->table, repeated);
}

static void visit(struct walk *w, uint32_t program, unsigned depth)
{
	w->open[program] = true;
	w->shown[program] = true;
	for (uint32_t i = w->first[program]; i != MAP_NONE; i = w->next[i]) {
		uint32_t child = w->callee[i];
		bool has_children = w->first[child] != MAP_NONE;
		/* Listed elsewhere already: a program that everything calls must not multiply the tree. */
		bool repeated = has_children && (w->open[child] || w->shown[child] || depth >= PROCTREE_DEPTH);
		if (table_rows(w->table) >= PROCTREE_ROWS)
			break;
		add_row(w, depth, name_of(&w->rows[i].o), &w->rows[i].o, repeated);
		if (has_children && !repeated)
			visit(w, child, depth + 1);
	}
	w->open[program] = false;
}

static void link_rows(struct walk *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct observation *o = &w->rows[i].o;
		w->caller[i] = map_add(w->programs, o->subject.n ? o->subject : STR("(unknown)"), NULL);
		w->callee[i] = map_add(w->programs, name_of(o), NULL);
	}
	uint32_t programs = map_size(w->programs);
	w->first = xreallocarray(NULL, programs + 1, sizeof(*w->first));
	memset(w->first, 0xff, (programs + 1) * sizeof(*w->first));
	w->open = xcalloc(programs + 1, sizeof(*w->open));
	w->shown = xcalloc(programs + 1, sizeof(*w->shown));
	for (size_t i = w->n; i-- > 0;) { /* backwards, so that the links keep the order of the rows */
		w->next[i] = w->first[w->caller[i]];
		w->first[w->caller[i]] = (uint32_t)i;
	}
}

static void walk_all(struct walk *w)
{
	uint32_t programs = map_size(w->programs);
	bool *started = xcalloc(programs + 1, sizeof(*started));
	for (size_t i = 0; i < w->n; i++)
		started[w->callee[i]] |= w->caller[i] != w->callee[i];
	/* First those nobody started, then what is left: circles without an entry. */
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t p = 0; p < programs; p++) {
			if (w->first[p] == MAP_NONE || w->shown[p] || (pass == 0 && started[p]))
				continue;
			add_row(w, 0, map_key(w->programs, p), NULL, false);
			visit(w, p, 1);
		}
	}
	free(started);
}

struct table *proctree(const struct observation_row *rows, size_t n)
{
	static const struct table_column columns[] = {
		{"depth", NULL, TABLE_COUNT},      {NULL, "PROGRAM", TABLE_TEXT},
		{"path", NULL, TABLE_TEXT},        {"subject", NULL, TABLE_TEXT},
		{"count", "COUNT", TABLE_COUNT},   {"instances", "INSTANCES", TABLE_COUNT},
		{"tags", NULL, TABLE_JSON_VALUE},  {"first_ns", "FIRST", TABLE_TIME},
		{"last_ns", "LAST", TABLE_TIME},   {NULL, "HOW", TABLE_TEXT},
		{"repeated", NULL, TABLE_BOOL},
	};
	struct walk w = {.table = table_new(columns, ARRAY_SIZE(columns)),
			 .rows = rows,
			 .n = n,
			 .programs = map_new(),
			 .caller = xcalloc(n + 1, sizeof(uint32_t)),
			 .callee = xcalloc(n + 1, sizeof(uint32_t)),
			 .next = xcalloc(n + 1, sizeof(uint32_t))};
	link_rows(&w);
	walk_all(&w);
	map_free(w.programs);
	free(w.caller);
	free(w.callee);
	free(w.next);
	free(w.first);
	free(w.open);
	free(w.shown);
	return w.table;
}
