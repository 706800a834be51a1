/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "schema/base/io.h"
#include "schema/policy_load.h"
#include "schema/yaml.h"

/* What a document does on TARGET: "ok", or its first error. */
static void verdict(const char *file, struct str text, const char *target, struct buf *ret)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct target t;
	struct policy **v = NULL;
	size_t n = 0;
	assert_int_equal(target_parse(target, &d, &t), 0);
	int err = policies_parse(file, text, &d, &v, &n);
	for (size_t i = 0; !err && i < n; i++)
		err = policy_load_check(v[i], &t, &d);
	for (size_t i = 0; i < d.n; i++)
		if (err ? d.v[i].level == DIAG_ERROR : d.v[i].level == DIAG_WARNING) {
			buf_printf(ret, "%u: %s", d.v[i].line, d.v[i].message);
			break;
		}
	if (!err && !ret->n)
		buf_puts(ret, "ok");
	for (size_t i = 0; i < n; i++)
		policy_free(v[i]);
	free(v);
}

#define HEAD "kind: TracingPolicy\nmetadata: {name: x}\nspec:\n"
#define LSM HEAD "  lsmhooks:\n  - hook: file_open\n    args: [{index: 0, type: file}, {index: 1, type: int}]\n" \
		 "    selectors:\n"
#define FILTER(f) LSM "    - matchArgs: [" f "]\n"
#define ACTION(a) LSM "    - matchActions: [" a "]\n"
#define SECURITY(options) HEAD options "  kprobes:\n  - call: security_file_open\n    syscall: false\n" \
	"    selectors:\n    - matchActions: [{action: Override, argError: -1}]\n"
#define CALL(a) HEAD "  kprobes:\n  - call: sys_read\n    args: [{index: 0, type: int}]\n    selectors:\n" \
	"    - matchActions: [" a "]\n"

