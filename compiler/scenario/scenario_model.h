/* SPDX-License-Identifier: GPL-2.0-only */
/* A scenario as it was read: shared by the reader (scenario.c) and the generator (scenario_run.c and beside it). */
#pragma once

#include "compiler/scenario/scenario.h"
#include "schema/base/arena.h"

enum step_verb {
#define STEP(symbol, name, summary) STEP_##symbol,
#include "compiler/scenario/scenario_steps.def"
#undef STEP
	STEP_COUNT
};

#define SCENARIO_NOT_GIVEN UINT64_MAX

/* What the author decided about an event. In a step, EXPECT_NONE = as the step around it says. */
struct decision {
	enum expect expect;
	struct str because;             /* why an attack's step is allowed all the same */
};

struct step {
	enum step_verb verb;
	unsigned line, column;
	struct str target;              /* the verb's value */
	struct str args, cwd, name, path, interpreter, object, signal;
	struct decision decision;
	struct str label;
	uint64_t uid, status;           /* uid: SCENARIO_NOT_GIVEN = as the process before */
	uint64_t times, every_ns, jitter_percent;
	uint64_t wait_ns;
	uint64_t result;                /* errno of a failed call, positive */
	uint32_t access;
	uint8_t protocol;
	bool stay, memfd, deleted, setuid;
	struct step *steps;
	size_t nsteps;
	const struct block *block;      /* use */
};

struct block {
	struct str name;
	unsigned line, column;
	struct step *steps;
	size_t nsteps;
	bool visiting, visited;         /* while looking for blocks that use themselves */
};

struct phase {
	unsigned line, column;
	struct str name, in, label;
	struct decision decision;
	uint64_t at_ns, every_ns, times, jitter_percent, stagger_ns;
	uint64_t replica;               /* SCENARIO_NOT_GIVEN = every one */
	bool optional, attack;
	struct step *steps;
	size_t nsteps;
};

struct pair {
	struct str key, value;
};

struct scenario {
	struct arena *arena;
	const char *file;
	struct str name, description;
	uint64_t seed, start_ns;
	struct str namespace, kind, workload, container, image, image_id;
	struct pair *labels;
	size_t nlabels;
	uint64_t replicas, uid;
	struct str cwd;
	bool host_pid, privileged;
	struct str *nodes;
	size_t nnodes;
	struct pair *symlinks;          /* of the image: name -> what the kernel resolves it to */
	size_t nsymlinks;
	struct pair *scripts;           /* name -> its interpreter, resolved */
	size_t nscripts;
	struct block *blocks;
	size_t nblocks;
	struct phase *phases;           /* attacks included, after the benign ones */
	size_t nphases;
};
