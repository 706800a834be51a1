/* SPDX-License-Identifier: GPL-2.0-only */
/* What a command line names as policies: TracingPolicy files, map images, allowlists, folders of them. */
#pragma once

#include "compiler/image_eval.h"
#include "schema/policy.h"

struct policy_set {
	struct policy **policies;
	size_t npolicies, cap;
	struct image **images;            /* an allowlist is judged as the image that compile makes of it */
	struct allowlist **allowlists;    /* by image: what it was made of; NULL = the image was given */
	size_t nimages, images_cap, allowlists_cap;
};

#define POLICY_SET_INIT {NULL, 0, 0, NULL, NULL, 0, 0, 0}
#define CLEANUP_POLICY_SET __attribute__((cleanup(policy_set_done)))

enum { POLICY_FILE_MAX = 256 << 20 };

/*
 * Adds what PATH holds: an image (known by its first bytes), an allowlist, a YAML file with one or more TracingPolicy documents, or
 * every *.yaml, *.yml and *.elf of a folder, in order of name. Beside policies, what compile writes for people (*.allowlist.yaml,
 * kustomization.yaml) is passed over. -EINVAL with the reasons in D.
 */
int policy_set_add(struct policy_set *s, const char *path, struct diag *d);

/* The same of bytes that are held already, called FILE in messages. */
int policy_set_add_bytes(struct policy_set *s, const char *file, struct str bytes, struct diag *d);
/* A warning for each policy that would not load on TARGET, with the first reason: what is judged of it is then beside the point. */
struct target;
void policy_set_warn(const struct policy_set *s, const struct target *target, struct diag *d);
void policy_set_done(struct policy_set *s);
