/* SPDX-License-Identifier: GPL-2.0-only */
/* Around the spec: documents of a file, kind and metadata, as Kubernetes takes them. */
#include <string.h>
#include <strings.h>

#include "schema/base/cli.h"
#include "schema/base/io.h"
#include "schema/policy_fields.h"

struct policy *policy_new(void)
{
	struct arena *arena = arena_new();
	struct policy *p = arena_alloc(arena, sizeof(*p));
	p->arena = arena;
	p->document = 1;
	return p;
}

void policy_free(struct policy *p)
{
	if (p)
		arena_free(p->arena);
}

/* ---- metadata ---- */

static bool lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Labels of [a-z0-9-], each beginning and ending with a letter or digit, joined by dots where
 * MAY_DOT. */
static bool dns_name(struct str s, size_t max, bool may_dot)
{
	if (!s.n || s.n > max)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool inside = i > 0 && i + 1 < s.n;
		bool after = inside && lower_alnum(s.p[i - 1]);
		if (lower_alnum(c))
			continue;
		if (c == '-' && inside && (after || s.p[i - 1] == '-') && s.p[i + 1] != '.')
			continue;
		if (c == '.' && may_dot && after && lower_alnum(s.p[i + 1]))
			continue;
		return false;
	}
	return true;
}

static bool name_part(struct str s)
{
	if (!s.n || s.n > 63)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum = lower_alnum((char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c));
		if (!alnum && (i == 0 || i + 1 == s.n || (c != '-' && c != '_' && c != '.')))
			return false;
	}
	return true;
}

/* [DNS prefix/]name */
static bool qualified_name(struct str s)
{
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	if (!slash)
		return name_part(s);
	struct str prefix = {s.p, (size_t)(slash - s.p)};
	return dns_name(prefix, 253, true) && name_part(str_skip(s, prefix.n + 1));
}

/* Metadata is typed: a bare number or boolean becomes the string it looks like. */
static bool read_text(struct policy_reader *r, const struct yaml_node *n, struct str *ret)
{
	if (n->kind == YAML_LIST || n->kind == YAML_MAP) {
		policy_reject(r, STAGE_DECODE, n, "%s where a string belongs",
			      yaml_kind_name(n->kind));
		return false;
	}
	struct yaml_node copy = *n;
	if (n->kind == YAML_NULL)
		copy.text = STR("");
	else
		yaml_key_text(r->arena, &copy);
	*ret = arena_str(r->arena, copy.text);
	return true;
}

enum { ANNOTATIONS_MAX = 256 << 10 };

static void read_pairs(struct policy_reader *r, const struct yaml_node *n, bool labels,
		       struct label **ret, size_t *ret_n)
{
	size_t total = 0;
	if (n->kind == YAML_NULL)
		return;
	if (n->kind != YAML_MAP) {
		policy_reject(r, STAGE_DECODE, n, "%s where a map belongs",
			      yaml_kind_name(n->kind));
		return;
	}
	for (size_t i = 0; i < n->nitems; i++) {
		struct str key = n->items[i]->key->text, value;
		size_t mark = policy_enter(r, key);
		if (!qualified_name(key))
			policy_reject(r, STAGE_METADATA, n->items[i]->key,
				      "not a %s key: [prefix/]name, name of at "
				      "most 63 letters, digits, '-', '_', '.'",
				      labels ? "label" : "annotation");
		if (read_text(r, n->items[i], &value)) {
			if (labels && value.n && !name_part(value))
				policy_reject(r, STAGE_METADATA, n->items[i],
					      "not a label value: at most 63 letters, "
					      "digits, '-', '_', '.', beginning and ending with a "
					      "letter or digit");
			total += key.n + value.n;
			*ARENA_PUSH(r->arena, *ret, *ret_n) =
			    (struct label){arena_str(r->arena, key), value};
		}
		policy_leave(r, mark);
	}
	if (!labels && total > ANNOTATIONS_MAX)
		policy_reject(r, STAGE_METADATA, n,
			      "annotations of %zu bytes; at most %d may be there", total,
			      ANNOTATIONS_MAX);
}

