/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The human choice for one workload: the document that a reviewer reads and GitOps keeps.
 *
 *	apiVersion: stakeout/v1
 *	kind: Allowlist
 *	metadata: {name: shop-cart}
 *	workload: {namespace: shop, kind: Deployment, name: cart, container: cart, podLabels: {app: cart}}
 *	mode: monitor
 *	exec:
 *	  allow:
 *	    - path: /usr/bin/node
 *	      by: [/usr/bin/dash]          # only when started by one of these
 *	      evidence: {count: 812, first: 2026-11-20T10:00:00Z, last: ..., instances: 3}
 *	    - path: /app/scripts/          # trailing slash: everything below
 *	file:
 *	  protect: [/etc/, /app/]
 *	  allow:
 *	    - {path: /app/cache/, access: [write, create, unlink], by: [/usr/bin/node]}
 *	connect:
 *	  allow:
 *	    - {cidr: 10.0.0.0/8, port: 5432, protocol: tcp}
 *	guards: [kernel-module, ptrace, mount, raise-privilege, bpf]
 *
 * A section that is absent is not judged at all; one that is present and empty allows nothing.
 * parse -> print -> parse is the identity on the model; print is byte-stable (sorted, fixed order).
 */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/buf.h"
#include "schema/base/diag.h"
#include "schema/event.h"
#include "schema/workload.h"

struct evidence {
	uint64_t count, first_ns, last_ns, instances;  /* count 0 = none given */
};

/* Counts add up, times widen; how many instances both saw is not known, so the larger number stands. */
void evidence_add(struct evidence *into, const struct evidence *from);

struct label {
	struct str key, value;
};

struct allow_exec {
	struct str path;              /* resolved path; ends in '/': everything below */
	struct str *by;               /* callers, resolved paths; none = any caller */
	size_t nby;
	struct evidence evidence;
	struct str note;              /* a person's remark; kept */
	unsigned line;
};

struct allow_file {
	struct str path;              /* as above */
	uint32_t access;              /* ACCESS_* bits; 0 = every change */
	struct str *by;
	size_t nby;
	struct evidence evidence;
	struct str note;
	unsigned line;
};

struct allow_connect {
	struct address network;       /* address part; family 4, 6, or 0 = any address */
	uint8_t prefix;               /* bits */
	uint16_t port_first, port_last;  /* 0..65535 = any */
	uint8_t protocol;             /* 6, 17, 0 = any */
	struct str *by;
	size_t nby;
	struct evidence evidence;
	struct str note;
	unsigned line;
};

enum mode { MODE_MONITOR, MODE_ENFORCE };

struct allowlist {
	struct arena *arena;          /* owns everything below */
	struct str file;
	struct str name;
	struct workload workload;
	struct label *labels;         /* pod selector */
	size_t nlabels;
	enum mode mode;
	bool has_exec, has_file, has_connect;
	struct allow_exec *exec;
	size_t nexec;
	struct str *protect;          /* prefixes, each ending in '/', or exact files */
	size_t nprotect;
	struct allow_file *files;
	size_t nfiles;
	struct allow_connect *connects;
	size_t nconnects;
	struct str *guards;
	size_t nguards;
};

struct allowlist *allowlist_new(void);
void allowlist_free(struct allowlist *a);
DEFINE_CLEANUP(struct allowlist *, allowlist_free)

/* One document. -EINVAL with the reasons in D (file, line, column, what to write instead). */
int allowlist_parse(const char *file, struct str text, struct diag *d, struct allowlist **ret);
int allowlist_read(const char *file, struct diag *d, struct allowlist **ret);

/* Sorts entries into their one order and merges equal ones (evidence added). */
void allowlist_normalize(struct allowlist *a);
void allowlist_print(const struct allowlist *a, struct buf *b);
const char *allowlist_path_wrong(struct str path);   /* why PATH cannot stand in an entry; NULL: it can */

/* Is PATH covered by the entry or prefix ENTRY (trailing slash: everything below)? */
bool path_covers(struct str entry, struct str path);
