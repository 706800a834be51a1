/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Each reason for which an agent refuses to load a policy, beside the nearest policy that it takes: where the
 * refusal points ("" = taken). The wording is tested in test_policy_load.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "schema/policy_load.h"

#define HEAD "kind: TracingPolicy\nmetadata: {name: x}\nspec:\n"
/* One hook of each kind: FIELDS of the hook, SELECTOR in flow style. */
#define KP(fields, selector) HEAD "  kprobes:\n  - {call: sys_openat, args: [{index: 0, type: int}, {index: 1, type: string}, " \
	"{index: 2, type: int}], " fields " selectors: [{" selector "}]}\n"
#define FUNCTION(args, selector) HEAD "  kprobes:\n  - {call: tcp_connect, syscall: false, args: [" args "], selectors: [{" selector "}]}\n"
#define LSM(args, selector) HEAD "  lsmhooks:\n  - {hook: file_open, args: [" args "], selectors: [{" selector "}]}\n"
#define TP(args, selector) HEAD "  tracepoints:\n  - {subsystem: raw_syscalls, event: sys_enter, args: [" args "], selectors: [{" selector "}]}\n"
#define RAW(args) HEAD "  tracepoints:\n  - {subsystem: sched, event: sched_process_exec, raw: true, args: [" args "]}\n"
#define FILE_ARG "{index: 0, type: file}"
#define SOCK "{index: 0, type: sock}"
#define ARG(filter) "matchArgs: [{" filter "}]"
#define A_100 "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
#define PATH "spec.kprobes[0]"
#define AT_ARG PATH ".selectors[0].matchArgs[0]"
#define AT_LSM "spec.lsmhooks[0]"

