/* SPDX-License-Identifier: GPL-2.0-only */
#include "enforcer/table.h"

#include <sys/stat.h>
#include <time.h>

#include <bpf/bpf.h>

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NSEC_PER_SEC + (uint64_t)t.tv_nsec;
}

uint64_t boot_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

uint64_t wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

bool workload_name(const struct machine *m, uint32_t number, struct enforce_name *ret)
{
	return m->workloads[number].word && !bpf_map_lookup_elem(m->maps[MACHINE_NAMES], &number, ret);
}

uint32_t workload_number(const struct machine *m, uint64_t cgroup)
{
	uint32_t number;
	struct enforce_name name;
	if (bpf_map_lookup_elem(m->maps[MACHINE_CGROUPS], &cgroup, &number) || number >= ENFORCE_WORKLOADS)
		return NUMBER_NONE;
	return workload_name(m, number, &name) && name.cgroup == cgroup ? number : NUMBER_NONE;
}

static uint32_t free_number(const struct machine *m)
{
	for (uint32_t i = 0; i < NUMBER_SELF_TEST; i++)
		if (!m->workloads[i].word)
			return i;
	return NUMBER_NONE;
}

/* ---- the cgroups of one ---- */

struct entering {
	int cgroups;
	uint32_t from, to;            /* NUMBER_NONE: no policy */
};

static int enter(void *arg, uint64_t id)
{
	const struct entering *e = arg;
	uint32_t now = NUMBER_NONE;
	bpf_map_lookup_elem(e->cgroups, &id, &now);
	if (now == e->to || now != e->from)
		return 0;
	int r = e->to == NUMBER_NONE ? bpf_map_delete_elem(e->cgroups, &id)
				     : bpf_map_update_elem(e->cgroups, &id, &e->to, BPF_ANY);
	return r ? -errno : 0;
}

/* The policy that a cgroup would have without its own. */
static uint32_t number_above(const struct machine *m, const struct group *g)
{
	uint32_t number;
	CLEANUP_FREE char *folder = xstrdup(g->folder);
	for (char *slash = strrchr(folder, '/'); slash && slash > folder; slash = strrchr(folder, '/')) {
		struct stat st;
		*slash = '\0';
		if (stat(folder, &st))
			break;
		uint64_t id = st.st_ino | (g->id & ENFORCE_CGROUP_V1);
		if (!bpf_map_lookup_elem(m->maps[MACHINE_CGROUPS], &id, &number))
			return number;
	}
	return NUMBER_NONE;
}

static int move_tree(struct machine *m, const struct group *g, uint32_t from, uint32_t to)
{
	struct entering e = {m->maps[MACHINE_CGROUPS], from, to};
	return group_tree(g, enter, &e);
}

/* ---- assigning ---- */

static void store(struct enforce_workload *w, const struct assignment *a)
{
	uint64_t word = ENFORCE_WORD(a->slot, a->mode, a->needs & 0xff, a->needs >> 8 & 0xff);
	/* A deadline must be there before what it limits; taking one away waits until what it limited is gone. */
	if (a->deadline_ns)
		__atomic_store_n(&w->deadline_ns, a->deadline_ns, __ATOMIC_SEQ_CST);
	__atomic_store_n(&w->word, word, __ATOMIC_SEQ_CST);
	__atomic_store_n(&w->deadline_ns, a->deadline_ns, __ATOMIC_SEQ_CST);
}

static int assign_new(struct machine *m, const struct group *g, const struct assignment *a, struct diag *d,
		      uint32_t *ret_number)
{
	uint32_t number = a->self_test ? NUMBER_SELF_TEST : free_number(m);
	if (number == NUMBER_NONE) {
		diag_error(d, g->folder, "%d cgroups have a policy, the most there can be: release some", NUMBER_SELF_TEST);
		return -ENOSPC;
	}
	struct enforce_workload *w = &m->workloads[number];
	w->deadline_ns = 0;
	memset(w->denied, 0, sizeof(w->denied));
	memset(w->audited, 0, sizeof(w->audited));
	int r = bpf_map_update_elem(m->maps[MACHINE_NAMES], &number, a->name, BPF_ANY) ? -errno : 0;
	if (!r) {
		store(w, a);
		r = move_tree(m, g, number_above(m, g), number);
	}
	if (r) {
		diag_error(d, g->folder, "cannot be put under the policy: %s%s", strerror(-r),
			   r == -E2BIG ? "; too many cgroups are under policies" : "");
		workload_release(m, number, d);
		return r;
	}
	*ret_number = number;
	return 0;
}

int workload_assign(struct machine *m, const struct group *g, const struct assignment *a, struct diag *d,
		    uint32_t *ret_number)
{
	uint32_t number = workload_number(m, g->id);
	int r = 0;
	if (number == NUMBER_NONE)
		r = assign_new(m, g, a, d, &number);
	else if (bpf_map_update_elem(m->maps[MACHINE_NAMES], &number, a->name, BPF_ANY))
		r = diag_error(d, g->folder, "its name cannot be stored: %s", strerror(errno));
	else
		store(&m->workloads[number], a);
	if (!r && ret_number)
		*ret_number = number;
	return r;
}

int workload_release(struct machine *m, uint32_t number, struct diag *d)
{
	struct enforce_name name;
	int r = 0;
	if (workload_name(m, number, &name)) {
		struct group g = {.folder = name.folder, .id = name.cgroup};
		r = move_tree(m, &g, number, number_above(m, &g));
		if (r)
			diag_error(d, name.folder, "cannot be released: %s", strerror(-r));
		machine_disconnect(m, name.cgroup);
	}
	__atomic_store_n(&m->workloads[number].word, 0, __ATOMIC_SEQ_CST);
	bpf_map_delete_elem(m->maps[MACHINE_NAMES], &number);
	return r;
}

size_t workloads_reap(struct machine *m)
{
	size_t left = 0;
	for (uint32_t i = 0; i < ENFORCE_WORKLOADS; i++) {
		struct enforce_name name;
		uint32_t number;
		if (!m->workloads[i].word)
			continue;
		if (workload_name(m, i, &name) && !bpf_map_lookup_elem(m->maps[MACHINE_CGROUPS], &name.cgroup, &number) &&
		    number == i) {
			left++;
			continue;
		}
		if (workload_name(m, i, &name))
			machine_disconnect(m, name.cgroup);
		__atomic_store_n(&m->workloads[i].word, 0, __ATOMIC_SEQ_CST);
		bpf_map_delete_elem(m->maps[MACHINE_NAMES], &i);
	}
	return left;
}

void workload_restore(struct machine *m, uint32_t number, const struct enforce_workload *w, const struct enforce_name *name)
{
	bpf_map_update_elem(m->maps[MACHINE_NAMES], &number, name, BPF_ANY);
	__atomic_store_n(&m->workloads[number].deadline_ns, w->deadline_ns, __ATOMIC_SEQ_CST);
	__atomic_store_n(&m->workloads[number].word, w->word, __ATOMIC_SEQ_CST);
}
