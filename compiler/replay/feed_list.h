/* SPDX-License-Identifier: GPL-2.0-only */
/* The events that the options of a command line name: --corpus FILE or folder, repeated, and --db. */
#pragma once

#include "compiler/replay/feed.h"
#include "compiler/replay/policy_set.h"
#include "schema/base/arena.h"
#include "schema/base/cli.h"

struct feed_list {
	struct feed_name *v;
	size_t n, cap;
	struct arena *arena;          /* of names that a folder gave */
	struct policy_set *recorders; /* by feed, once they were looked for */
};

#define FEED_LIST_INIT {NULL, 0, 0, NULL, NULL}
#define CLEANUP_FEED_LIST __attribute__((cleanup(feed_list_done)))

/*
 * Each corpus in the order given, of a folder every *.ndjson, *.json, *.jsonl and *.log (.gz too) in order of name; the store last.
 * DB may be NULL. -EINVAL with the reason in D.
 */
int feed_list_fill(struct feed_list *l, const struct cli_list *corpora, const char *db, const char *workload, struct diag *d);
/*
 * The policies that recorded FEED into INTO: those that NAMED names, else those of a folder beside the file: recording-policies of
 * recording.ndjson.gz. -EINVAL with the reason in D.
 */
int feed_recorders(struct feed_name *feed, const struct cli_list *named, struct policy_set *into, struct diag *d);
int feed_list_recorders(struct feed_list *l, const struct cli_list *named, struct diag *d);   /* of each */
void feed_list_done(struct feed_list *l);
