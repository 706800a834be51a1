/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each source is compared on a thread of its own into a result of its own; the main thread adds those in the order of the
 * sources, so that what is found is the same for any number of threads.
 */
#include "compiler/replay/diff.h"

#include <pthread.h>
#include <unistd.h>

enum { UNITS_AHEAD = 64 };   /* sources compared and not yet added: each holds what differs in it */

struct unit {
	struct diff_result *result;
	struct diag d;
	int err;
	bool done;
};

struct work {
	const struct diff_work *w;
	struct unit *units;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t next, added;
	bool failed;              /* an earlier source: the rest is not compared */
};

static void *compare_units(void *arg)
{
	struct work *s = arg;
	pthread_mutex_lock(&s->lock);
	while (s->next < s->w->nfeeds) {
		if (s->next - s->added >= UNITS_AHEAD) {
			pthread_cond_wait(&s->changed, &s->lock);
			continue;
		}
		size_t i = s->next++;
		bool skip = s->failed;
		pthread_mutex_unlock(&s->lock);
		struct unit *u = &s->units[i];
		u->result = diff_result_new();
		if (!skip)
			u->err = diff_feed(u->result, s->w->old, s->w->new, s->w->judging, &s->w->feeds[i], s->w->stop, &u->d);
		pthread_mutex_lock(&s->lock);
		u->done = true;
		pthread_cond_broadcast(&s->changed);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Waits for source I and adds what it found; nothing after the first that failed. */
static int add_unit(struct work *s, size_t i, struct diff_result *r, struct diag *d)
{
	struct unit *u = &s->units[i];
	pthread_mutex_lock(&s->lock);
	while (!u->done)
		pthread_cond_wait(&s->changed, &s->lock);
	bool wanted = !s->failed;
	pthread_mutex_unlock(&s->lock);
	int err = wanted ? u->err : 0;
	if (wanted) {
		diag_move(&u->d, d);
		diff_result_add(r, u->result);
	}
	diag_done(&u->d);
	diff_result_free(TAKE(u->result));
	pthread_mutex_lock(&s->lock);
	s->added++;
	s->failed |= err != 0;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	return err;
}

static unsigned start(struct work *s, unsigned jobs, pthread_t *ret)
{
	/* Signals are the main thread's: the others look at the flag. */
	sigset_t all, before;
	unsigned n = 0;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	while (n < jobs && n < s->w->nfeeds && !pthread_create(&ret[n], NULL, compare_units, s))
		n++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return n;
}

int diff_feeds(struct diff_result *r, const struct diff_work *w, struct diag *d)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned jobs = MIN(w->jobs ? w->jobs : (unsigned)MAX(processors, 1), (unsigned)JOBS_MAX);
	struct work s = {.w = w, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	pthread_t threads[JOBS_MAX];
	s.units = xcalloc(w->nfeeds + 1, sizeof(*s.units));
	unsigned n = start(&s, jobs, threads);
	int first = n || !w->nfeeds ? 0 : diag_error(d, NULL, "cannot start a thread: %s", strerror(errno));
	for (size_t i = 0; n && i < w->nfeeds; i++) {
		int err = add_unit(&s, i, r, d);
		first = first ? first : err;
	}
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	free(s.units);
	return first;
}
