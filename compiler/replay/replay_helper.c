/* SPDX-License-Identifier: GPL-2.0-only */
/*
 *	helper thread: fills a batch, hands it over, fills the next while there is room in the ring
 *	reader: takes the judgements of one event after the other out of the oldest batch
 */
#include "compiler/replay/replay_helper.h"

#include <pthread.h>

enum {
	BATCH_EVENTS = 1024,
	BATCH_JUDGEMENTS = 8192,  /* ends a batch early: bounds what is held */
	BATCHES = 4,
};

struct batch {
	struct { uint32_t *v; size_t n, cap; } counts;       /* judgements of each event */
	struct { struct judgement *v; size_t n, cap; } judgements;
	struct { size_t *v; size_t n, cap; } ends;           /* of their details in words */
	struct buf words;
	bool last;
};

struct helper {
	struct helper_options o;
	struct judges *judges;
	pthread_t thread;
	bool joined;
	bool over;                /* no more events */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct batch ring[BATCHES];
	size_t made, used;        /* batches */
	bool cancelled;
	size_t event, judgement;  /* in the batch that is used */
};

static void batch_clear(struct batch *b)
{
	b->counts.n = b->judgements.n = b->ends.n = 0;
	buf_clear(&b->words);
}

static void batch_add(struct batch *b, const struct judgement *j, size_t n)
{
	*(uint32_t *)VEC_PUSH(&b->counts) = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		*(struct judgement *)VEC_PUSH(&b->judgements) = j[i];
		buf_str(&b->words, j[i].detail);
		*(size_t *)VEC_PUSH(&b->ends) = b->words.n;
	}
}

/* The details were written where the words still moved: now they stay. */
static void batch_settle(struct batch *b)
{
	for (size_t i = 0; i < b->judgements.n; i++) {
		size_t from = i ? b->ends.v[i - 1] : 0;
		b->judgements.v[i].detail = (struct str){b->words.p ? b->words.p + from : NULL, b->ends.v[i] - from};
	}
}

/* Waits for a free place in the ring; NULL: no more is wanted. */
static struct batch *batch_place(struct helper *h)
{
	pthread_mutex_lock(&h->lock);
	while (h->made - h->used == BATCHES && !h->cancelled)
		pthread_cond_wait(&h->changed, &h->lock);
	bool go = !h->cancelled;
	pthread_mutex_unlock(&h->lock);
	return go ? &h->ring[h->made % BATCHES] : NULL;
}

static void batch_hand_over(struct helper *h)
{
	batch_settle(&h->ring[h->made % BATCHES]);
	pthread_mutex_lock(&h->lock);
	h->made++;
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->lock);
}

/* False: there is no more to judge, also where an error, which is the reader's to tell, ended it. */
static bool judge_next(struct helper *h, struct feed *feed, const struct judgement **ret, size_t *ret_n)
{
	struct event ev;
	const struct event *rest;
	bool wanted = atomic_load_explicit(h->o.wanted, memory_order_relaxed);
	enum judge_detail detail = wanted ? h->o.detail : DETAIL_NONE;
	int more = h->over ? 0 : feed_next(feed, &ev);
	h->over = more <= 0;
	if (more > 0) {
		*ret_n = judges_ask(h->judges, &ev, detail, ret);
		return true;
	}
	*ret_n = judges_rest(h->judges, detail, &rest, ret);
	return !more && rest;
}

static void fill_batch(struct helper *h, struct feed *feed, struct batch *b)
{
	while (!b->last && b->counts.n < BATCH_EVENTS && b->judgements.n < BATCH_JUDGEMENTS) {
		const struct judgement *j;
		size_t n;
		b->last = !judge_next(h, feed, &j, &n);
		if (!b->last)
			batch_add(b, j, n);
	}
}

static void *help(void *arg)
{
	struct helper *h = arg;
	CLEANUP_DIAG struct diag d = DIAG_INIT;   /* the reader says the same of the same file */
	CLEANUP(feed_close) struct feed *feed = NULL;
	int err = feed_open(h->o.feed, &d, &feed);
	if (!err)
		judges_look_ahead(&h->judges, 1, h->o.feed);
	for (struct batch *b; (b = batch_place(h));) {
		batch_clear(b);
		if (err)
			b->last = true;
		else
			fill_batch(h, feed, b);
		bool last = b->last;
		batch_hand_over(h);
		if (last)
			break;
	}
	return NULL;
}

int helper_next(struct helper *h, const struct judgement **ret, size_t *ret_n)
{
	pthread_mutex_lock(&h->lock);
	for (;;) {
		while (h->made == h->used)
			pthread_cond_wait(&h->changed, &h->lock);
		struct batch *b = &h->ring[h->used % BATCHES];
		if (h->event < b->counts.n || b->last)
			break;
		h->used++;
		h->event = h->judgement = 0;
		pthread_cond_signal(&h->changed);
	}
	pthread_mutex_unlock(&h->lock);
	struct batch *b = &h->ring[h->used % BATCHES];
	if (h->event == b->counts.n)
		return -ESTALE;
	*ret_n = b->counts.v[h->event++];
	*ret = *ret_n ? &b->judgements.v[h->judgement] : NULL;
	h->judgement += *ret_n;
	return 0;
}

struct helper *helper_start(const struct helper_options *o)
{
	struct helper *h = xcalloc(1, sizeof(*h));
	h->o = *o;
	h->judges = judges_new(o->set, o->judging, o->feed, o->number, o->shares);
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	h->joined = pthread_create(&h->thread, NULL, help, h) != 0;
	if (!h->joined)
		return h;
	helper_free(h);
	return NULL;
}

const struct judges *helper_join(struct helper *h)
{
	pthread_mutex_lock(&h->lock);
	h->cancelled = true;
	pthread_cond_signal(&h->changed);
	pthread_mutex_unlock(&h->lock);
	if (!h->joined)
		pthread_join(h->thread, NULL);
	h->joined = true;
	return h->judges;
}

void helper_free(struct helper *h)
{
	if (!h)
		return;
	helper_join(h);
	judges_free(h->judges);
	for (size_t k = 0; k < BATCHES; k++) {
		free(h->ring[k].counts.v);
		free(h->ring[k].judgements.v);
		free(h->ring[k].ends.v);
		buf_done(&h->ring[k].words);
	}
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->changed);
	free(h);
}
