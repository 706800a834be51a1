/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A session's second half: what the kernel counted since the last time is read, given to the observer and committed, together with what
 * was lost.
 */
#include "recorder/session_private.h"

#include <unistd.h>

#define PENDING_MAX   4096                 /* observations taken in before a commit */
#define KEEP_MAX      2048                 /* observations of which the observer keeps the names */
#define PATIENCE_ALL  (30 * NSEC_PER_SEC)  /* for a lock, in all */
#define SETTLE_US     20000                /* far more than any program of the sensor takes */

static void take_lost(void *arg, const struct wire_lost *key, uint64_t count)
{
	struct session *s = arg;
	const struct group *g = ledger_find_group(s->ledger, key->cgroup);
	losses_tell(s->losses, key, count, !g ? LOSSES_UNKNOWN : g->wanted ? LOSSES_OURS : LOSSES_THEIRS, s->ended);
}

/* The losses are ours alone. Where the kernel cannot say whose they are, they all are. After the ring was drained: who is in it is known. */
static void look(struct session *s)
{
	losses_begin(s->losses);
	sensor_lost(s->sensor, take_lost, s);
	sensor_totals(s->sensor, &s->totals);
	losses_ours(s->losses, s->totals.losses);
}

static int commit_losses(struct session *s, const struct sensor_totals *now)
{
	static const struct {
		const char *kind, *reason;
	} names[] = {
#define LOSS(symbol, kind, reason) {kind, reason},
#include "schema/losses.def"
#undef LOSS
	};
	int r = 0;
	for (size_t i = 0; i < ARRAY_SIZE(names) && !r; i++)
		if (now->losses[i] > s->committed.losses[i])
			r = store_loss_add(s->store, s->recording, names[i].kind, names[i].reason,
					   now->losses[i] - s->committed.losses[i]);
	if (!r && now->malformed > s->committed.malformed)
		r = store_loss_add(s->store, s->recording, "any", "record of the kernel side could not be read",
				   now->malformed - s->committed.malformed);
	return r;
}

uint64_t session_events(const struct session *s, const struct sensor_totals *now)
{
	return s->taken + (s->options.workload ? 0 : now->exits);
}

static int commit(struct session *s, uint64_t end_ns)
{
	int r = store_begin(s->store);
	if (r)
		return r;
	r = observer_write(s->observer);
	if (!r)
		r = commit_losses(s, &s->totals);
	if (!r)
		r = store_recording_update(s->store, s->recording, end_ns, session_events(s, &s->totals));
	if (!r)
		r = store_commit(s->store);
	if (r) {
		store_rollback(s->store);
		return r;
	}
	observer_written(s->observer);
	observer_trim(s->observer, KEEP_MAX);
	s->committed = s->totals;
	s->stored = session_events(s, &s->totals);
	s->pending = 0;
	return 0;
}

/* A lock is waited for while the ring is drained; everything else ends the recording. */
static int commit_or_wait(struct session *s, uint64_t end_ns, struct diag *d)
{
	uint64_t now = session_clock(CLOCK_MONOTONIC);
	int r = s->failed ? s->failed : commit(s, end_ns);
	if (!r) {
		s->locked_since_ns = 0;
		if (s->lines_failed)
			diag_error(d, strcmp(s->options.events, "-") ? s->options.events : "standard output",
				   "events cannot be written: %s; the store has what was seen until now", strerror(-s->lines_failed));
		return s->lines_failed;
	}
	if (r == -EBUSY) {
		if (!s->locked_since_ns)
			s->locked_since_ns = now;
		if (now - s->locked_since_ns < PATIENCE_ALL)
			return end_ns ? -EBUSY : 0;
	}
	const char *why = store_error(s->store);
	diag_error(d, NULL, "%s; what was committed before is kept", why && *why ? why : strerror(-r));
	if (r == -ENOSPC && s->options.max_bytes)
		diag_add(d, DIAG_NOTE, NULL, 0, 0, "its size may be at most %llu bytes (--max-db-size)",
			 (unsigned long long)s->options.max_bytes);
	return r;
}

void session_relieve(struct session *s)
{
	if (s->locked_since_ns || s->failed)
		return;
	int r = commit(s, 0);
	if (r == -EBUSY)
		s->locked_since_ns = session_clock(CLOCK_MONOTONIC);
	else if (r)
		s->failed = r;
}

/* A flush that goes over many observations commits on its way, so that what waits stays small. */
struct flush {
	struct session *s;
	struct diag *d;
	int err;
};

static void take_count(void *arg, uint64_t key, uint32_t count, uint64_t last_ns)
{
	struct flush *f = arg;
	struct session *s = f->s;
	struct entry *e = ledger_find(s->ledger, key);
	int32_t more = e ? (int32_t)(count - e->counted) : 0;
	if (more <= 0)
		return;
	const struct wire_header *first = ledger_record(s->ledger, e);
	if (session_wants(s, first))
		session_pass_on(s, first, (uint64_t)more, MAX(last_ns, e->time_ns));
	e->counted = count;
	if (session_full(s) && !s->locked_since_ns && !f->err)
		f->err = commit_or_wait(s, 0, f->d);
}

static int flush(struct session *s, uint64_t end_ns, struct diag *d)
{
	look(s);
	struct flush f = {s, d, 0};
	int r = sensor_counts(s->sensor, take_count, &f);
	if (r)
		diag_error(d, NULL, "cannot read the kernel's counts: %s", strerror(-r));
	session_write_lines(s);
	int c = f.err ? f.err : commit_or_wait(s, end_ns, d);
	return r ? r : c;
}

int session_flush(struct session *s, struct diag *d)
{
	if (session_crowded(s))
		return session_rotate(s, d);
	return flush(s, 0, d);
}

/* Programs that read the old epoch have ended long before the wait has. */
int session_rotate(struct session *s, struct diag *d)
{
	uint32_t epoch = sensor_new_epoch(s->sensor);
	sensor_drain(s->sensor, 0, session_record, s);
	usleep(SETTLE_US);
	sensor_drain(s->sensor, 0, session_record, s);
	struct flush f = {s, d, 0};
	int r = sensor_retire(s->sensor, take_count, &f);
	if (r) {
		diag_error(d, NULL, "cannot read the kernel's counts: %s", strerror(-r));
		return r;
	}
	if (f.err)
		return f.err;
	ledger_forget_before(s->ledger, epoch);
	if (s->events_fd < 0)   /* an exit names its cgroup without telling it again */
		ledger_forget_names(s->ledger, epoch);
	return flush(s, 0, d);
}

int session_end(struct session *s, struct diag *d)
{
	int r;
	sensor_drain(s->sensor, 0, session_record, s);
	s->ended = true;
	do
		r = flush(s, session_clock(CLOCK_REALTIME), d);
	while (r == -EBUSY && !d->errors);
	return r;
}

bool session_full(const struct session *s)
{
	return s->pending > PENDING_MAX;
}

bool session_crowded(const struct session *s)
{
	return sensor_crowded(s->sensor, ledger_entries(s->ledger));
}
