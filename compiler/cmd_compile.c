/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout compile: allowlists into policies, images and review pages, all or none. */
#include <stdio.h>

#include "compiler/emit/compile_write.h"
#include "compiler/allow/lower.h"
#include "compiler/emit/review.h"
#include "compiler/verbs.h"
#include "schema/base/cli.h"
#include "schema/base/table.h"
#include "schema/event_words.h"

struct options {
	const char *dir, *target, *shape, *db, *recorded_as;
	bool enforce, host_wide, json;
};

static const struct cli_option options[] = {
	{"output", 'o', CLI_STRING, offsetof(struct options, dir), "DIR", "write the files there (required)"},
	{"target", 't', CLI_STRING, offsetof(struct options, target), "TARGET",
	 "where the policy will run (see below)"},
	{"db", 'd', CLI_STRING, offsetof(struct options, db), "FILE",
	 "replay this store's observations of the workload as well"},
	{"workload", 'w', CLI_STRING, offsetof(struct options, recorded_as), "NAME",
	 "of the store: the workload's name there, where the allowlist gives it another"},
	{"shape", 0, CLI_STRING, offsetof(struct options, shape), "SHAPE",
	 "auto (the strongest the target allows), lsm, override, kill or tracepoint"},
	{"enforce", 'e', CLI_FLAG, offsetof(struct options, enforce), NULL,
	 "enforce, also where the allowlist says monitor"},
	{"host-wide", 0, CLI_FLAG, offsetof(struct options, host_wide), NULL,
	 "a host workload's policy may cover the whole host"},
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "one object for each rule, then a summary for each allowlist"},
};

static const struct cli_verb verb = {
	"compile", "allowlists into TracingPolicies, images and review pages", "ALLOWLIST...", 1, -1,
	options, ARRAY_SIZE(options),
	"Writes NAME.yaml (and NAME-2.yaml ... where one policy does not hold it), NAME.image.elf, NAME.review.md,\n"
	"NAME.allowlist.yaml and kustomization.yaml. The files are read back and replayed over the evidence first;\n"
	"if an allowed observation would be stopped, nothing is written. What the store holds and no entry allows is\n"
	"told, since enforcing would stop it; so is what it may stop, for want of a resolved path.\n\n"
	TARGET_HELP,
};

static const struct table_column columns[] = {
	{"policy", "POLICY", TABLE_TEXT},   {"rule", "RULE", TABLE_TEXT},
	{"hook", "HOOK", TABLE_TEXT},       {"shape", "SHAPE", TABLE_TEXT},
	{"effect", "EFFECT", TABLE_TEXT},   {"selectors", "SELECTORS", TABLE_COUNT},
	{"values", "VALUES", TABLE_COUNT},
};

struct job {
	struct allowlist *allowlist;
	struct compiled compiled;
};
struct jobs {
	struct job *v;
	size_t n, cap;
};

static int compile_one(struct jobs *jobs, const char *file, const struct compile_options *o,
		       struct diag *d)
{
	struct job *j = VEC_PUSH(jobs);
	int err = allowlist_read(file, d, &j->allowlist);
	if (!err)
		allowlist_normalize(j->allowlist);   /* the order of entries means nothing: the same bytes */
	for (size_t i = 0; i + 1 < jobs->n && !err; i++) {
		if (str_eq(jobs->v[i].allowlist->name, j->allowlist->name))
			err = diag_error(d, file, "metadata.name '" STR_FMT "' is that of another allowlist given; "
					 "their files would overwrite each other", STR_ARG(j->allowlist->name));
	}
	return err ? err : compile(j->allowlist, o, &j->compiled, d);
}

static int write_jobs(const struct jobs *jobs, const char *dir, struct diag *d)
{
	CLEANUP_FREE const struct compiled **v = xcalloc(jobs->n, sizeof(*v));
	for (size_t i = 0; i < jobs->n; i++)
		v[i] = &jobs->v[i].compiled;
	return compiled_write_all(v, jobs->n, dir, d);
}

static void add_rows(const struct compiled *c, struct table *t)
{
	for (size_t i = 0; i < c->nrules; i++) {
		const struct compiled_rule *r = &c->rules[i];
		table_str(t, r->policy);
		table_str(t, str_from(r->kind));
		table_str(t, r->hook);
		table_str(t, str_from(shape_name(r->shape)));
		table_str(t, r->prevents ? STR("prevents") : STR("only kills"));
		table_u64(t, r->selectors);
		table_u64(t, r->values);
	}
}

/* Changes that rules deny and nothing in the evidence made. */
static void show_unseen(const struct compiled *c)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	if (!c->unseen)
		return;
	buf_puts(&b, "  no evidence shows ");
	access_words(c->unseen, &b);
	buf_puts(&b, " (");
	review_unseen(c, &b);
	printf("%s). Where the workload does it below a protected path, it would be stopped: monitor first\n", b.p);
}

/* What was recorded and not allowed. */
static void show_not_allowed(const struct not_allowed *n, const char *what)
{
	enum { SHOWN = 5 };
	if (!n->observations)
		return;
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_printf(&b, "  %s: ", what);
	buf_count(&b, n->observations);
	buf_puts(&b, n->observations == 1 ? " observation (" : " observations (");
	buf_count(&b, n->events);
	buf_puts(&b, n->events == 1 ? " event)\n" : " events)\n");
	for (size_t i = 0; i < MIN(n->nexamples, (size_t)SHOWN); i++)
		buf_printf(&b, "    " STR_FMT "\n", STR_ARG(n->examples[i]));
	if (n->observations > SHOWN)
		buf_printf(&b, "    ... and %llu more: the review page names the first %d\n",
			   (unsigned long long)(n->observations - SHOWN), COMPILED_EXAMPLES);
	fputs(b.p, stdout);
}

