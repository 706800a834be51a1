/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a policy costs an event that it is not for: another hook, another pod. A thousand of each over events in memory, on one
 * core; what one costs that matches, of 500 entries; start-up of the program.
 */
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#include "compiler/eval/eval.h"

enum { EVENTS = 1000, ROUNDS = 20, POLICIES = 1000, ENTRIES = 500, STARTS = 40 };
extern char **environ;

static double now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* APP: the pods it is for; NULL = everything. */
static void write_policy(struct buf *b, size_t number, const char *hook, const char *type, const char *app, size_t entries)
{
	buf_printf(b, "---\napiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: p%zu}\nspec:\n", number);
	if (app)
		buf_printf(b, "  podSelector: {matchLabels: {app: %s-%zu}}\n", app, number);
	buf_printf(b, "  lsmhooks:\n  - hook: %s\n    args: [{index: 0, type: %s}]\n    selectors:\n    - matchArgs:\n"
		      "      - index: 0\n        operator: NotEqual\n        values:\n", hook, type);
	for (size_t i = 0; i < entries; i++)
		buf_printf(b, "        - /usr/lib/program-%zu\n", i);
	buf_puts(b, "      matchActions: [{action: Override, argError: -1}]\n");
}

/* Half of the names are listed. FILE: lines of security_file_open; else exec lines. The strings outlive the events. */
static void make_events(struct event *v, struct arg *args, struct buf *names, bool file)
{
	buf_reserve(names, EVENTS * 48);
	for (size_t i = 0; i < EVENTS; i++) {
		size_t at = names->n;
		buf_printf(names, "/usr/lib/program-%zu%s", i % 10, i % 2 ? "" : "-unlisted");
		struct str name = {names->p + at, names->n - at};
		v[i] = (struct event){.kind = file ? KIND_FILE : KIND_EXEC, .count = 1, .has_parent = !file};
		struct process *p = &v[i].process;
		p->pid = (uint32_t)i + 2;
		p->path_known = true;
		p->pod = (struct pod){.namespace = STR("shop"), .name = STR("cart-1"), .container_name = STR("cart"),
				      .labels = STR("{\"app\":\"cart\",\"tier\":\"front\"}"), .image = STR("registry/cart:1.2")};
		p->path = p->filename = file ? STR("/usr/bin/node") : name;
		v[i].parent.path = STR("/usr/bin/dash");
		v[i].parent.path_known = true;
		if (!file)
			continue;
		args[i] = (struct arg){.kind = ARG_FILE, .text = name};
		v[i].section = HOOK_LSM;
		v[i].hook = STR("file_open");
		v[i].policy = STR("recorder");
		v[i].path = name;
		v[i].path_known = true;
		v[i].access = ACCESS_READ;
		v[i].args = &args[i];
		v[i].nargs = 1;
	}
}

struct policies {
	struct policy **v;
	size_t n;
};

static struct policies make(size_t n, const char *hook, const char *type, const char *app, size_t entries)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct policies p = {NULL, 0};
	for (size_t i = 0; i < n; i++)
		write_policy(&text, i, hook, type, app, entries);
	if (n && policies_parse("bench.yaml", buf_view(&text), &d, &p.v, &p.n) < 0) {
		diag_print(&d);
		exit(EXIT_INPUT);
	}
	return p;
}

static double time_engine(const struct policies *p, const struct event *v, size_t rounds, uint64_t *ret_denied)
{
	struct target target;
	target_default(&target);
	CLEANUP(engine_free) struct engine *e = engine_new(p->v, p->n, &target);
	const struct judgement *j;
	*ret_denied = 0;
	double start = now(CLOCK_PROCESS_CPUTIME_ID);
	for (size_t r = 0; r < rounds; r++)
		for (size_t i = 0; i < EVENTS; i++) {
			size_t n = engine_judge(e, &v[i], &j);
			*ret_denied += judgements_worst(j, n) == VERDICT_DENY;
		}
	return (now(CLOCK_PROCESS_CPUTIME_ID) - start) / ((double)EVENTS * (double)rounds) * 1e9;
}

static void done(struct policies *p)
{
	for (size_t i = 0; i < p->n; i++)
		policy_free(p->v[i]);
	free(p->v);
}

static double run(const char *what, size_t n, const char *hook, const char *type, const char *app, const struct event *v, double bare)
{
	struct policies p = make(n, hook, type, app, app && n > 1 ? 10 : ENTRIES);
	uint64_t denied;
	size_t rounds = n > 1 ? ROUNDS : ROUNDS * 20;
	double ns = time_engine(&p, v, rounds, &denied);
	if (n > 1)
		printf("%-52s %7.0f ns per event, %.2f ns per policy; a million events: %.2f s\n", what, ns, (ns - bare) / (double)n, ns / 1e3);
	else
		printf("%-52s %7.0f ns per event, %.0f of them for the policy; %llu denied\n", what, ns, ns - bare,
		       (unsigned long long)(denied / rounds));
	done(&p);
	return ns;
}

/* Wall clock of "stakeout --version", least and middle of STARTS. */
static void start_up(void)
{
	double took[STARTS];
	const char *program = getenv("STAKEOUT");
	char *argv[] = {(char *)(program ? program : "build/release/stakeout"), (char *)"--version", NULL};
	posix_spawn_file_actions_t quiet;
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", 1 /* O_WRONLY */, 0);
	for (size_t i = 0; i < STARTS; i++) {
		pid_t pid;
		int status;
		double start = now(CLOCK_MONOTONIC);
		if (posix_spawn(&pid, argv[0], &quiet, NULL, argv, environ) || waitpid(pid, &status, 0) < 0 || status) {
			printf("start-up: %s does not run\n", argv[0]);
			return;
		}
		took[i] = now(CLOCK_MONOTONIC) - start;
		for (size_t k = i; k && took[k] < took[k - 1]; k--) {
			double t = took[k];
			took[k] = took[k - 1];
			took[k - 1] = t;
		}
	}
	printf("start-up: %.2f ms (the least of %d: %.2f)\n", took[STARTS / 2] * 1e3, STARTS, took[0] * 1e3);
	posix_spawn_file_actions_destroy(&quiet);
}

static void both(const char *kind, bool file)
{
	static struct event v[EVENTS];
	static struct arg args[EVENTS];
	CLEANUP_BUF struct buf names = BUF_INIT;
	make_events(v, args, &names, file);
	const char *hook = file ? "file_open" : "bprm_check_security", *type = file ? "file" : "linux_binprm";
	const struct policies none = {NULL, 0};
	uint64_t denied;
	double bare = time_engine(&none, v, ROUNDS * 20, &denied);
	printf("%s, no policy: %.0f ns per event\n", kind, bare);
	run("  1,000 policies of another hook", POLICIES, "task_kill", "nop", NULL, v, bare);
	run("  1,000 policies of this hook for other pods", POLICIES, hook, type, "other", v, bare);
	run("  one policy of 500 entries that matches", 1, hook, type, NULL, v, bare);
}

int main(void)
{
	both("file lines", true);
	both("exec lines", false);
	start_up();
	return 0;
}
