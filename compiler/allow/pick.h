/* SPDX-License-Identifier: GPL-2.0-only */
/* What every verb on a store does first: open it, find the workload that was named. */
#pragma once

#include "schema/store_read.h"

/* Opens FILE; on failure prints why and returns the exit status, else 0. */
int open_store(const char *file, enum store_mode mode, struct store **ret);

/*
 * The one workload that PATTERN means: the one with exactly this written form, else the only one that matches. None or
 * several: -EINVAL, and D says which match or are near.
 */
int pick_workload(struct store *s, struct arena *a, const char *pattern, struct diag *d,
		  struct workload_row *ret);
