/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs had no room or time for: counted in the kernel since the policies' maps were made, told here. */
#pragma once

#include "enforcer/machine.h"

/* How often; 0 for all when the state cannot be read. */
void shortages_read(const struct machine *m, uint64_t ret[ENFORCE_LOSSES]);

/* A warning for each that there was. */
void shortages_warn(const struct machine *m, struct diag *d);
