/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Keeps what a running recording needs (reading maps, writing the store where it lies) and gives up
 * everything else, for good: capabilities, and the system calls that a recorder never makes. Returns 0 or -errno.
 */
int privileges_drop(void);
