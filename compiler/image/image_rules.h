/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An image as rules that people read: what it judges, and each thing it grants or forbids, once. What a network inherits from
 * a wider one around it is told of the wider one only.
 */
#pragma once

#include "schema/base/arena.h"
#include "schema/image_file.h"

/* KIND(symbol, "name") in the order of listings. */
#define IMAGE_RULE_KINDS(KIND)                                                                     \
	KIND(MODE, "mode")           /* object: "image" (enforce, monitor), a section (judged, not judged) */ \
	KIND(EXEC, "exec")           /* start; runtime: starts itself, and mounts */               \
	KIND(PROTECT, "protect")     /* changes below are judged */                                \
	KIND(FILE, "file")           /* the accesses */                                            \
	KIND(CONNECT, "connect")     /* "NETWORK PORTS/PROTOCOL" */                                \
	KIND(GUARD, "guard")         /* forbidden */

enum image_rule_kind {
#define KIND(symbol, name) IMAGE_RULE_##symbol,
	IMAGE_RULE_KINDS(KIND)
#undef KIND
	IMAGE_RULE_KIND_COUNT
};
const char *image_rule_kind_name(enum image_rule_kind k);

struct image_rule {
	enum image_rule_kind kind;
	struct str object, by, grants;
};

/* By kind, then as the image has them: paths in byte order. Strings are the image's or the arena's. */
struct image_rules {
	struct image_rule *v;
	size_t n;
};
struct image_rules image_rules_of(const struct image *i, struct arena *arena);
