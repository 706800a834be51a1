/* SPDX-License-Identifier: GPL-2.0-only */
/* Suggest from the decisions, compile, keep. Readers share a candidate, which does not change once it is listed. */
#include "webui/candidate.h"

#include <inttypes.h>

#include "webui/held.h"

enum { CANDIDATES_KEPT = 6 };

static void candidate_free(struct candidate *c)
{
	if (c->compiled_ok)
		compiled_done(&c->compiled);
	allowlist_free(c->allowlist);
	diag_done(&c->diag);
	free(c->key);
	free(c);
}

void candidates_free(struct web *w)
{
	while (w->candidates) {
		struct candidate *c = w->candidates;
		w->candidates = c->next;
		candidate_free(c);
	}
}

struct wish {
	uint64_t at;
	struct compile_options options;
	struct suggest_options suggest;
	bool by_image;
};

static bool wish_of(const struct web *w, const struct request *q, struct response *r, bool proven,
		    struct wish *ret)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct str target = query_str(q, "target"), shape = query_str(q, "shape");
	struct wish wish = {.suggest = {.decided_only = true, .callers = true}};
	if (target_parse(target.n ? target.p : NULL, &d, &wish.options.target)) {
		response_error(r, 400, "Choose the target again.", "%s",
			       d.n ? d.v[0].message : "the target is not understood");
		return false;
	}
	int number = shape.n ? shape_from(shape) : SHAPE_AUTO;
	if (number < 0) {
		response_error(r, 400, "Shapes are auto, lsm, override, kill and tracepoint.",
			       "there is no such shape");
		return false;
	}
	wish.options.shape = (enum shape)number;
	struct str by = query_str(q, "by");
	if (by.n && !str_eq(by, STR("policy")) && !str_eq(by, STR("image"))) {
		response_error(r, 400, "Leave it out, or say policy or image.", "by must be policy or image");
		return false;
	}
	wish.by_image = str_eq(by, STR("image"));
	wish.options.enforce = str_eq(query_str(q, "enforce"), STR("1"));
	wish.suggest.mode = wish.options.enforce ? MODE_ENFORCE : MODE_MONITOR;
	wish.options.db = proven ? w->db : NULL;
	*ret = wish;
	return true;
}

static char *key_of(const struct workload_row *row, const struct wish *wish)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_printf(&b, "%" PRId64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %d %d %d %d ", row->id, wish->at,
		   row->total, row->events, wish->options.shape, wish->options.enforce,
		   wish->options.db != NULL, wish->by_image);
	target_print(&wish->options.target, &b);
	return buf_take(&b);
}

/* With the lock held: the kept one of that key, now in use and first in the list. */
static struct candidate *find(struct web *w, const char *key)
{
	for (struct candidate **at = &w->candidates; *at; at = &(*at)->next) {
		struct candidate *c = *at;
		if (strcmp(c->key, key))
			continue;
		*at = c->next;
		c->next = w->candidates;
		w->candidates = c;
		c->users++;
		return c;
	}
	return NULL;
}

/* With the lock held: frees the oldest beyond the limit that nobody uses. */
static void trim(struct web *w)
{
	size_t n = 0;
	for (struct candidate **at = &w->candidates; *at;) {
		struct candidate *c = *at;
		if (++n <= CANDIDATES_KEPT || c->users) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		candidate_free(c);
	}
}

/* YAML where there is some and nobody asked for the image. */
static void set_judge(struct candidate *c)
{
	struct compiled *made = &c->compiled;
	c->by_image = c->by_image || !made->npolicies;
	if (c->by_image)
		c->set = (struct policy_set){.images = &made->image, .allowlists = &c->allowlist, .nimages = 1};
	else
		c->set = (struct policy_set){.policies = made->policies, .npolicies = made->npolicies};
}

static struct candidate *build(struct web *w, struct store *s, struct response *r,
			       const struct workload_row *row, const struct wish *wish)
{
	struct candidate *c = xcalloc(1, sizeof(*c));
	c->target = wish->options.target;
	c->by_image = wish->by_image;
	CLEANUP_HELD struct held_lease lease = {w, NULL};
	int err = held_get(w, s, row, &lease.held);
	if (!err)
		err = held_suggest_at(lease.held, s, row, wish->at, &wish->suggest, &c->left_out,
				      &c->allowlist);
	if (err) {
		if (err == -E2BIG)
			response_error(r, 422, "Run stakeout replay with each of the two policies, and compare.",
				       "this workload has too many observations to hold its earlier choices");
		else
			store_refusal(r, s, err);
		free(c);
		return NULL;
	}
	c->compiled_ok = !compile(c->allowlist, &wish->options, &c->compiled, &c->diag);
	if (c->compiled_ok)
		set_judge(c);
	return c;
}

struct candidate *candidate_get(struct web *w, struct store *s, const struct request *q,
				struct response *r, const struct workload_row *row, bool proven,
				uint64_t at)
{
	struct wish wish;
	if (!wish_of(w, q, r, proven, &wish))
		return NULL;
	wish.at = MIN(at, row->version);
	CLEANUP_FREE char *key = key_of(row, &wish);
	pthread_mutex_lock(&w->lock);
	struct candidate *c = find(w, key);
	pthread_mutex_unlock(&w->lock);
	if (c)
		return c;
	c = build(w, s, r, row, &wish);
	if (!c)
		return NULL;
	c->key = TAKE(key);
	c->users = 1;
	pthread_mutex_lock(&w->lock);
	c->next = w->candidates;
	w->candidates = c;
	trim(w);
	pthread_mutex_unlock(&w->lock);
	return c;
}

void candidate_back(struct web *w, struct candidate *c)
{
	pthread_mutex_lock(&w->lock);
	c->users--;
	trim(w);
	pthread_mutex_unlock(&w->lock);
}
