/* SPDX-License-Identifier: GPL-2.0-only */
/* What a command line names as policies: TracingPolicy files, map images, allowlists, folders of them. */
#pragma once

#include "compiler/image/image_eval.h"
#include "schema/policy.h"
#include "schema/policy_load.h"

struct policy_set {
	struct policy **policies;
	size_t npolicies, cap;
	struct image **images;            /* an allowlist is judged as the image that compile makes of it */
	struct allowlist **allowlists;    /* by image: what it was made of; NULL = the image was given */
	size_t nimages, images_cap, allowlists_cap;
	struct policy_refusal *refused;   /* by policy, once it was asked */
	struct arena *arena;              /* of the reasons */
};

#define POLICY_SET_INIT {NULL, 0, 0, NULL, NULL, 0, 0, 0, NULL, NULL}
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

/*
 * Asks which policies no agent on TARGET would load, the second of a name among them: whoever judges goes on without them, as an
 * agent does, and says so. Returns how many they are; each is an error in D with its first reason. To be asked once, when all are added.
 */
struct target;
size_t policy_set_refuse(struct policy_set *s, const struct target *target, struct diag *d);

/* Why policy I is refused; NULL: it loads, or is an image, or it was not asked. */
const struct policy_refusal *policy_set_refused(const struct policy_set *s, size_t i);
bool policy_set_loads(const struct policy_set *s);   /* is anything left that judges? */

/* The same policies and images, which stay FROM's, to be asked anew for another target. */
void policy_set_borrow(const struct policy_set *from, struct policy_set *ret);
void policy_set_give_back(struct policy_set *s);
void policy_set_done(struct policy_set *s);
