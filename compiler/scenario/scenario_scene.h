/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files that play a scenario: scenario_run.c (when what happens), scenario_processes.c (programs start and
 * end, the container lives), scenario_objects.c (files, connections, guards), scenario_scene.c (texts and events).
 */
#pragma once

#include "compiler/scenario/scenario_run.h"
#include "schema/base/buf.h"

struct activation {
	uint64_t time_ns;
	const struct phase *phase;
	struct replica *replica;
	uint64_t number;
};

struct play {
	struct world *world;
	struct diag *diag;
	size_t max_events;
	uint64_t steps, max_steps; /* taken; loops without events must end as well */
	uint64_t end_ns;
	struct {
		struct activation *v;
		size_t n, cap;
	} activations;
};

/* Where a step takes place. */
struct scene {
	struct play *play;
	struct replica *replica;
	struct task *task;	 /* who acts; NULL while the container is down */
	uint64_t now_ns, number; /* number: of the innermost repetition, for {n} */
	struct rng rng;
	struct str label;
	struct decision decision;
	bool attack;
};

#define FAIL(c, at, ...)                                                                           \
	(diag_add((c)->play->diag, DIAG_ERROR, (c)->play->world->scenario->file, (at)->line,       \
		  (at)->column, __VA_ARGS__),                                                      \
	 -EINVAL)

/* A moment later. */
void pass_time(struct scene *c);
/* {n}, {replica}, {pod}, {hex} and {1-254} replaced. */
struct str expand(struct scene *c, struct str s);

/* An event of T, now; of a program on the node (no policy for a pod reaches it), its start and its end. */
struct item *emit_task(struct scene *c, enum kind kind, struct task *t);
const struct program *emit_host(struct scene *c, const struct program *parent, const char *binary, const char *path,
				struct str arguments);
void emit_host_exit(struct scene *c, const struct program *p);

int run_steps(struct scene *c, const struct step *steps, size_t n);

/* What each verb does. -EINVAL with the step's place in the diag. */
int do_run(struct scene *c, const struct step *s);
int do_exec(struct scene *c, const struct step *s);
int do_fork(struct scene *c, const struct step *s);
int do_enter(struct scene *c, const struct step *s);
int do_container(struct scene *c, const struct step *s);
int do_file(struct scene *c, const struct step *s);
int do_connect(struct scene *c, const struct step *s);
int do_guard(struct scene *c, const struct step *s);
