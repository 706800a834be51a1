/* SPDX-License-Identifier: GPL-2.0-only */
/* Which protected path stood in the way of a change. */
#pragma once

#include "enforcer/machine.h"
#include "schema/base/base.h"

struct protects;

struct protects *protects_new(void);
void protects_free(struct protects *p);
DEFINE_CLEANUP(struct protects *, protects_free)

/*
 * The longest protected path of a workload's policy that PATH is, or lies below; NULL: none, or SLOT, where the policy was that judged,
 * holds another by now.
 */
const char *protects_find(struct protects *p, const struct machine *m, uint32_t number, uint32_t slot, struct str path);
