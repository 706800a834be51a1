/* SPDX-License-Identifier: GPL-2.0-only */
/* The phase of a workload's life that something belongs to, as the process tree and the replay show it. */
#pragma once

#include "schema/event.h"

enum phase { PHASE_STARTUP, PHASE_STEADY, PHASE_PROBES, PHASE_SCHEDULED, PHASE_INTERACTIVE, PHASE_COUNT };

#define PHASE_STARTUP_NS (60 * NSEC_PER_SEC)   /* after the start of an instance */

const char *phase_name(enum phase p);          /* start-up steady probes scheduled interactive */
int phase_from(struct str name);               /* or -1 */

/* TAGS of the event; SUBJECT: who did it (of an exec: the caller); STARTUP: seen only while an instance started. */
enum phase phase_of(uint32_t tags, struct str subject, bool startup);
/* Of one event of a corpus. */
enum phase phase_of_event(const struct event *ev);
