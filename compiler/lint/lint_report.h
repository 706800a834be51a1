/* SPDX-License-Identifier: GPL-2.0-only */
/* What lint found, as text for people, as one JSON object for each document, as SARIF 2.1.0. */
#pragma once

#include <stdio.h>

#include "compiler/lint/lint.h"

enum lint_format { LINT_TEXT, LINT_JSON, LINT_SARIF };

struct lint_filter {
	enum severity least;           /* findings below it are left out */
	const char *const *only;       /* ids; none = all */
	size_t nonly;
	const char *const *ignore;
	size_t nignore;
	unsigned ways;                 /* findings of no other way; whose answers count */
};
bool lint_filter_takes(const struct lint_filter *filter, const struct finding *f);

struct lint_tally {
	unsigned long files, documents, others, accepted, findings[SEVERITY_NOTE + 1];
};

struct lint_report;
/* Prints to OUT as files come; SARIF when it is closed. COLOUR: escape sequences in text. */
struct lint_report *lint_report_new(enum lint_format format, const struct lint_filter *filter,
				    const struct lint_options *o, FILE *out, bool colour);
void lint_report_file(struct lint_report *r, const struct lint_file *f);
/* The end of the output; what it all came to. */
struct lint_tally lint_report_close(struct lint_report *r);

/* SARIF's part: lint_sarif.c. */
void lint_sarif_begin(struct buf *b);
void lint_sarif_result(struct buf *b, const struct lint_document *d, const struct finding *f, unsigned occurrence,
		       bool first);
void lint_sarif_end(struct buf *b);
