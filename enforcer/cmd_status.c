/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout enforce status: what is in force, and what it did. */
#include <stdio.h>

#include <bpf/bpf.h>

#include "enforcer/cmd.h"
#include "enforcer/hits.h"
#include "enforcer/holes.h"
#include "enforcer/refused.h"
#include "enforcer/shortages.h"
#include "enforcer/slots.h"
#include "enforcer/table.h"
#include "enforcer/uncovered.h"
#include "schema/base/cli.h"
#include "schema/base/sha256.h"
#include "schema/base/table.h"

struct options {
	bool json, rules, recent;
	const char *bpffs, *node_root;
};

static const struct cli_option options[] = {
	{"rules", 'r', CLI_FLAG, offsetof(struct options, rules), NULL, "each rule of each policy, and how often it decided"},
	{"recent", 0, CLI_FLAG, offsetof(struct options, recent), NULL, "the last refusals, also those that watch has told"},
	{"bpffs", 0, CLI_STRING, offsetof(struct options, bpffs), "DIR", "the BPF file system (default " BPFFS_DEFAULT ")"},
	{"node-root", 0, CLI_STRING, offsetof(struct options, node_root), "DIR", "where the node's file system is seen, for names (default /)"},
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "one object for each cgroup, rule or refusal"},
};

static const struct cli_verb verb = {
	"enforce status", "what is in force, and what it refused", "[WORKLOAD|CGROUP]...", 0, -1, options, ARRAY_SIZE(options),
	"Mode: enforce, audit, or expired (the time of --for is over: it only audits). With --rules: what each rule\n"
	"allowed, and what was refused or audited: by the protected path or the guard that was in the way, else under 'no rule'. Rules are counted\n"
	"for a policy, from its last replacement on, though several cgroups may be under it. The last 64 refusals are kept for --recent.\n"
	"Exit status 1 when nothing is in force.",
};

static const struct table_column columns[] = {
	{"workload", "WORKLOAD", TABLE_TEXT},   {"cgroup", "CGROUP", TABLE_TEXT},
	{"image", "IMAGE", TABLE_TEXT},         {"mode", "MODE", TABLE_TEXT},
	{"backend", "BACKEND", TABLE_TEXT},     {"seconds_left", "SECONDS LEFT", TABLE_TEXT},
	{"denied_exec", "EXEC DENIED", TABLE_COUNT}, {"denied_file", "FILE", TABLE_COUNT},
	{"denied_connect", "CONNECT", TABLE_COUNT},  {"denied_guard", "GUARD", TABLE_COUNT},
	{"audited_exec", "EXEC AUDITED", TABLE_COUNT}, {"audited_file", "FILE", TABLE_COUNT},
	{"audited_connect", "CONNECT", TABLE_COUNT},   {"audited_guard", "GUARD", TABLE_COUNT},
	{"unjudged", NULL, TABLE_COUNT},         {"uncovered", NULL, TABLE_COUNT},
	{"unentered", NULL, TABLE_COUNT},        {"unrecorded", NULL, TABLE_COUNT},
	{"last_refusal", "LAST", TABLE_TIME},
	{"memory", "BYTES", TABLE_COUNT},       {"applied_ns", "SINCE", TABLE_TIME},
	{"digest", NULL, TABLE_TEXT},
};

/* What is not under a policy, or not told. Of the host, but for uncovered: of the workload. */
struct rest {
	uint64_t unjudged, uncovered, shortages[ENFORCE_LOSSES];
};

static const char *mode_of(const struct enforce_workload *w, uint64_t now)
{
	if (ENFORCE_MODE(w->word) != ENFORCE_DENY)
		return "audit";
	return w->deadline_ns && w->deadline_ns <= now ? "expired" : "enforce";
}

static void add_row(struct table *t, const struct machine *m, uint32_t number, const struct enforce_name *n, const struct rest *rest)
{
	const struct enforce_workload *w = &m->workloads[number];
	uint64_t now = boot_ns(), last = __atomic_load_n(&w->last_ns, __ATOMIC_RELAXED);
	CLEANUP_BUF struct buf b = BUF_INIT;
	if (w->deadline_ns > now)
		buf_printf(&b, "%llu", (unsigned long long)((w->deadline_ns - now) / NSEC_PER_SEC));
	table_str(t, str_from(n->workload));
	table_str(t, str_from(n->folder));
	table_str(t, str_from(n->image));
	table_str(t, str_from(mode_of(w, now)));
	table_str(t, str_from(backend_name(m->backend)));
	table_str(t, buf_view(&b));
	for (int k = 0; k < ENFORCE_KINDS; k++)
		table_u64(t, __atomic_load_n(&w->denied[k], __ATOMIC_RELAXED));
	for (int k = 0; k < ENFORCE_KINDS; k++)
		table_u64(t, __atomic_load_n(&w->audited[k], __ATOMIC_RELAXED));
	table_u64(t, rest->unjudged);
	table_u64(t, rest->uncovered);
	table_u64(t, rest->shortages[ENFORCE_LOSS_CGROUP]);
	table_u64(t, rest->shortages[ENFORCE_LOSS_RECORD]);
	table_u64(t, last ? last + wall_ns() - now : 0);
	table_u64(t, n->memory);
	table_u64(t, n->applied_ns);
	buf_clear(&b);
	sha256_hex(n->digest, &b);
	table_str(t, buf_view(&b));
}

