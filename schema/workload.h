/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a policy is for. Written and matched as NAMESPACE/KIND/NAME/CONTAINER in Kubernetes,
 * and on a host as
 *	host/unit/nginx.service		a systemd unit
 *	host/container/web		a container outside Kubernetes (name, else 12 digits of its id)
 *	host/cgroup/some/path		any other cgroup
 *	host/host/all			host processes in none of these
 * A '/' inside a component is kept only in the last one.
 */
#pragma once

#include "schema/base/buf.h"
#include "schema/event.h"

struct workload {
	struct str cluster;     /* usually empty */
	struct str namespace;   /* "host" outside Kubernetes */
	struct str kind;        /* Deployment, StatefulSet, Pod ... unit, container, cgroup, host */
	struct str name;
	struct str container;   /* empty outside Kubernetes */
	bool guess;             /* the name was derived, not told */
};

/* One start of it. */
struct instance {
	struct str key;         /* pod uid + container id, container id, unit + boot, cgroup id */
	struct str pod, node;
	struct str container_id, image, image_id;
	struct str labels;      /* raw JSON object of strings, or empty: labels_valid() */
	uint64_t start_ns;
};

/* Is TEXT empty, or a JSON object of strings on one line? It is written as it stands into lines of JSON. */
bool labels_valid(struct str text);

/*
 * Who did it, from pod, docker and cgroup fields. The strings borrow from P, and from SCRATCH for what had
 * to be put together. Rules: tetragon-style pod data first (old agents without workload: derived from
 * the pod name, guess = true); else container id; else systemd unit; else the cgroup path.
 */
void workload_of(const struct process *p, struct str node, struct buf *scratch,
		 struct workload *ret_workload, struct instance *ret_instance);

/* Of the process of EV; where EV is of a store, what that store says. */
void workload_of_event(const struct event *ev, struct buf *scratch, struct workload *ret_workload, struct instance *ret_instance);

/* The same from a cgroup path alone (kubepods of both drivers, docker, containerd, cri-o, podman, systemd). */
struct cgroup_identity {
	struct str pod_uid;       /* dashes restored in SCRATCH */
	struct str container_id;  /* 64 hex digits, or what the name held */
	struct str runtime;       /* docker, containerd, cri-o, podman, or empty */
	struct str unit;          /* nginx.service, session-3.scope, ... */
};
void cgroup_identify(struct str cgroup_path, struct buf *scratch, struct cgroup_identity *ret);

/* Appends the written form. */
void workload_print(struct buf *b, const struct workload *w);

/*
 * Does PATTERN (as typed on a command line) mean W? The whole written form, or a part of it between
 * slashes from the left or right ("shop", "cart", "Deployment/cart"), with * and ? as in the shell. CLUSTER: in
 * front of it asks for that cluster, a bare ':' for none.
 */
bool workload_matches(const char *pattern, const struct workload *w);
