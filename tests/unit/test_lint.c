/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Documents and what they come to, from the tables of tests/lint:
 *
 *	=== FILE API [ID...] [target=T] : TITLE
 *	the document
 *
 * FILE is the stage that refuses it as a file, or ok. API: '-' and the stage at which a server refuses it, or '+' (it is
 * stored) and the stage at which the agent does, or ok; '~' instead of '-': stored with --validate=false. Each ID must be found; without any, no error may be. At the
 * beginning of a line @spec, @namespaced and @meta stand for the usual lines before; @N for a path of N bytes.
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

/* ---- tables ---- */

static void expand(const char *line, struct buf *b)
{
	static const struct {
		const char *word, *text;
	} words[] = {
		{"@spec", "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: x}\nspec:"},
		{"@namespaced", "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicyNamespaced\nmetadata: {name: x, namespace: ns}\nspec:"},
		{"@meta", "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nspec: {}\nmetadata:"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strncmp(line, words[i].word, strlen(words[i].word)) == 0) {
			buf_puts(b, words[i].text);
			line += strlen(words[i].word);
		}
	for (; *line; line++) {
		if (line[0] != '@' || line[1] < '0' || line[1] > '9') {
			buf_putc(b, *line);
			continue;
		}
		char *end;
		unsigned long n = strtoul(line + 1, &end, 10);
		for (buf_putc(b, '/'); n > 1; n--)
			buf_putc(b, 'a');
		line = end - 1;
	}
	buf_putc(b, '\n');
}

struct want {
	char file[16], api[16], ids[8][40], target[80], title[200];
	size_t nids;
};

static struct want read_header(const char *line)
{
	struct want w = {0};
	char copy[512];
	snprintf(copy, sizeof(copy), "%s", line);
	char *colon = strstr(copy, " : ");
	assert_non_null(colon);
	snprintf(w.title, sizeof(w.title), "%.190s", colon + 3);
	*colon = '\0';
	char *save, *rest = copy;
	for (unsigned i = 0; rest || i; i++) {
		char *word = strtok_r(rest, " ", &save);
		rest = NULL;
		if (!word)
			break;
		if (i == 0)
			snprintf(w.file, sizeof(w.file), "%.15s", word);
		else if (i == 1)
			snprintf(w.api, sizeof(w.api), "%.15s", word);
		else if (strncmp(word, "target=", 7) == 0)
			snprintf(w.target, sizeof(w.target), "%.79s", word + 7);
		else
			snprintf(w.ids[w.nids++], sizeof(w.ids[0]), "%.39s", word);
	}
	return w;
}

static bool found(const struct lint_document *d, const char *id)
{
	for (size_t i = 0; i < d->findings.n; i++)
		if (strcmp(d->findings.v[i].id, id) == 0)
			return true;
	return false;
}

static void show(const struct lint_document *d)
{
	for (size_t i = 0; i < d->findings.n; i++)
		print_message("  %u:%u: %s %s: %s [%s]\n", d->findings.v[i].at.line, d->findings.v[i].at.column,
			      severity_names[d->findings.v[i].severity], d->findings.v[i].path, d->findings.v[i].message,
			      d->findings.v[i].id);
}

/* Is every place within the text, every text there? */
static void check_findings(const struct lint_document *d)
{
	for (size_t i = 0; i < d->findings.n; i++) {
		const struct finding *f = &d->findings.v[i];
		assert_non_null(lint_rule_find(f->id));
		assert_true(*f->message && f->ways && f->fix && f->path);
	}
}

/* What is accepted prints, and what was printed is accepted and prints the same. */
static bool round_trip(const struct lint_document *d, const struct lint_options *o)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	CLEANUP_BUF struct buf one = BUF_INIT, two = BUF_INIT;
	struct lint_file again;
	if (!d->as_file.accepted || !d->as_api.accepted)
		return true;   /* below a miscased key stands what cannot be printed so */
	policy_print(d->policy, &one);
	lint_text(arena, "again", buf_view(&one), o, &again);
	const struct lint_document *e = &again.documents[0];
	bool same = again.ndocuments == 1 && e->as_file.accepted && e->as_api.accepted;
	if (same)
		policy_print(e->policy, &two);
	same = same && str_eq(buf_view(&one), buf_view(&two));
	if (!same) {
		print_message("does not print as it was:\n%s", one.p);
		show(e);
	}
	lint_file_done(&again);
	return same;
}

static bool judge(const char *where, const struct want *w, struct str text)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	CLEANUP_DIAG struct diag diag = DIAG_INIT;
	struct target t;
	struct lint_file f;
	bool given = *w->target && strcmp(w->target, "any") != 0;
	assert_int_equal(target_parse(given ? w->target : NULL, &diag, &t), 0);
	const struct lint_options o = {.target = &t, .target_given = given};
	lint_text(arena, "f", text, &o, &f);
	assert_int_not_equal(f.ndocuments, 0);
	const struct lint_document *d = &f.documents[0];
	char api[16];
	snprintf(api, sizeof(api), "%c%s", d->as_api.accepted ? '+' : d->as_api.unvalidated ? '~' : '-', policy_stage_names[d->as_api.stage]);
	bool right = strcmp(policy_stage_names[d->as_file.stage], w->file) == 0 && strcmp(api, w->api) == 0 &&
		     d->as_file.accepted == (d->as_file.stage == STAGE_OK);
	for (size_t i = 0; i < w->nids; i++)
		right &= found(d, w->ids[i]);
	if (!right) {
		print_message("%s: %s: got %s %s\n", where, w->title, policy_stage_names[d->as_file.stage], api);
		show(d);
	}
	check_findings(d);
	right = right && round_trip(d, &o);
	lint_file_done(&f);
	return right;
}

