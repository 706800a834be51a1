/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processes that live now, by pid: what a record of the kernel side does not repeat (names, arguments, exec
 * ids). With every event it is kept through fork, exec and exit; otherwise it holds only what
 * ran before the recording began, to name the caller of such a process's first exec.
 */
#pragma once

#include "schema/event.h"

struct family;

struct family *family_new(void);
void family_free(struct family *f);
DEFINE_CLEANUP(struct family *, family_free)

/* Strings are copied. */
void family_set(struct family *f, const struct process *p);
const struct process *family_find(const struct family *f, uint32_t pid);   /* valid until the next set or remove */
bool family_remove(struct family *f, uint32_t pid);

/* One call per running process that has an executable, from /proc; parents first where possible. */
typedef void (*inventory_fn)(void *arg, const struct process *p, uint32_t parent_pid, uint32_t tags);
int family_inventory(inventory_fn fn, void *arg);
