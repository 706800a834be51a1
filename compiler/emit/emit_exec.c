/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exec rules. The hook is bprm_creds_from_file: it sees the final image only, which is what recordings and
 * allowlists name. bprm_check_security would also be asked about the script of a #! line, whose resolved path no
 * observation holds, and would turn ENOEXEC into EPERM; the script adds nothing, since its interpreter can be
 * handed it as an argument anyway. It runs before the point of no return: a denied exec fails with EPERM.
 *
 * A memfd has no path, so a path filter, negative or not, never matches it: link count 0 is denied on its own.
 */
#include "compiler/emit/agents.h"
#include "compiler/emit/plan.h"
#include "schema/runtimes.h"

static const struct plan_hook exec_hook = {
	"bprm_creds_from_file", "security_bprm_creds_from_file",
	{{1, 1, TYPE_FILE, NULL}, {0, 0, TYPE_UINT32, "file.f_inode.__i_nlink"}}, 2,
	TARGET_KERNEL(5, 8),
};
static const struct plan_hook exec_tracepoint = {
	"sched/sched_process_exec", "sched/sched_process_exec",
	{{2, 2, TYPE_LINUX_BINPRM, NULL}, {2, 2, TYPE_UINT32, "file.f_inode.__i_nlink"}}, 2,
	TARGET_KERNEL(5, 3),
};

/* Two callers are one class when they may start the same targets. */
static void target_key(const struct lowered *l, uint32_t id, const void *arg, struct buf *b)
{
	(void)arg;
	for (size_t i = 0; i < l->nexec; i++) {
		if (l->exec[i].caller == id) {
			buf_str(b, l->exec[i].path);
			buf_putc(b, '\0');
		}
	}
}

static void add_all(struct plan *p, struct strs *list, const char *const *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		plan_value(p, list, str_from(values[i]));
}

/* Denies targets that neither everybody nor caller ID may start. */
static void deny_others(struct emission *e, struct plan *p, struct plan_selector *s, uint32_t id,
			bool runtime_too)
{
	struct strs exact = {0}, prefix = {0};
	for (size_t i = 0; i < e->l->nexec; i++) {
		const struct lower_exec *row = &e->l->exec[i];
		if (row->caller != LOWER_CALLER_ANY && row->caller != id)
			continue;
		plan_value(p, row->path.p[row->path.n - 1] == '/' ? &prefix : &exact, row->path);
	}
	if (runtime_too)
		plan_value(p, &exact, STR(RUNTIME_SELF));
	if (!e->scoped) {
		add_all(p, &exact, agents, ARRAY_SIZE(agents));
		add_all(p, &exact, agent_clients, ARRAY_SIZE(agent_clients));
	}
	check_equal(e, &exact);
	check_prefix(e, &prefix);
	if (exact.n)
		plan_filter(s, 0, OPERATOR_NOT_EQUAL, exact);
	if (prefix.n)
		plan_filter(s, 0, OPERATOR_NOT_PREFIX, prefix);
}

static void pass_runtime(struct plan *p)
{
	struct strs callers = plan_values(p, runtimes, ARRAY_SIZE(runtimes));
	struct plan_selector *clone = plan_prelude(p, PLAN_AFTER_RUNTIME);
	clone->callers = callers;
	plan_filter(clone, 1, OPERATOR_EQUAL, plan_values(p, (const char *[]){"0"}, 1));
	struct strs self = plan_values(p, runtimes, ARRAY_SIZE(runtimes));
	plan_value(p, &self, STR(RUNTIME_SELF));
	struct plan_selector *path = plan_prelude(p, PLAN_AFTER_RUNTIME);
	path->callers = callers;
	plan_filter(path, 0, OPERATOR_EQUAL, self);
}

static void describe(const struct emission *e, struct plan *p, bool tracepoint)
{
	p->kind = "exec";
	p->threat = "a program that is not part of the workload: shells, downloaded or dropped binaries, miners, "
		    "memfd and deleted files";
	p->cannot = tracepoint
			    ? "code run inside an allowed program (interpreters, sh -c, ld.so when listed, LD_PRELOAD); "
			      "an allowed file that was overwritten; who started it; /runc is let run so that "
			      "containers can start"
			    : "code run inside an allowed program (interpreters, sh -c, ld.so when listed, LD_PRELOAD); "
			      "an allowed file that was overwritten, or another file bind-mounted over it; a file run from a "
			      "detached mount of its own, which has no path (needs the right to mount)";
	if (!e->scoped)
		p->cannot = arena_printf(e->arena, "%s; Tetragon's own programs (%s, %s, also in /usr/local/bin), without which nobody could "
					 "take the policy back", p->cannot, agents[0], agent_clients[0]);
	p->false_positive = "a new release that adds or moves a program, a rare cron job or hook script, "
			    "kubectl exec for debugging";
}

static int emit_tracepoint(struct emission *e)
{
	if (e->l->nexec && e->l->ncallers) {
		for (size_t i = 0; i < e->l->nexec; i++) {
			if (e->l->exec[i].caller)
				return emission_refuse(e, e->l->exec[i].path,
						       "exec of '" STR_FMT "' is tied to its caller, which "
						  "sched_process_exec cannot see: use another shape (kernel 5.8 on), or drop 'by'",
						  STR_ARG(e->l->exec[i].path));
		}
	}
	struct plan *p = emission_plan(e, &exec_tracepoint);
	describe(e, p, true);
	plan_filter(plan_deny(p, 0), 1, OPERATOR_EQUAL, plan_values(p, (const char *[]){"0"}, 1));
	deny_others(e, p, plan_deny(p, 0), LOWER_CALLER_ANY, true);
	return 0;
}

int emit_exec(struct emission *e)
{
	if (e->shape == SHAPE_TRACEPOINT)
		return emit_tracepoint(e);
	struct plan *p = emission_plan(e, &exec_hook);
	describe(e, p, false);
	uint32_t runtime = 0;
	if (e->scoped) {
		pass_runtime(p);
		runtime = PLAN_AFTER_RUNTIME;
	}
	struct caller_classes classes = {0};
	classify_callers(e, target_key, NULL, &classes);
	for (size_t i = 0; i < classes.n; i++) {
		struct plan_selector *s = plan_deny(p, 0);
		s->callers = classes.v[i].callers;
		deny_others(e, p, s, classes.v[i].id, false);
	}
	plan_filter(plan_deny(p, runtime), 1, OPERATOR_EQUAL,
		    plan_values(p, (const char *[]){"0"}, 1));
	pass_callers(p, &classes);
	deny_others(e, p, plan_deny(p, runtime | (classes.n ? PLAN_AFTER_CALLERS : 0)),
		    LOWER_CALLER_ANY, false);
	free(classes.v);
	return 0;
}
