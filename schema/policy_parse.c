/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks a YAML tree along the grammar's rows into structs. Every finding is reported, not only the
 * first; what counts for "would it be taken" is the earliest stage that found something.
 *
 * Keys: Go's decoder takes them in any case, but the schema and its defaults know only the exact
 * spelling. So below a miscased key there are no defaults and no schema, and a miscased key loses
 * to its own default. A name that means nothing (an operator) is then found when the policy is
 * loaded.
 */
#include <strings.h>

#include "schema/policy_hints.h"

/* ---- reporting ---- */

static void PRINTF(6, 0)
    report(struct policy_reader *r, enum policy_rule rule, enum severity severity,
	   const struct yaml_node *node, const char *fix, const char *fmt, va_list ap)
{
	const struct finding what = {
	    .id = policy_rules[rule].id,
	    .severity = severity,
	    .stage = policy_rules[rule].stage,
	    .ways = r->way,
	    .at = {node->line, node->column},
	    .path = r->path.p,
	    .fix = fix,
	};
	findings_add(r->findings, &what, fmt, ap);
}

void policy_reject(struct policy_reader *r, enum policy_rule rule, const struct yaml_node *node,
		   const char *fix, const char *fmt, ...)
{
	const struct policy_rule_row *row = &policy_rules[rule];
	enum policy_stage stage = row->stage;
	va_list ap;
	if (r->miscased && stage > STAGE_DECODE && stage < STAGE_LOAD)
		return;
	if (r->way == WAY_API && (row->flags & RULE_API_SCHEMA))
		stage = STAGE_SCHEMA;
	r->stage = MIN(r->stage, stage);
	if (rule != RULE_UNKNOWN_FIELD && rule != RULE_FIELD_CASE)
		r->stage_unvalidated = MIN(r->stage_unvalidated, stage);
	r->holes |= stage == STAGE_DECODE || stage == STAGE_SCHEMA;
	va_start(ap, fmt);
	report(r, rule, SEVERITY_ERROR, node, fix, fmt, ap);
	va_end(ap);
}

void policy_warn(struct policy_reader *r, enum policy_rule rule, const struct yaml_node *node,
		 const char *fix, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	report(r, rule, SEVERITY_WARNING, node, fix, fmt, ap);
	va_end(ap);
}

/* What a server stores and no agent decodes. */
static void PRINTF(3, 4)
    undecodable(struct policy_reader *r, const struct yaml_node *node, const char *fmt, ...)
{
	va_list ap;
	r->undecodable = true;
	va_start(ap, fmt);
	report(r, RULE_AGENT_DECODE, SEVERITY_ERROR, node, "write an integer from 0", fmt, ap);
	va_end(ap);
}

size_t policy_enter(struct policy_reader *r, struct str key)
{
	size_t mark = r->path.n;
	if (mark)
		buf_putc(&r->path, '.');
	buf_str(&r->path, (struct str){key.p, MIN(key.n, (size_t)100)});
	return mark;
}

static size_t enter_item(struct policy_reader *r, size_t i)
{
	size_t mark = r->path.n;
	buf_putc(&r->path, '[');
	buf_u64(&r->path, i);
	buf_putc(&r->path, ']');
	return mark;
}

void policy_leave(struct policy_reader *r, size_t mark)
{
	r->path.n = mark;
	if (r->path.p)
		r->path.p[mark] = '\0';
}

/* A server prunes a null wherever a key has it. */
static bool absent(const struct policy_reader *r, const struct yaml_node *n)
{
	return !n || (n->kind == YAML_NULL && r->way == WAY_API);
}

const struct yaml_node *policy_present(const struct policy_reader *r, const struct yaml_node *map,
				       const char *key)
{
	const struct yaml_node *n = yaml_get(map, key);
	return absent(r, n) ? NULL : n;
}

/* ---- scalars; each returns false when the node is not that ---- */

static bool wrong(struct policy_reader *r, const struct yaml_node *n, enum yaml_kind wanted, const char *what)
{
	const char *fix = hint_value(r->arena, n, wanted, what);
	struct str text = {n->text.p, MIN(n->text.n, (size_t)60)};
	if (n->kind == YAML_NULL)
		policy_reject(r, RULE_NULL_VALUE, n, fix, "null where %s belongs", what);
	else if (n->kind == YAML_LIST || n->kind == YAML_MAP)
		policy_reject(r, RULE_WRONG_TYPE, n, fix, "%s where %s belongs", yaml_kind_name(n->kind), what);
	else if (n->kind == YAML_STRING)
		policy_reject(r, RULE_WRONG_TYPE, n, fix, "the string \"" STR_FMT "\" where %s belongs", STR_ARG(text),
			      what);
	else
		policy_reject(r, RULE_WRONG_TYPE, n, fix, "%s (" STR_FMT ") where %s belongs",
			      yaml_kind_name(n->kind), STR_ARG(text), what);
	return false;
}

