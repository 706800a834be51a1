/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A YAML text as a tree of nodes with places, read by libyaml. One reader for policies, allowlists and scenarios.
 * Aliases are resolved, merge keys (<<) applied; a duplicate key is an error. Limits (size, depth,
 * nodes after alias expansion) are named constants here, and exceeding one is an error that names it.
 */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/diag.h"

enum yaml_kind { YAML_NULL, YAML_BOOL, YAML_INT, YAML_FLOAT, YAML_STRING, YAML_LIST, YAML_MAP };

enum { YAML_MAX_BYTES = 64 << 20, YAML_MAX_DEPTH = 100, YAML_MAX_NODES = 1 << 20 };

struct yaml_node {
	enum yaml_kind kind;      /* scalars as YAML 1.1 and Kubernetes resolve them */
	bool quoted;              /* the scalar was quoted or a block: always a string */
	struct str text;          /* a scalar's text as written */
	bool boolean;
	int64_t integer;          /* YAML_INT; unsigned 64-bit values beyond int64: big = true */
	bool big;
	double number;
	unsigned line, column;    /* from 1 */
	struct yaml_node *key;    /* this node's key, inside a map */
	struct yaml_node **items; /* list: items; map: values, each with its key; in written order */
	size_t nitems;
};

/*
 * Reads every document of TEXT. Nodes live in ARENA. -EINVAL with the reasons in D.
 * A broken later document keeps the earlier ones: *ret_docs holds what was read.
 */
int yaml_read(struct arena *arena, const char *file, struct str text, struct diag *d,
	      struct yaml_node ***ret_docs, size_t *ret_n);

/* A map's value by exact key, or NULL. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/* "a map", "a list", "a string" ... for messages. */
const char *yaml_kind_name(enum yaml_kind kind);

/*
 * Writing: appends S as a YAML scalar that any YAML 1.1 or 1.2 reader takes as this very string:
 * plain where that is unambiguous, else double-quoted.
 */
struct buf;
void yaml_scalar(struct buf *b, struct str s);
