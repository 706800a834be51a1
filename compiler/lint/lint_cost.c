/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a policy takes of what is limited, and about how much kernel memory. The counts are the agent's own arithmetic. The
 * memory is an estimate: for each program the maps that it comes with and the buffers for each CPU, for each table its
 * entries with what the kernel keeps beside them, and the large maps that only some actions bring. What does not grow with
 * the policy (the process table, the ring buffer) is the agent's and not counted.
 */
#include "compiler/lint/lint_selectors.h"

enum {
	PROGRAM_BYTES = 320 << 10,      /* of one hook kind: its tail calls, compiled */
	CPU_EVENT_BYTES = 25 << 10,     /* buffer for one event */
	CPU_DATA_BYTES = 32 << 10,      /* buffer for one long argument */
	CPU_STRING_BYTES = 9 << 10,     /* buffers for strings on their way into a lookup */
	HOOK_BYTES = 4096 + 1024,       /* selectors and configuration */
	ENTRY_BYTES = 64,               /* what a hash table keeps beside key and value */
	PREFIX_BYTES = 256 + 48,        /* an entry of a trie of prefixes */
	PATH_BYTES = 256 + ENTRY_BYTES,
	NUMBER_BYTES = 16 + ENTRY_BYTES,
	ADDRESS_BYTES = 24 + 48,
};

/* Maps of a fixed number of entries, there once something needs them. */
static const struct fixed {
	const char *what;
	uint64_t entries, bytes;
} fixed_maps[] = {
	{"calls in flight", 1024, 64 + ENTRY_BYTES},
	{"rate limits", 32768, 240 + ENTRY_BYTES},
	{"overrides", 32768, 16 + ENTRY_BYTES},
	{"stack traces", 32768, 127 * 8},
	{"sockets", 32000, 48 + ENTRY_BYTES},
	{"notices", 32768, 16 + ENTRY_BYTES},
};
enum { MAP_RETURNS, MAP_RATES, MAP_OVERRIDES, MAP_STACKS, MAP_SOCKETS, MAP_NOTICES, MAP_COUNT };

struct counting {
	const struct policy *policy;
	struct lint_cost *cost;
	bool needs[MAP_COUNT];
	struct map *lists;              /* their names */
	const struct policy_list **by_name;
};

static uint64_t fixed_bytes(unsigned map)
{
	return fixed_maps[map].entries * fixed_maps[map].bytes;
}

/* ---- values ---- */

static uint64_t string_bytes(const struct strs *values)
{
	uint64_t n = 0;
	for (size_t i = 0; i < values->n; i++) {
		size_t k = 0;
		while (k + 1 < POLICY_STRING_CLASSES && values->v[i].n > policy_string_classes[k])
			k++;
		n += policy_string_classes[k] + ENTRY_BYTES;
	}
	return n;
}

/* "80:443" is an entry for each number. */
static uint64_t set_bytes(const struct strs *values)
{
	uint64_t n = 0;
	for (size_t i = 0; i < values->n; i++) {
		struct str v = values->v[i];
		const char *colon = v.n > 1 ? memchr(v.p + 1, ':', v.n - 1) : NULL;
		int64_t a = 0, b = 0;
		bool range = colon && str_to_i64((struct str){v.p, (size_t)(colon - v.p)}, 10, &a) == 0 &&
			     str_to_i64(str_skip(v, (size_t)(colon - v.p) + 1), 10, &b) == 0;
		uint64_t width = range ? (a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b) : 0;
		n += MIN(width, (uint64_t)UINT32_MAX) + 1;
	}
	return n * NUMBER_BYTES;
}

static uint64_t filter_bytes(const struct hook *h, const struct arg_filter *f, bool data)
{
	const struct spec_arg *arg = policy_filter_arg(h, f, data);
	if (!arg)
		return 0;
	switch (policy_operator_rule(f->op, arg->type)->storage) {
	case TABLE_STRING:
		return string_bytes(&f->values);
	case TABLE_PREFIX:
	case TABLE_POSTFIX:
	case TABLE_SUBSTRING:
		return f->values.n * PREFIX_BYTES;
	case TABLE_SET:
		return set_bytes(&f->values);
	case TABLE_ADDRESS:
		return f->values.n * ADDRESS_BYTES;
	default:
		return 0;
	}
}

