/* SPDX-License-Identifier: GPL-2.0-only */
/* Random allowlists about a world, and random acts in it. */
#pragma once

#include "schema/allowlist.h"
#include "tests/prove/world.h"

/* Which acts are asked for. */
enum reach {
	REACH_OPENS = 1,          /* exec, connect, opens */
	REACH_CHANGES = 2,        /* all else that is done to files */
	REACH_GUARDS = 4,
	REACH_ALL = 7,
	REACH_LASTING = 8,        /* only acts that leave all as it is: many doers at once */
	REACH_NO_CALLER = 16,     /* who starts a program is not known there */
	REACH_UDPLITE = 32,       /* this kernel has it */
	REACH_KILLS = 64,         /* a refusal ends the process */
};

struct allowlist *random_allowlist(struct dice *r, const struct world *w, unsigned reach);

/* An act, as the doer gets it and as the events that it is: it is allowed when all of them are. */
struct plan {
	struct act act;
	struct str path, other;
	struct event events[2];
	unsigned nevents;
	struct world_file *uses[2];      /* what it needs in the tree: */
	enum content needs[2];
	unsigned caller;
};

void random_plan(struct dice *r, struct world *w, unsigned caller, unsigned reach, struct plan *ret);

/* In words. */
void plan_print(const struct world *w, const struct plan *p, struct buf *b);

/* The doer's batch out of N plans. Prepares the tree for them. 0 or -errno. */
int plans_to_batch(struct world *w, struct plan *v, unsigned n, struct batch *b);
