/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout image show|verify FILE..., image diff OLD NEW: what images hold, whether they are whole, what changes between them. */
#include <stdio.h>

#include "compiler/image/image_diff.h"
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
	"image", "show, verify or compare policy images", "show|verify FILE... | diff OLD NEW", 2, -1, options, ARRAY_SIZE(options),
	"show lists the rules that each image holds. What no rule names is denied in the sections that are judged.\n"
	"\n"
	"verify says whether each file is whole, and its digests: DIGEST is of the file, with its own 32 bytes as zero;\n"
	"ALLOWLIST is the SHA-256 of the NAME.allowlist.yaml that 'stakeout compile' wrote beside it.\n"
	"\n"
	"diff lists the rules that were added, removed or changed, and exits with 1 if there are any. OLD and NEW are each an\n"
	"image or a folder of them; in folders, images are matched by the workload they are for.\n",
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

static int verify(const struct options *o, const struct cli_args *args, struct diag *d)
{
	CLEANUP(table_free) struct table *t = table_new(verify_columns, ARRAY_SIZE(verify_columns));
	for (int k = 1; k < args->n; k++) {
		CLEANUP(image_free) struct image *i = NULL;
		if (!image_read(args->v[k], d, &i))
			verify_row(t, args->v[k], i);
	}
	if (table_rows(t))
		table_print(t, o->json ? TABLE_JSON : TABLE_PLAIN, stdout);
	return EXIT_YES;
}

/* ---- show ---- */

/* In text, the image is named only where there are several. */
static const struct table_column show_columns[] = {
	{NULL, "IMAGE", TABLE_TEXT},     {"image", NULL, TABLE_TEXT}, {"workload", NULL, TABLE_TEXT},
	{"kind", "KIND", TABLE_TEXT},    {"object", "OBJECT", TABLE_TEXT},
	{"by", "BY", TABLE_TEXT},        {"grants", "GRANTS", TABLE_TEXT},
};

static void show_image(const struct image *i, bool one, struct table *t)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct image_rules rules = image_rules_of(i, arena);
	for (size_t k = 0; k < rules.n; k++) {
		table_str(t, one ? STR("") : i->name);
		table_str(t, i->name);
		table_str(t, i->workload);
		table_str(t, str_from(image_rule_kind_name(rules.v[k].kind)));
		table_str(t, rules.v[k].object);
		table_str(t, rules.v[k].by);
		table_str(t, rules.v[k].grants);
	}
}

static int show(const struct options *o, const struct cli_args *args, struct diag *d)
{
	CLEANUP(table_free) struct table *t = table_new(show_columns, ARRAY_SIZE(show_columns));
	for (int k = 1; k < args->n; k++) {
		CLEANUP(image_free) struct image *i = NULL;
		if (!image_read(args->v[k], d, &i))
			show_image(i, args->n == 2, t);
	}
	if (table_rows(t))
		table_print(t, o->json ? TABLE_JSON : TABLE_PLAIN, stdout);
	return EXIT_YES;
}

/* ---- diff ---- */

static const struct table_column diff_columns[] = {
	{"change", "CHANGE", TABLE_TEXT}, {"workload", "WORKLOAD", TABLE_TEXT},
	{"kind", "KIND", TABLE_TEXT},     {"object", "OBJECT", TABLE_TEXT},
	{"by", "BY", TABLE_TEXT},         {"old", "OLD", TABLE_TEXT}, {"new", "NEW", TABLE_TEXT},
};

static void print_differences(const struct image_differences *v, bool json)
{
	static const char *const changes[] = {"added", "removed", "changed"};
	CLEANUP(table_free) struct table *t = table_new(diff_columns, ARRAY_SIZE(diff_columns));
	for (size_t k = 0; k < v->rows.n; k++) {
		const struct image_difference *row = &v->rows.v[k];
		table_str(t, str_from(changes[row->change]));
		table_str(t, row->workload);
		table_str(t, str_from(row->kind));
		table_str(t, row->object);
		table_str(t, row->by);
		table_str(t, row->old);
		table_str(t, row->new);
	}
	if (v->rows.n)
		table_print(t, json ? TABLE_JSON : TABLE_PLAIN, stdout);
	printf(json ? "{\"summary\":true,\"added\":%llu,\"removed\":%llu,\"changed\":%llu}\n" : "%llu added, %llu removed, %llu changed\n",
	       (unsigned long long)v->of[IMAGE_ADDED], (unsigned long long)v->of[IMAGE_REMOVED],
	       (unsigned long long)v->of[IMAGE_CHANGED]);
}

static int diff(const struct options *o, const struct cli_args *args, struct diag *d)
{
	__attribute__((cleanup(image_set_done))) struct image_set old = {0};
	__attribute__((cleanup(image_set_done))) struct image_set new = {0};
	if (args->n != 3)
		return diag_error(d, NULL, "diff takes two: stakeout image diff OLD NEW");
	int a = image_set_read(args->v[1], d, &old), b = image_set_read(args->v[2], d, &new);
	if (a || b)
		return a ? a : b;
	CLEANUP(image_differences_free) struct image_differences *v = image_diff(&old, &new);
	print_differences(v, o->json);
	return v->rows.n ? EXIT_NO : EXIT_YES;
}

int cmd_image(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct options *o, const struct cli_args *args, struct diag *d);
	} subs[] = {{"show", show}, {"verify", verify}, {"diff", diff}};
	struct options o = {0};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	for (size_t k = 0; k < ARRAY_SIZE(subs); k++) {
		if (strcmp(args.v[0], subs[k].name))
			continue;
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		status = subs[k].run(&o, &args, &d);
		diag_print(&d);
		return d.errors ? EXIT_INPUT : status;
	}
	diag_say("stakeout image: '%s' is none of show, verify, diff", args.v[0]);
	return EXIT_INPUT;
}
