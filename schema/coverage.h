/* SPDX-License-Identifier: GPL-2.0-only */
/* What a live recording can see, by the hooks it used: from coverage.def. */
#pragma once

#include "schema/base/buf.h"

/* By what a kind was recorded. */
enum coverage_way { COVERAGE_HOOKS, COVERAGE_CALLS, COVERAGE_WAYS };

enum coverage { COVERAGE_SEEN, COVERAGE_BARE, COVERAGE_TYPED, COVERAGE_MISSED };

/* Appends what KIND recorded by WAY lacks, "as typed: removals, renames. missed: ...", or nothing. */
void coverage_lacks(const char *kind, enum coverage_way way, struct buf *b);

/*
 * How well a recording whose hooks are HOOKS ("exec=... file=lsm/file_open,...", as the store keeps them) sees the access BIT of files.
 * COVERAGE_MISSED also where HOOKS are none of ours.
 */
enum coverage coverage_of_access(struct str hooks, uint32_t bit);
