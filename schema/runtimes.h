/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Container runtimes. To make a container's first process one runs itself again, from a sealed copy that has no path (a memfd, a detached
 * mount) or, runc, is "/runc", at times already inside the container's cgroup.
 */
#pragma once

/* Where distributions and installers put runc: policies let it pass by these paths. */
static const char *const runtimes[] = {
	"/usr/bin/runc", "/usr/sbin/runc", "/usr/local/bin/runc", "/usr/local/sbin/runc",
};
/* What runc 1.2 and later sees itself as, run from a sealed overlay of its folder. */
#define RUNTIME_SELF "/runc"

/* Where runtimes lie besides, and links to them: there the enforcer looks which files they are. */
static const char *const runtime_places[] = {
	"/bin/runc", "/sbin/runc", "/usr/libexec/crio/runc", "/usr/bin/docker-runc",
	"/usr/bin/crun", "/usr/sbin/crun", "/usr/local/bin/crun", "/usr/local/sbin/crun", "/usr/libexec/crio/crun", "/bin/crun",
	"/usr/bin/youki", "/usr/local/bin/youki",
	"/var/lib/rancher/k3s/data/current/bin/runc", "/var/lib/rancher/rke2/bin/runc", "/var/lib/k0s/bin/runc",
	"/snap/microk8s/current/bin/runc", "/snap/docker/current/bin/runc",
	"/run/current-system/sw/bin/runc", "/run/current-system/sw/bin/crun",
};

/* What they are called, for who knows no more of a file. */
static const char *const runtime_names[] = {"runc", "crun", "youki", "docker-runc"};
