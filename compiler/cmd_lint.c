/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout lint: would an agent take these policies, and do they do what they seem to? */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/lint/lint_btf.h"
#include "compiler/lint/lint_fix.h"
#include "compiler/lint/lint_pages.h"
#include "compiler/lint/lint_report.h"
#include "compiler/verbs.h"
#include "schema/base/cli.h"
#include "schema/base/io.h"

struct options {
	struct cli_list only, ignore;
	const char *target, *btf, *severity, *as, *explain;
	uint64_t cpus;
	bool json, sarif, fix, dry_run;
};

static const struct cli_option option_rows[] = {
	{"target", 't', CLI_STRING, offsetof(struct options, target), "TARGET", "where the policies will run (see below); without it, what only some refuse is a note"},
	{"btf", 'b', CLI_STRING, offsetof(struct options, btf), "FILE", "look names and types up in this kernel's BTF: a file, host or none (default)"},
	{"as", 0, CLI_STRING, offsetof(struct options, as), "WAY", "judge one way to the agent only: file or api (default both)"},
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "an object for each document"},
	{"sarif", 0, CLI_FLAG, offsetof(struct options, sarif), NULL, "SARIF 2.1.0, for code scanning"},
	{"severity", 's', CLI_STRING, offsetof(struct options, severity), "LEVEL", "only findings from this level: error, warning or note (default)"},
	{"only", 0, CLI_LIST, offsetof(struct options, only), "ID", "only this finding; repeatable"},
	{"ignore", 'i', CLI_LIST, offsetof(struct options, ignore), "ID", "not this finding; repeatable"},
	{"fix", 0, CLI_FLAG, offsetof(struct options, fix), NULL, "make the edits that need no judgement, in the files; of - to standard output"},
	{"dry-run", 'n', CLI_FLAG, offsetof(struct options, dry_run), NULL, "with --fix: show them as a diff, write nothing; status 1 when there are some"},
	{"explain", 0, CLI_STRING, offsetof(struct options, explain), "ID", "print the page of a finding: what is wrong, what is right, why"},
	{"cpus", 0, CLI_U64, offsetof(struct options, cpus), "N", "CPUs of a node, for the cost in memory (default 8)"},
};

static const struct cli_verb verb = {
	"lint", "would an agent take these policies, and do they do what they seem to", "FILE...", 0, -1,
	option_rows, ARRAY_SIZE(option_rows),
	"FILE is a TracingPolicy file, - for standard input, or a folder: then every .yaml, .yml and .json below it, where\n"
	"manifests of other kinds are passed over. A policy reaches an agent as a file or through an API server (kubectl);\n"
	"the two take different things, and both are judged. Stages: yaml, decode, metadata, schema, cel, load. Through kubectl,\n"
	"'accepted' means that the server stores it; the stage load then says that the agent refuses what it is handed.\n"
	"A comment '# stakeout lint ignore: ID, ...' behind a line, above a block or above a document says that these are known.\n"
	"Exit status: 1 when a policy is not accepted or has an error. 2: also a folder without one.\n\n"
	TARGET_HELP,
};

struct run {
	struct lint_options lint;
	const struct lint_filter *filter;
	struct lint_report *report;
	struct lint_names *names;
	bool fix, dry_run;
	bool unreadable, unwritten, changed;
	size_t policies;   /* seen */
};

/* Edits TEXT, FILE's, by the findings that are asked for; false when FILE is then done with. */
static bool fix_one(struct run *run, const char *file, struct buf *text)
{
	CLEANUP_BUF struct buf fixed = BUF_INIT, diff = BUF_INIT;
	size_t n;
	lint_fix(file, buf_view(text), &run->lint, run->filter, &fixed, &n);
	run->changed |= n > 0;
	if (run->dry_run) {
		lint_diff(file, buf_view(text), buf_view(&fixed), &diff);
		fwrite(diff.p ? diff.p : "", 1, diff.n, stdout);
		return false;
	}
	if (strcmp(file, "-") == 0) {
		fwrite(fixed.p ? fixed.p : "", 1, fixed.n, stdout);
		return false;
	}
	if (n == 0)
		return true;
	struct stat st;
	int err = stat(file, &st) < 0 ? -errno : write_file(file, fixed.p, fixed.n, st.st_mode & 07777);
	if (err)
		fprintf(stderr, "stakeout lint: %s: cannot write: %s; it is as it was\n", file, strerror(-err));
	else
		fprintf(stderr, "stakeout lint: %s: %zu edit%s made\n", file, n, n == 1 ? "" : "s");
	run->unwritten |= err != 0;
	if (!err) {
		buf_clear(text);
		buf_add(text, fixed.p, fixed.n);
	}
	return true;
}

