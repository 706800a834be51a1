/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the lints go through a policy: each filter with its argument, each action, each selector with its macros; and what
 * they ask of a hook. What a macro brings is visited where it is first used, with its own place as the path.
 */
#pragma once

#include "compiler/lint/lint.h"
#include "schema/base/map.h"
#include "schema/policy_load_private.h"

/* S has its macros in it. ARG: what F compares, never NULL. */
typedef void lint_filter_fn(struct lint_context *c, const struct hook *h, const struct selector *s,
			    const struct arg_filter *f, const struct spec_arg *arg);
typedef void lint_binaries_fn(struct lint_context *c, const struct hook *h, const struct selector *s,
			      const struct binary_filter *f);
typedef void lint_action_fn(struct lint_context *c, const struct hook *h, const struct selector *s,
			    const struct action *a);

void lint_each_filter(struct lint_context *c, lint_filter_fn *fn);          /* matchArgs, matchData */
void lint_each_binaries(struct lint_context *c, lint_binaries_fn *fn);      /* matchBinaries */
void lint_each_action(struct lint_context *c, lint_action_fn *fn);          /* matchActions */
void lint_each_return_action(struct lint_context *c, lint_action_fn *fn);   /* matchReturnActions */
void lint_each_whole(struct lint_context *c, lint_selector_fn *fn);         /* selectors, macros in them */
/* Lets many macros be found by name; the caller frees what is returned. */
struct map *lint_index_macros(struct lint_context *c);
struct selector lint_whole(const struct lint_context *c, const struct selector *s);

/* ---- reporting ---- */

/* At "values[i]" of the filter where the walk is. */
struct finding *lint_report_value(struct lint_context *c, struct place at, size_t i, const char *fix, const char *fmt,
				  ...) PRINTF(5, 6);
/* As lint_report(); a note when nobody said where the policy will run. */
struct finding *lint_report_target(struct lint_context *c, struct place at, const char *fix, const char *fmt, ...)
	PRINTF(4, 5);
const char *lint_fmt(struct lint_context *c, const char *fmt, ...) PRINTF(2, 3);

/* ---- questions ---- */

/* Sigkill, Override, NotifyEnforcer, Signal, Set; as written, whether or not they work. */
bool lint_action_stops(const struct action *a);
bool lint_stops(const struct selector *s);                     /* by matchActions */
bool lint_hook_stops(const struct lint_context *c, const struct hook *h);
bool lint_policy_stops(const struct lint_context *c);
bool lint_has_action(const struct selector *s, enum policy_action a);
bool lint_negative(enum policy_operator op);                   /* NotX */
bool lint_has_filters(const struct selector *s);               /* else it takes every hit */

/* The hook that is LSM's NAME and the kprobe security_NAME; bprm_check is also bprm_check_security. */
bool lint_hook_is(const struct hook *h, const char *name);
bool lint_syscall_is(const struct hook *h, const char *name);  /* the kprobe sys_NAME, any prefix */
bool lint_policy_hooks(const struct lint_context *c, const char *name, bool stopping);
const char *lint_hook_text(struct lint_context *c, const struct hook *h);   /* "lsm file_open", "sys_openat" */
bool lint_tracepoint_is(const struct hook *h, const char *subsystem, const char *event);

/* An exec passes the hook: whose record is judged there. */
enum lint_exec {
	LINT_EXEC_NONE,
	LINT_EXEC_CALL,      /* system call: the caller's; no file yet */
	LINT_EXEC_CHECK,     /* the caller's; the file is an argument */
	LINT_EXEC_COMMIT,    /* the caller's, past the point of no return */
	LINT_EXEC_DONE,      /* sched_process_exec: the new program's */
	LINT_EXEC_EXIT,      /* the call's return: the new program's when it succeeded */
};
enum lint_exec lint_exec_hook(const struct hook *h);

/* path, file, dentry, linux_binprm, fd */
bool lint_is_path(enum policy_type t);
bool lint_is_path_operator(enum policy_operator op);   /* (Not)Equal, (Not)Prefix, (Not)Postfix */

/*
 * What may be executed by the selectors that stop the rest: calls FN with the walk at the list. OP: NotEqual, NotIn,
 * NotPrefix or NotPostfix.
 */
typedef void lint_allowed_fn(struct lint_context *c, const struct hook *h, const struct selector *s,
			     enum policy_operator op, const struct strs *values, struct place at);
void lint_each_allowed(struct lint_context *c, lint_allowed_fn *fn);

/* Is a container runtime among these programs? */
bool lint_lists_runtime(const struct strs *values);

/* Does the policy reach the host's own processes? */
bool lint_reaches_host(const struct lint_context *c);

/* ---- edits: false, and no edit, where the text has no such form ---- */

bool lint_edit_value(struct lint_context *c, struct finding *f, const char *path, struct str text);
bool lint_edit_remove(struct lint_context *c, struct finding *f, const char *list, size_t i);
/* "KEY: VALUE" into the map at PATH; VALUE is YAML of one line. Replaces what KEY has. */
bool lint_edit_set(struct lint_context *c, struct finding *f, const char *path, const char *key, const char *value);
/* Gives what readers refuse its edits, where one needs no judgement. It asks no policy. */
void lint_edit_refused(struct lint_context *c);
/* The option NAME with VALUE. */
bool lint_edit_option(struct lint_context *c, struct finding *f, const char *name, const char *value);
