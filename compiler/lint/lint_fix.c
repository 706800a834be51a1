/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Findings name bytes of the text that they came from, so edits are made from the text's beginning to its end, and one that
 * begins before the last one ended waits for the next round, when the text is linted again. That also shows whether an edit
 * helped: the number of edits must come to an end, and no document may be taken less far than it was (two keys that become one).
 */
#include "compiler/lint/lint_fix.h"

struct edits {
	struct finding_edit *v;
	size_t n, cap;
};

static int by_place(const void *a, const void *b)
{
	const struct finding_edit *x = a, *y = b;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

/* The edits of F, in order; true: there are some. */
static bool collect(const struct lint_file *f, const struct lint_filter *filter, struct edits *ret)
{
	for (size_t i = 0; i < f->ndocuments; i++)
		for (size_t k = 0; k < f->documents[i].findings.n; k++) {
			const struct finding *found = &f->documents[i].findings.v[k];
			if (found->edit.text && lint_filter_takes(filter, found))
				*(struct finding_edit *)VEC_PUSH(ret) = found->edit;
		}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_place);
	return ret->n > 0;
}

static size_t apply(const struct edits *e, struct str text, struct buf *ret)
{
	size_t at = 0, made = 0;
	for (size_t i = 0; i < e->n; i++) {
		const struct finding_edit *x = &e->v[i];
		bool again = i && x->from == e->v[i - 1].from;   /* insertions of two findings at one place */
		if (x->from < at || again || x->to > text.n)
			continue;
		buf_add(ret, text.p + at, x->from - at);
		buf_puts(ret, x->text);
		at = x->to;
		made++;
	}
	buf_add(ret, text.p + at, text.n - at);
	return made;
}

static bool as_good(const struct lint_file *before, const struct lint_file *after)
{
	if (before->ndocuments != after->ndocuments)
		return false;
	for (size_t i = 0; i < before->ndocuments; i++)
		if (after->documents[i].as_file.stage < before->documents[i].as_file.stage ||
		    after->documents[i].as_api.stage < before->documents[i].as_api.stage)
			return false;
	return true;
}

/* TEXT with EDITS, in RET; false when a document is then taken less far. */
static bool try_edits(const char *file, const struct lint_options *o, const struct lint_file *before, const struct edits *e,
		      struct buf *ret, size_t *ret_made)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct lint_file after;
	buf_clear(ret);
	*ret_made = apply(e, before->text, ret);
	lint_text(arena, file, buf_view(ret), o, &after);
	bool good = as_good(before, &after);
	lint_file_done(&after);
	return good;
}

/* One round over RET; false when nothing is left to do. An edit that does harm is left out. */
static bool round_of(const char *file, const struct lint_options *o, const struct lint_filter *filter, struct buf *ret,
		     size_t *ret_fixed)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	CLEANUP_BUF struct buf text = BUF_INIT;
	struct edits edits = {0};
	struct lint_file before;
	size_t made = 0;
	lint_text(arena, file, buf_view(ret), o, &before);
	bool good = collect(&before, filter, &edits) && try_edits(file, o, &before, &edits, &text, &made);
	for (size_t i = 0; !good && edits.n > 1 && i < edits.n; i++)
		good = try_edits(file, o, &before, &(struct edits){&edits.v[i], 1, 1}, &text, &made);
	lint_file_done(&before);
	free(edits.v);
	if (!good)
		return false;
	buf_clear(ret);
	buf_add(ret, text.p, text.n);
	*ret_fixed += made;
	return true;
}

void lint_fix(const char *file, struct str text, const struct lint_options *o, const struct lint_filter *filter,
	      struct buf *ret, size_t *ret_fixed)
{
	*ret_fixed = 0;
	buf_add(ret, text.p, text.n);
	for (unsigned i = 0; i < LINT_FIX_ROUNDS; i++)
		if (!round_of(file, o, filter, ret, ret_fixed))
			break;
}
