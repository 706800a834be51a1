/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * metadata, as the agent's file reader and as an API server take it. The file reader is lenient
 * with types (a bare number is a string) and strict with the namespace; a server is the other way
 * round, and makes up what is missing.
 */
#include <strings.h>

#include "schema/base/buf.h"
#include "schema/policy_hints.h"

/* ---- syntax ---- */

static bool lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool alnum(char c)
{
	return lower_alnum(c) || (c >= 'A' && c <= 'Z');
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
		if (!alnum(c) && (i == 0 || i + 1 == s.n || (c != '-' && c != '_' && c != '.')))
			return false;
	}
	return true;
}

/* [DNS prefix/]name; an annotation's prefix may be in any case. */
static bool qualified_name(struct str s, bool any_case)
{
	CLEANUP_BUF struct buf lower = BUF_INIT;
	const char *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	if (!slash)
		return name_part(s);
	buf_add(&lower, s.p, (size_t)(slash - s.p));
	for (size_t i = 0; any_case && i < lower.n; i++)
		if (lower.p[i] >= 'A' && lower.p[i] <= 'Z')
			lower.p[i] |= 0x20;
	return dns_name(buf_view(&lower), 253, true) && name_part(str_skip(s, lower.n + 1));
}

/* 2026-08-21T10:00:00[.9](Z|+02:00) */
static bool timestamp(struct str s)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	size_t i = 0;
	for (; i < sizeof(form) - 1; i++)
		if (i >= s.n ||
		    (form[i] == 'd' ? !(s.p[i] >= '0' && s.p[i] <= '9') : s.p[i] != form[i]))
			return false;
	if (i < s.n && s.p[i] == '.')
		for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9';)
			i++;
	struct str zone = str_skip(s, i);
	return str_eq(zone, STR("Z")) ||
	       (zone.n == 6 && (zone.p[0] == '+' || zone.p[0] == '-') && zone.p[3] == ':');
}

/* ---- values ---- */

static bool wrong(struct policy_reader *r, const struct yaml_node *n, const char *what)
{
	policy_reject(r, RULE_METADATA_TYPE, n, arena_printf(r->arena, "write %s", what),
		      "%s where %s belongs", yaml_kind_name(n->kind), what);
	return false;
}

/* From a file, a bare number or boolean becomes the string it looks like; a server wants a string.
 */
