/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an image decides: the same tables, keys and match.h primitives that the enforcer's programs use, so this verdict is
 * theirs.
 */
#pragma once

#include "schema/image_file.h"

struct image_verdict {
	enum verdict verdict;     /* ALLOW, DENY, UNKNOWN */
	bool judged;              /* false: the image says nothing about such events */
	uint32_t rule;            /* the rule that allowed it; 0 = none */
	uint32_t access;          /* file: the accesses that nothing grants */
	const char *why;          /* static */
};

struct image_verdict image_judge(const struct image *i, const struct event *ev);

/* The entry of a path, bytes compared; NULL when none. A trailing '/' asks for that prefix. */
const struct image_path *image_find_path(const struct image *i, struct str path);

/*
 * The entry of the longest prefix around an address, as the kernel's trie finds it, among those of at most BITS; NULL when none.
 * M: IMAGE_MAP_NET4 or IMAGE_MAP_NET6.
 */
const struct image_net *image_find_network(const struct image *i, enum image_map m, const uint8_t *address, uint32_t bits);
