/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Builds the tree from libyaml's events. An explicit stack of open collections stands in for
 * recursion, so depth is a number to check and not a risk. An alias is a shallow copy of the
 * anchored node: a document of a few lines can thus stand for billions of nodes, and every reader
 * of the tree would walk them, so each node knows how many it stands for and the sum is limited,
 * not only what was allocated.
 */
#include "schema/yaml.h"

#include <math.h>
#include <yaml.h>

#include "schema/base/buf.h"
#include "schema/base/map.h"

struct open_node { /* a list or map that has begun and not ended */
	struct yaml_node *node;
	struct yaml_node *key; /* map: read, its value is next */
	struct map *keys;      /* map: what is there already */
	bool *merged;	       /* by key number: brought by << */
	size_t nmerged;
	const char *anchor;
};

struct anchor {
	struct yaml_node *node; /* NULL while its collection is open */
};

struct reader {
	struct arena *arena;
	yaml_parser_t parser;
	struct open_node stack[YAML_MAX_DEPTH];
	size_t depth;
	struct yaml_node *root; /* of the document being read */
	struct map *anchor_names;
	struct {
		struct anchor *v;
		size_t n, cap;
	} anchors;
	uint64_t nodes; /* of the document, aliases expanded */
	struct {
		struct yaml_problem *v;
		size_t n, cap;
	} problems;
	struct {
		struct yaml_node **v;
		size_t n, cap;
	} docs;
};

bool yaml_whole(const struct yaml_node *n, int64_t *ret)
{
	if (n->kind == YAML_INT) {
		*ret = n->integer;
		return true;
	}
	bool whole =
	    n->kind == YAML_FLOAT && floor(n->number) == n->number && fabs(n->number) < 0x1p63;
	*ret = whole ? (int64_t)n->number : 0;
	return whole;
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	size_t n = strlen(key);
	for (size_t i = 0; i < map->nitems; i++)
		if (map->items[i]->key->text.n == n &&
		    memcmp(map->items[i]->key->text.p, key, n) == 0)
			return map->items[i];
	return NULL;
}

const struct yaml_node *yaml_at(const struct yaml_node *root, const char *path)
{
	const struct yaml_node *n = root;
	while (n && *path) {
		char *end;
		if (*path == '[') {
			size_t i = strtoul(path + 1, &end, 10);
			n = n->kind == YAML_LIST && i < n->nitems && *end == ']' ? n->items[i]
										 : NULL;
			path = end + (*end == ']');
			path += *path == '.';
			continue;
		}
		char key[64];
		size_t len = strcspn(path, ".[");
		if (len >= sizeof(key))
			return NULL;
		memcpy(key, path, len);
		key[len] = 0;
		n = yaml_get(n, key);
		path += len;
		path += *path == '.';
	}
	return n;
}

const char *yaml_kind_name(enum yaml_kind kind)
{
	static const char *const names[] = {
	    [YAML_NULL] = "null",      [YAML_BOOL] = "a boolean",  [YAML_INT] = "an integer",
	    [YAML_FLOAT] = "a number", [YAML_STRING] = "a string", [YAML_LIST] = "a list",
	    [YAML_MAP] = "a map",
	};
	return names[kind];
}

/* FIX may be "". Returns -EINVAL. */
static int PRINTF(6, 7) problem(struct reader *r, const char *id, unsigned line, unsigned column,
				const char *fix, const char *fmt, ...)
{
	CLEANUP_BUF struct buf message = BUF_INIT;
	va_list ap;
	if (r->problems.n >= YAML_MAX_PROBLEMS)
		return -EINVAL;
	va_start(ap, fmt);
	buf_vprintf(&message, fmt, ap);
	va_end(ap);
	*VEC_PUSH(&r->problems) = (struct yaml_problem){
	    .id = id,
	    .document = (unsigned)r->docs.n,
	    .line = line,
	    .column = column,
	    .message = arena_str(r->arena, buf_view(&message)).p,
	    .fix = arena_str(r->arena, str_from(fix)).p,
	};
	return -EINVAL;
}
#define fail(r, id, line, column, fix, ...) problem(r, id, line, column, fix, __VA_ARGS__)

