/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a real agent said of its own policies while it enforced them (tests/golden/README.md): each line that a policy posted tells the
 * last action of the selector that the kernel chose. The evaluator, given that line and those before it, must choose a
 * selector with the same last action, or say that it does not know; "no selector matches" is a contradiction of what happened. The
 * lines are the policy's own and exits, no execs: an export as thin as filters make it. So programs are known as typed; the second time it is told
 * that an absolute name is a resolved path, which in the lab is so but for one link, and which programs are 32-bit ones.
 *
 * GOLDEN_SHOW=posted prints what disagrees.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include <cmocka.h>

#include "compiler/eval/eval.h"
#include "schema/base/io.h"
#include "schema/ndjson.h"

struct tally {
	unsigned lines, agree, unknown, wrong;
};

struct run {
	char *name;
	struct policy **policies;
	size_t n;
	struct engine *engine;
	struct tally *tally;
	bool told;
	uint64_t line;             /* counted last: some lines have two meanings, of which the first is judged for the hook */
};

static void read_more(struct run *r, const char *file)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct policy **more;
	size_t n;
	if (access(file, R_OK) || policies_read(file, &d, &more, &n) < 0)
		return;
	r->policies = xreallocarray(r->policies, r->n + n, sizeof(struct policy *));
	memcpy(r->policies + r->n, more, n * sizeof(struct policy *));
	r->n += n;
	free(more);
}

static bool is_hook_of(const struct hook *h, const struct event *ev)
{
	if (h->section != SECTION_TRACEPOINT)
		return str_eq(h->call, ev->hook);
	return ev->hook.n == h->subsystem.n + 1 + h->call.n && str_starts(ev->hook, h->subsystem) && str_ends(ev->hook, h->call);
}

/* Is the selector's last action the one that the line names? What a macro brings is not among the selector's own. */
static bool names_action(const struct selector *s, struct str named)
{
	const char *last = s->nactions ? action_name(s->actions[s->nactions - 1].action) : "Post";
	return s->macros.n || (strlen(last) == named.n && !strncasecmp(last, named.p, named.n));
}

/* Which selector it is may be open where none of them stops anything: allowed, and posted or not. */
static bool is_undecided(const struct judgement *j)
{
	return j->verdict == VERDICT_UNKNOWN || (j->verdict == VERDICT_ALLOW && strstr(j->why, "is not told"));
}

/* Of the judgements about the line's own hook: the best, since a policy may have a hook twice. */
static unsigned *place_of(struct run *r, const struct event *ev, const struct judgement *v, size_t n)
{
	struct str named = ev->action.n ? ev->action : STR("POST");
	bool unknown = false;
	for (size_t i = 0; i < n; i++) {
		const struct policy *p = r->policies[v[i].policy];
		const struct hook *h = &p->hooks[v[i].hook];
		if (!str_eq(p->name, ev->policy) || !is_hook_of(h, ev))
			continue;
		unknown |= is_undecided(&v[i]);
		if (v[i].selector >= 0 && names_action(&h->selectors[v[i].selector], named))
			return &r->tally->agree;
	}
	return unknown ? &r->tally->unknown : &r->tally->wrong;
}

static void judge_line(struct run *r, const struct event *ev)
{
	const struct judgement *v;
	size_t n = engine_judge(r->engine, ev, &v);
	if (ev->section == HOOK_NONE || !ev->policy.n || ev->line == r->line)
		return;
	if (r->told && str_eq(ev->process.filename, STR("/lab/bb/sh")))   /* the link */
		return;
	r->line = ev->line;
	unsigned *place = place_of(r, ev, v, n);
	r->tally->lines++;
	++*place;
	const char *wanted = getenv("GOLDEN_SHOW");
	if (place == &r->tally->wrong && wanted && !strcmp(wanted, "posted"))
		printf("  %s line %llu, " STR_FMT ": the agent says " STR_FMT ", foretold %s (%s)\n", r->name, (unsigned long long)ev->line,
		       STR_ARG(ev->hook), STR_ARG(ev->action), n ? verdict_name(v[0].verdict) : "nothing", n ? v[0].why : "no hook is reached");
}

