/* SPDX-License-Identifier: GPL-2.0-only */
/* What does it do? Pages of observations, the evidence of one, the ladder of its general forms. */
#include <inttypes.h>

#include "compiler/allow/generalise.h"
#include "schema/listing.h"
#include "webui/api.h"

/* A query parameter that is one of a vocabulary; absent = ABSENT. */
static bool word(const struct request *q, const char *name, int (*from)(struct str), int absent,
		 int *ret)
{
	struct str value = query_str(q, name);
	*ret = value.n ? from(value) : absent;
	return *ret >= 0 || !value.n;
}

bool observation_query(const struct request *q, struct response *r, struct observation_query *ret)
{
	struct observation_query o = OBSERVATION_QUERY_ALL;
	int sort, tag;
	uint64_t instance, recording;
	if (!word(q, "kind", kind_from, -1, &o.kind) || !word(q, "choice", choice_from, -1, &o.choice) ||
	    !word(q, "sort", observation_sort_from, SORT_PATH, &sort) ||
	    !word(q, "tag", tag_from, -1, &tag) ||
	    !query_u64(q, "instance", 0, INT64_MAX, &instance) ||
	    !query_u64(q, "recording", 0, INT64_MAX, &recording)) {
		response_error(r, 400, "See /openapi.json for the words that each filter takes.",
			       "a filter has a value that it does not know");
		return false;
	}
	o.sort = (enum observation_sort)sort;
	o.descending = str_eq(query_str(q, "descending"), STR("1"));
	o.text = query_str(q, "q");
	o.tags_any = tag >= 0 ? 1u << tag : 0;
	o.instance = (int64_t)instance;
	o.recording = (int64_t)recording;
	if (!api_page(q, r, &o.offset, &o.limit) || !api_id(q, r, 0, &o.workload))
		return false;
	*ret = o;
	return true;
}

API(api_observations)
{
	STORE_FOR(s, w, r);
	struct observation_query query;
	struct observation_row *rows;
	size_t n;
	uint64_t total;
	if (!observation_query(q, r, &query))
		return;
	int err = store_observation_page(s, q->arena, &query, &rows, &n, &total);
	if (err)
		store_refusal(r, s, err);
	else
		json_page(r, listing_observations(rows, n), total, query.offset);
}

/* The observation that the second capture names, of the workload that the first one does. */
static bool one_row(struct store *s, const struct request *q, struct response *r,
		    struct observation_row *ret)
{
	struct observation_query query = OBSERVATION_QUERY_ALL;
	struct observation_row *rows;
	size_t n;
	if (!api_id(q, r, 0, &query.workload) || !api_id(q, r, 1, &query.observation))
		return false;
	int err = store_observation_page(s, q->arena, &query, &rows, &n, NULL);
	if (err) {
		store_refusal(r, s, err);
		return false;
	}
	if (!n) {
		response_error(r, 404, "Go back to the workload and choose from its list.",
			       "the workload has no such observation");
		return false;
	}
	*ret = rows[0];
	return true;
}

static void add_sightings(struct buf *b, const struct sighting *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_printf(b,
			   "%s{\"instance\":%" PRId64 ",\"recording\":%" PRId64 ",\"count\":%" PRIu64
			   ",\"first_ns\":\"",
			   i ? "," : "", v[i].instance, v[i].recording, v[i].count);
		buf_time(b, v[i].first_ns);
		buf_puts(b, "\",\"last_ns\":\"");
		buf_time(b, v[i].last_ns);
		buf_puts(b, "\"}");
	}
}

API(api_evidence)
{
	STORE_FOR(s, w, r);
	struct observation_row row;
	struct sighting *sightings;
	size_t n;
	if (!one_row(s, q, r, &row))
		return;
	int err = store_sightings(s, q->arena, row.o.id, &sightings, &n);
	if (err) {
		store_refusal(r, s, err);
		return;
	}
	buf_puts(&r->body, "{\"observation\":");
	json_row(&r->body, listing_observations(&row, 1));
	buf_puts(&r->body, ",\"sightings\":[");
	add_sightings(&r->body, sightings, MIN(n, (size_t)API_PAGE_MAX));
	buf_printf(&r->body, "],\"sightings_total\":%zu}\n", n);
}

API(api_proposals)
{
	STORE_FOR(s, w, r);
	struct observation_row row;
	struct proposal *proposals = NULL;
	size_t n = 0;
	if (!one_row(s, q, r, &row))
		return;
	int err = generalise(s, q->arena, &row, &proposals, &n);
	if (err == -EINVAL) {
		response_error(r, 422, "Decide it by itself: its path is not known or was cut.",
			       "this observation has no general form");
		return;
	}
	if (err) {
		store_refusal(r, s, err);
		return;
	}
	json_page(r, listing_proposals(proposals, n), n, 0);
}
