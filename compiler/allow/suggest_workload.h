/* SPDX-License-Identifier: GPL-2.0-only */
/* Whom an allowlist is for: its name, its workload, and the labels that all pods of the workload share. */
#pragma once

#include "schema/allowlist.h"
#include "schema/store_read.h"

void suggest_identity(struct allowlist *a, const struct workload_row *w);

/* 0 or -errno of the store (see store_error()). */
int suggest_labels(struct store *s, const struct workload_row *w, struct allowlist *a);
