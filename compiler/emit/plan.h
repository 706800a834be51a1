/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From what must be denied at one hook to hook entries that load. A plan collects denials, each complete in
 * itself, and packs them into as few entries as the limits allow: 5 selectors, 1,024 bytes of selector area,
 * 8 tables of a kind. Since a hook entry denies on its own, any split of denials means the same.
 *
 * The first selector that matches wins, so "everybody else" is said by letting the others pass first: a denial
 * may name preludes (selectors that let pass) which must stand before it, and no other may.
 */
#pragma once

#include "compiler/emit/compile.h"
#include "compiler/allow/lower.h"
#include "schema/policy.h"
#include "schema/policy_load.h"

struct plan_arg {
	uint8_t index, kprobe_index;      /* position in the LSM hook; in security_* */
	enum policy_type type;
	const char *resolve;              /* or NULL */
};

struct plan_hook {
	const char *lsm, *kprobe;         /* kprobe: security_*; a tracepoint has "subsystem/event" in both */
	struct plan_arg args[POLICY_FILTERS_MAX];
	uint8_t nargs;
	unsigned since;                   /* kernel that has it; TARGET_KERNEL() */
};

struct plan_filter {
	uint8_t arg;                      /* position in plan_hook.args */
	enum policy_operator op;
	struct strs values;
};

struct plan_selector {
	struct strs callers;              /* matchBinaries; none = any */
	bool not_callers;                 /* NotIn */
	struct strs without_capabilities; /* matchCapabilities NotIn */
	struct plan_filter filters[POLICY_FILTERS_MAX];
	uint8_t nfilters;
	bool pass;                        /* let pass instead of denying */
	uint32_t after;                   /* preludes that must come before: bits of PLAN_AFTER_* */
};

enum plan_prelude {                       /* in the order they are placed */
	PLAN_AFTER_RUNTIME = 1,           /* the container runtime's own re-execution passed */
	PLAN_AFTER_CALLERS = 2,           /* callers with rules of their own passed */
	PLAN_AFTER_PROTOCOLS = 4,         /* protocols with rules of their own passed */
};
#define PLAN_PRELUDES 3

struct plan {
	struct arena *arena;
	const struct plan_hook *hook;
	const char *kind, *threat, *cannot, *false_positive;
	uint32_t access;                  /* file: ACCESS_* that it judges */
	struct { struct plan_selector *v; size_t n, cap; } denials;
	struct { struct plan_selector *v; size_t n, cap; } preludes[PLAN_PRELUDES];
	size_t nclasses;                  /* of callers that a prelude lets pass */
};

struct plan_entry {                       /* the selectors of one hook entry */
	struct plan_selector v[POLICY_SELECTORS_MAX];
	size_t n;
};
struct plan_entries {
	struct plan_entry *v;
	size_t n, cap;
};

void plan_done(struct plan *p);
struct plan_selector *plan_deny(struct plan *p, uint32_t after);
struct plan_selector *plan_prelude(struct plan *p, enum plan_prelude which);
void plan_filter(struct plan_selector *s, uint8_t arg, enum policy_operator op, struct strs values);

/* A list of values in the plan's arena. */
void plan_value(struct plan *p, struct strs *list, struct str value);
struct strs plan_values(struct plan *p, const char *const *values, size_t n);

/*
 * What every class of callers and everybody else are denied alike becomes one denial for all, without callers.
 * Call it when all denials are in.
 */
void plan_share(struct plan *p);

/* Packs; false when one denial alone exceeds the limits. The caller frees ret->v. */
bool plan_pack(const struct plan *p, struct plan_entries *ret);

/* ---- what the kinds of rules deny; each returns 0 or -EINVAL with reasons in D ---- */

struct emission {
	const struct lowered *l;
	const struct compile_options *o;
	enum shape shape;                 /* decided for this kind */
	bool scoped;                      /* runs in containers: the runtime must be able to start them */
	struct arena *arena;
	struct diag *d;
	struct { struct plan *v; size_t n, cap; } plans;
};

struct plan *emission_plan(struct emission *e, const struct plan_hook *hook);

/* -EINVAL, with the allowlist's file and the line of the first entry that names WHAT, a path or a caller ("" = none), in D. */
int emission_refuse(struct emission *e, struct str what, const char *fmt, ...) PRINTF(3, 4);
int emit_exec(struct emission *e);
int emit_file(struct emission *e);
int emit_connect(struct emission *e);
int emit_guards(struct emission *e);

/* Callers whose rules differ from everybody's, grouped by having the same rows. */
struct caller_class {
	struct strs callers;
	uint32_t id;                      /* one of the callers, to find its rows */
};
struct caller_classes {
	struct caller_class *v;
	size_t n, cap;
};
/*
 * KEY appends what identifies caller ID's rows (nothing: it has none of its own). The caller frees ret->v; the
 * strings are in E's arena.
 */
void classify_callers(struct emission *e, void (*key)(const struct lowered *l, uint32_t id,
						      const void *arg, struct buf *b),
		      const void *arg, struct caller_classes *ret);
/* A prelude that lets all of them pass, for the denials of everybody else. */
void pass_callers(struct plan *p, const struct caller_classes *classes);

/* Refuses values that the kernel's tables cannot hold, naming the path. */
void check_equal(struct emission *e, const struct strs *values);
void check_prefix(struct emission *e, const struct strs *values);
/* matchBinaries compares the first 255 bytes only. */
int check_callers(struct emission *e, const struct strs *callers);
