/* SPDX-License-Identifier: GPL-2.0-only */
#include "enforcer/shortages.h"

#include <bpf/bpf.h>

static const char *const words[ENFORCE_LOSSES] = {
	[ENFORCE_LOSS_RECORD] = "refusals were counted, but nobody had read those before and there was no room for a record: read them in time by "
				"'stakeout enforce watch'",
	[ENFORCE_LOSS_SCRATCH] = "calls were refused for want of a work buffer",
	[ENFORCE_LOSS_CGROUP] = "new cgroups below those under a policy are under none: the table of cgroups was full. Release what is "
				"not needed, then apply the images again",
	[ENFORCE_LOSS_FILE] = "opens were refused because the file was gone before it could be looked at",
};

void shortages_read(const struct machine *m, uint64_t ret[ENFORCE_LOSSES])
{
	struct enforce_state state = {0};
	uint32_t zero = 0;
	bpf_map_lookup_elem(m->maps[MACHINE_STATE], &zero, &state);
	for (size_t i = 0; i < ENFORCE_LOSSES; i++)
		ret[i] = state.losses[i];
}

void shortages_warn(const struct machine *m, struct diag *d)
{
	uint64_t counts[ENFORCE_LOSSES];
	shortages_read(m, counts);
	for (size_t i = 0; i < ENFORCE_LOSSES; i++)
		if (counts[i])
			diag_add(d, DIAG_WARNING, NULL, 0, 0, "%llu %s", (unsigned long long)counts[i], words[i]);
}