static void show_words(const struct jobs *jobs, const struct options *o,
		       const struct compile_options *compile_options)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	target_print(&compile_options->target, &b);
	printf("target: %s%s\n", b.p, o->target ? "" : " (the default; say --target for another)");
	for (size_t i = 0; i < jobs->n; i++) {
		const struct compiled *c = &jobs->v[i].compiled;
		bool enforce = compile_options->enforce || jobs->v[i].allowlist->mode == MODE_ENFORCE;
		printf(STR_FMT ": %s mode, %llu allowed events replayed%s, none would be stopped",
		       STR_ARG(jobs->v[i].allowlist->name), enforce ? "enforce" : "monitor",
		       (unsigned long long)c->replayed, o->db ? "" : " (made from its entries; --db replays a recording)");
		if (c->unknown)
			printf(" (%llu could not be asked of the YAML)", (unsigned long long)c->unknown);
		printf("\n");
		show_not_allowed(&c->would_stop, "recorded, on no list, and stopped when enforced");
		show_not_allowed(&c->may_stop, "recorded without a resolved path, on no list as typed, and maybe stopped when enforced");
		show_unseen(c);
		if (c->npolicies && str_eq(jobs->v[i].allowlist->workload.namespace, STR("host")))
			printf("  the YAML covers every process of the host, not this workload alone: what it does not allow is stopped for logins, "
			       "services and container runtimes too\n");
		if (c->no_yaml)
			printf("  no YAML: %s\n", c->no_yaml);
	}
	printf("written to %s\n", o->dir);
}

/* After the rules: what was proved, an object for each allowlist. */
static void show_summaries(const struct jobs *jobs, const struct compile_options *o)
{
	static const struct table_column summary[] = {
		{"summary", NULL, TABLE_BOOL},      {"allowlist", NULL, TABLE_TEXT},  {"enforce", NULL, TABLE_BOOL},
		{"policies", NULL, TABLE_COUNT},    {"replayed", NULL, TABLE_COUNT},  {"unknown", NULL, TABLE_COUNT},
		{"would_stop", NULL, TABLE_COUNT},  {"would_stop_events", NULL, TABLE_COUNT},
		{"may_stop", NULL, TABLE_COUNT},    {"may_stop_events", NULL, TABLE_COUNT}, {"no_yaml", NULL, TABLE_TEXT},
	};
	CLEANUP(table_free) struct table *t = table_new(summary, ARRAY_SIZE(summary));
	for (size_t i = 0; i < jobs->n; i++) {
		const struct compiled *c = &jobs->v[i].compiled;
		table_bool(t, true);
		table_str(t, jobs->v[i].allowlist->name);
		table_bool(t, o->enforce || jobs->v[i].allowlist->mode == MODE_ENFORCE);
		const uint64_t numbers[] = {c->npolicies, c->replayed, c->unknown, c->would_stop.observations, c->would_stop.events,
					    c->may_stop.observations, c->may_stop.events};
		for (size_t k = 0; k < ARRAY_SIZE(numbers); k++)
			table_u64(t, numbers[k]);
		table_str(t, str_from(c->no_yaml ? c->no_yaml : ""));
	}
	table_print(t, TABLE_JSON, stdout);
}

static void show(const struct jobs *jobs, const struct options *o,
		 const struct compile_options *compile_options)
{
	CLEANUP(table_free) struct table *t = table_new(columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < jobs->n; i++)
		add_rows(&jobs->v[i].compiled, t);
	if (table_rows(t))
		table_print(t, o->json ? TABLE_JSON : TABLE_PLAIN, stdout);
	if (o->json)
		show_summaries(jobs, compile_options);
	else
		show_words(jobs, o, compile_options);
}

static int read_options(const struct options *o, struct compile_options *ret, struct diag *d)
{
	int shape = o->shape ? shape_from(str_from(o->shape)) : SHAPE_AUTO;
	if (shape < 0)
		return diag_error(d, NULL, "--shape %s: there are auto, lsm, override, kill, tracepoint", o->shape);
	if (o->recorded_as && !o->db)
		return diag_error(d, NULL, "--workload names a workload of a store: say which with --db FILE");
	if (!o->dir)
		return diag_error(d, NULL, "say with -o DIR where the files go");
	*ret = (struct compile_options){.shape = (enum shape)shape, .enforce = o->enforce,
					.host_wide = o->host_wide, .db = o->db, .recorded_as = o->recorded_as};
	return target_parse(o->target, d, &ret->target);
}

int cmd_compile(int argc, char **argv)
{
	struct options o = {0};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct compile_options compile_options;
	struct jobs jobs = {0};
	int err = read_options(&o, &compile_options, &d);
	if (!err && o.recorded_as && args.n > 1)
		err = diag_error(&d, NULL, "--workload is about one allowlist, and %d are given", args.n);
	for (int i = 0; i < args.n && !err; i++)
		err = compile_one(&jobs, args.v[i], &compile_options, &d);
	if (!err)
		err = write_jobs(&jobs, o.dir, &d);
	diag_print(&d);
	if (!err)
		show(&jobs, &o, &compile_options);
	for (size_t i = 0; i < jobs.n; i++) {
		if (jobs.v[i].compiled.arena)
			compiled_done(&jobs.v[i].compiled);
		allowlist_free(jobs.v[i].allowlist);
	}
	free(jobs.v);
	return exit_status(err);
}