static void rules(void **state)
{
	(void)state;
	static const struct { const char *target, *in, *want; } rows[] = {
		{"", HEAD "  loader: true\n", "ok"},
		{"", HEAD "  kprobes: [{call: sys_read}]\n  lsmhooks: [{hook: file_open}]\n",
		 "5: spec.lsmhooks: lsmhooks beside kprobes; an agent takes one kind of hook in a policy; make it two policies"},
		{"", HEAD "  kprobes: [{call: tcp_connect}]\n", "4: spec.kprobes[0].call: \"tcp_connect\" is not a system call of this architecture; write sys_NAME, or syscall: false for a function"},
		{"arch=arm64,kernel=6.1", HEAD "  kprobes: [{call: __x64_sys_read}]\n", "4: spec.kprobes[0].call: \"__x64_sys_read\" is not a system call of this architecture; write sys_NAME, or syscall: false for a function"},
		{"", HEAD "  kprobes: [{call: sys_getpid}]\n", "4: spec.kprobes[0].call: sys_getpid takes no arguments, and the agent finds no such call; hook what it calls instead"},
		{"", HEAD "  kprobes: [{call: sys_read}, {call: sys_read}]\n", "4: spec.kprobes[1].call: sys_read a second time; kprobe.multi takes a function once; join the two, or set the option disable-kprobe-multi"},
		{"kprobe-multi=no", HEAD "  kprobes: [{call: sys_read}, {call: sys_read}]\n", "ok"},
		{"", SECURITY(""), "8: spec.kprobes[0].selectors[0].matchActions[0].action: Override of security_* is refused where kprobe.multi is in use; add to options: {name: disable-kprobe-multi, value: \"1\"}"},
		{"", SECURITY("  options: [{name: disable-kprobe-multi, value: \"1\"}]\n"), "ok"},
		{"kprobe-multi=no", SECURITY(""), "ok"},
		{"arch=arm64,kernel=5.15", SECURITY(""), "8: spec.kprobes[0].selectors[0].matchActions[0].action: Override of security_* needs kernel 6.0; use Sigkill"},
		{"", CALL("{action: Override, argError: -1}"), "8: spec.kprobes[0].selectors[0].matchActions[0].action: Override of a system call needs a kernel with error injection; use an LSM hook or security_*, or say --target error-injection=yes"},
		{"error-injection=yes", CALL("{action: Override, argError: -1}"), "ok"},
		{"kernel=5.2", CALL("{action: Sigkill}"), "8: spec.kprobes[0].selectors[0].matchActions[0].action: Sigkill needs kernel 5.3; use a newer kernel"},
		{"", CALL("{action: NotifyEnforcer}"), "8: spec.kprobes[0].selectors[0].matchActions[0].action: NotifyEnforcer without enforcers; add enforcers: with the calls to stop"},
		{"", CALL("{action: Sigkill, rateLimit: 1m}"), "8: spec.kprobes[0].selectors[0].matchActions[0].rateLimit: rateLimit goes with Post only; remove it, or put it at a Post"},
		{"", CALL("{action: Post, rateLimit: 1d}"), "8: spec.kprobes[0].selectors[0].matchActions[0].rateLimit: \"1d\" is not a rateLimit; write N, Ns, Nm or Nh"},
		{"", CALL("{action: Post, rateLimit: 5m, rateLimitScope: global}"), "ok"},
		{"", CALL("{action: Post}, {action: Post}, {action: Post}, {action: Post}"),
		 "8: spec.kprobes[0].selectors[0].matchActions: 4 actions; a selector holds 3; remove some, or split the selector"},
		{"lsm=no", LSM "    - {}\n", "5: spec.lsmhooks[0]: LSM hooks need bpf among the kernel's active LSMs; use the "
		 "kprobe security_file_open, or say --target lsm=yes"},
		{"", HEAD "  lsmhooks: [{hook: file_truncate}]\n", "4: spec.lsmhooks[0].hook: file_truncate exists from kernel 6.2; use a newer kernel, or another hook"},
		{"kernel=6.2", HEAD "  lsmhooks: [{hook: file_truncate}]\n", "ok"},
		{"", HEAD "  lsmhooks: [{hook: file_open, args: [{index: 5, type: int}]}]\n", "4: spec.lsmhooks[0].args[0].index: index 5; the agent reads arguments 0 to 4; write 0 to 4"},
		{"", HEAD "  lsmhooks: [{hook: file_open, args: [{index: 0}]}]\n", "4: spec.lsmhooks[0].args[0].type: type auto is for tracepoints; write the type, such as type: int"},
		{"", ACTION("{action: GetUrl}"), "8: spec.lsmhooks[0].selectors[0].matchActions[0].action: GetUrl does not work at an LSM hook; write Post, NoPost, Sigkill, Signal or Override"},
		{"", LSM "    - {}\n    - {}\n    - {}\n    - {}\n    - {}\n    - {}\n", "8: spec.lsmhooks[0].selectors: 6 selectors; a hook holds 5; make it two policies"},
		{"", FILTER("{index: 0, operator: Equal, values: [/a]}"), "ok"},
		{"", FILTER("{index: 2, operator: Equal, values: [/a]}"), "8: spec.lsmhooks[0].selectors[0].matchArgs[0].index: no argument with index 2 in the hook's list; add it there, or correct the number"},
		{"", FILTER("{args: [2], operator: Equal, values: [/a]}"), "8: spec.lsmhooks[0].selectors[0].matchArgs[0].args: no argument with position 2 in the hook's list; add it there, or correct the number"},
		{"", FILTER("{index: 0, operator: GT, values: [\"1\"]}"), "8: spec.lsmhooks[0].selectors[0].matchArgs[0].operator: GT does not work on an argument of type file; use another operator, or the argument's true type"},
		{"", FILTER("{index: 0, operator: DAddr, values: [10.0.0.0/8]}"), "8: spec.lsmhooks[0].selectors[0].matchArgs[0].operator: DAddr does not work on an argument of type file; use another operator, or the argument's true type"},
		{"", FILTER("{index: 1, operator: Mask, values: [\"2\", \"0x4\", \"010\", \"1_0\"]}"), "ok"},
		{"", FILTER("{index: 1, operator: Mask, values: [\"1\", \"2\", \"3\", \"4\", \"5\"]}"), "8: spec.lsmhooks[0].selectors[0].matchArgs[0].values: 5 values; Mask on this type holds 4; split the selector, or use InMap"},
		{"", FILTER("{index: 1, operator: Equal, values: [\"2147483648\"]}"), "8: spec.lsmhooks[0].selectors[0].matchArgs[0].values[0]: \"2147483648\" is not a value for Equal on int; write a number that fits the argument's type"},
		{"", FILTER("{index: 1, operator: InRange, values: [\"5\"]}"), "8: spec.lsmhooks[0].selectors[0].matchArgs[0].values[0]: \"5\" is not a value for InRange on int; write MIN:MAX, of numbers of the type"},
		{"", FILTER("{index: 1, operator: InMap, values: [\"5\", \"9:7\"]}"), "ok"},
		{"", FILTER("{index: 1, operator: CelExpr, values: [\"arg1 == 2\"]}"), "8: spec.lsmhooks[0].selectors[0].matchArgs[0].values[0]: the expression does not compile: operands of two types; convert one, such as int32(2); correct the expression"},
		{"", FILTER("{index: 1, operator: CelExpr, values: [\"arg1 == int32(2) && !(arg1 < int32(0))\"]}"), "ok"},
		{"", HEAD "  tracepoints:\n  - {subsystem: raw_syscalls, event: sys_exit, args: [{index: 4, type: int64}], selectors: "
		 "[{matchArgs: [{index: 4, operator: Equal, values: [\"59\"]}, {index: 0, operator: Equal, values: [\"59\"]}]}]}\n",
		 "ok"},
		{"", HEAD "  tracepoints:\n  - {subsystem: raw_syscalls, event: sys_exit, args: [{index: 4, type: int64}], selectors: "
		 "[{matchArgs: [{index: 5, operator: Equal, values: [\"59\"]}]}]}\n", "5: spec.tracepoints[0].selectors[0].matchArgs[0].index: no argument with index 5 in the hook's list; add it there, or correct the number"},
		{"", LSM "    - matchCapabilities: [{operator: In, values: [CAP_DAC_OVERRIDE]}]\n", "8: spec.lsmhooks[0].selectors[0].matchCapabilities[0].values[0]: \"CAP_DAC_OVERRIDE\" is not the name of a capability; write DAC_OVERRIDE"},
		{"", LSM "    - matchCapabilities: [{operator: In, values: [dac_override, cap_chown]}]\n", "ok"},
		{"", LSM "    - matchNamespaces: [{namespace: Pid, operator: In, values: [host_ns, \"1\"]}]\n", "ok"},
		{"", LSM "    - matchParentBinaries: [{operator: In, values: [/a]}]\n", "8: spec.lsmhooks[0].selectors[0].matchParentBinaries: matchParentBinaries needs an agent started with --parents-map-enabled; start it so and say --target parents-map=yes, or remove the filter"},
		{"", LSM "    - matchBinaries: [{operator: Prefix, values: [/a], followChildren: true}]\n", "8: spec.lsmhooks[0].selectors[0].matchBinaries[0].followChildren: followChildren goes with In and NotIn only; write In or NotIn, or remove it"},
		{"kubernetes=no", HEAD "  podSelector: {}\n", "4: spec.podSelector: podSelector and containerSelector are refused by an agent outside Kubernetes; remove them, or say --target kubernetes=yes"},
		{"", HEAD "  options: [{name: policy-mode, value: Monitor}]\n", "4: spec.options[0].value: \"Monitor\" is not a value of policy-mode; write enforce or monitor"},
		{"", HEAD "  options: [{name: no-such-option, value: x}]\n", "ok"},
		{"", LSM "    - macros: [m]\n", "8: spec.lsmhooks[0].selectors[0].macros: no macro \"m\"; add it to selectorsMacros"},
		{"", HEAD "  uprobes: [{path: /x}]\n", "4: spec.uprobes[0]: a uprobe needs exactly one of symbols, offsets and addrs; keep one, with something in it"},
		{"", "kind: TracingPolicyNamespaced\nmetadata: {name: x, namespace: y}\nspec:\n  uprobes: [{path: /x, symbols: [a]}]\n",
		 "4: spec.uprobes: uprobes are refused in a TracingPolicyNamespaced; make it a TracingPolicy"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_BUF struct buf got = BUF_INIT;
		verdict("f", str_from(rows[i].in), rows[i].target, &got);
		assert_string_equal(got.p, rows[i].want);
	}
}

static void expressions(void **state)
{
	(void)state;
	static const struct { const char *in; bool good; } rows[] = {
		{"arg0 == 2", true},        {"arg1 == 2", false},     {"arg1 == int32(2)", true},
		{"arg2 == 2u", true},       {"arg0 + 1 < 5 && true", true}, {"arg0", false},
		{"and(arg0, 1) != 0", true}, {"and(arg0) == 0", false}, {"arg0 == -1", true},
		{"arg3 == 1", false},       {"", false},              {"(arg0 == 1", false},
		{"!(arg0 == 1) || arg1 > int32(3)", true},            {"arg0 == 1 1", false},
		{"size(arg0) == 1", false}, {"not(arg0) == 0", true}, {"arg0 == 0x1f", true},
	};
	struct spec_arg args[] = {{.type = TYPE_INT64}, {.type = TYPE_INT}, {.type = TYPE_UINT64}};
	struct hook h = {.args = args, .nargs = 3, .section = SECTION_KPROBE};
	struct arg_filter f = {.op = OPERATOR_CEL_EXPR};
	struct selector s = {.args = &f, .nargs = 1};
	h.selectors = &s;
	h.nselectors = 1;
	h.call = STR("sys_read");
	h.syscall = true;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		struct str value = str_from(rows[i].in);
		struct policy p = {.hooks = &h, .nhooks = 1};
		struct target t;
		target_default(&t);
		f.values = (struct strs){&value, 1};
		int err = policy_load_check(&p, &t, &d);
		if (!err != rows[i].good)
			print_message("%s: %s\n", rows[i].in, d.n ? d.v[0].message : "taken");
		assert_int_equal(!err, rows[i].good);
	}
}

