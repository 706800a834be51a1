/* SPDX-License-Identifier: GPL-2.0-only */
/* matchPIDs: the kernel reads one entry of four ids; what follows is taken for something else. */
#include "compiler/lint/lint.h"

enum { PIDS_MAX = 4, PIDS_MISPARSED = 8 };

static void check(struct lint_context *c, const struct hook *h, const struct selector *s)
{
	(void)h;
	if (s->npids > 1) {
		size_t mark = lint_enter(c, "matchPIDs", 1);
		lint_report(c, s->pids[1].at, "keep one entry; another list of ids goes into another selector",
			    "the kernel reads one entry and takes the rest for other filters");
		lint_leave(c, mark);
	}
	for (size_t i = 0; i < s->npids; i++) {
		size_t mark = lint_enter(c, "matchPIDs", i);
		if (s->pids[i].n > PIDS_MAX)
			lint_report(c, s->pids[i].at, "keep four, and put the others into another selector",
				    "%zu ids: %s", s->pids[i].n,
				    s->pids[i].n >= PIDS_MISPARSED
					    ? "the selector is read wrong from there on"
					    : "from the fifth on they are ignored");
		lint_leave(c, mark);
	}
}

void lint_pids_beyond_four(struct lint_context *c)
{
	lint_each_selector(c, check);
}
