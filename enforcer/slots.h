/* SPDX-License-Identifier: GPL-2.0-only */
/* Policy slots: an image's tables as maps of its own, frozen, in a place of the outer maps. */
#pragma once

#include "enforcer/machine.h"
#include "schema/image_file.h"

struct filled {
	uint32_t slot;
	int tables[MACHINE_TABLES];       /* the maps; -1 where a table is empty */
	uint32_t ids[MACHINE_TABLES];     /* of the maps */
	uint64_t memory;                  /* of the kernel, in bytes */
};

/* What the image wants of the programs, as NEED_*. */
uint32_t image_needs(const struct image *i);

/*
 * Fills N free slots with IMAGES, one grace period for all. Nothing refers to them yet. On failure the slots are free
 * as before.
 */
struct filled *slots_new(size_t n);    /* N without tables */
int slots_fill(struct machine *m, struct image *const *images, size_t n, struct diag *d, struct filled *ret);
void slots_close(struct filled *f, size_t n);

/*
 * Waits until no program can still be using a slot that no workload refers to any more, and empties all such.
 */
int slots_sweep(struct machine *m, struct diag *d);
