/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout audit-policy: the observability policies to deploy before anything is known of a workload. */
#include <stdio.h>

#include "compiler/emit/audit.h"
#include "compiler/allow/suggest.h"
#include "compiler/verbs.h"
#include "schema/base/cli.h"
#include "schema/base/io.h"
#include "schema/store_read.h"

struct options {
	const char *db, *dir, *target;
	bool host_wide;
};

static const struct cli_option options[] = {
	{"db", 'd', CLI_STRING, offsetof(struct options, db), "FILE", "the store (default stakeout.db)"},
	{"output", 'o', CLI_STRING, offsetof(struct options, dir), "DIR",
	 "write audit-NAME.yaml there (default: standard output, one workload only)"},
	{"target", 't', CLI_STRING, offsetof(struct options, target), "TARGET", "where the policy will run (see below)"},
	{"host-wide", 0, CLI_FLAG, offsetof(struct options, host_wide), NULL,
	 "a host workload's policy may cover the whole host"},
};

static const struct cli_verb verb = {
	"audit-policy", "a policy that only reports, to learn what a workload does", "WORKLOAD...", 1, -1,
	options, ARRAY_SIZE(options),
	"WORKLOAD is as in 'stakeout workloads'; the agent's export without any policy (exec lines) makes it known.\n"
	"The policy is scoped to the labels that all its pods share.\n\n"
	TARGET_HELP,
};

struct job {
	const struct options *o;
	struct compile_options compile_options;
	struct store *store;
	struct arena *arena;
	struct diag *d;
	struct policy **policies;
	size_t n;
};

/*
 * The workload's identity and labels are what suggest finds; the entries it proposes are not used. What no policy can be
 * scoped to is left out, with a warning.
 */
static int audit_one(struct job *j, const struct workload_row *w)
{
	static const struct suggest_options nothing = {.decided_only = true};
	struct left_out_tally tally;
	CLEANUP(allowlist_free) struct allowlist *a = NULL;
	int err = suggest_allowlist(j->store, w, &nothing, &tally, &a);
	if (err) {
		diag_error(j->d, j->o->db, "cannot read the workload: %s", store_error(j->store));
		return err;
	}
	struct policy *p;
	CLEANUP_DIAG struct diag why = DIAG_INIT;
	err = audit_policy(a, &j->compile_options, &why, &p);
	if (!err)
		*ARENA_PUSH(j->arena, j->policies, j->n) = p;
	else
		diag_add(j->d, DIAG_WARNING, j->o->db, 0, 0, STR_FMT " left out: %s", STR_ARG(w->text),
			 why.v[0].message);
	return err == -EINVAL ? 0 : err;
}

static int audit_pattern(struct job *j, const char *pattern)
{
	struct workload_row *rows;
	size_t n;
	int err = store_workloads(j->store, j->arena, pattern, 0, &rows, &n);
	if (err) {
		diag_error(j->d, j->o->db, "cannot list the workloads: %s", store_error(j->store));
		return err;
	}
	if (n == 0)
		return diag_error(j->d, j->o->db, "no workload matches '%s'; 'stakeout workloads' lists them", pattern);
	size_t before = j->n;
	for (size_t i = 0; i < n && !err; i++)
		err = audit_one(j, &rows[i]);
	if (!err && j->n == before)
		return diag_error(j->d, j->o->db, "nothing that '%s' matches can have a policy", pattern);
	return err;
}

static int write_policy(const struct job *j, const struct policy *p)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	policy_print(p, &b);
	if (!j->o->dir) {
		fwrite(b.p, 1, b.n, stdout);
		return 0;
	}
	CLEANUP_FREE char *file = xasprintf("%s/" STR_FMT ".yaml", j->o->dir, STR_ARG(p->name));
	int err = write_file(file, b.p, b.n, 0644);
	if (err)
		diag_error(j->d, file, "cannot write: %s", strerror(-err));
	else
		printf("%s\n", file);
	return err;
}

static int write_policies(const struct job *j)
{
	int err = 0;
	if (!j->o->dir && j->n > 1)
		return diag_error(j->d, NULL, "%zu workloads match: give each policy its own file with -o DIR "
				  "(an agent reads only the first document of a file)", j->n);
	if (j->o->dir)
		err = make_dirs(j->o->dir);
	if (err)
		diag_error(j->d, j->o->dir, "cannot make the folder: %s", strerror(-err));
	for (size_t i = 0; i < j->n && !err; i++)
		err = write_policy(j, j->policies[i]);
	return err;
}

static int run(struct job *j, const struct cli_args *args)
{
	int err = target_parse(j->o->target, j->d, &j->compile_options.target);
	if (!err)
		err = store_open(j->o->db, STORE_READ, j->d, &j->store);
	for (int i = 0; i < args->n && !err; i++)
		err = audit_pattern(j, args->v[i]);
	return err ? err : write_policies(j);
}

int cmd_audit_policy(int argc, char **argv)
{
	struct options o = {.db = STORE_DEFAULT};
	struct cli_args args;
	int status;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct job j = {.o = &o, .arena = arena, .d = &d};
	j.compile_options.host_wide = o.host_wide;
	int err = run(&j, &args);
	diag_print(&d);
	for (size_t i = 0; i < j.n; i++)
		policy_free(j.policies[i]);
	store_close(j.store);
	return exit_status(err);
}
