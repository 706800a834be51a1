/* SPDX-License-Identifier: GPL-2.0-only */
/* What the two halves of a session share: session.c takes events in, session_commit.c counts and commits. */
#pragma once

#include <time.h>

#include "recorder/losses.h"
#include "recorder/session.h"
#include "recorder/translate.h"
#include "schema/base/map.h"
#include "schema/names.h"
#include "schema/observe.h"

struct running {
	uint32_t pid, parent, tags;
	bool told;
};

struct session {
	struct session_options options;
	struct sensor *sensor;
	struct store *store;
	struct observer *observer;
	struct ledger *ledger;
	struct family *family;
	struct names *names;
	struct losses *losses;
	struct map *workloads;
	struct translator translator;
	struct { struct running *v; size_t n, cap; } running;
	int64_t recording;
	int failed;             /* -errno of the observer: the next flush ends the recording */
	int lines_failed;       /* -errno of the event file: likewise, when the store has what was seen */
	bool reader_gone;          /* of standard output, where the lines go */
	bool ended;             /* nothing is on its way any more */
	int events_fd;
	struct buf lines;
	uint64_t lines_written, taken, pending, locked_since_ns;
	uint64_t stored;        /* of the events, with the last commit */
	struct sensor_totals totals, committed;   /* as of the last look, in the store */
	char node[65];
};

uint64_t session_clock(clockid_t id);

/* The event of the record with COUNT more of it at TIME_NS (boot; 0 = the record's). */
void session_pass_on(struct session *s, const struct wire_header *h, uint64_t count, uint64_t time_ns);
bool session_wants(struct session *s, const struct wire_header *h);
void session_write_lines(struct session *s);

/* Commits on the way through a full ring, so that what waits stays small. What fails is said at the next flush. */
void session_relieve(struct session *s);

/* All that was taken in; exits, which the kernel counts for all workloads together, where all are recorded. */
uint64_t session_events(const struct session *s, const struct sensor_totals *now);
