/* SPDX-License-Identifier: GPL-2.0-only */
/* Staying, to cover new containers as they come: when there may be something to do, and for which cgroups. */
#pragma once

#include "enforcer/machine.h"

/* With nothing in force yet no program has seen the runtime of a container that is just starting: it is given time to be done. */
#define FOLLOW_FIRST_NS (3ull * 1000000000)
#define FOLLOW_AGAIN_NS (15ull * 1000000000)   /* at the latest: images may have changed, policies been released by others */

struct follow {
	int state, cgroups;      /* the kernel's; -1: nothing is in force yet; state also where containers must not be met while they start */
	uint64_t made;           /* cgroups, when last looked at */
	uint64_t changed_ns, applied_ns, found_ns;
	size_t step;
	bool news;               /* something came under a policy just now */
};

void follow_init(struct follow *f);
void follow_done(struct follow *f);

/* After M was applied, or NULL: nothing was. Of M only two maps are kept, which hold no policy in force. */
void follow_applied(struct follow *f, const struct machine *m);

/* Until a cgroup was made, some moments after that, since names can come later than it, or it is time to apply again. */
void follow_wait(struct follow *f);
bool follow_is_due(const struct follow *f);

/* Where nothing is in force yet: there are containers to cover, but not long enough. */
bool follow_is_early(struct follow *f);

/* Whether this cgroup is under a policy. */
bool follow_covers(const struct follow *f, uint64_t cgroup);
