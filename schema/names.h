/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names for a cgroup, from what is on the node: a list of pods that was given, what the container runtime keeps of its
 * containers, the kubelet's folders of logs. Nothing is asked over a socket.
 */
#pragma once

#include "schema/base/diag.h"
#include "schema/event.h"

struct names;

/* ROOT: where the node's file system is seen; NULL or "" = here. PODS: the output of kubectl get pods -A -o json, or NULL. */
int names_open(const char *root, const char *pods, struct diag *d, struct names **ret);
void names_free(struct names *n);
DEFINE_CLEANUP(struct names *, names_free)

/* Reads the list of pods again; when it cannot be read the one before stays. */
int names_reload(struct names *n, struct diag *d);

/*
 * Fills of POD what was found out for the container of CGROUP; outside Kubernetes container_name and image alone. False:
 * nothing. The strings lie in memory of N's until the next call.
 */
bool names_find(struct names *n, struct str cgroup, struct pod *ret);
