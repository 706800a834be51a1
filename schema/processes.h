/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who runs which image: rebuilt from an event stream, in bounded memory.
 *
 * A Tetragon line repeats the process but names its program as typed. The path the kernel compares is
 * told elsewhere: in our own "stakeout" member, on the bprm hook line that precedes the exec line, by the
 * inventory of processes that were already running, or by the process this one forked from. The model
 * keeps what was told, by exec_id, and puts it into later events.
 */
#pragma once

#include "schema/event.h"

struct processes;

/* Images kept at most; above it the least recently seen go. Exited ones go after PROCESSES_LINGER further events. */
#define PROCESSES_MAX    (1u << 18)
#define PROCESSES_LINGER (1u << 16)

struct processes *processes_new(void);
void processes_free(struct processes *m);
DEFINE_CLEANUP(struct processes *, processes_free)

/*
 * Learns from EV and completes it in place: process.path, parent.path (with path_known), pod of a process
 * whose line had only docker, TAG_MEMFD, TAG_DELETED; for the exec of a script TAG_SCRIPT, interpreter
 * (= process.path) and path (= the script, resolved). At exec-time hook lines the process is the caller's
 * OLD image, as in the line. Strings put into EV live until the next call.
 */
void processes_apply(struct processes *m, struct event *ev);

/*
 * An export may leave out the parent: puts in EV, an exec that was just applied, the parent's names as far as lines before told
 * them. They live until the next processes_apply().
 */
void processes_name_parent(const struct processes *m, struct event *ev);

/* What is known of one image after processes_apply(). */
struct process_image {
	struct str exec_id, parent_id, path, filename;
	bool path_known;        /* path "" then means memfd and the like */
	uint32_t pid;
	bool fork_only;         /* never had an exec line: a copy of its parent's image */
	bool exited;
	bool path_late;         /* the line just applied told the path of an exec seen before */
	bool checked;           /* its exec was seen at the bprm hooks */
	bool exec_seen;         /* the stream has its exec line */
	bool script;            /* its name as typed is a script's */
	bool inventory;         /* ... which tells of a process older than the agent */
	bool early;             /* it began before the first line of the stream */
	const struct held *held;   /* what it holds now (schema/held.h); NULL: not told */
};

/* NULL when never seen or forgotten. Valid until the next call. */
const struct process_image *processes_find(struct processes *m, struct str exec_id);

/* Who called the exec EV (its exec line, or a later line of the new image). */
struct process_caller {
	struct str image;       /* exec_id of the image that called */
	bool forked;            /* ... or rather a fork of it, of which no line is */
	struct str path;
	bool path_known;
};
bool processes_caller(struct processes *m, const struct event *exec, struct process_caller *ret);

/*
 * Makes the agent's record of what the process holds anew: from now on changes are counted from here. The event given to
 * processes_apply() last must still be there.
 */
void processes_refresh(struct processes *m, struct str exec_id, unsigned surely, unsigned perhaps);   /* parts: enum held_part */

size_t processes_count(const struct processes *m);
size_t processes_forgotten(const struct processes *m);   /* dropped for want of room while alive */
