/* SPDX-License-Identifier: GPL-2.0-only */
/* Refusals on their way into the store: the same ones are counted together until they are written. */
#pragma once

#include "schema/store_refusals.h"

struct kept;

struct kept *kept_new(void);
void kept_free(struct kept *k);
DEFINE_CLEANUP(struct kept *, kept_free)

void kept_add(struct kept *k, const struct workload *w, const struct refusal *r);   /* copies */
size_t kept_rows(const struct kept *k);

/* Within a transaction of the caller's, who calls kept_clear() when it is committed. */
int kept_write(const struct kept *k, struct store *s, int64_t recording);
void kept_clear(struct kept *k);
