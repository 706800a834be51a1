/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scope: the policy's pod, container and host selectors against the pod of the process. The answer depends only on
 * namespace, labels and container, so it is worked out once for each of these and policy.
 */
#include "compiler/eval_form.h"

#include <json-c/json.h>

enum { ANSWER_NONE = 0, ANSWER_BIAS = 1 };   /* stored: 0 = not asked yet, else enum tri + 1 */

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

static enum tri covers(const struct label_selector *pod, const struct label_selector *container,
		       const struct label_selector *host, struct str namespace, const struct process *p)
{
	if (!pod && !container && !host && !namespace.n)
		return TRI_YES;
	if (!p->pod.namespace.n) {
		/* The kubelet's cgroup of a pod that the events do not name: not the host, and maybe one of the policy's. */
		if (p->cgroup.n && memmem(p->cgroup.p, p->cgroup.n, "/kubepods", strlen("/kubepods")))
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

static enum tri work_out(const struct engine *e, const struct policy *p, const struct process *process)
{
	if (!e->target.kubernetes)
		return TRI_YES;   /* host selectors are ignored there, the others do not load */
	struct str namespace = p->namespaced ? p->namespace : (struct str){NULL, 0};
	return covers(p->pod, p->container, p->host, namespace, process);
}

enum tri eval_scope(struct engine *e, const struct policy *p, uint32_t number,
		    const struct process *process, const char **why)
{
	*why = "the container of this process is not resolved to a pod";
	if (!p->pod && !p->container && !p->host && !p->namespaced)
		return TRI_YES;
	if (!process->pod.namespace.n)
		return work_out(e, p, process);
	struct buf *key = &e->scratch;
	buf_clear(key);
	buf_str(key, process->pod.namespace);
	buf_putc(key, '\0');
	buf_str(key, process->pod.container_name);
	buf_putc(key, '\0');
	buf_str(key, process->pod.image);
	buf_putc(key, '\0');
	buf_str(key, process->pod.labels);
	uint32_t id = map_add(e->scopes, buf_view(key), NULL);
	size_t at = (size_t)id * e->npolicies + number;
	while (e->scope_answers.n <= at)
		VEC_PUSH(&e->scope_answers);
	uint8_t *answer = &e->scope_answers.v[at];
	if (*answer == ANSWER_NONE)
		*answer = (uint8_t)(work_out(e, p, process) + ANSWER_BIAS);
	return (enum tri)(*answer - ANSWER_BIAS);
}
