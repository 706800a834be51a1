/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout export: the store's observations as lines of Tetragon's JSON, each with how often it was seen. */
#include <stdio.h>

#include "compiler/replay/source_store.h"
#include "compiler/allow/pick.h"
#include "compiler/verbs.h"
#include "schema/base/cli.h"
#include "schema/base/io.h"
#include "schema/event_json.h"

enum { WRITE_BYTES = 256 << 10 };

struct options {
	const char *db, *workload;
};

static const struct cli_option options[] = {
	{"db", 'd', CLI_STRING, offsetof(struct options, db), "FILE", "the store (default " STORE_DEFAULT ")"},
	{"workload", 'w', CLI_STRING, offsetof(struct options, workload), "PATTERN",
	 "only these workloads (default: all)"},
};

static const struct cli_verb verb = {
	"export", "write the store's observations as Tetragon's JSON", "", 0, 0, options, ARRAY_SIZE(options),
	"One line for an observation and an instance it was seen in, on standard output; what Tetragon has no field for (its\n"
	"count, its last time ...) is in the \"stakeout\" member. Observations are not processes: they have no pid and no\n"
	"exec_id. Ingested again the lines give the same observations. The recordings' losses stand at the end.\n"
	"Exit status: 0 done; 1 no such workload; 2 the store is absent or damaged; 3 it cannot be read."};

/* 0 or -errno of writing; *ret_unread: of reading, after what came before it was written. */
static int write_lines(struct source *source, int *ret_unread)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct event ev;
	int rc;
	while ((rc = source_next(source, &ev)) == 1) {
		event_json(&ev, &b);
		if (b.n < WRITE_BYTES)
			continue;
		int err = write_all(1, b.p, b.n);
		if (err)
			return err;
		buf_clear(&b);
	}
	*ret_unread = rc;
	return write_all(1, b.p, b.n);
}

int cmd_export(int argc, char **argv)
{
	struct options o = {.db = STORE_DEFAULT};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP(store_close) struct store *store = NULL;
	if ((status = open_store(o.db, STORE_READ, &store)))
		return status;
	CLEANUP(source_close) struct source *source = NULL;
	size_t workloads = 0;
	int err = source_store_sightings(store, o.workload, &source, &workloads);
	if (err) {
		diag_say("stakeout export: %s", store_error(store));
		return exit_status(err);
	}
	if (workloads == 0 && o.workload) {
		diag_say("stakeout export: no workload '%s' in %s; see 'stakeout workloads'",
			 o.workload, o.db);
		return EXIT_NO;
	}
	int unread = 0;
	err = write_lines(source, &unread);
	if (unread)
		diag_say("stakeout export: %s", store_error(store));
	if (err)
		diag_say("stakeout export: cannot write: %s", strerror(-err));
	return err ? EXIT_MACHINE : exit_status(unread);
}
