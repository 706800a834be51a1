/* SPDX-License-Identifier: GPL-2.0-only */
/* The review page: what a person who approves the policy must know, as Markdown. */
#pragma once

#include "compiler/emit/compile.h"

/* "A: the recordings would show it; B: they could not": of what no evidence shows, what that means. */
void review_unseen(const struct compiled *c, struct buf *b);

/* C is complete but for the page itself. */
void review_page(const struct compiled *c, const struct compile_options *o, struct buf *b);
