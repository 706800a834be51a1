/* SPDX-License-Identifier: GPL-2.0-only */
/* Lowered rules as an image file (schema/image_file.h). The bytes depend on the allowlist and the tool's version only. */
#pragma once

#include "compiler/allow/lower.h"
#include "schema/image_file.h"

/* The content of each map, sorted. Zero it before, image_tables_done() after. */
struct image_tables {
	struct buf map[IMAGE_MAP_COUNT];
};
int image_build(const struct lowered *l, bool enforce, struct diag *d, struct image_tables *ret);
void image_tables_done(struct image_tables *t);

/* -EINVAL with the reason in D when a table's limit is exceeded. ENFORCE: deny rather than audit. */
int image_write(const struct lowered *l, bool enforce, struct diag *d, struct buf *ret);
