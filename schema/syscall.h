/* SPDX-License-Identifier: GPL-2.0-only */
/* Names and numbers of system calls. */
#pragma once

#include "schema/base/base.h"

enum syscall_abi { SYSCALL_X86_64, SYSCALL_I386, SYSCALL_ARM64 };

/* The number of NAME (write, sys_write or __x64_sys_write), or -1. */
int syscall_number(enum syscall_abi abi, struct str name);

/* All names, in order. */
size_t syscall_count(void);
struct str syscall_name(size_t i);
