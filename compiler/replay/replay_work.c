/* SPDX-License-Identifier: GPL-2.0-only */
/*
 *	main thread: collects units in order, draws the progress
 *	worker threads: take the next unit (a source), judge it to its end
 *	helpers of a unit: judge the same source with another share of the policies, a few batches ahead
 */
#include "compiler/replay/replay_work.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "compiler/replay/replay_helper.h"

enum {
	UNITS_AHEAD = 128,        /* units judged and not yet printed: each may hold a temporary file */
	TELL_EVERY = 1024,        /* events between two looks at the clock's counters */
	DRAW_NS = 200000000,
};

struct work_state;
struct unit {
	struct work_state *state;
	const struct feed_name *name;
	struct report_part *part;
	struct totals *totals;
	struct diag d;
	int err;
	bool done, cut;           /* cut: ended before its end */
	bool over;                /* the source has no more */
	unsigned nhelpers;
	struct helper **helpers;
	atomic_bool details;      /* helpers are to explain what is not passed */
	atomic_ullong events, bytes;
};

struct work_state {
	const struct replay_work *work;
	struct report *report;
	unsigned shares;
	struct unit *units;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next, collected;   /* units */
	atomic_bool cancelled;    /* an earlier unit failed */
};

static bool ended(const struct work_state *s)
{
	return *s->work->stop || atomic_load_explicit(&s->cancelled, memory_order_relaxed);
}

/* ---- one unit ---- */

/* All or none: what a helper does not judge nobody would. */
static bool start_helpers(struct unit *u)
{
	const struct replay_work *w = u->state->work;
	u->helpers = xcalloc(u->state->shares, sizeof(*u->helpers));
	for (unsigned i = 1; i < u->state->shares; i++) {
		const struct helper_options o = {
			.set = w->set, .judging = w->judging, .feed = u->name, .number = i, .shares = u->state->shares,
			.detail = u->state->report->o->format == REPORT_JSON ? DETAIL_ALL : DETAIL_NOT_PASSED,
			.wanted = &u->details};
		u->helpers[u->nhelpers] = helper_start(&o);
		if (!u->helpers[u->nhelpers])
			return false;
		u->nhelpers++;
	}
	return true;
}

static void free_helpers(struct unit *u)
{
	for (unsigned i = 0; i < u->nhelpers; i++)
		helper_free(u->helpers[i]);
	free(TAKE(u->helpers));
	u->nhelpers = 0;
}

struct gathered {
	struct judgement *v;
	size_t n, cap;
};

/* To the N of J, its own, what the helpers say of the same event. */
static int gather(struct unit *u, const struct judgement *j, size_t n, struct gathered *all)
{
	all->n = 0;
	for (unsigned h = 0;; h++) {
		for (size_t i = 0; i < n; i++)
			*(struct judgement *)VEC_PUSH(all) = j[i];
		if (h == u->nhelpers)
			break;
		int err = helper_next(u->helpers[h], &j, &n);
		if (err)
			return err;
	}
	judgements_sort(all->v, all->n);
	return 0;
}

static void tell_progress(struct unit *u, const struct feed *feed, uint64_t events)
{
	atomic_store_explicit(&u->events, events, memory_order_relaxed);
	atomic_store_explicit(&u->bytes, feed_bytes(feed), memory_order_relaxed);
	atomic_store_explicit(&u->details, report_part_detail(u->part) != DETAIL_NONE, memory_order_relaxed);
}

/* As feed_next(). */
static int judge_next(struct unit *u, struct feed *feed, struct judges *own, struct gathered *all)
{
	struct event read;
	const struct event *ev = &read;
	const struct judgement *j;
	size_t n = 0;
	int more = u->over ? 0 : feed_next(feed, &read);
	u->over = !more;
	if (more > 0)
		n = judges_ask(own, ev, report_part_detail(u->part), &j);
	else if (!more)
		n = judges_rest(own, report_part_detail(u->part), &ev, &j);
	if (more < 0 || !ev)
		return more;
	int err = gather(u, j, n, all);
	if (err)
		return err;
	bool broken = totals_event(u->totals, ev, all->v, all->n);
	report_part_event(u->part, ev, all->v, all->n, broken);
	return 1;
}

/* 0 at the end of the source, 1 when it was ended before, -errno. */
static int judge_events(struct unit *u, struct feed *feed, struct judges *own)
{
	struct gathered all = {NULL, 0, 0};
	uint64_t events = 0;
	int more = 1;
	while (!ended(u->state) && (more > 0 || more == -EAGAIN)) {
		more = judge_next(u, feed, own, &all);
		if (more > 0 && ++events % TELL_EVERY == 0)
			tell_progress(u, feed, events);
	}
	tell_progress(u, feed, events);
	free(all.v);
	return more == -EAGAIN ? 1 : more;
}

static void tell_end(struct unit *u, const struct judges *j)
{
	judges_unrecorded(j, totals_unrecorded, u->totals);
	judges_values(j, totals_value, u->totals);
}

static void judge_unit(struct unit *u, struct feed *feed)
{
	const struct replay_work *w = u->state->work;
	bool shared = u->state->shares > 1 && feed_rereadable(u->name);
	if (shared && !start_helpers(u)) {
		free_helpers(u);
		shared = false;
	}
	CLEANUP(judges_free) struct judges *own = judges_new(w->set, w->judging, u->name, 0, shared ? u->state->shares : 1);
	judges_look_ahead(&own, 1, u->name);
	int err = judge_events(u, feed, own);
	u->cut = err > 0;
	if (err == -ESTALE)
		u->err = diag_error(&u->d, u->name->file, "changed while it was read");
	else if (err <= 0)
		u->err = feed_end(feed, err, &u->d);
	totals_source(u->totals);
	tell_end(u, own);
	for (unsigned i = 0; i < u->nhelpers; i++)
		tell_end(u, helper_join(u->helpers[i]));
	free_helpers(u);
}