static const struct table_column rule_columns[] = {
	{"workload", "WORKLOAD", TABLE_TEXT}, {"cgroup", NULL, TABLE_TEXT}, {"kind", "KIND", TABLE_TEXT}, {"rule", "RULE", TABLE_TEXT},
	{"by", "BY", TABLE_TEXT}, {"allowed", "ALLOWED", TABLE_COUNT}, {"denied", "DENIED", TABLE_COUNT},
	{"audited", "AUDITED", TABLE_COUNT},
};

static void add_rules(struct table *t, const struct machine *m, uint32_t number, const struct enforce_name *n)
{
	CLEANUP_HITS struct hits h = {0};
	hits_read(&m->workloads[number], n, &h);
	for (size_t i = 0; i < h.n; i++) {
		table_str(t, str_from(n->workload));
		table_str(t, str_from(n->folder));
		table_str(t, str_from(h.v[i].kind));
		table_str(t, str_from(h.v[i].rule));
		table_str(t, str_from(h.v[i].by));
		table_u64(t, h.v[i].count.allowed);
		table_u64(t, h.v[i].count.denied);
		table_u64(t, h.v[i].count.audited);
	}
}

/* Containers that came after the policy. Told once for a workload: with its first row. */
static size_t warn_uncovered(const struct uncovered *u, const char *workload, bool first, struct diag *d)
{
	const char *folder;
	size_t n = uncovered_of(u, workload, &folder);
	if (n && first)
		diag_add(d, DIAG_WARNING, workload, 0, 0, "%zu of its cgroups came later and are under no policy, %s first: apply its image again",
			 n, folder);
	return n;
}

/* Oldest first. What is written just now, or was before it could be read, is left out. */
static void print_recent(const struct machine *m, const struct cli_args *args, bool json)
{
	struct enforce_state state;
	struct enforce_recent r, again;
	struct refused refused;
	uint32_t zero = 0;
	if (bpf_map_lookup_elem(m->maps[MACHINE_STATE], &zero, &state))
		return;
	refused_init(&refused);
	for (uint64_t i = state.recent > ENFORCE_RECENT ? state.recent - ENFORCE_RECENT : 0; i < state.recent; i++) {
		CLEANUP_BUF struct buf line = BUF_INIT;
		uint32_t place = i % ENFORCE_RECENT;
		struct event ev;
		if (bpf_map_lookup_elem(m->maps[MACHINE_RECENT], &place, &r) || r.number != i + 1 ||
		    bpf_map_lookup_elem(m->maps[MACHINE_RECENT], &place, &again) || again.number != r.number)
			continue;
		r.record.object_length = MIN(r.record.object_length, ENFORCE_RECENT_OBJECT);
		if (!refused_read(&refused, m, &r.record, sizeof(r.record) + r.record.object_length, &ev) ||
		    !is_named(&refused.name, args->v, args->n))
			continue;
		refused_print(&refused, &ev, json, &line);
		fwrite(line.p, 1, line.n, stdout);
	}
	refused_done(&refused);
}

static int run(const struct options *o, const struct cli_args *args, struct diag *d, bool *ret_any)
{
	CLEANUP(machine_close) struct machine *m = NULL;
	CLEANUP(table_free) struct table *t = o->rules ? table_new(rule_columns, ARRAY_SIZE(rule_columns))
							 : table_new(columns, ARRAY_SIZE(columns));
	int r = check_rights(d);
	if (!r)
		r = machine_find(o->bpffs, d, &m);
	if (r || !m)
		return r;
	workloads_reap(m);
	CLEANUP_HOLES struct holes holes = {0};
	holes_find(m, &holes);
	struct rest rest = {.unjudged = holes.calls};
	shortages_read(m, rest.shortages);
	CLEANUP(uncovered_free) struct uncovered *u = NULL;
	CLEANUP_FREE char *told = xstrdup("");
	r = uncovered_find(m, o->node_root, d, &u);
	if (r)
		return r;
	for (uint32_t i = 0; i < ENFORCE_WORKLOADS; i++) {
		struct enforce_name name;
		if (!workload_name(m, i, &name) || !is_named(&name, args->v, args->n))
			continue;
		*ret_any = true;
		if (o->rules) {
			add_rules(t, m, i, &name);
		} else {
			rest.uncovered = warn_uncovered(u, name.workload, strcmp(told, name.workload), d);
			add_row(t, m, i, &name, &rest);
		}
		free(told);
		told = xstrdup(name.workload);
	}
	if (o->recent)
		print_recent(m, args, o->json);
	else if (table_rows(t))
		table_print(t, o->json ? TABLE_JSON : TABLE_PLAIN, stdout);
	holes_warn(m, d);
	shortages_warn(m, d);
	return 0;
}

int cmd_status(int argc, char **argv)
{
	struct options o = {.bpffs = BPFFS_DEFAULT, .node_root = "/"};
	struct cli_args args;
	int status;
	bool any = false;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	status = end(&d, run(&o, &args, &d, &any));
	if (status == EXIT_YES && !any)
		diag_say("stakeout enforce: nothing is in force%s", args.n ? " under this name" : "");
	return status == EXIT_YES && !any ? EXIT_NO : status;
}
