/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store's observations as a stream of events: each stands for all it was seen (event.count); line is its id. The pod's
 * labels are those of an instance of the workload, so that a policy's scope can be judged.
 */
#pragma once

#include "schema/source.h"
#include "schema/store_read.h"

/*
 * The workloads that PATTERN means (NULL = all), one after the other. The store must outlive the source. 0 or
 * -errno as in store.h; *ret_workloads (may be NULL): how many match.
 */
int source_store_open(struct store *s, const char *pattern, struct source **ret, size_t *ret_workloads);

/*
 * The same as whole as the store has it, for an export: an event for each instance an observation was seen in, with that
 * instance, the first and the last time; then the losses.
 */
int source_store_sightings(struct store *s, const char *pattern, struct source **ret, size_t *ret_workloads);

/* One workload by its id. */
int source_store_workload(struct store *s, int64_t workload, struct source **ret);

/*
 * One workload whose observations the caller holds: the same events, without reading. INSTANCE is the first that
 * store_instances() tells. All must outlive the source. CHOICES: an enum choice for each row, that stays while the rows may
 * be chosen anew. ORDER: the places of the N rows in the order they come; NULL: as they lie.
 */
struct source *source_store_held(const struct workload_row *w, const struct instance *instance,
				 const struct observation_row *rows, const uint8_t *choices,
				 const uint32_t *order, size_t n);

/* What was decided of the last event of such a source. */
enum choice source_store_choice(const struct source *source);