static void check_table(const char *file, size_t *n, size_t *wrong)
{
	CLEANUP_BUF struct buf text = BUF_INIT, doc = BUF_INIT;
	struct want w;
	bool open = false;
	assert_int_equal(read_file(file, 1 << 20, &text), 0);
	for (char *line = text.p, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		bool header = strncmp(line, "=== ", 4) == 0, end = !next && !*line;
		if ((header || end) && open) {
			*wrong += !judge(file, &w, buf_view(&doc));
			(*n)++;
		}
		if (header) {
			w = read_header(line + 4);
			open = true;
			buf_clear(&doc);
		} else if (open && !end) {
			expand(line, &doc);
		}
	}
}

static void tables(void **state)
{
	size_t n = 0, wrong = 0;
	(void)state;
	DIR *dir = opendir("tests/lint");
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		if (!str_ends(str_from(e->d_name), STR(".tests")))
			continue;
		CLEANUP_FREE char *path = xasprintf("tests/lint/%s", e->d_name);
		check_table(path, &n, &wrong);
	}
	closedir(dir);
	print_message("%zu documents\n", n);
	assert_int_not_equal(n, 0);
	assert_int_equal(wrong, 0);
}

/* ---- what a real parser and a real API server said ---- */

/* Calls FN for each row of a file of tab-separated columns; false when it is not there. */
static bool each_row(const char *file, void (*fn)(char *const column[4], size_t *wrong), size_t *n, size_t *wrong)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	if (read_file(file, 1 << 20, &text))
		return false;
	for (char *line = text.p, *next; line && *line; line = next) {
		char *column[4] = {line, "", "", ""};
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (*line == '#')
			continue;
		for (size_t i = 1; i < 4; i++) {
			char *tab = strchr(column[i - 1], '\t');
			if (!tab)
				break;
			*tab = '\0';
			column[i] = tab + 1;
		}
		fn(column, wrong);
		(*n)++;
	}
	return true;
}

#define REFERENCE "../shared/reference/policies/"

static void with_document(const char *name, const struct target *t, void (*fn)(const struct lint_document *d, void *arg),
			  void *arg)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_FREE char *path = xasprintf(REFERENCE "%s", name);
	struct lint_file f;
	assert_int_equal(read_file(path, YAML_MAX_BYTES, &text), 0);
	const struct lint_options o = {.target = t};
	lint_text(arena, name, buf_view(&text), &o, &f);
	fn(&f.documents[0], arg);
	lint_file_done(&f);
}

struct expected {
	char *const *column;
	size_t *wrong;
};

static void hold_file(const struct lint_document *d, void *arg)
{
	const struct expected *e = arg;
	size_t stage = strcspn(e->column[2], " :-");
	const char *got = policy_stage_names[d->as_file.stage];
	struct target t;
	target_default(&t);
	*e->wrong += !round_trip(d, &(struct lint_options){.target = &t});
	if (d->as_file.accepted == (strcmp(e->column[1], "valid") == 0) && strlen(got) == stage &&
	    strncmp(got, e->column[2], stage) == 0)
		return;
	print_message("%s: got %s, want %s %s\n", d->file, got, e->column[1], e->column[2]);
	show(d);
	++*e->wrong;
}

static void hold_api(const struct lint_document *d, void *arg)
{
	const struct expected *e = arg;
	if (d->as_api.accepted == (strcmp(e->column[2], "accepted") == 0) &&
	    d->as_api.unvalidated == (strcmp(e->column[1], "accepted") == 0))
		return;
	print_message("%s: as_api.accepted is %d, want %s\n", d->file, d->as_api.accepted, e->column[2]);
	show(d);
	++*e->wrong;
}

static void file_row(char *const column[4], size_t *wrong)
{
	struct target t;
	target_default(&t);
	with_document(column[0], &t, hold_file, &(struct expected){column, wrong});
}

static void api_row(char *const column[4], size_t *wrong)
{
	struct target t;
	target_default(&t);
	with_document(column[0], &t, hold_api, &(struct expected){column, wrong});
}

static void reference(void **state)
{
	size_t n = 0, wrong = 0;
	(void)state;
	if (!each_row(REFERENCE "EXPECTED.tsv", file_row, &n, &wrong)) {
		print_message("skipped: no " REFERENCE "\n");
		skip();
	}
	each_row(REFERENCE "EXPECTED-API.tsv", api_row, &n, &wrong);
	print_message("%zu verdicts of a real parser and a real server\n", n);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables), cmocka_unit_test(reference),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
