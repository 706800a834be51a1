/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Builds the ladder, then reads every observation in the store once and asks each step whether it
 * would admit it. Counting what was recorded elsewhere shows what a wide rule means in this fleet, not in theory.
 */
#include "compiler/generalise.h"

#include "schema/allowlist.h"
#include "schema/base/map.h"

/* ---- the ladder ---- */

static void add_step(struct proposal *v, size_t *n, struct rule like)
{
	if (*n < GENERALISE_STEPS)
		v[(*n)++] = (struct proposal){.rule = like};
}

static void path_ladder(struct arena *a, const struct observation *o, struct proposal *v, size_t *n)
{
	struct rule r = {.kind = o->kind, .path = arena_str(a, o->path)};
	if (o->kind == KIND_FILE)
		r.access = o->access & ACCESS_CHANGES;
	add_step(v, n, r);
	while (r.path.n > 1) {
		do
			r.path.n--;
		while (r.path.n && r.path.p[r.path.n - 1] != '/');
		if (r.path.n <= 1) /* the root admits everything: that is no proposal */
			break;
		add_step(v, n, r);
	}
}

static void mask(struct address *address, unsigned prefix)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = prefix >= 8 * (i + 1) ? 8 : prefix > 8 * i ? prefix - 8 * i : 0;
		address->bytes[i] &= (uint8_t)(0xff00 >> keep);
	}
}

static void network_ladder(const struct observation *o, struct proposal *v, size_t *n)
{
	static const uint8_t v4[] = {32, 24, 16, 8}, v6[] = {128, 64, 48, 32};
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	struct rule r = {.kind = KIND_CONNECT,
			 .network = o->address,
			 .port_first = o->address.port,
			 .port_last = o->address.port,
			 .protocol = o->protocol};
	r.network.port = 0;
	if (r.network.family == 6 && !memcmp(r.network.bytes, mapped, sizeof(mapped))) {
		memmove(r.network.bytes, r.network.bytes + 12, 4);
		memset(r.network.bytes + 4, 0, 12);
		r.network.family = 4;
	}
	const uint8_t *prefixes = r.network.family == 4 ? v4 : v6;
	for (size_t i = 0; i < ARRAY_SIZE(v4); i++) {
		r.prefix = prefixes[i];
		mask(&r.network, r.prefix);
		add_step(v, n, r);
	}
	r.network = (struct address){0};
	r.prefix = 0;
	add_step(v, n, r);
	r.network = v[0].rule.network;
	r.prefix = prefixes[0];
	r.port_first = 0;
	r.port_last = UINT16_MAX;
	add_step(v, n, r);
}

/* ---- surplus ---- */

struct counting {
	struct arena *arena;
	struct proposal *v;
	size_t n;
	struct map *own[GENERALISE_STEPS], *elsewhere[GENERALISE_STEPS];
};

static void object_text(struct buf *b, const struct observation *o)
{
	if (o->kind == KIND_CONNECT)
		endpoint_print(b, o);
	else
		buf_str(b, o->path);
}

static void add_example(struct counting *c, struct proposal *p, struct str text)
{
	if (p->nexamples < GENERALISE_EXAMPLES)
		p->examples[p->nexamples++] = arena_str(c->arena, text);
}

static void count_row(struct counting *c, const struct observation_row *asked,
		      const struct observation_row *row, struct str object, struct str asked_object)
{
	bool own = row->o.workload == asked->o.workload;
	for (size_t i = 0; i < c->n; i++) {
		struct proposal *p = &c->v[i];
		if (!rule_covers(&p->rule, &row->o))
			continue;
		p->covers += own;
		p->denied += own && row->choice == CHOICE_DENY;
		if (str_eq(object, asked_object))
			continue;
		bool fresh;
		map_add(own ? c->own[i] : c->elsewhere[i], object, &fresh);
		if (own && row->choice == CHOICE_ALLOW)
			continue;
		p->surplus += own;
		if (own && fresh)
			add_example(c, p, object);
	}
}

static int count_all(struct store *s, struct counting *c, const struct observation_row *asked)
{
	CLEANUP(store_cursor_close) struct store_cursor *cursor = NULL;
	CLEANUP_BUF struct buf asked_object = BUF_INIT, object = BUF_INIT;
	object_text(&asked_object, &asked->o);
	struct observation_query q = OBSERVATION_QUERY_ALL;
	q.kind = asked->o.kind;
	int n = store_observations(s, &q, &cursor);
	if (n)
		return n;
	struct observation_row row;
	while ((n = store_cursor_next(cursor, &row)) == 1) {
		buf_clear(&object);
		object_text(&object, &row.o);
		count_row(c, asked, &row, buf_view(&object), buf_view(&asked_object));
	}
	return n;
}