static void area(void **state)
{
	(void)state;
	/* 4 + 4 + 52 + three lists (60 each) + Override 8 */
	CLEANUP_BUF struct buf text = BUF_INIT, got = BUF_INIT;
	buf_puts(&text, LSM);
	for (int i = 0; i < 5; i++)
		buf_puts(&text, "    - matchArgs: [{index: 0, operator: Equal, values: [a]}, {index: 0, operator: Equal, values: "
				"[b]}, {index: 0, operator: Equal, values: [c]}]\n      matchActions: [{action: Override}]\n");
	verdict("f", buf_view(&text), "", &got);
	assert_string_equal(got.p, "5: spec.lsmhooks[0].selectors: 15 filters need a table for strings of one length; there are 8; use "
			    "fewer filters with more values each, or a second policy");
	struct str value = STR("a");
	struct arg_filter f[3] = {{.values = {&value, 1}}, {.values = {&value, 1}}, {.values = {&value, 1}}};
	struct action a = {.action = ACTION_OVERRIDE};
	struct selector s = {.args = f, .nargs = 3, .actions = &a, .nactions = 1};
	struct spec_arg arg = {.type = TYPE_FILE};
	struct hook h = {.selectors = &s, .nselectors = 1, .args = &arg, .nargs = 1};
	assert_int_equal(policy_selector_area(&h), 4 + 4 + 52 + 3 * 60 + 8);
}

