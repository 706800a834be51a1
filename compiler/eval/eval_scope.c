/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scope: the pod, container and host selectors of policies and of single selectors against the pod of the process.
 *
 * A place is all that they look at: one container of a pod with its labels, the host, a container that is not resolved. What
 * is asked of a place is worked out when its first process comes; the hooks that reach it are then a list by place and site,
 * so that policies for other workloads cost nothing. A pod that is labelled anew is another place from there on.
 */
#include "compiler/eval/eval_form.h"

#include <json-c/json.h>

enum { PLACE_CELLS = 1 << 20, PLACES_MIN = 256 };

/* ---- whose ---- */

struct whose {
	const struct process *process;
	json_object *json;
	struct { struct label *v; size_t n, cap; } labels;
};

static void whose_init(struct whose *w, const struct process *p)
{
	*w = (struct whose){.process = p};
	struct label *namespace = VEC_PUSH(&w->labels);
	namespace->key = STR("k8s:io.kubernetes.pod.namespace");
	namespace->value = p->pod.namespace;
	struct str text = p->pod.labels;
	struct json_tokener *tok = json_tokener_new();
	w->json = text.n ? json_tokener_parse_ex(tok, text.p, (int)text.n) : NULL;
	json_tokener_free(tok);
	if (!w->json || !json_object_is_type(w->json, json_type_object))
		return;
	json_object_object_foreach(w->json, key, value)
	{
		struct label *l = VEC_PUSH(&w->labels);
		l->key = str_from(key);
		l->value = str_from(json_object_get_string(value));
	}
}

static void whose_done(struct whose *w)
{
	free(w->labels.v);
	json_object_put(w->json);
}

/* host:5000/shop/cart:1.2@sha256:00 is of host:5000/shop/cart. */
static struct str repository(struct str image)
{
	const char *digest = image.n ? memchr(image.p, '@', image.n) : NULL;
	image.n = digest ? (size_t)(digest - image.p) : image.n;
	const char *slash = image.n ? memrchr(image.p, '/', image.n) : NULL;
	size_t from = slash ? (size_t)(slash - image.p) : 0;
	const char *tag = image.n ? memchr(image.p + from, ':', image.n - from) : NULL;
	image.n = tag ? (size_t)(tag - image.p) : image.n;
	return image;
}

static bool container_matches(const struct label_selector *s, const struct process *p)
{
	struct label labels[] = {{.key = STR("name"), .value = p->pod.container_name},
				 {.key = STR("repo"), .value = repository(p->pod.image)}};
	return label_selector_matches(s, labels, ARRAY_SIZE(labels));
}

static bool in_kubepods(const struct process *p)
{
	return p->cgroup.n && memmem(p->cgroup.p, p->cgroup.n, "/kubepods", strlen("/kubepods"));
}

static enum tri covers(const struct label_selector *pod, const struct label_selector *container,
		       const struct label_selector *host, struct str namespace, const struct whose *w)
{
	const struct process *p = w->process;
	if (!pod && !container && !host && !namespace.n)
		return TRI_YES;
	/* Of all pods and the host nothing is left out. */
	if (host && pod && !pod->nlabels && !pod->nexpressions && (!container || (!container->nlabels && !container->nexpressions)))
		return TRI_YES;
	if (!p->pod.namespace.n) {
		/* The kubelet's cgroup of a pod that the events do not name: not the host, and maybe one of the policy's. */
		if (in_kubepods(p))
			return pod || container || namespace.n ? TRI_UNKNOWN : TRI_NO;
		/* A container that is not resolved, and not told to be elsewhere, may be one of a pod. */
		if (p->docker.n && (!host || !p->cgroup.n))
			return TRI_UNKNOWN;
		return host ? TRI_YES : TRI_NO;
	}
	if (namespace.n && !str_eq(namespace, p->pod.namespace))
		return TRI_NO;
	if (host && !pod && !container)
		return TRI_NO;
	bool in = (!pod || label_selector_matches(pod, w->labels.v, w->labels.n)) &&
		  (!container || container_matches(container, p));
	return in ? TRI_YES : TRI_NO;
}

