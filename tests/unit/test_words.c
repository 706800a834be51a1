/* SPDX-License-Identifier: GPL-2.0-only */
/* What the UI says beside a policy: a selector in, the sentence out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "compiler/emit/words.h"
#include "schema/base/arena.h"
#include "schema/yaml.h"

#define CONNECT "  lsmhooks:\n  - hook: socket_connect\n    args: [{index: 1, type: sockaddr}, {index: 0, type: socket}]\n" \
		"    selectors:\n    - matchActions: [{action: Override, argError: -1}]\n      "
#define SOCK "  kprobes:\n  - call: tcp_connect\n    syscall: false\n    args: [{index: 0, type: sock}]\n" \
	     "    selectors:\n    - matchActions: [{action: Sigkill}]\n      "
#define CLOSE "  kprobes:\n  - call: tcp_close\n    syscall: false\n    args: [{index: 0, type: sock}]\n" \
	      "    selectors:\n    - matchActions: [{action: Sigkill}]\n      "
#define OPEN "  lsmhooks:\n  - hook: file_open\n    args: [{index: 0, type: file}]\n" \
	     "    selectors:\n    - matchActions: [{action: Post}]\n      "

static void selectors(void **state)
{
	(void)state;
	static const struct { const char *in, *want; } rows[] = {
		{CONNECT "matchArgs: [{index: 1, operator: SAddr, values: [10.0.0.5/32]}, {index: 1, operator: SPort, values: ['443']}, "
			 "{index: 0, operator: Protocol, values: [IPPROTO_TCP]}]\n",
		 "if it goes over TCP to port 443 of 10.0.0.5: make the call fail"},
		{CONNECT "matchArgs: [{index: 1, operator: NotSAddr, values: [10.0.0.0/8, '::ffff:10.0.0.0/104', fd00::/8]}, "
			 "{index: 1, operator: SPort, values: ['5432']}]\n",
		 "if it goes to port 5432 of an address other than 10.0.0.0/8 or fd00::/8: make the call fail"},
		/* Mapped, with no such network beside it: it is all that is said. */
		{CONNECT "matchArgs: [{index: 1, operator: NotSAddr, values: [10.0.0.0/8, '::ffff:10.0.0.0/112']}]\n",
		 "if it goes to an address other than 10.0.0.0/8 or ::ffff:10.0.0.0/112: make the call fail"},
		{CONNECT "matchArgs: [{index: 1, operator: Family, values: [AF_INET, AF_INET6]}, "
			 "{index: 1, operator: NotSPort, values: ['443', '8000:8100']}]\n",
		 "if it goes over IPv4 or IPv6 to a port other than 443 or 8000 to 8100: make the call fail"},
		{CONNECT "matchBinaries: [{operator: In, values: [/usr/bin/curl]}]\n      "
			 "matchArgs: [{index: 0, operator: Protocol, values: [IPPROTO_UDP, '132']}]\n",
		 "if the acting program is /usr/bin/curl and it goes over UDP or 132: make the call fail"},
		{SOCK "matchArgs: [{index: 0, operator: DAddr, values: ['2001:db8::1/128']}, {index: 0, operator: DPort, values: ['53']}, "
		      "{index: 0, operator: SPort, values: ['68']}]\n",
		 "if it goes to port 53 of 2001:db8::1 and the socket has port 68: kill the process"},
		/* The second of one sort is said by itself. */
		{SOCK "matchArgs: [{index: 0, operator: DPort, values: ['1:1024']}, {index: 0, operator: NotDPort, values: ['443']}]\n",
		 "if it goes to port 1 to 1024 and the socket has a port other than 443: kill the process"},
		{CLOSE "matchArgs: [{index: 0, operator: Protocol, values: [IPPROTO_TCP]}]\n",
		 "if the socket is of protocol TCP: kill the process"},
		{OPEN "matchArgs: [{index: 0, operator: Prefix, values: [/a/, /b/, /c/, /d/, /e/]}]\n",
		 "if the path begins with /a/, /b/, /c/ or 2 others: report it"},
		{OPEN "matchArgs: [{index: 0, operator: Equal, values: [/a]}]\n", "if the path is /a: report it"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP_BUF struct buf text = BUF_INIT;
		CLEANUP(arena_free) struct arena *arena = arena_new();
		struct policy **v = NULL;
		struct words *words;
		size_t n = 0, nwords;
		buf_printf(&text, "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: x}\nspec:\n%s", rows[i].in);
		assert_int_equal(policies_parse("x.yaml", buf_view(&text), &d, &v, &n), 0);
		assert_int_equal(n, 1);
		words_policy(v[0], arena, &words, &nwords);
		assert_int_equal(nwords, 3);
		CLEANUP_FREE char *got = xasprintf(STR_FMT, STR_ARG(words[2].text));
		assert_string_equal(got, rows[i].want);
		policy_free(v[0]);
		free(v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(selectors)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
