/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a policy lets pass what a person denied: the entry that also covers it, or the judgement that is missing. */
#pragma once

#include "webui/candidate.h"

/* Appends one sentence without a full stop; EV is an event of the recording that C lets pass. */
void passes_words(const struct candidate *c, const struct event *ev, struct buf *b);
