/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does the compiled policy let everything pass that the allowlist allows? Asked of the policies and the image as
 * read back, about each entry of the allowlist and each observation of the workload in a store.
 */
#pragma once

#include "compiler/emit/compile.h"

/*
 * Fills C's replayed and unknown. -EINVAL naming the event when an allowed one would be stopped, when the two
 * evaluators disagree about an allowed event, or when an observation that a person allowed is on no list.
 */
int prove(struct compiled *c, const struct compile_options *o, struct diag *d);
