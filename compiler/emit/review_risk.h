/* SPDX-License-Identifier: GPL-2.0-only */
/* What speaks for a rule of the review page, and how likely it stops something benign. */
#pragma once

#include "compiler/emit/compile.h"

/* Appends "8 entries, seen 105 times in up to 6 instances", or why there is no evidence. */
void review_evidence(const struct compiled *c, const struct compiled_rule *r, struct buf *b);

/* Appends "low", "medium" or "high", and what makes it so. */
void review_risk(const struct compiled *c, const struct compiled_rule *r, struct buf *b);
