/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two sets of images rule by rule. Images are matched by the workload they are for; one against one is compared whatever each
 * is for, and says so.
 */
#pragma once

#include "compiler/image/image_rules.h"

enum image_change { IMAGE_ADDED, IMAGE_REMOVED, IMAGE_CHANGED, IMAGE_CHANGE_COUNT };

struct image_difference {
	enum image_change change;
	struct str workload;
	const char *kind;                 /* an image_rule_kind_name(), or "image": all of it, or its workload */
	struct str object, by;
	struct str old, new;              /* what is granted; empty where there is none */
};

struct image_differences {
	struct arena *arena;
	struct { struct image_difference *v; size_t n, cap; } rows;   /* by workload, kind, object */
	uint64_t of[IMAGE_CHANGE_COUNT];
};

/* Images with the files they came from. */
struct image_set {
	struct { struct image *image; char *file; } *v;
	size_t n, cap;
};

/* A file, or every *.elf file of a folder; -EINVAL when one is refused, none is there or two are for one workload. */
int image_set_read(const char *name, struct diag *d, struct image_set *ret);
void image_set_done(struct image_set *s);

struct image_differences *image_diff(const struct image_set *old, const struct image_set *new);
void image_differences_free(struct image_differences *d);
DEFINE_CLEANUP(struct image_differences *, image_differences_free)
