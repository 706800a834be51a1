/* SPDX-License-Identifier: GPL-2.0-only */
/* A policy's rules as the kernel has them, and how often each decided something. */
#pragma once

#include "enforcer/machine.h"
#include "schema/base/buf.h"

struct hit {
	const char *kind;         /* exec, file, protect, connect, guard */
	char *rule;               /* a path, a network with ports, a guard; "no rule": what nothing allowed */
	char *by;                 /* the only program it is for, or "" */
	struct enforce_hits count;
};

struct hits {
	struct hit *v;
	size_t n, cap;
};
void hits_done(struct hits *h);
#define CLEANUP_HITS __attribute__((cleanup(hits_done)))

/* By kind, in the order of the policy's tables. */
void hits_read(const struct enforce_workload *w, const struct enforce_name *n, struct hits *ret);

/* One of the policy's maps, or -1: it has none. The caller closes. */
int policy_table(const struct enforce_name *n, enum machine_map t);

/* The text of an entry of "paths"; the caller frees. */
char *policy_path(int bytes, const struct image_path *p);
