/* SPDX-License-Identifier: GPL-2.0-only */
/* The edits that findings carry, made in the text: everything else stays byte for byte. */
#pragma once

#include "compiler/lint/lint_report.h"

enum { LINT_FIX_ROUNDS = 20 };

/*
 * Applies the edits of the findings that FILTER takes, round after round until none is left: edits may lie upon each
 * other, and one may uncover another. RET is the text after them, *RET_FIXED how many were made. An edit after which a
 * document is taken less far than before is not made.
 */
void lint_fix(const char *file, struct str text, const struct lint_options *o, const struct lint_filter *filter,
	      struct buf *ret, size_t *ret_fixed);

/* What changed, in the unified format; nothing when nothing did. */
void lint_diff(const char *file, struct str before, struct str after, struct buf *ret);
