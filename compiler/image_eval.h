/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An image in memory, and what it decides: the same tables, keys and match.h primitives that the enforcer's
 * programs use, so this verdict is theirs.
 */
#pragma once

#include "schema/base/buf.h"
#include "schema/event.h"
#include "schema/image.h"

/* One map's content: entries sorted by key bytes; array maps hold values only. */
struct image_table {
	const uint8_t *p;
	uint32_t n;               /* entries */
};

struct image {
	struct buf bytes;         /* the whole file, owned */
	struct image_table map[IMAGE_MAP_COUNT];
	uint32_t format;
	struct str name, tool;    /* the allowlist's name; version of the writer */
	struct str workload;      /* written form of the workload it is for */
	uint8_t allowlist_digest[32];
	uint8_t digest[32];       /* of the file */
};

struct image_verdict {
	enum verdict verdict;     /* ALLOW, DENY, UNKNOWN */
	bool judged;              /* false: the image says nothing about such events */
	uint32_t rule;            /* the rule that allowed it; 0 = none */
	uint32_t access;          /* file: the accesses that nothing grants */
	const char *why;          /* static */
};

void image_free(struct image *i);
DEFINE_CLEANUP(struct image *, image_free)

struct image_verdict image_judge(const struct image *i, const struct event *ev);

/* The entry of a path, bytes compared; NULL when none. A trailing '/' asks for that prefix. */
const struct image_path *image_find_path(const struct image *i, struct str path);
