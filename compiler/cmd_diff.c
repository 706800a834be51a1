/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout diff: which events would fare otherwise under new policies. */
#include <stdio.h>

#include "compiler/replay/diff.h"
#include "compiler/replay/feed_list.h"
#include "compiler/replay/options.h"
#include "compiler/verbs.h"
#include "schema/base/cli.h"

struct options {
	struct cli_list corpora, compat, recorded_by;
	const char *db, *workload, *target;
	bool json, markdown, presume_paths;
	uint64_t limit, jobs;
};

static const struct cli_option option_rows[] = {
	OPTION_CORPUS,
	{"db", 'd', CLI_STRING, offsetof(struct options, db), "FILE", "compare over this store's observations"},
	OPTION_WORKLOAD,
	OPTION_TARGET,
	OPTION_RECORDED_BY,
	OPTION_COMPAT,
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "an object per group of events that change alike, then a summary"},
	{"markdown", 'm', CLI_FLAG, offsetof(struct options, markdown), NULL, "fit for a pull request comment"},
	OPTION_PRESUME_PATHS,
	{"limit", 'n', CLI_U64, offsetof(struct options, limit), "N", "show at most N different events of a group (default 20; 0 = all)"},
	OPTION_JOBS,
};

static const struct cli_verb verb = {
	"diff", "which events would fare otherwise under new policies", "OLD NEW", 2, 2,
	option_rows, ARRAY_SIZE(option_rows),
	"OLD and NEW are each a TracingPolicy file, a map image, an allowlist, or a folder of them. The events that fare\n"
	"otherwise are grouped by workload and rule.\n"
	"Exit status 1: an event that passed, or of which that is not known, comes nearer to being stopped. What the\n"
	"events do not tell ('unknown') lies between passing and stopped, so from allowed to unknown counts as well.\n"
	"A policy that would not load on the target is told and not judged; one of NEW that would not gives status 1 too.\n"
	"Policies that only monitor are compared by what they would do; beginning to enforce what was monitored counts.\n\n"
	TARGET_HELP,
};

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

static int compare(const struct options *o, char *const *names, const struct policy_set sets[2], const struct feed_list *feeds,
		   const struct target *target, struct diag *d)
{
	const struct judge_options judging = {.target = target, .presume_paths = o->presume_paths, .compat = o->compat.v,
					      .ncompat = o->compat.n};
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
	sigaction(SIGINT, &act, NULL);
	sigaction(SIGTERM, &act, NULL);
	CLEANUP(diff_result_free) struct diff_result *r = diff_result_new();
	const struct diff_work work = {.old = &sets[0], .new = &sets[1], .judging = &judging, .feeds = feeds->v, .nfeeds = feeds->n,
				       .jobs = (unsigned)MIN(o->jobs, (uint64_t)JOBS_MAX), .stop = &interrupted};
	int err = diff_feeds(r, &work, d);
	diag_print(d);
	if (err)
		return EXIT_INPUT;
	diff_sort(r);
	CLEANUP_BUF struct buf words = BUF_INIT;
	target_print(target, &words);
	const struct diff_names told = {.old = names[0], .new = names[1], .target = buf_view(&words), .sets = sets, .limit = o->limit};
	diff_print(r, o->json ? DIFF_JSON : o->markdown ? DIFF_MARKDOWN : DIFF_TEXT, &told, stdout);
	return diff_breaks(r) ? EXIT_NO : r->stopped ? EXIT_MACHINE : EXIT_YES;
}

int cmd_diff(int argc, char **argv)
{
	struct options o = {.limit = 20};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct policy_set sets[2] = {POLICY_SET_INIT, POLICY_SET_INIT};
	CLEANUP_FEED_LIST struct feed_list feeds = FEED_LIST_INIT;
	struct target target;
	int err = target_parse(o.target, &d, &target);
	for (int i = 0; i < 2 && !err; i++)
		err = policy_set_add(&sets[i], args.v[i], &d);
	if (!err)
		err = feed_list_fill(&feeds, &o.corpora, o.db, o.workload, &d);
	if (!err)
		err = feed_list_recorders(&feeds, &o.recorded_by, &d);
	if (!err && !feeds.n)
		err = diag_error(&d, NULL, "nothing to compare over: give --corpus FILE or --db FILE");
	if (!err && o.json && o.markdown)
		err = diag_error(&d, NULL, "--json or --markdown, not both");
	if (err) {
		diag_print(&d);
		status = EXIT_INPUT;
	} else {
		policy_set_refuse(&sets[0], &target, &d);
		size_t lost = policy_set_refuse(&sets[1], &target, &d);
		status = compare(&o, args.v, sets, &feeds, &target, &d);
		status = lost && status != EXIT_INPUT ? EXIT_NO : status;
	}
	policy_set_done(&sets[0]);
	policy_set_done(&sets[1]);
	cli_done(&verb, &o);
	return status;
}
