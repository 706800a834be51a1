/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an image decides: the same tables, keys and match.h primitives that the enforcer's programs use, so this verdict is
 * theirs.
 */
#pragma once

#include "compiler/eval/eval.h"
#include "schema/image_file.h"
#include "schema/target.h"

struct image_verdict {
	enum verdict verdict;     /* ALLOW, DENY, KILL, UNKNOWN */
	enum effect effect;       /* of a DENY or KILL: whether the operation still takes place */
	bool judged;              /* false: the image says nothing about such events */
	uint32_t rule;            /* the rule that allowed it; 0 = none */
	uint32_t access;          /* file: the accesses that nothing grants */
	const char *why;          /* static */
};

/* By the back ends that make calls fail, LSM and fmod_ret. */
struct image_verdict image_judge(const struct image *i, const struct event *ev);

/* By BACKEND: the signal back end kills, sees of all changes to files only those that opens make, and has no guards. */
struct image_verdict image_judge_by(const struct image *i, const struct event *ev, enum target_backend backend);

/* The entry of a path, bytes compared; NULL when none. A trailing '/' asks for that prefix. */
const struct image_path *image_find_path(const struct image *i, struct str path);

/*
 * The entry of the longest prefix around an address, as the kernel's trie finds it, among those of at most BITS; NULL when none.
 * M: IMAGE_MAP_NET4 or IMAGE_MAP_NET6.
 */
const struct image_net *image_find_network(const struct image *i, enum image_map m, const uint8_t *address, uint32_t bits);
