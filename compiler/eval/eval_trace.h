/* SPDX-License-Identifier: GPL-2.0-only */
/* How the engine came to its judgements of the last event: every hook it reached, every filter that was looked at. */
#pragma once

#include "compiler/eval/eval.h"
#include "schema/base/arena.h"

enum trace_kind {
	TRACE_HOOK,             /* the event reaches a hook */
	TRACE_SCOPE,            /* is the process one that the policy is for? */
	TRACE_RECORD,           /* whose record the process filters look at */
	TRACE_SELECTOR,         /* does it match? */
	TRACE_FILTER,           /* ... one filter of it */
};

enum trace_answer { TRACE_NO, TRACE_YES, TRACE_UNKNOWN, TRACE_NOT_ASKED };
const char *trace_answer_name(enum trace_answer a);   /* no yes unknown not-asked */

struct trace_step {
	enum trace_kind kind;
	enum trace_answer answer;
	size_t policy, hook;
	int selector;           /* -1 = none */
	struct str words;       /* raw bytes of names */
	/* A filter that compares with a list: */
	const struct strs *values;   /* in the policy; NULL = no list, or one of numbers: */
	const struct pid_filter *pids;
	enum policy_operator op;
	struct str value;       /* what is compared with it, as it would be written there; empty = not known */
	bool process;           /* it is about who acts, not about what is acted on */
	bool program;           /* ... by its program */
	/* A further filter on the same argument that lets just this pass by: */
	const struct spec_arg *arg;  /* in the policy; NULL = of no argument */
	enum policy_operator except;
	struct str excepted;    /* empty = none would */
};

struct trace {
	struct trace_step *v;
	size_t n;
};

/* Steps live in ARENA. */
void engine_trace(struct engine *e, struct arena *arena, struct trace *ret);

/* The listed value most like TEXT, for "did you mean"; empty when there is none. */
struct str nearest_value(const struct strs *values, struct str text);
