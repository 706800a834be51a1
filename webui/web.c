/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a decoded request to an answer: checks first, then the table, then the function. Also the pool of store
 * connections. A store is opened when it is first needed, so that the server can be started before anything was
 * recorded and shows what to do.
 */
#include "webui/web.h"

#include <unistd.h>

#include "webui/candidate.h"
#include "webui/held.h"
#include "webui/routes.h"

void web_init(struct web *w)
{
	pthread_mutex_init(&w->lock, NULL);
}

void web_done(struct web *w)
{
	for (size_t i = 0; i < w->nidle; i++)
		store_close(w->idle[i]);
	w->nidle = 0;
	candidates_free(w);
	held_free(w);
	pthread_mutex_destroy(&w->lock);
}

static struct store *take_idle(struct web *w)
{
	pthread_mutex_lock(&w->lock);
	struct store *s = w->nidle ? w->idle[--w->nidle] : NULL;
	pthread_mutex_unlock(&w->lock);
	return s;
}

/* Says in the store's own words why it cannot be opened. */
static void refuse_open(struct response *r, const char *db, const struct diag *d)
{
	if (access(db, F_OK)) {
		response_error(r, 404, "Record or ingest something first; the three commands are on the start page.",
			       "there is no store at %s yet", db);
		return;
	}
	response_error(r, 500, "Fix what the message names, then reload this page.", "%s",
		       d->n ? d->v[0].message : "the store cannot be opened");
}

struct store *web_store(struct web *w, struct response *r)
{
	struct store *s = take_idle(w);
	if (s && !access(w->db, F_OK))
		return s;
	store_close(s);
	s = NULL;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	/* Opening for writing would create the file: an empty store must come from recording. */
	bool exists = !access(w->db, F_OK);
	bool write = !w->read_only && !access(w->db, W_OK);
	if (!exists || store_open(w->db, write ? STORE_WRITE : STORE_READ, &d, &s)) {
		refuse_open(r, w->db, &d);
		return NULL;
	}
	return s;
}

void web_store_back(struct web *w, struct store *s)
{
	pthread_mutex_lock(&w->lock);
	if (w->nidle < WEB_STORES) {
		w->idle[w->nidle++] = s;
		s = NULL;
	}
	pthread_mutex_unlock(&w->lock);
	store_close(s);
}

void store_refusal(struct response *r, const struct store *s, int err)
{
	static const struct {
		int err;
		unsigned status;
		const char *what_to_do;
	} rows[] = {
		{-EBUSY, 503, "Then repeat it here; nothing was changed."},
		{-EROFS, 403, "The store can only be read: start stakeout serve as a user who may write it."},
		{-ENOSPC, 507, "Then repeat it here; nothing stored was lost."},
		{-ENOENT, 404, "It may have been removed; go back to the fleet."},
		{-EUCLEAN, 500, "Or restore a copy of the file, then reload this page."},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (rows[i].err == err) {
			response_error(r, rows[i].status, rows[i].what_to_do, "%s", store_error(s));
			return;
		}
	}
	response_error(r, 500, "Reload the page; if that does not help, report this.", "%s", store_error(s));
}

/* The browser has it already. */
static void answer_unchanged(const struct request *q, struct response *r)
{
	if (r->status != 200 || !r->etag || !str_eq(q->headers.if_none_match, str_from(r->etag)))
		return;
	r->status = 304;
	r->fixed = STR("");
}

void web_answer(struct web *w, struct request *q, struct response *r)
{
	const char *why = NULL;
	unsigned status = guard_check(&w->guard, q, &why);
	if (status) {
		response_error(r, status,
			       "Open the address that stakeout serve printed; after a restart of the server, "
			       "reload the page.",
			       "%s", why);
		return;
	}
	const char *allow = NULL;
	const struct route *route = route_find(q, &allow);
	if (!route && allow) {
		response_error(r, 405, "See /openapi.json for what can be asked.",
			       "this address does not take %.*s", STR_ARG(q->method));
		r->allow = allow;
		return;
	}
	if (!route) {
		response_error(r, 404, "Go back to the fleet at /.", "there is nothing at this address");
		return;
	}
	route->answer(w, q, r);
	answer_unchanged(q, r);
}
