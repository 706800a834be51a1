/* SPDX-License-Identifier: GPL-2.0-only */
/* The table, and matching against it segment by segment. */
#include "webui/routes.h"

#include "webui/api.h"
#include "webui/pages.h"

#define W "/api/v1/workloads/{workload}"

const struct route routes[] = {
	{"GET", "/", ROUTE_PAGE, page_app, "index.html"},
	{"GET", "/w/{workload}", ROUTE_PAGE, page_app, "index.html"},
	{"GET", "/w/{workload}/{screen}", ROUTE_PAGE, page_app, "index.html"},
	{"GET", "/api/v1/session", ROUTE_API, api_session, "Session"},
	{"GET", "/api/v1/workloads", ROUTE_API, api_workloads, "WorkloadPage"},
	{"GET", W, ROUTE_API, api_workload, "Workload"},
	{"GET", W "/sources", ROUTE_API, api_sources, "Sources"},
	{"GET", W "/instances", ROUTE_API, api_instances, "InstancePage"},
	{"GET", W "/tree", ROUTE_API, api_tree, "Tree"},
	{"GET", W "/observations", ROUTE_API, api_observations, "ObservationPage"},
	{"GET", W "/observations/{observation}", ROUTE_API, api_evidence, "Evidence"},
	{"GET", W "/observations/{observation}/proposals", ROUTE_API, api_proposals, "ProposalPage"},
	{"GET", W "/history", ROUTE_API, api_history, "History"},
	{"GET", W "/rules", ROUTE_API, api_rules, "Rules"},
	{"POST", W "/decisions", ROUTE_API, api_decide, "Workload"},
	{"POST", W "/bulk", ROUTE_API, api_bulk, "BulkPreview"},
	{"POST", W "/undo", ROUTE_API, api_undo, "Workload"},
	{"POST", W "/mode", ROUTE_API, api_mode, "Workload"},
	{"GET", W "/consequence", ROUTE_API, api_consequence, "Consequence"},
	{"GET", W "/replay", ROUTE_API, api_replay, "Replay"},
	{"GET", "/api/v1/runs", ROUTE_API, api_runs, "Runs"},
	{"GET", W "/policy", ROUTE_API, api_policy, "Policy"},
	{"GET", W "/download/{file}", ROUTE_DOWNLOAD, api_download, "a file of the compiled policy"},
	{"GET", "/{asset}", ROUTE_PAGE, page_asset, "a file of the UI"},
};
const size_t routes_n = ARRAY_SIZE(routes);

static struct str next_segment(struct str *rest)
{
	const char *slash = rest->n ? memchr(rest->p, '/', rest->n) : NULL;
	struct str segment = {rest->p, slash ? (size_t)(slash - rest->p) : rest->n};
	*rest = str_skip(*rest, segment.n + 1);
	return segment;
}

static bool matches(const struct route *route, struct request *q)
{
	struct str pattern = str_skip(str_from(route->pattern), 1), path = str_skip(q->path, 1);
	/* "/a/" is not "/a": a trailing slash would be an empty last segment. */
	if (q->path.n > 1 && q->path.p[q->path.n - 1] == '/')
		return false;
	q->ncaptures = 0;
	while (pattern.n && path.n) {
		struct str want = next_segment(&pattern), got = next_segment(&path);
		if (want.n && want.p[0] == '{') {
			if (!got.n || q->ncaptures == HTTP_MAX_CAPTURES)
				return false;
			q->captures[q->ncaptures++] = got;
		} else if (!str_eq(want, got)) {
			return false;
		}
	}
	return !pattern.n && !path.n;
}

const struct route *route_find(struct request *q, const char **ret_allow)
{
	*ret_allow = NULL;
	if (!q->path.n || q->path.p[0] != '/')
		return NULL;
	for (size_t i = 0; i < routes_n; i++) {
		const struct route *route = &routes[i];
		if (!matches(route, q))
			continue;
		bool get = !strcmp(route->method, "GET");
		if (str_eq(q->method, str_from(route->method)) || (get && str_eq(q->method, STR("HEAD"))))
			return route;
		*ret_allow = get ? "GET, HEAD" : route->method;
	}
	return NULL;
}