static bool read_string(struct policy_reader *r, const struct yaml_node *n, struct str *ret)
{
	if (n->kind != YAML_STRING)
		return wrong(r, n, YAML_STRING, "a string");
	*ret = arena_str(r->arena, n->text);
	return true;
}

static bool read_bool(struct policy_reader *r, const struct yaml_node *n, bool *ret)
{
	if (n->kind != YAML_BOOL)
		return wrong(r, n, YAML_BOOL, "true or false");
	*ret = n->boolean;
	return true;
}

struct range {
	const char *name;
	int64_t min;
	uint64_t max;
};

static struct range range_of(const struct field *f)
{
	switch (f->type) {
	case FIELD_I32:
		return (struct range){"an integer of 32 bits", INT32_MIN, INT32_MAX};
	case FIELD_I64:
		return (struct range){"an integer of 64 bits", INT64_MIN, INT64_MAX};
	case FIELD_U64:
	case FIELD_U64S:
		return (struct range){"an integer from 0", 0, UINT64_MAX};
	default:
		return (struct range){"an integer from 0", 0, UINT32_MAX};
	}
}

/* The value in two's complement. 1e3 and 1.0 are integers too, once they are JSON. */
static bool read_integer(struct policy_reader *r, const struct field *f, const struct yaml_node *n,
			 uint64_t *ret)
{
	struct range range = range_of(f);
	int64_t v;
	if (!yaml_whole(n, &v))
		return wrong(r, n, YAML_INT, range.name);
	bool big = n->kind == YAML_INT && n->big, negative = v < 0 && !big;
	const char *fix = arena_printf(r->arena, "write %s", range.name);
	bool fits = negative ? v >= range.min : (uint64_t)v <= range.max;
	bool server = r->way == WAY_API && !(f->flags & FIELD_NATURAL);
	if (!fits && server && negative && range.min == 0 &&
	    (v >= INT32_MIN || !(f->flags & FIELD_INT32)))
		undecodable(
		    r, n,
		    STR_FMT
		    " is negative: a server takes it, but no agent can decode the policy, nor any "
		    "other of its kind while it is there",
		    STR_ARG(n->text));
	else if (!fits) {
		policy_reject(r, RULE_INTEGER_RANGE, n, fix, STR_FMT " is out of range",
			      STR_ARG(n->text));
		return false;
	}
	if ((f->flags & FIELD_NATURAL) && negative)
		policy_reject(r, RULE_MINIMUM, n, "write an integer from 0", STR_FMT " is negative",
			      STR_ARG(n->text));
	else if ((f->flags & FIELD_INT32) && !negative && (uint64_t)v > INT32_MAX)
		policy_reject(r, RULE_MAXIMUM, n, "write a smaller one",
			      STR_FMT " is more than 2147483647", STR_ARG(n->text));
	else if (!(f->flags & FIELD_INT32) && big)
		policy_reject(r, RULE_MAXIMUM, n, "write a smaller one",
			      STR_FMT " is more than 9223372036854775807", STR_ARG(n->text));
	*ret = (uint64_t)v;
	return true;
}

static void store_integer(const struct field *f, void *at, uint64_t v)
{
	if (f->type == FIELD_U64 || f->type == FIELD_I64 || f->type == FIELD_U64S)
		*(uint64_t *)at = v;
	else
		*(uint32_t *)at = (uint32_t)v;
}

/* ---- names ---- */

static bool known_name(const struct field_names *names, struct str s, size_t *ret)
{
	for (size_t i = 0; i < names->n; i++)
		if (s.n && names->v[i][0] == s.p[0] && str_eq(s, str_from(names->v[i])))
			return *ret = i, true;
	return false;
}

/* The name that S is in another case; or S. */
static struct str other_case(const struct field_names *names, struct str s)
{
	for (size_t i = 0; i < names->n; i++)
		if (strlen(names->v[i]) == s.n && strncasecmp(names->v[i], s.p, s.n) == 0)
			return str_from(names->v[i]);
	return s;
}

