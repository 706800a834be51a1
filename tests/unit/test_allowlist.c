/* SPDX-License-Identifier: GPL-2.0-only */
/* The allowlist document: what is read, what is refused and how, and that printing is the identity. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/allowlist.h"

#define HEAD                                                                                       \
	"apiVersion: stakeout/v1\n"                                                                \
	"kind: Allowlist\n"                                                                        \
	"metadata: {name: shop-cart}\n"                                                            \
	"workload: {namespace: shop, kind: Deployment, name: cart, container: app, podLabels: {app: cart}}\n"

static const char printed[] =
	HEAD "mode: enforce\n"
	     "exec:\n"
	     "  allow:\n"
	     "    - path: /app/scripts/\n"
	     "    - path: /usr/bin/node\n"
	     "      by: [/usr/bin/dash]\n"
	     "      note: start-up\n"
	     "      evidence: {count: 812, first: 2026-11-20T10:00:00.000000000Z, last: "
	     "2026-11-20T11:00:00.500000000Z, instances: 3}\n"
	     "file:\n"
	     "  protect: [/app/, /etc/]\n"
	     "  allow:\n"
	     "    - path: /app/cache/\n"
	     "      access: [write, create, unlink]\n"
	     "      by: [/usr/bin/node]\n"
	     "connect:\n"
	     "  allow:\n"
	     "    - cidr: any\n"
	     "      port: 53\n"
	     "      protocol: udp\n"
	     "    - cidr: 10.0.0.0/8\n"
	     "      port: \"8000-8080\"\n"
	     "      protocol: tcp\n"
	     "    - cidr: \"fd00::1\"\n"
	     "guards: [kernel-module, ptrace]\n";

static struct allowlist *parse_ok(const char *text)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct allowlist *a = NULL;
	int err = allowlist_parse("a.yaml", str_from(text), &d, &a);
	diag_print(&d);
	assert_int_equal(err, 0);
	return a;
}

static void printing_is_the_identity(void **state)
{
	(void)state;
	CLEANUP(allowlist_free) struct allowlist *a = parse_ok(printed);
	allowlist_normalize(a);
	CLEANUP_BUF struct buf b = BUF_INIT;
	allowlist_print(a, &b);
	assert_string_equal(b.p, printed);
	assert_int_equal(a->exec[1].evidence.last_ns - a->exec[1].evidence.first_ns, 3600500000000ull);
	assert_int_equal(a->files[0].access, ACCESS_WRITE | ACCESS_CREATE | ACCESS_UNLINK);
	assert_int_equal(a->connects[1].prefix, 8);
}

static void equal_entries_merge(void **state)
{
	(void)state;
	CLEANUP(allowlist_free) struct allowlist *a = parse_ok(HEAD
		"exec:\n  allow:\n"
		"  - {path: /b, by: [/y, /x, /y], evidence: {count: 2, first: 2026-01-02T00:00:00Z, last: 2026-01-02T00:00:00Z}}\n"
		"  - {path: /a}\n"
		"  - {path: /b, by: [/x, /y], note: why, evidence: {count: 3, first: 2026-01-01T00:00:00Z, last: 2026-01-01T00:00:00Z}}\n");
	allowlist_normalize(a);
	assert_int_equal(a->nexec, 2);
	assert_true(str_eq(a->exec[1].note, STR("why")));
	assert_int_equal(a->exec[1].nby, 2);
	assert_int_equal(a->exec[1].evidence.count, 5);
	assert_true(a->exec[1].evidence.last_ns - a->exec[1].evidence.first_ns == 86400 * NSEC_PER_SEC);
	assert_false(a->has_file);
	assert_false(a->has_connect);
}

static void refusals_name_place_and_remedy(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line;
		const char *says;
	} rows[] = {
		{HEAD "exce: {allow: []}\n", 5, "did you mean 'exec'"},
		{HEAD "mode: kill\n", 5, "monitor or enforce"},
		{HEAD "exec:\n  allow:\n  - path: usr/bin/node\n", 7, "must be absolute"},
		{HEAD "exec:\n  allow:\n  - path: /usr/../bin\n", 7, "no '//'"},
		{HEAD "exec:\n  allow:\n  - {by: [/a]}\n", 7, "needs a path"},
		{HEAD "exec:\n  allow:\n  - {path: /a, by: []}\n", 7, "would allow nobody"},
		{HEAD "exec:\n  allow: /a\n", 6, "must be a list"},
		{HEAD "file:\n  allow: []\n", 6, "needs 'protect'"},
		{HEAD "file:\n  protect: [/etc/]\n  allow:\n  - {path: /etc/x, access: [rite]}\n", 8, "is not an access"},
		{HEAD "connect:\n  allow:\n  - {cidr: 10.0.0.1/8}\n", 7, "beyond its prefix"},
		{HEAD "connect:\n  allow:\n  - {cidr: 300.0.0.1}\n", 7, "is not an address"},
		{HEAD "connect:\n  allow:\n  - {cidr: 10.0.0.0/33}\n", 7, "is not an address"},
		{HEAD "connect:\n  allow:\n  - {port: 70000}\n", 7, "is not a port"},
		{HEAD "connect:\n  allow:\n  - {port: 9-8}\n", 7, "is not a port"},
		{HEAD "connect:\n  allow:\n  - {protocol: icmp}\n", 7, "tcp, udp or any"},
		{HEAD "guards: [mounts]\n", 5, "is not a guard"},
		{HEAD "exec:\n  allow:\n  - {path: /a, evidence: {count: -1}}\n", 7, "whole number"},
		{HEAD "exec:\n  allow:\n  - {path: /a, evidence: {count: 1, first: yesterday}}\n", 7, "UTC time"},
		{HEAD HEAD, 0, "duplicate"},
		{"kind: Allowlist\n", 1, "apiVersion must be"},
		{"- a\n", 1, "must be a map"},
		{"", 0, "holds 0"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		struct allowlist *a = NULL;
		assert_int_not_equal(allowlist_parse("a.yaml", str_from(rows[i].text), &d, &a), 0);
		assert_null(a);
		bool found = false;
		for (size_t k = 0; k < d.n; k++)
			found |= strstr(d.v[k].message, rows[i].says) &&
				 (!rows[i].line || d.v[k].line == rows[i].line);
		if (!found) {
			diag_print(&d);
			fail_msg("row %zu: no message says '%s' at line %u", i, rows[i].says, rows[i].line);
		}
	}
}

static void prefixes(void **state)
{
	(void)state;
	assert_true(path_covers(STR("/app/"), STR("/app/x/y")));
	assert_false(path_covers(STR("/app/"), STR("/app")));
	assert_false(path_covers(STR("/app"), STR("/apple")));
	assert_true(path_covers(STR("/app"), STR("/app")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(printing_is_the_identity),
		cmocka_unit_test(equal_entries_merge),
		cmocka_unit_test(refusals_name_place_and_remedy),
		cmocka_unit_test(prefixes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
