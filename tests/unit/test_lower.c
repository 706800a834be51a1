/* SPDX-License-Identifier: GPL-2.0-only */
/* Lowering: what is dropped because something wider grants it, what is folded, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "compiler/allow/lower.h"

static const char head[] = "apiVersion: stakeout/v1\nkind: Allowlist\nmetadata: {name: t}\n"
			   "workload: {namespace: n, kind: Pod, name: p, podLabels: {a: b}}\nmode: monitor\n";

/* The rows as text: "PATH by CALLER access" ... one a line. */
static void show(const struct lowered *l, struct buf *b)
{
	for (size_t i = 0; i < l->nexec; i++)
		buf_printf(b, "exec " STR_FMT " %u;", STR_ARG(l->exec[i].path), l->exec[i].caller);
	for (size_t i = 0; i < l->nprotect; i++)
		buf_printf(b, "protect " STR_FMT ";", STR_ARG(l->protect[i]));
	for (size_t i = 0; i < l->nfiles; i++)
		buf_printf(b, "file " STR_FMT " %u %#x;", STR_ARG(l->files[i].path), l->files[i].caller,
			   l->files[i].access);
	for (size_t i = 0; i < l->nconnects; i++)
		buf_printf(b, "connect v%u %u.%u /%u %u-%u %u %u;", l->connects[i].network.family,
			   l->connects[i].network.bytes[0], l->connects[i].network.bytes[1], l->connects[i].bits,
			   l->connects[i].port_first, l->connects[i].port_last, l->connects[i].protocol,
			   l->connects[i].caller);
}

static void test_rows(void **state)
{
	static const struct { const char *text, *want; } rows[] = {
		{"exec: {allow: [{path: /b}, {path: /a}, {path: /b}]}\n", "exec /a 0;exec /b 0;"},
		{"exec: {allow: [{path: /a/}, {path: /a/b}, {path: /ab}, {path: /a}]}\n",
		 "exec /a 0;exec /a/ 0;exec /ab 0;"},
		{"exec: {allow: [{path: /a, by: [/z, /y]}, {path: /b, by: [/y]}]}\n",
		 "exec /a 1;exec /a 2;exec /b 1;"},
		{"exec: {allow: [{path: /a, by: [/z]}, {path: /a}]}\n", "exec /a 0;"},
		{"exec: {allow: [{path: /d/, by: [/z]}, {path: /d/a, by: [/z]}, {path: /d/a, by: [/y]}]}\n",
		 "exec /d/ 2;exec /d/a 1;"},
		{"file: {protect: [/etc/, /etc/ssl/, /etc/passwd, /srv/x, /etcx/], allow: []}\n",
		 "protect /etc/;protect /etcx/;protect /srv/x;"},
		{"file: {protect: [/etc/], allow: [{path: /etc/a, access: [append]}]}\n",
		 "protect /etc/;file /etc/a 0 0x2;"},
		{"file: {protect: [/etc/], allow: [{path: /var/a, access: [write]}]}\n",
		 "protect /etc/;"},
		{"file: {protect: [/etc/], allow: [{path: /etc/a, access: [write]}, {path: /etc/, access: [write, unlink]}]}\n",
		 "protect /etc/;file /etc/ 0 0x42;"},
		{"connect: {allow: [{cidr: \"::ffff:10.0.0.0/104\", port: 53}]}\n", "connect v4 10.0 /8 53-53 0 0;"},
		{"connect: {allow: [{cidr: any, port: 443, protocol: tcp}]}\n",
		 "connect v4 0.0 /0 443-443 6 0;connect v6 0.0 /0 443-443 6 0;"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP_BUF struct buf text = BUF_INIT, got = BUF_INIT;
		CLEANUP(allowlist_free) struct allowlist *a = NULL;
		CLEANUP(lowered_free) struct lowered *l = NULL;
		buf_puts(&text, head);
		buf_puts(&text, rows[i].text);
		int err = allowlist_parse("t.yaml", buf_view(&text), &d, &a);
		diag_print(&d);
		assert_int_equal(err, 0);
		assert_int_equal(lower(a, &d, &l), 0);
		show(l, &got);
		assert_string_equal(got.p, rows[i].want);
	}
}

/* What the reader of the document would have refused, from a caller that built it in memory. */
static void test_refused(void **state)
{
	struct allow_exec relative = {.path = STR_INIT("bin/a")}, dots = {.path = STR_INIT("/a/../b")};
	struct str folder = STR_INIT("/bin/");
	struct allow_exec by_folder = {.path = STR_INIT("/a"), .by = &folder, .nby = 1};
	struct str unknown = STR_INIT("reboot");
	struct allow_connect host_bits = {.network = {.family = 4, .bytes = {10, 0, 0, 1}}, .prefix = 8,
					  .port_last = 65535};
	struct allowlist bad[] = {
		{.exec = &relative, .nexec = 1}, {.exec = &dots, .nexec = 1}, {.exec = &by_folder, .nexec = 1},
		{.guards = &unknown, .nguards = 1}, {.connects = &host_bits, .nconnects = 1},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		struct lowered *l = NULL;
		assert_int_equal(lower(&bad[i], &d, &l), -EINVAL);
		assert_int_equal(d.errors, 1);
		assert_null(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