static const struct {
	const char *target, *in, *where;
} rows[] = {
	/* any hook: the document */
	{"", HEAD "  options: [{name: policy-mode, value: monitor}]\n", ""},
	{"", HEAD "  options: [{name: disable-kprobe-multi, value: maybe}]\n", "spec.options[0].value"},
	{"", HEAD "  options: [{name: disable-kprobe-multi, value: \"t\"}]\n", ""},
	{"", HEAD "  options: [{name: override-method, value: none}]\n", "spec.options[0].value"},
	{"kubernetes=no", HEAD "  containerSelector: {}\n", "spec.containerSelector"},
	{"kubernetes=no", HEAD "  hostSelector: {}\n", ""},
	{"", HEAD "  fentries: [{call: sys_read}]\n  tracepoints: [{subsystem: a, event: b}]\n", "spec.tracepoints"},
	{"", "kind: TracingPolicyNamespaced\nmetadata: {name: x, namespace: y}\nspec: {usdts: [{path: /x, provider: p, name: probe}]}\n", "spec.usdts"},
	{"", KP("message: \"a\",", ""), PATH ".message"},
	{"", KP("message: \"ab\",", ""), ""},
	{"", KP("tags: [\"a\"],", ""), PATH ".tags[0]"},
	{"", KP("tags: [\"ab\"],", ""), ""},
	/* macros */
	{"", HEAD "  selectorsMacros: {m: {matchPIDs: [{operator: In, values: [1]}]}}\n  kprobes: [{call: sys_read, selectors: [{macros: [m]}]}]\n", ""},
	{"", HEAD "  selectorsMacros: {m: {macros: [inner]}, inner: {}}\n  kprobes: [{call: sys_read, selectors: [{macros: [m]}]}]\n", "*"},
	{"", HEAD "  selectorsMacros: {m: {matchPIDs: [{operator: In, values: [1]}]}}\n"
		  "  kprobes: [{call: sys_read, selectors: [{macros: [m], matchPIDs: [{operator: In, values: [2]}]}]}]\n", "*"},
	/* any hook: filters on arguments */
	{"", KP("", "matchArgs: [{index: 0, operator: Equal, values: [\"1\"]}, {index: 0, operator: Equal, values: [\"1\"]}, {index: 0, operator: Equal, "
		"values: [\"1\"]}, {index: 0, operator: Equal, values: [\"1\"]}, {index: 0, operator: Equal, values: [\"1\"]}]"), ""},
	{"", KP("", "matchArgs: [{index: 0, operator: Equal, values: [\"1\"]}, {index: 0, operator: Equal, values: [\"1\"]}, {index: 0, operator: Equal, "
		"values: [\"1\"]}, {index: 0, operator: Equal, values: [\"1\"]}, {index: 0, operator: Equal, values: [\"1\"]}, {index: 0, operator: Equal, "
		"values: [\"1\"]}]"), PATH ".selectors[0].matchArgs"},
	{"", KP("", ARG("index: 3, operator: Equal, values: [\"1\"]")), AT_ARG ".index"},
	{"", KP("", ARG("args: [3], operator: Equal, values: [\"1\"]")), AT_ARG ".args"},
	{"", KP("", ARG("index: 0, operator: GT, values: [\"1\", \"2\", \"3\", \"4\", \"5\"]")), AT_ARG ".values"},
	{"", KP("", ARG("index: 0, operator: InMap, values: [\"1\", \"2\", \"3\", \"4\", \"5\"]")), ""},
	{"", KP("", ARG("index: 0, operator: Equal, values: [\"1x\"]")), AT_ARG ".values[0]"},
	{"", KP("", ARG("index: 0, operator: Equal, values: [\"-2147483648\"]")), ""},
	{"", KP("", ARG("index: 0, operator: Equal, values: [\"-2147483649\"]")), AT_ARG ".values[0]"},
	{"", KP("", ARG("index: 0, operator: InRange, values: [\"1:2\"]")), ""},
	{"", KP("", ARG("index: 0, operator: InRange, values: [\"1-2\"]")), AT_ARG ".values[0]"},
	{"", KP("", ARG("index: 0, operator: InMap, values: [\"list:l\"]")), "*"},
	{"", KP("", ARG("index: 1, operator: SAddr, values: [\"10.0.0.1\"]")), AT_ARG ".operator"},
	{"", KP("", ARG("index: 1, operator: GT, values: [\"1\"]")), AT_ARG ".operator"},
	{"", KP("", ARG("index: 1, operator: Postfix, values: [\"" A_100 "012345678901234567890123456\"]")), ""},
	{"", KP("", ARG("index: 1, operator: Postfix, values: [\"" A_100 "0123456789012345678901234567\"]")), AT_ARG ".values[0]"},
	{"", KP("", ARG("index: 1, operator: Prefix, values: [\"" A_100 A_100 "01234567890123456789012345678901234567890123456789012345\"]")), ""},
	{"", KP("", ARG("index: 1, operator: Prefix, values: [\"" A_100 A_100 "012345678901234567890123456789012345678901234567890123456\"]")), AT_ARG ".values[0]"},
	{"", KP("", ARG("index: 1, operator: FileType, values: [reg]")), AT_ARG ".operator"},
	{"", LSM(FILE_ARG, ARG("index: 0, operator: FileType, values: [reg]")), ""},
	{"", LSM(FILE_ARG, ARG("index: 0, operator: FileType, values: [file]")), AT_LSM ".selectors[0].matchArgs[0].values[0]"},
	{"", LSM(FILE_ARG, ARG("index: 0, operator: FileType, values: [REG]")), AT_LSM ".selectors[0].matchArgs[0].values[0]"},
	{"", KP("", ARG("index: 0, operator: CelExpr, values: [\"arg0 == int32(1)\"]")), ""},
	{"", KP("", ARG("index: 0, operator: CelExpr, values: [\"arg0 == int32(1)\", \"arg0 == int32(2)\"]")), AT_ARG ".values"},
	{"", KP("", ARG("args: [0, 2], operator: CapabilitiesGained")), "*"},
	{"", FUNCTION("{index: 0, type: cap_effective}, {index: 1, type: cap_permitted}", ARG("args: [0, 1], operator: CapabilitiesGained")), ""},
	{"", FUNCTION("{index: 0, type: cap_effective}, {index: 1, type: cap_permitted}", ARG("args: [0], operator: CapabilitiesGained")), "*"},
	/* networks */
	{"", FUNCTION(SOCK, ARG("index: 0, operator: DAddr, values: [\"10.0.0.1\", \"fd00::/8\"]")), ""},
	{"", FUNCTION(SOCK, ARG("index: 0, operator: DAddr, values: [\"10.0.0\"]")), AT_ARG ".values[0]"},
	{"", FUNCTION(SOCK, ARG("index: 0, operator: DAddr, values: [\"10.0.0.1\", \"10.0.0.0/33\"]")), AT_ARG ".values[1]"},
	{"", FUNCTION(SOCK, ARG("index: 0, operator: DPort, values: [\"65535\", \"1:9\"]")), ""},
	{"", FUNCTION(SOCK, ARG("index: 0, operator: DPort, values: [\"http\"]")), AT_ARG ".values[0]"},
	{"", FUNCTION(SOCK, ARG("index: 0, operator: Protocol, values: [IPPROTO_NONE]")), AT_ARG ".values[0]"},
	{"", FUNCTION(SOCK, ARG("index: 0, operator: Family, values: [AF_NONE]")), AT_ARG ".values[0]"},
	{"", FUNCTION(SOCK, ARG("index: 0, operator: State, values: [TCP_NONE]")), AT_ARG ".values[0]"},
	/* filters on the process */
	{"", KP("", "matchNamespaces: [{namespace: Pid, operator: In, values: [host_ns, \"1\", \"2\", \"3\"]}]"), ""},
	{"", KP("", "matchNamespaces: [{namespace: Pid, operator: In, values: [host_ns, \"1\", \"2\", \"3\", \"4\"]}]"), "*"},
	{"", KP("", "matchNamespaces: [{namespace: Pid, operator: In, values: [mine]}]"), PATH ".selectors[0].matchNamespaces[0].values[0]"},
	{"", KP("", "matchNamespaceChanges: [{operator: In, values: [Pid, Mnt]}]"), ""},
	{"", KP("", "matchNamespaceChanges: [{operator: In, values: [Pidx]}]"), PATH ".selectors[0].matchNamespaceChanges[0].values[0]"},
	{"", KP("", "matchNamespaceChanges: [{operator: In, values: [Pid]}, {operator: In, values: [Mnt]}]"), PATH ".selectors[0].matchNamespaceChanges"},
	{"", KP("", "matchCapabilityChanges: [{operator: In, values: [CAP_NONE]}]"), PATH ".selectors[0].matchCapabilityChanges[0].values[0]"},
	{"kernel=5.2", KP("", "matchCapabilityChanges: [{operator: In, values: [CAP_CHOWN]}]"), ""},
	{"kernel=5.2", KP("", "matchNamespaceChanges: [{operator: In, values: [Pid]}]"), PATH ".selectors[0].matchNamespaceChanges"},
	{"", KP("", "matchBinaries: [{operator: In, values: [\"/" A_100 A_100 "012345678901234567890123456789012345678901234567890123\"]}]"), ""},
	{"", KP("", "matchBinaries: [{operator: In, values: [\"/" A_100 A_100 "0123456789012345678901234567890123456789012345678901234\"]}]"),
	 PATH ".selectors[0].matchBinaries[0].values[0]"},
	{"", KP("", "matchBinaries: [{operator: NotIn, values: [/a], followChildren: true}]"), ""},
	{"", KP("", "matchBinaries: [{operator: Postfix, values: [/a], followChildren: true}]"), PATH ".selectors[0].matchBinaries[0].followChildren"},
	/* actions */
	{"", KP("", "matchActions: [{action: Post, rateLimit: \"30\"}]"), ""},
	{"", KP("", "matchActions: [{action: Post, rateLimit: \"-30\"}]"), PATH ".selectors[0].matchActions[0].rateLimit"},
	{"", KP("", "matchActions: [{action: Post, rateLimit: \"30\", rateLimitScope: pod}]"), PATH ".selectors[0].matchActions[0].rateLimitScope"},
	{"", KP("", "matchActions: [{action: NoPost, kernelStackTrace: true}]"), PATH ".selectors[0].matchActions[0].kernelStackTrace"},
	{"", KP("", "matchActions: [{action: Post, kernelStackTrace: true}]"), ""},
	{"", LSM(FILE_ARG, "matchActions: [{action: Post, userStackTrace: true}]"), AT_LSM ".selectors[0].matchActions[0].userStackTrace"},
	{"", LSM(FILE_ARG, "matchActions: [{action: NotifyEnforcer}]"), AT_LSM ".selectors[0].matchActions[0].action"},
	{"", LSM(FILE_ARG, "matchActions: [{action: Override, argError: -1}]"), ""},
	{"", TP("{index: 4, type: syscall64}", "matchActions: [{action: NotifyEnforcer}]"), "spec.tracepoints[0].selectors[0].matchActions[0].action"},
	{"kernel=5.2", KP("", "matchActions: [{action: Signal, argSig: 9}]"), ""},
	{"kernel=5.2", KP("", "matchActions: [{action: Sigkill}]"), PATH ".selectors[0].matchActions[0].action"},
	{"kernel=5.3", KP("", "matchActions: [{action: Sigkill}]"), ""},
	/* kprobes */
	{"", HEAD "  kprobes: [{call: \"list:l\"}]\n", PATH ".call"},
	{"", HEAD "  lists: [{name: l, type: syscalls, values: [sys_read]}]\n  kprobes: [{call: \"list:l\"}]\n", ""},
	{"", HEAD "  lists: [{name: l, type: syscalls, values: [vfs_read]}]\n  kprobes: [{call: \"list:l\"}]\n", "spec.lists[0].values[0]"},
	{"", HEAD "  lists: [{name: l, type: generated_syscalls, values: [sys_read]}]\n  kprobes: [{call: \"list:l\"}]\n", "spec.lists[0].values"},
	{"", HEAD "  lists: [{name: l, type: generated_ftrace}]\n  kprobes: [{call: \"list:l\", syscall: false}]\n", "spec.lists[0]*"},
	{"", FUNCTION("{index: 0}", ""), PATH ".args[0].type"},
	{"", FUNCTION("{index: 0, type: syscall64}", ""), PATH ".args[0].type"},
	{"", FUNCTION("{index: 4, type: int}", ""), ""},
	{"", FUNCTION("{index: 5, type: int}", ""), PATH ".args[0].index"},
	{"", FUNCTION("{index: 0, type: int}, {index: 1, type: int}, {index: 2, type: int}, {index: 3, type: int}, {index: 4, type: int}", ""), ""},
	{"", FUNCTION("{index: 0, type: int}, {index: 1, type: int}, {index: 2, type: int}, {index: 3, type: int}, {index: 4, type: int}, {index: 4, type: int}", ""),
	 PATH ".args*"},
	{"", FUNCTION("{index: 0, type: int, source: current_task}", ""), PATH ".args[0].source"},
	{"", FUNCTION("{index: 0, type: char_buf, sizeArgIndex: 16}", ""), PATH ".args[0].sizeArgIndex"},
	{"", FUNCTION("{index: 0, type: char_buf, sizeArgIndex: 15}", ""), ""},
	{"", KP("data: [{index: 0, type: int, source: current_task, resolve: pid}],", ""), ""},
	{"", KP("data: [{index: 0, type: int, resolve: pid}],", ""), PATH ".data[0]*"},
	{"", KP("data: [{index: 0, type: int, source: current_task}],", ""), PATH ".data[0]*"},
	{"", FUNCTION("{index: 0, type: int, resolve: a.b.c.d.e.f.g.h.i.j}", ""), ""},
	{"", FUNCTION("{index: 0, type: int, resolve: a.b.c.d.e.f.g.h.i.j.k}", ""), PATH ".args[0].resolve"},
	{"", KP("return: true, returnArg: {index: 0, type: auto},", ""), PATH ".returnArg*"},
	{"", KP("return: true, returnArg: {index: 0, type: int}, returnArgAction: Post,", ""), PATH ".returnArgAction"},
	{"", KP("return: true, returnArg: {index: 0, type: int}, returnArgAction: TrackSock,", ""), ""},
	{"", HEAD "  fentries: [{call: sys_read, selectors: [{matchActions: [{action: Sigkill}]}]}]\n", "spec.fentries[0].selectors[0].matchActions[0].action"},
	/* tracepoints */
	{"", HEAD "  tracepoints: [{subsystem: \"\", event: x}]\n", "spec.tracepoints[0]*"},
	{"", HEAD "  tracepoints: [{subsystem: x, event: \"\"}]\n", "spec.tracepoints[0]*"},
	{"", RAW("{index: 5, type: int}"), ""},
	{"", RAW("{index: 6, type: int}"), "spec.tracepoints[0].args[0].index"},
	{"", RAW("{index: 0}"), "spec.tracepoints[0].args[0].type"},
	{"", TP("{index: 4, type: const_buf}", ""), "spec.tracepoints[0].args[0].type"},
	{"", TP("{index: 4, type: syscall64}, {index: 5, type: int64}, {index: 0, type: int}, {index: 1, type: int}, {index: 2, type: int}, {index: 3, type: int}", ""),
	 "spec.tracepoints[0].args*"},
	/* LSM hooks */
	{"", HEAD "  lsmhooks: [{hook: \"\"}]\n", AT_LSM ".hook"},
	{"", LSM(FILE_ARG, "matchReturnArgs: [{index: 0, operator: Equal, values: [\"0\"]}]"), AT_LSM ".selectors[0].matchReturnArgs"},
	{"", LSM(FILE_ARG, "matchData: [{index: 0, operator: Equal, values: [\"0\"]}]"), AT_LSM ".selectors[0].matchData*"},
	{"", LSM("{index: 5, type: int}", ""), AT_LSM ".args[0].index"},
	{"", LSM("{index: 0, type: auto}", ""), AT_LSM ".args[0].type"},
	{"", LSM("{index: 0, type: bpf_cmd}", ""), AT_LSM ".args[0].type"},
	/* uprobes and USDT */
	{"", HEAD "  uprobes: [{path: /x, symbols: [a]}]\n", ""},
	{"", HEAD "  uprobes: [{path: /x, symbols: [a, b], refCtrOffsets: [1]}]\n", "spec.uprobes[0].refCtrOffsets"},
	{"", HEAD "  uprobes: [{path: /x, symbols: [a], selectors: [{matchActions: [{action: GetUrl, argUrl: x}]}]}]\n",
	 "spec.uprobes[0].selectors[0].matchActions[0].action"},
	{"", HEAD "  uprobes: [{path: /x, symbols: [a], args: [{index: 0}]}]\n", "spec.uprobes[0].args[0].type"},
	{"", HEAD "  uprobes: [{path: /x, symbols: [a], args: [{index: 0, type: bpf_cmd}]}]\n", "spec.uprobes[0].args[0].type"},
	{"", HEAD "  uprobes: [{path: /x, symbols: [a], btfPath: /b, args: [{index: 0, resolve: a.b, btfType: t}]}]\n", ""},
	{"", HEAD "  uprobes: [{path: /x, symbols: [a], return: true, returnArg: {index: 0}}]\n", "spec.uprobes[0].returnArg"},
	{"", HEAD "  uprobes: [{path: /x, symbols: [a], binaryDigests: [\"md5:x\"]}]\n", "spec.uprobes[0].binaryDigests[0]"},
	/* enforcers */
	{"error-injection=yes", HEAD "  enforcers: [{calls: [sys_read]}]\n", ""},
	{"error-injection=yes", HEAD "  enforcers: [{calls: [sys_read]}, {calls: [sys_write]}]\n", "spec.enforcers*"},
	{"", HEAD "  enforcers: [{calls: [tcp_connect]}]\n", "spec.enforcers[0].calls"},
	{"", HEAD "  enforcers: [{calls: [security_file_open]}]\n", ""},
	{"", HEAD "  options: [{name: override-method, value: override-return}]\n  enforcers: [{calls: [security_file_open]}]\n", "*"},
	/* what nobody checks */
	{"", KP("", "matchActions: [{action: Signal, argSig: 0}]"), ""},
	{"", HEAD "  options: [{name: of-no-agent, value: x}]\n  kprobes: [{call: sys_read, selectors: [{}, {}]}]\n", ""},
};

