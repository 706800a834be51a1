/* SPDX-License-Identifier: GPL-2.0-only */
/* The functions behind /api/v1, by subject, and the few helpers that they share. */
#pragma once

#include "schema/base/table.h"
#include "schema/store_read.h"
#include "webui/web.h"

#define API(name) void name(struct web *w, const struct request *q, struct response *r)

enum {
	API_PAGE = 200,           /* rows of a page when limit is not given */
	API_PAGE_MAX = 1000,
};

/* api_session.c */
API(api_session);
/* api_fleet.c */
API(api_workloads);
API(api_workload);
API(api_sources);
API(api_instances);
/* api_review.c */
struct observation_query;
/* Filters of a list of observations, from the query and the first capture. */
bool observation_query(const struct request *q, struct response *r, struct observation_query *ret);
API(api_observations);
API(api_evidence);
API(api_proposals);
/* api_tree.c */
API(api_tree);
/* api_decide.c */
API(api_decide);
API(api_bulk);
API(api_undo);
API(api_mode);
API(api_history);
API(api_rules);
/* api_prove.c */
struct candidate;
struct proof;
API(api_consequence);
/* The reasons of a failed compilation, in one refusal. */
void refuse_uncompiled(struct response *r, const struct candidate *c);
/* Appends the members of a proof, without braces. */
void json_proof(struct buf *b, const struct proof *p);
/* api_replay.c */
API(api_replay);
/* runs.c */
API(api_runs);
/* api_ship.c */
API(api_policy);
API(api_download);

/* ---- helpers; those that return false have written the refusal ---- */

bool api_page(const struct request *q, struct response *r, uint64_t *ret_offset,
	      uint64_t *ret_limit);
/* The {id} of the path at capture I. */
bool api_id(const struct request *q, struct response *r, size_t i, int64_t *ret);
/* The workload that the first capture names. */
bool api_workload_row(struct store *s, const struct request *q, struct response *r,
		      struct workload_row *ret);

/* Is ID among the N sorted ones? */
bool ids_have(const int64_t *ids, size_t n, int64_t id);
/* Appends [row, row ...]; TABLE is freed. */
void json_rows(struct buf *b, struct table *t);
/* Appends the first row alone, or null; TABLE is freed. */
void json_row(struct buf *b, struct table *t);
/* {"total":..,"offset":..,"rows":[...]} */
void json_page(struct response *r, struct table *t, uint64_t total, uint64_t offset);
struct diag;
/* Appends [{"level":"error","file":..,"line":..,"column":..,"message":..}]. */
void json_diag(struct buf *b, const struct diag *d);
uint64_t now_ns(void);
