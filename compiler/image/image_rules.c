/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of an image, read back into rules. Ids become paths again; runs of ports lose what they repeat. */
#include "compiler/image/image_rules.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "compiler/image/image_eval.h"
#include "compiler/allow/lower.h"

const char *image_rule_kind_name(enum image_rule_kind k)
{
	static const char *const names[] = {
#define KIND(symbol, name) name,
		IMAGE_RULE_KINDS(KIND)
#undef KIND
	};
	return names[k];
}

struct reading {
	const struct image *i;
	struct arena *arena;
	struct { struct image_rule *v; size_t n, cap; } rules;
	struct str *paths;                /* by id; 0 is "any" */
	const struct image_path **entries;
};

static void add(struct reading *r, enum image_rule_kind kind, struct str object, struct str by, struct str grants)
{
	*VEC_PUSH(&r->rules) = (struct image_rule){kind, object, by, grants};
}

static void index_paths(struct reading *r)
{
	const struct image *i = r->i;
	uint32_t n = i->map[IMAGE_MAP_PATHS].n;
	r->paths = xcalloc(n + 1, sizeof(*r->paths));
	r->entries = xcalloc(n + 1, sizeof(*r->entries));
	r->paths[0] = STR("any");
	for (uint32_t k = 0; k < n; k++) {
		const struct image_path_key *key = image_entry(i, IMAGE_MAP_PATHS, k);
		const struct image_path *p = (const void *)(key + 1);
		r->entries[p->id] = p;
		r->paths[p->id] = (struct str){image_entry(i, IMAGE_MAP_BYTES, p->chunk), p->length};
	}
}

static struct str access_text(struct reading *r, uint32_t access)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	for (int bit = 0; bit < ACCESS_COUNT; bit++) {
		if (access & 1u << bit)
			buf_printf(&b, "%s%s", b.n ? " " : "", access_name(bit));
	}
	return arena_str(r->arena, buf_view(&b));
}

/* ---- by kind ---- */

static void read_mode(struct reading *r)
{
	static const char *const sections[] = {"exec", "file", "connect"};
	const struct image_settings *s = image_settings_of(r->i);
	add(r, IMAGE_RULE_MODE, STR("image"), STR(""), s->enforce ? STR("enforce") : STR("monitor"));
	for (size_t k = 0; k < ARRAY_SIZE(sections); k++)
		add(r, IMAGE_RULE_MODE, str_from(sections[k]), STR(""),
		    s->judges & 1u << k ? STR("judged") : STR("not judged"));
}

static void read_pairs(struct reading *r, enum image_map m)
{
	for (uint32_t k = 0; k < r->i->map[m].n; k++) {
		const struct image_pair *pair = image_entry(r->i, m, k);
		const uint32_t *value = (const void *)(pair + 1);
		bool exec = m == IMAGE_MAP_EXEC_PAIRS;
		add(r, exec ? IMAGE_RULE_EXEC : IMAGE_RULE_FILE, r->paths[pair->target], r->paths[pair->caller],
		    exec ? STR("start") : access_text(r, *value));
	}
}

static void read_exec(struct reading *r)
{
	for (uint32_t id = 1; id <= r->i->map[IMAGE_MAP_PATHS].n; id++) {
		if (r->entries[id]->flags & IMAGE_PATH_EXEC)
			add(r, IMAGE_RULE_EXEC, r->paths[id], r->paths[0], STR("start"));
		if (r->entries[id]->flags & IMAGE_PATH_RUNTIME)
			add(r, IMAGE_RULE_EXEC, r->paths[id], STR("itself"), STR("runtime"));
	}
	read_pairs(r, IMAGE_MAP_EXEC_PAIRS);
}

static void read_files(struct reading *r)
{
	uint32_t n = r->i->map[IMAGE_MAP_PATHS].n;
	for (uint32_t id = 1; id <= n; id++)
		if (r->entries[id]->flags & IMAGE_PATH_PROTECT)
			add(r, IMAGE_RULE_PROTECT, r->paths[id], STR(""), STR("judged"));
	for (uint32_t id = 1; id <= n; id++)
		if (r->entries[id]->access)
			add(r, IMAGE_RULE_FILE, r->paths[id], r->paths[0], access_text(r, r->entries[id]->access));
	read_pairs(r, IMAGE_MAP_FILE_PAIRS);
}

static struct str connect_text(struct reading *r, enum image_map m, const uint8_t *address, uint32_t bits,
			       const struct image_port *p)
{
	char text[INET6_ADDRSTRLEN], ports[16] = "any", protocol[8] = "any";
	inet_ntop(m == IMAGE_MAP_NET4 ? AF_INET : AF_INET6, address, text, sizeof(text));
	if (p->first == p->last)
		snprintf(ports, sizeof(ports), "%u", p->first);
	else if (p->first || p->last != UINT16_MAX)
		snprintf(ports, sizeof(ports), "%u-%u", p->first, p->last);
	if (p->protocol)
		snprintf(protocol, sizeof(protocol), "%u", p->protocol);
	return str_from(arena_printf(r->arena, "%s/%u %s/%s", text, bits, ports,
				     p->protocol == IPPROTO_TCP ? "tcp" : p->protocol == IPPROTO_UDP ? "udp" : protocol));
}

static bool run_has(const struct image *i, const struct image_net *net, const struct image_port *p)
{
	for (uint32_t k = net->first; k < net->first + net->count; k++) {
		const struct image_port *o = image_entry(i, IMAGE_MAP_PORTS, k);
		if (o->first == p->first && o->last == p->last && o->protocol == p->protocol && o->caller == p->caller)
			return true;
	}
	return false;
}

static void read_networks(struct reading *r, enum image_map m)
{
	for (uint32_t k = 0; k < r->i->map[m].n; k++) {
		const uint8_t *key = image_entry(r->i, m, k);
		struct image_net net;
		uint32_t bits;
		memcpy(&bits, key, sizeof(bits));
		memcpy(&net, key + image_key_size(m), sizeof(net));
		const struct image_net *around = bits ? image_find_network(r->i, m, key + 4, bits - 1) : NULL;
		for (uint32_t n = net.first; n < net.first + net.count; n++) {
			const struct image_port *p = image_entry(r->i, IMAGE_MAP_PORTS, n);
			if (around && run_has(r->i, around, p))
				continue;
			add(r, IMAGE_RULE_CONNECT, connect_text(r, m, key + 4, bits, p), r->paths[p->caller], STR("connect"));
		}
	}
}

static void read_guards(struct reading *r)
{
	for (uint32_t guard = 1; guard < 1u << IMAGE_GUARD_COUNT; guard <<= 1)
		if (image_settings_of(r->i)->guards & guard)
			add(r, IMAGE_RULE_GUARD, str_from(guard_name(guard)), r->paths[0], STR("forbidden"));
}

struct image_rules image_rules_of(const struct image *i, struct arena *arena)
{
	struct reading r = {.i = i, .arena = arena};
	index_paths(&r);
	read_mode(&r);
	read_exec(&r);
	read_files(&r);
	read_networks(&r, IMAGE_MAP_NET4);
	read_networks(&r, IMAGE_MAP_NET6);
	read_guards(&r);
	struct image_rules ret = {arena_alloc(arena, r.rules.n * sizeof(*ret.v)), r.rules.n};
	memcpy(ret.v, r.rules.v, r.rules.n * sizeof(*ret.v));
	free(r.rules.v);
	free(r.paths);
	free(r.entries);
	return ret;
}
