/* SPDX-License-Identifier: GPL-2.0-only */
/* A refusal's record as an event. */
#pragma once

#include "enforcer/machine.h"
#include "schema/event.h"

struct refused {
	struct enforce_name name;          /* of the last record's workload */
	struct enforce_refusal record;
	struct buf object;
	uint64_t boot_to_wall_ns;
};
void refused_init(struct refused *r);
void refused_done(struct refused *r);

/* False: malformed, or of no workload (a self-test's). The event borrows from R until the next call. */
bool refused_read(struct refused *r, const struct machine *m, const void *data, size_t n, struct event *ret);

/* The event last read as a line: JSON with time, workload, kind, outcome, subject, object, rule ... or text. */
void refused_print(const struct refused *r, const struct event *ev, bool json, struct buf *b);
