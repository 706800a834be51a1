/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Allowlist in, everything that ships out: TracingPolicy YAML, BPF map image, review page, allowlist, kustomization.
 * The outputs are read back from their own bytes and replayed over the evidence before anybody sees them;
 * an allowed observation that would be blocked makes the whole compilation fail.
 */
#pragma once

#include "schema/allowlist.h"
#include "schema/base/arena.h"
#include "schema/base/buf.h"
#include "schema/target.h"

struct lowered;
struct policy;
struct image;
struct store;

/* How a rule is held to, best first. */
enum shape {
	SHAPE_AUTO,
	SHAPE_LSM,         /* LSM hook, Override: the call fails */
	SHAPE_OVERRIDE,    /* kprobe on security_*, Override through fmod_ret: the call fails */
	SHAPE_KILL,        /* kprobe on security_*, Sigkill */
	SHAPE_TRACEPOINT,  /* raw sched_process_exec, Sigkill: exec only */
	SHAPE_COUNT
};
const char *shape_name(enum shape s);      /* auto lsm override kill tracepoint */
int shape_from(struct str name);           /* or -1 */

struct compile_options {
	struct target target;
	enum shape shape;          /* SHAPE_AUTO: the strongest that the target allows */
	bool enforce;              /* also when the allowlist says monitor */
	bool host_wide;            /* a host workload's YAML may cover the whole host */
	const char *db;            /* replay this store's observations of the workload; NULL = none */
	const char *recorded_as;   /* the workload's name in that store; NULL = the allowlist's */
};

/* One emitted hook, as the review page and the UI show it. */
struct compiled_rule {
	const char *kind;          /* exec, file, connect, or the guard's name */
	struct str hook;           /* lsm file_open, kprobe security_file_open, ... */
	struct str policy;         /* metadata.name */
	uint32_t access;           /* file: ACCESS_* that it judges */
	enum shape shape;
	bool prevents;             /* false: kills, and the operation may have taken effect */
	const char *threat;        /* what it answers */
	const char *cannot;        /* what it does not stop */
	const char *false_positive;/* what benign change would trip it */
	size_t selectors, values;
};

enum { COMPILED_EXAMPLES = 20 };

struct output {
	struct str name;           /* file name, no folder */
	struct buf bytes;
};

/* Recorded by the workload, allowed by no entry and denied by nobody. */
struct not_allowed {
	uint64_t observations, events;
	struct str *examples;      /* the first COMPILED_EXAMPLES of them, in words */
	size_t nexamples;
};

struct compiled {
	struct arena *arena;
	struct lowered *lowered;   /* borrows from the allowlist */
	struct policy **policies;  /* read back from the emitted bytes */
	size_t npolicies;
	struct image *image;       /* read back as well */
	struct compiled_rule *rules;
	size_t nrules;
	struct { struct output *v; size_t n, cap; } outputs;   /* sorted by name */
	const char *no_yaml;       /* why there is no YAML; NULL = there is */
	uint64_t replayed;         /* events of evidence that were judged */
	uint64_t unknown;          /* of them, those the policies could not be asked about */
	uint32_t unseen;           /* ACCESS_*: changes the file rules deny and nothing in the evidence ever did */
	uint32_t visible;          /* ACCESS_*: changes that one of the recordings shows when they happen, be it by a typed name */
	struct not_allowed would_stop;   /* enforcing would stop them */
	struct not_allowed may_stop;     /* it may: their resolved path is not known, and the typed name is on no list */
	uint64_t would_stop_of[KIND_COUNT];
	uint32_t would_stop_access;/* ACCESS_* of those of files */
};

/* -EINVAL with the reasons in D; *ret is filled only on success. A must outlive it. */
int compile(const struct allowlist *a, const struct compile_options *o, struct compiled *ret,
	    struct diag *d);
void compiled_done(struct compiled *c);
#define CLEANUP_COMPILED __attribute__((cleanup(compiled_done)))
