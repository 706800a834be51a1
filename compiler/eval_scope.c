/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scope: the policy's pod, container and host selectors against the pod of the process. The answer depends only on
 * namespace, labels and container: for each of these that comes and each site the hooks that are for it are listed once, so that
 * policies for other pods cost nothing.
 */
#include "compiler/eval_form.h"

#include <json-c/json.h>

struct labels {
	struct label *v;
	size_t n, cap;
};

static void read_labels(struct str text, json_object **ret_json, struct labels *ret)
{
	struct json_tokener *tok = json_tokener_new();
	*ret_json = text.n ? json_tokener_parse_ex(tok, text.p, (int)text.n) : NULL;
	json_tokener_free(tok);
	if (!*ret_json || !json_object_is_type(*ret_json, json_type_object))
		return;
	json_object_object_foreach(*ret_json, key, value)
	{
		struct label *l = VEC_PUSH(ret);
		l->key = str_from(key);
		l->value = str_from(json_object_get_string(value));
	}
}

static bool pod_matches(const struct label_selector *s, const struct process *p)
{
	json_object *json;
	struct labels labels = {0};
	read_labels(p->pod.labels, &json, &labels);
	struct label *l = VEC_PUSH(&labels);
	l->key = STR("k8s:io.kubernetes.pod.namespace");
	l->value = p->pod.namespace;
	bool matches = label_selector_matches(s, labels.v, labels.n);
	free(labels.v);
	json_object_put(json);
	return matches;
}

static bool container_matches(const struct label_selector *s, const struct process *p)
{
	struct str repo = p->pod.image;
	const char *slash = repo.n ? memrchr(repo.p, '/', repo.n) : NULL;
	size_t from = slash ? (size_t)(slash - repo.p) : 0;
	const char *end = repo.n ? memchr(repo.p + from, ':', repo.n - from) : NULL;
	if (!end)
		end = repo.n ? memchr(repo.p + from, '@', repo.n - from) : NULL;
	if (end)
		repo.n = (size_t)(end - repo.p);
	struct label labels[] = {{.key = STR("name"), .value = p->pod.container_name},
				 {.key = STR("repo"), .value = repo}};
	return label_selector_matches(s, labels, ARRAY_SIZE(labels));
}

/* The kubelet's cgroup of a pod that the events do not name. */
static bool in_kubepods(const struct process *p)
{
	return p->cgroup.n && memmem(p->cgroup.p, p->cgroup.n, "/kubepods", strlen("/kubepods"));
}

static enum tri covers(const struct label_selector *pod, const struct label_selector *container,
		       const struct label_selector *host, struct str namespace, const struct process *p)
{
	if (!pod && !container && !host && !namespace.n)
		return TRI_YES;
	if (!p->pod.namespace.n) {
		/* Not the host, and maybe one of the policy's. */
		if (in_kubepods(p))
			return pod || container || namespace.n ? TRI_UNKNOWN : TRI_NO;
		if (host)
			return TRI_YES;
		/* A container that is not resolved may be one of the policy's pods. */
		return p->docker.n ? TRI_UNKNOWN : TRI_NO;
	}
	if (namespace.n && !str_eq(namespace, p->pod.namespace))
		return TRI_NO;
	if (host && !pod && !container)
		return TRI_NO;
	bool in = (!pod || pod_matches(pod, p)) && (!container || container_matches(container, p));
	return in ? TRI_YES : TRI_NO;
}

enum tri eval_workloads(const struct compiled_selector *s, const struct process *p)
{
	for (size_t i = 0; i < s->nworkloads; i++) {
		const struct workload_filter *w = &s->workloads[i];
		enum tri t = covers(w->pod, w->container, w->host, (struct str){NULL, 0}, p);
		if (t != TRI_YES)
			return t;
	}
	return TRI_YES;
}

bool eval_is_scoped(const struct policy *p)
{
	return p->pod || p->container || p->host || p->namespaced;
}

