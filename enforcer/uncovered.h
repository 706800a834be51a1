/* SPDX-License-Identifier: GPL-2.0-only */
/* New containers fail open: cgroups of a workload in force that came after its policy, and not below a cgroup that has it. */
#pragma once

#include "enforcer/machine.h"

struct uncovered;

/* All that are here now. The names are looked up below NODE_ROOT. */
int uncovered_find(const struct machine *m, const char *node_root, struct diag *d, struct uncovered **ret);
void uncovered_free(struct uncovered *u);
DEFINE_CLEANUP(struct uncovered *, uncovered_free)

/* How many cgroups of this workload are under no policy; *RET_FIRST is the folder of one of them. */
size_t uncovered_of(const struct uncovered *u, const char *workload, const char **ret_first);
