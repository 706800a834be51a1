/* SPDX-License-Identifier: GPL-2.0-only */
/* Plays a scenario's phases and attacks in a world; the events end up in world.items, in time order. */
#pragma once

#include "compiler/scenario/scenario_world.h"

/* -EINVAL with the reason (the step's line and column) in D. */
int scenario_run(struct world *w, size_t max_events, struct diag *d);
