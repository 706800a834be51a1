/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decoding of what a client sent. The server library could split queries too, but hands them over as C
 * strings, in which %00 hides the rest; so the raw target is taken and decoded here, in one place that a fuzzer
 * can reach.
 */
#include "webui/http.h"

#include <json-c/json.h>

void request_init(struct request *q)
{
	*q = (struct request){.arena = arena_new()};
}

void request_done(struct request *q)
{
	arena_free(q->arena);
	json_object_put(q->json);
	*q = (struct request){0};
}

void response_init(struct response *r)
{
	*r = (struct response){.status = 200, .type = "application/json"};
}

void response_done(struct response *r)
{
	buf_done(&r->body);
	free(r->filename);
	free(r->link);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* %41 and, in a query, + for a space. NULL on a malformed or NUL escape. */
static const char *decode(struct arena *a, struct str s, bool query, struct str *ret)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '+' && query)
			c = ' ';
		if (c == '%') {
			int high = i + 2 < s.n ? hex_value(s.p[i + 1]) : -1;
			int low = i + 2 < s.n ? hex_value(s.p[i + 2]) : -1;
			if (high < 0 || low < 0)
				return "a % in the address is not followed by two hex digits";
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (!c)
			return "the address holds a NUL byte";
		out[n++] = c;
	}
	*ret = (struct str){out, n};
	return NULL;
}

static struct str cut(struct str *rest, char at)
{
	const char *p = rest->n ? memchr(rest->p, at, rest->n) : NULL;
	struct str head = {rest->p, p ? (size_t)(p - rest->p) : rest->n};
	*rest = str_skip(*rest, head.n + 1);
	return head;
}

static const char *decode_query(struct request *q, struct str rest)
{
	while (rest.n) {
		struct str value = cut(&rest, '&');
		if (!value.n)
			continue;
		if (q->nquery == HTTP_MAX_PARAMS)
			return "the address has too many parameters";
		struct str name = cut(&value, '=');
		struct param *p = &q->query[q->nquery];
		const char *why = decode(q->arena, name, true, &p->name);
		if (!why)
			why = decode(q->arena, value, true, &p->value);
		if (why)
			return why;
		q->nquery++;
	}
	return NULL;
}

unsigned request_target(struct request *q, struct str raw, const char **ret_why)
{
	if (raw.n > HTTP_MAX_TARGET) {
		*ret_why = "the address is too long";
		return 414;
	}
	struct str path = cut(&raw, '?');
	*ret_why = "the address does not begin with /";
	if (!path.n || path.p[0] != '/')
		return 400;
	*ret_why = decode(q->arena, path, false, &q->path);
	if (!*ret_why)
		*ret_why = decode_query(q, raw);
	return *ret_why ? 400 : 0;
}

unsigned request_body(struct request *q, struct str body, const char **ret_why)
{
	*ret_why = "the body is too long";
	if (body.n > HTTP_MAX_BODY)
		return 413;
	*ret_why = "the body is not application/json";
	if (!str_starts(q->headers.content_type, STR("application/json")))
		return 415;
	struct json_tokener *tokener = json_tokener_new_ex(HTTP_MAX_DEPTH);
	if (!tokener)
		abort();
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	q->json = json_tokener_parse_ex(tokener, body.p ? body.p : "", (int)body.n);
	bool whole = json_tokener_get_error(tokener) == json_tokener_success &&
		     json_tokener_get_parse_end(tokener) == body.n;
	json_tokener_free(tokener);
	*ret_why = "the body is not one JSON object";
	if (!whole || !json_object_is_type(q->json, json_type_object))
		return 400;
	*ret_why = NULL;
	return 0;
}

struct str query_str(const struct request *q, const char *name)
{
	for (size_t i = 0; i < q->nquery; i++)
		if (str_eq(q->query[i].name, str_from(name)))
			return q->query[i].value;
	return (struct str){NULL, 0};
}

bool query_u64(const struct request *q, const char *name, uint64_t fallback, uint64_t max,
	       uint64_t *ret)
{
	struct str value = query_str(q, name);
	if (!value.n) {
		*ret = fallback;
		return true;
	}
	uint64_t n;
	if (str_to_u64(value, &n) || n > max)
		return false;
	*ret = n;
	return true;
}

void response_error(struct response *r, unsigned status, const char *what_to_do, const char *fmt,
		    ...)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	r->status = status;
	r->type = "application/json";
	r->fixed = (struct str){NULL, 0};
	r->etag = NULL;
	free(r->filename);
	free(r->link);
	r->filename = NULL;
	buf_clear(&r->body);
	buf_puts(&r->body, "{\"error\":");
	buf_json(&r->body, buf_view(&text));
	buf_puts(&r->body, ",\"what_to_do\":");
	buf_json(&r->body, str_from(what_to_do));
	buf_puts(&r->body, "}\n");
}
