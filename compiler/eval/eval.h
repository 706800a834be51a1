/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Tetragon and the kernel would do: policies in, events in, judgements out. No I/O.
 *
 * The engine keeps the process model (who runs which image, resolved paths, whose child) that the
 * event stream tells, so events must be given in stream order. What the stream does not say is
 * VERDICT_UNKNOWN with the reason; never a guess, never dropped.
 */
#pragma once

#include "schema/event.h"
#include "schema/policy.h"
#include "schema/target.h"

struct engine;

/* UNKNOWN: the events do not tell what kind of operation it was, on which that depends. */
enum effect { EFFECT_HAPPENED, EFFECT_PREVENTED, EFFECT_UNKNOWN };
const char *effect_name(enum effect effect);   /* happened prevented unknown */

/* One event judged by one hook of one policy. */
struct judgement {
	size_t policy;            /* index into the array given to engine_new */
	size_t hook;              /* index into policy->hooks */
	int selector;             /* from 0; -1 = none matched */
	enum verdict verdict;
	enum effect effect;       /* does the operation itself still take place? */
	bool monitor;             /* the policy only monitors: this is what enforcing would do */
	int32_t error;            /* DENY: the errno the caller sees, negative */
	uint32_t signal;          /* KILL */
	bool before_first_instruction;  /* KILL at exec: the new image ran nothing */
	const char *why;          /* valid for the engine's life */
	struct str detail;        /* for whoever asks for engine_explain()'s words: empty from engine_judge() */
	const char *assumes;      /* what was taken for granted, as it is not told and decides (engine_assume()); NULL: nothing */
};

/*
 * POLICIES are borrowed for the engine's life. One that no agent on TARGET would load (schema/policy_load.h) is judged as an agent
 * runs: without it, so nothing is said of it.
 */
struct engine *engine_new(struct policy *const *policies, size_t n, const struct target *target);
/* Why policy P is refused; NULL: it loads. */
struct policy_refusal;
const struct policy_refusal *engine_refused(const struct engine *e, size_t policy);
void engine_free(struct engine *e);
DEFINE_CLEANUP(struct engine *, engine_free)

/*
 * Judges EV: one judgement for each hook of each policy that the event reaches and whose scope covers the
 * process. Returns their number; *ret is valid until the next call.
 */
size_t engine_judge(struct engine *e, const struct event *ev, const struct judgement **ret);

/*
 * Appends what decided J in words: "/usr/bin/id is none of the 7 listed (nearest: /usr/bin/dash)". J is of the last
 * engine_judge(); nothing is appended where there is nothing to say beyond J->why.
 */
struct buf;
void engine_explain(const struct engine *e, const struct judgement *j, struct buf *b);

/*
 * After the last event of a stream that engine_records() was not told all of: the next exec whose judgement waited for a line of its
 * image, and none came. It is judged as it was told. False: no more. *ev and *ret are valid until the next call.
 */
bool engine_rest(struct engine *e, const struct event **ev, const struct judgement **ret, size_t *ret_n);

/* The worst of them; VERDICT_ALLOW when n is 0. */
enum verdict judgements_worst(const struct judgement *j, size_t n);

/*
 * Where the stream tells no resolved path, take the name as typed for it when it is absolute and clean (no "//", "." or ".." in
 * it, not below /proc or /dev). Symlinks and scripts then come out wrong; without it such verdicts are UNKNOWN.
 */
void engine_presume_paths(struct engine *e, bool yes);

/*
 * Of programs that the stream is silent about, take for granted what speaks for itself (eval_folders.c): a name typed whole, in a folder
 * of which lines tell many names and no link, is no link. Judgements that rest on it say so. Of a stream that was read ahead to its end.
 */
void engine_assume(struct engine *e);

/*
 * The program at PATH, as the kernel resolves it, is a 32-bit one (x86): its system calls pass other hooks and numbers. No
 * export tells this, so whoever knows the image says it; from then on every program that is not named, and that no line shows to be
 * one, is native. "" names none.
 */
void engine_compat(struct engine *e, struct str path);

/*
 * The policies that made the recording, in force all the time, with no line lost. What they are silent about tells which program an
 * image may be whose name as typed alone is told.
 */
void engine_recorders(struct engine *e, struct policy *const *policies, size_t n);

/*
 * Tells beforehand that the stream holds lines like EV: the hook of such a line is then not implied by other events. For
 * streams that can be read twice; otherwise the engine learns it from the first such line.
 */
void engine_records(struct engine *e, const struct event *ev);

/* That was all of the stream: what was not told will not be. */
void engine_records_end(struct engine *e);

/*
 * "Protects" test for a corpus: hooks of the policies that no event given so far recorded or implied.
 * Calls FN(arg, policy, hook) for each.
 */
void engine_unrecorded(const struct engine *e, void (*fn)(void *arg, size_t policy, size_t hook),
		       void *arg);

/*
 * Keeps account of which values of the policies' lists of names decide; said before the first event, as it costs about as much as
 * judging. engine_values() then calls FN(arg, list, i, used) for each value of each such list.
 */
void engine_count_values(struct engine *e);
void engine_values(const struct engine *e, void (*fn)(void *arg, const struct strs *list, size_t i, bool used), void *arg);

/*
 * May the process of EV, as it is after engine_judge(), have been stopped at a hook that the stream neither records nor implies
 * whenever it is passed? For a recording of which is asked whether something would have passed; verdicts speak of
 * what the stream tells.
 */
enum miss {
	MISS_NOTHING,           /* no: each such hook's process filters rule this process out */
	MISS_FAILED_EXEC,       /* at an exec that failed, which leaves no line */
	MISS_SEARCH,            /* at such an exec by the caller of this one: it may have tried other names first */
	MISS_HOOK,
};
enum miss engine_may_miss(struct engine *e, const struct event *ev);
