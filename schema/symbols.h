/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses of the kernel's own variables and functions. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernel_symbol {
	const char *name;
	uint64_t address;       /* 0: not shown, not to us, or not of one alone */
	bool several;
};

/* Fills in what LIST, written as /proc/kallsyms is, shows of N names; one that cannot be read shows nothing. */
void kernel_symbols(const char *list, struct kernel_symbol *s, size_t n);

/* Where the running kernel counts what is renamed and mounted, for the walk up to a path (bpf/walk.h): both, or both 0. */
struct kernel_counts {
	uint64_t renames, mounts;
};
struct kernel_counts kernel_counts(void);
