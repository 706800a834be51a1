/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The made-up cluster a scenario plays in: nodes, pods, containers, processes, and the list of what
 * happened. Everything lives in the world's arena.
 */
#pragma once

#include "compiler/scenario/scenario_model.h"

/* splitmix64: small, well mixed, the same everywhere. */
struct rng {
	uint64_t state;
};
uint64_t rng_next(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t n);                    /* 0 .. n - 1 */
struct rng rng_of(uint64_t seed, uint64_t a, uint64_t b, uint64_t c);

/* One program image that a process runs: what Tetragon keys by exec_id. */
struct program {
	struct str node;
	struct process process;
	const struct program *parent;
	uint32_t tags;
	struct str interpreter;
};

struct host {
	struct str name;
	uint64_t boot_ns;
	uint32_t last_pid;
	const struct program *kernel, *systemd, *containerd;
};

struct task {
	struct replica *replica;
	struct program *program;       /* NULL: the runtime's, until the first program */
	struct str name, label;      /* label: of the step that made it */
	uint32_t pid, container_pid;
	uint64_t last_ns;            /* of its latest event */
	bool ended, attack;
	bool inside;                 /* in the tree of the entrypoint */
	struct task *next;           /* of the replica, newest first */
};

struct replica {
	uint64_t index;
	struct host *host;
	struct pod pod;
	struct str docker, cgroup;
	uint32_t pods, containers;   /* made so far */
	uint32_t last_container_pid;
	const struct program *shim;
	struct task *tasks, *main;
};

/* One event to be. */
struct item {
	uint64_t time_ns, order;
	enum kind kind;
	const struct program *who;
	uint32_t tags, access;
	struct str path, unix_path, guard, signal;
	struct address address;
	uint8_t protocol;
	bool path_known, attack;
	int32_t result;
	uint32_t status;
	enum expect expect;
	struct str label;
};

struct world {
	const struct scenario *scenario;
	struct arena *arena;
	uint64_t seed, id_seed;      /* behaviour; names and numbers */
	uint64_t start_ns;
	struct str namespace, workload;
	struct host *hosts;
	size_t nhosts;
	struct replica *replicas;
	size_t nreplicas;
	struct {
		struct item *v;
		size_t n, cap;
	} items;
};

/* ROUND counts repetitions: it changes names and numbers, not what happens. */
void world_init(struct world *w, const struct scenario *s, uint32_t variant, uint64_t round,
		uint64_t start_ns);
void world_done(struct world *w);

/* What the kernel makes of NAME in the scenario's image: its symlinks followed. */
struct str world_resolve(struct world *w, struct str name);

/* Gives a replica its (next) pod, and (next) container in that pod. */
void replica_new_pod(struct world *w, struct replica *r, uint64_t now_ns);
void replica_new_container(struct world *w, struct replica *r, uint64_t now_ns);

uint32_t host_pid(struct world *w, struct host *h);

/* A program of the node itself, outside any pod. */
struct program *host_program(struct world *w, struct host *h, const struct program *parent,
			 const char *binary, struct str arguments, uint64_t now_ns);

/* A copy of P for process PID starting NOW: exec_id, pid, start. */
struct program *program_new(struct world *w, struct host *h, const struct process *p, uint32_t pid,
			uint64_t now_ns);
