/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout replay: policies and images over corpora and recordings. */
#include "compiler/policy_set.h"
#include "compiler/replay.h"
#include "compiler/replay_report.h"
#include "compiler/source_store.h"
#include "compiler/verbs.h"
#include "schema/base/cli.h"
#include "schema/ndjson.h"

struct options {
	struct cli_list corpora, compat;
	const char *db, *workload, *target, *junit;
	bool json, all, quiet, presume_paths;
	uint64_t limit;
};

static const struct cli_option option_rows[] = {
	{"corpus", 'c', CLI_LIST, offsetof(struct options, corpora), "FILE", "a corpus or Tetragon export (NDJSON, .gz, - for standard input); repeatable"},
	{"db", 'd', CLI_STRING, offsetof(struct options, db), "FILE", "replay this store's observations"},
	{"workload", 'w', CLI_STRING, offsetof(struct options, workload), "PATTERN", "of the store: only these workloads"},
	{"target", 't', CLI_STRING, offsetof(struct options, target), "TARGET", "where the policy will run (see below)"},
	{"compat", 0, CLI_LIST, offsetof(struct options, compat), "PATH", "this program is a 32-bit one, which no export tells; repeatable"},
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "an object per event and policy, then a summary"},
	{"all", 'a', CLI_FLAG, offsetof(struct options, all), NULL, "with --json: also events that no hook reaches"},
	{"junit", 0, CLI_STRING, offsetof(struct options, junit), "FILE", "write the expectations as JUnit XML"},
	{"quiet", 'q', CLI_FLAG, offsetof(struct options, quiet), NULL, "totals only"},
	{"presume-paths", 'p', CLI_FLAG, offsetof(struct options, presume_paths), NULL, "where an export tells no resolved path, take an absolute name as typed for it (symlinks and scripts then come out wrong)"},
	{"limit", 'n', CLI_U64, offsetof(struct options, limit), "N", "show at most N stopped events (default 20; 0 = all)"},
};

static const struct cli_verb verb = {
	"replay", "what policies would have done to recorded events", "POLICY...", 1, -1,
	option_rows, ARRAY_SIZE(option_rows),
	"POLICY is a TracingPolicy file, a map image, or a folder of them. Each corpus is judged on its own;\n"
	"totals are added. Exit status 1: an expectation of a corpus is broken.\n\n"
	TARGET_HELP,
};

struct run {
	const struct policy_set *set;
	const struct target *target;
	struct report *report;
	struct tally tally;
	bool presume_paths;
	const struct cli_list *compat;
	uint64_t numbers;   /* of processes, over all corpora */
};

/* Lines read beforehand, to learn which hooks a file reports itself. */
enum { AHEAD_EVENTS = 100000 };

/* Whole lines of exec and exit are not such; a cut one may have a hook's behind it. Enough passed, it ends the reading. */
static bool may_tell_of_hook(void *arg, struct str line)
{
	uint64_t *passed = arg;
	bool other = (str_starts(line, STR("{\"process_exec\":")) || str_starts(line, STR("{\"process_exit\":"))) &&
		     !memmem(line.p + 1, line.n - 1, "{\"process_", 10);
	*passed += other;
	return !other || *passed >= AHEAD_EVENTS;
}

static void look_ahead(struct engine *engine, const char *file)
{
	uint64_t passed = 0;
	const struct ndjson_options o = {.wanted = may_tell_of_hook, .arg = &passed};
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(source_close) struct source *source = NULL;
	if (!strcmp(file, "-") || ndjson_open(file, &o, &d, &source))
		return;   /* a pipe is read once; what cannot be opened is reported by who judges it */
	struct event ev;
	for (uint64_t n = 0; n + passed < AHEAD_EVENTS && source_next(source, &ev) > 0; n++)
		engine_records(engine, &ev);
}

/* Judges one source with a fresh engine: the process model belongs to one stream. FILE: NULL = a store. 0 or -errno. */
static int replay_source(struct run *run, const char *file, struct source *source)
{
	CLEANUP(engine_free) struct engine *engine =
		engine_new(run->set->policies, run->set->npolicies, run->target);
	engine_presume_paths(engine, run->presume_paths);
	for (size_t i = 0; i < run->compat->n; i++)
		engine_compat(engine, str_from(run->compat->v[i]));
	if (file)
		look_ahead(engine, file);
	report_source(run->report, engine);
	const struct replay_handler handler = {report_event, run->report};
	int err = replay_run_images(engine, run->set->npolicies, run->set->images, run->set->nimages,
				    source, &handler, &run->tally);
	report_source_done(run->report, engine);
	return err;
}

