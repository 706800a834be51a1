/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "schema/image_file.h"
#include "tests/prove/kernel.h"

struct tally {
	uint64_t rounds, acts, allowed, refused, disagreements, open;
	uint64_t kinds[KIND_COUNT][NEITHER];    /* acts by kind and decision */
};

struct prover {
	struct kernel kernel;
	const char *doer, *folder;
	unsigned acts, storm, reach;
	struct world *world;
	char *tree;               /* where it lies */
	struct tally tally;
};

/* One allowlist, and acts under it. -EBADE: a disagreement, which was printed. */
int prover_round(struct prover *p, uint64_t seed);
/* Two allowlists that replace each other while all doers act. */
int prover_storm(struct prover *p, uint64_t seed);
void prover_done(struct prover *p);

/* An allowlist and its image, written and read back. */
struct rules {
	struct allowlist *list;
	struct image *image;
};
int rules_make(struct rules *r, struct allowlist *take_list);
void rules_done(struct rules *r);

/* ALLOWED, REFUSED; NEITHER: model and image disagree. */
enum decision rules_decision(const struct rules *r, const struct plan *p);

/* What the kernel must do: all, under an image that only audits; by the signal back end what the judge says of that. */
enum decision prover_expected(const struct prover *p, const struct rules *r, const struct plan *plan);
void tally_add(struct tally *t, const struct plan *plan, enum decision d);

/* The world of SEED, with doers in the cgroup if there is a kernel. */
int prover_enter(struct prover *p, uint64_t seed, unsigned doers);

/* Prints what disagrees, made small. */
void prover_report(struct prover *p, uint64_t seed, const struct rules *r, const struct plan *plan);