static struct yaml_node *node_new(struct reader *r, enum yaml_kind kind, yaml_mark_t at)
{
	struct yaml_node *n = arena_alloc(r->arena, sizeof(*n));
	n->kind = kind;
	n->line = (unsigned)at.line + 1;
	n->column = (unsigned)at.column + 1;
	n->from = at.index;
	n->size = n->height = 1;
	return n;
}

/* ---- putting a finished node where it belongs ---- */

static struct yaml_node *copy_with_key(struct reader *r, const struct yaml_node *n,
				       struct yaml_node *key)
{
	struct yaml_node *copy = arena_alloc(r->arena, sizeof(*copy));
	*copy = *n;
	copy->key = key;
	return copy;
}

static void account(struct yaml_node *parent, const struct yaml_node *child)
{
	parent->size += child->size;
	parent->height = MAX(parent->height, child->height + 1);
}

/* The duplicate check's identity: 1 and "1" are two keys to the YAML reader of Kubernetes. */
static struct str key_identity(struct buf *b, const struct yaml_node *key)
{
	buf_putc(b, (char)('0' + key->kind));
	buf_str(b, key->text);
	return buf_view(b);
}

/* Few keys are looked through, many are hashed. */
enum { KEYS_LINEAR = 16 };

static uint32_t key_add(struct open_node *o, const struct yaml_node *key, bool *ret_fresh)
{
	const struct yaml_node *map = o->node;
	CLEANUP_BUF struct buf b = BUF_INIT;
	size_t i = 0;
	if (map->nitems < KEYS_LINEAR) {
		while (i < map->nitems &&
		       (map->items[i]->key->kind != key->kind || !str_eq(map->items[i]->key->text, key->text)))
			i++;
		*ret_fresh = i == map->nitems;
		return (uint32_t)i;
	}
	if (!o->keys) {
		o->keys = map_new();
		for (; i < map->nitems; i++, buf_clear(&b))
			map_add(o->keys, key_identity(&b, map->items[i]->key), NULL);
	}
	return map_add(o->keys, key_identity(&b, key), ret_fresh);
}

static void map_put(struct reader *r, struct open_node *o, struct yaml_node *value, bool merged)
{
	bool fresh;
	uint32_t i = key_add(o, value->key, &fresh);
	account(o->node, value);
	if (fresh) {
		size_t before = o->nmerged;
		*ARENA_PUSH(r->arena, o->merged, o->nmerged) = merged;
		*ARENA_PUSH(r->arena, o->node->items, before) = value;
		o->node->nitems = before;
		return;
	}
	const struct yaml_node *first = o->node->items[i]->key;
	struct str name = {value->key->text.p, MIN(value->key->text.n, (size_t)200)};
	if (merged || o->merged[i])
		problem(r, "duplicate-key", value->key->line, value->key->column,
			"keep one of the two",
			"key \"" STR_FMT
			"\" is also brought in by << (line %u): Tetragon's reader takes that for a "
			"duplicate",
			STR_ARG(name), first->line);
	else
		problem(r, "duplicate-key", value->key->line, value->key->column,
			"keep one of the two", "duplicate key \"" STR_FMT "\" (first on line %u)",
			STR_ARG(name), first->line);
	/* A written key beats a merged one, and of two written ones the last counts. */
	if (!merged || o->merged[i]) {
		o->node->items[i] = value;
		o->merged[i] = merged;
	}
}