static uint64_t selector_bytes(const struct hook *h, const struct selector *s)
{
	uint64_t n = 0;
	for (size_t i = 0; i < s->nargs; i++)
		n += filter_bytes(h, &s->args[i], false);
	for (size_t i = 0; i < s->ndata; i++)
		n += filter_bytes(h, &s->data[i], true);
	for (size_t i = 0; i < s->nbinaries; i++)
		n += s->binaries[i].values.n * PATH_BYTES;
	for (size_t i = 0; i < s->nparent_binaries; i++)
		n += s->parent_binaries[i].values.n * PATH_BYTES;
	return n;
}

/* ---- hooks ---- */

static void need(struct counting *n, const struct hook *h, const struct action *a, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		n->needs[MAP_RATES] |= a[i].rate_limit.n > 0;
		n->needs[MAP_STACKS] |= a[i].kernel_stack || a[i].user_stack;
		n->needs[MAP_OVERRIDES] |= a[i].action == ACTION_OVERRIDE && h->section == SECTION_KPROBE;
		n->needs[MAP_SOCKETS] |= a[i].action == ACTION_TRACK_SOCK;
		n->needs[MAP_NOTICES] |= a[i].action == ACTION_NOTIFY_ENFORCER;
	}
}

/* How many hooks a line of the policy makes: a list has one for each call. */
static unsigned places(const struct counting *c, const struct hook *h)
{
	uint32_t i = c->lists && str_starts(h->call, STR("list:")) ? map_find(c->lists, str_skip(h->call, 5)) : MAP_NONE;
	const struct policy_list *l = i == MAP_NONE ? NULL : c->by_name[i];
	size_t n = l ? l->values.n : h->section == SECTION_UPROBE ? h->symbols.n + h->noffsets + h->naddrs : 1;
	return (unsigned)MAX(n, (size_t)1);
}

static void fullest(struct lint_cost_tables *most, const struct policy_tables *t)
{
	for (unsigned i = 0; i < POLICY_STRING_CLASSES; i++)
		most->strings = MAX(most->strings, t->equal[i]);
	most->prefixes = MAX(most->prefixes, t->prefix);
	most->postfixes = MAX(most->postfixes, t->postfix);
	most->sets = MAX(most->sets, t->set);
	most->addresses4 = MAX(most->addresses4, t->address4);
	most->addresses6 = MAX(most->addresses6, t->address6);
	most->substrings = MAX(most->substrings, t->substring);
	most->expressions = MAX(most->expressions, t->cel);
}

/* H with its macros in its selectors. */
static void count_hook(struct counting *n, const struct hook *h, struct policy_tables *shared, bool multi)
{
	struct policy_tables own = {0};
	unsigned hooks = places(n, h);
	uint64_t values = 0;
	for (size_t i = 0; i < h->nselectors; i++) {
		const struct selector *s = &h->selectors[i];
		values += selector_bytes(h, s);
		need(n, h, s->actions, s->nactions);
		need(n, h, s->return_actions, s->nreturn_actions);
		n->cost->filter_slots += s->nworkloads > 0;
	}
	n->needs[MAP_RETURNS] |= h->ret;
	n->needs[MAP_SOCKETS] |= str_eq(h->return_arg_action, STR("TrackSock"));
	policy_count_tables(h, &own);
	if (multi)
		policy_count_tables(h, shared);
	fullest(&n->cost->tables, &own);
	n->cost->hooks += hooks;
	n->cost->programs += multi ? 0 : hooks * (1 + h->ret);
	n->cost->area_bytes = MAX(n->cost->area_bytes, policy_selector_area(h));
	n->cost->memory_bytes += hooks * HOOK_BYTES + (multi ? values : values * hooks);
}

static void memory(struct counting *n)
{
	struct lint_cost *c = n->cost;
	uint64_t cpu = (uint64_t)c->cpus * (CPU_EVENT_BYTES + CPU_DATA_BYTES + CPU_STRING_BYTES);
	c->memory_bytes += c->programs * (PROGRAM_BYTES + cpu);
	for (unsigned i = 0; i < MAP_COUNT; i++)
		if (n->needs[i])
			c->memory_bytes += fixed_bytes(i);
}