static void unknown_name(struct policy_reader *r, const struct field *f, const struct yaml_node *n)
{
	CLEANUP_FREE char *typed = xstrndup(n->text.p, MIN(n->text.n, (size_t)60));
	policy_reject(r, r->miscased ? RULE_ENUM_UNCHECKED : RULE_ENUM, n, hint_name(r->arena, typed, f->names),
		      "\"%s\" is not one of the values it may have", typed);
}

static void read_name(struct policy_reader *r, const struct field *f, const struct yaml_node *n,
		      void *at)
{
	struct str s;
	size_t i = 0;
	if (!read_string(r, n, &s))
		return;
	if (r->miscased && (f->flags & FIELD_ANY_CASE))
		s = other_case(f->names, s);
	int alias = r->miscased && f->type == FIELD_OPERATOR ? policy_operator_alias(s) : -1;
	if (alias >= 0)
		s = str_from(operator_name((enum policy_operator)alias));
	if (!known_name(f->names, s, &i))
		unknown_name(r, f, n);
	else if (f->type == FIELD_OPERATOR)
		*(int *)at = policy_operator_from(s);
	else if (f->type == FIELD_ENUM)
		*(int *)at = (int)i;
	if (f->type == FIELD_STRING)
		*(struct str *)at = s;
}

/* ---- lists and maps ---- */

static bool is_kind(struct policy_reader *r, const struct yaml_node *n, enum yaml_kind kind)
{
	return n->kind == kind ? true : wrong(r, n, kind, yaml_kind_name(kind));
}

static void check_items(struct policy_reader *r, const struct field *f, const struct yaml_node *n)
{
	if (f->max_items && n->nitems > f->max_items)
		policy_reject(r, RULE_MAX_ITEMS, n,
			      arena_printf(r->arena, "at most %zu may be there", f->max_items),
			      "%zu entries", n->nitems);
}

static void read_strings(struct policy_reader *r, const struct yaml_node *n, struct strs *ret)
{
	for (size_t i = 0; i < n->nitems; i++) {
		size_t mark = enter_item(r, i);
		struct str s;
		if (read_string(r, n->items[i], &s))
			*ARENA_PUSH(r->arena, ret->v, ret->n) = s;
		policy_leave(r, mark);
	}
}

static void read_integers(struct policy_reader *r, const struct field *f, const struct yaml_node *n,
			  void *at, size_t *count)
{
	size_t size = f->type == FIELD_U64S ? sizeof(uint64_t) : sizeof(uint32_t);
	for (size_t i = 0; i < n->nitems; i++) {
		size_t mark = enter_item(r, i);
		uint64_t v;
		if (read_integer(r, f, n->items[i], &v)) {
			void *grown = arena_grow(r->arena, *(void **)at, *count, size);
			*(void **)at = grown;
			store_integer(f, (char *)grown + size * (*count)++, v);
		}
		policy_leave(r, mark);
	}
}

/* ^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$ */
bool label_value_fits(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum =
		    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!alnum && (i == 0 || i + 1 == s.n || (c != '-' && c != '_' && c != '.')))
			return false;
	}
	return s.n <= 63;
}

static void read_labels(struct policy_reader *r, const struct field *f, const struct yaml_node *n,
			struct label **labels, size_t *count)
{
	for (size_t i = 0; i < n->nitems; i++) {
		const struct yaml_node *item = n->items[i];
		size_t mark = policy_enter(r, item->key->text);
		struct str s;
		if (!absent(r, item) && read_string(r, item, &s)) {
			if ((f->flags & FIELD_LABEL_SYNTAX) && !label_value_fits(s))
				policy_reject(r, RULE_LABEL_VALUE, item,
					      "write at most 63 letters, digits, '-', '_', '.', "
					      "beginning and ending "
					      "with a letter or digit",
					      "not a label value");
			*ARENA_PUSH(r->arena, *labels, *count) =
			    (struct label){arena_str(r->arena, item->key->text), s};
		}
		policy_leave(r, mark);
	}
}

static void set_defaults(struct policy_reader *r, const struct field_object *o, void *base);

static void *object_new(struct policy_reader *r, const struct field_object *o,
			const struct yaml_node *n, void *base)
{
	if (o->section >= 0)
		((struct hook *)base)->section = (enum section)o->section;
	if (o->at != NO_PLACE)
		*(struct place *)((char *)base + o->at) = (struct place){n->line, n->column};
	void *inner = (char *)base + o->inner;
	set_defaults(r, o, inner);
	return inner;
}

