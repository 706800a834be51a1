/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TracingPolicy document as data: every field of the CRD, every hook section flattened into
 * one list of hooks. Reading, printing and checking are in policy_*.c; nothing here judges events (compiler/eval/eval.h).
 * All strings and arrays live in the policy's arena. Values keep the text as written: what it means depends on
 * operator and argument type.
 */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/buf.h"
#include "schema/base/diag.h"
#include "schema/allowlist.h"
#include "schema/event.h"
#include "schema/finding.h"

struct strs {
	struct str *v;
	size_t n;
};

enum section { SECTION_KPROBE, SECTION_FENTRY, SECTION_TRACEPOINT, SECTION_LSM, SECTION_UPROBE, SECTION_USDT };
extern const char *const policy_section_names[SECTION_USDT + 1];   /* "kprobes" ... */

/* OPERATOR(symbol, "Spelling"), ACTION(symbol, "Spelling"), TYPE(symbol, "spelling") */
enum policy_operator {
#define OPERATOR(symbol, name) OPERATOR_##symbol,
#include "schema/operators.def"
#undef OPERATOR
	OPERATOR_COUNT
};
enum policy_action {
#define ACTION(symbol, name) ACTION_##symbol,
#include "schema/actions.def"
#undef ACTION
	ACTION_COUNT
};
enum policy_type {
#define TYPE(symbol, name) TYPE_##symbol,
#include "schema/types.def"
#undef TYPE
	TYPE_COUNT
};

struct spec_arg {
	struct place at;
	uint32_t index;
	enum policy_type type;
	struct str resolve, label, source, btf_type, btf_type_module;
	int32_t size_arg_index;       /* 0 = not given */
	bool return_copy, max_data;
};

struct arg_filter {                   /* matchArgs, matchData, matchReturnArgs */
	struct place at;
	uint32_t index;
	uint32_t *args;               /* args: [n]; wins over index */
	size_t nargs;
	enum policy_operator op;
	struct strs values;
};

struct binary_filter {                /* matchBinaries, matchParentBinaries */
	struct place at;
	enum policy_operator op;      /* In NotIn Prefix NotPrefix Postfix NotPostfix */
	struct strs values;
	bool follow_children;
};

struct pid_filter {
	struct place at;
	enum policy_operator op;
	uint32_t *values;
	size_t n;
	bool namespace_pid, follow_forks;
};

struct namespace_filter {             /* matchNamespaces; matchNamespaceChanges has no namespace */
	struct place at;
	struct str namespace;
	enum policy_operator op;
	struct strs values;
};

struct capability_filter {            /* matchCapabilities, matchCapabilityChanges */
	struct place at;
	struct str type;              /* Effective Inheritable Permitted */
	enum policy_operator op;
	bool namespace_capability;
	struct strs values;
};

struct action {
	struct place at;
	enum policy_action action;
	int32_t error;                /* argError */
	uint32_t sig;                 /* argSig */
	uint32_t sock, index, value;
	struct str url, fqdn;
	struct strs regs;
	struct str rate_limit, rate_limit_scope;
	struct str new_symbol;
	uint64_t new_addr;
	int64_t new_offset;
	bool has_new_addr, has_new_offset, has_error, has_sig;
	bool kernel_stack, user_stack, ima_hash;
};

struct label_requirement {
	struct str key, op;           /* In NotIn Exists DoesNotExist */
	struct strs values;
};
struct label_selector {
	struct place at;
	struct label *labels;
	size_t nlabels;
	struct label_requirement *expressions;
	size_t nexpressions;
};

struct workload_filter {              /* matchWorkloads */
	struct label_selector *pod, *container, *host;  /* NULL = absent */
};

struct selector {
	struct place at;
	struct str label;
	struct arg_filter *args, *data, *return_args;
	size_t nargs, ndata, nreturn_args;
	struct binary_filter *binaries, *parent_binaries;
	size_t nbinaries, nparent_binaries;
	struct pid_filter *pids;
	size_t npids;
	struct namespace_filter *namespaces, *namespace_changes;
	size_t nnamespaces, nnamespace_changes;
	struct capability_filter *capabilities, *capability_changes;
	size_t ncapabilities, ncapability_changes;
	struct workload_filter *workloads;
	size_t nworkloads;
	struct action *actions, *return_actions;
	size_t nactions, nreturn_actions;
	struct strs macros;
};

struct hook {
	struct place at;
	enum section section;
	struct str call;              /* kprobe, fentry: call; lsm: hook; tracepoint: event */
	struct str subsystem;         /* tracepoint; uprobe and usdt: path */
	struct str provider;          /* usdt; call = name */
	struct strs symbols, binary_digests;   /* uprobe */
	uint64_t *offsets, *addrs, *ref_ctr_offsets;
	size_t noffsets, naddrs, nref_ctr_offsets;
	struct str btf_path;
	bool syscall;                 /* kprobe: default true */
	bool raw;                     /* tracepoint */
	bool ret;                     /* return: true */
	bool ignore_call_not_found, ignore_digest_failure;
	struct str message;
	struct strs tags;
	struct spec_arg *args, *data;
	size_t nargs, ndata;
	struct spec_arg *return_arg;  /* NULL = absent */
	struct str return_arg_action;
	struct selector *selectors;
	size_t nselectors;
};

struct policy_list {
	struct place at;
	struct str name, type, pattern;
	struct strs values;
	bool validated;
};
struct policy_enforcer {
	struct strs calls;
};
struct policy_macro {
	struct str name;
	struct selector selector;
};
struct policy_option {
	struct place at;
	struct str name, value;
};

struct policy {
	struct arena *arena;          /* owns everything */
	struct str file;
	unsigned line, document;      /* where the document begins; its number from 1 */
	struct str comment;           /* written above the document by policy_print, each line after "# " */
	bool namespaced;              /* kind TracingPolicyNamespaced */
	struct str name, namespace;
	struct label *labels, *annotations;
	size_t nlabels, nannotations;
	struct hook *hooks;
	size_t nhooks;
	struct label_selector *pod, *container, *host, *node;
	struct policy_list *lists;
	size_t nlists;
	struct policy_enforcer *enforcers;
	size_t nenforcers;
	struct policy_option *options;
	size_t noptions;
	struct policy_macro *macros;
	size_t nmacros;
	bool loader;
};

struct policy *policy_new(void);
void policy_free(struct policy *p);
DEFINE_CLEANUP(struct policy *, policy_free)

/*
 * Reads every TracingPolicy document of TEXT. A document that is not one, or has a field that no schema
 * knows, is an error in D naming file, line, column and field path. *ret is a malloc'ed array, the caller frees
 * each policy and the array.
 */
int policies_parse(const char *file, struct str text, struct diag *d, struct policy ***ret,
		   size_t *ret_n);
int policies_read(const char *file, struct diag *d, struct policy ***ret, size_t *ret_n);

/*
 * The document as YAML: only what differs from its default, fields in the order of the grammar
 * (schema/policy_fields.c), byte-stable; parse(print(p)) equals p.
 */
void policy_print(const struct policy *p, struct buf *b);

/* Does the selector match these labels? NULL selector = absent = true. */
/* What the API server takes as the value of a label: at most 63 letters, digits, '-', '_', '.', the ends letters or digits. */
bool label_value_fits(struct str s);

bool label_selector_matches(const struct label_selector *s, const struct label *labels, size_t n);

const char *operator_name(enum policy_operator op);
const char *action_name(enum policy_action a);
const char *type_name(enum policy_type t);
