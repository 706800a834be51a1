/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The obvious evaluator (tests/lib/slow_eval.h) against the recorded runs of a real agent (tests/golden/README.md), all policies of a
 * folder in one pass over the recording:
 *
 *	- on every line and policy the evaluator that ships says the same;
 *	- an action of which a line is denied or killed was stopped in the real run, and one of which no line is, was not.
 *	  Asked where every hook of the policy is recorded or implied and no judgement is open.
 *
 * PROPERTY_SHOW=1 prints the rows that are wrong.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <zlib.h>

#include <cmocka.h>

#include "schema/base/io.h"
#include "schema/ndjson.h"
#include "schema/policy_load.h"
#include "tests/lib/contest.h"

enum { MAX_POLICIES = 512, MAX_ACTIONS = 512, LIMIT = 64 << 20 };

struct group {                          /* a file, and the one loaded with it */
	char name[96];
	bool blind;                     /* a hook of it is never reached */
};
struct lab {
	struct contest contest;
	struct group groups[MAX_POLICIES];
	size_t ngroups;
	size_t group_of[MAX_POLICIES];  /* by policy */
	bool *hook_seen[MAX_POLICIES];
	struct str ids[MAX_ACTIONS], baselines[MAX_ACTIONS];
	size_t nids;
	bool odd[MAX_ACTIONS];          /* a 32-bit program takes part */
	struct {
		bool stopped, open;
	} told[MAX_POLICIES][MAX_ACTIONS];   /* by group */
	struct buf lines, baseline, outcomes;
};

static void read_gz(const char *file, struct buf *b)
{
	gzFile f = gzopen(file, "rb");
	assert_non_null(f);
	int n;
	do {
		buf_reserve(b, 1 << 16);
		n = gzread(f, b->p + b->n, 1 << 16);
		b->n += n > 0 ? (size_t)n : 0;
	} while (n > 0 && b->n < LIMIT);
	gzclose(f);
}

static struct str column(struct str *line)
{
	const char *tab = line->n ? memchr(line->p, '\t', line->n) : NULL;
	struct str s = {line->p, tab ? (size_t)(tab - line->p) : line->n};
	*line = str_skip(*line, s.n + 1);
	return s;
}

static bool next_line(struct str *rest, struct str *ret)
{
	if (!rest->n)
		return false;
	const char *end = memchr(rest->p, '\n', rest->n);
	*ret = (struct str){rest->p, end ? (size_t)(end - rest->p) : rest->n};
	*rest = str_skip(*rest, ret->n + 1);
	return true;
}

/* ---- policies ---- */

static void read_policies(const char *pattern, struct policy ***v, size_t *n, struct lab *lab)
{
	glob_t files;
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		struct policy **more = NULL;
		size_t nmore = 0;
		const char *base = strrchr(files.gl_pathv[i], '/') + 1;
		if (policies_read(files.gl_pathv[i], &d, &more, &nmore) < 0)
			continue;
		CLEANUP_FREE char *name = xstrndup(base, strcspn(base, ".") == strlen(base) ? 0 : (size_t)(strstr(base, ".yaml") - base));
		bool second = strlen(name) > 7 && !strcmp(name + strlen(name) - 7, ".second");
		if (lab && !second)
			snprintf(lab->groups[lab->ngroups++].name, sizeof(lab->groups->name), "%s", name);
		for (size_t k = 0; k < nmore; k++) {
			CLEANUP_DIAG struct diag load = DIAG_INIT;
			if (lab && policy_load_check(more[k], &lab->contest.target, &load) < 0) {
				policy_free(more[k]);
				continue;
			}
			*v = xreallocarray(*v, *n + 1, sizeof(**v));
			(*v)[*n] = more[k];
			if (lab) {
				assert_true(*n < MAX_POLICIES);
				lab->group_of[*n] = lab->ngroups - 1;
				lab->hook_seen[*n] = xcalloc(more[k]->nhooks + 1, sizeof(bool));
			}
			++*n;
		}
		free(more);
	}
	globfree(&files);
}

