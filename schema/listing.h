/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The listings that the command line prints and the web UI serves: one builder each, so that text, --json and
 * /api/v1 show the same fields. The keys of the JSON objects, which scripts rely on:
 *
 * workloads     id workload cluster namespace kind name container guess mode next instances recordings
 *               exec file connect guard observations events undecided allowed denied recent first_ns last_ns
 *               lost version
 * observations  id workload kind path path_known filename subject subject_known access protocol address port
 *               unix_path guard tags count instances first_ns last_ns example choice rule choice_version
 * instances     id key pod node container_id image image_id labels start_ns
 * recordings    id source origin node kernel boot_id hooks misses start_ns end_ns events lost workloads complete
 * losses        recording kind reason count
 * refusals      recording kind object access subject outcome rule image count first_ns last_ns
 *
 * Times are RFC 3339 strings or null; access and tags are arrays of names; labels is an object or null.
 */
#pragma once

#include "schema/base/table.h"
#include "schema/store_read.h"
#include "schema/store_refusals.h"

struct table *listing_workloads(const struct workload_row *rows, size_t n);
struct table *listing_observations(const struct observation_row *rows, size_t n);
struct table *listing_instances(const struct instance_row *rows, size_t n);
struct table *listing_recordings(const struct recording_row *rows, size_t n);
struct table *listing_losses(const struct loss_row *rows, size_t n);
struct table *listing_refusals(const struct refusal *rows, size_t n);

/* Appends how an observation was made: "write,create,init-tree", "entrypoint,script,as /app/run.sh". */
void observation_how(struct buf *b, const struct observation *o);

/* What comes next for the workload, in words: "12 undecided", "recording lost 34 events: not complete". */
void workload_next(struct buf *b, const struct workload_row *w);