static void read_list(struct policy_reader *r, const struct field *f, const struct yaml_node *n,
		      void *at, size_t *count)
{
	for (size_t i = 0; i < n->nitems; i++) {
		size_t mark = enter_item(r, i);
		const struct yaml_node *item = n->items[i];
		if (is_kind(r, item, YAML_MAP)) {
			char *grown = arena_grow(r->arena, *(void **)at, *count, f->object->size);
			*(void **)at = grown;
			void *base = grown + f->object->size * (*count)++;
			policy_read_object(r, f->object, item,
					   object_new(r, f->object, item, base));
		}
		policy_leave(r, mark);
	}
}

static void read_named(struct policy_reader *r, const struct field *f, const struct yaml_node *n,
		       void *at, size_t *count)
{
	for (size_t i = 0; i < n->nitems; i++) {
		const struct yaml_node *item = n->items[i];
		size_t mark = policy_enter(r, item->key->text);
		if (!absent(r, item) && is_kind(r, item, YAML_MAP)) {
			char *grown = arena_grow(r->arena, *(void **)at, *count, f->object->size);
			*(void **)at = grown;
			void *base = grown + f->object->size * (*count)++;
			*(struct str *)base = arena_str(r->arena, item->key->text);
			policy_read_object(r, f->object, item,
					   object_new(r, f->object, item, base));
		}
		policy_leave(r, mark);
	}
}

static void read_pointer(struct policy_reader *r, const struct field *f, const struct yaml_node *n,
			 void *base)
{
	void *object = arena_alloc(r->arena, f->object->size);
	*(void **)((char *)base + f->offset) = object;
	if (f->count)
		*(size_t *)((char *)base + f->count) = 1;
	policy_read_object(r, f->object, n, object_new(r, f->object, n, object));
}

/* ---- one field ---- */

static bool shape_fits(struct policy_reader *r, const struct field *f, const struct yaml_node *n)
{
	switch (f->type) {
	case FIELD_STRINGS:
	case FIELD_U32S:
	case FIELD_U64S:
	case FIELD_LIST:
		if (!is_kind(r, n, YAML_LIST))
			return false;
		check_items(r, f, n);
		return true;
	case FIELD_LABELS:
	case FIELD_OBJECT:
	case FIELD_POINTER:
	case FIELD_NAMED:
		return is_kind(r, n, YAML_MAP);
	default:
		return true;
	}
}

static void read_field(struct policy_reader *r, const struct field *f, const struct yaml_node *n,
		       void *base)
{
	void *at = (char *)base + f->offset;
	size_t *count = (size_t *)((char *)base + f->count);
	uint64_t v;
	if (!shape_fits(r, f, n))
		return;
	if (f->has)
		*(bool *)((char *)base + f->has) = true;
	switch (f->type) {
	case FIELD_BOOL:
		read_bool(r, n, at);
		break;
	case FIELD_I32:
	case FIELD_U32:
	case FIELD_I64:
	case FIELD_U64:
		if (read_integer(r, f, n, &v))
			store_integer(f, at, v);
		break;
	case FIELD_STRING:
		if (!f->names) {
			read_string(r, n, at);
			break;
		} /* fall through */
	case FIELD_ENUM:
	case FIELD_OPERATOR:
		read_name(r, f, n, at);
		break;
	case FIELD_STRINGS:
		read_strings(r, n, at);
		break;
	case FIELD_U32S:
	case FIELD_U64S:
		read_integers(r, f, n, at, count);
		break;
	case FIELD_LABELS:
		read_labels(r, f, n, at, count);
		break;
	case FIELD_OBJECT:
		policy_read_object(r, f->object, n, base);
		break;
	case FIELD_POINTER:
		read_pointer(r, f, n, base);
		break;
	case FIELD_LIST:
		read_list(r, f, n, at, count);
		break;
	case FIELD_NAMED:
		read_named(r, f, n, at, count);
		break;
	}
}

/* Defaults that are not the struct's zero. */
static void set_defaults(struct policy_reader *r, const struct field_object *o, void *base)
{
	for (size_t i = 0; i < o->nfields && !r->miscased; i++) {
		const struct field *f = &o->fields[i];
		void *at = (char *)base + f->offset;
		if (f->type == FIELD_BOOL && f->fallback)
			*(bool *)at = strcmp(f->fallback, "true") == 0;
		else if (f->type == FIELD_STRING && f->fallback && f->fallback[0] != '"')
			*(struct str *)at = str_from(f->fallback);
	}
}

/* ---- one object ---- */

