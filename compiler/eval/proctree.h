/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who starts whom, as a tree of programs: the exec observations of a workload, each under its caller. Programs that
 * call each other in a circle are shown once more where the circle closes, and not followed.
 */
#pragma once

#include "schema/base/table.h"
#include "schema/store_read.h"

enum { PROCTREE_DEPTH = 64, PROCTREE_ROWS = 100000 };

/* Keys: depth path subject count instances tags first_ns last_ns repeated. ROWS are exec observations. */
struct table *proctree(const struct observation_row *rows, size_t n);
