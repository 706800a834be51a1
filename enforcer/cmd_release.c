/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout enforce release|confirm: policies end; a time limit goes. */
#include <stdio.h>

#include "enforcer/cmd.h"
#include "enforcer/slots.h"
#include "enforcer/table.h"
#include "schema/base/cli.h"
#include "schema/base/table.h"

struct options {
	bool all, json;
	const char *bpffs;
};

#define BPFFS {"bpffs", 0, CLI_STRING, offsetof(struct options, bpffs), "DIR", "the BPF file system (default " BPFFS_DEFAULT ")"}
#define JSON  {"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "one object for each cgroup"}

static const struct cli_option release_options[] = {
	{"all", 'a', CLI_FLAG, offsetof(struct options, all), NULL, "everything, also what another version left"},
	BPFFS, JSON,
};
static const struct cli_verb release_verb = {
	"enforce release", "end policies", "[WORKLOAD|CGROUP]...", 0, -1, release_options, ARRAY_SIZE(release_options),
	"Ends the policies of workloads that match, or of cgroups given by their folder. Other policies are not touched.\n"
	"When none is left, the programs are taken out of the kernel as well. This command works from within a cgroup whose\n"
	"policy would not allow it, if the program file is the one that applied the policy and has CAP_SYS_ADMIN on the host.",
};

static const struct cli_option confirm_options[] = {BPFFS, JSON};
static const struct cli_verb confirm_verb = {
	"enforce confirm", "take the time limit of --for away", "[WORKLOAD|CGROUP]...", 0, -1, confirm_options,
	ARRAY_SIZE(confirm_options), "Without arguments: of all policies that have one.",
};

static const struct table_column columns[] = {
	{"workload", "WORKLOAD", TABLE_TEXT}, {"cgroup", "CGROUP", TABLE_TEXT}, {"image", "IMAGE", TABLE_TEXT},
};

static void add_row(struct table *t, const struct enforce_name *n)
{
	table_str(t, str_from(n->workload));
	table_str(t, str_from(n->folder));
	table_str(t, str_from(n->image));
}

static int none_fits(const struct cli_args *args, struct diag *d)
{
	if (args->n)
		return diag_error(d, args->v[0], "nothing of this name is under a policy; see 'stakeout enforce status'");
	diag_add(d, DIAG_NOTE, NULL, 0, 0, "nothing in force has a time limit");
	return 0;
}

static int release(struct machine *m, const struct cli_args *args, struct table *t, struct diag *d)
{
	int r = 0;
	for (uint32_t i = 0; i < ENFORCE_WORKLOADS; i++) {
		struct enforce_name name;
		if (!workload_name(m, i, &name) || !is_named(&name, args->v, args->n))
			continue;
		add_row(t, &name);
		int err = workload_release(m, i, d);
		r = r ? r : err;
	}
	if (!table_rows(t) && args->n)
		return none_fits(args, d);
	if (!r && !workloads_reap(m))
		return machine_remove(m, d);
	return r ? r : slots_sweep(m, d);
}

static int confirm(struct machine *m, const struct cli_args *args, struct table *t, struct diag *d)
{
	uint64_t now = boot_ns();
	int late = 0;
	for (uint32_t i = 0; i < ENFORCE_WORKLOADS; i++) {
		struct enforce_name name;
		uint64_t deadline = __atomic_load_n(&m->workloads[i].deadline_ns, __ATOMIC_RELAXED);
		if (!workload_name(m, i, &name) || !is_named(&name, args->v, args->n) || (!deadline && !args->n))
			continue;
		if (deadline && deadline <= now) {
			late = diag_error(d, name.folder, "its time was over already and it only audits: apply it again");
			continue;
		}
		__atomic_store_n(&m->workloads[i].deadline_ns, 0, __ATOMIC_SEQ_CST);
		add_row(t, &name);
	}
	return late ? late : table_rows(t) ? 0 : none_fits(args, d);
}

static int run(const struct options *o, const struct cli_args *args, bool releases, struct diag *d)
{
	CLEANUP(machine_close) struct machine *m = NULL;
	CLEANUP(table_free) struct table *t = table_new(columns, ARRAY_SIZE(columns));
	int r = check_rights(d);
	if (!r && o->all)
		return machine_remove_all(o->bpffs, d);
	if (!r)
		r = machine_find(o->bpffs, d, &m);
	if (!r && !m)      /* at most an empty folder, of a command that was killed */
		return releases && !args->n ? machine_remove_all(o->bpffs, d) : none_fits(args, d);
	if (!r)
		r = releases ? release(m, args, t, d) : confirm(m, args, t, d);
	if (table_rows(t))
		table_print(t, o->json ? TABLE_JSON : TABLE_PLAIN, stdout);
	return r;
}

static int command(const struct cli_verb *verb, int argc, char **argv)
{
	struct options o = {.bpffs = BPFFS_DEFAULT};
	struct cli_args args;
	int status;
	if (!cli_parse(verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	return end(&d, run(&o, &args, verb == &release_verb, &d));
}

int cmd_release(int argc, char **argv)
{
	return command(&release_verb, argc, argv);
}

int cmd_confirm(int argc, char **argv)
{
	return command(&confirm_verb, argc, argv);
}
