/* SPDX-License-Identifier: GPL-2.0-only */
#include "enforcer/uncovered.h"

#include <bpf/bpf.h>

#include "enforcer/groups.h"
#include "enforcer/table.h"
#include "schema/names.h"

struct uncovered {
	struct groups groups;
};

void uncovered_free(struct uncovered *u)
{
	if (!u)
		return;
	groups_done(&u->groups);
	free(u);
}

static bool is_covered(const struct machine *m, uint64_t cgroup)
{
	uint32_t number;
	return !bpf_map_lookup_elem(m->maps[MACHINE_CGROUPS], &cgroup, &number);
}

static bool was_asked(const struct uncovered *u, size_t n, const char *workload)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(u->groups.v[i].workload, workload))
			return true;
	return false;
}

/* Appends those of one workload, less those that are covered. */
static void find(struct uncovered *u, const struct machine *m, const struct group_list *all, const char *workload)
{
	struct groups found = {0};
	group_list_find(all, workload, &found);
	for (size_t i = 0; i < found.n; i++) {
		if (is_covered(m, found.v[i].id))
			continue;
		const struct group *g = &found.v[i];
		*VEC_PUSH(&u->groups) = (struct group){.folder = xstrdup(g->folder), .path = xstrdup(g->path),
						       .workload = xstrdup(workload), .id = g->id};
	}
	groups_done(&found);
}

int uncovered_find(const struct machine *m, const char *node_root, struct diag *d, struct uncovered **ret)
{
	CLEANUP(uncovered_free) struct uncovered *u = xcalloc(1, sizeof(*u));
	CLEANUP(names_free) struct names *names = NULL;
	CLEANUP(group_list_free) struct group_list *all = NULL;
	int r = names_open(node_root, NULL, d, &names);
	if (!r)
		r = group_list_new(names, d, &all);
	for (uint32_t i = 0; i < NUMBER_SELF_TEST && !r; i++) {
		struct enforce_name name;
		if (workload_name(m, i, &name) && !was_asked(u, u->groups.n, name.workload))
			find(u, m, all, name.workload);
	}
	if (!r)
		*ret = TAKE(u);
	return r;
}

size_t uncovered_of(const struct uncovered *u, const char *workload, const char **ret_first)
{
	size_t n = 0;
	for (size_t i = 0; i < u->groups.n; i++)
		if (!strcmp(u->groups.v[i].workload, workload) && n++ == 0)
			*ret_first = u->groups.v[i].folder;
	return n;
}
