/* SPDX-License-Identifier: GPL-2.0-only */
/* Between machine.c and load.c. */
#pragma once

#include "enforcer/machine.h"

/* Locked, with nothing in it yet. */
int machine_open(const char *bpffs, struct diag *d, struct machine **ret);
int machine_map_workloads(struct machine *m, struct diag *d);

/* Programs and links of one copy, as far as they are not pinned yet. */
int machine_pin_copy(const struct machine *m, const char *folder, size_t copy, struct diag *d);