static void lint_one(struct run *run, const char *file, bool of_folder)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct lint_file f;
	int err = read_file(file, YAML_MAX_BYTES, &text);
	if (err == -E2BIG)
		fprintf(stderr, "stakeout lint: %s: longer than %d MiB; split it\n", file, YAML_MAX_BYTES >> 20);
	else if (err)
		fprintf(stderr, "stakeout lint: %s: cannot read: %s\n", file, strerror(-err));
	run->unreadable |= err != 0;
	if (err)
		return;
	run->lint.skip_others = of_folder;
	if (run->fix && !fix_one(run, file, &text))
		return;
	lint_text(arena, strcmp(file, "-") ? file : "stdin", buf_view(&text), &run->lint, &f);
	lint_names_check(run->names, &f);
	lint_report_file(run->report, &f);
	for (size_t i = 0; i < f.ndocuments; i++)
		run->policies += !f.documents[i].other;
	lint_file_done(&f);
}

static bool is_manifest(const char *name)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		if (str_ends(str_from(name), str_from(endings[i])))
			return true;
	return false;
}

static int visible(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

enum { FOLDERS_MAX = 64 };

static void lint_path(struct run *run, const char *path, unsigned depth)
{
	struct dirent **entries;
	struct stat st;
	bool there = strcmp(path, "-") && stat(path, &st) == 0;
	bool lost = !there && is_manifest(path);   /* a link to nothing: said when it is read */
	if (!there || !S_ISDIR(st.st_mode)) {
		if (!depth || lost || (there && is_manifest(path) && S_ISREG(st.st_mode)))
			lint_one(run, path, depth > 0);
		return;
	}
	int n = depth < FOLDERS_MAX ? scandir(path, &entries, visible, alphasort) : -1;
	if (n < 0) {
		fprintf(stderr, "stakeout lint: %s: cannot read: %s\n", path,
			depth < FOLDERS_MAX ? strerror(errno) : "folders nested too deeply");
		run->unreadable = true;
		return;
	}
	for (int i = 0; i < n; i++) {
		CLEANUP_FREE char *below = xasprintf("%s%s%s", path, str_ends(str_from(path), STR("/")) ? "" : "/",
						     entries[i]->d_name);
		lint_path(run, below, depth + 1);
		free(entries[i]);
	}
	free(entries);
}

/* A folder without a policy is a slip in its name rather than a good result. */
static void lint_argument(struct run *run, const char *path)
{
	size_t before = run->policies;
	lint_path(run, path, 0);
	if (run->policies > before || run->unreadable || run->fix)
		return;
	fprintf(stderr, "stakeout lint: %s: no TracingPolicy in its .yaml, .yml and .json files; name another folder\n", path);
	run->unreadable = true;
}

/* ---- options ---- */

static bool known_ids(const struct cli_list *ids)
{
	const struct lint_rule *rules;
	size_t n = lint_rules(&rules);
	for (size_t i = 0; i < ids->n; i++) {
		if (lint_rule_find(ids->v[i]))
			continue;
		const char **names = xcalloc(n, sizeof(*names));
		for (size_t k = 0; k < n; k++)
			names[k] = rules[k].id;
		const char *near = cli_nearest(ids->v[i], names, n);
		fprintf(stderr, "stakeout lint: no finding has the id %s%s%s%s\n", ids->v[i],
			near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
		free(names);
		return false;
	}
	return true;
}

static int choose(const char *option, const char *typed, const char *const *names, size_t n, unsigned *ret)
{
	for (size_t i = 0; typed && i < n; i++)
		if (strcmp(typed, names[i]) == 0)
			return *ret = (unsigned)i, 0;
	if (!typed)
		return 0;
	fprintf(stderr, "stakeout lint: --%s %s: write", option, typed);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "%s %s", i == 0 ? "" : i + 1 == n ? " or" : ",", names[i]);
	fputc('\n', stderr);
	return -EINVAL;
}

static int read_options(const struct options *o, struct lint_filter *filter, struct target *target)
{
	static const char *const ways[] = {"", "file", "api", "both"};
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	unsigned least = SEVERITY_NOTE, way = WAY_BOTH;
	if (o->json && o->sarif) {
		fprintf(stderr, "stakeout lint: --json or --sarif, not both\n");
		return -EINVAL;
	}
	if (choose("severity", o->severity, severity_names, SEVERITY_NOTE + 1, &least) ||
	    choose("as", o->as, ways + 1, 3, &way) || !known_ids(&o->only) || !known_ids(&o->ignore))
		return -EINVAL;
	if (target_parse(o->target, &d, target)) {
		diag_print(&d);
		return -EINVAL;
	}
	*filter = (struct lint_filter){.least = least, .only = o->only.v, .nonly = o->only.n, .ignore = o->ignore.v,
				       .nignore = o->ignore.n, .ways = o->as ? way + 1 : WAY_BOTH};
	return 0;
}

static int explain(const char *id)
{
	const struct lint_rule *r = lint_rule_find(id);
	struct cli_list ids = {.v = &id, .n = 1};
	if (!r)
		return known_ids(&ids) ? EXIT_YES : EXIT_INPUT;
	for (size_t i = 0; i < lint_pages_n; i++)
		if (strcmp(lint_pages[i].id, id) == 0) {
			printf("%s", lint_pages[i].text);
			return EXIT_YES;
		}
	printf("# %s\n\nAsked for at stage %s: %s.\n", r->id, policy_stage_names[r->stage], r->title);
	return EXIT_YES;
}

static bool fixes_input(const struct options *o, const struct cli_args *args)
{
	bool input = false;
	for (int i = 0; i < args->n; i++)
		input |= strcmp(args->v[i], "-") == 0;
	return o->fix && input;
}

static int run_lint(const struct options *o, const struct cli_args *args)
{
	struct lint_filter filter;
	struct target target;
	struct run run = {.lint = {.target = &target, .target_given = o->target, .cpus = (unsigned)MIN(o->cpus, (uint64_t)LINT_CPUS_MAX)},
			  .filter = &filter, .fix = o->fix, .dry_run = o->dry_run};
	CLEANUP(lint_btf_close) struct lint_btf *btf = NULL;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	if (o->explain)
		return explain(o->explain);
	if (!args->n || (o->dry_run && !o->fix)) {
		fprintf(stderr, "stakeout lint: %s\n", args->n ? "--dry-run goes with --fix" : "no FILE; see stakeout lint --help");
		return EXIT_INPUT;
	}
	if (read_options(o, &filter, &target))
		return EXIT_INPUT;
	if (o->btf && strcmp(o->btf, "none") && lint_btf_open(o->btf, &d, &btf)) {
		diag_print(&d);
		return strcmp(o->btf, "host") ? EXIT_INPUT : EXIT_MACHINE;
	}
	run.lint.btf = btf;
	FILE *out = o->dry_run || fixes_input(o, args) ? fopen("/dev/null", "we") : stdout;   /* the text or the diff is the output */
	if (!out)
		return EXIT_MACHINE;
	run.report = lint_report_new(o->json ? LINT_JSON : o->sarif ? LINT_SARIF : LINT_TEXT, &filter, &run.lint, out,
				     isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	CLEANUP(lint_names_free) struct lint_names *names = lint_names_new();
	run.names = names;
	for (int i = 0; i < args->n; i++)
		lint_argument(&run, args->v[i]);
	struct lint_tally tally = lint_report_close(run.report);
	if (out != stdout)
		fclose(out);
	if (run.unreadable)
		return EXIT_INPUT;
	if (run.unwritten)
		return EXIT_MACHINE;
	if (o->dry_run)
		return run.changed ? EXIT_NO : EXIT_YES;
	return tally.accepted == tally.documents && !tally.findings[SEVERITY_ERROR] ? EXIT_YES : EXIT_NO;
}

int cmd_lint(int argc, char **argv)
{
	struct options o = {0};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	status = run_lint(&o, &args);
	cli_done(&verb, &o);
	return status;
}
