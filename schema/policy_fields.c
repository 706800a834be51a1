/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rows, as of CRD schema 1.8. Order is the order of printing: what a reader looks for first comes first.
 * A required field with a default (an argument's type) counts as optional, as the default is set before the check.
 */
#include "schema/policy_fields.h"

#define NAMES(...)                                                                                 \
	&(const struct field_names)                                                                \
	{                                                                                          \
		(const char *const[]){__VA_ARGS__},                                                \
			sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                \
	}

static const char *const operator_words[] = {
#define OPERATOR(symbol, name) name,
#include "schema/operators.def"
#undef OPERATOR
};
/* In and NotIn are the last two: arguments take all before them. */
static const struct field_names arg_operators = {operator_words, OPERATOR_IN};
static const struct field_names type_names = {
	(const char *const[]){
#define TYPE(symbol, name) name,
#include "schema/types.def"
#undef TYPE
	}, TYPE_COUNT};
static const struct field_names action_names = {
	(const char *const[]){
#define ACTION(symbol, name) name,
#include "schema/actions.def"
#undef ACTION
	}, ACTION_COUNT};

const char *const policy_section_names[SECTION_USDT + 1] = {"kprobes", "fentries", "tracepoints", "lsmhooks", "uprobes", "usdts"};

const char *operator_name(enum policy_operator op)
{
	return operator_words[op];
}

int policy_operator_from(struct str name)
{
	for (int i = 0; i < OPERATOR_COUNT; i++)
		if (name.n && operator_words[i][0] == name.p[0] && str_eq(name, str_from(operator_words[i])))
			return i;
	return -1;
}

int policy_operator_alias(struct str name)
{
	static const struct {
		const char *name;
		enum policy_operator op;
	} aliases[] = {
		{"gt", OPERATOR_GT}, {"lt", OPERATOR_LT}, {"eq", OPERATOR_EQUAL}, {"neq", OPERATOR_NOT_EQUAL},
		{"prefix", OPERATOR_PREFIX}, {"notprefix", OPERATOR_NOT_PREFIX},
		{"postfix", OPERATOR_POSTFIX}, {"notpostfix", OPERATOR_NOT_POSTFIX}, {"mask", OPERATOR_MASK},
		{"saddr", OPERATOR_SADDR}, {"Saddr", OPERATOR_SADDR}, {"notsaddr", OPERATOR_NOT_SADDR}, {"NotSaddr", OPERATOR_NOT_SADDR},
		{"daddr", OPERATOR_DADDR}, {"Daddr", OPERATOR_DADDR}, {"notdaddr", OPERATOR_NOT_DADDR}, {"NotDaddr", OPERATOR_NOT_DADDR},
		{"sport", OPERATOR_SPORT}, {"Sport", OPERATOR_SPORT}, {"notsport", OPERATOR_NOT_SPORT}, {"NotSport", OPERATOR_NOT_SPORT},
		{"dport", OPERATOR_DPORT}, {"Dport", OPERATOR_DPORT}, {"notdport", OPERATOR_NOT_DPORT}, {"NotDport", OPERATOR_NOT_DPORT},
		{"sportpriv", OPERATOR_SPORT_PRIV}, {"SportPriv", OPERATOR_SPORT_PRIV},
		{"notsportpriv", OPERATOR_NOT_SPORT_PRIV}, {"NotSPortPriv", OPERATOR_NOT_SPORT_PRIV},
		{"dportpriv", OPERATOR_DPORT_PRIV}, {"DportPriv", OPERATOR_DPORT_PRIV},
		{"notdportpriv", OPERATOR_NOT_DPORT_PRIV}, {"NotDportPriv", OPERATOR_NOT_DPORT_PRIV},
		{"protocol", OPERATOR_PROTOCOL}, {"family", OPERATOR_FAMILY}, {"state", OPERATOR_STATE},
	};
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (str_eq(name, str_from(aliases[i].name)))
			return (int)aliases[i].op;
	return -1;
}

const char *action_name(enum policy_action a)
{
	return action_names.v[a];
}

const char *type_name(enum policy_type t)
{
	return type_names.v[t];
}

/* ---- CEL rules ---- */

static void rule_host(struct policy_reader *r, const struct yaml_node *node)
{
	if (policy_present(r, node, "matchLabels") || policy_present(r, node, "matchExpressions"))
		policy_reject(r, RULE_HOST_SELECTOR, node, "write {} for the host or leave the key out",
			      "hosts cannot be told apart by labels");
}

static void rule_return(struct policy_reader *r, const struct yaml_node *node)
{
	const struct yaml_node *ret = yaml_get(node, "return"), *arg = yaml_get(node, "returnArg");
	if (ret && ret->kind == YAML_BOOL && ret->boolean && (!arg || arg->kind == YAML_NULL))
		policy_reject(r, RULE_RETURN_ARG, ret, "add it, such as returnArg: {index: 0, type: int}",
			      "return: true needs returnArg");
}

static void at_most_one(struct policy_reader *r, const struct yaml_node *node, const char *const keys[3])
{
	const struct yaml_node *first = NULL;
	for (size_t i = 0; i < 3; i++) {
		const struct yaml_node *n = policy_present(r, node, keys[i]);
		if (n && first)
			policy_reject(r, RULE_ONE_OF, n->key, "keep one, the others not even empty",
				      "at most one of %s, %s and %s", keys[0], keys[1], keys[2]);
		if (n)
			first = n;
	}
}

static void rule_uprobe(struct policy_reader *r, const struct yaml_node *node)
{
	at_most_one(r, node, (const char *const[]){"symbols", "offsets", "addrs"});
	rule_return(r, node);
}

static void rule_action(struct policy_reader *r, const struct yaml_node *node)
{
	at_most_one(r, node, (const char *const[]){"argNewSymbol", "argNewAddr", "argNewOffset"});
}

/* ---- rows ---- */

#define OBJECT(id, title, type, place, ...)                                                        \
	static const struct field_object id##_object = {                                           \
		.name = title, .fields = id##_fields, .nfields = ARRAY_SIZE(id##_fields),          \
		.size = sizeof(type), .at = place, .section = -1, __VA_ARGS__}
