/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tests/lint/: policies with all that is found in them, so that what is wrongly found fails as well as what is missed.
 * A case is "== ID@LINE ... | TARGET" (both may be empty) and below it the document; findings of the load's needs are
 * left out. LINE counts from the case's first line. And costs, and the policies of the golden runs with what is found
 * there (UPDATE=1 writes that list anew, to be reviewed as a diff).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>

#include "schema/base/io.h"
#include "tests/lib/lints.h"

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "id@line id@line", in order. LINES: with them. */
static void found(const struct linted *l, bool lines, struct buf *ret)
{
	struct { char **v; size_t n, cap; } ids = {0};
	for (size_t i = 0; i < l->file.ndocuments; i++)
		for (size_t k = 0; k < l->file.documents[i].findings.n; k++) {
			const struct finding *f = &l->file.documents[i].findings.v[k];
			const struct lint_rule *r = lint_rule_find(f->id);
			if (strcmp(f->id, "load-needs") == 0 || (!lines && !r->run))
				continue;
			*(char **)VEC_PUSH(&ids) = lines ? xasprintf("%s@%u", f->id, f->at.line) : xstrdup(f->id);
		}
	if (ids.n)
		qsort(ids.v, ids.n, sizeof(*ids.v), by_text);
	for (size_t i = 0; i < ids.n; i++) {
		if (!i || strcmp(ids.v[i], ids.v[i - 1]))
			buf_printf(ret, "%s%s", ret->n ? " " : "", ids.v[i]);
	}
	for (size_t i = 0; i < ids.n; i++)
		free(ids.v[i]);
	free(ids.v);
}

static bool sorted_same(struct str a, struct str b)
{
	struct { char *v[64]; size_t n; } words[2] = {0};
	CLEANUP_FREE char *texts[2] = {xstrndup(a.p ? a.p : "", a.n), NULL};
	CLEANUP_FREE char *other = xstrndup(b.p ? b.p : "", b.n);
	texts[1] = other;
	for (int i = 0; i < 2; i++) {
		char *save = NULL;
		for (char *w = strtok_r(texts[i], " ", &save); w && words[i].n < 64; w = strtok_r(NULL, " ", &save))
			words[i].v[words[i].n++] = w;
		if (words[i].n)
			qsort(words[i].v, words[i].n, sizeof(char *), by_text);
	}
	bool same = words[0].n == words[1].n;
	for (size_t i = 0; same && i < words[0].n; i++)
		same = strcmp(words[0].v[i], words[1].v[i]) == 0;
	return same;
}

static struct str trim(struct str s)
{
	while (s.n && s.p[0] == ' ')
		s = str_skip(s, 1);
	while (s.n && s.p[s.n - 1] == ' ')
		s.n--;
	return s;
}

/* HEAD: "ID@LINE ... | TARGET". */
static bool one(struct str head, struct str body, unsigned line)
{
	const char *bar = head.n ? memchr(head.p, '|', head.n) : NULL;
	struct str want = trim(bar ? (struct str){head.p, (size_t)(bar - head.p)} : head);
	struct str target = trim(bar ? str_skip(head, (size_t)(bar - head.p) + 1) : (struct str){0});
	CLEANUP_FREE char *typed = target.n ? xstrndup(target.p, target.n) : NULL;
	CLEANUP_BUF struct buf text = BUF_INIT, have = BUF_INIT;
	struct linted l;
	bool fragment = !str_starts(body, STR("apiVersion")) && !str_starts(body, STR("#"));
	if (fragment)
		buf_puts(&text, "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: x}\n");
	buf_str(&text, body);
	lint_open(&l, buf_view(&text), typed);
	for (size_t i = 0; fragment && i < l.file.ndocuments; i++)
		for (size_t k = 0; k < l.file.documents[i].findings.n; k++)
			l.file.documents[i].findings.v[k].at.line -= MIN(l.file.documents[i].findings.v[k].at.line, 3u);
	found(&l, true, &have);
	bool good = sorted_same(want, buf_view(&have));
	if (!good)
		print_error("case of line %u:\n    want %.*s\n    have %s\n", line, (int)want.n, want.p ? want.p : "",
			    have.p ? have.p : "");
	lint_close(&l);
	return good;
}

static void cases(void **state)
{
	(void)state;
	CLEANUP_BUF struct buf text = BUF_INIT;
	size_t bad = 0, n = 0;
	unsigned line = 1;
	assert_int_equal(read_file("tests/lint/cases.txt", 1 << 20, &text), 0);
	const char *first = strstr(text.p, "\n== ");
	assert_non_null(first);
	for (const char *p = first + 1, *seen = text.p; p;) {
		const char *end = strchr(p, '\n'), *next = strstr(end, "\n== ");
		struct str head = {p + 3, (size_t)(end - p - 3)};
		struct str body = {end + 1, next ? (size_t)(next - end) : strlen(end + 1)};
		for (; seen < p; seen++)
			line += *seen == '\n';
		bad += !one(head, body, line);
		n++;
		p = next ? next + 1 : NULL;
	}
	assert_true(n > 20);
	assert_int_equal(bad, 0);
}

