/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * docs/lints/: each lint has its page, the page's wrong example loads and is found, the right one loads and is not. Where
 * the finding comes with an edit, the edited text no longer has it. docs/lints/README.md lists them all; run with
 * UPDATE=1 to write it anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "compiler/lint/lint_pages.h"
#include "tests/lib/lints.h"
#include "schema/base/io.h"

static const char *page_of(const char *id)
{
	for (size_t i = 0; i < lint_pages_n; i++)
		if (strcmp(lint_pages[i].id, id) == 0)
			return lint_pages[i].text;
	return NULL;
}

/* The first block of YAML behind TITLE. */
static struct str block(const char *page, const char *title)
{
	const char *at = strstr(page, title), *begin = at ? strstr(at, "```yaml\n") : NULL;
	const char *end = begin ? strstr(begin + 8, "```\n") : NULL;
	return end ? (struct str){begin + 8, (size_t)(end - begin - 8)} : (struct str){0};
}

static struct str target(const char *page)
{
	const char *at = strstr(page, "--target "), *end = at ? strchr(at, '`') : NULL;
	return end ? (struct str){at + 9, (size_t)(end - at - 9)} : (struct str){0};
}

static bool example(const char *id, const char *page, const char *title, bool wanted)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct str t = target(page), yaml = block(page, title);
	CLEANUP_FREE char *typed = t.n ? xstrndup(t.p, t.n) : NULL;
	struct linted l;
	if (!str_starts(yaml, STR("apiVersion")))
		buf_puts(&text, "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata:\n  name: example\n");
	buf_str(&text, yaml);
	lint_open(&l, buf_view(&text), typed);
	const struct finding *f = lint_found(&l, id, NULL);
	bool good = l.file.ndocuments == 1 && l.file.documents[0].as_file.accepted && (f != NULL) == wanted;
	if (!good) {
		print_error("%s, %s: %s\n", id, title, f ? "found" : "not found, or refused:");
		lint_print(&l);
	} else if (f && f->edit.text) {
		good = lint_edit_removes(&l, f, typed);
	}
	lint_close(&l);
	return good;
}

static void pages(void **state)
{
	(void)state;
	const struct lint_rule *rules;
	size_t n = lint_rules(&rules), bad = 0;
	for (size_t i = 0; i < n; i++) {
		const char *page = page_of(rules[i].id);
		if (!rules[i].run)
			continue;
		if (!page)
			print_error("no docs/lints/%s.md\n", rules[i].id);
		bad += !page || !example(rules[i].id, page, "## Wrong", true) + !example(rules[i].id, page, "## Right", false);
	}
	assert_int_equal(bad, 0);
}

/* No page without its lint, and a title that is the id. */
static void titles(void **state)
{
	(void)state;
	for (size_t i = 0; i < lint_pages_n; i++) {
		const struct lint_rule *r = lint_rule_find(lint_pages[i].id);
		CLEANUP_FREE char *title = xasprintf("# %s\n", lint_pages[i].id);
		if (!r || !str_starts(str_from(lint_pages[i].text), str_from(title)))
			fail_msg("docs/lints/%s.md: no such lint, or another title", lint_pages[i].id);
	}
}

static void list(void **state)
{
	(void)state;
	const struct lint_rule *rules;
	size_t n = lint_rules(&rules);
	CLEANUP_BUF struct buf want = BUF_INIT, have = BUF_INIT;
	buf_puts(&want, "# Lints\n\nWhat `stakeout lint` finds in policies that load. `stakeout lint --explain ID` prints a page; "
			"`--fix` applies the\nedits that need no judgement.\n\n"
			"A finding that is known and meant is silenced by a comment: behind the line, on a line of its own above a block\n"
			"(then for the block), or above a document's first line (for the document):\n\n"
			"    # stakeout lint ignore: connect-gaps, kill-too-late (a network policy is there too)\n\n"
			"The line `cost` tells what a policy takes of what is limited: selector area, tables of a kind, slots of the\n"
			"policy filter. The memory is an estimate, from the number and the sizes of the maps and programs that a policy\n"
			"brings and of the CPUs (`--cpus`); it leaves out what the agent has anyway.\n\n"
			"| id | severity | what |\n|---|---|---|\n");
	for (size_t i = 0; i < n; i++)
		if (rules[i].run)
			buf_printf(&want, "| [%s](%s.md) | %s | %s |\n", rules[i].id, rules[i].id,
				   severity_names[rules[i].severity], rules[i].title);
	if (getenv("UPDATE"))
		assert_int_equal(write_file("docs/lints/README.md", want.p, want.n, 0644), 0);
	assert_int_equal(read_file("docs/lints/README.md", 1 << 20, &have), 0);
	assert_string_equal(have.p, want.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages), cmocka_unit_test(titles), cmocka_unit_test(list),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