static struct hook whole_hook(const struct lint_context *c, const struct hook *h, struct arena *arena)
{
	struct hook whole = *h;
	whole.selectors = arena_alloc(arena, (h->nselectors + 1) * sizeof(*whole.selectors));
	for (size_t i = 0; i < h->nselectors; i++)
		whole.selectors[i] = lint_whole(c, &h->selectors[i]);
	return whole;
}

void lint_cost(const struct policy *p, const struct target *t, unsigned cpus, struct lint_cost *ret)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct lint_context c = {.policy = p, .target = t};
	CLEANUP(map_free) struct map *macros = lint_index_macros(&c);
	(void)macros;
	struct counting n = {.policy = p, .cost = ret, .lists = p->nlists ? map_new() : NULL,
			     .by_name = arena_alloc(arena, (p->nlists + 1) * sizeof(*n.by_name))};
	for (size_t i = 0; i < p->nlists; i++)
		n.by_name[map_add(n.lists, p->lists[i].name, NULL)] = &p->lists[i];
	struct policy_tables shared = {0};
	bool multi = policy_kprobe_multi(p, t), returns = false, kprobes = false;
	*ret = (struct lint_cost){.cpus = cpus ? cpus : LINT_CPUS};
	for (size_t i = 0; i < p->nhooks; i++) {
		struct hook h = whole_hook(&c, &p->hooks[i], arena);
		bool together = multi && h.section == SECTION_KPROBE;
		kprobes |= together;
		returns |= together && h.ret;
		count_hook(&n, &h, &shared, together);
	}
	ret->programs += kprobes + returns;
	/* One program holds the strings, prefixes and postfixes of all its kprobes; the other tables are each hook's. */
	fullest(&ret->tables, &(struct policy_tables){.prefix = shared.prefix, .postfix = shared.postfix});
	for (unsigned i = 0; i < POLICY_STRING_CLASSES; i++)
		ret->tables.strings = MAX(ret->tables.strings, shared.equal[i]);
	ret->tables.expressions = MAX(ret->tables.expressions, shared.cel);
	ret->filter_slots += t->kubernetes && (p->namespaced || p->pod || p->container || p->host);
	memory(&n);
	map_free(n.lists);
}

/* ---- printing ---- */

static void put_size(struct buf *b, uint64_t bytes)
{
	if (bytes < 1 << 20)
		buf_printf(b, "%llu KiB", (unsigned long long)((bytes + 1023) >> 10));
	else
		buf_printf(b, "%.1f MiB", (double)bytes / (1 << 20));
}

static unsigned most_tables(const struct lint_cost_tables *t)
{
	unsigned most = MAX(MAX(t->strings, t->prefixes), MAX(t->postfixes, t->sets));
	return MAX(most, MAX(MAX(t->addresses4, t->addresses6), t->expressions));
}

void lint_cost_text(const struct lint_cost *c, struct buf *b)
{
	buf_puts(b, "about ");
	put_size(b, c->memory_bytes);
	buf_printf(b, " of kernel memory with %u CPUs; hooks: %u, in programs: %u; selector area %zu of %d bytes, tables of a "
		   "kind %u of %d, policy filter slots %u of %d",
		   c->cpus, c->hooks, c->programs, c->area_bytes, POLICY_AREA_MAX, most_tables(&c->tables), POLICY_TABLES_MAX,
		   c->filter_slots, LINT_FILTER_SLOTS);
}

void lint_cost_json(const struct lint_cost *c, struct buf *b)
{
	const struct lint_cost_tables *t = &c->tables;
	buf_printf(b, "{\"memory_bytes\":%llu,\"cpus\":%u,\"hooks\":%u,\"programs\":%u,\"filter_slots\":%u,"
		   "\"filter_slots_max\":%d,\"area_bytes\":%zu,\"area_bytes_max\":%d,",
		   (unsigned long long)c->memory_bytes, c->cpus, c->hooks, c->programs, c->filter_slots, LINT_FILTER_SLOTS,
		   c->area_bytes, POLICY_AREA_MAX);
	buf_printf(b, "\"tables\":{\"strings\":%u,\"prefixes\":%u,\"postfixes\":%u,\"sets\":%u,\"addresses4\":%u,"
		   "\"addresses6\":%u,\"substrings\":%u,\"expressions\":%u},\"tables_max\":%d}",
		   t->strings, t->prefixes, t->postfixes, t->sets, t->addresses4, t->addresses6, t->substrings, t->expressions,
		   POLICY_TABLES_MAX);
}