static void finish_elsewhere(struct counting *c, size_t i)
{
	for (uint32_t k = 0; k < map_size(c->elsewhere[i]); k++) {
		struct str object = map_key(c->elsewhere[i], k);
		if (map_find(c->own[i], object) != MAP_NONE)
			continue;
		c->v[i].elsewhere++;
		add_example(c, &c->v[i], object);
	}
}

int generalise(struct store *s, struct arena *a, const struct observation_row *row,
	       struct proposal **ret, size_t *ret_n)
{
	const struct observation *o = &row->o;
	struct counting c = {.arena = a, .v = arena_alloc(a, GENERALISE_STEPS * sizeof(*c.v))};
	if (o->kind == KIND_CONNECT && o->address.family)
		network_ladder(o, c.v, &c.n);
	else if ((o->kind == KIND_EXEC || o->kind == KIND_FILE) && o->path_known && o->path.n &&
		 !(o->tags & (TAG_PATH_CUT | TAG_MEMFD | TAG_DELETED)))
		path_ladder(a, o, c.v, &c.n);
	if (c.n == 0)
		return -EINVAL;
	for (size_t i = 0; i < c.n; i++) {
		c.own[i] = map_new();
		c.elsewhere[i] = map_new();
	}
	int err = count_all(s, &c, row);
	for (size_t i = 0; i < c.n; i++) {
		finish_elsewhere(&c, i);
		map_free(c.own[i]);
		map_free(c.elsewhere[i]);
	}
	if (err)
		return err;
	*ret = c.v;
	*ret_n = c.n;
	return 0;
}

/* ---- listing ---- */

static void examples_cell(struct table *t, const struct proposal *p)
{
	CLEANUP_BUF struct buf json = BUF_INIT, text = BUF_INIT;
	buf_putc(&json, '[');
	for (size_t i = 0; i < p->nexamples; i++) {
		buf_puts(&json, i ? "," : "");
		buf_json(&json, p->examples[i]);
		buf_puts(&text, i ? ", " : "");
		buf_str(&text, p->examples[i]);
	}
	buf_putc(&json, ']');
	table_str(t, buf_view(&json));
	table_str(t, buf_view(&text));
}

struct table *listing_proposals(const struct proposal *p, size_t n)
{
	static const struct table_column columns[] = {
		{"step", "STEP", TABLE_COUNT},       {"rule", "RULE", TABLE_TEXT},
		{"kind", "KIND", TABLE_TEXT},        {"path", NULL, TABLE_TEXT},
		{"cidr", NULL, TABLE_TEXT},          {"port_first", NULL, TABLE_COUNT},
		{"port_last", NULL, TABLE_COUNT},    {"protocol", NULL, TABLE_COUNT},
		{"covers", "COVERS", TABLE_COUNT},   {"surplus", "SURPLUS", TABLE_COUNT},
		{"denied", "DENIED", TABLE_COUNT},   {"elsewhere", "ELSEWHERE", TABLE_COUNT},
		{"examples", NULL, TABLE_JSON_VALUE}, {NULL, "EXAMPLES", TABLE_TEXT},
	};
	struct table *t = table_new(columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < n; i++) {
		const struct rule *r = &p[i].rule;
		CLEANUP_BUF struct buf text = BUF_INIT, cidr = BUF_INIT;
		rule_print(&text, r);
		address_print(&cidr, &r->network);
		if (cidr.n)
			buf_printf(&cidr, "/%u", r->prefix);
		table_u64(t, i);
		table_str(t, buf_view(&text));
		table_str(t, str_from(kind_name(r->kind)));
		table_str(t, r->path);
		table_str(t, buf_view(&cidr));
		table_u64(t, r->port_first);
		table_u64(t, r->port_last);
		table_u64(t, r->protocol);
		table_u64(t, p[i].covers);
		table_u64(t, p[i].surplus);
		table_u64(t, p[i].denied);
		table_u64(t, p[i].elsewhere);
		examples_cell(t, &p[i]);
	}
	return t;
}
