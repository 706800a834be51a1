/* SPDX-License-Identifier: GPL-2.0-only */
/* What a command line names as policies: TracingPolicy files, folders of them, map images. */
#pragma once

#include "compiler/image_eval.h"
#include "schema/policy.h"

struct policy_set {
	struct policy **policies;
	size_t npolicies, cap;
	struct image **images;
	size_t nimages, images_cap;
};

#define POLICY_SET_INIT {NULL, 0, 0, NULL, 0, 0}
#define CLEANUP_POLICY_SET __attribute__((cleanup(policy_set_done)))

/*
 * Adds what PATH holds: an image (known by its first bytes), a YAML file with one or more documents, or every
 * *.yaml, *.yml and *.elf of a folder, in order of name. -EINVAL with the reasons in D.
 */
int policy_set_add(struct policy_set *s, const char *path, struct diag *d);
void policy_set_done(struct policy_set *s);
