/* SPDX-License-Identifier: GPL-2.0-only */
/* A list of what runs, kept by those who run it. */
#include "webui/runs.h"

#include <inttypes.h>

#include "webui/api.h"

void run_begin(struct run *r, struct web *w, const struct request *q, uint64_t id)
{
	*r = (struct run){.request = q, .web = w, .id = id};
	pthread_mutex_lock(&w->lock);
	r->next = w->runs;
	w->runs = r;
	pthread_mutex_unlock(&w->lock);
}

void run_end(struct run *r)
{
	if (!r->web)
		return;
	pthread_mutex_lock(&r->web->lock);
	struct run **at = &r->web->runs;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	pthread_mutex_unlock(&r->web->lock);
}

bool run_go_on(void *run, uint64_t done, uint64_t total)
{
	struct run *r = run;
	pthread_mutex_lock(&r->web->lock);
	r->done = MAX(r->done, done);
	r->total = total;
	pthread_mutex_unlock(&r->web->lock);
	return !r->request->gone || !r->request->gone(r->request->client);
}

void run_given_up(struct response *r)
{
	response_error(r, 503, "Ask again.", "the request was given up before it was answered");
}

API(api_runs)
{
	(void)q;
	struct buf *b = &r->body;
	buf_puts(b, "{\"rows\":[");
	pthread_mutex_lock(&w->lock);
	for (const struct run *run = w->runs; run; run = run->next)
		buf_printf(b, "%s{\"run\":%" PRIu64 ",\"done\":%" PRIu64 ",\"total\":%" PRIu64 "}",
			   run == w->runs ? "" : ",", run->id, run->done, run->total);
	pthread_mutex_unlock(&w->lock);
	buf_puts(b, "]}\n");
}
