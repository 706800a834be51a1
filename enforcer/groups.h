/* SPDX-License-Identifier: GPL-2.0-only */
/* Cgroups as policies go by them: the v2 hierarchy, and v1's memory hierarchy where tasks are in the root of v2. */
#pragma once

#include "schema/base/buf.h"
#include "schema/base/diag.h"
#include "schema/enforce.h"
#include "schema/names.h"

struct group {
	char *folder;             /* absolute */
	char *path;               /* below its mount: "/system.slice/nginx.service" */
	char *workload;           /* written form */
	uint64_t id;              /* with ENFORCE_CGROUP_V1 for v1 */
};

struct groups {
	struct group *v;
	size_t n, cap;
};
void groups_done(struct groups *g);

/* The mount of v2 (MEMORY false) or of v1's memory hierarchy; NULL when there is none. The caller frees. */
char *cgroup_mount(bool memory);

/* A cgroup by its folder, or by its path in the v2 hierarchy. Refuses the root. */
int group_find(const char *name, struct names *names, struct diag *d, struct groups *ret);

/* All cgroups of this machine with their workloads, read once. NAMES must outlive it. */
struct group_list;
int group_list_new(struct names *names, struct diag *d, struct group_list **ret);
void group_list_free(struct group_list *l);
DEFINE_CLEANUP(struct group_list *, group_list_free)

/*
 * Adds the cgroups of workloads of this name or, where there is none, of those that it matches as a pattern; returns how many.
 * Cgroups within one that is added are left out: a policy holds below its cgroup.
 */
size_t group_list_find(const struct group_list *l, const char *pattern, struct groups *ret);

/* Calls FN for G and everything below it, parents first. Stops at the first error. */
int group_tree(const struct group *g, int (*fn)(void *arg, uint64_t id), void *arg);
