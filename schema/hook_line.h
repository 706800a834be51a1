/* SPDX-License-Identifier: GPL-2.0-only */
/* The line of a hook for an event that came from none: what our sensor saw is exported as what reports the same. */
#pragma once

#include "schema/event.h"

struct hook_line {
	struct str hook;
	struct arg args[3];           /* their strings are the event's, or constants */
	uint32_t n;
};

/* EV is a file, connect, bind or guard event. */
void hook_line(const struct event *ev, struct hook_line *ret);
