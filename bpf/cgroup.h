/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose cgroup a task is in, also where v1 and v2 hierarchies are mixed. */
#pragma once

#include "bpf/word.h"
#include "schema/wire.h"

__u64 v2_root = 0;   /* address of the v2 root cgroup, once a task was found in it */

#define CGROUP_ROOT 1   /* the id of every hierarchy's root */

static __always_inline struct kernfs_node *node_of(bool cast, const void *cgroup, __u64 *ret_id)
{
	struct kernfs_node *node = cgroup ? (void *)WORD_BY(cast, cgroup, struct cgroup, kn) : NULL;
	*ret_id = node ? WORD_BY(cast, node, struct kernfs_node, id) : 0;
	return node;
}

/* That of the memory hierarchy; NULL when there is none or it is the root. */
static __always_inline struct kernfs_node *memory_node(bool cast, const void *set, __u64 *ret_id)
{
	if (!bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		return NULL;
	__u64 memory = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	const void *state = (void *)word(set + bpf_core_field_offset(struct css_set, subsys) +
					 memory * sizeof(void *), cast);
	const void *cgroup = state ? (void *)WORD_BY(cast, state, struct cgroup_subsys_state, cgroup) : NULL;
	struct kernfs_node *node = node_of(cast, cgroup, ret_id);
	return *ret_id > CGROUP_ROOT ? node : NULL;
}

/*
 * The v2 cgroup; where all tasks are in the v2 root (hybrid hosts), the one of the memory hierarchy. The root, once seen, is
 * known by its address.
 */
static __always_inline struct kernfs_node *cgroup_node(bool cast, struct task_struct *task, __u64 *ret_id)
{
	const void *set = task->cgroups;
	__u64 cgroup = set ? WORD_BY(cast, set, struct css_set, dfl_cgrp) : 0, id;
	struct kernfs_node *node = NULL;
	if (cgroup != v2_root) {
		node = node_of(cast, (void *)cgroup, ret_id);
		if (*ret_id != CGROUP_ROOT)
			return node;
		v2_root = cgroup;
	}
	struct kernfs_node *other = set ? memory_node(cast, set, &id) : NULL;
	if (other) {
		*ret_id = id | WIRE_CGROUP_V1;
		return other;
	}
	return node ?: node_of(cast, (void *)cgroup, ret_id);
}

static __always_inline struct kernfs_node *node_parent(struct kernfs_node *n)
{
	struct kernfs_node___renamed *renamed = (void *)n;
	if (bpf_core_field_exists(renamed->__parent))
		return BPF_CORE_READ(renamed, __parent);
	return BPF_CORE_READ(n, parent);
}
