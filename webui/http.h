/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One HTTP exchange as data: what was asked and what is answered. Nothing here knows a socket, so routing,
 * decoding and every API function are tested and fuzzed without a server.
 */
#pragma once

#include "schema/base/arena.h"
#include "schema/base/buf.h"

struct json_object;

enum {
	HTTP_MAX_TARGET = 8192,   /* bytes of path and query as sent; longer: 414 */
	HTTP_MAX_PARAMS = 32,     /* query parameters; more: 400 */
	HTTP_MAX_BODY = 1 << 20,  /* bytes of a request body; longer: 413 */
	HTTP_MAX_CAPTURES = 4,    /* {names} in a route's pattern */
	HTTP_MAX_DEPTH = 16,      /* nesting of a JSON body */
};

struct param {
	struct str name, value;
};

struct headers {                  /* empty = not sent */
	struct str host, origin, token, cookie, fetch_site, content_type, if_none_match;
};

struct request {
	struct arena *arena;      /* owns the decoded strings */
	struct str method;
	struct str path;          /* decoded */
	struct param query[HTTP_MAX_PARAMS];
	size_t nquery;
	struct headers headers;
	struct json_object *json; /* the body, of a request that has one */
	struct str captures[HTTP_MAX_CAPTURES];
	size_t ncaptures;
	bool (*gone)(void *client);  /* nobody waits for the answer any more; NULL: cannot be told */
	void *client;
};

struct response {
	unsigned status;
	const char *type;         /* MIME type; static */
	struct buf body;
	struct str fixed;         /* when set: sent instead of the body, borrowed for ever */
	const char *etag;         /* with quotes, or NULL: not to be stored at all */
	char *filename;           /* a download under this name, or NULL */
	const char *allow;        /* 405: the methods that the path takes */
	char *link;               /* what the page will ask for, as a Link header; or NULL */
	bool cookie;              /* set the token cookie */
};

void request_init(struct request *q);
void request_done(struct request *q);
void response_init(struct response *r);
void response_done(struct response *r);

/*
 * Splits and decodes what stood between method and version: path, then query. Returns 0, or the HTTP status
 * to answer with (400, 414) and why in *ret_why. A decoded NUL is refused: nothing we hold contains one.
 */
unsigned request_target(struct request *q, struct str raw, const char **ret_why);

/* Takes the body of a POST: must be a JSON object. The same return. */
unsigned request_body(struct request *q, struct str body, const char **ret_why);

/* The value of a query parameter, empty when absent. */
struct str query_str(const struct request *q, const char *name);
/* A whole number within limits. FALLBACK when absent; false when it is not one. */
bool query_u64(const struct request *q, const char *name, uint64_t fallback, uint64_t max,
	       uint64_t *ret);

/*
 * Answers {"error": ..., "what_to_do": ...}. Every refusal goes through here, so that the UI can
 * always say what to do.
 */
void response_error(struct response *r, unsigned status, const char *what_to_do, const char *fmt,
		    ...) PRINTF(4, 5);
