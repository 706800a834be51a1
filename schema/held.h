/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process holds, capabilities and namespaces, as the lines tell it: those of its exec line, then what the
 * lines of capset, task_fix_setuid, unshare, setns and userns_create do to them. What a line leaves open is unsure.
 */
#pragma once

#include "schema/event.h"
#include "schema/privileges.h"

struct held {
	struct privileges now;
	uint8_t caps_unsure;      /* 1 << enum cap_set: not told any more */
	uint8_t caps_changed;     /* differ from the agent's record, or may: see caps_maybe */
	uint8_t caps_maybe;
	uint16_t ns_unsure;       /* 1 << enum namespace_kind: which one is not told */
	uint16_t ns_fresh;        /* newly made: none that has a name or number elsewhere */
	uint16_t ns_changed;      /* not the one of the agent's record */
	uint16_t ns_maybe;        /* perhaps not the one of the record */
	uint64_t record_caps[CAPS_SETS];   /* of the agent's record, made at fork and exec */
	uint8_t record_unsure;    /* 1 << enum cap_set: what is there is not told */
};

/* At an exec line. False: the line does not tell. */
bool held_exec(struct held *h, const struct process *p);

/* A child forked by PARENT, with what flags of clone is not told. */
void held_fork(struct held *h, const struct held *parent);

/* What the call that LINE stands for will have changed, once it is over. False: it is no such call. */
bool held_line(struct held *h, const struct event *line);

/* The agent's record is made anew in these parts: what is held now counts as unchanged. */
enum held_part { HELD_CAPS = 1, HELD_NAMESPACES = 2 };
void held_refresh(struct held *h, unsigned parts);
void held_may_refresh(struct held *h, unsigned parts);   /* ... or it is not */
