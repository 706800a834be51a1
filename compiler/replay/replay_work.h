/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Replays sources in parallel: each source on a thread of its own, and where there are fewer sources than threads and many policies,
 * the policies of one source in shares. Reports, totals and messages come out in the order of the sources, the same bytes for
 * any number of threads.
 */
#pragma once

#include <signal.h>

#include "compiler/replay/feed.h"
#include "compiler/replay/replay_report.h"

struct replay_work {
	const struct policy_set *set;
	const struct judge_options *judging;
	const struct feed_name *feeds;
	size_t nfeeds;
	unsigned jobs;                       /* threads; 0 = one for each processor */
	const volatile sig_atomic_t *stop;   /* becomes non-zero: end soon */
	bool progress;                       /* a line on standard error, drawn anew */
};

/*
 * Adds to R and TOTALS. Warnings and errors are in D. 0, or -EINVAL for the first source that could not be read to its end (nothing
 * of those after it is reported). *ret_stopped: the user ended it.
 */
int replay_work(const struct replay_work *work, struct report *r, struct totals *totals, struct diag *d, bool *ret_stopped);
