/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout workloads, recordings, losses: the listings that need no choice of what to show. */
#include <stdio.h>

#include "compiler/pick.h"
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

static enum table_format format_of(const struct opts *o)
{
	return o->json ? TABLE_JSON : TABLE_PLAIN;
}

static int fail(const struct store *s, int err)
{
	fprintf(stderr, "%s\n", store_error(s));
	return store_exit_status(err);
}

int cmd_workloads(int argc, char **argv)
{
	static const struct cli_verb verb = {
		"workloads", "what was observed, one row per workload", "[PATTERN]", 0, 1,
		options, ARRAY_SIZE(options),
		"PATTERN is a workload or a part of its name between slashes, with * and ? as in the shell.\n"
		"NEW counts the observations first seen in the last day of the store."};
	struct opts o = {.db = STORE_DEFAULT};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP(store_close) struct store *s = NULL;
	if ((status = open_store(o.db, STORE_READ, &s)))
		return status;
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct workload_row *rows = NULL;
	size_t n = 0;
	int err = store_workloads(s, a, args.n ? args.v[0] : NULL, 0, &rows, &n);
	if (err)
		return fail(s, err);
	CLEANUP(table_free) struct table *t = listing_workloads(rows, n);
	table_print(t, format_of(&o), stdout);
	if (args.n && n == 0) {
		fprintf(stderr, "no workload matches '%s'\n", args.v[0]);
		return EXIT_NO;
	}
	return EXIT_YES;
}

int cmd_recordings(int argc, char **argv)
{
	static const struct cli_verb verb = {"recordings", "the recordings in the store and whether they are complete",
					     "", 0, 0, options, ARRAY_SIZE(options), NULL};
	struct opts o = {.db = STORE_DEFAULT};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP(store_close) struct store *s = NULL;
	if ((status = open_store(o.db, STORE_READ, &s)))
		return status;
	CLEANUP(arena_free) struct arena *a = arena_new();
	struct recording_row *rows = NULL;
	size_t n = 0;
	int err = store_recordings(s, a, 0, &rows, &n);
	if (err)
		return fail(s, err);
	CLEANUP(table_free) struct table *t = listing_recordings(rows, n);
	table_print(t, format_of(&o), stdout);
	return EXIT_YES;
}

int cmd_losses(int argc, char **argv)
{
	static const struct cli_verb verb = {
		"losses", "what the recordings lost, by kind and reason", "[WORKLOAD]", 0, 1,
		options, ARRAY_SIZE(options), "With WORKLOAD: of the recordings that it came from.\nExit status 1: there were losses."};
	struct opts o = {.db = STORE_DEFAULT};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP(store_close) struct store *s = NULL;
	if ((status = open_store(o.db, STORE_READ, &s)))
		return status;
	CLEANUP(arena_free) struct arena *a = arena_new();
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct workload_row w = {0};
	int err = args.n ? pick_workload(s, a, args.v[0], &d, &w) : 0;
	if (err) {
		diag_print(&d);
		return store_exit_status(err);
	}
	struct loss_row *rows = NULL;
	size_t n = 0;
	err = store_losses(s, a, w.id, &rows, &n);
	if (err)
		return fail(s, err);
	CLEANUP(table_free) struct table *t = listing_losses(rows, n);
	table_print(t, format_of(&o), stdout);
	return n ? EXIT_NO : EXIT_YES;
}
