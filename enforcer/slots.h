/* SPDX-License-Identifier: GPL-2.0-only */
/* Policy slots: an image's tables as maps of its own, frozen, in a place of the outer maps. */
#pragma once

#include "enforcer/machine.h"
#include "schema/image_file.h"

struct filled {
	uint32_t slot;
	int tables[MACHINE_TABLES];       /* the maps; -1 where a table is empty, or closed again */
	uint32_t ids[MACHINE_TABLES];     /* of the maps */
	uint64_t memory;                  /* of the kernel, in bytes */
};

/* What the image wants of the programs, as NEED_*. */
uint32_t image_needs(const struct image *i);

/*
 * Fills N free slots with IMAGES, in parts that the limit of open files allows, one grace period for each kind of table of a
 * part. Nothing refers to the slots yet. On failure the next sweep empties those that were filled.
 */
struct filled *slots_new(size_t n);    /* N without tables */
int slots_fill(struct machine *m, struct image *const *images, size_t n, struct diag *d, struct filled *ret);

/*
 * Waits until no program can still be using a slot that no workload refers to any more, and empties all such.
 */
int slots_sweep(struct machine *m, struct diag *d);
