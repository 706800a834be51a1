/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files whose names are made anew each time: /etc/nginx/conf.d/sed3kX9aQ, /app/cache/session-397.json, /var/tmp/12345.
 * Listing the names that were seen would allow none that come. A family is FAMILY_NAMES or more of them in one folder,
 * of one shape, by one program, most of them seen in one instance only; the entry that holds it is the folder, for that program.
 */
#pragma once

#include "schema/allowlist.h"
#include "schema/store_decide.h"

enum { FAMILY_NAMES = 3, FAMILY_EXAMPLES = 3 };

struct family {
	struct str folder;           /* ends in '/' */
	struct str shape;            /* of the name: session-*.json */
	struct str by;               /* the program; empty = not known */
	uint32_t access;             /* all that the program was seen to do in the folder */
	uint64_t names, once;        /* of them, seen in one instance only */
	uint64_t others;             /* other recorded files of the folder, which its entry would admit */
	struct evidence evidence;    /* instances: 0, not known of all names together */
	struct str examples[FAMILY_EXAMPLES];
	size_t nexamples;
};

struct families;
struct families *families_new(void);
void families_free(struct families *f);
DEFINE_CLEANUP(struct families *, families_free)

/* Every file observation whose path is known or taken as typed, once. NAMED: its name may be one of a family. */
void families_see(struct families *f, const struct observation *o, bool named);

/* After the last: the family of a file seen with NAMED, or NULL. Valid until the next families_see(). */
const struct family *families_of(struct families *f, const struct observation *o);

/* All of them, in the order in which they were first seen. */
size_t families_count(const struct families *f);
const struct family *families_get(struct families *f, size_t i);