/* Where the first error points, or "". */
static void refused_at(const char *target, struct str text, struct buf *ret, struct buf *message)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct target t;
	struct policy **v = NULL;
	size_t n = 0;
	assert_int_equal(target_parse(target, &d, &t), 0);
	int err = policies_parse("f", text, &d, &v, &n);
	if (err)
		buf_puts(message, "not even read: ");
	for (size_t i = 0; !err && i < n; i++)
		err = policy_load_check(v[i], &t, &d);
	for (size_t i = 0; err && i < d.n && !ret->n; i++) {
		if (d.v[i].level != DIAG_ERROR)
			continue;
		const char *colon = strstr(d.v[i].message, ": ");
		buf_add(ret, d.v[i].message, colon ? (size_t)(colon - d.v[i].message) : 0);
		buf_puts(message, d.v[i].message);
	}
	for (size_t i = 0; i < n; i++)
		policy_free(v[i]);
	free(v);
}

/* "*" at the end stands for anything, but not for nothing. */
static bool points_to(struct str got, struct str want)
{
	if (!want.n || want.p[want.n - 1] != '*')
		return str_eq(got, want);
	want.n--;
	return got.n && str_starts(got, want);
}

static void rules(void **state)
{
	(void)state;
	unsigned bad = 0;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_BUF struct buf got = BUF_INIT, message = BUF_INIT;
		refused_at(rows[i].target, str_from(rows[i].in), &got, &message);
		if (points_to(buf_view(&got), str_from(rows[i].where)) && !(message.n && str_starts(buf_view(&message), STR("not even"))))
			continue;
		printf("%s\n\twanted \"%s\", got \"%s\" (%s)\n", rows[i].in, rows[i].where, got.n ? got.p : "", message.n ? message.p : "taken");
		bad++;
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rules)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