static const char *const metadata_keys[] = {
    "name",
    "namespace",
    "labels",
    "annotations",
    "finalizers",
    "generateName",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
    "managedFields",
    "selfLink",
};
enum { META_NAME, META_NAMESPACE, META_LABELS, META_ANNOTATIONS, META_FINALIZERS };

static void read_finalizers(struct policy_reader *r, const struct yaml_node *n)
{
	if (n->kind != YAML_LIST && n->kind != YAML_NULL)
		policy_reject(r, STAGE_DECODE, n, "%s where a list belongs",
			      yaml_kind_name(n->kind));
	for (size_t i = 0; n->kind == YAML_LIST && i < n->nitems; i++) {
		struct str s;
		if (read_text(r, n->items[i], &s) && !qualified_name(s))
			policy_reject(r, STAGE_METADATA, n->items[i],
				      "not a finalizer's name: write prefix/name");
	}
}

static void read_metadata_key(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	size_t k = 0;
	while (k < ARRAY_SIZE(metadata_keys) &&
	       (strlen(metadata_keys[k]) != n->key->text.n ||
		strncasecmp(metadata_keys[k], n->key->text.p, n->key->text.n) != 0))
		k++;
	switch (k) {
	case META_NAME:
		read_text(r, n, &p->name);
		break;
	case META_NAMESPACE:
		read_text(r, n, &p->namespace);
		break;
	case META_LABELS:
		read_pairs(r, n, true, &p->labels, &p->nlabels);
		break;
	case META_ANNOTATIONS:
		read_pairs(r, n, false, &p->annotations, &p->nannotations);
		break;
	case META_FINALIZERS:
		read_finalizers(r, n);
		break;
	case ARRAY_SIZE(metadata_keys): {
		CLEANUP_FREE char *typed =
		    xstrndup(n->key->text.p, MIN(n->key->text.n, (size_t)60));
		const char *near = cli_nearest(typed, metadata_keys, ARRAY_SIZE(metadata_keys));
		policy_reject(r, STAGE_DECODE, n->key, "metadata has no field \"%s\"%s%s%s", typed,
			      near ? "; did you mean " : "; remove it", near ? near : "",
			      near ? "?" : "");
	}
	}
}

static void check_name(struct policy_reader *r, const struct yaml_node *node,
		       const struct policy *p)
{
	if (!p->name.n) {
		policy_reject(r, STAGE_METADATA, node,
			      "the policy needs a name; add name: my-policy");
		return;
	}
	size_t mark = policy_enter(r, STR("name"));
	if (!dns_name(p->name, 253, true))
		policy_reject(
		    r, STAGE_METADATA, yaml_get(node, "name") ? yaml_get(node, "name") : node,
		    "\"" STR_FMT
		    "\" is not a name: lower-case letters, digits, '-' and '.', at most 253",
		    STR_ARG(p->name));
	policy_leave(r, mark);
}

void policy_read_metadata(struct policy_reader *r, const struct yaml_node *node, struct policy *p)
{
	for (size_t i = 0; i < node->nitems; i++) {
		size_t mark = policy_enter(r, node->items[i]->key->text);
		read_metadata_key(r, node->items[i], p);
		policy_leave(r, mark);
	}
	check_name(r, node, p);
	if (r->namespaced && !p->namespace.n)
		policy_reject(r, STAGE_METADATA, node,
			      "a TracingPolicyNamespaced needs a namespace; add "
			      "namespace: its-namespace");
	else if (r->namespaced && !dns_name(p->namespace, 63, false))
		policy_reject(r, STAGE_METADATA, node,
			      "\"" STR_FMT "\" is not a namespace: lower-case letters, digits "
			      "and '-', at most 63",
			      STR_ARG(p->namespace));
	else if (!r->namespaced && p->namespace.n)
		policy_reject(r, STAGE_METADATA, node,
			      "a TracingPolicy has no namespace; remove it, or make the kind "
			      "TracingPolicyNamespaced");
}

/* ---- a document ---- */

