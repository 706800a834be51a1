/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cgroup of a process, as the host calls it. /proc tells it from the root of the reader's cgroup namespace, and a pod has one of
 * its own where the node uses v2: "/../../system.slice/ssh.service", for which the kernel side says "/system.slice/ssh.service".
 */
#pragma once

#include "schema/base/buf.h"

struct cgroup_view {
	struct buf v2, memory;      /* where this process's namespaces begin; "" at the hierarchy's root, or where that cannot be told */
	struct buf path;
};

void cgroup_view_init(struct cgroup_view *v);
void cgroup_view_done(struct cgroup_view *v);

/* From the text of /proc/PID/cgroup: the v2 path, or the memory hierarchy's for what is in v2's root. Valid until the next call. */
struct str cgroup_view_path(struct cgroup_view *v, struct str text);
