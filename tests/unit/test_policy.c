/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>

#include "schema/base/io.h"
#include "schema/yaml.h"
#include "tests/lib/same_policy.h"

/* ---- helpers ---- */

struct parsed {
	struct policy **v;
	size_t n;
	struct diag d;
	int err;
};

static struct parsed parse(struct str text)
{
	struct parsed p = {.d = DIAG_INIT};
	p.err = policies_parse("f", text, &p.d, &p.v, &p.n);
	if (p.err)
		p.n = 0;
	return p;
}

static void parsed_done(struct parsed *p)
{
	for (size_t i = 0; i < p->n; i++)
		policy_free(p->v[i]);
	free(p->n ? p->v : NULL);
	diag_done(&p->d);
}

static void check_round_trip(const char *name, struct str text)
{
	struct parsed first = parse(text);
	for (size_t i = 0; i < first.d.n && first.err; i++)
		print_message("%s:%u: %s\n", name, first.d.v[i].line, first.d.v[i].message);
	assert_int_equal(first.err, 0);
	for (size_t i = 0; i < first.n; i++) {
		CLEANUP_BUF struct buf why = BUF_INIT;
		if (!policy_round_trips(first.v[i], &why))
			fail_msg("%s: %s", name, why.p);
	}
	parsed_done(&first);
}

/* ---- tables ---- */

#define HEAD "kind: TracingPolicy\nmetadata: {name: x}\nspec:\n"
#define KP "  kprobes:\n  - call: sys_x\n    selectors:\n"

