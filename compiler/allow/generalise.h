/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ladder from exact to wide for one observation, each step with its surplus: what else it admits among
 * everything recorded, in this workload and in the others. Proposed only; a person decides.
 *
 *	/app/bin/node  ->  /app/bin/  ->  /app/
 *	10.1.2.3 port 5432  ->  10.1.2.0/24 port 5432  ->  10.0.0.0/8 port 5432  ->  any address port 5432
 */
#pragma once

#include "schema/base/table.h"
#include "schema/store_decide.h"

enum { GENERALISE_EXAMPLES = 5, GENERALISE_STEPS = 8 };

struct proposal {
	struct rule rule;
	uint64_t entries;              /* different objects among them that are allowed: what one entry would stand for */
	uint64_t covers;               /* observations of this workload it admits */
	uint64_t surplus;              /* of those: not yet allowed, the asked one aside */
	uint64_t denied;               /* of those: a decision denies them */
	uint64_t elsewhere;            /* different objects it admits only among the other workloads' */
	struct str examples[GENERALISE_EXAMPLES];  /* of the surplus, then of elsewhere; objects as text */
	size_t nexamples;
};

/* At most GENERALISE_STEPS, exact first. -EINVAL: the observation has no general form (path unknown or cut). */
int generalise(struct store *s, struct arena *a, const struct observation_row *row,
	       struct proposal **ret, size_t *ret_n);

/*
 * Of everything that CHOSEN takes in of a workload: each wider rule that stands for two objects or more and is the narrowest
 * that does. Surplus is what CHOSEN does not take in; files that were only read are no matter of such a rule and do not count.
 */
struct chosen {
	bool (*takes)(const void *arg, const struct observation_row *row);
	const void *arg;
};
int generalise_chosen(struct store *s, struct arena *a, int64_t workload, const struct chosen *chosen,
		      struct proposal **ret, size_t *ret_n);

/* Keys: step rule kind entries path cidr port_first port_last protocol covers surplus denied elsewhere examples. */
struct table *listing_proposals(const struct proposal *p, size_t n);
