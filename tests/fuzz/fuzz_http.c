/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A request as text: first line METHOD TARGET, then the body. Decoded, guarded, routed and answered as the server does,
 * with no store behind it, so that every function meets what it did not expect.
 */
#include "webui/routes.h"

static void add_writer(struct request *q, const struct guard *g, const char *cookie)
{
	q->headers = (struct headers){.host = STR("127.0.0.1:5000"),
				      .origin = STR("http://127.0.0.1:5000"),
				      .token = str_from(g->token),
				      .cookie = str_from(cookie),
				      .content_type = STR("application/json")};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str text = {(const char *)data, n};
	const char *newline = n ? memchr(data, '\n', n) : NULL;
	struct str line = {text.p, newline ? (size_t)(newline - text.p) : n};
	struct str body = str_skip(text, line.n + 1);
	const char *space = line.n ? memchr(line.p, ' ', line.n) : NULL;
	struct str method = {line.p, space ? (size_t)(space - line.p) : line.n};
	struct web w = {.db = "/nonexistent/stakeout.db"};
	web_init(&w);
	if (guard_init(&w.guard, 5000))
		abort();
	CLEANUP_FREE char *cookie = xasprintf("%s=%s", w.guard.cookie_name, w.guard.token);
	CLEANUP_FREE char *whole_body = xstrndup(body.p ? body.p : "", body.n);
	struct request q;
	struct response r;
	const char *why;
	request_init(&q);
	response_init(&r);
	q.method = method;
	add_writer(&q, &w.guard, cookie);
	unsigned status = request_target(&q, str_skip(line, method.n + 1), &why);
	if (!status && str_eq(method, STR("POST")))
		status = request_body(&q, (struct str){whole_body, body.n}, &why);
	if (!status) {
		web_answer(&w, &q, &r);
		if (!r.status || (!r.fixed.p && r.status == 200 && !r.body.n))
			abort();
	}
	response_done(&r);
	request_done(&q);
	web_done(&w);
	return 0;
}
