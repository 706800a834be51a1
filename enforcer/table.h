/* SPDX-License-Identifier: GPL-2.0-only */
/* The table of workloads: which cgroup is under which policy. */
#pragma once

#include "enforcer/groups.h"
#include "enforcer/machine.h"

#define NUMBER_NONE      UINT32_MAX
#define NUMBER_SELF_TEST (ENFORCE_WORKLOADS - 1)   /* no other workload gets this place */

struct assignment {
	bool self_test;
	uint32_t slot;
	enum enforce_mode mode;
	uint32_t needs;               /* of the image */
	uint64_t deadline_ns;         /* CLOCK_BOOTTIME; 0 = none */
	const struct enforce_name *name;
};

/* The workload whose own cgroup this is (not one above it), or NUMBER_NONE. */
uint32_t workload_number(const struct machine *m, uint64_t cgroup);

/* The name of a workload in use; false when the place is free. */
bool workload_name(const struct machine *m, uint32_t number, struct enforce_name *ret);

/*
 * Puts a cgroup and all below it under a policy; those below that have one of their own keep it. Replacing is one store:
 * each decision is by the old policy or by the new. *RET_NUMBER may be NULL.
 */
int workload_assign(struct machine *m, const struct group *g, const struct assignment *a, struct diag *d,
		    uint32_t *ret_number);

/* Ends a policy; its cgroups fall to that of the cgroup above, if that has one. */
int workload_release(struct machine *m, uint32_t number, struct diag *d);

/* Frees the places of cgroups that are gone. How many are left. */
size_t workloads_reap(struct machine *m);

uint64_t boot_ns(void);
uint64_t wall_ns(void);

/* As it was before an assignment. */
void workload_restore(struct machine *m, uint32_t number, const struct enforce_workload *w, const struct enforce_name *name);