static int map_merge(struct reader *r, struct open_node *o, const struct yaml_node *from)
{
	if (from->kind == YAML_LIST) {
		for (size_t i = 0; i < from->nitems; i++) {
			if (from->items[i]->kind != YAML_MAP)
				return fail(r, "yaml-value", from->line, from->column, "",
					    "<< takes a map or a list of maps");
			map_merge(r, o, from->items[i]);
		}
		return 0;
	}
	if (from->kind != YAML_MAP)
		return fail(r, "yaml-value", from->line, from->column, "",
			    "<< takes a map or a list of maps, not %s", yaml_kind_name(from->kind));
	for (size_t i = 0; i < from->nitems; i++) {
		struct yaml_node *n = copy_with_key(r, from->items[i], from->items[i]->key);
		n->borrowed = true;
		map_put(r, o, n, true);
	}
	return 0;
}

static bool is_merge(const struct yaml_node *key)
{
	return !key->quoted && str_eq(key->text, STR("<<"));
}

/* Any scalar but null may be a key; as JSON has it, it is a string. */
static int take_key(struct reader *r, struct open_node *o, struct yaml_node *n)
{
	if (n->kind == YAML_LIST || n->kind == YAML_MAP || n->kind == YAML_NULL)
		return fail(r, "yaml-key", n->line, n->column,
			    "put it in quotes if it is meant as text",
			    "a key must be a string, not %s", yaml_kind_name(n->kind));
	yaml_key_text(r->arena, n);
	o->key = n;
	return 0;
}

static int put(struct reader *r, struct yaml_node *n)
{
	if (r->depth == 0) {
		r->root = n;
		return 0;
	}
	struct open_node *o = &r->stack[r->depth - 1];
	if (r->depth + n->height > YAML_MAX_DEPTH)
		return fail(r, "yaml-limit", n->line, n->column, "write it flatter",
			    "nested deeper than %d levels", YAML_MAX_DEPTH);
	if (o->node->kind == YAML_LIST) {
		account(o->node, n);
		*ARENA_PUSH(r->arena, o->node->items, o->node->nitems) = n;
		return 0;
	}
	if (!o->key)
		return take_key(r, o, n);
	struct yaml_node *key = TAKE(o->key);
	if (is_merge(key))
		return map_merge(r, o, n);
	n->key = key; /* an anchor's other users have copies */
	map_put(r, o, n, false);
	return 0;
}

/* ---- events ---- */

static int count(struct reader *r, const struct yaml_node *at, uint64_t more)
{
	r->nodes += more;
	if (r->nodes <= YAML_MAX_NODES)
		return 0;
	return fail(r, "yaml-limit", at->line, at->column, "split the file",
		    "more than %d values, aliases expanded", YAML_MAX_NODES);
}

static void anchor_set(struct reader *r, const char *name, struct yaml_node *node)
{
	if (!name)
		return;
	bool fresh;
	uint32_t i = map_add(r->anchor_names, str_from(name), &fresh);
	if (fresh)
		VEC_PUSH(&r->anchors);
	r->anchors.v[i].node = node;
}

static int on_scalar(struct reader *r, const yaml_event_t *e)
{
	struct yaml_node *n = node_new(r, YAML_STRING, e->start_mark);
	struct str text = {(const char *)e->data.scalar.value, e->data.scalar.length};
	n->text = arena_str(r->arena, text);
	n->text.n = json_unescape_bytes((char *)n->text.p, n->text.n);
	n->quoted = e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	n->to = e->end_mark.index;
	const char *tag = (const char *)e->data.scalar.tag;
	if (tag ? yaml_resolve_tagged(r->arena, n, tag) : (!n->quoted && (yaml_resolve(n), 0)))
		return fail(r, "yaml-value", n->line, n->column, "remove the tag",
			    "the value does not fit its tag %s", tag);
	if (n->kind == YAML_FLOAT && !isfinite(n->number))
		return fail(r, "yaml-value", n->line, n->column, "put it in quotes if it is meant as text",
			    "%s has no form in JSON, which Kubernetes turns it into", n->text.p);
	anchor_set(r, (const char *)e->data.scalar.anchor, n);
	int err = count(r, n, 1);
	return err ? err : put(r, n);
}

