/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One recording: the sensor's records in, observations in the store and, if wanted, every event as a line of
 * JSON. Committed in short transactions; what was not committed when a commit fails is kept and tried again.
 */
#pragma once

#include "recorder/sensor.h"
#include "schema/store.h"

struct session;

struct session_options {
	const char *db;
	const char *workload;   /* pattern; NULL = all */
	const char *events;     /* file for every event; NULL = none, "-" = standard output */
	const char *pods;       /* list of pods to take names from, or NULL */
	const char *node_root;  /* where the node's files are seen; NULL = here */
	uint64_t max_bytes;     /* of the store; 0 = no limit */
};

struct session_stats {
	uint64_t events;        /* counted in observations; and exits, when all workloads are recorded */
	uint64_t observations;  /* distinct ones known to the kernel side */
	uint64_t lost;          /* sum of the losses */
	uint64_t unstored;      /* of the events: taken in since the last commit that succeeded */
	uint64_t workloads, lines;
	struct sensor_totals totals;
};

int session_open(const struct session_options *options, struct diag *d, struct session **ret);
void session_free(struct session *s);
DEFINE_CLEANUP(struct session *, session_free)

/* Running processes: before attaching, and again after it for those that came in between. */
int session_inventory(struct session *s);

/* Opens the recording row. -EBUSY, without a word in D, when the store is locked: it can be tried again. */
int session_start(struct session *s, struct sensor *sensor, struct diag *d);

void session_record(void *arg, const struct wire_header *h);   /* a sensor_record_fn; ARG the session */

/* Reads the kernel's counts and commits. -errno when it cannot go on, the reason in D. */
int session_flush(struct session *s, struct diag *d);

/* Everything new again and the old forgotten, when the kernel's map fills or names may have changed. */
int session_rotate(struct session *s, struct diag *d);

/* The recording's end; the last counts are flushed. */
int session_end(struct session *s, struct diag *d);

/* Opens the event file again, where it was moved away, and reads the list of pods again. What fails is said in D and stays as it was. */
void session_reload(struct session *s, struct diag *d);

/* True when a commit is due before the timer says so. */
bool session_full(const struct session *s);

/* True when the kernel's map is about to be full: a flush makes everything new again. */
bool session_crowded(const struct session *s);

/* True when the lines go to standard output, and nobody reads it any more: no fault, but the end. */
bool session_reader_gone(const struct session *s);

void session_stats(const struct session *s, struct session_stats *ret);
