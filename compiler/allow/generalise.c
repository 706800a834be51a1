/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Builds the ladder, then reads every observation in the store once and asks each step whether it
 * would admit it. Counting what was recorded elsewhere shows what a wide rule means in this fleet, not in theory.
 */
#include "compiler/allow/generalise.h"

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
	int64_t workload;
	const struct chosen *chosen;   /* of the workload: what is allowed already, or asked about */
	bool changes_only;             /* of files: reads do not count */
	struct map **own, **elsewhere, **entries;   /* objects, per proposal */
};

static struct map **new_maps(struct counting *c)
{
	struct map **maps = arena_alloc(c->arena, (c->n + 1) * sizeof(*maps));
	for (size_t i = 0; i < c->n; i++)
		maps[i] = map_new();
	return maps;
}

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

static void count_row(struct counting *c, const struct observation_row *row, struct str object)
{
	bool own = row->o.workload == c->workload, fresh;
	if (c->changes_only && row->o.kind == KIND_FILE && !(row->o.access & ACCESS_CHANGES))
		return;
	bool taken = own && c->chosen->takes(c->chosen->arg, row);
	for (size_t i = 0; i < c->n; i++) {
		struct proposal *p = &c->v[i];
		if (!rule_covers(&p->rule, &row->o))
			continue;
		map_add(own ? c->own[i] : c->elsewhere[i], object, &fresh);
		p->covers += own;
		p->denied += own && row->choice == CHOICE_DENY;
		p->surplus += own && !taken;
		if (own && fresh && !taken)
			add_example(c, p, object);
		if (taken)
			map_add(c->entries[i], object, &fresh);
	}
}

