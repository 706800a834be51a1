/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory with one lifetime: allocated piece by piece, freed in one call. Pieces are zeroed. */
#pragma once

#include "schema/base/base.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);
DEFINE_CLEANUP(struct arena *, arena_free)

void *arena_alloc(struct arena *a, size_t size);           /* aligned for any type */
struct str arena_str(struct arena *a, struct str s);       /* a copy, NUL-terminated as well */
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
size_t arena_size(const struct arena *a);                  /* bytes handed out */

/* Grows an arena array by one zeroed element (old copies stay behind in the arena). */
#define ARENA_PUSH(a, v, n) ((v) = arena_grow((a), (v), (n), sizeof(*(v))), &(v)[(n)++])
void *arena_grow(struct arena *a, void *v, size_t n, size_t size);
