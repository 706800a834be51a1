/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout explain: one event, step by step. */
#include <stdio.h>

#include "compiler/replay/explain.h"
#include "compiler/replay/feed_list.h"
#include "compiler/replay/options.h"
#include "compiler/verbs.h"
#include "schema/base/cli.h"

struct options {
	struct cli_list corpora, compat, recorded_by;
	const char *db, *workload, *target;
	bool json, presume_paths, assume_names;
};

static const struct cli_option option_rows[] = {
	{"corpus", 'c', CLI_LIST, offsetof(struct options, corpora), "FILE", "what else the edit would turn among these events: a corpus, an export, or a folder of them; repeatable"},
	{"db", 'd', CLI_STRING, offsetof(struct options, db), "FILE", "the store that EVENT is a number in; and what else the edit would turn there"},
	OPTION_WORKLOAD,
	OPTION_TARGET,
	OPTION_RECORDED_BY,
	OPTION_COMPAT,
	OPTION_PRESUME_PATHS,
	OPTION_ASSUME_NAMES,
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "one object"},
};

static const struct cli_verb verb = {
	"explain", "why one event fares as it does, and the smallest edit that turns it", "POLICY EVENT", 2, 2,
	option_rows, ARRAY_SIZE(option_rows),
	"POLICY is a TracingPolicy file, a map image, an allowlist, or a folder of them. EVENT is FILE:LINE of a corpus or\n"
	"export, an event's JSON itself, or with --db the number of an observation ('stakeout show --json' tells it).\n"
	"What comes before the line is judged too: it tells who runs what. The edit is tried on a copy.\n"
	"A policy that would not load on the target is told and has no say.\n"
	"Exit status 1: the event is stopped, or that is not known, or a policy would not load.\n\n"
	TARGET_HELP,
};

static volatile sig_atomic_t never;

/* FILE:LINE, {"process_exec":...}, or a number with --db. */
static int read_event(const struct options *o, char *event, struct explain_options *e, struct diag *d)
{
	const char *usage = "an event is FILE:LINE, a JSON object, or with --db the number of an observation";
	if (event[0] == '{') {
		e->feed = (struct feed_name){.file = "EVENT", .text = str_from(event)};
		e->line = 1;
		return 0;
	}
	char *colon = strrchr(event, ':');
	const char *number = colon ? colon + 1 : event;
	if (str_to_u64(str_from(number), &e->line) || !e->line || (!colon && !o->db))
		return diag_error(d, NULL, "'%.200s': %s", event, usage);
	if (!colon) {
		e->feed = (struct feed_name){.db = o->db, .workload = o->workload};
		return 0;
	}
	*colon = '\0';
	e->feed = (struct feed_name){.file = event};
	return feed_rereadable(&e->feed) ? 0 : diag_error(d, event, "cannot be read again and again: give a file");
}

static int run(const struct options *o, const struct explain_options *e, size_t refused, struct diag *d)
{
	CLEANUP_EXPLANATION struct explanation x;
	int err = explain(e, d, &x);
	diag_print(d);
	if (err)
		return EXIT_INPUT;
	explain_print(&x, e, o->json, stdout);
	return x.looked.verdict >= VERDICT_UNKNOWN || (x.looked.decides && x.looked.decides->assumes) || refused ? EXIT_NO : EXIT_YES;
}

int cmd_explain(int argc, char **argv)
{
	struct options o = {0};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_POLICY_SET struct policy_set set = POLICY_SET_INIT, recorders = POLICY_SET_INIT;
	CLEANUP_FEED_LIST struct feed_list feeds = FEED_LIST_INIT;
	struct target target;
	struct explain_options e = {.set = &set, .stop = &never};
	int err = target_parse(o.target, &d, &target);
	if (!err)
		err = policy_set_add(&set, args.v[0], &d);
	if (!err)
		err = feed_list_fill(&feeds, &o.corpora, o.db, o.workload, &d);
	if (!err)
		err = feed_list_recorders(&feeds, &o.recorded_by, &d);
	if (!err)
		err = read_event(&o, args.v[1], &e, &d);
	if (!err)
		err = feed_recorders(&e.feed, &o.recorded_by, &recorders, &d);
	if (err) {
		diag_print(&d);
		status = EXIT_INPUT;
	} else {
		size_t refused = policy_set_refuse(&set, &target, &d);
		const struct judge_options judging = {.target = &target, .presume_paths = o.presume_paths, .assume = o.assume_names,
						      .compat = o.compat.v, .ncompat = o.compat.n};
		e.judging = &judging;
		e.others = feeds.v;
		e.nothers = feeds.n;
		status = run(&o, &e, refused, &d);
	}
	cli_done(&verb, &o);
	return status;
}