static int on_alias(struct reader *r, const yaml_event_t *e)
{
	const char *name = (const char *)e->data.alias.anchor;
	unsigned line = (unsigned)e->start_mark.line + 1,
		 column = (unsigned)e->start_mark.column + 1;
	uint32_t i = map_find(r->anchor_names, str_from(name));
	if (i == MAP_NONE)
		return fail(r, "yaml-value", line, column, "write the value",
			    "no anchor &%.200s above this alias", name);
	const struct yaml_node *target = r->anchors.v[i].node;
	if (!target)
		return fail(r, "yaml-value", line, column, "write it out",
			    "the value of anchor &%.200s contains itself", name);
	struct yaml_node *n = copy_with_key(r, target, NULL);
	n->line = line;
	n->column = column;
	n->borrowed = true;
	n->from = e->start_mark.index;
	n->to = e->end_mark.index;
	int err = count(r, n, n->size);
	return err ? err : put(r, n);
}

static int on_open(struct reader *r, const yaml_event_t *e, enum yaml_kind kind, const char *anchor)
{
	struct yaml_node *n = node_new(r, kind, e->start_mark);
	if (r->depth == YAML_MAX_DEPTH)
		return fail(r, "yaml-limit", n->line, n->column, "write it flatter",
			    "nested deeper than %d levels", YAML_MAX_DEPTH);
	struct open_node *o = &r->stack[r->depth++];
	*o = (struct open_node){.node = n};
	if (anchor)
		o->anchor = arena_str(r->arena, str_from(anchor)).p;
	anchor_set(r, o->anchor, NULL);
	return count(r, n, 1);
}

static int on_close(struct reader *r, const yaml_event_t *e)
{
	struct open_node *o = &r->stack[--r->depth];
	o->node->to = e->end_mark.index;
	map_free(o->keys);
	o->keys = NULL;
	anchor_set(r, o->anchor, o->node);
	return put(r, o->node);
}

static void document_reset(struct reader *r)
{
	while (r->depth)
		map_free(r->stack[--r->depth].keys);
	map_free(r->anchor_names);
	r->anchor_names = map_new();
	r->anchors.n = 0;
	r->nodes = 0;
	r->root = NULL;
}

static int on_document(struct reader *r, const yaml_event_t *e)
{
	const yaml_version_directive_t *v = e->data.document_start.version_directive;
	document_reset(r);
	if (r->docs.n == YAML_MAX_DOCUMENTS)
		return fail(r, "yaml-limit", (unsigned)e->start_mark.line + 1, 1, "split the file", "more than %d documents",
			    YAML_MAX_DOCUMENTS);
	if (v && (v->major != 1 || v->minor != 1))
		return fail(r, "yaml-syntax", (unsigned)e->start_mark.line + 1, 1,
			    "remove the line", "%%YAML %d.%d: Kubernetes reads version 1.1 only",
			    v->major, v->minor);
	return 0;
}

