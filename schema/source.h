/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stream of events. Live ring buffer, NDJSON, store and scenario are all this, so what
 * consumes events needs neither root nor a kernel to be tested.
 */
#pragma once

#include "schema/base/diag.h"
#include "schema/event.h"

struct source;

struct source_ops {
	/* 1 = *ev filled (valid until the next call), 0 = end, -errno = cannot go on. */
	int (*next)(struct source *s, struct event *ev);
	void (*close)(struct source *s);
};

/* Concrete sources begin with this. */
struct source {
	const struct source_ops *ops;
};

static inline int source_next(struct source *s, struct event *ev)
{
	return s->ops->next(s, ev);
}

static inline void source_close(struct source *s)
{
	if (s)
		s->ops->close(s);
}
DEFINE_CLEANUP(struct source *, source_close)