/* ---- what a real agent and kernel said ---- */

/* Every row of the file has its policy, and lint says of it what the agent said. */
static size_t rows_of(const char *file, const char *dir, const char *target)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	size_t n = 0;
	assert_int_equal(read_file(file, 1 << 20, &text), 0);
	char *save, *rest = text.p;
	for (char *line; (line = strtok_r(rest, "\n", &save)); rest = NULL) {
		char *tab = strchr(line, '\t');
		assert_non_null(tab);
		if (!strncmp(line, "policy\t", 7))
			continue;
		*tab = '\0';
		CLEANUP_FREE char *path = xasprintf("%s/%s.yaml", dir, line);
		CLEANUP_BUF struct buf policy = BUF_INIT, got = BUF_INIT;
		if (read_file(path, YAML_MAX_BYTES, &policy))
			fail_msg("%s: a row of %s without its policy", path, file);
		/* The runs named y* had an agent without the parents map. */
		CLEANUP_FREE char *own = xasprintf("%s,parents-map=%s", target, line[0] == 'y' ? "no" : "yes");
		verdict(line, buf_view(&policy), own, &got);
		bool taken = strcmp(got.p, "ok") == 0 || strstr(got.p, "never applied") ||
			     strstr(got.p, "first document only");
		if (taken != (strncmp(tab + 1, "loaded\t", 7) == 0))
			fail_msg("%s: %s, but the agent said: %s", line, got.p, tab + 1);
		n++;
	}
	return n;
}

static void golden(void **state)
{
	(void)state;
	static const struct { const char *dir, *target; size_t rows; } runs[] = {
		{"6.1", "kernel=6.1,kprobe-multi=no,kubernetes=no", 41},
		{"6.12", "kernel=6.12,kprobe-multi=yes,kubernetes=no", 82},
		{"6.12b", "kernel=6.12,kprobe-multi=yes,kubernetes=no", 135},
	};
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		CLEANUP_FREE char *loads = xasprintf("tests/golden/%s/loads.tsv", runs[i].dir);
		CLEANUP_FREE char *dir = xasprintf("tests/golden/%s/policies", runs[i].dir);
		assert_int_equal(rows_of(loads, dir, runs[i].target), runs[i].rows);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules), cmocka_unit_test(expressions), cmocka_unit_test(area),
		cmocka_unit_test(golden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
