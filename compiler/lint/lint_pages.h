/* SPDX-License-Identifier: GPL-2.0-only */
/* The pages of docs/lints/, in the program: what `stakeout lint --explain ID` prints. */
#pragma once

#include <stddef.h>

struct lint_page {
	const char *id, *text;
};
extern const struct lint_page lint_pages[];
extern const size_t lint_pages_n;
