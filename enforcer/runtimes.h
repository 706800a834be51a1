/* SPDX-License-Identifier: GPL-2.0-only */
/* Which files of this host are container runtimes: their programs may do what a container's start needs; see bpf/runtime.h. */
#pragma once

#include <sys/types.h>

#include "enforcer/machine.h"
#include "schema/base/cli.h"

struct runtimes {
	struct { int fd; dev_t device; ino_t inode; } v[ENFORCE_RUNTIMES_MAX];
	size_t n;
};
void runtimes_done(struct runtimes *f);
#define CLEANUP_RUNTIMES __attribute__((cleanup(runtimes_done)))

/* Looks at MORE and at the known places, as the host's first process sees them. A file of MORE that cannot be one is an error. */
int runtimes_find(const struct cli_list *more, struct diag *d, struct runtimes *ret);

/* Tells the programs, who forget what they were told before. */
int runtimes_tell(const struct machine *m, const struct runtimes *f, struct diag *d);