#define AT(type) offsetof(type, at)

#define S struct label_requirement
static const struct field requirement_fields[] = {
	{"key", FIELD_STRING, FIELD_REQUIRED, offsetof(S, key), .help = "the label"},
	{"operator", FIELD_STRING, FIELD_REQUIRED, offsetof(S, op),
	 .names = NAMES("In", "NotIn", "Exists", "DoesNotExist"), .help = "how the label relates to the values"},
	{"values", FIELD_STRINGS, 0, offsetof(S, values), .help = "for In (at least one) and NotIn"},
};
OBJECT(requirement, "a requirement", S, NO_PLACE);
#undef S

#define S struct label_selector
static const struct field labels_fields[] = {
	{"matchLabels", FIELD_LABELS, FIELD_LABEL_SYNTAX, offsetof(S, labels), offsetof(S, nlabels),
	 .help = "labels that must have exactly these values"},
	{"matchExpressions", FIELD_LIST, 0, offsetof(S, expressions), offsetof(S, nexpressions),
	 .object = &requirement_object, .help = "requirements on labels, all of which must hold"},
};
OBJECT(labels, "a selector of labels", S, AT(S));
static const struct field_object host_object = {
	.name = "a selector of hosts", .fields = labels_fields, .nfields = ARRAY_SIZE(labels_fields),
	.size = sizeof(S), .at = AT(S), .section = -1, .rule = rule_host,
	.rule_text = "only {}: no matchLabels, no matchExpressions; not in a TracingPolicyNamespaced"};
#undef S

