/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout image show|verify FILE: what an image holds, and whether it is whole. */
#include <arpa/inet.h>
#include <stdio.h>

#include "compiler/lower.h"
#include "compiler/verbs.h"
#include "schema/base/cli.h"
#include "schema/base/diag.h"
#include "schema/base/sha256.h"
#include "schema/base/table.h"

struct options {
	bool json;
};

static const struct cli_option options[] = {
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "one object a line"},
};

static const struct cli_verb verb = {
	"image", "show or verify a policy image", "show|verify FILE...", 2, -1, options, ARRAY_SIZE(options),
	"show lists the rules in the image's tables; verify says whether each file is whole, and its digests.\n",
};

/* ---- verify ---- */

static const struct table_column verify_columns[] = {
	{"file", "FILE", TABLE_TEXT},     {"name", "NAME", TABLE_TEXT},
	{"mode", "MODE", TABLE_TEXT},     {"format", "FORMAT", TABLE_COUNT},
	{"workload", "WORKLOAD", TABLE_TEXT}, {"tool", "TOOL", TABLE_TEXT},     {"bytes", "BYTES", TABLE_COUNT},
	{"allowlist", "ALLOWLIST", TABLE_TEXT}, {"digest", "DIGEST", TABLE_TEXT},
};



static void add_digest(struct table *t, const uint8_t digest[SHA256_SIZE])
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	sha256_hex(digest, &b);
	table_str(t, buf_view(&b));
}

static void verify_row(struct table *t, const char *file, const struct image *i)
{
	table_str(t, str_from(file));
	table_str(t, i->name);
	table_str(t, image_settings_of(i)->enforce ? STR("enforce") : STR("monitor"));
	table_u64(t, i->format);
	table_str(t, i->workload);
	table_str(t, i->tool);
	table_u64(t, i->bytes.n);
	add_digest(t, i->allowlist_digest);
	add_digest(t, i->digest);
}

/* ---- show ---- */

static const struct table_column show_columns[] = {
	{"table", "TABLE", TABLE_TEXT}, {"object", "OBJECT", TABLE_TEXT},
	{"by", "BY", TABLE_TEXT},       {"grants", "GRANTS", TABLE_TEXT},
};

/* Paths by id. */
static struct str *index_paths(const struct image *i)
{
	struct str *v = xcalloc(i->map[IMAGE_MAP_PATHS].n + 1, sizeof(*v));
	v[0] = STR("any");
	for (uint32_t k = 0; k < i->map[IMAGE_MAP_PATHS].n; k++) {
		const struct image_path_key *key = image_entry(i, IMAGE_MAP_PATHS, k);
		const struct image_path *p = (const void *)(key + 1);
		v[p->id] = (struct str){image_entry(i, IMAGE_MAP_BYTES, p->chunk), p->length};
	}
	return v;
}

static void add_row(struct table *t, const char *table, struct str object, struct str by, struct buf *grants)
{
	table_str(t, str_from(table));
	table_str(t, object);
	table_str(t, by);
	table_str(t, buf_view(grants));
	buf_clear(grants);
}

static void put_access(struct buf *b, uint32_t access)
{
	for (int bit = 0; bit < ACCESS_COUNT; bit++) {
		if (access & 1u << bit)
			buf_printf(b, "%s%s", b->n ? " " : "", access_name(bit));
	}
}

static void show_paths(const struct image *i, const struct str *paths, struct table *t)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	uint32_t n = i->map[IMAGE_MAP_PATHS].n;
	CLEANUP_FREE const struct image_path **by_id = xcalloc(n + 1, sizeof(*by_id));
	for (uint32_t k = 0; k < n; k++) {
		const struct image_path_key *key = image_entry(i, IMAGE_MAP_PATHS, k);
		const struct image_path *p = (const void *)(key + 1);
		by_id[p->id] = p;
	}
	for (uint32_t id = 1; id <= n; id++) {
		if (by_id[id]->flags & IMAGE_PATH_EXEC)
			buf_puts(&b, "start");
		if (by_id[id]->flags & IMAGE_PATH_PROTECT)
			buf_printf(&b, "%sprotected", b.n ? " " : "");
		if (by_id[id]->flags & IMAGE_PATH_RUNTIME)
			buf_printf(&b, "%sruntime", b.n ? " " : "");
		put_access(&b, by_id[id]->access);
		add_row(t, "paths", paths[id], paths[0], &b);
	}
}

