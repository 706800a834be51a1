/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON objects into structs by tables of fields, in one pass and without copying: strings point into the
 * text and are unescaped where they stand. Tables are in the order in which Tetragon writes the
 * members, so a look-up is one comparison; any other order costs a search and gives the same.
 */
#pragma once

#include "schema/base/buf.h"
#include "schema/ndjson.h"
#include "schema/ndjson_scan.h"

/* A place in a text that ends with a newline and SCAN_PAD readable bytes. */
struct json {
	char *p;
	char *end;                 /* the newline */
	const struct scan *scan;
	bool own_bytes;            /* written by us: strings hold escaped bytes, see buf_json() */
	enum ndjson_reason bad;    /* after a failure: why */
	char *varies;              /* where the first member with .varies began, or NULL */
};

enum field_type {
	FIELD_STR,      /* struct str; a bare number is taken as its text */
	FIELD_U32,
	FIELD_I32,
	FIELD_U64,      /* a number or a decimal string */
	FIELD_I64,
	FIELD_TIME,     /* RFC 3339 to uint64_t ns */
	FIELD_BOOL,
	FIELD_TRISTATE,
	FIELD_RAW,      /* struct str: the value's JSON text */
	FIELD_LABELS,   /* struct str: the JSON text of an object of strings */
	FIELD_OBJECT,   /* .sub, same base */
	FIELD_CALL,     /* .call reads the value */
	FIELD_SKIP,
};

struct fields;

struct field {
	struct str name;
	enum field_type type;
	bool varies;    /* differs from line to line for the same object */
	size_t offset;
	const struct fields *sub;
	bool (*call)(struct json *j, void *base);
};

struct fields {
	const struct field *v;
	size_t n;
	/* Sees the names of members not in the table, if set; their values are skipped. */
	void (*unknown)(struct json *j, void *base, struct str name);
};

#define FIELDS(table)      {(table), ARRAY_SIZE(table), NULL}
#define FIELD(name_, type_, struct_, member)                                                       \
	{.name = STR_INIT(name_), .type = (type_), .offset = offsetof(struct_, member)}
#define FIELD_FN(name_, fn) {.name = STR_INIT(name_), .type = FIELD_CALL, .call = (fn)}
#define FIELD_SUB(name_, fields_) {.name = STR_INIT(name_), .type = FIELD_OBJECT, .sub = (fields_)}

/* All return false, with j->bad set, where the text is not what it must be. */
bool json_fail(struct json *j, enum ndjson_reason why);
bool json_object(struct json *j, const struct fields *fields, void *base);
bool json_members(struct json *j, const struct fields *fields, void *base); /* behind a member */
bool json_array(struct json *j, bool (*element)(struct json *j, void *base), void *base);
bool json_string(struct json *j, struct str *ret);
bool json_text(struct json *j, struct str *ret);        /* a string, or a scalar's text */
bool json_integer(struct json *j, int64_t *ret);        /* uint64 values as their bits */
bool json_skip(struct json *j);                         /* any value, by matching brackets */
void json_space(struct json *j);

/* RFC 3339 with Z; returns 0 or -EINVAL. */
int time_parse(struct str text, uint64_t *ret_ns);