enum tri eval_scope(const struct engine *e, const struct policy *p, const struct process *process, const char **why)
{
	*why = "the container of this process is not resolved to a pod";
	if (!eval_is_scoped(p))
		return TRI_YES;
	if (!e->target.kubernetes)
		return TRI_YES;   /* host selectors are ignored there, the others do not load */
	struct str namespace = p->namespaced ? p->namespace : (struct str){NULL, 0};
	return covers(p->pod, p->container, p->host, namespace, process);
}

/* ---- views ---- */

/* All that covers() looks at. */
static void scope_key(const struct engine *e, const struct process *p, struct buf *key)
{
	const struct str parts[] = {p->pod.namespace, p->pod.container_name, p->pod.image, p->pod.labels};
	buf_clear(key);
	if (!e->scoped)
		return;
	if (!p->pod.namespace.n) {
		buf_putc(key, p->docker.n ? 'c' : 'h');
		buf_putc(key, in_kubepods(p) ? 'k' : '-');
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		buf_putc(key, '\0');
		buf_str(key, parts[i]);
	}
}

/* scope_key(P) == KEY, without writing it. */
static bool is_key(struct str key, const struct process *p)
{
	const struct str parts[] = {p->pod.namespace, p->pod.container_name, p->pod.image, p->pod.labels};
	if (!p->pod.namespace.n)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!key.n || key.p[0] || !str_starts(str_skip(key, 1), parts[i]))
			return false;
		key = str_skip(key, 1 + parts[i].n);
	}
	return !key.n;
}

/* A process mostly keeps its scope: what its like had is looked at first. */
static struct scope *scope_of(struct engine *e, const struct process *p)
{
	if (!e->scoped && e->scopes_by_key.n)
		return e->scopes_by_key.v;
	uint32_t *memo = &e->scope_memos[(p->same ? p->same : p->pid) % SCOPE_MEMOS];
	if (*memo < e->scopes_by_key.n && is_key(map_key(e->scopes, *memo), p))
		return &e->scopes_by_key.v[*memo];
	scope_key(e, p, &e->scratch);
	bool fresh;
	*memo = map_add(e->scopes, buf_view(&e->scratch), &fresh);
	if (fresh)
		VEC_PUSH(&e->scopes_by_key);
	return &e->scopes_by_key.v[*memo];
}

static void make_view(const struct engine *e, const struct site_hooks *at, const struct process *process, struct scope_view *ret)
{
	ret->made = true;
	for (size_t i = 0; i < at->n; i++) {
		const char *why;
		enum tri in = eval_scope(e, e->policies[at->v[i]->policy], process, &why);
		if (in != TRI_NO)
			*(struct scoped_hook *)VEC_PUSH(ret) = (struct scoped_hook){at->v[i], in == TRI_UNKNOWN ? why : NULL};
	}
}

const struct scope_view *eval_view(struct engine *e, uint32_t site, const struct process *process)
{
	struct scope *s = e->at.v[site].n ? scope_of(e, process) : NULL;
	if (!s)
		return NULL;
	if (!s->by_site)
		s->by_site = xcalloc(e->at.n, sizeof(*s->by_site));
	struct scope_view **view = &s->by_site[site];
	if (!*view)
		*view = arena_alloc(e->arena, sizeof(**view));
	if (!(*view)->made)
		make_view(e, &e->at.v[site], process, *view);
	return *view;
}

void eval_scopes_free(struct engine *e)
{
	for (size_t i = 0; i < e->scopes_by_key.n; i++) {
		for (size_t k = 0; e->scopes_by_key.v[i].by_site && k < e->at.n; k++)
			if (e->scopes_by_key.v[i].by_site[k])
				free(e->scopes_by_key.v[i].by_site[k]->v);
		free(e->scopes_by_key.v[i].by_site);
	}
	free(e->scopes_by_key.v);
	map_free(e->scopes);
}
