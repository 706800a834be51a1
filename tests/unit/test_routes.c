/* SPDX-License-Identifier: GPL-2.0-only */
/* Decoding, routing, guarding: all of the server that needs no socket; and the API description against the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include <json-c/json.h>

#include "schema/base/diag.h"
#include "webui/assets.h"
#include "webui/routes.h"

static void test_targets(void **state)
{
	(void)state;
	static const struct {
		const char *raw;
		unsigned status;
		const char *path, *name, *value;
	} rows[] = {
		{"/", 0, "/", "", ""},
		{"/a?b=c", 0, "/a", "b", "c"},
		{"/a%20b?q=x+y%2B", 0, "/a b", "q", "x y+"},
		{"/a?b=1&b=2", 0, "/a", "b", "1"},
		{"/a?&&b=c&", 0, "/a", "b", "c"},
		{"/a?b", 0, "/a", "b", ""},
		{"/%2e%2e/x", 0, "/../x", "", ""},
		{"/a%00b", 400, NULL, NULL, NULL},
		{"/a%zz", 400, NULL, NULL, NULL},
		{"/a%4", 400, NULL, NULL, NULL},
		{"/a?x=%", 400, NULL, NULL, NULL},
		{"a", 400, NULL, NULL, NULL},
		{"", 400, NULL, NULL, NULL},
		{"http://other/", 400, NULL, NULL, NULL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct request q;
		const char *why = NULL;
		request_init(&q);
		assert_int_equal(request_target(&q, str_from(rows[i].raw), &why), rows[i].status);
		if (!rows[i].status) {
			assert_true(str_eq(q.path, str_from(rows[i].path)));
			if (*rows[i].name)
				assert_true(str_eq(query_str(&q, rows[i].name), str_from(rows[i].value)));
		} else {
			assert_non_null(why);
		}
		request_done(&q);
	}
}

static void test_limits(void **state)
{
	(void)state;
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct request q;
	const char *why;
	buf_putc(&b, '/');
	while (b.n <= HTTP_MAX_TARGET)
		buf_putc(&b, 'a');
	request_init(&q);
	assert_int_equal(request_target(&q, buf_view(&b), &why), 414);
	request_done(&q);
	buf_clear(&b);
	buf_puts(&b, "/?");
	for (int i = 0; i <= HTTP_MAX_PARAMS; i++)
		buf_printf(&b, "p%d=1&", i);
	request_init(&q);
	assert_int_equal(request_target(&q, buf_view(&b), &why), 400);
	request_done(&q);
}

static void test_bodies(void **state)
{
	(void)state;
	static const struct {
		const char *type, *body;
		unsigned status;
	} rows[] = {
		{"application/json", "{}", 0},
		{"application/json; charset=utf-8", "{\"a\":[1,{}]}", 0},
		{"text/plain", "{}", 415},
		{"", "{}", 415},
		{"application/json", "", 400},
		{"application/json", "[]", 400},
		{"application/json", "{} {}", 400},
		{"application/json", "{\"a\":1", 400},
		{"application/json", "{a:1}", 400},
		{"application/json", "[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]", 400},
		{"application/json", "{\"a\":\"\xff\"}", 400},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct request q;
		const char *why;
		request_init(&q);
		q.headers.content_type = str_from(rows[i].type);
		assert_int_equal(request_body(&q, str_from(rows[i].body), &why), rows[i].status);
		request_done(&q);
	}
}

static void test_routing(void **state)
{
	(void)state;
	static const struct {
		const char *method, *path, *pattern, *allow;
	} rows[] = {
		{"GET", "/", "/", NULL},
		{"HEAD", "/", "/", NULL},
		{"POST", "/", NULL, "GET, HEAD"},
		{"GET", "/w/3/review", "/w/{workload}/{screen}", NULL},
		{"GET", "/w/3/review/", NULL, NULL},
		{"GET", "/w//review", NULL, NULL},
		{"GET", "/app.js", "/{asset}", NULL},
		{"GET", "/api/v1/workloads", "/api/v1/workloads", NULL},
		{"DELETE", "/api/v1/workloads", NULL, "GET, HEAD"},
		{"GET", "/api/v1/workloads/1/decisions", NULL, "POST"},
		{"POST", "/api/v1/workloads/1/decisions", "/api/v1/workloads/{workload}/decisions", NULL},
		{"GET", "/api/v1/workloads/1/decisions/2", NULL, NULL},
		{"GET", "/api/v2/workloads", NULL, NULL},
		{"GET", "/../etc/passwd", NULL, NULL},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct request q = {.method = str_from(rows[i].method), .path = str_from(rows[i].path)};
		const char *allow;
		const struct route *r = route_find(&q, &allow);
		if (rows[i].pattern)
			assert_string_equal(r ? r->pattern : "none", rows[i].pattern);
		else
			assert_null(r);
		if (rows[i].allow)
			assert_string_equal(allow ? allow : "none", rows[i].allow);
		else
			assert_null(allow);
	}
}

static void test_guard(void **state)
{
	(void)state;
	struct guard g;
	assert_int_equal(guard_init(&g, 5000), 0);
	CLEANUP_FREE char *cookie = xasprintf("x=1; stakeout-5000=%s; y=2", g.token);
	CLEANUP_FREE char *other = xasprintf("stakeout-5001=%s", g.token);
	const char *ours = "http://127.0.0.1:5000", *token = g.token;
	const struct {
		const char *method, *path, *host, *origin, *token, *cookie, *site;
		unsigned status;
	} rows[] = {
		{"GET", "/", "127.0.0.1:5000", "", "", "", "", 0},
		{"GET", "/", "localhost:5000", "", "", "", "", 0},
		{"GET", "/", "[::1]:5000", "", "", "", "", 0},
		{"GET", "/", "127.0.0.1", "", "", "", "", 421},
		{"GET", "/", "127.0.0.1:5001", "", "", "", "", 421},
		{"GET", "/", "evil.example:5000", "", "", "", "", 421},
		{"GET", "/", "127.0.0.1:5000.evil.example", "", "", "", "", 421},
		{"GET", "/", "", "", "", "", "", 421},
		{"GET", "/", "127.0.0.1:5000", "", "", "", "cross-site", 0},
		{"GET", "/api/v1/session", "127.0.0.1:5000", "", "", "", "cross-site", 403},
		{"GET", "/api/v1/session", "127.0.0.1:5000", "", "", "", "same-site", 403},
		{"GET", "/api/v1/session", "127.0.0.1:5000", "", "", "", "same-origin", 0},
		{"POST", "/api/v1/x", "127.0.0.1:5000", ours, token, cookie, "same-origin", 0},
		{"POST", "/api/v1/x", "127.0.0.1:5000", ours, token, cookie, "", 0},
		{"POST", "/api/v1/x", "127.0.0.1:5000", "", token, cookie, "", 403},
		{"POST", "/api/v1/x", "127.0.0.1:5000", "null", token, cookie, "", 403},
		{"POST", "/api/v1/x", "127.0.0.1:5000", "http://127.0.0.1:5001", token, cookie, "", 403},
		{"POST", "/api/v1/x", "127.0.0.1:5000", "https://127.0.0.1:5000", token, cookie, "", 403},
		{"POST", "/api/v1/x", "localhost:5000", ours, token, cookie, "", 403},
		{"POST", "/api/v1/x", "127.0.0.1:5000", ours, "", cookie, "", 403},
		{"POST", "/api/v1/x", "127.0.0.1:5000", ours, token, "", "", 403},
		{"POST", "/api/v1/x", "127.0.0.1:5000", ours, token, other, "", 403},
		{"POST", "/api/v1/x", "127.0.0.1:5000", ours, cookie, cookie, "", 403},
		{"PUT", "/", "127.0.0.1:5000", "", "", "", "", 403},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct request q = {.method = str_from(rows[i].method), .path = str_from(rows[i].path)};
		q.headers = (struct headers){.host = str_from(rows[i].host),
					     .origin = str_from(rows[i].origin),
					     .token = str_from(rows[i].token),
					     .cookie = str_from(rows[i].cookie),
					     .fetch_site = str_from(rows[i].site)};
		const char *why;
		unsigned status = guard_check(&g, &q, &why);
		if (status != rows[i].status)
			fail_msg("row %zu: %u, not %u (%s)", i, status, rows[i].status, why ? why : "");
	}
}

static void test_listen(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int err;
		unsigned port;
	} rows[] = {
		{"127.0.0.1:5000", 0, 5000}, {"localhost:81", 0, 81},  {"[::1]:5000", 0, 5000},
		{"5000", 0, 5000},           {":5000", 0, 5000},       {"127.0.0.1:0", 0, 0},
		{"0.0.0.0:5000", -EACCES, 0}, {"[::]:5000", -EACCES, 0}, {"10.0.0.1:5000", -EACCES, 0},
		{"127.0.0.2:5000", -EACCES, 0}, {"127.0.0.1:65536", -EINVAL, 0}, {"127.0.0.1:", -EINVAL, 0},
		{"example.org:80", -EINVAL, 0}, {"", -EINVAL, 0}, {"[127.0.0.1]:80", -EINVAL, 0},
	};
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		struct listen_address a = {.port = 0};
		assert_int_equal(listen_parse(rows[i].text, &d, &a), rows[i].err);
		assert_int_equal(a.port, rows[i].port);
		assert_int_equal(d.n != 0, rows[i].err != 0);
	}
}

/* Each API route is described, each description has a route, and both name the same answer. */
static void test_openapi(void **state)
{
	(void)state;
	const struct asset *file = asset_find(STR("/openapi.json"));
	assert_non_null(file);
	CLEANUP_FREE char *text = xstrndup((const char *)file->bytes, file->n);
	struct json_object *doc = json_tokener_parse(text), *paths, *schemas, *components;
	assert_non_null(doc);
	assert_true(json_object_object_get_ex(doc, "paths", &paths));
	assert_true(json_object_object_get_ex(doc, "components", &components));
	assert_true(json_object_object_get_ex(components, "schemas", &schemas));
	size_t described = 0, served = 0;
	json_object_object_foreach(paths, path, methods)
	{
		json_object_object_foreach(methods, method, operation)
		{
			struct json_object *returns;
			bool found = false;
			described++;
			assert_true(json_object_object_get_ex(operation, "x-returns", &returns));
			const char *name = json_object_get_string(returns);
			for (size_t i = 0; i < routes_n; i++)
				found |= !strcmp(routes[i].pattern, path) &&
					 !strcasecmp(routes[i].method, method) &&
					 !strcmp(routes[i].returns, name);
			if (!found)
				fail_msg("openapi.json: %s %s returning %s is not served", method, path, name);
		}
	}
	for (size_t i = 0; i < routes_n; i++) {
		if (routes[i].kind == ROUTE_PAGE)
			continue;
		served++;
		if (routes[i].kind == ROUTE_API && !json_object_object_get_ex(schemas, routes[i].returns, NULL))
			fail_msg("openapi.json: no schema %s", routes[i].returns);
	}
	assert_int_equal(described, served);
	json_object_put(doc);
}

static void test_assets(void **state)
{
	(void)state;
	size_t total = 0;
	for (size_t i = 0; i < assets_n; i++) {
		total += assets[i].n;
		assert_ptr_equal(asset_find(str_from(assets[i].path)), &assets[i]);
		CLEANUP_FREE char *text = xstrndup((const char *)assets[i].bytes, assets[i].n);
		/* What would run or load a foreign thing, or make markup of text. */
		static const char *const never[] = {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
						    "eval(", "new Function", "https://cdn", "style=\""};
		for (size_t k = 0; k < ARRAY_SIZE(never); k++)
			if (strstr(text, never[k]))
				fail_msg("%s holds %s", assets[i].path, never[k]);
	}
	assert_true(total < 150 * 1024);
	assert_null(asset_find(STR("/nothing")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_bodies),  cmocka_unit_test(test_routing),
		cmocka_unit_test(test_guard),   cmocka_unit_test(test_listen),
		cmocka_unit_test(test_openapi), cmocka_unit_test(test_assets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
