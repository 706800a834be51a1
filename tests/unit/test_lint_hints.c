/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Slips that people make, and what they are told to do about them: line, id, fix. All is told at once: what the load would
 * refuse stands beside what the reader does, but nothing that only follows from it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>

#include "compiler/lint/lint.h"
#include "schema/base/io.h"

#define HEAD "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: x}\nspec:\n"
#define HOOK HEAD "  kprobes:\n  - call: security_file_open\n    syscall: false\n    args: [{index: 0, type: file}]\n"

static const struct {
	const char *text, *want;   /* errors as "LINE ID: FIX\n" */
} rows[] = {
	/* no YAML */
	{HEAD "\tkprobes: []\n", "5 yaml-syntax: indent it with blanks: YAML takes no tabs there\n"},
	{HEAD "  kprobes:\n  -call: sys_read\n   syscall: true\n",
	 "7 yaml-syntax: write a blank behind the - that begins an item\n"},
	{HEAD "  kprobes:\n  - call: sys_read\n     syscall: true\n",
	 "7 yaml-syntax: line it up with the key above, in column 5\n"},
	{HEAD "  kprobes:\n  - call: sys_read\n   syscall: true\n",
	 "7 yaml-syntax: line it up with the key above, such as in column 5\n"},
	{HEAD "  kprobes:\n  - call: sys_read\n    args:\n    - index: 0\n      type: int\n   - index: 1\n",
	 "10 yaml-syntax: line it up with the item above, such as in column 5\n"},
	{HEAD "  kprobes:\n  - call: sys_read\n    message: read: a file\n",
	 "7 yaml-syntax: put the value in quotes: it has a colon in it\n"},
	{HOOK "    selectors:\n    - matchArgs: [{operator: Postfix, values: [*.conf]}]\n",
	 "10 yaml-syntax: put it in quotes: a * begins an alias\n"},
	{HEAD "  kprobes:\n  - call: \"sys_read\n", "7 yaml-syntax: close the quotes\n"},
	{HEAD "  kprobes:\n  - {call: sys_read\n  - {call: sys_write}\n",
	 "7 yaml-syntax: close it with }, or put a comma before this\n"},
	{HEAD "  kprobes:\n  - call: sys_read\n    syscall\n    args: []\n",
	 "8 yaml-syntax: write a colon and a blank behind the key\n"},
	/* another level */
	{HOOK "    selectors:\n    - matchBinaries:\n      - operator: In\n      values: [/a]\n",
	 "11 required-field: add it\n12 unknown-field: move it into matchBinaries[]: mostly by indenting it\n"},
	{HOOK "    matchActions: [{action: Post}]\n", "9 unknown-field: move it into selectors[]: mostly by indenting it\n"},
	{HEAD "  kprobes:\n  - call: sys_read\n  selectors: []\n",
	 "7 unknown-field: move it into kprobes[]: mostly by indenting it\n"},
	{"apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata:\n  name: x\n  spec: {}\n",
	 "1 required-field: add spec: and what to hook\n5 unknown-field: move it to the left edge: it stands beside metadata\n"},
	{"apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: x}\nspec: {}\nkprobes: []\n",
	 "5 unknown-field: move it into spec: mostly by indenting it\n"},
	/* other clothes */
	{HOOK "    return: \"no\"\n", "9 wrong-type: write it without quotes: no\n"},
	{HOOK "    tags: kernel\n", "9 wrong-type: write [\"kernel\"]\n"},
	{"kind: TracingPolicy\nmetadata: {name: [x]}\nspec: {}\n", "2 metadata-type: write a string\n"},
	{"apiVersion: v1\nkind: List\nitems: []\n", "2 kind: write each of its items as a document of its own, with --- between them\n"},
	{HEAD "  podSelector: {app: web}\n", "5 unknown-field: did you mean matchLabels: {app: ...}?\n"},
	{HEAD "  options: [{policy-mode: monitor}]\n",
	 "5 required-field: add it\n5 unknown-field: write {name: policy-mode, value: \"...\"}\n"},
	{HOOK "    selectors: [{matchActions: [{action: Signal, argSig: SIGTERM}, {action: Override, argError: -EPERM}]}]\n",
	 "9 wrong-type: write its number: 15\n9 wrong-type: write its number: -1\n"},
	{HOOK "    tags: a, b\n", "9 wrong-type: write a list: each item behind '- ', or all in [ ]\n"},
	{HOOK "    tags: [12]\n", "9 wrong-type: put it in quotes if it is meant as text: \"12\"\n"},
	{HEAD "  kprobes:\n    call: sys_read\n",
	 "6 wrong-type: put '- ' before its first field, and line the others up below that one\n"},
	{HEAD "  kprobes:\n  - call:sys_read\n", "6 wrong-type: write a blank behind each colon\n"},
	{HEAD "  kprobes:\n  -\n", "6 null-value: give a value or remove the item\n"},
	{HOOK "    selectors: [{matchArgs: [{index: 0, operator: In, values: [/a]}]}]\n", "9 enum: here it is called Equal\n"},
	{HOOK "    selectors: [{matchBinaries: [{operator: NotEqual, values: [/a]}]}]\n", "9 enum: here it is called NotIn\n"},
	{HOOK "    selectors: [{matchActions: [{action: Sigkil}]}]\n", "9 enum: did you mean Sigkill?\n"},
	/* the load's reasons beside the reader's */
	{HOOK "    selectors:\n    - matchBinaries: [{operator: Equal, values: [/a]}]\n"
	      "      matchArgs: [{index: 0, operator: SAddr, values: [10.0.0.1]}]\n",
	 "10 enum: here it is called In\n11 load-operator-type: *\n"},
	{HOOK "    selectors: [{matchArgs: [{index: 1, operator: in, values: [/a]}]}]\n", "9 enum: *\n"},
	{HEAD "  kprobes:\n  - call: security_file_open\n    syscall: \"false\"\n  - call: execve\n",
	 "7 wrong-type: write it without quotes: false\n8 load-call: *\n"},
	{HEAD "  kprobes:\n  - call: security_file_open\n    syscall: false\n    args: [{index: 0, type: File}]\n"
	      "    selectors: [{matchArgs: [{index: 0, operator: GT, values: [\"1\"]}]}]\n",
	 "8 enum: did you mean file?\n"},
	{HEAD "  list: []\n  kprobes:\n  - call: list:none\n", "5 unknown-field: did you mean lists?\n"},
};

