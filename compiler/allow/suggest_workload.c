/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names follow Kubernetes' rules for objects. Labels are those that every instance has with the same value,
 * without the ones that tell one pod or one revision from the next.
 */
#include "compiler/allow/suggest_workload.h"

#include <ctype.h>
#include <json-c/json.h>

/* shop-cart: what Kubernetes takes as a name. */
static void add_name(struct buf *b, struct str part)
{
	enum { MAX_NAME = 200 };
	if (b->n && part.n && b->p[b->n - 1] != '-')
		buf_putc(b, '-');
	for (size_t i = 0; i < part.n && b->n < MAX_NAME; i++) {
		unsigned char c = (unsigned char)part.p[i];
		bool ok = c < 128 && isalnum(c);
		if (ok)
			buf_putc(b, (char)tolower(c));
		else if (b->n && b->p[b->n - 1] != '-')
			buf_putc(b, '-');
	}
}

void suggest_identity(struct allowlist *a, const struct workload_row *w)
{
	CLEANUP_BUF struct buf name = BUF_INIT;
	add_name(&name, w->workload.namespace);
	add_name(&name, w->workload.name);
	if (!str_eq(w->workload.container, w->workload.name))
		add_name(&name, w->workload.container);
	while (name.n && name.p[name.n - 1] == '-')
		name.p[--name.n] = '\0';
	a->name = arena_str(a->arena, name.n ? buf_view(&name) : STR("workload"));
	a->workload = w->workload;
	struct str *const fields[] = {&a->workload.cluster, &a->workload.namespace, &a->workload.kind,
				      &a->workload.name, &a->workload.container};
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		*fields[i] = arena_str(a->arena, *fields[i]);
}

/* ---- pod labels ---- */

static bool names_one_instance(const char *key)
{
	static const char *const keys[] = {
		/* The next release has another: a policy that asked for it would quietly cover no pod. */
		"app.kubernetes.io/version",
		"helm.sh/chart",
		"pod-template-hash",
		"controller-revision-hash",
		"pod-template-generation",
		"statefulset.kubernetes.io/pod-name",
		"apps.kubernetes.io/pod-index",
		"controller-uid",
		"job-name",
		"batch.kubernetes.io/controller-uid",
		"batch.kubernetes.io/job-name",
		"batch.kubernetes.io/job-completion-index",
	};
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

static struct json_object *parse_labels(struct str text)
{
	if (text.n == 0)
		return NULL;
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *labels = json_tokener_parse_ex(tokener, text.p, (int)text.n);
	json_tokener_free(tokener);
	if (labels && !json_object_is_type(labels, json_type_object)) {
		json_object_put(labels);
		return NULL;
	}
	return labels;
}

static struct str json_str(struct json_object *o)
{
	return (struct str){json_object_get_string(o), (size_t)json_object_get_string_len(o)};
}

/* Keeps of A's labels those that LABELS has with the same value. */
static void intersect(struct allowlist *a, struct json_object *labels)
{
	size_t kept = 0;
	for (size_t i = 0; i < a->nlabels; i++) {
		struct json_object *value;
		if (json_object_object_get_ex(labels, a->labels[i].key.p, &value) &&
		    json_object_is_type(value, json_type_string) && str_eq(json_str(value), a->labels[i].value))
			a->labels[kept++] = a->labels[i];
	}
	a->nlabels = kept;
}

int suggest_labels(struct store *s, const struct workload_row *w, struct allowlist *a)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct instance_row *rows = NULL;
	size_t n = 0;
	int err = store_instances(s, arena, w->id, &rows, &n);
	bool first = true;
	for (size_t i = 0; i < n && !err; i++) {
		struct json_object *labels = parse_labels(rows[i].instance.labels);
		if (!labels)
			continue;
		if (!first)
			intersect(a, labels);
		json_object_object_foreach(labels, key, value) {
			if (!first || names_one_instance(key) || !json_object_is_type(value, json_type_string))
				continue;
			struct label *l = ARENA_PUSH(a->arena, a->labels, a->nlabels);
			l->key = arena_str(a->arena, str_from(key));
			l->value = arena_str(a->arena, json_str(value));
		}
		first = false;
		json_object_put(labels);
	}
	return err;
}