#define S struct spec_arg
static const struct field arg_fields[] = {
	{"index", FIELD_U32, FIELD_REQUIRED | FIELD_INT32 | FIELD_NATURAL, offsetof(S, index),
	 .help = "position in the hook's signature, from 0"},
	{"type", FIELD_ENUM, 0, offsetof(S, type), .fallback = "auto", .names = &type_names,
	 .help = "what it is; auto is for tracepoints only"},
	{"source", FIELD_STRING, 0, offsetof(S, source),
	 .help = "data only: current_task or pt_regs instead of an argument"},
	{"resolve", FIELD_STRING, 0, offsetof(S, resolve), .fallback = "\"\"",
	 .help = "path of members to follow from the argument, such as file.f_inode.i_mode"},
	{"btfType", FIELD_STRING, 0, offsetof(S, btf_type), .help = "the type that resolve starts from"},
	{"btfTypeModule", FIELD_STRING, 0, offsetof(S, btf_type_module),
	 .help = "the kernel module that defines btfType"},
	{"sizeArgIndex", FIELD_I32, FIELD_INT32 | FIELD_NATURAL, offsetof(S, size_arg_index),
	 .help = "char_buf, char_iovec: which argument holds the length, counted from 1"},
	{"returnCopy", FIELD_BOOL, 0, offsetof(S, return_copy), .fallback = "false",
	 .help = "read it when the function returns"},
	{"maxData", FIELD_BOOL, 0, offsetof(S, max_data), .fallback = "false",
	 .help = "char_buf: read up to 327,360 bytes instead of 4,096"},
	{"label", FIELD_STRING, 0, offsetof(S, label), .help = "its name in the event"},
};
OBJECT(arg, "an argument", S, AT(S));
#undef S

#define S struct arg_filter
static const struct field filter_fields[] = {
	{"index", FIELD_U32, FIELD_INT32 | FIELD_NATURAL | FIELD_SHOWN, offsetof(S, index),
	 .help = "the argument, by its index in the hook's signature"},
	{"args", FIELD_U32S, FIELD_INT32 | FIELD_NATURAL, offsetof(S, args), offsetof(S, nargs),
	 .help = "the argument, by its position in the list of args; wins over index"},
	{"operator", FIELD_OPERATOR, FIELD_REQUIRED, offsetof(S, op), .names = &arg_operators,
	 .help = "how the argument relates to the values"},
	{"values", FIELD_STRINGS, 0, offsetof(S, values), .help = "any of them; negative operators: none of them"},
};
OBJECT(filter, "an argument filter", S, AT(S));
#undef S

#define S struct binary_filter
static const struct field binary_fields[] = {
	{"operator", FIELD_OPERATOR, FIELD_REQUIRED, offsetof(S, op),
	 .names = NAMES("In", "NotIn", "Prefix", "NotPrefix", "Postfix", "NotPostfix"),
	 .help = "how the program's resolved path relates to the values"},
	{"values", FIELD_STRINGS, FIELD_REQUIRED, offsetof(S, values), .help = "resolved paths"},
	{"followChildren", FIELD_BOOL, 0, offsetof(S, follow_children), .fallback = "false",
	 .help = "the descendants of these programs as well (In, NotIn)"},
};
OBJECT(binary, "a filter of programs", S, AT(S));
#undef S

#define S struct pid_filter
static const struct field pid_fields[] = {
	{"operator", FIELD_OPERATOR, FIELD_REQUIRED, offsetof(S, op), .names = NAMES("In", "NotIn"),
	 .help = "how the process id relates to the values"},
	{"values", FIELD_U32S, FIELD_REQUIRED | FIELD_INT32, offsetof(S, values), offsetof(S, n),
	 .help = "process ids; only the first four count"},
	{"isNamespacePID", FIELD_BOOL, 0, offsetof(S, namespace_pid), .fallback = "false",
	 .help = "ids inside the process's pid namespace"},
	{"followForks", FIELD_BOOL, 0, offsetof(S, follow_forks), .fallback = "false",
	 .help = "the descendants as well"},
};
OBJECT(pid, "a filter of process ids", S, AT(S));
#undef S