static int count_rows(struct store *s, struct counting *c, int kind)
{
	CLEANUP(store_cursor_close) struct store_cursor *cursor = NULL;
	CLEANUP_BUF struct buf object = BUF_INIT;
	struct observation_query q = OBSERVATION_QUERY_ALL;
	q.kind = kind;
	int n = store_observations(s, &q, &cursor);
	if (n)
		return n;
	struct observation_row row;
	while ((n = store_cursor_next(cursor, &row)) == 1) {
		buf_clear(&object);
		object_text(&object, &row.o);
		count_row(c, &row, buf_view(&object));
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

static int count_all(struct store *s, struct counting *c, int kind)
{
	c->own = new_maps(c);
	c->elsewhere = new_maps(c);
	c->entries = new_maps(c);
	int err = count_rows(s, c, kind);
	for (size_t i = 0; i < c->n; i++) {
		finish_elsewhere(c, i);
		c->v[i].entries = map_size(c->entries[i]);
		map_free(c->own[i]);
		map_free(c->elsewhere[i]);
		map_free(c->entries[i]);
	}
	return err;
}

/* The exact form first; none for what no rule can name. */
static void ladder_of(struct arena *a, const struct observation *o, struct proposal *v, size_t *n)
{
	if (o->kind == KIND_CONNECT && o->address.family)
		network_ladder(o, v, n);
	else if ((o->kind == KIND_EXEC || o->kind == KIND_FILE) && o->path_known && o->path.n &&
		 !(o->tags & (TAG_PATH_CUT | TAGS_NO_PATH)))
		path_ladder(a, o, v, n);
}

/* The observation that is asked about counts as allowed. */
static bool is_asked(const void *arg, const struct observation_row *row)
{
	const struct observation_row *asked = arg;
	CLEANUP_BUF struct buf mine = BUF_INIT, its = BUF_INIT;
	if (row->choice == CHOICE_ALLOW)
		return true;
	object_text(&mine, &row->o);
	object_text(&its, &asked->o);
	return str_eq(buf_view(&mine), buf_view(&its));
}

int generalise(struct store *s, struct arena *a, const struct observation_row *row,
	       struct proposal **ret, size_t *ret_n)
{
	const struct chosen asked = {is_asked, row};
	struct counting c = {.arena = a, .v = arena_alloc(a, GENERALISE_STEPS * sizeof(*c.v)),
			     .workload = row->o.workload, .chosen = &asked};
	ladder_of(a, &row->o, c.v, &c.n);
	if (c.n == 0)
		return -EINVAL;
	int err = count_all(s, &c, row->o.kind);
	if (err)
		return err;
	*ret = c.v;
	*ret_n = c.n;
	return 0;
}

/* ---- of all that is chosen ---- */

struct candidates {
	struct arena *arena;
	struct map *keys;
	struct proposal *v;
	size_t n;
};

/* What the steps of two ladders have in common; a file rule admits what all of its files need. */
static void add_candidate(struct candidates *c, const struct rule *r)
{
	CLEANUP_BUF struct buf key = BUF_INIT;
	struct rule same = *r;
	same.access = 0;
	buf_printf(&key, "%d ", (int)r->kind);
	rule_print(&key, &same);
	bool fresh;
	uint32_t at = map_add(c->keys, buf_view(&key), &fresh);
	if (fresh)
		*ARENA_PUSH(c->arena, c->v, c->n) = (struct proposal){.rule = *r};
	c->v[at].rule.access |= r->access;
}

static int collect(struct store *s, int64_t workload, const struct chosen *chosen, struct candidates *c)
{
	CLEANUP(store_cursor_close) struct store_cursor *cursor = NULL;
	struct observation_query q = OBSERVATION_QUERY_ALL;
	q.workload = workload;
	int n = store_observations(s, &q, &cursor);
	if (n)
		return n;
	struct observation_row row;
	while ((n = store_cursor_next(cursor, &row)) == 1) {
		struct proposal steps[GENERALISE_STEPS];
		size_t nsteps = 0;
		if (!chosen->takes(chosen->arg, &row))
			continue;
		ladder_of(c->arena, &row.o, steps, &nsteps);
		for (size_t i = 1; i < nsteps; i++)
			add_candidate(c, &steps[i].rule);
	}
	return n;
}

/* Is B as wide as A or wider, and nothing but wider? */
static bool within(const struct rule *a, const struct rule *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind != KIND_CONNECT)
		return path_covers(b->path, a->path);
	return a->port_first >= b->port_first && a->port_last <= b->port_last && (!b->protocol || a->protocol == b->protocol) &&
	       (!b->network.family || (a->network.family == b->network.family && a->prefix >= b->prefix &&
				       network_covers(&b->network, b->prefix, &a->network)));
}

static bool is_worth(const struct proposal *v, size_t n, size_t at)
{
	bool worth = v[at].entries >= 2;
	for (size_t i = 0; i < n && worth; i++)
		worth = i == at || v[i].entries != v[at].entries || !within(&v[i].rule, &v[at].rule);
	return worth;
}

static int by_rule(const void *pa, const void *pb)
{
	const struct proposal *a = pa, *b = pb;
	CLEANUP_BUF struct buf x = BUF_INIT, y = BUF_INIT;
	rule_print(&x, &a->rule);
	rule_print(&y, &b->rule);
	if (a->rule.kind != b->rule.kind)
		return a->rule.kind < b->rule.kind ? -1 : 1;
	return str_cmp(buf_view(&x), buf_view(&y));
}

int generalise_chosen(struct store *s, struct arena *a, int64_t workload, const struct chosen *chosen,
		      struct proposal **ret, size_t *ret_n)
{
	struct candidates all = {.arena = a, .keys = map_new()};
	int err = collect(s, workload, chosen, &all);
	map_free(all.keys);
	struct counting c = {.arena = a, .v = all.v, .n = all.n, .workload = workload, .chosen = chosen,
			     .changes_only = true};
	if (!err)
		err = count_all(s, &c, -1);
	if (err)
		return err;
	struct proposal *kept = NULL;
	size_t n = 0;
	for (size_t i = 0; i < all.n; i++)
		if (is_worth(all.v, all.n, i))
			*ARENA_PUSH(a, kept, n) = all.v[i];
	if (n)
		qsort(kept, n, sizeof(*kept), by_rule);
	*ret = kept;
	*ret_n = n;
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

/* The option of 'stakeout allow --edit' that adds it. */
static void add_cell(struct table *t, const struct rule *r)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_printf(&b, "--add-%s ", kind_name(r->kind));
	buf_str(&b, r->path);
	for (int bit = 0, some = 0; r->kind == KIND_FILE && bit < ACCESS_COUNT; bit++)
		if (r->access & 1u << bit)
			buf_printf(&b, "%s%s", some++ ? "," : ":", access_name((enum access_bit)bit));
	if (r->kind == KIND_CONNECT) {
		CLEANUP_BUF struct buf address = BUF_INIT;
		address_print(&address, &r->network);
		if (r->network.family == 6)
			buf_printf(&b, "[%s/%u]", address.p, r->prefix);
		else if (r->network.family)
			buf_printf(&b, "%s/%u", address.p, r->prefix);
		else
			buf_puts(&b, "any");
		if (r->port_first == r->port_last)
			buf_printf(&b, ":%u", r->port_first);
		else
			buf_puts(&b, ":any");
		if (r->protocol == 6 || r->protocol == 17)
			buf_puts(&b, r->protocol == 6 ? "/tcp" : "/udp");
	}
	table_str(t, buf_view(&b));
}

struct table *listing_proposals(const struct proposal *p, size_t n)
{
	static const struct table_column columns[] = {
		{"step", NULL, TABLE_COUNT},       {"rule", NULL, TABLE_TEXT},
		{"kind", NULL, TABLE_TEXT},         {NULL, "PROPOSAL", TABLE_TEXT},
		{"entries", "STANDS FOR", TABLE_COUNT},        {"path", NULL, TABLE_TEXT},
		{"cidr", NULL, TABLE_TEXT},          {"port_first", NULL, TABLE_COUNT},
		{"port_last", NULL, TABLE_COUNT},    {"protocol", NULL, TABLE_COUNT},
		{"covers", NULL, TABLE_COUNT},   {"surplus", "SURPLUS", TABLE_COUNT},
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
		add_cell(t, r);
		table_u64(t, p[i].entries);
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