/* ---- the policies of the golden runs ---- */

static int is_policy(const struct dirent *e)
{
	return str_ends(str_from(e->d_name), STR(".yaml"));
}

static void golden_folder(const char *kernel, const char *target, struct buf *ret)
{
	struct dirent **v;
	CLEANUP_FREE char *folder = xasprintf("tests/golden/%s/policies", kernel);
	int n = scandir(folder, &v, is_policy, alphasort);
	assert_true(n > 0);
	for (int i = 0; i < n; i++) {
		CLEANUP_FREE char *file = xasprintf("%s/%s", folder, v[i]->d_name);
		CLEANUP_BUF struct buf text = BUF_INIT, have = BUF_INIT;
		struct linted l;
		assert_int_equal(read_file(file, 1 << 20, &text), 0);
		lint_open(&l, buf_view(&text), target);
		found(&l, false, &have);
		buf_printf(ret, "%s/%s: %s\n", kernel, v[i]->d_name, have.p ? have.p : "");
		lint_close(&l);
		free(v[i]);
	}
	free(v);
}

static void golden(void **state)
{
	(void)state;
	CLEANUP_BUF struct buf have = BUF_INIT, want = BUF_INIT;
	golden_folder("6.1", "kernel=6.1,kprobe-multi=no,kubernetes=no,parents-map=yes,fs=tmpfs", &have);
	golden_folder("6.12", "kernel=6.12,kubernetes=no,parents-map=yes,fs=tmpfs", &have);
	golden_folder("6.12b", "kernel=6.12,kubernetes=no,parents-map=yes,fs=tmpfs", &have);
	if (getenv("UPDATE"))
		assert_int_equal(write_file("tests/lint/golden.expected", have.p, have.n, 0644), 0);
	assert_int_equal(read_file("tests/lint/golden.expected", 1 << 20, &want), 0);
	assert_string_equal(have.p, want.p);
}

/* ---- costs ---- */

#define HEAD "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: x}\nspec:\n"
#define TWO                                                                                        \
	"  kprobes:\n  - {call: sys_read, return: true, returnArg: {index: 0, type: int}}\n"       \
	"  - {call: sys_write, args: [{index: 0, type: fd}], selectors: [{matchArgs: "             \
	"[{index: 0, operator: Prefix, values: [/etc/, /srv/]}, {index: 0, operator: Equal, values: [/x]}]}]}\n"

static void costs(void **state)
{
	(void)state;
	static const struct {
		const char *target, *in;
		unsigned hooks, programs, slots;
		size_t area;
		unsigned prefixes, strings;
	} rows[] = {
		{"kprobe-multi=yes", HEAD TWO, 2, 2, 0, 140, 1, 1},
		{"kprobe-multi=no", HEAD TWO, 2, 3, 0, 140, 1, 1},
		{"", HEAD "  podSelector: {}\n  lsmhooks: [{hook: file_open}]\n", 1, 1, 1, 4, 0, 0},
		{"kubernetes=no", HEAD "  hostSelector: {}\n  lsmhooks: [{hook: file_open}]\n", 1, 1, 0, 4, 0, 0},
		{"", HEAD "  lists: [{name: l, type: syscalls, values: [sys_dup, sys_dup2, sys_dup3]}]\n"
			  "  options: [{name: disable-kprobe-multi, value: \"1\"}]\n  kprobes: [{call: \"list:l\"}]\n", 3, 3, 0, 4, 0, 0},
		{"", HEAD "  lsmhooks: [{hook: file_open, selectors: [{matchWorkloads: {podSelector: {}}}]}]\n", 1, 1, 1, 60, 0, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct linted l;
		lint_open(&l, str_from(rows[i].in), rows[i].target);
		const struct lint_cost *c = &l.file.documents[0].cost;
		if (c->hooks != rows[i].hooks || c->programs != rows[i].programs || c->filter_slots != rows[i].slots ||
		    c->area_bytes != rows[i].area || c->tables.prefixes != rows[i].prefixes ||
		    c->tables.strings != rows[i].strings)
			fail_msg("row %zu: %u hooks, %u programs, %u slots, area %zu, %u prefixes, %u strings", i, c->hooks,
				 c->programs, c->filter_slots, c->area_bytes, c->tables.prefixes, c->tables.strings);
		lint_close(&l);
	}
}

/* More CPUs, more values and more hooks cost more; more of one thing never less. */
static void memory(void **state)
{
	(void)state;
	struct lint_cost few, many;
	struct linted l;
	lint_open(&l, STR(HEAD TWO), "kprobe-multi=yes");
	lint_cost(l.file.documents[0].policy, &l.target, 4, &few);
	lint_cost(l.file.documents[0].policy, &l.target, 256, &many);
	assert_true(many.memory_bytes > few.memory_bytes + 252 * 50000);
	l.target.kprobe_multi = false;
	lint_cost(l.file.documents[0].policy, &l.target, 4, &many);
	assert_true(many.memory_bytes > few.memory_bytes);
	lint_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases), cmocka_unit_test(golden), cmocka_unit_test(costs), cmocka_unit_test(memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
