/* SPDX-License-Identifier: GPL-2.0-only */
/* Before anything is claimed: forbids an exec, an open and a connect to a child in a cgroup of its own, and sees them fail. */
#pragma once

#include "enforcer/machine.h"

/* Tests what NEEDS name of exec, file and connect. -ENOTSUP: something that is forbidden was possible. */
int selftest(struct machine *m, uint32_t needs, struct diag *d);

/* Removes the cgroups of tests whose process was killed. */
void selftest_sweep(void);
