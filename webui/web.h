/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the server knows while it runs. Each connection has a thread, which takes a store connection of its own
 * for the length of one request, so a long replay holds nobody up.
 */
#pragma once

#include <pthread.h>

#include "schema/store.h"
#include "webui/guard.h"
#include "webui/http.h"

enum { WEB_STORES = 4 /* connections kept open between requests */ };

struct candidate;
struct feed_name;
struct held;
struct policy_set;
struct run;

struct web {
	const char *db;
	const struct feed_name *corpora; /* files, with the policies that recorded them where known */
	size_t ncorpora;
	const struct policy_set *current;  /* the policies that are deployed now, to compare with; NULL: not told */
	const char *assets_dir;          /* NULL: the compiled-in files */
	bool read_only;                  /* asked for, or the file can only be read */
	struct guard guard;
	pthread_mutex_t lock;            /* over what follows */
	struct store *idle[WEB_STORES];
	size_t nidle;
	struct candidate *candidates;    /* newest use first; see candidate.h */
	struct held *held;       /* the same; see held.h */
	struct run *runs;        /* replays under way; see runs.h */
};

void web_init(struct web *w);
void web_done(struct web *w);

/*
 * A store for this request, or NULL with the refusal already in R: absent (which the UI shows as
 * the empty state), damaged, of another format. Give it back when done.
 */
struct store *web_store(struct web *w, struct response *r);
void web_store_back(struct web *w, struct store *s);

/* Scoped: STORE_FOR(s, w, r); returns from a void function when there is none. */
struct store_lease {
	struct web *web;
	struct store *store;
};
static inline void store_lease_end(struct store_lease *l)
{
	if (l->store)
		web_store_back(l->web, l->store);
}
#define STORE_FOR(s, w, r)                                                                         \
	__attribute__((cleanup(store_lease_end))) struct store_lease lease_##s = {                 \
		(w), web_store((w), (r))};                                                         \
	struct store *s = lease_##s.store;                                                         \
	if (!s)                                                                                    \
	return

/* Answers a failed store call: -EBUSY 503, -EROFS 403, -ENOSPC 507, else 500, in the store's own words. */
void store_refusal(struct response *r, const struct store *s, int err);

/* Checks, routes and answers one request; the whole of the server but the sockets. */
void web_answer(struct web *w, struct request *q, struct response *r);
