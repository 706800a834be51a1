/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where distributions and installers put runc. To make a container's first process it runs itself again, from a sealed copy
 * that has no path (a memfd, a detached mount) or is "/runc", at times already inside the container's cgroup.
 */
#pragma once

static const char *const runtimes[] = {
	"/usr/bin/runc", "/usr/sbin/runc", "/usr/local/bin/runc", "/usr/local/sbin/runc",
};
/* What runc 1.2 and later sees itself as, run from a sealed overlay of its folder. */
#define RUNTIME_SELF "/runc"
