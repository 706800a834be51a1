/* SPDX-License-Identifier: GPL-2.0-only */
/* Any bytes, linted: places and edits lie within the text, answers agree with findings, and with the reader of policies. */
#include "compiler/lint/lint_fix.h"
#include "schema/policy_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_document(const struct lint_document *d, size_t size)
{
	bool refused = false;
	for (size_t i = 0; i < d->findings.n; i++) {
		const struct finding *f = &d->findings.v[i];
		if (!lint_rule_find(f->id) || !*f->message || !f->ways || f->at.line > size + 1)
			abort();
		if (f->edit.text && (f->edit.from > f->edit.to || f->edit.to > size))
			abort();
		refused |= f->severity == SEVERITY_ERROR && f->stage != STAGE_OK && (f->ways & WAY_FILE);
	}
	if (d->as_file.accepted != (d->as_file.stage == STAGE_OK) || (refused && d->as_file.accepted))
		abort();
	if (!d->as_api.accepted && d->as_api.stage >= STAGE_LOAD)
		abort();
}

/* What lint takes as a file, the reader of policies takes, if it stands alone. */
static void check_agreement(const struct lint_file *f, const struct target *t)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct policy **v = NULL;
	size_t n = 0;
	if (f->ndocuments != 1 || f->documents[0].document != 1)
		return;
	bool taken = policies_parse("fuzz", f->text, &d, &v, &n) == 0 && n == 1 && policy_load_check(v[0], t, &d) == 0;
	for (size_t i = 0; i < n; i++)
		policy_free(v[i]);
	free(v);
	if (taken != f->documents[0].as_file.accepted)
		abort();
}

/* Mended text is mended for good, unless the rounds ran out. */
static void check_fix(struct str text, const struct lint_options *o, const struct lint_filter *filter)
{
	CLEANUP_BUF struct buf once = BUF_INIT, twice = BUF_INIT, diff = BUF_INIT;
	size_t n, again;
	lint_fix("fuzz", text, o, filter, &once, &n);
	lint_fix("fuzz", buf_view(&once), o, filter, &twice, &again);
	if (again && n < LINT_FIX_ROUNDS)
		abort();
	lint_diff("fuzz", text, buf_view(&once), &diff);
	if ((diff.n == 0) != str_eq(text, buf_view(&once)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	const struct lint_filter filter = {.least = SEVERITY_NOTE, .ways = WAY_BOTH};
	struct target t;
	struct lint_file f;
	target_default(&t);
	const struct lint_options o = {.target = &t, .target_given = true, .skip_others = false};
	lint_text(arena, "fuzz", (struct str){(const char *)data, size}, &o, &f);
	for (size_t i = 0; i < f.ndocuments; i++)
		check_document(&f.documents[i], size);
	check_agreement(&f, &t);
	check_fix(f.text, &o, &filter);
	FILE *out = fopen("/dev/null", "w");
	for (enum lint_format format = LINT_TEXT; out && format <= LINT_SARIF; format++) {
		struct lint_report *r = lint_report_new(format, &filter, &o, out, false);
		lint_report_file(r, &f);
		lint_report_close(r);
	}
	if (out)
		fclose(out);
	lint_file_done(&f);
	return 0;
}