/* ---- places ---- */

static void place_key(const struct process *p, struct buf *key)
{
	buf_clear(key);
	if (!p->pod.namespace.n) {
		buf_puts(key, in_kubepods(p) ? "kubepods" : !p->docker.n ? "host" : p->cgroup.n ? "container elsewhere" : "container");
		return;
	}
	const struct str parts[] = {p->pod.namespace, p->pod.container_name, p->pod.image, p->pod.labels};
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		buf_str(key, parts[i]);
		buf_putc(key, '\0');
	}
}

void eval_forget_places(struct engine *e)
{
	for (size_t i = 0; i < e->reach.n; i++)
		free(e->reach.v[i].v);
	e->reach.n = e->answers.n = 0;
	map_free(e->places);
	e->places = map_new();
	memset(e->placed, 0, sizeof(e->placed));
}

static void answer(struct engine *e, enum tri t)
{
	*(uint8_t *)VEC_PUSH(&e->answers) = (uint8_t)t;
}

/* Outside Kubernetes host selectors are ignored, and the others do not load; of those in matchWorkloads that is not known. */
static void work_out(struct engine *e, const struct process *process)
{
	struct whose w;
	whose_init(&w, process);
	for (size_t i = 0; i < e->npolicies; i++) {
		const struct policy *p = e->policies[i];
		struct str namespace = p->namespaced ? p->namespace : (struct str){NULL, 0};
		answer(e, e->target.kubernetes ? covers(p->pod, p->container, p->host, namespace, &w) : TRI_YES);
	}
	for (size_t i = 0; i < e->workloads.n; i++) {
		const struct workload_filter *f = e->workloads.v[i];
		enum tri without = f->pod || f->container ? TRI_UNKNOWN : TRI_YES;
		answer(e, e->target.kubernetes ? covers(f->pod, f->container, f->host, (struct str){NULL, 0}, &w) : without);
	}
	for (size_t i = 0; i < e->at.n; i++)
		VEC_PUSH(&e->reach);
	whose_done(&w);
}

uint32_t eval_place(struct engine *e, const struct process *p)
{
	if (!e->scoped && map_size(e->places))
		return 0;
	struct placed *told = &e->placed[p->same % PLACED];
	if (p->same && told->same == p->same)
		return told->place;
	if (map_size(e->places) >= MAX((size_t)PLACES_MIN, PLACE_CELLS / e->at.n))
		eval_forget_places(e);
	place_key(p, &e->scratch);
	bool new;
	uint32_t place = map_add(e->places, buf_view(&e->scratch), &new);
	if (new)
		work_out(e, p);
	if (p->same)
		*told = (struct placed){p->same, place};
	return place;
}

static size_t answers_each(const struct engine *e)
{
	return e->npolicies + e->workloads.n;
}

enum tri eval_scope(const struct engine *e, uint32_t policy, const char **why)
{
	*why = "the container of this process is not resolved to a pod";
	return (enum tri)e->answers.v[e->place * answers_each(e) + policy];
}

/* The filters of one selector are ANDed. */
enum tri eval_workloads(const struct engine *e, const struct compiled_selector *s)
{
	const uint8_t *of = &e->answers.v[e->place * answers_each(e) + e->npolicies];
	enum tri all = TRI_YES;
	for (size_t i = 0; i < s->nworkloads && all != TRI_NO; i++) {
		enum tri t = (enum tri)of[s->first_workload + i];
		all = t == TRI_NO ? t : MAX(all, t);
	}
	return all;
}

const struct reach *eval_reach(struct engine *e, uint32_t site)
{
	struct reach *r = &e->reach.v[e->place * e->at.n + site];
	if (r->made)
		return r;
	const struct site_hooks *at = &e->at.v[site];
	const char *why;
	for (size_t i = 0; i < at->n; i++) {
		enum tri in = eval_scope(e, at->v[i]->policy, &why);
		if (in != TRI_NO)
			*(struct reached *)VEC_PUSH(r) = (struct reached){at->v[i], in};
	}
	r->made = true;
	return r;
}
