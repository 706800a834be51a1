/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout workloads, recordings, losses: the listings that need no choice of what to show. */
#include <stdio.h>

#include "compiler/allow/pick.h"
#include "compiler/verbs.h"
#include "schema/base/cli.h"
#include "schema/listing.h"

struct opts {
	const char *db;
	bool json;
};

static const struct cli_option options[] = {
	{"db", 'd', CLI_STRING, offsetof(struct opts, db), "FILE", "the store (default " STORE_DEFAULT ")"},
	{"json", 'j', CLI_FLAG, offsetof(struct opts, json), NULL, "one JSON object per row"},
};

static int fail(const struct store *s, int err)
{
	diag_say("%s", store_error(s));
	return exit_status(err);
}

/* What every listing begins with: the command line and the store. */
struct listing {
	struct opts o;
	struct cli_args args;
	struct store *s;
	struct arena *arena;
};

static void listing_done(struct listing *l)
{
	store_close(l->s);
	arena_free(l->arena);
}
#define CLEANUP_LISTING __attribute__((cleanup(listing_done)))

static bool begin(struct listing *l, const struct cli_verb *verb, int argc, char **argv, int *ret_status)
{
	*l = (struct listing){.o.db = STORE_DEFAULT};
	if (!cli_parse(verb, argc, argv, &l->o, &l->args, ret_status))
		return false;
	l->arena = arena_new();
	*ret_status = open_store(l->o.db, STORE_READ, &l->s);
	return *ret_status == 0;
}

static void show(const struct listing *l, struct table *take_table)
{
	table_print(take_table, l->o.json ? TABLE_JSON : TABLE_PLAIN, stdout);
	table_free(take_table);
}

int cmd_workloads(int argc, char **argv)
{
	static const struct cli_verb verb = {
		"workloads", "what was observed, one row per workload", "[PATTERN]", 0, 1,
		options, ARRAY_SIZE(options),
		"PATTERN is a workload or a part of its name between slashes, with * and ? as in the shell; CLUSTER: in\n"
		"front of it picks a cluster. NEW counts the observations first seen in the last day of the store."};
	CLEANUP_LISTING struct listing l;
	int status;
	if (!begin(&l, &verb, argc, argv, &status))
		return status;
	struct workload_row *rows = NULL;
	size_t n = 0;
	int err = store_workloads(l.s, l.arena, l.args.n ? l.args.v[0] : NULL, 0, &rows, &n);
	if (err)
		return fail(l.s, err);
	show(&l, listing_workloads(rows, n));
	if (l.args.n == 0 || n)
		return EXIT_YES;
	diag_say("no workload matches '%s'", l.args.v[0]);
	return EXIT_NO;
}

int cmd_recordings(int argc, char **argv)
{
	static const struct cli_verb verb = {"recordings", "the recordings in the store and whether they are complete",
					     "", 0, 0, options, ARRAY_SIZE(options), NULL};
	CLEANUP_LISTING struct listing l;
	int status;
	if (!begin(&l, &verb, argc, argv, &status))
		return status;
	struct recording_row *rows = NULL;
	size_t n = 0;
	int err = store_recordings(l.s, l.arena, 0, &rows, &n);
	if (err)
		return fail(l.s, err);
	show(&l, listing_recordings(rows, n));
	return EXIT_YES;
}

int cmd_losses(int argc, char **argv)
{
	static const struct cli_verb verb = {
		"losses", "what the recordings lost, by kind and reason", "[WORKLOAD]", 0, 1,
		options, ARRAY_SIZE(options), "With WORKLOAD: of the recordings that it came from.\nExit status 1: there were losses."};
	CLEANUP_LISTING struct listing l;
	int status;
	if (!begin(&l, &verb, argc, argv, &status))
		return status;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct workload_row w = {0};
	int err = l.args.n ? pick_workload(l.s, l.arena, l.args.v[0], &d, &w) : 0;
	if (err) {
		diag_print(&d);
		return exit_status(err);
	}
	struct loss_row *rows = NULL;
	size_t n = 0;
	err = store_losses(l.s, l.arena, w.id, &rows, &n);
	if (err)
		return fail(l.s, err);
	show(&l, listing_losses(rows, n));
	return n ? EXIT_NO : EXIT_YES;
}