#define S struct namespace_filter
static const struct field namespace_fields[] = {
	{"namespace", FIELD_STRING, FIELD_REQUIRED | FIELD_ANY_CASE, offsetof(S, namespace),
	 .names = NAMES("Uts", "Ipc", "Mnt", "Pid", "PidForChildren", "Net", "Time", "TimeForChildren",
			"Cgroup", "User"), .help = "which of the process's namespaces"},
	{"operator", FIELD_OPERATOR, FIELD_REQUIRED, offsetof(S, op), .names = NAMES("In", "NotIn"),
	 .help = "how its number relates to the values"},
	{"values", FIELD_STRINGS, FIELD_REQUIRED, offsetof(S, values), .help = "host_ns or inode numbers"},
};
OBJECT(namespace, "a filter of namespaces", S, AT(S));
static const struct field ns_change_fields[] = {
	{"operator", FIELD_OPERATOR, FIELD_REQUIRED, offsetof(S, op), .names = NAMES("In", "NotIn"),
	 .help = "how the changed namespaces relate to the values"},
	{"values", FIELD_STRINGS, FIELD_REQUIRED, offsetof(S, values), .help = "names of namespaces"},
};
OBJECT(ns_change, "a filter of namespace changes", S, AT(S));
#undef S

#define S struct capability_filter
static const struct field capability_fields[] = {
	{"type", FIELD_STRING, FIELD_ANY_CASE, offsetof(S, type), .fallback = "Effective",
	 .names = NAMES("Effective", "Inheritable", "Permitted"), .help = "which of the process's sets"},
	{"operator", FIELD_OPERATOR, FIELD_REQUIRED, offsetof(S, op), .names = NAMES("In", "NotIn"),
	 .help = "In: any of them is set; NotIn: none is"},
	{"isNamespaceCapability", FIELD_BOOL, 0, offsetof(S, namespace_capability), .fallback = "false",
	 .help = "only in a user namespace other than the first"},
	{"values", FIELD_STRINGS, FIELD_REQUIRED, offsetof(S, values), .help = "CAP_ names; DAC_OVERRIDE without CAP_"},
};
OBJECT(capability, "a filter of capabilities", S, AT(S));
#undef S

#define S struct action
static const struct field action_fields[] = {
	{"action", FIELD_ENUM, FIELD_REQUIRED | FIELD_ANY_CASE, offsetof(S, action), .names = &action_names,
	 .help = "what to do"},
	{"argError", FIELD_I32, FIELD_INT32, offsetof(S, error), .has = offsetof(S, has_error),
	 .help = "Override, NotifyEnforcer: what the call returns, a negative errno"},
	{"argSig", FIELD_U32, FIELD_INT32, offsetof(S, sig), .has = offsetof(S, has_sig),
	 .help = "Signal, NotifyEnforcer: the signal's number"},
	{"argSock", FIELD_U32, FIELD_INT32, offsetof(S, sock), .help = "TrackSock: position in the list of args"},
	{"argIndex", FIELD_U32, FIELD_INT32, offsetof(S, index), .help = "Set: the argument"},
	{"argValue", FIELD_U32, FIELD_INT32, offsetof(S, value), .help = "Set: its new value"},
	{"argUrl", FIELD_STRING, 0, offsetof(S, url), .help = "GetUrl: what the agent fetches"},
	{"argFqdn", FIELD_STRING, 0, offsetof(S, fqdn), .help = "DnsLookup: what the agent looks up"},
	{"argRegs", FIELD_STRINGS, 0, offsetof(S, regs), .help = "Override of a uprobe: registers to set"},
	{"argNewSymbol", FIELD_STRING, 0, offsetof(S, new_symbol), .help = "Override of a uprobe: where to go on"},
	{"argNewAddr", FIELD_U64, 0, offsetof(S, new_addr), .has = offsetof(S, has_new_addr),
	 .help = "Override of a uprobe: where to go on"},
	{"argNewOffset", FIELD_I64, 0, offsetof(S, new_offset), .has = offsetof(S, has_new_offset),
	 .help = "Override of a uprobe: where to go on, from here"},
	{"rateLimit", FIELD_STRING, 0, offsetof(S, rate_limit), .help = "Post: at most one in N, Ns, Nm or Nh"},
	{"rateLimitScope", FIELD_STRING, 0, offsetof(S, rate_limit_scope),
	 .help = "rateLimit: per thread, process or global"},
	{"kernelStackTrace", FIELD_BOOL, 0, offsetof(S, kernel_stack), .help = "Post: with the kernel's stack"},
	{"userStackTrace", FIELD_BOOL, 0, offsetof(S, user_stack), .help = "Post: with the program's stack"},
	{"imaHash", FIELD_BOOL, 0, offsetof(S, ima_hash), .help = "Post at an LSM hook: with the file's hash"},
};
OBJECT(action, "an action", S, AT(S), .rule = rule_action,
       .rule_text = "at most one of argNewSymbol, argNewAddr and argNewOffset");