/* What could not be read of a corpus is said: silence about a line proves nothing. */
static int check_corpus(const char *file, const struct source *source)
{
	const struct ndjson_stats *stats = ndjson_stats(source);
	for (unsigned i = 0; i < NDJSON_REASON_COUNT; i++) {
		const struct ndjson_skipped *s = &stats->skipped[i];
		if (s->n)
			diag_say("stakeout replay: %s: skipped %llu line%s: %s (first: line %llu)", file,
				 (unsigned long long)s->n, s->n == 1 ? "" : "s", ndjson_reason_summary(i),
				 (unsigned long long)s->first[0]);
	}
	if (stats->events)
		return EXIT_YES;
	diag_say("stakeout replay: %s: holds no event", file);
	return EXIT_INPUT;
}

static int replay_corpora(struct run *run, const struct options *o)
{
	for (size_t i = 0; i < o->corpora.n; i++) {
		const char *file = o->corpora.v[i];
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP(source_close) struct source *source = NULL;
		if (ndjson_open(file, &(struct ndjson_options){.numbers = &run->numbers}, &d, &source)) {
			diag_print(&d);
			return EXIT_INPUT;
		}
		int err = replay_source(run, file, source);
		if (err < 0) {
			const char *why = ndjson_error(source);
			diag_say("stakeout replay: %s: %s after line %llu", file, why ? why : strerror(-err),
				 (unsigned long long)ndjson_stats(source)->lines);
			return EXIT_INPUT;
		}
		int status = check_corpus(file, source);
		if (status)
			return status;
	}
	return EXIT_YES;
}

static int replay_store(struct run *run, const struct options *o)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(store_close) struct store *store = NULL;
	int err = store_open(o->db, STORE_READ, &d, &store);
	if (err) {
		diag_print(&d);
		return exit_status(err);
	}
	CLEANUP(source_close) struct source *source = NULL;
	size_t workloads = 0;
	err = source_store_open(store, o->workload, &source, &workloads);
	if (!err && workloads == 0) {
		diag_say(
		    "stakeout replay: no workload of %s matches '%s'; see 'stakeout workloads'",
		    o->db, o->workload ? o->workload : "*");
		return EXIT_INPUT;
	}
	if (!err)
		err = replay_source(run, NULL, source);
	if (err < 0) {
		diag_say("stakeout replay: %s", store_error(store));
		return exit_status(err);
	}
	return EXIT_YES;
}

static int replay_all(struct run *run, const struct options *o)
{
	int status = replay_corpora(run, o);
	if (status == EXIT_YES && o->db)
		status = replay_store(run, o);
	if (status)
		return status;
	report_end(run->report, &run->tally);
	if (o->junit) {
		int err = report_junit(run->report, o->junit);
		if (err) {
			diag_say("stakeout replay: %s: cannot be written: %s", o->junit,
				 strerror(-err));
			return EXIT_MACHINE;
		}
	}
	if (fflush(stdout) || ferror(stdout)) {
		diag_say("stakeout replay: standard output: %s", strerror(errno));
		return EXIT_MACHINE;
	}
	return run->tally.must_allow_broken + run->tally.must_deny_broken ? EXIT_NO : EXIT_YES;
}

int cmd_replay(int argc, char **argv)
{
	struct options o = {.limit = 20};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	if (!o.corpora.n && !o.db) {
		diag_say("stakeout replay: nothing to replay: give --corpus FILE or --db FILE");
		cli_done(&verb, &o);
		return EXIT_INPUT;
	}
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_POLICY_SET struct policy_set set = POLICY_SET_INIT;
	struct target target;
	int err = target_parse(o.target, &d, &target);
	for (int i = 0; i < args.n && !err; i++)
		err = policy_set_add(&set, args.v[i], &d);
	diag_print(&d);
	if (!err) {
		const struct report_options ro = {.set = &set, .target = &target,
						  .format = o.json ? REPORT_JSON : REPORT_TEXT,
						  .all = o.all, .quiet = o.quiet, .limit = o.limit};
		CLEANUP(report_free) struct report *report = report_new(&ro, stdout);
		struct run run = {.set = &set, .target = &target, .report = report,
				  .presume_paths = o.presume_paths, .compat = &o.compat};
		status = replay_all(&run, &o);
	} else {
		status = EXIT_INPUT;
	}
	cli_done(&verb, &o);
	return status;
}