static void show_pairs(const struct image *i, const struct str *paths, enum image_map m, struct table *t)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	for (uint32_t k = 0; k < i->map[m].n; k++) {
		const struct image_pair *pair = image_entry(i, m, k);
		const uint32_t *value = (const void *)(pair + 1);
		if (m == IMAGE_MAP_EXEC_PAIRS)
			buf_puts(&b, "start");
		else
			put_access(&b, *value);
		add_row(t, image_map_row(m)->name, paths[pair->target], paths[pair->caller], &b);
	}
}

static void show_networks(const struct image *i, const struct str *paths, enum image_map m, struct table *t)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	for (uint32_t k = 0; k < i->map[m].n; k++) {
		const uint8_t *p = image_entry(i, m, k);
		struct image_net net;
		uint32_t bits;
		char text[INET6_ADDRSTRLEN];
		memcpy(&bits, p, sizeof(bits));
		memcpy(&net, p + image_key_size(m), sizeof(net));
		inet_ntop(m == IMAGE_MAP_NET4 ? AF_INET : AF_INET6, p + 4, text, sizeof(text));
		CLEANUP_FREE char *object = xasprintf("%s/%u", text, bits);
		for (uint32_t r = net.first; r < net.first + net.count; r++) {
			const struct image_port *port = image_entry(i, IMAGE_MAP_PORTS, r);
			buf_printf(&b, "connect ports %u-%u protocol %u", port->first, port->last, port->protocol);
			add_row(t, image_map_row(m)->name, str_from(object), paths[port->caller], &b);
		}
	}
}

static void show_settings(const struct image *i, struct table *t)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	const struct image_settings *s = image_settings_of(i);
	buf_puts(&b, s->enforce ? "enforce" : "monitor");
	static const char *const judged[] = {" exec", " file", " connect"};
	for (int k = 0; k < 3; k++)
		buf_puts(&b, s->judges & 1u << k ? judged[k] : "");
	add_row(t, "settings", i->name, STR("any"), &b);
	for (uint32_t guard = 1; guard <= s->guards; guard <<= 1) {
		if (!(s->guards & guard))
			continue;
		buf_puts(&b, "forbidden");
		add_row(t, "guards", str_from(guard_name(guard)), STR("any"), &b);
	}
}

static void show_image(const struct image *i, struct table *t)
{
	CLEANUP_FREE struct str *paths = index_paths(i);
	show_settings(i, t);
	show_paths(i, paths, t);
	show_pairs(i, paths, IMAGE_MAP_EXEC_PAIRS, t);
	show_pairs(i, paths, IMAGE_MAP_FILE_PAIRS, t);
	show_networks(i, paths, IMAGE_MAP_NET4, t);
	show_networks(i, paths, IMAGE_MAP_NET6, t);
}

int cmd_image(int argc, char **argv)
{
	struct options o = {0};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	bool show = !strcmp(args.v[0], "show");
	if (!show && strcmp(args.v[0], "verify")) {
		diag_say("stakeout image: '%s' is neither show nor verify", args.v[0]);
		return EXIT_INPUT;
	}
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(table_free) struct table *t = show ? table_new(show_columns, ARRAY_SIZE(show_columns))
						   : table_new(verify_columns, ARRAY_SIZE(verify_columns));
	for (int k = 1; k < args.n; k++) {
		CLEANUP(image_free) struct image *i = NULL;
		if (image_read(args.v[k], &d, &i))
			continue;
		if (show)
			show_image(i, t);
		else
			verify_row(t, args.v[k], i);
	}
	if (table_rows(t))
		table_print(t, o.json ? TABLE_JSON : TABLE_PLAIN, stdout);
	diag_print(&d);
	return d.errors ? EXIT_INPUT : EXIT_YES;
}
