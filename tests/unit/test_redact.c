/* SPDX-License-Identifier: GPL-2.0-only */
/* Command lines with secrets in them, and such as only look like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/redact.h"

static const struct {
	const char *program, *in, *out;
} rows[] = {
	{"app", "--password=hunter2 --user=x", "--password=***** --user=x"},
	{"app", "--password hunter2 run", "--password ***** run"},
	{"app", "--password --verbose", "--password --verbose"},
	{"app", "--db-passwd='a b' x", "--db-passwd='*****' x"},
	{"app", "--password-file=/run/secret", "--password-file=/run/secret"},
	{"app", "--token-ttl=30 --max-tokens=5", "--token-ttl=30 --max-tokens=*****"},
	{"env", "DB_PASSWORD=x API_KEY=\"y z\" run", "DB_PASSWORD=***** API_KEY=\"*****\" run"},
	{"env", "AWS_SECRET_ACCESS_KEY=abc AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=***** AWS_ACCESS_KEY_ID=*****"},
	{"/usr/bin/mysql", "-uroot -phunter2 db", "-uroot -p***** db"},
	{"mysql", "-p db", "-p db"},
	{"ls", "-phunter2", "-phunter2"},
	{"/usr/bin/sshpass", "-p hunter2 ssh host", "-p ***** ssh host"},
	{"curl", "-u me:pw https://x/", "-u ***** https://x/"},
	{"curl", "-H \"Authorization: Bearer abc.def\" https://x/", "-H \"Authorization: *****\" https://x/"},
	{"curl", "-d \"{\"password\":\"x\",\"a\":1}\"", "-d \"{\"password\":\"*****\",\"a\":1}\""},
	{"curl", "https://x/?token=abc&page=2", "https://x/?token=*****&page=2"},
	{"git", "clone https://me:pw@host/r.git", "clone https://me:*****@host/r.git"},
	{"git", "clone https://host:8443/me@x", "clone https://host:8443/me@x"},
	{"git", "clone ssh://git@host/r", "clone ssh://git@host/r"},
	{"sh", "-c \"echo ghp_0123456789abcdefghij\"", "-c \"echo *****\""},
	{"redis-cli", "-a pw ping", "-a ***** ping"},
	{"node", "server.js --port 8080", "server.js --port 8080"},
	{"passwd", "root", "root"},
	{"app", "pass=1 compass=2 bypass=3", "pass=***** compass=2 bypass=3"},
	{"app", "", ""},
	{"app", "--password=", "--password="},
	{"app", "--password=\"", "--password=\""},
	{"mysql", "-p", "-p"},
	{"app", "--secret \\", "--secret *****"},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_BUF struct buf out = BUF_INIT;
		/* an exact copy, so that reading past its end is found */
		char *in = xmalloc(MAX(strlen(rows[i].in), 1));
		memcpy(in, rows[i].in, strlen(rows[i].in));
		struct str s = {in, strlen(rows[i].in)};
		buf_puts(&out, "");
		buf_reserve(&out, 0);
		bool any = redact_arguments(str_from(rows[i].program), s, &out);
		if (strcmp(out.p, rows[i].out))
			fail_msg("%s\n  gave %s", rows[i].in, out.p);
		assert_int_equal(any, strcmp(rows[i].in, rows[i].out) != 0);
		free(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
