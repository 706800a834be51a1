/* SPDX-License-Identifier: GPL-2.0-only */
/* What a hook line means: from the hook's name and the arguments that the policy's author listed. */
#pragma once

#include "schema/base/buf.h"
#include "schema/event.h"

/* The hook's name without the syscall prefix of its architecture: __x64_sys_openat -> sys_openat. */
struct str hook_plain_name(struct str name);

/*
 * Fills kind, path, access, address, protocol, unix_path, guard of EV from its hook and args; KIND_HOOK when it
 * means nothing to an observation. Strings may point into SCRATCH. *RET_SECOND, when its n is not 0, is a second path
 * that the same line is about (the new name of a rename).
 */
void hook_meaning(struct event *ev, struct buf *scratch, struct str *ret_second);

/* open(2) flags to ACCESS_* bits, and back to the flags that give them. */
uint32_t access_of_flags(uint64_t flags);
uint64_t flags_of_access(uint32_t access);