#undef S

#define S struct workload_filter
static const struct field workload_fields[] = {
	{"podSelector", FIELD_POINTER, 0, offsetof(S, pod), .object = &labels_object, .help = "pods, by label"},
	{"containerSelector", FIELD_POINTER, 0, offsetof(S, container), .object = &labels_object,
	 .help = "containers, by name and repo"},
	{"hostSelector", FIELD_POINTER, 0, offsetof(S, host), .object = &host_object, .help = "{}: the host"},
};
OBJECT(workload, "a filter of workloads", S, NO_PLACE);
#undef S

#define S struct selector
#define LIST(key, member, obj, text)                                                               \
	{key, FIELD_LIST, 0, offsetof(S, member), offsetof(S, n##member), .object = &obj##_object, .help = text}
#define LIST_MAX(key, member, obj, max, text)                                                      \
	{key, FIELD_LIST, 0, offsetof(S, member), offsetof(S, n##member), .max_items = max,        \
	 .object = &obj##_object, .help = text}
static const struct field selector_fields[] = {
	{"label", FIELD_STRING, 0, offsetof(S, label), .help = "a name for statistics"},
	{"macros", FIELD_STRINGS, 0, offsetof(S, macros), .help = "names from selectorsMacros to add"},
	{"matchWorkloads", FIELD_POINTER, 0, offsetof(S, workloads), offsetof(S, nworkloads),
	 .object = &workload_object, .help = "only processes of these pods and containers"},
	LIST_MAX("matchBinaries", binaries, binary, 1, "the process's program"),
	LIST_MAX("matchParentBinaries", parent_binaries, binary, 1, "its parent's program"),
	LIST("matchPIDs", pids, pid, "its process id"),
	LIST("matchNamespaces", namespaces, namespace, "its namespaces"),
	LIST("matchCapabilities", capabilities, capability, "its capabilities"),
	LIST("matchNamespaceChanges", namespace_changes, ns_change, "namespaces that changed"),
	LIST("matchCapabilityChanges", capability_changes, capability, "capabilities that changed"),
	LIST("matchArgs", args, filter, "the hook's arguments"),
	LIST("matchData", data, filter, "the hook's data"),
	LIST("matchActions", actions, action, "what to do, in order"),
	LIST("matchReturnArgs", return_args, filter, "the returned value"),
	LIST("matchReturnActions", return_actions, action, "what to do on return"),
};
OBJECT(selector, "a selector", S, AT(S));
#undef S

#define S struct hook
#define MESSAGE {"message", FIELD_STRING, 0, offsetof(S, message), .help = "a text for the event"}
#define TAGS                                                                                       \
	{"tags", FIELD_STRINGS, 0, offsetof(S, tags), .max_items = 16, .help = "tags for the event"}
#define ARGS LIST("args", args, arg, "the arguments to read, at most five")
#define DATA LIST("data", data, arg, "what else to read")
#define RETURN                                                                                     \
	{"return", FIELD_BOOL, 0, offsetof(S, ret), .fallback = "false", .help = "report the return as well"}
#define RETURN_ARG                                                                                 \
	{"returnArg", FIELD_POINTER, 0, offsetof(S, return_arg), .object = &arg_object,            \
	 .help = "the returned value"}
#define SELECTORS LIST("selectors", selectors, selector, "the first that matches decides; at most five")
#define PROBE                                                                                      \
	{"call", FIELD_STRING, FIELD_REQUIRED, offsetof(S, call), .help = "the function, or list:NAME"},  \
	{"syscall", FIELD_BOOL, 0, offsetof(S, syscall), .fallback = "true", .help = "call is a system call"}, \
	RETURN, MESSAGE, TAGS,                                                                     \
	{"ignore", FIELD_OBJECT, 0, 0, .object = &ignore_call_object, .help = "what not to fail for"},   \
	ARGS, DATA, RETURN_ARG,                                                                    \
	{"returnArgAction", FIELD_STRING, 0, offsetof(S, return_arg_action), .help = "TrackSock or UntrackSock"}, \
	SELECTORS
static const struct field ignore_call_fields[] = {
	{"callNotFound", FIELD_BOOL, 0, offsetof(S, ignore_call_not_found),
	 .help = "load the others when this kernel lacks the function"},
};
static const struct field_object ignore_call_object = {"what to ignore", ignore_call_fields, 1, 0,
						       NO_PLACE, 0, -1, NULL, NULL};
static const struct field ignore_digest_fields[] = {
	{"digestVerificationFailure", FIELD_BOOL, 0, offsetof(S, ignore_digest_failure),
	 .help = "attach although the file has another digest"},
};
static const struct field_object ignore_digest_object = {"what to ignore", ignore_digest_fields, 1, 0,
							 NO_PLACE, 0, -1, NULL, NULL};
static const struct field probe_fields[] = {PROBE};
static const struct field tracepoint_fields[] = {
	{"subsystem", FIELD_STRING, FIELD_REQUIRED, offsetof(S, subsystem), .help = "such as raw_syscalls"},
	{"event", FIELD_STRING, FIELD_REQUIRED, offsetof(S, call), .help = "such as sys_exit"},
	{"raw", FIELD_BOOL, 0, offsetof(S, raw), .help = "arguments as the kernel passes them, not as formatted"},
	MESSAGE, TAGS, ARGS, SELECTORS,
};
static const struct field lsm_fields[] = {
	{"hook", FIELD_STRING, FIELD_REQUIRED, offsetof(S, call), .help = "the hook, without security_"},
	MESSAGE, TAGS, ARGS, SELECTORS,
};
static const struct field uprobe_fields[] = {
	{"path", FIELD_STRING, FIELD_REQUIRED, offsetof(S, subsystem), .help = "the program or library"},
	{"symbols", FIELD_STRINGS, 0, offsetof(S, symbols), .help = "its functions, by name"},
	{"offsets", FIELD_U64S, 0, offsetof(S, offsets), offsetof(S, noffsets), .help = "its functions, by file offset"},
	{"addrs", FIELD_U64S, 0, offsetof(S, addrs), offsetof(S, naddrs), .help = "its functions, by address"},
	{"refCtrOffsets", FIELD_U64S, 0, offsetof(S, ref_ctr_offsets), offsetof(S, nref_ctr_offsets),
	 .help = "reference counters, one for each function"},
	{"binaryDigests", FIELD_STRINGS, 0, offsetof(S, binary_digests), .help = "ALGORITHM:HASH that the file must have"},
	{"ignore", FIELD_OBJECT, 0, 0, .object = &ignore_digest_object, .help = "what not to fail for"},
	{"btfPath", FIELD_STRING, 0, offsetof(S, btf_path), .help = "a file with the program's types"},
	RETURN, MESSAGE, TAGS, ARGS, DATA, RETURN_ARG, SELECTORS,
};
static const struct field usdt_fields[] = {
	{"path", FIELD_STRING, FIELD_REQUIRED, offsetof(S, subsystem), .help = "the program or library"},
	{"provider", FIELD_STRING, FIELD_REQUIRED, offsetof(S, provider), .help = "the probe's provider"},
	{"name", FIELD_STRING, FIELD_REQUIRED, offsetof(S, call), .help = "the probe's name"},
	{"btfPath", FIELD_STRING, 0, offsetof(S, btf_path), .help = "a file with the program's types"},
	MESSAGE, TAGS, ARGS, SELECTORS,
};
#define HOOK(id, title, rows, number, ...)                                                         \
	static const struct field_object id##_object = {                                           \
		.name = title, .fields = rows##_fields, .nfields = ARRAY_SIZE(rows##_fields),      \
		.size = sizeof(S), .at = AT(S), .section = number, __VA_ARGS__}
HOOK(kprobe, "a kprobe", probe, SECTION_KPROBE, .rule = rule_return, .rule_text = "return: true needs returnArg");
HOOK(fentry, "an fentry", probe, SECTION_FENTRY, .rule = rule_return, .rule_text = "return: true needs returnArg");
HOOK(tracepoint, "a tracepoint", tracepoint, SECTION_TRACEPOINT);
HOOK(lsm, "an LSM hook", lsm, SECTION_LSM);
HOOK(uprobe, "a uprobe", uprobe, SECTION_UPROBE, .rule = rule_uprobe,
     .rule_text = "at most one of symbols, offsets and addrs; return: true needs returnArg");
HOOK(usdt, "a USDT probe", usdt, SECTION_USDT);
#undef S

#define S struct policy_list
static const struct field list_fields[] = {
	{"name", FIELD_STRING, FIELD_REQUIRED, offsetof(S, name), .help = "used as list:NAME"},
	{"type", FIELD_STRING, 0, offsetof(S, type),
	 .names = NAMES("syscalls", "generated_syscalls", "generated_ftrace"), .help = "what it lists"},
	{"pattern", FIELD_STRING, 0, offsetof(S, pattern), .help = "generated_ftrace: which functions"},
	{"values", FIELD_STRINGS, 0, offsetof(S, values), .help = "its elements"},
	{"validated", FIELD_BOOL, 0, offsetof(S, validated), .help = "internal: leave it out"},
};
OBJECT(list, "a list", S, AT(S));
#undef S
#define S struct policy_enforcer
static const struct field enforcer_fields[] = {
	{"calls", FIELD_STRINGS, FIELD_REQUIRED, offsetof(S, calls), .help = "system calls and security_ functions"},
};
OBJECT(enforcer, "an enforcer", S, NO_PLACE);
#undef S
#define S struct policy_option
static const struct field option_fields[] = {
	{"name", FIELD_STRING, FIELD_REQUIRED, offsetof(S, name), .help = "such as policy-mode"},
	{"value", FIELD_STRING, 0, offsetof(S, value), .help = "its value, a string"},
};
OBJECT(option, "an option", S, AT(S));
#undef S
static const struct field_object macro_object = {
	.name = "a macro", .fields = selector_fields, .nfields = ARRAY_SIZE(selector_fields),
	.size = sizeof(struct policy_macro), .at = offsetof(struct policy_macro, selector.at),
	.inner = offsetof(struct policy_macro, selector), .section = -1};

#define S struct policy
#define HOOKS(key, obj, text)                                                                      \
	{key, FIELD_LIST, 0, offsetof(S, hooks), offsetof(S, nhooks), .object = &obj##_object, .help = text}
static const struct field spec_fields[] = {
	{"podSelector", FIELD_POINTER, 0, offsetof(S, pod), .object = &labels_object, .help = "pods, by label"},
	{"containerSelector", FIELD_POINTER, 0, offsetof(S, container), .object = &labels_object,
	 .help = "containers, by name and repo"},
	{"hostSelector", FIELD_POINTER, 0, offsetof(S, host), .object = &host_object, .help = "{}: the host"},
	{"nodeSelector", FIELD_POINTER, 0, offsetof(S, node), .object = &labels_object, .help = "nodes, by label"},
	LIST("options", options, option, "settings of the whole policy"),
	LIST("lists", lists, list, "named lists of calls"),
	LIST("enforcers", enforcers, enforcer, "calls at which NotifyEnforcer takes effect"),
	{"selectorsMacros", FIELD_NAMED, 0, offsetof(S, macros), offsetof(S, nmacros),
	 .object = &macro_object, .help = "parts of selectors, by name"},
	{"loader", FIELD_BOOL, 0, offsetof(S, loader), .help = "report libraries as they are loaded"},
	HOOKS("kprobes", kprobe, "kernel functions"),
	HOOKS("fentries", fentry, "kernel functions, by fentry; observing only"),
	HOOKS("tracepoints", tracepoint, "kernel tracepoints"),
	HOOKS("lsmhooks", lsm, "BPF LSM hooks"),
	HOOKS("uprobes", uprobe, "functions of programs"),
	HOOKS("usdts", usdt, "static probes of programs"),
};
const struct field_object policy_spec_object = {
	.name = "a spec", .fields = spec_fields, .nfields = ARRAY_SIZE(spec_fields), .size = sizeof(S),
	.at = NO_PLACE, .section = -1};
#undef S
