/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether this kernel interrupts a task inside a program for another task. Where it does, it leaves a tracing program out when
 * the other one reaches the same hook on the same processor. The mode can be changed while the kernel runs.
 */
#pragma once

#include "schema/base/base.h"

/* RET_MODE: none, voluntary, full, lazy, realtime; "unknown" where the kernel does not tell, which counts as true. */
bool kernel_preempts(char ret_mode[16]);