/* A key of the document in any case, as Go's decoder finds it. */
static const struct yaml_node *get_any_case(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *found = yaml_get(map, key);
	for (size_t i = 0; !found && i < map->nitems; i++)
		if (map->items[i]->key->text.n == strlen(key) &&
		    strncasecmp(map->items[i]->key->text.p, key, strlen(key)) == 0)
			found = map->items[i];
	return found;
}

static bool read_kind(struct policy_reader *r, const struct yaml_node *doc, struct policy *p)
{
	if (doc->kind != YAML_MAP) {
		policy_reject(
		    r, STAGE_YAML, doc, "%s where a TracingPolicy belongs%s",
		    yaml_kind_name(doc->kind),
		    doc->kind == YAML_NULL ? "; an empty document (a doubled ---): remove it" : "");
		return false;
	}
	const struct yaml_node *kind = get_any_case(doc, "kind");
	if (!kind || kind->kind != YAML_STRING) {
		policy_reject(r, STAGE_YAML, kind ? kind : doc,
			      "no kind; write kind: TracingPolicy or kind: "
			      "TracingPolicyNamespaced");
		return false;
	}
	p->namespaced = str_eq(kind->text, STR("TracingPolicyNamespaced"));
	if (!p->namespaced && !str_eq(kind->text, STR("TracingPolicy"))) {
		struct str s = {kind->text.p, MIN(kind->text.n, (size_t)60)};
		policy_reject(r, STAGE_YAML, kind,
			      "kind \"" STR_FMT "\" is not a tracing policy; write TracingPolicy "
			      "or TracingPolicyNamespaced",
			      STR_ARG(s));
		return false;
	}
	r->namespaced = p->namespaced;
	return true;
}

static void check_api_version(struct policy_reader *r, const struct yaml_node *n)
{
	if (n->kind != YAML_STRING && n->kind != YAML_NULL)
		policy_reject(r, STAGE_DECODE, n,
			      "%s where a string belongs; write cilium.io/v1alpha1",
			      yaml_kind_name(n->kind));
	else if (!str_eq(n->text, STR("cilium.io/v1alpha1")))
		policy_warn(r, n, "an API server takes cilium.io/v1alpha1 only");
}

static void read_spec(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	if (n->kind == YAML_NULL)
		policy_reject(r, STAGE_SCHEMA, n,
			      "null where a map belongs; write spec: {} for a policy that does "
			      "nothing");
	else if (n->kind != YAML_MAP)
		policy_reject(r, STAGE_DECODE, n, "%s where a map belongs",
			      yaml_kind_name(n->kind));
	else
		policy_read_object(r, &policy_spec_object, n, p);
	const struct yaml_node *host = n->kind == YAML_MAP ? yaml_get(n, "hostSelector") : NULL;
	if (p->namespaced && host)
		policy_reject(r, STAGE_CEL, host->key,
			      "hostSelector has no place in a TracingPolicyNamespaced; "
			      "remove it");
}

static void read_top(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	struct str key = n->key->text;
	size_t mark = policy_enter(r, key);
	if (key.n == 10 && strncasecmp(key.p, "apiVersion", 10) == 0)
		check_api_version(r, n);
	else if (key.n == 8 && strncasecmp(key.p, "metadata", 8) == 0 && n->kind == YAML_MAP)
		policy_read_metadata(r, n, p);
	else if (key.n == 8 && strncasecmp(key.p, "metadata", 8) == 0)
		policy_reject(r, n->kind == YAML_NULL ? STAGE_METADATA : STAGE_DECODE, n,
			      "%s where a map belongs; "
			      "write metadata: {name: my-policy}",
			      yaml_kind_name(n->kind));
	else if (key.n == 4 && strncasecmp(key.p, "spec", 4) == 0)
		read_spec(r, n, p);
	else if (key.n != 4 || strncasecmp(key.p, "kind", 4) != 0)
		policy_reject(r, STAGE_DECODE, n->key,
			      "a TracingPolicy has apiVersion, kind, metadata and spec; "
			      "remove this key");
	policy_leave(r, mark);
}