static const struct field *find_field(const struct field_object *o, struct str key, bool *ret_exact)
{
	const struct field *near = NULL;
	for (size_t i = 0; i < o->nfields; i++) {
		const char *name = o->fields[i].name;
		if (!key.n || (name[0] | 0x20) != (key.p[0] | 0x20) || strlen(name) != key.n ||
		    strncasecmp(name, key.p, key.n) != 0)
			continue;
		near = &o->fields[i];
		*ret_exact = memcmp(name, key.p, key.n) == 0;
		if (*ret_exact)
			return near;
	}
	return near;
}

/* What to do is worth finding out while findings are kept: a file may have a million of them. */
static const char *field_hint(struct policy_reader *r, const struct field_object *o, const char *typed, const char *above)
{
	return r->findings->n < FINDINGS_MAX ? hint_field(r->arena, typed, above, o) : "";
}

/* The key of item I of MAP. */
static void unknown_field(struct policy_reader *r, const struct field_object *o, const struct yaml_node *map, size_t i)
{
	const struct yaml_node *key = map->items[i]->key;
	struct str over = i ? map->items[i - 1]->key->text : STR("");
	CLEANUP_FREE char *typed = xstrndup(key->text.p, MIN(key->text.n, (size_t)60));
	CLEANUP_FREE char *above = xstrndup(over.p, MIN(over.n, (size_t)60));
	policy_reject(r, RULE_UNKNOWN_FIELD, key, field_hint(r, o, typed, above),
		      "%s has no field \"%s\"", o->name, typed);
}

void policy_unknown(struct policy_reader *r, const struct yaml_node *key, const char *where, const char *const *names,
		    size_t n)
{
	CLEANUP_FREE char *typed = xstrndup(key->text.p, MIN(key->text.n, (size_t)60));
	policy_reject(r, RULE_UNKNOWN_FIELD, key, hint_around(r->arena, typed, names, n), "%s has no field \"%s\"",
		      where, typed);
}

void policy_miscased(struct policy_reader *r, const struct yaml_node *key, const char *name)
{
	const char *fix = arena_printf(r->arena, "write %s", name);
	if (r->way == WAY_API)
		policy_reject(r, RULE_FIELD_CASE, key, fix,
			      "written in another case than %s: kubectl refuses it, or drops it "
			      "when told not to validate",
			      name);
	else
		policy_warn(r, RULE_FIELD_CASE, key, fix,
			    "written in another case than %s: an agent reads it from a file, "
			    "without its defaults and "
			    "schema",
			    name);
}

static void read_miscased(struct policy_reader *r, const struct field *f, const struct yaml_node *n,
			  void *base)
{
	bool before = r->miscased;
	policy_miscased(r, n->key, f->name);
	if (r->way == WAY_API)
		return;
	if (f->fallback) {
		policy_warn(r, RULE_FIELD_CASE, n->key, arena_printf(r->arena, "write %s", f->name),
			    "the default (%s) wins over its value", f->fallback);
		return;
	}
	r->miscased = true;
	if (n->kind != YAML_NULL)
		read_field(r, f, n, base);
	r->miscased = before;
}

static void check_required(struct policy_reader *r, const struct field_object *o,
			   const struct yaml_node *node)
{
	for (size_t i = 0; i < o->nfields; i++) {
		const struct field *f = &o->fields[i];
		bool name = f->type == FIELD_OPERATOR || f->type == FIELD_ENUM || f->names;
		if ((f->flags & FIELD_REQUIRED) && !policy_present(r, node, f->name))
			policy_reject(
			    r, r->miscased && name ? RULE_ENUM_UNCHECKED : RULE_REQUIRED_FIELD,
			    node, "add it", "%s needs %s (%s)", o->name, f->name, f->help);
	}
}

void policy_read_object(struct policy_reader *r, const struct field_object *o,
			const struct yaml_node *node, void *base)
{
	for (size_t i = 0; i < node->nitems; i++) {
		const struct yaml_node *n = node->items[i];
		bool exact = false;
		const struct field *f = find_field(o, n->key->text, &exact);
		size_t mark = policy_enter(r, n->key->text);
		if (!f)
			unknown_field(r, o, node, i);
		else if (!exact)
			read_miscased(r, f, n, base);
		else if (n->kind != YAML_NULL || (!f->fallback && !absent(r, n)))
			read_field(r, f, n, base);
		policy_leave(r, mark);
	}
	check_required(r, o, node);
	if (o->rule)
		o->rule(r, node);
}
