/* SPDX-License-Identifier: GPL-2.0-only */
/* Section 7 of the rules: whom a policy, or one matchWorkloads, is for. */
#include "tests/lib/slow_private.h"

struct labels {
	struct label v[64];
	size_t n;
};

static struct str until_quote(const char **at, const char *end)
{
	while (*at < end && **at != '"')
		++*at;
	const char *start = *at < end ? ++*at : *at;
	while (*at < end && **at != '"')
		++*at;
	struct str s = {start, (size_t)(*at - start)};
	*at += *at < end;
	return s;
}

/* {"key":"value",...}: the labels that tests use have no quotes in them. */
static void read_labels(struct str json, struct labels *ret)
{
	const char *at = json.p, *end = json.p ? json.p + json.n : NULL;
	while (at && at < end && ret->n < ARRAY_SIZE(ret->v) - 1) {
		struct str key = until_quote(&at, end);
		struct str value = until_quote(&at, end);
		if (key.n)
			ret->v[ret->n++] = (struct label){.key = key, .value = value};
	}
}

static const struct str *value_of(const struct labels *l, struct str key)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->v[i].key, key))
			return &l->v[i].value;
	return NULL;
}

static bool requirement(const struct label_requirement *r, const struct labels *l)
{
	const struct str *v = value_of(l, r->key);
	bool in = false;
	for (size_t i = 0; v && i < r->values.n; i++)
		in |= str_eq(r->values.v[i], *v);
	return str_eq(r->op, STR("Exists")) ? v != NULL : str_eq(r->op, STR("DoesNotExist")) ? !v
	       : str_eq(r->op, STR("In"))   ? in : !in;
}

static bool selects(const struct label_selector *s, const struct labels *l)
{
	for (size_t i = 0; i < s->nlabels; i++) {
		const struct str *v = value_of(l, s->labels[i].key);
		if (!v || !str_eq(*v, s->labels[i].value))
			return false;
	}
	for (size_t i = 0; i < s->nexpressions; i++)
		if (!requirement(&s->expressions[i], l))
			return false;
	return true;
}

/* shop/cart:1.2 and shop/cart@sha256:... are of the repository shop/cart. */
static struct str repository(struct str image)
{
	const char *at = image.n ? memchr(image.p, '@', image.n) : NULL;
	if (at)
		image.n = (size_t)(at - image.p);
	for (size_t i = image.n; i > 0 && image.p[i - 1] != '/'; i--)
		if (image.p[i - 1] == ':')
			return (struct str){image.p, i - 1};
	return image;
}

static enum truth in_pods(const struct slow_image *who, const struct label_selector *pod,
			  const struct label_selector *container)
{
	struct labels l = {.n = 0}, c = {.n = 0};
	read_labels(who->labels, &l);
	l.v[l.n++] = (struct label){.key = STR("k8s:io.kubernetes.pod.namespace"), .value = who->namespace};
	c.v[c.n++] = (struct label){.key = STR("name"), .value = who->container};
	c.v[c.n++] = (struct label){.key = STR("repo"), .value = repository(who->image)};
	return truth_of((!pod || selects(pod, &l)) && (!container || selects(container, &c)));
}

/* The table of section 7. Host is whatever is in no pod's container. */
static enum truth covers(struct slow_question *q, const struct label_selector *pod,
			 const struct label_selector *container, const struct label_selector *host)
{
	const struct slow_image *who = q->hit->who;
	if (!pod && !container && !host)
		return TRUE_;
	if (!who)
		return slow_maybe(q, "who did it is not told");
	if (!who->namespace.n && who->docker.n)
		return slow_silent(q, "a container of which it is not told whether a pod's");
	if (!who->namespace.n)
		return truth_of(host != NULL);
	return pod || container ? in_pods(who, pod, container) : FALSE_;
}

enum truth slow_scope(struct slow_question *q)
{
	const struct policy *p = q->policy;
	if (!q->hit->slow->target.kubernetes)   /* hostSelector is not looked at, a namespace neither */
		return p->pod || p->container ? slow_silent(q, "does not load here") : TRUE_;
	if (p->node)
		return slow_silent(q, "labels of nodes");
	if (!p->namespaced)
		return covers(q, p->pod, p->container, p->host);
	const struct slow_image *who = q->hit->who;
	if (!who)
		return slow_maybe(q, "who did it is not told");
	if (!who->namespace.n && who->docker.n)
		return slow_silent(q, "a container of which it is not told whether a pod's");
	if (!str_eq(who->namespace, p->namespace))
		return FALSE_;
	return in_pods(who, p->pod, p->container);
}

enum truth slow_workloads(struct slow_question *q, const struct workload_filter *v, size_t n)
{
	if (n != 1)
		return slow_silent(q, "several matchWorkloads");
	if (!q->hit->slow->target.kubernetes)
		return slow_silent(q, "workloads without Kubernetes");
	return covers(q, v->pod, v->container, v->host);
}
