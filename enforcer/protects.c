/* SPDX-License-Identifier: GPL-2.0-only */
/* Each policy's protected paths are read from its maps when its first refusal is told, and anew when it was replaced. */
#include "enforcer/protects.h"

#include <unistd.h>

#include <bpf/bpf.h>

#include "enforcer/hits.h"
#include "enforcer/table.h"

struct policy {
	uint64_t applied_ns;
	uint32_t slot;
	struct { char **v; size_t n, cap; } paths;
};

struct protects {
	struct policy *of[ENFORCE_WORKLOADS];
};

struct protects *protects_new(void)
{
	return xcalloc(1, sizeof(struct protects));
}

static void policy_free(struct policy *q)
{
	for (size_t i = 0; q && i < q->paths.n; i++)
		free(q->paths.v[i]);
	if (q)
		free(q->paths.v);
	free(q);
}

void protects_free(struct protects *p)
{
	for (size_t i = 0; p && i < ENFORCE_WORKLOADS; i++)
		policy_free(p->of[i]);
	free(p);
}

static struct policy *read_policy(const struct enforce_name *n, uint32_t slot)
{
	struct policy *q = xcalloc(1, sizeof(*q));
	CLEANUP_FD int paths = policy_table(n, MACHINE_PATHS);
	CLEANUP_FD int bytes = policy_table(n, MACHINE_BYTES);
	struct image_path_key key;
	struct image_path p;
	q->applied_ns = n->applied_ns;
	q->slot = slot;
	for (void *last = NULL; paths >= 0 && bytes >= 0 && !bpf_map_get_next_key(paths, last, &key); last = &key)
		if (!bpf_map_lookup_elem(paths, &key, &p) && (p.flags & IMAGE_PATH_PROTECT))
			*VEC_PUSH(&q->paths) = policy_path(bytes, &p);
	return q;
}

const char *protects_find(struct protects *p, const struct machine *m, uint32_t number, uint32_t slot, struct str path)
{
	struct enforce_name name;
	const char *found = NULL;
	if (!workload_name(m, number, &name) || ENFORCE_SLOT(m->workloads[number].word) != slot)
		return NULL;
	struct policy **q = &p->of[number];
	if (*q && ((*q)->applied_ns != name.applied_ns || (*q)->slot != slot)) {
		policy_free(*q);
		*q = NULL;
	}
	if (!*q)
		*q = read_policy(&name, slot);
	for (size_t i = 0; i < (*q)->paths.n; i++) {
		struct str protected = str_from((*q)->paths.v[i]);
		bool is = str_ends(protected, STR("/")) ? str_starts(path, protected) : str_eq(path, protected);
		if (is && (!found || protected.n > strlen(found)))
			found = protected.p;
	}
	return found;
}