static bool as_wanted(const char *want, const char *line)
{
	const char *star = strstr(want, ": *\n"), *end = strchr(want, '\n');
	if (star && star < end)
		return strncmp(line, want, (size_t)(star - want)) == 0;
	return strncmp(line, want, (size_t)(end - want) + 1) == 0;
}

static void check(const char *text, const char *want)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct target target;
	const struct lint_options o = {.target = &target, .cpus = 8};
	struct lint_file f;
	target_default(&target);
	lint_text(arena, "f", str_from(text), &o, &f);
	for (size_t i = 0; i < f.ndocuments; i++)
		for (size_t k = 0; k < f.documents[i].findings.n; k++) {
			const struct finding *g = &f.documents[i].findings.v[k];
			if (g->severity != SEVERITY_ERROR || !(g->ways & WAY_FILE))
				continue;
			char line[1000];
			snprintf(line, sizeof(line), "%u %s: %s\n", g->at.line, g->id, g->fix);
			if (!as_wanted(want, line))
				fail_msg("%s\ngives %swhere this belongs: %s", text, line, want);
			want = strchr(want, '\n') + 1;
		}
	if (*want)
		fail_msg("%s\nlacks %s", text, want);
	lint_file_done(&f);
}

static void slips(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check(rows[i].text, rows[i].want);
}

/* ---- one hole in a policy that loads makes no other reason ---- */

/* What the load refuses; HOLED: of a policy that was refused before. */
static size_t load_errors(struct str text, bool holed, char *first, size_t size)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct target target;
	struct lint_file f;
	size_t n = 0;
	bool refused = !holed;
	target_default(&target);
	const struct lint_options o = {.target = &target, .cpus = 8};
	lint_text(arena, "f", text, &o, &f);
	for (size_t i = 0; i < f.ndocuments; i++)
		for (size_t k = 0; k < f.documents[i].findings.n; k++) {
			const struct finding *g = &f.documents[i].findings.v[k];
			refused |= g->stage == STAGE_DECODE || g->stage == STAGE_SCHEMA;
			if (g->stage == STAGE_LOAD && g->severity == SEVERITY_ERROR && n++ == 0)
				snprintf(first, size, "%u: %s: %s", g->at.line, g->path, g->message);
		}
	lint_file_done(&f);
	return refused ? n : 0;
}

/* TEXT with VALUE for what stands behind the colon or dash of the line at LINE; NULL: with another key there. */
static void with_hole(struct str text, const char *line, const char *value, struct buf *ret)
{
	const char *end = memchr(line, '\n', (size_t)(text.p + text.n - line)), *at = memchr(line, ':', (size_t)(end - line));
	const char *dash = line + strspn(line, " ");
	if (!at && dash[0] == '-')
		at = dash;
	buf_clear(ret);
	if (!value && at && *at == ':') {   /* another key */
		buf_add(ret, text.p, (size_t)(at - text.p));
		buf_puts(ret, "Hole");
		buf_add(ret, at, (size_t)(text.p + text.n - at));
	}
	if (!at || at + 1 == end || !value)
		return;
	buf_add(ret, text.p, (size_t)(at + 1 - text.p));
	buf_puts(ret, value);
	buf_add(ret, end, (size_t)(text.p + text.n - end));
}

static size_t try_holes(const char *file)
{
	static const char *const values[] = {" {hole: [1]}", " [[hole]]", NULL};
	CLEANUP_BUF struct buf text = BUF_INIT, holed = BUF_INIT;
	char first[500];
	size_t n = 0;
	assert_int_equal(read_file(file, 1 << 20, &text), 0);
	if (load_errors(buf_view(&text), false, first, sizeof(first)))
		return 0;
	const char *line = text.p;
	for (const char *end; (end = strchr(line, '\n')); line = end + 1)
		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			with_hole(buf_view(&text), line, values[i], &holed);
			if (holed.n && load_errors(buf_view(&holed), true, first, sizeof(first)))
				fail_msg("%s: with%s in '%.*s': %s", file, values[i] ? values[i] : " another key", (int)(end - line), line, first);
			n++;
		}
	return n;
}

static void holes(void **state)
{
	size_t n = 0;
	(void)state;
	DIR *dir = opendir("tests/golden/6.12/policies");
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		if (!str_ends(str_from(e->d_name), STR(".yaml")))
			continue;
		CLEANUP_FREE char *file = xasprintf("tests/golden/6.12/policies/%s", e->d_name);
		n += try_holes(file);
	}
	closedir(dir);
	print_message("%zu policies with a hole\n", n);
	assert_true(n > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(slips), cmocka_unit_test(holes)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
