/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths of cgroups, as walk.h does it for files. Names carry no length. */
#pragma once

#include "bpf/cgroup.h"
#include "bpf/walk.h"

static long node_step(__u32 i, struct walk_context *c)
{
	struct scratch *s = c->s;
	struct kernfs_node *parent = node_parent(s->node);
	if (!parent)
		return 1;
	struct kernfs_node *node = s->node;
	long n = bpf_probe_read_kernel_str(s->name, sizeof(s->name), BPF_CORE_READ(node, name));
	__u64 length = n - 1, offset = s->offset;
	if (n < 1 || length > 254 || offset < length + 1) {
		s->state |= WALK_CUT;
		return 1;
	}
	s->offset = offset = offset - length - 1;
	asm volatile("" : "+r"(offset), "+r"(length));
	offset &= WIRE_PATH_MAX - 1;
	length &= 255;
	char *to = s->text + TEXT_HEAD + offset;
	*to = '/';
	bpf_probe_read_kernel(to + 1, length, s->name);
	s->node = parent;
	return 0;
}

#define CGROUP_DEPTH 128

static __always_inline void walk_cgroup(struct scratch *s, struct kernfs_node *node)
{
	struct walk_context c = {s};
	s->state = 0;
	s->offset = TEXT_END;
	s->node = node;
	bpf_loop(CGROUP_DEPTH, node_step, &c, 0);
	if (s->offset == TEXT_END) {
		s->offset = TEXT_END - 1;
		s->text[TEXT_HEAD + TEXT_END - 1] = '/';
	}
}
