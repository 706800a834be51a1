/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events in, observations out: the rule by which an event becomes a set element, summed up in
 * memory and written to the store as deltas. Used by ingest and by the live recorder.
 *
 *	exec     subject = the caller's image (exec without fork: the image before), path = the new image
 *	file     subject = the acting image, path and access = the object
 *	connect  subject = the acting image, protocol and address or unix_path = the remote end
 *	bind     subject = the acting image, protocol and address or unix_path = the local end
 *	guard    subject = the acting image, guard = what it did
 *	loss     a row in the recording's losses
 * Exit events and other hook lines leave no observation.
 */
#pragma once

#include "schema/store.h"

/* observer_add() flushes by itself when it holds this many distinct observations. */
#define OBSERVER_MAX 200000

struct observer;

struct observer_stats {
	uint64_t events;        /* given, weighted by event.count */
	uint64_t observed;      /* of those, counted in an observation */
	uint64_t unattributed;  /* of those, without a process that could be named: stored as losses */
	uint64_t redacted;      /* examples in which a secret was replaced */
};

struct observer *observer_new(struct store *store, int64_t recording);
void observer_free(struct observer *o);   /* what was not flushed is gone */
DEFINE_CLEANUP(struct observer *, observer_free)

void observer_keep_secrets(struct observer *o, bool keep);   /* default: redact */
void observer_set_recording(struct observer *o, int64_t recording);   /* after a write */

/*
 * Takes one event, in stream order. 0 or -errno of a flush that became necessary. Events that
 * LEARN only tells of (already counted by an earlier ingest) set names and paths but count nothing.
 */
int observer_add(struct observer *o, const struct event *ev);
int observer_learn(struct observer *o, const struct event *ev);

/*
 * Writes the deltas since the last flush in one transaction. When the caller has begun one with
 * store_begin() it uses observer_write() instead and commits itself; after a rollback nothing is lost:
 * the deltas are dropped from memory only by observer_written().
 */
int observer_flush(struct observer *o);
int observer_write(struct observer *o);
void observer_written(struct observer *o);

/* Right after that: gives back the memory of what was written when it is of more than KEEP observations. */
void observer_trim(struct observer *o, size_t keep);

/* Events that the source itself lost or could not read. */
void observer_lose(struct observer *o, const char *kind, const char *reason, uint64_t n);

/*
 * Lines of a container that is just starting name it by id alone; its pod comes up to 30 s later. While
 * such lines wait here a caller that commits how far it has read must not commit either, or their names would
 * be lost with it. NOW: the newest event time. The wait ends by itself after OBSERVER_WAIT_NS.
 */
#define OBSERVER_WAIT_NS (60 * NSEC_PER_SEC)
bool observer_waiting(struct observer *o, uint64_t now_ns);
void observer_settle(struct observer *o);    /* ends the wait: they go by the id */
bool observer_full(const struct observer *o);
bool observer_holds(const struct observer *o);   /* something that is not written yet */

const struct observer_stats *observer_stats(const struct observer *o);
