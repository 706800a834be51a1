/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists of values as sets. */
#pragma once

#include "compiler/lint/lint_walk.h"

bool lint_subset(const struct strs *some, const struct strs *all);
