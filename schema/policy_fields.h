/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The grammar of a TracingPolicy as data: one row per field of the CRD. Reading, checking, printing
 * and the help on fields all walk these rows; what a row cannot say (the CEL rules) is a function
 * of its object.
 */
#pragma once

#include "schema/policy.h"
#include "schema/policy_rules.h"
#include "schema/yaml.h"

enum field_type {
	FIELD_BOOL,
	FIELD_I32,
	FIELD_U32,
	FIELD_I64,
	FIELD_U64,
	FIELD_STRING,
	FIELD_ENUM,	/* an int-sized enum, numbered as NAMES is */
	FIELD_OPERATOR, /* enum policy_operator, of those in NAMES */
	FIELD_STRINGS,	/* struct strs */
	FIELD_U32S,
	FIELD_U64S,    /* pointer, and a size_t at COUNT */
	FIELD_LABELS,  /* struct label *, and a size_t at COUNT */
	FIELD_OBJECT,  /* its fields lie in the struct around it */
	FIELD_POINTER, /* pointer to one object, NULL = absent; COUNT, if any, is 0 or 1 */
	FIELD_LIST,    /* array of objects, and a size_t at COUNT */
	FIELD_NAMED,   /* a map from names to objects: array of structs that begin with the name */
};

enum field_flag {
	FIELD_REQUIRED = 1,
	FIELD_INT32 = 2,	/* the schema's format: at most 2147483647 */
	FIELD_NATURAL = 4,	/* minimum 0 */
	FIELD_LABEL_SYNTAX = 8, /* values are label values */
	FIELD_SHOWN = 16,	/* printed even when it has its default */
	FIELD_ANY_CASE = 32,	/* the agent reads its names in any case: no schema looks below a miscased key */
};

struct field_names {
	const char *const *v;
	size_t n;
};

struct field_object;

struct field {
	const char *name;
	enum field_type type;
	uint32_t flags;
	size_t offset, count;
	size_t has;	      /* offset of a bool: the key was there; 0 = none */
	const char *fallback; /* the schema's default as YAML text, NULL = none */
	size_t max_items;     /* 0 = any number */
	const struct field_object *object;
	const struct field_names *names;
	const char *help;
};

struct policy_reader;

struct field_object {
	const char *name; /* "a kprobe" */
	const struct field *fields;
	size_t nfields;
	size_t size;  /* of the struct; 0 where the fields lie in the struct around it */
	size_t at;    /* offset of its struct place; NO_PLACE = none */
	size_t inner; /* FIELD_NAMED: offset of the object behind the name */
	int section;  /* hooks: which; else -1 */
	/* The schema's CEL rules: errors through policy_reject(). */
	void (*rule)(struct policy_reader *r, const struct yaml_node *node);
	const char *rule_text; /* the same for people; NULL = none */
};
#define NO_PLACE SIZE_MAX

extern const struct field_object policy_spec_object;

/* ---- reading: how the walk reports ---- */

struct policy_reader {
	struct findings *findings;
	struct arena *arena;
	struct buf path;	 /* "spec.kprobes[0].call" */
	enum policy_stage stage; /* the first that rejects; STAGE_OK when none does */
	enum policy_stage stage_unvalidated; /* the same, unknown fields let pass */
	unsigned way;		 /* WAY_FILE or WAY_API */
	bool namespaced;
	bool miscased;	  /* below a key in the wrong case: no defaults, no schema there */
	bool undecodable; /* a server takes it, an agent cannot */
	bool holes;	  /* values were refused: what was read lacks them */
	bool skip_spec, clean;
};

/* An error at NODE's place and the reader's path. FIX: what to do. */
void policy_reject(struct policy_reader *r, enum policy_rule rule, const struct yaml_node *node, const char *fix,
		   const char *fmt, ...) PRINTF(5, 6);
void policy_warn(struct policy_reader *r, enum policy_rule rule, const struct yaml_node *node, const char *fix,
		 const char *fmt, ...) PRINTF(5, 6);
/* KEY, of metadata or around the spec, is not among WHERE's fields; or is but for its case. */
void policy_unknown(struct policy_reader *r, const struct yaml_node *key, const char *where, const char *const *names,
		    size_t n);
void policy_miscased(struct policy_reader *r, const struct yaml_node *key, const char *name);

/* A map's value by exact key; NULL also for a null that a server prunes. */
const struct yaml_node *policy_present(const struct policy_reader *r, const struct yaml_node *map, const char *key);

/* Reads NODE, a map, into BASE by OBJECT's rows. */
void policy_read_object(struct policy_reader *r, const struct field_object *object,
			const struct yaml_node *node, void *base);
/* Steps into a key or an item for messages; returns what policy_leave() takes. */
size_t policy_enter(struct policy_reader *r, struct str key);
void policy_leave(struct policy_reader *r, size_t mark);

int policy_operator_from(struct str name); /* or -1 */
/* Other spellings that the agent reads, which the schema keeps from it everywhere but below a miscased key; or -1. */
int policy_operator_alias(struct str name);

/*
 * One document, by WAY_FILE or WAY_API. policy: NULL when the spec was not read whole, or no agent can decode it; else it
 * is there although its name or a CEL rule refuses it. The caller frees both.
 */
struct policy_reading {
	struct policy *policy;
	struct policy *partial;	 /* in place of policy: what was read of a spec that has holes; the findings say where */
	enum policy_stage stage; /* the first that refuses; STAGE_OK: it is taken */
	enum policy_stage stage_unvalidated; /* WAY_API: with kubectl --validate=false, which drops unknown fields */
	bool undecodable;	 /* a server stores it, no agent can decode it */
	bool clean;		 /* nothing to say of the spec: the other way it reads the same */
};

/* TWIN: the document's other reading, or NULL; where its spec was clean, only what is around it is read, and policy is NULL. */
void policy_parse_node(const char *file, const struct yaml_node *doc, unsigned way, struct findings *f,
		       const struct policy_reading *twin, struct policy_reading *ret);

/* policy_metadata.c */
void policy_read_metadata(struct policy_reader *r, const struct yaml_node *node, struct policy *p);