static void messages(void **state)
{
	(void)state;
	static const struct { const char *in, *want; } rows[] = {
		{"", "0:0: empty; write a TracingPolicy"},
		{"---\n---\n" HEAD " {}\n", "2:1: an empty document where a TracingPolicy belongs; remove it (a doubled ---)"},
		{"kind: Pod\n", "1:7: kind \"Pod\" is not a tracing policy; write TracingPolicy or "
		 "TracingPolicyNamespaced"},
		{"metadata: {name: x}\n", "1:1: no kind; write kind: TracingPolicy or kind: TracingPolicyNamespaced"},
		{"kind: TracingPolicy\nspec: {}\n", "1:1: no metadata; add metadata: {name: my-policy}"},
		{"kind: TracingPolicy\nmetadata: {name: A}\nspec: {}\n", "2:18: metadata.name: \"A\" is not a name; write lower-case letters, digits, '-' and '.', at most 253"},
		{"kind: TracingPolicy\nmetadata: {name: x, lables: {}}\nspec: {}\n",
		 "2:21: metadata.lables: metadata has no field \"lables\"; did you mean labels?"},
		{"kind: TracingPolicyNamespaced\nmetadata: {name: x}\nspec: {}\n",
		 "2:11: metadata.namespace: a TracingPolicyNamespaced needs a namespace; add namespace: its-namespace"},
		{"kind: TracingPolicy\nmetadata: {name: x}\n", "1:1: no spec; add spec: and what to hook"},
		{HEAD "  kprobe: []\n", "4:3: spec.kprobe: a spec has no field \"kprobe\"; did you mean kprobes?"},
		{HEAD "  kprobes: {}\n", "4:12: spec.kprobes: a map where a list belongs; write a list: each item behind '- ', or all in [ ]"},
		{HEAD "  kprobes: [~]\n", "4:13: spec.kprobes[0]: null where a map belongs; give a value or remove the item"},
		{HEAD "  kprobes:\n  - syscall: false\n", "5:5: spec.kprobes[0]: a kprobe needs call (the function, or "
		 "list:NAME); add it"},
		{HEAD "  kprobes:\n  - call: 5\n", "5:11: spec.kprobes[0].call: an integer (5) where a string belongs; put it "
		 "in quotes if it is meant as text: \"5\""},
		{HEAD "  kprobes:\n  - call: x\n    syscall: \"no\"\n", "6:14: spec.kprobes[0].syscall: the string \"no\" "
		 "where true or false belongs; write it without quotes: no"},
		{HEAD "  kprobes:\n  - call: x\n    return: yes\n", "6:13: spec.kprobes[0]: return: true needs returnArg; "
		 "add it, such as returnArg: {index: 0, type: int}"},
		{HEAD KP "    - matchArgs:\n      - {index: 0, operator: Equals, values: [a]}\n",
		 "8:30: spec.kprobes[0].selectors[0].matchArgs[0].operator: \"Equals\" is not one of the values it may "
		 "have; did you mean Equal?"},
		{HEAD KP "    - matchArgs:\n      - {index: 0, operator: Foreign, values: [a]}\n",
		 "8:30: spec.kprobes[0].selectors[0].matchArgs[0].operator: \"Foreign\" is not one of the values it may have; "
		 "write Equal, NotEqual, Prefix, NotPrefix, Postfix, NotPostfix, GreaterThan, LessThan, GT, LT, Mask, SPort, "
		 "NotSPort, SPortPriv, NotSportPriv, DPort, NotDPort, DPortPriv, NotDPortPriv, SAddr, NotSAddr, DAddr, NotDAddr, "
		 "Protocol, Family, State, InMap, NotInMap, CapabilitiesGained, InRange, NotInRange, SubString, "
		 "SubStringIgnCase, CelExpr, FileType or NotFileType"},
		{HEAD KP "    - matchBinaries:\n      - {operator: Equal, values: [a]}\n",
		 "8:20: spec.kprobes[0].selectors[0].matchBinaries[0].operator: \"Equal\" is not one of the values it "
		 "may have; here it is called In"},
		{HEAD KP "    - matchBinaries:\n      - {operator: In, values: [a]}\n      - {operator: In, values: [b]}\n",
		 "8:7: spec.kprobes[0].selectors[0].matchBinaries: 2 entries; at most 1 may be there"},
		{HEAD KP "    - matchPIDs:\n      - {operator: In, values: [-1]}\n", "8:33: "
		 "spec.kprobes[0].selectors[0].matchPIDs[0].values[0]: -1 is out of range; write an integer from 0"},
		{HEAD KP "    - matchPIDs:\n      - {operator: In, values: [3000000000]}\n", "8:33: spec.kprobes[0].selectors[0].matchPIDs[0].values[0]: 3000000000 is more than 2147483647; write a smaller one"},
		{HEAD KP "    - matchArgs:\n      - {index: 0, operator: Equal, values: [2]}\n", "8:46: "
		 "spec.kprobes[0].selectors[0].matchArgs[0].values[0]: an integer (2) where a string belongs; put it in "
		 "quotes if it is meant as text: \"2\""},
		{HEAD "  hostSelector: {matchLabels: {a: b}}\n", "4:17: spec.hostSelector: hosts cannot be told apart by "
		 "labels; write {} for the host or leave the key out"},
		{HEAD "  podSelector: {matchLabels: {a: \"-b\"}}\n", "4:34: spec.podSelector.matchLabels.a: not a label value; write at most 63 letters, digits, '-', '_', '.', beginning and ending with a letter or digit"},
		{HEAD "  uprobes:\n  - {path: /x, symbols: [], addrs: [1]}\n", "5:29: spec.uprobes[0]: at most one of symbols, "
		 "offsets and addrs; keep one, the others not even empty"},
		{HEAD KP "    - matchActions:\n      - {action: FollowFD}\n", "8:18: "
		 "spec.kprobes[0].selectors[0].matchActions[0].action: \"FollowFD\" is not one of the values it may have; "
		 "write Post, Sigkill, Override, GetUrl, DnsLookup, NoPost, Signal, TrackSock, UntrackSock, "
		 "NotifyEnforcer, CleanupEnforcerNotification or Set"},
		{HEAD "  Kprobes: [{call: x, selectors: [{matchPIDs: [{operator: IA, values: [5]}]}]}]\n", "4:59: "
		 "spec.Kprobes[0].selectors[0].matchPIDs[0].operator: \"IA\" is not one of the values it may have; did you "
		 "mean In?"},
		{HEAD "  loader: ~\n", "4:11: spec.loader: null where true or false belongs; give a value or remove the key"},
		{HEAD "  kprobes: []\nstatus: {}\n", "5:1: status: a TracingPolicy has no field \"status\"; remove it"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct parsed p = parse(str_from(rows[i].in));
		CLEANUP_BUF struct buf got = BUF_INIT;
		for (size_t k = 0; k < p.d.n && !got.n; k++)
			if (p.d.v[k].level == DIAG_ERROR)
				buf_printf(&got, "%u:%u: %s", p.d.v[k].line, p.d.v[k].column, p.d.v[k].message);
		assert_int_equal(p.err, -EINVAL);
		assert_string_equal(got.n ? got.p : "", rows[i].want);
		parsed_done(&p);
	}
}

static void defaults(void **state)
{
	(void)state;
	struct parsed p = parse(STR(HEAD
		"  kprobes:\n"
		"  - call: a\n    return: ~\n    syscall: ~\n    args: [{index: 1e0, type: ~}]\n"
		"  - call: b\n    Syscall: false\n"
		"    selectors: [{matchPids: [{operator: In, values: [5]}]}]\n"
		"  - call: c\n    syscall: off\n"
		"    selectors: [{matchCapabilities: [{operator: In, values: [CAP_CHOWN]}]}]\n"));
	assert_int_equal(p.err, 0);
	const struct hook *h = p.v[0]->hooks;
	assert_int_equal(p.v[0]->nhooks, 3);
	assert_true(h[0].syscall && h[1].syscall && !h[2].syscall);
	assert_int_equal(h[0].args[0].index, 1);
	assert_int_equal(h[0].args[0].type, TYPE_AUTO);
	assert_int_equal(h[1].selectors[0].npids, 1);
	assert_int_equal(h[1].selectors[0].pids[0].values[0], 5);
	assert_true(str_eq(h[2].selectors[0].capabilities[0].type, STR("Effective")));
	assert_int_equal(h[2].at.line, 12);
	/* Miscased twice, and one of them has a default to lose to. */
	assert_int_equal(p.d.n, 3);
	parsed_done(&p);
}

static void printed(void **state)
{
	(void)state;
	static const char text[] =
		"apiVersion: cilium.io/v1alpha1\nkind: TracingPolicyNamespaced\nmetadata:\n  name: x\n"
		"  namespace: shop\nspec:\n  podSelector:\n    matchLabels:\n      app: cart\n"
		"  containerSelector: {}\n  options:\n  - name: policy-mode\n    value: monitor\n"
		"  selectorsMacros:\n    m:\n      matchPIDs:\n      - operator: NotIn\n        values: [0, 1]\n"
		"  kprobes:\n  - call: sys_x\n    ignore:\n      callNotFound: true\n"
		"  - call: security_x\n    syscall: false\n    args:\n    - index: 0\n      type: file\n"
		"    returnArg:\n      index: 0\n      type: int\n    selectors:\n    - {}\n"
		"    - matchBinaries:\n      - operator: NotIn\n        values: [\"/a\", \"/b c\"]\n"
		"      matchArgs:\n      - index: 0\n        operator: Prefix\n        values:\n"
		"        - \"/a/long/path/that/does/not/fit/on/the/line/of/its/key\"\n"
		"        - \"/another/one/of/these\"\n"
		"      matchActions:\n      - action: Override\n        argError: 0\n";
	struct parsed p = parse(STR(text));
	CLEANUP_BUF struct buf b = BUF_INIT;
	assert_int_equal(p.err, 0);
	policy_print(p.v[0], &b);
	assert_string_equal(b.p, text);
	p.v[0]->comment = STR("one\n\ntwo");
	buf_clear(&b);
	policy_print(p.v[0], &b);
	assert_memory_equal(b.p, "# one\n#\n# two\napiVersion", 24);
	parsed_done(&p);
}

static void labels(void **state)
{
	(void)state;
	struct str in[] = {STR("cart"), STR("web")};
	struct label app = {STR("app"), STR("cart")}, tier = {STR("tier"), STR("db")};
	struct label_requirement rows[] = {
		{STR("app"), STR("In"), {in, 2}},      {STR("app"), STR("NotIn"), {in, 2}},
		{STR("none"), STR("NotIn"), {in, 2}},  {STR("app"), STR("Exists"), {0}},
		{STR("none"), STR("Exists"), {0}},     {STR("app"), STR("DoesNotExist"), {0}},
		{STR("none"), STR("DoesNotExist"), {0}}, {STR("app"), STR("In"), {0}},
		{STR("app"), STR("NotIn"), {0}},
	};
	static const bool want[] = {true, false, true, true, false, false, true, false, true};
	struct label have[] = {app, tier};
	assert_true(label_selector_matches(NULL, have, 2));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct label_selector s = {.expressions = &rows[i], .nexpressions = 1};
		assert_int_equal(label_selector_matches(&s, have, 2), want[i]);
	}
	struct label_selector both = {.labels = have, .nlabels = 2};
	assert_true(label_selector_matches(&both, have, 2));
	assert_false(label_selector_matches(&both, have, 1));
}

/* ---- policies that others wrote ---- */

static size_t each_policy(const char *dir)
{
	size_t n = 0;
	DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));) {
		if (!strstr(e->d_name, ".yaml"))
			continue;
		CLEANUP_FREE char *path = xasprintf("%s/%s", dir, e->d_name);
		CLEANUP_BUF struct buf text = BUF_INIT;
		assert_int_equal(read_file(path, YAML_MAX_BYTES, &text), 0);
		check_round_trip(path, buf_view(&text));
		n++;
	}
	if (d)
		closedir(d);
	return n;
}

static void round_trips(void **state)
{
	(void)state;
	static const char *const dirs[] = {
		"tests/replay/policies", "tests/golden/6.1/policies", "tests/golden/6.12/policies", "tests/golden/6.12b/policies",
	};
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_not_equal(each_policy(dirs[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages), cmocka_unit_test(defaults), cmocka_unit_test(printed),
		cmocka_unit_test(labels), cmocka_unit_test(round_trips),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
