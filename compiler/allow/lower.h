/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An allowlist as numbered, sorted tables: what both back ends start from. One row per (object, caller);
 * rows that another row makes superfluous are gone; every row remembers the entry it came from.
 *
 * Accesses are folded to what a kernel can tell apart: append counts as write.
 */
#pragma once

#include "schema/allowlist.h"
#include "schema/image_file.h"

enum { LOWER_CALLER_ANY = 0 };

struct lower_exec {
	struct str path;          /* ends in '/': everything below */
	uint32_t caller;          /* 0 = any, else callers[caller - 1] */
	uint32_t rule;            /* rules[rule - 1] */
};

struct lower_file {
	struct str path;
	uint32_t access;          /* ACCESS_* within LOWER_CHANGES, never 0 */
	uint32_t caller;
	uint32_t rule;
};

struct lower_connect {
	struct address network;   /* family 4 or 6; host bits zero; port unused */
	uint8_t bits;
	uint16_t port_first, port_last;   /* always the full form: 0..65535 = any */
	uint8_t protocol;         /* 0 = any */
	uint32_t caller;
	uint32_t rule;
};

/* The accesses that file rules speak of. */
#define LOWER_CHANGES IMAGE_CHANGES

/* Where a rule comes from: entry INDEX of the allowlist's section KIND; guards are KIND_GUARD. */
struct lower_rule {
	enum kind kind;
	uint32_t index;
};

struct lowered {
	struct arena *arena;                   /* owns the tables; strings borrow from the allowlist */
	const struct allowlist *source;
	struct lower_rule *rules;              /* numbered from 1 in allowlist order */
	size_t nrules;
	struct str *callers;
	size_t ncallers;
	struct lower_exec *exec;               /* by path, caller */
	size_t nexec;
	struct str *protect;                   /* minimal: none below another */
	size_t nprotect;
	struct lower_file *files;              /* by path, caller */
	size_t nfiles;
	struct lower_connect *connects;        /* by caller, family, network, bits, ports, protocol */
	size_t nconnects;
	uint32_t guards;                       /* IMAGE_GUARD_* */
};

/*
 * A must outlive the result. -EINVAL with the entry's line in D for what no back end can hold: a relative path, a
 * path above IMAGE_PATH_MAX, an unknown guard, host bits outside their network.
 */
int lower(const struct allowlist *a, struct diag *d, struct lowered **ret);
void lowered_free(struct lowered *l);
DEFINE_CLEANUP(struct lowered *, lowered_free)

/* "kernel-module" <-> IMAGE_GUARD_KERNEL_MODULE; 0 and NULL when there is none. */
uint32_t guard_from(struct str name);
const char *guard_name(uint32_t guard);

/* The accesses a rule on ACCESS judges, append folded into write. */
uint32_t lower_access(uint32_t access);
