/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose losses were they? The kernel sums them up for the whole machine and, where only some workloads are recorded, counts them by cgroup
 * too. What is known to be others' is left out; everything else counts as ours.
 */
#pragma once

#include "schema/base/base.h"
#include "schema/wire.h"

enum losses_whose { LOSSES_OURS, LOSSES_THEIRS, LOSSES_UNKNOWN };

struct losses;

struct losses *losses_new(void);
void losses_free(struct losses *l);
DEFINE_CLEANUP(struct losses *, losses_free)

/*
 * One look at the kernel's counters: losses_begin(), losses_tell() for each with its COUNT since the start, losses_ours() with the sums, read
 * after that. A cgroup that is unknown may be on its way to us: what it lost counts from the second look on, or at once when that is
 * the LAST one. Once counted as anybody's, it stays theirs.
 */
void losses_begin(struct losses *l);
void losses_tell(struct losses *l, const struct wire_lost *key, uint64_t count, enum losses_whose whose, bool last);
void losses_ours(const struct losses *l, uint64_t sums[WIRE_LOSS_COUNT]);   /* in place */
