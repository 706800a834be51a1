/* SPDX-License-Identifier: GPL-2.0-only */
/* Around the spec: documents of a file, their kind and version. */
#include <string.h>
#include <strings.h>

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

static const char kinds_fix[] = "write TracingPolicy or TracingPolicyNamespaced";
static const char list_fix[] = "write each of its items as a document of its own, with --- between them";

static bool read_kind(struct policy_reader *r, const struct yaml_node *doc, struct policy *p)
{
	if (doc->kind != YAML_MAP) {
		policy_reject(r, doc->kind == YAML_NULL ? RULE_DOCUMENT_EMPTY : RULE_KIND, doc,
			      doc->kind == YAML_NULL ? "remove it (a doubled ---)"
						     : "write apiVersion, kind, metadata and spec",
			      "%s where a TracingPolicy belongs",
			      doc->kind == YAML_NULL ? "an empty document"
						     : yaml_kind_name(doc->kind));
		return false;
	}
	const struct yaml_node *kind =
	    r->way == WAY_API ? yaml_get(doc, "kind") : get_any_case(doc, "kind");
	if (!kind || kind->kind != YAML_STRING) {
		policy_reject(r, RULE_KIND, kind ? kind : doc,
			      "write kind: TracingPolicy or kind: TracingPolicyNamespaced",
			      "no kind");
		return false;
	}
	p->namespaced = str_eq(kind->text, STR("TracingPolicyNamespaced"));
	if (!p->namespaced && !str_eq(kind->text, STR("TracingPolicy"))) {
		struct str s = {kind->text.p, MIN(kind->text.n, (size_t)60)};
		policy_reject(r, RULE_KIND, kind, str_eq(kind->text, STR("List")) ? list_fix : kinds_fix,
			      "kind \"" STR_FMT "\" is not a tracing policy", STR_ARG(s));
		return false;
	}
	r->namespaced = p->namespaced;
	return true;
}

/* From a file any text will do, or none. */
static void check_api_version(struct policy_reader *r, const struct yaml_node *doc)
{
	static const char fix[] = "write apiVersion: cilium.io/v1alpha1";
	const struct yaml_node *n =
	    r->way == WAY_API ? yaml_get(doc, "apiVersion") : get_any_case(doc, "apiVersion");
	bool right = n && n->kind == YAML_STRING && str_eq(n->text, STR("cilium.io/v1alpha1"));
	size_t mark = policy_enter(r, STR("apiVersion"));
	if (r->way == WAY_API && !right)
		policy_reject(r, RULE_API_VERSION, n ? n : doc, fix,
			      n ? "an API server knows cilium.io/v1alpha1 only"
				: "no apiVersion; an API server needs it");
	else if (n && n->kind != YAML_STRING && n->kind != YAML_NULL)
		policy_reject(r, RULE_WRONG_TYPE, n, fix, "%s where a string belongs",
			      yaml_kind_name(n->kind));
	policy_leave(r, mark);
}

static void read_spec(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	if (n->kind == YAML_NULL)
		policy_reject(r, RULE_NULL_VALUE, n,
			      "write spec: {} for a policy that does nothing",
			      "null where a map belongs");
	else if (n->kind != YAML_MAP)
		policy_reject(r, RULE_WRONG_TYPE, n, "write spec: and what to hook",
			      "%s where a map belongs", yaml_kind_name(n->kind));
	else
		policy_read_object(r, &policy_spec_object, n, p);
	const struct yaml_node *host = policy_present(r, n, "hostSelector");
	if (p->namespaced && host)
		policy_reject(r, RULE_HOST_SELECTOR, host->key, "remove it",
			      "hostSelector has no place in a TracingPolicyNamespaced");
}

static const char *const top_keys[] = {"apiVersion", "kind", "metadata", "spec"};
enum { TOP_API_VERSION, TOP_KIND, TOP_METADATA, TOP_SPEC };

