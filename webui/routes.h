/* SPDX-License-Identifier: GPL-2.0-only */
/* The one table of what can be asked. The API description (assets/openapi.json) is tested against it. */
#pragma once

#include "webui/web.h"

enum route_kind {
	ROUTE_PAGE,      /* the UI itself */
	ROUTE_API,       /* JSON */
	ROUTE_DOWNLOAD,  /* a file */
};

struct route {
	const char *method;
	const char *pattern;    /* segments; {name} takes one non-empty segment */
	enum route_kind kind;
	void (*answer)(struct web *w, const struct request *q, struct response *r);
	const char *returns;    /* the schema's name in openapi.json, or what file */
};

extern const struct route routes[];
extern const size_t routes_n;

/*
 * The route for method and path, captures filled in. NULL: no such path (*ret_allow empty), or the path takes other
 * methods (*ret_allow lists them).
 */
const struct route *route_find(struct request *q, const char **ret_allow);
