/* SPDX-License-Identifier: GPL-2.0-only */
/* Which pod a container belongs to, by the beginning of its id: some lines tell only that much of it. */
#pragma once

#include "schema/event.h"

#define PODS_MAX (1u << 16)           /* containers; the next one makes all be forgotten */

struct pods;
struct pods *pods_new(void);
void pods_free(struct pods *p);

/* Keeps a copy of POD's names. True: the limit was met, and all that was known before is forgotten. */
bool pods_learn(struct pods *p, const struct pod *pod);

/* The pod of the container DOCKER, or NULL. Valid until the next pods_learn(). */
const struct pod *pods_find(const struct pods *p, struct str docker);