static void replay(struct run *r, const char *events)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	for (int judging = 0; judging < 2; judging++) {
		CLEANUP(source_close) struct source *source = NULL;
		struct event ev;
		int more;
		assert_int_equal(ndjson_open(events, NULL, &d, &source), 0);
		while ((more = source_next(source, &ev)) > 0) {
			if (judging)
				judge_line(r, &ev);
			else
				engine_records(r->engine, &ev);
		}
		assert_int_equal(more, 0);
		engine_records_end(r->engine);
	}
}

/* What the runs' README says of the lab, and no line tells. */
static void tell(struct engine *e)
{
	static const struct str compat[] = {STR_INIT("/lab/bin/caller32"), STR_INIT("/lab/bin/good32"), STR_INIT("/lab/bin/bad32")};
	engine_presume_paths(e, true);
	for (size_t i = 0; i < ARRAY_SIZE(compat); i++)
		engine_compat(e, compat[i]);
}

/* The events of one policy; those of policies that are not among the files at hand say nothing. */
static void run_events(const char *folder, const char *events, const struct target *target, bool told, struct tally *tally)
{
	const char *base = strrchr(events, '/') + 1;
	struct run r = {.name = xstrndup(base, (size_t)(strstr(base, ".ndjson") - base)), .tally = tally, .told = told};
	CLEANUP_FREE char *file = xasprintf("%s/policies/%s.yaml", folder, r.name);
	CLEANUP_FREE char *second = xasprintf("%s/policies/%s.second.yaml", folder, r.name);
	read_more(&r, file);
	read_more(&r, second);
	if (r.n) {
		r.engine = engine_new(r.policies, r.n, target);
		if (told)
			tell(r.engine);
		replay(&r, events);
		engine_free(r.engine);
	}
	for (size_t i = 0; i < r.n; i++)
		policy_free(r.policies[i]);
	free(r.policies);
	free(r.name);
}

static const struct {
	const char *folder, *target;
	unsigned lines, unknown, unknown_told;      /* lines that policies posted; at most so many of them undecided */
} folders[] = {
	{"tests/golden/6.1", "kernel=6.1,kprobe-multi=no,kubernetes=no,parents-map=yes,fs=tmpfs", 1169, 215, 64},
	{"tests/golden/6.12", "kernel=6.12,kubernetes=no,parents-map=yes,fs=tmpfs", 1411, 393, 103},
	{"tests/golden/6.12b", "kernel=6.12,kubernetes=no,parents-map=yes,fs=tmpfs", 1759, 1140, 257},
};

static void run(bool told)
{
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP_FREE char *all = xasprintf("%s/events/*.ndjson.gz", folders[i].folder);
		struct target target;
		struct tally t = {0};
		glob_t files;
		assert_int_equal(target_parse(folders[i].target, &d, &target), 0);
		assert_int_equal(glob(all, 0, NULL, &files), 0);
		for (size_t k = 0; k < files.gl_pathc; k++)
			run_events(folders[i].folder, files.gl_pathv[k], &target, told, &t);
		globfree(&files);
		printf("%s%s: %u lines that policies posted, %u agree, %u unknown, %u wrong\n", folders[i].folder, told ? ", told of the lab" : "", t.lines, t.agree, t.unknown, t.wrong);
		assert_int_equal(t.wrong, 0);
		assert_true(told || t.lines == folders[i].lines);
		assert_in_range(t.unknown, 0, told ? folders[i].unknown_told : folders[i].unknown);
	}
}

static void posted(void **state)
{
	(void)state;
	run(false);
}

static void posted_when_told(void **state)
{
	(void)state;
	run(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(posted), cmocka_unit_test(posted_when_told)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
