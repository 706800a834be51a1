/* SPDX-License-Identifier: GPL-2.0-only */
/* The last part of the review page: how to roll a policy out, and back. */
#pragma once

#include "compiler/emit/compile.h"

/* Appends the section. */
void review_steps(const struct compiled *c, const struct compile_options *o, struct buf *b);