/* NAME.second.yaml sorts before NAME.yaml: put it where it belongs. */
static void join_seconds(struct lab *lab)
{
	for (size_t p = 0; p < lab->contest.n; p++) {
		struct str file = lab->contest.policies[p]->file;
		const char *base = memrchr(file.p, '/', file.n);
		struct str name = str_skip(file, base ? (size_t)(base - file.p) + 1 : 0);
		for (size_t g = 0; g < lab->ngroups; g++) {
			struct str group = str_from(lab->groups[g].name);
			if (str_starts(name, group) && name.n > group.n && name.p[group.n] == '.')
				lab->group_of[p] = g;
		}
	}
}

/* ---- actions ---- */

static size_t find_id(const struct lab *lab, struct str id)
{
	for (size_t i = 0; i < lab->nids; i++)
		if (str_eq(lab->ids[i], id))
			return i;
	return SIZE_MAX;
}

/* The id is the first argument, or the last (a shell). */
static size_t action_in(const struct lab *lab, struct str arguments)
{
	size_t a = find_id(lab, (struct str){arguments.p, MIN(arguments.n, 4)});
	if (a != SIZE_MAX || arguments.n < 4)
		return a;
	return find_id(lab, str_skip(arguments, arguments.n - 4));
}

static size_t action_of(const struct lab *lab, const struct event *ev)
{
	size_t a = action_in(lab, ev->process.arguments);
	return a != SIZE_MAX || !ev->has_parent ? a : action_in(lab, ev->parent.arguments);
}

static void read_actions(struct lab *lab)
{
	struct str rest = buf_view(&lab->baseline), line;
	next_line(&rest, &line);
	while (next_line(&rest, &line)) {
		assert_true(lab->nids < MAX_ACTIONS);
		lab->ids[lab->nids] = column(&line);
		lab->baselines[lab->nids++] = column(&line);
	}
}

/* ---- one pass of the obvious evaluator ---- */

static void judge_lines(struct lab *lab)
{
	const struct contest *c = &lab->contest;
	CLEANUP(slow_free) struct slow *s = slow_new(c->policies, c->n, &c->target, c->recorders, c->nrecorders);
	slow_presume_paths(s, true);
	for (int pass = 0; pass < 2; pass++) {
		CLEANUP(source_close) struct source *source = ndjson_open_bytes("recording", buf_view(&lab->lines), NULL);
		struct event ev;
		while (source_next(source, &ev) > 0) {
			const struct slow_judgement *j;
			if (!pass) {
				slow_records(s, &ev);
				continue;
			}
			size_t n = slow_judge(s, &ev, &j), a = action_of(lab, &ev);
			if (a != SIZE_MAX)
				lab->odd[a] |= str_ends(ev.process.filename, STR("32"));
			for (size_t i = 0; i < n; i++) {
				if (j[i].hook != SLOW_ENFORCER && !j[i].partly)
					lab->hook_seen[j[i].policy][j[i].hook] = true;
				if (a == SIZE_MAX || j[i].monitor)
					continue;
				size_t g = lab->group_of[j[i].policy];
				lab->told[g][a].stopped |= !j[i].silent && (j[i].verdict == VERDICT_KILL || j[i].verdict == VERDICT_DENY);
				lab->told[g][a].open |= j[i].silent || j[i].verdict == VERDICT_UNKNOWN;
			}
		}
	}
	for (size_t p = 0; p < c->n; p++)
		for (size_t h = 0; h < c->policies[p]->nhooks; h++)
			lab->groups[lab->group_of[p]].blind |= !lab->hook_seen[p][h];
}

struct counts {
	unsigned rows, agree, open, blind, wrong, missed;
};