static size_t top_key(struct policy_reader *r, const struct yaml_node *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(top_keys); i++) {
		if (strlen(top_keys[i]) != key->text.n ||
		    strncasecmp(top_keys[i], key->text.p, key->text.n) != 0)
			continue;
		if (memcmp(top_keys[i], key->text.p, key->text.n) == 0)
			return i;
		policy_miscased(r, key, top_keys[i]);
		return r->way == WAY_API ? ARRAY_SIZE(top_keys) : i;
	}
	policy_unknown(r, key, "a TracingPolicy", top_keys, ARRAY_SIZE(top_keys));
	return ARRAY_SIZE(top_keys);
}

static void read_top(struct policy_reader *r, const struct yaml_node *n, struct policy *p)
{
	size_t mark = policy_enter(r, n->key->text);
	size_t key = top_key(r, n->key);
	if (key == TOP_METADATA && n->kind == YAML_MAP)
		policy_read_metadata(r, n, p);
	else if (key == TOP_METADATA)
		policy_reject(r, n->kind == YAML_NULL ? RULE_METADATA_NAME : RULE_METADATA_TYPE, n,
			      "write metadata: {name: my-policy}", "%s where a map belongs",
			      yaml_kind_name(n->kind));
	else if (key == TOP_SPEC && !r->skip_spec) {
		size_t before = r->findings->n + r->findings->dropped;
		read_spec(r, n, p);
		r->clean = r->findings->n + r->findings->dropped == before;
	}
	policy_leave(r, mark);
}

void policy_parse_node(const char *file, const struct yaml_node *doc, unsigned way,
		       struct findings *f, const struct policy_reading *twin,
		       struct policy_reading *ret)
{
	CLEANUP(policy_free) struct policy *p = policy_new();
	struct policy_reader r = {.findings = f,
				  .arena = p->arena,
				  .stage = STAGE_OK,
				  .stage_unvalidated = STAGE_OK,
				  .way = way,
				  .skip_spec = twin && twin->clean && twin->policy};
	p->file = arena_str(p->arena, str_from(file));
	p->line = doc->line;
	bool known = read_kind(&r, doc, p);
	if (known) {
		check_api_version(&r, doc);
		for (size_t i = 0; i < doc->nitems; i++)
			read_top(&r, doc->items[i], p);
		if (way == WAY_API ? !yaml_get(doc, "metadata") : !get_any_case(doc, "metadata"))
			policy_reject(&r, RULE_METADATA_NAME, doc,
				      "add metadata: {name: my-policy}", "no metadata");
		else if (!yaml_get(doc, "metadata"))
			policy_reject(&r, RULE_REQUIRED_FIELD, doc, "write metadata",
				      "no metadata in that spelling");
		if (!yaml_get(doc, "spec"))
			policy_reject(&r, RULE_REQUIRED_FIELD, doc, "add spec: and what to hook",
				      "no spec");
	}
	buf_done(&r.path);
	*ret = (struct policy_reading){.stage = r.stage,
				       .stage_unvalidated = r.stage_unvalidated,
				       .undecodable = r.undecodable,
				       .clean = r.clean};
	if (known && !r.undecodable && !r.skip_spec)
		*(r.holes ? &ret->partial : &ret->policy) = TAKE(p);
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
	struct findings found;
	findings_init(&found, arena);
	for (size_t i = 0; i < ndocs; i++) {
		struct policy_reading reading;
		if (i > 0 && docs[i]->kind == YAML_NULL)
			continue;
		if (i == 1)
			diag_add(d, DIAG_WARNING, file, docs[i]->line, 1,
				 "an agent that is given this file reads its "
				 "first document only; put each policy into its own file, or use "
				 "kubectl");
		policy_parse_node(file, docs[i], WAY_FILE, &found, NULL, &reading);
		findings_to_diag(&found, file, d);
		found.n = 0;
		if (reading.stage != STAGE_OK) {
			err = -EINVAL;
			policy_free(reading.policy);
			policy_free(reading.partial);
			continue;
		}
		reading.policy->document = (unsigned)i + 1;
		*VEC_PUSH(&list) = reading.policy;
	}
	findings_done(&found);
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
