/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's side: images put into force by stakeout-enforce, acts done by doers, outcomes told apart. */
#pragma once

#include "tests/prove/plan.h"

struct kernel {
	const char *enforcer;     /* stakeout-enforce; NULL: no kernel */
	const char *cgroup, *bpffs, *backend, *image;
	bool kills;               /* the signal back end: of what is not a connect nothing fails */
	bool may_kill;            /* that, or fmod_ret, which has it behind it */
	struct doer doers[WORLD_DOERS];
	unsigned ndoers;
};

/* Puts the bytes of an image into force. 0 or -errno; what the command said goes to standard error. */
int kernel_apply(const struct kernel *k, struct str image);
/* Starts N doers, of the first callers in turn, and puts them into the cgroup. */
int kernel_populate(struct kernel *k, const struct world *w, unsigned n);
void kernel_empty(struct kernel *k);
/* Has doer NUMBER work off V. Outcomes are then in V[].act. */
int kernel_run(struct kernel *k, unsigned number, struct world *w, struct plan *v, unsigned n);

/*
 * What the kernel decided. NEITHER: the outcome is neither that of an allowed act nor of a refused one, WHY says what was
 * expected.
 */
enum decision { ALLOWED, REFUSED, NEITHER };
enum decision kernel_decision(const struct kernel *k, const struct world *w, const struct plan *p, const char **why);