static void hold_against_outcomes(struct lab *lab, const char *folder, struct counts *n)
{
	struct str rest = buf_view(&lab->outcomes), line;
	while (next_line(&rest, &line)) {
		struct str policy = column(&line), load = column(&line), id = column(&line), outcome = column(&line);
		column(&line), column(&line), column(&line);
		bool later = line.n && memmem(line.p, line.n, "then-signal", 11);   /* in what it did next */
		size_t a = find_id(lab, id), g = 0;
		while (g < lab->ngroups && !str_eq(str_from(lab->groups[g].name), policy))
			g++;
		if (a == SIZE_MAX || g == lab->ngroups || !str_eq(load, STR("loaded")))
			continue;
		bool truly = later || !str_eq(outcome, lab->baselines[a]), told = lab->told[g][a].stopped;
		n->rows++;
		if (lab->groups[g].blind || lab->odd[a]) {
			n->blind++;
		} else if (lab->told[g][a].open) {
			n->open++;
		} else if (truly == told) {
			n->agree++;
		} else {
			n->wrong++;
			n->missed += truly;
			if (getenv("PROPERTY_SHOW"))
				printf("  %s " STR_FMT " " STR_FMT ": really " STR_FMT ", foretold %s\n", folder, STR_ARG(policy), STR_ARG(id),
				       STR_ARG(outcome), told ? "stopped" : "as without");
		}
	}
}

static void run_lab(const char *folder, const char *recording, const char *target, struct counts *n)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct lab *lab = xcalloc(1, sizeof(*lab));
	struct contest *c = &lab->contest;
	struct contest_counts counts = {0};
	CLEANUP_BUF struct buf why = BUF_INIT;
	CLEANUP_FREE char *policies = xasprintf("tests/golden/%s/policies/*.yaml", folder);
	CLEANUP_FREE char *recorders = xasprintf("tests/golden/%s/recording-policies/*.yaml", recording);
	CLEANUP_FREE char *lines = xasprintf("tests/golden/%s/recording.ndjson.gz", recording);
	CLEANUP_FREE char *baseline = xasprintf("tests/golden/%s/baseline.tsv", folder);
	CLEANUP_FREE char *outcomes = xasprintf("tests/golden/%s/outcomes.tsv.gz", folder);
	assert_int_equal(target_parse(target, &d, &c->target), 0);
	c->presume = true;
	read_policies(policies, &c->policies, &c->n, lab);
	read_policies(recorders, &c->recorders, &c->nrecorders, NULL);
	join_seconds(lab);
	read_gz(lines, &lab->lines);
	read_gz(baseline, &lab->baseline);
	read_gz(outcomes, &lab->outcomes);
	read_actions(lab);
	bool same = contest_run(c, buf_view(&lab->lines), &counts, &why);
	printf("%s: %zu policies, %llu lines, %llu judgements, %llu agree, %llu open, %llu where only the obvious one is sure\n", folder, c->n,
	       (unsigned long long)counts.lines, (unsigned long long)counts.judged, (unsigned long long)counts.agree,
	       (unsigned long long)counts.silent, (unsigned long long)counts.unsure);
	if (!same)
		printf(STR_FMT, STR_ARG(buf_view(&why)));
	judge_lines(lab);
	hold_against_outcomes(lab, folder, n);
	for (size_t i = 0; i < c->n; i++) {
		free(lab->hook_seen[i]);
		policy_free(c->policies[i]);
	}
	for (size_t i = 0; i < c->nrecorders; i++)
		policy_free(c->recorders[i]);
	free(c->policies);
	free(c->recorders);
	buf_done(&lab->lines);
	buf_done(&lab->baseline);
	buf_done(&lab->outcomes);
	free(lab);
	assert_true(same);
}

static void truth(void **state)
{
	static const char with[] = "kernel=6.12,kprobe-multi=yes,lsm=yes,error-injection=no,kubernetes=no,parents-map=yes,fs=tmpfs";
	struct counts n = {0};
	(void)state;
	run_lab("6.1", "6.1", "kernel=6.1,kprobe-multi=no,lsm=yes,error-injection=no,kubernetes=no,parents-map=yes,fs=tmpfs", &n);
	run_lab("6.12", "6.12", with, &n);
	run_lab("6.12b", "6.12", with, &n);
	printf("against what happened: %u rows, %u agree, %u open, %u not seen by the recording, %u wrong (%u of them stopped)\n", n.rows,
	       n.agree, n.open, n.blind, n.wrong, n.missed);
	assert_int_equal(n.wrong, 0);
	assert_true(n.agree > n.rows / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(truth)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