static int on_event(struct reader *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(r, e);
	case YAML_DOCUMENT_END_EVENT:
		*VEC_PUSH(&r->docs) = r->root;
		return 0;
	case YAML_SCALAR_EVENT:
		return on_scalar(r, e);
	case YAML_ALIAS_EVENT:
		return on_alias(r, e);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(r, e, YAML_LIST, (const char *)e->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return on_open(r, e, YAML_MAP, (const char *)e->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(r, e);
	default:
		return 0;
	}
}

static int stumbled(struct reader *r, struct str text, const struct yaml_stumble *s)
{
	const char *fix = yaml_hint(r->arena, text, s);
	if (*s->context && s->from_line < s->line)
		return fail(r, "yaml-syntax", s->line, s->column, fix, "not YAML: %s, %s that begins on line %u",
			    s->problem, s->context, s->from_line);
	return fail(r, "yaml-syntax", s->line, s->column, fix, "not YAML: %s%s%s", s->problem, *s->context ? ", " : "",
		    s->context);
}

/* libyaml says where it stumbled in one of two ways: by mark, or (bad bytes) by offset alone. */
static int syntax_error(struct reader *r, struct str text)
{
	const yaml_parser_t *p = &r->parser;
	if (p->error != YAML_READER_ERROR)
		return stumbled(r, text, &(struct yaml_stumble){
			.problem = p->problem ? p->problem : "unreadable", .context = p->context ? p->context : "",
			.line = (unsigned)p->problem_mark.line + 1, .column = (unsigned)p->problem_mark.column + 1,
			.from_line = (unsigned)p->context_mark.line + 1,
			.from_column = (unsigned)p->context_mark.column + 1});
	unsigned line = 1, column = 1;
	for (size_t i = 0; i < text.n && i < p->problem_offset; i++) {
		column = text.p[i] == '\n' ? 1 : column + 1;
		line += text.p[i] == '\n';
	}
	if (p->problem_value >= 0)
		return fail(r, "yaml-syntax", line, column,
			    "write such a byte as an escape in double quotes",
			    "not YAML: %s (0x%02x)", p->problem, (unsigned)p->problem_value);
	return fail(r, "yaml-syntax", line, column, "", "not YAML: %s", p->problem);
}

static int run(struct reader *r, struct str text)
{
	for (;;) {
		yaml_event_t e;
		if (!yaml_parser_parse(&r->parser, &e))
			return syntax_error(r, text);
		bool end = e.type == YAML_STREAM_END_EVENT;
		int err = on_event(r, &e);
		yaml_event_delete(&e);
		if (err || end)
			return err;
	}
}

static void *to_arena(struct arena *arena, const void *v, size_t n, size_t size)
{
	void *copy = arena_alloc(arena, (n + 1) * size);
	if (n)
		memcpy(copy, v, n * size);
	return copy;
}

void yaml_load(struct arena *arena, struct str text, struct yaml_text *ret)
{
	struct reader r = {.arena = arena};
	int err;
	if (text.n > YAML_MAX_BYTES) {
		err = fail(&r, "yaml-limit", 0, 0, "split the file", "longer than %d MiB",
			   YAML_MAX_BYTES >> 20);
	} else {
		if (!yaml_parser_initialize(&r.parser))
			abort(); /* libyaml fails here only when memory is exhausted */
		yaml_parser_set_input_string(&r.parser,
					     (const unsigned char *)(text.p ? text.p : ""), text.n);
		err = run(&r, text);
		document_reset(&r);
		yaml_parser_delete(&r.parser);
	}
	map_free(r.anchor_names);
	free(r.anchors.v);
	*ret = (struct yaml_text){
	    .documents = to_arena(arena, r.docs.v, r.docs.n, sizeof(*r.docs.v)),
	    .ndocuments = r.docs.n,
	    .problems = to_arena(arena, r.problems.v, r.problems.n, sizeof(*r.problems.v)),
	    .nproblems = r.problems.n,
	    .broken = err != 0,
	};
	free(r.docs.v);
	free(r.problems.v);
}

int yaml_read(struct arena *arena, const char *file, struct str text, struct diag *d,
	      struct yaml_node ***ret_docs, size_t *ret_n)
{
	struct yaml_text t;
	yaml_load(arena, text, &t);
	for (size_t i = 0; i < t.nproblems; i++) {
		const struct yaml_problem *p = &t.problems[i];
		diag_add(d, DIAG_ERROR, file, p->line, p->column, "%s%s%s", p->message,
			 *p->fix ? "; " : "", p->fix);
	}
	*ret_docs = t.documents;
	*ret_n = t.ndocuments;
	return t.nproblems ? -EINVAL : 0;
}
