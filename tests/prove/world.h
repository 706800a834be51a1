/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A random tree of programs and files, and doers that live in it: it is their root, in a mount and a network namespace of
 * their own, so a path means the same wherever the tree lies, and every address can be tried without a packet leaving.
 */
#pragma once

#include <sys/types.h>

#include "schema/base/arena.h"
#include "tests/lib/random.h"
#include "tests/prove/act.h"

enum { WORLD_FOLDERS = 20, WORLD_PROGRAMS = 28, WORLD_SCRIPTS = 6, WORLD_FILES = 96, WORLD_CALLERS = 6, WORLD_DOERS = 64 };

enum content { ABSENT, FILE_THERE, FOLDER_THERE };

struct world_file {
	struct str path;
	enum content content;     /* in the tree, when known */
	bool used;                /* by an act: what is there now is not known */
	bool taken;               /* by an act of the batch that is being made */
};

struct script {
	struct str path, interpreter;
};

struct world {
	struct arena *arena;
	uint64_t seed;
	struct str folders[WORLD_FOLDERS];          /* [0] is the root, empty; no '/' at the end */
	struct str programs[WORLD_PROGRAMS];        /* the first WORLD_CALLERS have doers */
	struct script scripts[WORLD_SCRIPTS];
	struct world_file files[WORLD_FILES];
	int root;                                   /* -1: on paper only */
};

struct doer {
	unsigned program;
	pid_t pid;
	int prover;
	struct batch *batch;
};

struct world *world_new(uint64_t seed);
void world_free(struct world *w);
DEFINE_CLEANUP(struct world *, world_free)

/* Makes the tree in FOLDER, out of copies of the program DOER. 0 or -errno. */
int world_build(struct world *w, const char *folder, const char *doer);

/* Makes a file as an act wants it. */
int world_prepare(struct world *w, struct world_file *f, enum content want);
enum content world_content(const struct world *w, struct str path);

/* Starts program PROGRAM as a doer in the tree. */
int doer_start(const struct world *w, unsigned program, struct doer *ret);
void doer_stop(struct doer *d);

/* Works off the doer's batch. -EPIPE: it ended meanwhile, after batch->done acts. */
int doer_begin(struct doer *d);
int doer_wait(struct doer *d);
