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

enum { YAML_MAX_BYTES = 64 << 20, YAML_MAX_DEPTH = 100, YAML_MAX_NODES = 1 << 20, YAML_MAX_PROBLEMS = 1000,
       YAML_MAX_DOCUMENTS = 10000 };

struct yaml_node {
	enum yaml_kind kind;      /* scalars as YAML 1.1 and Kubernetes resolve them */
	bool quoted;              /* the scalar was quoted or a block: always a string */
	struct str text;          /* a scalar's text; of a key: as JSON has it (yes: is "true":) */
	bool boolean;
	int64_t integer;          /* YAML_INT; unsigned 64-bit values beyond int64: big = true */
	bool big;
	bool borrowed;            /* brought by an alias or by << */
	double number;
	unsigned line, column;    /* from 1 */
	size_t from, to;          /* characters of the text before it and before what follows it */
	struct yaml_node *key;    /* this node's key, inside a map */
	struct yaml_node **items; /* list: items; map: values, each with its key; in written order */
	size_t nitems;
	uint32_t size, height;    /* values below and levels, itself included, aliases expanded */
};

/*
 * Reads every document of TEXT. Nodes live in ARENA. -EINVAL with the reasons in D.
 * A broken later document keeps the earlier ones: *ret_docs holds what was read. After a duplicate key, too,
 * the tree is there (the last one counts). A document with nothing in it is a YAML_NULL node.
 * U+10FFNN, which yaml_scalar() writes for a byte that is not UTF-8, is read back as that byte.
 */
int yaml_read(struct arena *arena, const char *file, struct str text, struct diag *d,
	      struct yaml_node ***ret_docs, size_t *ret_n);

/*
 * The same without a diag: what is wrong stands in problems, each with a stable id (yaml-syntax, yaml-limit, yaml-key,
 * yaml-value, duplicate-key), what to do, and the number of its document from 0. broken: nothing was read from there on;
 * with a duplicate key the tree is usable.
 */
struct yaml_problem {
	const char *id;
	unsigned document, line, column;
	const char *message, *fix;
};
struct yaml_text {
	struct yaml_node **documents;
	size_t ndocuments;
	struct yaml_problem *problems;
	size_t nproblems;
	bool broken;
};
void yaml_load(struct arena *arena, struct str text, struct yaml_text *ret);

/* A map's value by exact key, or NULL. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* Is N a whole number once it is JSON (1e3 and 1.0 are)? *ret: the number; of an integer that is big, its bits. */
bool yaml_whole(const struct yaml_node *n, int64_t *ret);

/* What a path of keys and [items] leads to ("spec.kprobes[0].call"), or NULL. A key with a dot in it is not found. */
const struct yaml_node *yaml_at(const struct yaml_node *root, const char *path);

/* "a map", "a list", "a string" ... for messages. */
const char *yaml_kind_name(enum yaml_kind kind);

/*
 * Writing: appends S as a YAML scalar that any YAML 1.1 or 1.2 reader takes as this very string:
 * plain where that is unambiguous, else double-quoted. Control and bidi characters are escaped, bytes
 * that are not UTF-8 become U+10FFNN as in buf_json(); yaml_read() turns both back.
 */
struct buf;
void yaml_scalar(struct buf *b, struct str s);

/* Parts of the reader: what a plain or a tagged scalar is, and a key as JSON has it. */
void yaml_resolve(struct yaml_node *n);
int yaml_resolve_tagged(struct arena *arena, struct yaml_node *n, const char *tag);
void yaml_key_text(struct arena *arena, struct yaml_node *key);

/* Where libyaml stumbled, and what it was reading since FROM; what to do about that, "" = nobody knows. */
struct yaml_stumble {
	const char *problem, *context;
	unsigned line, column, from_line, from_column;   /* from 1 */
};
const char *yaml_hint(struct arena *arena, struct str text, const struct yaml_stumble *s);
