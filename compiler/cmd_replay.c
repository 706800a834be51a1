/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout replay: policies and images over corpora and recordings. */
#include <stdio.h>
#include <unistd.h>

#include "compiler/replay/feed_list.h"
#include "compiler/replay/options.h"
#include "compiler/replay/replay_work.h"
#include "compiler/verbs.h"
#include "schema/base/cli.h"

struct options {
	struct cli_list corpora, compat, recorded_by;
	const char *db, *workload, *target, *junit;
	bool json, all, quiet, totals, presume_paths, assume_names;
	uint64_t limit, jobs;
};

static const struct cli_option option_rows[] = {
	OPTION_CORPUS,
	{"db", 'd', CLI_STRING, offsetof(struct options, db), "FILE", "replay this store's observations"},
	OPTION_WORKLOAD,
	OPTION_TARGET,
	OPTION_RECORDED_BY,
	OPTION_COMPAT,
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "an object per event and policy, then a summary"},
	{"all", 'a', CLI_FLAG, offsetof(struct options, all), NULL, "with --json: also events that no hook reaches"},
	{"junit", 0, CLI_STRING, offsetof(struct options, junit), "FILE", "write the expectations as JUnit XML"},
	{"quiet", 'q', CLI_FLAG, offsetof(struct options, quiet), NULL, "totals only"},
	{"totals", 0, CLI_FLAG, offsetof(struct options, totals), NULL, "also by selector (those that decided nothing too) and by label, and the listed values and entries that no event needed"},
	OPTION_PRESUME_PATHS,
	OPTION_ASSUME_NAMES,
	{"limit", 'n', CLI_U64, offsetof(struct options, limit), "N", "show at most N stopped events (default 20; 0 = all)"},
	OPTION_JOBS,
};

static const struct cli_verb verb = {
	"replay", "what policies would have done to recorded events", "POLICY...", 1, -1,
	option_rows, ARRAY_SIZE(option_rows),
	"POLICY is a TracingPolicy file, a map image, an allowlist, or a folder of them. Each corpus is judged on its own;\n"
	"totals are added. A policy that would not load on the target is told and not judged, since an agent runs without\n"
	"it; the others are. Exit status 1: an expectation of a corpus is broken, or a policy would not load. Ctrl-C ends it\n"
	"with what was done until then, and status 3 unless it is 1 already.\n\n"
	TARGET_HELP,
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* A second one ends the program at once. */
static void catch_signals(void)
{
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
}

static int finish(const struct options *o, struct report *r, const struct totals *t, bool stopped, size_t refused)
{
	report_end(r, t, stopped);
	const struct tally *y = totals_tally(t);
	int status = y->must_allow_broken + y->must_deny_broken + refused ? EXIT_NO : stopped ? EXIT_MACHINE : EXIT_YES;
	if (stopped)
		fprintf(stderr, "stakeout replay: ended before the end%s\n", o->junit ? "; no JUnit file is written" : "");
	int err = o->junit && !stopped ? report_junit(r, t, o->junit) : 0;
	if (err) {
		fprintf(stderr, "stakeout replay: %s: cannot be written: %s\n", o->junit, strerror(-err));
		return EXIT_MACHINE;
	}
	return status;
}

static int run(const struct options *o, const struct replay_work *work, const struct target *target, size_t refused,
	       struct diag *d)
{
	const struct report_options ro = {.set = work->set, .target = target,
					  .format = o->json ? REPORT_JSON : REPORT_TEXT,
					  .all = o->all, .quiet = o->quiet, .totals = o->totals, .limit = o->limit};
	struct report r = {.o = &ro, .out = stdout};
	CLEANUP(totals_free) struct totals *totals = totals_new(work->set);
	bool stopped;
	int err = replay_work(work, &r, totals, d, &stopped);
	fflush(stdout);
	diag_print(d);
	return err ? EXIT_INPUT : finish(o, &r, totals, stopped, refused);
}

int cmd_replay(int argc, char **argv)
{
	struct options o = {.limit = 20};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_POLICY_SET struct policy_set set = POLICY_SET_INIT;
	CLEANUP_FEED_LIST struct feed_list feeds = FEED_LIST_INIT;
	struct target target;
	int err = target_parse(o.target, &d, &target);
	for (int i = 0; i < args.n && !err; i++)
		err = policy_set_add(&set, args.v[i], &d);
	if (!err)
		err = feed_list_fill(&feeds, &o.corpora, o.db, o.workload, &d);
	if (!err)
		err = feed_list_recorders(&feeds, &o.recorded_by, &d);
	if (!err && !feeds.n)
		err = diag_error(&d, NULL, "nothing to replay: give --corpus FILE or --db FILE");
	if (err) {
		diag_print(&d);
		status = EXIT_INPUT;
	} else {
		size_t refused = policy_set_refuse(&set, &target, &d);
		catch_signals();
		const struct judge_options judging = {.target = &target, .presume_paths = o.presume_paths, .assume = o.assume_names,
						      .compat = o.compat.v, .ncompat = o.compat.n, .values = o.totals};
		const struct replay_work work = {.set = &set, .judging = &judging, .feeds = feeds.v, .nfeeds = feeds.n,
						 .jobs = (unsigned)MIN(o.jobs, (uint64_t)JOBS_MAX), .stop = &interrupted,
						 .progress = isatty(STDERR_FILENO) && !o.json};
		status = run(&o, &work, &target, refused, &d);
	}
	cli_done(&verb, &o);
	return status;
}
