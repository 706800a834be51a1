/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was found in a policy: a stable id, how grave, which stage of taking the policy it belongs to, where, why, and
 * what to do. Readers and checks add to a struct findings; the verb that asked prints them.
 */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/diag.h"

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

/* In the order in which an agent meets them. STAGE_OK: no stage refuses it. */
enum policy_stage {
	STAGE_YAML,
	STAGE_DECODE,
	STAGE_METADATA,
	STAGE_SCHEMA,
	STAGE_CEL,
	STAGE_LOAD,
	STAGE_OK
};
extern const char *const policy_stage_names[STAGE_OK + 1];
extern const char *const severity_names[SEVERITY_NOTE + 1];

/* The two ways to an agent: a file given to it, or an API server that it watches. */
enum { WAY_FILE = 1, WAY_API = 2, WAY_BOTH = WAY_FILE | WAY_API };

struct place {
	unsigned line, column;   /* from 1; 0 = not known */
};

/* Bytes [FROM, TO) of the file's text give way to TEXT. */
struct finding_edit {
	size_t from, to;
	const char *text;        /* NULL = no edit */
};

struct finding {
	const char *id;          /* of schema/policy_rules.def or compiler/lint/lints.def */
	enum severity severity;
	enum policy_stage stage; /* STAGE_OK: a pitfall, no stage refuses it */
	unsigned ways;           /* WAY_FILE | WAY_API: to whom it matters */
	struct place at;
	const char *path;        /* "spec.kprobes[0].call"; "" = the document */
	const char *message;     /* why */
	const char *fix;         /* what to do; "" = nothing to do */
	struct finding_edit edit;
};

enum { FINDINGS_MAX = 1000, FINDING_TEXT_MAX = 1000 };

struct findings {
	struct arena *arena;     /* holds the texts; the owner frees it */
	struct finding *v;
	size_t n, cap;
	size_t dropped;          /* beyond FINDINGS_MAX: counted, not kept */
};

void findings_init(struct findings *f, struct arena *arena);
void findings_done(struct findings *f);

/* A copy of WHAT with the message formatted; the texts are copied. NULL when it was dropped. */
struct finding *findings_add(struct findings *f, const struct finding *what, const char *fmt,
			     va_list ap) PRINTF(3, 0);

/* "PATH: MESSAGE; FIX" for each, as errors and warnings of FILE; notes are left out. */
void findings_to_diag(const struct findings *f, const char *file, struct diag *d);
