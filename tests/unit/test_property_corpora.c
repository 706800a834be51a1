/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The corpora before both evaluators: each scenario's execs under each policy of the decision tables and under exec lists of the
 * allowlists' own programs, judged by the one that ships and by the obvious one. What both are sure of must be the same. Execs and
 * exits only: the obvious one reads hook lines by the policy that recorded them, and those of a corpus have none.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "compiler/scenario/scenario.h"
#include "schema/allowlist.h"
#include "schema/base/io.h"
#include "schema/event_json.h"
#include "tests/lib/contest.h"

enum { POLICY_LIMIT = 1 << 20, MOST_UNSURE = 758 };

static void lines_of(const char *file, struct buf *lines)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(scenario_free) struct scenario *s = NULL;
	CLEANUP(source_close) struct source *source = NULL;
	int err = scenario_read(file, &d, &s);
	if (!err)
		err = scenario_open(s, &(struct scenario_options){0}, &d, &source);
	diag_print(&d);
	assert_int_equal(err, 0);
	struct event ev;
	while (source_next(source, &ev) > 0)
		if (ev.kind == KIND_EXEC || ev.kind == KIND_EXIT)
			event_json(&ev, lines);
	assert_true(lines->n > 0);
}

static void judge(const char *corpus, struct str lines, const char *name, struct str yaml, struct contest_counts *counts)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_BUF struct buf why = BUF_INIT;
	struct contest c = {0};
	assert_int_equal(target_parse("kernel=6.12,kprobe-multi=no,lsm=yes,error-injection=yes,kubernetes=yes,parents-map=yes", &d,
				      &c.target), 0);
	if (contest_load(&c, yaml) && !contest_run(&c, lines, counts, &why))
		fail_msg("%s under %s: %s", corpus, name, why.p);
	contest_unload(&c);
}

/* An exec list of every program that the allowlist names, which is as long as lists get. */
static void exec_list(const char *allowlist, struct buf *yaml)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(allowlist_free) struct allowlist *a = NULL;
	assert_int_equal(allowlist_read(allowlist, &d, &a), 0);
	buf_puts(yaml, "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: listed}\nspec:\n  lsmhooks:\n"
		       "  - hook: bprm_check_security\n    args: [{index: 0, type: linux_binprm}]\n    selectors:\n"
		       "    - matchArgs:\n      - index: 0\n        operator: NotEqual\n        values:\n");
	for (size_t i = 0; i < a->nexec; i++)
		buf_printf(yaml, "        - \"" STR_FMT "\"\n", STR_ARG(a->exec[i].path));
	buf_puts(yaml, "      matchActions: [{action: Override, argError: -1}]\n");
}

static void judge_files(const char *pattern, const char *corpus, struct str lines, bool lists, struct contest_counts *counts)
{
	glob_t files;
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		CLEANUP_BUF struct buf yaml = BUF_INIT;
		if (lists)
			exec_list(files.gl_pathv[i], &yaml);
		else
			assert_int_equal(read_file(files.gl_pathv[i], POLICY_LIMIT, &yaml), 0);
		judge(corpus, lines, files.gl_pathv[i], buf_view(&yaml), counts);
	}
	globfree(&files);
}

static void corpora(void **state)
{
	(void)state;
	glob_t files;
	struct contest_counts counts = {0};
	assert_int_equal(glob("corpus/scenarios/*.yaml", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		CLEANUP_BUF struct buf lines = BUF_INIT;
		lines_of(files.gl_pathv[i], &lines);
		judge_files("tests/replay/policies/*.yaml", files.gl_pathv[i], buf_view(&lines), false, &counts);
		judge_files("corpus/allowlists/*.yaml", files.gl_pathv[i], buf_view(&lines), true, &counts);
	}
	printf("%zu corpora, %llu lines, %llu judgements: %llu agree (%llu stop something, %llu unknown to both), %llu left open by the rules, "
	       "%llu where only the obvious one is sure\n",
	       files.gl_pathc, (unsigned long long)counts.lines, (unsigned long long)counts.judged, (unsigned long long)counts.agree,
	       (unsigned long long)counts.stopped, (unsigned long long)counts.unknown, (unsigned long long)counts.silent,
	       (unsigned long long)counts.unsure);
	globfree(&files);
	assert_true(counts.stopped > 0);
	/* The corpora do not change by themselves: more doubt than this is a change of the evaluator. */
	assert_true(counts.unsure <= MOST_UNSURE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(corpora)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
