/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events over time in a fixed number of buckets, whatever the span and without knowing it beforehand: when a
 * time falls outside, neighbours are merged and the buckets are twice as wide.
 */
#pragma once

#include "schema/base/buf.h"

enum { STRIP_BUCKETS = 120, STRIP_CLASSES = 4 };

struct strip {
	uint64_t first, width;                    /* ns; width 0: nothing yet */
	uint64_t earliest, latest;                /* of what was added */
	uint64_t buckets[STRIP_BUCKETS][STRIP_CLASSES];
};

/* TIME 0 = not told: left out. */
void strip_add(struct strip *s, uint64_t time_ns, unsigned class, uint64_t count);
/* Appends {"first_ns":..,"last_ns":..,"buckets":[[..],..]}: the buckets in use. */
void strip_json(struct buf *b, const struct strip *s);
