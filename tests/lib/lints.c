/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/lib/lints.h"

#include <stdio.h>

void lint_open(struct linted *l, struct str text, const char *target)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	*l = (struct linted){.arena = arena_new()};
	if (target_parse(target, &d, &l->target))
		abort();
	l->options = (struct lint_options){.target = &l->target, .target_given = target != NULL};
	lint_text(l->arena, "test.yaml", text, &l->options, &l->file);
}

void lint_close(struct linted *l)
{
	lint_file_done(&l->file);
	arena_free(l->arena);
}

const struct finding *lint_found(const struct linted *l, const char *id, const char *path)
{
	for (size_t i = 0; i < l->file.ndocuments; i++)
		for (size_t k = 0; k < l->file.documents[i].findings.n; k++) {
			const struct finding *f = &l->file.documents[i].findings.v[k];
			if (strcmp(f->id, id) == 0 && (!path || strcmp(f->path, path) == 0))
				return f;
		}
	return NULL;
}

void lint_print(const struct linted *l)
{
	fprintf(stderr, STR_FMT, STR_ARG(l->file.text));
	for (size_t i = 0; i < l->file.ndocuments; i++)
		for (size_t k = 0; k < l->file.documents[i].findings.n; k++) {
			const struct finding *f = &l->file.documents[i].findings.v[k];
			fprintf(stderr, "    %u: [%s] %s: %s; %s\n", f->at.line, f->id, f->path, f->message, f->fix);
		}
}

bool lint_edit_removes(const struct linted *l, const struct finding *f, const char *target)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct linted after;
	buf_add(&text, l->file.text.p, f->edit.from);
	buf_puts(&text, f->edit.text);
	buf_add(&text, l->file.text.p + f->edit.to, l->file.text.n - f->edit.to);
	lint_open(&after, buf_view(&text), target);
	bool good = after.file.ndocuments == l->file.ndocuments &&
		    after.file.documents[0].as_file.accepted == l->file.documents[0].as_file.accepted &&
		    !lint_found(&after, f->id, f->path);
	for (size_t k = 0; good && k < after.file.documents[0].findings.n; k++)
		good = lint_found(l, after.file.documents[0].findings.v[k].id, NULL) != NULL;
	if (!good) {
		fprintf(stderr, "the edit of %s does not help:\n", f->id);
		lint_print(&after);
	}
	lint_close(&after);
	return good;
}