int policy_parse_node(const char *file, const struct yaml_node *doc, struct diag *d,
		      struct policy **ret, enum policy_stage *ret_stage)
{
	CLEANUP(policy_free) struct policy *p = policy_new();
	struct policy_reader r = {.file = file, .d = d, .arena = p->arena, .stage = STAGE_OK};
	p->file = arena_str(p->arena, str_from(file));
	p->line = doc->line;
	if (read_kind(&r, doc, p)) {
		for (size_t i = 0; i < doc->nitems; i++)
			read_top(&r, doc->items[i], p);
		if (!get_any_case(doc, "metadata"))
			policy_reject(&r, STAGE_METADATA, doc,
				      "no metadata; add metadata: {name: my-policy}");
		if (!yaml_get(doc, "spec"))
			policy_reject(&r, STAGE_SCHEMA, doc, "no spec; add spec: and what to hook");
	}
	buf_done(&r.path);
	*ret_stage = r.stage;
	*ret = r.stage > STAGE_DECODE ? TAKE(p) : NULL;
	return r.stage == STAGE_OK ? 0 : -EINVAL;
}

/* ---- a file ---- */

int policies_parse(const char *file, struct str text, struct diag *d, struct policy ***ret,
		   size_t *ret_n)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct yaml_node **docs;
	size_t ndocs;
	int err = yaml_read(arena, file, text, d, &docs, &ndocs);
	if (!err && !ndocs)
		err = diag_error(d, file, "empty; write a TracingPolicy");
	struct {
		struct policy **v;
		size_t n, cap;
	} list = {0};
	for (size_t i = 0; i < ndocs; i++) {
		enum policy_stage stage;
		struct policy *p = NULL;
		if (i > 0 && docs[i]->kind == YAML_NULL)
			continue;
		if (i == 1)
			diag_add(d, DIAG_WARNING, file, docs[i]->line, 1,
				 "an agent that is given this file reads its "
				 "first document only; put each policy into its own file, or use "
				 "kubectl");
		int bad = policy_parse_node(file, docs[i], d, &p, &stage);
		err = err ? err : bad;
		if (bad) {
			policy_free(p);
			continue;
		}
		p->document = (unsigned)i + 1;
		*VEC_PUSH(&list) = p;
	}
	if (err) {
		for (size_t i = 0; i < list.n; i++)
			policy_free(list.v[i]);
		free(list.v);
		return err;
	}
	*ret = list.v;
	*ret_n = list.n;
	return 0;
}

int policies_read(const char *file, struct diag *d, struct policy ***ret, size_t *ret_n)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	int err = read_file(file, YAML_MAX_BYTES, &text);
	if (err == -E2BIG)
		return diag_error(d, file, "longer than %d MiB", YAML_MAX_BYTES >> 20);
	if (err)
		return diag_error(d, file, "cannot read: %s", strerror(-err));
	return policies_parse(file, buf_view(&text), d, ret, ret_n);
}

/* ---- labels ---- */

static bool requirement_holds(const struct label_requirement *q, const struct label *labels,
			      size_t n)
{
	const struct label *found = NULL;
	for (size_t i = 0; i < n && !found; i++)
		if (str_eq(labels[i].key, q->key))
			found = &labels[i];
	if (str_eq(q->op, STR("Exists")))
		return found;
	if (str_eq(q->op, STR("DoesNotExist")))
		return !found;
	bool among = false;
	for (size_t i = 0; found && i < q->values.n; i++)
		among |= str_eq(q->values.v[i], found->value);
	return str_eq(q->op, STR("In")) ? among : !among;
}

bool label_selector_matches(const struct label_selector *s, const struct label *labels, size_t n)
{
	for (size_t i = 0; s && i < s->nlabels; i++) {
		struct label_requirement q = {
		    s->labels[i].key, STR("In"), {&s->labels[i].value, 1}};
		if (!requirement_holds(&q, labels, n))
			return false;
	}
	for (size_t i = 0; s && i < s->nexpressions; i++)
		if (!requirement_holds(&s->expressions[i], labels, n))
			return false;
	return true;
}
