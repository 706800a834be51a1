/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small edits of policies and allowlists that could turn a verdict. They are proposals: whoever takes one applies it to a copy and
 * judges anew, since another selector, hook or policy may decide the same.
 */
#pragma once

#include "compiler/eval/eval_trace.h"
#include "compiler/replay/policy_set.h"
#include "schema/allowlist.h"

enum edit_kind { EDIT_ADD_VALUE, EDIT_REMOVE_VALUE, EDIT_ADD_FILTER, EDIT_REMOVE_FILTER, EDIT_ADD_ENTRY, EDIT_REMOVE_ENTRY };

struct edit {
	enum edit_kind kind;
	size_t policy;                /* as in judgements */
	size_t hook;
	int selector;
	/* A value of a policy's list, or the filter that has it; NULL with a filter to add: */
	const struct strs *values;
	const struct pid_filter *pids;   /* ... of matchPIDs, whose values are numbers */
	enum policy_operator op;
	bool process;                 /* the list is about who acts */
	bool program;                 /* ... by the program */
	struct str value;
	bool wide;                    /* the value stands for more than the event's */
	const struct spec_arg *arg;   /* of a filter to add that is about no process: of the policy's hook */
	/* An allowlist's entry: what to add, or the number of what to remove. */
	enum kind section;            /* KIND_EXEC, KIND_FILE, KIND_CONNECT, KIND_GUARD */
	size_t number;
	union {
		struct allow_exec exec;
		struct allow_file file;
		struct allow_connect connect;
	};
};

struct edits {
	struct edit *v;
	size_t n;
};

/* What could keep judgement J from stopping EV, the narrowest first. */
void edits_to_pass(const struct policy_set *set, const struct judgement *j, const struct trace *t, const struct event *ev,
		   struct arena *arena, struct edits *ret);

/* What could make a selector or an allowlist stop EV. */
void edits_to_stop(const struct policy_set *set, const struct trace *t, const struct event *ev, struct arena *arena, struct edits *ret);

/* A set that borrows all of FROM but what EDIT changed. */
struct edited_set {
	struct policy_set set;
	struct policy *policy;        /* the changed one, or */
	struct image *image;
	struct allowlist *allowlist;
};
#define CLEANUP_EDITED_SET __attribute__((cleanup(edited_set_done)))

/* -EINVAL when the edited policy would not load on TARGET any more, or is no allowlist that can be changed. */
int edit_apply(const struct policy_set *from, const struct edit *edit, const struct target *target, struct edited_set *ret);
void edited_set_done(struct edited_set *s);

/* "add /usr/bin/id to matchArgs NotEqual, shells.yaml:12:9"; raw bytes of names. */
void edit_words(const struct policy_set *set, const struct edit *edit, struct buf *b);

/* The filter to add, as YAML of one line. */
void edit_filter(const struct policy_set *set, const struct edit *edit, struct buf *b);

/* How the values of an operator hold; LIST_NONE: it has no list that takes the event's own value. */
enum list_way { LIST_NONE, LIST_WHOLE, LIST_STARTS, LIST_ENDS, LIST_NETWORKS, LIST_SPANS };
enum list_way list_way_of(enum policy_operator op);

/* In general, whatever was recorded: what the edit admits or stops. */
/* Of an edit of a policy: the field of the selector that it changes. */
const char *edit_field(const struct policy_set *set, const struct edit *edit);
void edit_reach(const struct policy_set *set, const struct edit *edit, struct buf *b);

/* The place of its list, or of the selector that gets a filter; line 0 = none. */
struct place edit_place(const struct policy_set *set, const struct edit *edit);
