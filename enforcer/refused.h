/* SPDX-License-Identifier: GPL-2.0-only */
/* A refusal's record as an event. */
#pragma once

#include "enforcer/protects.h"
#include "schema/base/buf.h"
#include "schema/event.h"
#include "schema/store_refusals.h"

struct refused {
	struct enforce_name name;          /* of the last record's workload */
	struct enforce_refusal record;
	struct buf object, rule, told;
	struct protects *protects;
	uint64_t boot_to_wall_ns;
};
void refused_init(struct refused *r);
void refused_done(struct refused *r);

/* False: malformed, or of no workload (a self-test's). The event borrows from R until the next call. */
bool refused_read(struct refused *r, const struct machine *m, const void *data, size_t n, struct event *ret);

/* The event last read as a line: JSON with time, workload, kind, outcome, subject, object, rule ... or text. */
void refused_print(const struct refused *r, const struct event *ev, bool json, struct buf *b);

/* The same as a row for the store, without its recording, and the workload that the policy is for. They borrow likewise. */
void refused_row(struct refused *r, const struct event *ev, struct refusal *ret);
void refused_workload(const struct refused *r, struct workload *ret);