static void run_unit(struct unit *u)
{
	CLEANUP(feed_close) struct feed *feed = NULL;
	bool first = u == u->state->units;
	u->part = report_part_new(u->state->report, first && !u->state->work->progress);
	u->totals = totals_new(u->state->work->set);
	atomic_store(&u->details, report_part_detail(u->part) != DETAIL_NONE);
	u->cut = ended(u->state);
	if (!u->cut)
		u->err = feed_open(u->name, &u->d, &feed);
	if (feed)
		judge_unit(u, feed);
}

static void *run_units(void *arg)
{
	struct work_state *s = arg;
	pthread_mutex_lock(&s->lock);
	while (s->next < s->work->nfeeds) {
		if (s->next - s->collected >= UNITS_AHEAD) {
			pthread_cond_wait(&s->changed, &s->lock);
			continue;
		}
		struct unit *u = &s->units[s->next++];
		pthread_mutex_unlock(&s->lock);
		run_unit(u);
		pthread_mutex_lock(&s->lock);
		u->done = true;
		pthread_cond_broadcast(&s->changed);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- the main thread ---- */

static void draw(struct work_state *s, uint64_t size)
{
	uint64_t events = 0, bytes = 0;
	for (size_t i = 0; i < s->work->nfeeds; i++) {
		events += atomic_load_explicit(&s->units[i].events, memory_order_relaxed);
		bytes += atomic_load_explicit(&s->units[i].bytes, memory_order_relaxed);
	}
	enum { WIDTH = 30 };
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_puts(&b, "\r\033[K");
	if (size) {
		unsigned part = (unsigned)(MIN(bytes, size) * WIDTH / size);
		buf_printf(&b, "[%.*s%.*s] %3u %%  ", (int)part, "##############################", (int)(WIDTH - part),
			   "                              ", (unsigned)(MIN(bytes, size) * 100 / size));
	}
	buf_printf(&b, "%zu of %zu sources, ", s->collected, s->work->nfeeds);
	buf_count(&b, events);
	buf_puts(&b, " events");
	fputs(b.p, stderr);
}

/* The size of all sources together; 0 = not all tell it. */
static uint64_t whole_size(const struct replay_work *w)
{
	uint64_t all = 0;
	for (size_t i = 0; i < w->nfeeds; i++) {
		uint64_t size = feed_size(&w->feeds[i]);
		if (!size)
			return 0;
		all += size;
	}
	return all;
}

/* Waits until unit I is done. */
static void wait_for(struct work_state *s, size_t i, uint64_t size)
{
	pthread_mutex_lock(&s->lock);
	while (!s->units[i].done) {
		if (!s->work->progress) {
			pthread_cond_wait(&s->changed, &s->lock);
			continue;
		}
		struct timespec until;
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += DRAW_NS;
		until.tv_sec += until.tv_nsec / (long)NSEC_PER_SEC;
		until.tv_nsec %= (long)NSEC_PER_SEC;
		if (pthread_cond_timedwait(&s->changed, &s->lock, &until) == ETIMEDOUT)
			draw(s, size);
	}
	pthread_mutex_unlock(&s->lock);
}

/* Prints, adds and frees what unit I found. */
static int collect(struct work_state *s, size_t i, struct totals *totals, struct diag *d, bool *ret_stopped)
{
	struct unit *u = &s->units[i];
	int err = u->err;
	if (!atomic_load(&s->cancelled)) {
		if (s->work->progress)
			fputs("\r\033[K", stderr);
		diag_move(&u->d, d);
		int written = report_part_end(u->part);
		if (written && !err)
			err = diag_error(d, NULL, "a temporary file for the report: %s", strerror(-written));
		totals_add(totals, u->totals);
		*ret_stopped |= u->cut;
	}
	diag_done(&u->d);
	report_part_free(TAKE(u->part));
	totals_free(TAKE(u->totals));
	pthread_mutex_lock(&s->lock);
	s->collected++;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return err;
}

static unsigned start_workers(struct work_state *s, unsigned jobs, pthread_t *ret)
{
	/* Signals are the main thread's: the others look at the flag. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	unsigned n = 0;
	while (n < jobs && n < s->work->nfeeds && !pthread_create(&ret[n], NULL, run_units, s))
		n++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

int replay_work(const struct replay_work *w, struct report *r, struct totals *totals, struct diag *d, bool *ret_stopped)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned jobs = MIN(w->jobs ? w->jobs : (unsigned)MAX(processors, 1), (unsigned)JOBS_MAX);
	struct work_state s = {.work = w, .report = r, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	s.shares = w->nfeeds < jobs ? judges_shares(w->set, jobs / (unsigned)w->nfeeds) : 1;
	s.units = xcalloc(w->nfeeds, sizeof(*s.units));
	for (size_t i = 0; i < w->nfeeds; i++) {
		s.units[i].state = &s;
		s.units[i].name = &w->feeds[i];
	}
	pthread_t threads[JOBS_MAX];
	unsigned n = start_workers(&s, jobs, threads);
	int first = n ? 0 : diag_error(d, NULL, "cannot start a thread: %s", strerror(errno));
	uint64_t size = w->progress ? whole_size(w) : 0;
	*ret_stopped = false;
	for (size_t i = 0; n && i < w->nfeeds; i++) {
		wait_for(&s, i, size);
		int err = collect(&s, i, totals, d, ret_stopped);
		if (err && !first) {
			first = err;
			atomic_store(&s.cancelled, true);
		}
	}
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	free(s.units);
	return first;
}
