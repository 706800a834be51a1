/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads a YAML map into a struct by a table of fields, with the place of whatever is wrong. */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/diag.h"
#include "schema/yaml.h"

struct reader {
	struct arena *arena;
	const char *file;
	struct diag *diag;
	unsigned depth;
	unsigned visited;       /* steps looked at, blocks as often as they are used */
};

struct field {
	const char *name;
	/* Stores NODE at SLOT. Complains itself. */
	void (*read)(struct reader *r, const struct yaml_node *node, void *slot);
	size_t offset;
	uint32_t verbs;         /* steps: which verbs take it, a bit each; 0 = all */
};

#define COMPLAIN(r, node, ...)                                                                     \
	diag_add((r)->diag, DIAG_ERROR, (r)->file, (node)->line, (node)->column, __VA_ARGS__)

/* Reads each key of MAP by its row in FIELDS; an unknown key is an error that names the nearest. */
void read_fields(struct reader *r, const struct yaml_node *map, const struct field *fields,
		 size_t n, void *object);
/* Is NODE of KIND? Complains that WHAT wants it if not. */
bool expect_kind(struct reader *r, const struct yaml_node *node, enum yaml_kind kind,
		 const char *what);

/* The readers of single values. */
void read_text(struct reader *r, const struct yaml_node *node, void *slot);      /* struct str */
void read_name(struct reader *r, const struct yaml_node *node, void *slot);      /* struct str, not empty */
void read_path(struct reader *r, const struct yaml_node *node, void *slot);      /* struct str, absolute */
void read_flag(struct reader *r, const struct yaml_node *node, void *slot);      /* bool */
void read_number(struct reader *r, const struct yaml_node *node, void *slot);    /* uint64_t, <= 2^32 - 1 */
void read_duration(struct reader *r, const struct yaml_node *node, void *slot);  /* uint64_t, ns, <= 365 days */
void read_percent(struct reader *r, const struct yaml_node *node, void *slot);   /* uint64_t, 0..100 */
void read_time(struct reader *r, const struct yaml_node *node, void *slot);      /* uint64_t, ns since 1970 */
void read_access(struct reader *r, const struct yaml_node *node, void *slot);    /* uint32_t */
void read_expect(struct reader *r, const struct yaml_node *node, void *slot);    /* enum expect */
void read_protocol(struct reader *r, const struct yaml_node *node, void *slot);  /* uint8_t */
void read_ignored(struct reader *r, const struct yaml_node *node, void *slot);   /* read elsewhere */
