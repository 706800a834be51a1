/* SPDX-License-Identifier: GPL-2.0-only */
/* The sensor's records as events: numbers become names, times become wall clock. */
#pragma once

#include "recorder/family.h"
#include "recorder/ledger.h"

struct translator {
	const struct ledger *ledger;
	const struct family *family;
	struct str node;
	uint64_t boot_to_wall_ns;
	bool processes;         /* the family knows every process: exec ids and names come from it */
	struct buf text;        /* holds what the last event borrows */
	struct buf arguments;
};

void translator_done(struct translator *t);

/* *EV borrows from H, the ledger, the family and T; valid until the next call. */
void translate(struct translator *t, const struct wire_header *h, struct event *ev);

/* "NODE:START:PID", appended to B. */
void exec_id(struct buf *b, struct str node, uint64_t start_ns, uint32_t pid);