static bool read_text(struct policy_reader *r, const struct yaml_node *n, struct str *ret)
{
	bool scalar = n->kind != YAML_LIST && n->kind != YAML_MAP;
	if (!scalar || (r->way == WAY_API && n->kind != YAML_STRING && n->kind != YAML_NULL)) {
		policy_reject(r, RULE_METADATA_TYPE, n, hint_value(r->arena, n, YAML_STRING, "a string"),
			      "%s where a string belongs", yaml_kind_name(n->kind));
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

static void check_pair(struct policy_reader *r, const struct yaml_node *n, struct str value,
		       bool labels)
{
	if (!qualified_name(n->key->text, !labels))
		policy_reject(
		    r, RULE_METADATA_LABELS, n->key,
		    "write [prefix/]name, name of at most 63 letters, digits, '-', '_', '.'",
		    "not a %s key", labels ? "label" : "annotation");
	if (labels && value.n && !name_part(value))
		policy_reject(r, RULE_METADATA_LABELS, n,
			      "write at most 63 letters, digits, '-', '_', '.', beginning and "
			      "ending with a letter or digit",
			      "not a label value");
}

static void read_pairs(struct policy_reader *r, const struct yaml_node *n, bool labels,
		       struct label **ret, size_t *ret_n)
{
	size_t total = 0;
	if (n->kind != YAML_MAP) {
		wrong(r, n, "a map");
		return;
	}
	for (size_t i = 0; i < n->nitems; i++) {
		struct str key = n->items[i]->key->text, value;
		size_t mark = policy_enter(r, key);
		if (read_text(r, n->items[i], &value)) {
			check_pair(r, n->items[i], value, labels);
			total += key.n + value.n;
			*ARENA_PUSH(r->arena, *ret, *ret_n) =
			    (struct label){arena_str(r->arena, key), value};
		}
		policy_leave(r, mark);
	}
	if (!labels && total > ANNOTATIONS_MAX)
		policy_reject(r, RULE_METADATA_LABELS, n,
			      arena_printf(r->arena, "at most %d may be there", ANNOTATIONS_MAX),
			      "annotations of %zu bytes", total);
}

static void read_labels(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	read_pairs(r, n, true, &p->labels, &p->nlabels);
}

static void read_annotations(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	read_pairs(r, n, false, &p->annotations, &p->nannotations);
}

static void read_finalizers(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	struct str s;
	(void)p;
	if (n->kind != YAML_LIST)
		wrong(r, n, "a list");
	for (size_t i = 0; n->kind == YAML_LIST && i < n->nitems; i++)
		if (read_text(r, n->items[i], &s) && !qualified_name(s, false))
			policy_reject(r, RULE_METADATA_FIELD, n->items[i], "write prefix/name",
				      "not a finalizer's name");
}

static void read_name(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	read_text(r, n, &p->name);
}

static void read_namespace(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	read_text(r, n, &p->namespace);
}

/* A prefix of names: its last '-' may be the end. */
static void read_generate_name(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	struct str s;
	(void)p;
	if (!read_text(r, n, &s) || !s.n)
		return;
	bool dash = s.n > 1 && s.p[s.n - 1] == '-';
	if (!dns_name((struct str){s.p, s.n - dash}, 253, true))
		policy_reject(r, RULE_METADATA_NAME, n,
			      "write lower-case letters, digits, '-' and '.'",
			      "\"" STR_FMT "\" is not the beginning of a name", STR_ARG(s));
}

static void read_string(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	struct str s;
	(void)p;
	read_text(r, n, &s);
}

static void read_integer(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	(void)p;
	int64_t v;
	if (!yaml_whole(n, &v) || (n->kind == YAML_INT && n->big))
		wrong(r, n, "an integer of 64 bits");
}

static void read_time(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	(void)p;
	if (n->kind != YAML_STRING || !timestamp(n->text))
		wrong(r, n, "a time, such as 2026-08-21T10:00:00Z,");
}

static void read_objects(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	(void)p;
	if (n->kind != YAML_LIST)
		wrong(r, n, "a list");
	for (size_t i = 0; n->kind == YAML_LIST && i < n->nitems; i++)
		if (n->items[i]->kind != YAML_MAP)
			wrong(r, n->items[i], "a map");
}

static void read_owners(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	static const char *const keys[] = {"apiVersion", "kind", "name", "uid"};
	read_objects(r, n, p);
	for (size_t i = 0; n->kind == YAML_LIST && i < n->nitems; i++)
		for (size_t k = 0; n->items[i]->kind == YAML_MAP && k < ARRAY_SIZE(keys); k++) {
			const struct yaml_node *v = yaml_get(n->items[i], keys[k]);
			if (!v || !v->text.n)
				policy_reject(r, RULE_METADATA_FIELD, n->items[i], "add it",
					      "an owner needs %s", keys[k]);
		}
}

/* ---- the map ---- */

static const struct {
	const char *name;
	void (*read)(struct policy_reader *r, const struct yaml_node *n, struct policy *p);
} rows[] = {
    {"name", read_name},
    {"namespace", read_namespace},
    {"labels", read_labels},
    {"annotations", read_annotations},
    {"finalizers", read_finalizers},
    {"generateName", read_generate_name},
    {"uid", read_string},
    {"resourceVersion", read_string},
    {"selfLink", read_string},
    {"generation", read_integer},
    {"deletionGracePeriodSeconds", read_integer},
    {"creationTimestamp", read_time},
    {"deletionTimestamp", read_time},
    {"ownerReferences", read_owners},
    {"managedFields", read_objects},
};

static void read_key(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	const char *names[ARRAY_SIZE(rows)];
	struct str key = n->key->text;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		names[i] = rows[i].name;
		if (strlen(rows[i].name) != key.n || strncasecmp(rows[i].name, key.p, key.n) != 0)
			continue;
		bool exact = memcmp(rows[i].name, key.p, key.n) == 0;
		if (!exact)
			policy_miscased(r, n->key, rows[i].name);
		if (n->kind != YAML_NULL && (exact || r->way == WAY_FILE))
			rows[i].read(r, n, p);
		return;
	}
	policy_unknown(r, n->key, "metadata", names, ARRAY_SIZE(names));
}

static void check_name(struct policy_reader *r, const struct yaml_node *node,
		       const struct policy *p)
{
	const struct yaml_node *generate = yaml_get(node, "generateName"),
			       *name = yaml_get(node, "name");
	bool generated = generate && generate->kind == YAML_STRING && generate->text.n;
	if (!p->name.n && name && name->kind != YAML_NULL && name->kind != YAML_STRING)
		return; /* of the wrong type: said already */
	if (!p->name.n && generated && r->way == WAY_API)
		return;
	if (!p->name.n) {
		policy_reject(
		    r, RULE_METADATA_NAME, node, "add name: my-policy",
		    generated ? "the policy needs a name: from a file, generateName is not enough"
			      : "the policy needs a name");
		return;
	}
	size_t mark = policy_enter(r, STR("name"));
	if (!dns_name(p->name, 253, true))
		policy_reject(r, RULE_METADATA_NAME, name ? name : node,
			      "write lower-case letters, digits, '-' and '.', at most 253",
			      "\"" STR_FMT "\" is not a name", (int)MIN(p->name.n, (size_t)300),
			      p->name.p);
	policy_leave(r, mark);
}

static void check_namespace(struct policy_reader *r, const struct yaml_node *node, struct policy *p)
{
	const struct yaml_node *at = yaml_get(node, "namespace");
	if (r->namespaced && !p->namespace.n && r->way == WAY_API)
		p->namespace = STR("default"); /* the request's */
	if (!at)
		at = node;
	size_t mark = policy_enter(r, STR("namespace"));
	if (r->namespaced && !p->namespace.n)
		policy_reject(r, RULE_METADATA_NAMESPACE, at, "add namespace: its-namespace",
			      "a TracingPolicyNamespaced needs a namespace");
	else if (r->namespaced && !dns_name(p->namespace, 63, false))
		policy_reject(r, RULE_METADATA_NAMESPACE, at,
			      "write lower-case letters, digits and '-', at most 63",
			      "\"" STR_FMT "\" is not a namespace",
			      (int)MIN(p->namespace.n, (size_t)100), p->namespace.p);
	else if (!r->namespaced && p->namespace.n && r->way == WAY_FILE)
		policy_reject(r, RULE_METADATA_NAMESPACE, at,
			      "remove it, or make the kind TracingPolicyNamespaced",
			      "a TracingPolicy has no namespace");
	else if (!r->namespaced && p->namespace.n) {
		policy_warn(r, RULE_METADATA_NAMESPACE, at,
			    "remove it, or make the kind TracingPolicyNamespaced",
			    "a server drops the namespace of a TracingPolicy: it holds everywhere");
		p->namespace = (struct str){0};
	}
	policy_leave(r, mark);
}

void policy_read_metadata(struct policy_reader *r, const struct yaml_node *node, struct policy *p)
{
	for (size_t i = 0; i < node->nitems; i++) {
		size_t mark = policy_enter(r, node->items[i]->key->text);
		read_key(r, node->items[i], p);
		policy_leave(r, mark);
	}
	check_name(r, node, p);
	check_namespace(r, node, p);
}
