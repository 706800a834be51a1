/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any TracingPolicy, judged: would an agent take it, given as a file and through an API server, stage by stage; does it
 * do what its author means (the pitfalls of lints.def); what does it cost.
 *
 * A pitfall is one row in lints.def and one function. It reads context->policy, reports with lint_report(), and may
 * attach an edit to what it reported:
 *
 *	static void check(struct lint_context *c, const struct hook *h, const struct selector *s)
 *	{
 *		for (size_t i = 0; s && i < s->npids; i++)
 *			if (s->pids[i].n > 4)
 *				lint_report(c, s->pids[i].at, "split it", "only the first four ids count");
 *	}
 *	void lint_pids_beyond_four(struct lint_context *c)
 *	{
 *		lint_each_selector(c, check);
 *	}
 */
#pragma once

#include "schema/finding.h"
#include "schema/policy.h"
#include "schema/target.h"
#include "schema/yaml.h"

struct lint_rule;
struct lint_btf;

struct lint_answer {
	bool accepted;           /* file: it would run; API: the server stores it, as kubectl sends it */
	enum policy_stage stage; /* the first that refuses; API, accepted: load, decode = the agent refuses it then */
	bool unvalidated;        /* API: stored with kubectl --validate=false, which drops unknown fields */
};

/* What the kernel spends on it; lint_cost.c. */
struct lint_cost {
	uint64_t memory_bytes;   /* an estimate, for CPUS */
	unsigned cpus;
	unsigned hooks, programs;
	unsigned filter_slots;   /* of LINT_FILTER_SLOTS */
	size_t area_bytes;       /* the fullest hook's selector area, of POLICY_AREA_MAX */
	struct lint_cost_tables {
		unsigned strings, prefixes, postfixes, sets, addresses4, addresses6, substrings, expressions;
	} tables;                /* the fullest program's, of POLICY_TABLES_MAX; substrings: of 1 */
};
enum { LINT_FILTER_SLOTS = 128, LINT_VALUES_MAX = 20000 };

struct lint_document {
	const char *file;
	unsigned document, line; /* from 1 */
	bool other;              /* another kind of manifest, of a folder: nothing is judged */
	const char *kind, *name; /* "" = none */
	struct place name_at;
	struct lint_answer as_file, as_api;
	struct findings findings;
	struct policy *policy;   /* as an agent reads it, from the file if it can; NULL = it cannot */
	struct lint_cost cost;
	unsigned ignored;        /* findings that a comment says are known */
};

struct lint_options {
	const struct target *target;
	bool target_given;       /* else what depends on the target is a note, not an error */
	struct lint_btf *btf;    /* NULL = none */
	bool skip_others;        /* manifests of other kinds are no finding */
	unsigned cpus;           /* for the cost; 0 = LINT_CPUS */
};
enum { LINT_CPUS = 8, LINT_CPUS_MAX = 8192 };

struct lint_lines {
	size_t *v, n, cap;
};

/* The documents of one file. Everything lives in ARENA but what lint_file_done() frees. */
struct lint_file {
	const char *name;
	struct str text;
	struct lint_document *documents;
	size_t ndocuments;
	struct lint_lines lines; /* where each begins, once a place in the text was asked for */
};

void lint_text(struct arena *arena, const char *file, struct str text, const struct lint_options *o,
	       struct lint_file *ret);
void lint_file_done(struct lint_file *f);

void lint_cost(const struct policy *p, const struct target *t, unsigned cpus, struct lint_cost *ret);
void lint_cost_text(const struct lint_cost *cost, struct buf *b);   /* one line, without its end */
void lint_cost_json(const struct lint_cost *cost, struct buf *b);   /* an object */

/* Policies of one kind, namespace and name among the files so far: an agent takes the first, a server the last. */
struct lint_names;
struct lint_names *lint_names_new(void);
void lint_names_free(struct lint_names *n);
DEFINE_CLEANUP(struct lint_names *, lint_names_free)
void lint_names_check(struct lint_names *n, struct lint_file *f);

/* ---- for the functions of lints.def ---- */

/* A field and, in a list, which. The path is only made for what is reported. */
struct lint_step {
	const char *field;
	size_t i;                        /* or LINT_NO_INDEX */
};
enum { LINT_STEPS = 12 };

struct lint_context {
	const struct lint_document *document;
	const struct policy *policy;     /* never NULL */
	const struct yaml_node *root;    /* its text as a tree */
	struct str text;                 /* of the file */
	struct lint_lines *lines;
	const struct target *target;
	bool target_given;
	/* below: lint.c's */
	const struct lint_rule *rule;
	struct findings *findings;
	struct lint_step steps[LINT_STEPS];   /* where the walk is */
	size_t nsteps;
	const struct map *macros;        /* their names; NULL = they are few */
};

typedef void lint_hook_fn(struct lint_context *c, const struct hook *h);
typedef void lint_selector_fn(struct lint_context *c, const struct hook *h, const struct selector *s);

/* Calls FN within "spec.kprobes[0]", "spec.kprobes[0].selectors[2]". S: macros not expanded. */
void lint_each_hook(struct lint_context *c, lint_hook_fn *fn);
void lint_each_selector(struct lint_context *c, lint_selector_fn *fn);
/* The same for whoever has more to say to his function. */
typedef void lint_selector_part_fn(struct lint_context *c, const struct hook *h, const struct selector *s, const void *arg);
void lint_walk_selectors(struct lint_context *c, lint_selector_part_fn *fn, const void *arg);

/* Steps into ".FIELD[i]", or ".FIELD" when I is LINT_NO_INDEX; lint_leave() takes what it returned. FIELD must stay. */
size_t lint_enter(struct lint_context *c, const char *field, size_t i);
void lint_leave(struct lint_context *c, size_t mark);
#define LINT_NO_INDEX SIZE_MAX

/* A finding of the running lint, with its id and severity, at AT and where the walk is. FIX: what to do, or "". */
struct finding *lint_report(struct lint_context *c, struct place at, const char *fix, const char *fmt, ...)
	PRINTF(4, 5);

/*
 * The value at PATH below the document ("spec.kprobes[0].selectors[1].label"), NULL = none. Its span in the text, key
 * not included: false when it has none of its own (alias, merge, UTF-16).
 */
const struct yaml_node *lint_node(const struct lint_context *c, const char *path);
bool lint_span(const struct lint_context *c, const struct yaml_node *node, size_t *ret_from, size_t *ret_to);

/* The mechanical change that F asks for; F may be NULL. TEXT is copied. */
void lint_edit(struct lint_context *c, struct finding *f, size_t from, size_t to, const char *text);

/* ---- the table ---- */

struct lint_rule {
	const char *id;
	enum severity severity;
	enum policy_stage stage;         /* STAGE_OK: a pitfall */
	const char *title;
	void (*run)(struct lint_context *c);   /* pitfalls */
};

/* Every rule there is: of the stages (schema/policy_rules.def), then of lints.def. */
size_t lint_rules(const struct lint_rule **ret);
const struct lint_rule *lint_rule_find(const char *id);

#define LINT(symbol, id, severity, title) void lint_##symbol(struct lint_context *c);
#include "compiler/lint/lints.def"
#undef LINT
