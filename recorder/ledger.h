/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What user space remembers of the sensor's records: images and cgroups by number, and for each
 * observation its first record and how much of its count was passed on. The kernel's counts refer to it.
 */
#pragma once

#include "schema/base/buf.h"
#include "recorder/records.h"
#include "schema/event.h"

struct ledger;

struct image {
	uint64_t id;
	struct str path;        /* empty: memfd and the like */
	uint32_t tags;          /* WIRE_TAG_* */
	uint32_t epoch;         /* in which it was told last */
};

struct group {
	uint64_t id;
	struct str path;
	struct pod pod;         /* names that were found for it, or empty */
	char *pod_text;         /* what its strings borrow from */
	bool wanted;            /* matches --workload */
	uint32_t epoch;
};

/* The record itself is kept packed: see ledger_record(). */
struct entry {
	uint64_t key;
	uint64_t time_ns;       /* of the first record */
	uint32_t counted;       /* passed on, as the kernel counts: modulo 2^32 */
	uint32_t actor, tags, access;
	uint32_t folder;        /* what follows the header begins with it */
	uint16_t length;        /* of the rest */
	uint8_t kind;
	uint8_t flags : 6;
	bool odd : 1;           /* its epoch */
	bool fresh : 1;         /* the first one was passed on before the kernel counted it */
	char body[];
};

struct ledger *ledger_new(void);
void ledger_free(struct ledger *l);
DEFINE_CLEANUP(struct ledger *, ledger_free)

/* WIRE_IMAGE and WIRE_CGROUP. What was known under the number is replaced. */
struct image *ledger_image(struct ledger *l, const struct wire_header *h);
struct group *ledger_group(struct ledger *l, const struct wire_header *h);
void group_set_pod(struct group *g, const struct pod *pod);   /* copied */

/* NULL when the number was never told. Valid until the next record. */
const struct image *ledger_find_image(const struct ledger *l, uint64_t id);
struct group *ledger_find_group(const struct ledger *l, uint64_t id);

/* A first record of an observation: the entry, new or the one that was there. */
struct entry *ledger_entry(struct ledger *l, const struct wire_header *h, bool *ret_new);
struct entry *ledger_find(const struct ledger *l, uint64_t key);

/* The first record of E, in memory of the ledger's that the next call uses again. */
const struct wire_header *ledger_record(struct ledger *l, const struct entry *e);

/* Drops the entries of epochs before EPOCH, which is one more than at the last call. */
void ledger_forget_before(struct ledger *l, uint32_t epoch);

/*
 * Drops images and cgroups that were told last before the epoch that came before EPOCH: the kernel side, told to forget them too with
 * each epoch, tells what is used again.
 */
void ledger_forget_names(struct ledger *l, uint32_t epoch);

size_t ledger_entries(const struct ledger *l);
size_t ledger_groups(const struct ledger *l);
