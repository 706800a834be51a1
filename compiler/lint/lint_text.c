/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file's documents, each judged on both ways to an agent. From a file the agent reads the first document alone, and an
 * empty one there is its end; kubectl sends every document but the empty ones. The two readings differ in keys, nulls
 * and types (schema/policy_parse.c), so each is made, and loaded, on its own.
 */
#include <ctype.h>

#include "compiler/lint/lint_btf.h"
#include "compiler/lint/lint_private.h"
#include "schema/policy_fields.h"
#include "schema/policy_load.h"

struct judging {
	struct arena *arena;
	const struct lint_options *o;
	const struct yaml_text *yaml;
	struct lint_file *file;
	struct separator {
		unsigned line;     /* 0: none that kubectl stops at */
		size_t document;   /* the one above it: what it stops at is not sent either */
	} stop;
};

static struct finding *PRINTF(6, 7) add(struct lint_document *d, enum policy_rule rule, enum severity severity, unsigned ways,
			     const char *fix, const char *fmt, ...)
{
	const struct finding what = {.id = policy_rules[rule].id, .severity = severity,
				     .stage = policy_rules[rule].stage, .ways = ways, .at = {d->line, 1}, .fix = fix};
	va_list ap;
	va_start(ap, fmt);
	struct finding *f = findings_add(&d->findings, &what, fmt, ap);
	va_end(ap);
	return f;
}

static void PRINTF(2, 0) copy_problem(struct findings *f, const char *fmt, const struct finding *what, ...)
{
	va_list ap;
	va_start(ap, what);
	findings_add(f, what, fmt, ap);
	va_end(ap);
}

/* What the YAML reader said of document I: fatal to both, but for keys that are there twice. */
static void judge_yaml(const struct judging *j, size_t i, struct lint_document *d)
{
	for (size_t k = 0; k < j->yaml->nproblems; k++) {
		const struct yaml_problem *p = &j->yaml->problems[k];
		if (p->document != i)
			continue;
		bool twice = strcmp(p->id, "duplicate-key") == 0;
		const struct finding what = {.id = p->id, .severity = SEVERITY_ERROR, .stage = STAGE_YAML,
					     .ways = twice ? WAY_FILE : WAY_BOTH, .at = {p->line, p->column}, .fix = p->fix};
		d->as_file.stage = STAGE_YAML;
		if (!twice)
			d->as_api.stage = STAGE_YAML;
		copy_problem(&d->findings, twice ? "%s; kubectl keeps the last one and says nothing" : "%s", &what,
			     p->message);
	}
}

/* kubectl cuts the text at lines that begin with ---, before it reads YAML, and goes no further than one that says more. */
static struct separator find_stop(const struct yaml_text *yaml, struct str text)
{
	struct separator s = {.line = 1};
	size_t documents = 0;
	for (const char *p = text.p, *end = p + text.n, *next; p < end; p = next, s.line++) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));
		next = eol ? eol + 1 : end;
		if (next - p < 3 || memcmp(p, "---", 3) != 0)
			continue;
		const char *more = p + 3;
		while (more < next && isspace((unsigned char)*more))
			more++;
		if (more == next || *more == '#')
			continue;
		while (documents < yaml->ndocuments && yaml->documents[documents]->line < s.line)
			documents++;
		s.document = documents ? documents - 1 : 0;
		return s;
	}
	return (struct separator){0};
}

static void judge_separator(const struct judging *j, size_t i, struct lint_document *d)
{
	const struct separator *s = &j->stop;
	if (!s->line || i < s->document)
		return;
	d->as_api.stage = STAGE_YAML;
	struct finding *f = add(d, RULE_SEPARATOR, SEVERITY_ERROR, WAY_API, "begin the document on the next line",
				"kubectl takes nothing but a comment behind --- (line %u), and sends no document from here on",
				s->line);
	if (f)
		f->at = (struct place){s->line, 1};
}

/* ---- one way ---- */

struct way {
	unsigned way;
	struct lint_answer *answer;
	struct policy_reading reading;
	bool broken;   /* no YAML that it reads */
};

static void read_way(const struct yaml_node *doc, struct lint_document *d, const struct policy_reading *twin,
		     struct way *w)
{
	w->broken = w->answer->stage != STAGE_OK;
	policy_parse_node(d->file, doc, w->way, &d->findings, twin, &w->reading);
	w->answer->stage = MIN(w->answer->stage, w->reading.stage);
	if (w->reading.policy)
		w->reading.policy->document = d->document;
}

/* SHARED: the API's reading is the same, and this is its answer as well. */
static void load_way(const struct judging *j, struct lint_document *d, const struct way *w, const struct way *shared)
{
	const struct policy *p = w->reading.policy;
	unsigned ways = shared ? WAY_BOTH : w->way;
	if (w->reading.partial)
		lint_load_rest(w->reading.partial, j->o, w->way, &d->findings);
	if (!p || policy_load_findings(p, j->o->target, j->o->target_given, ways, &d->findings))
		return;
	w->answer->stage = MIN(w->answer->stage, STAGE_LOAD);
	if (shared)
		shared->answer->stage = MIN(shared->answer->stage, STAGE_LOAD);
}

/* In a kernel's BTF; the same for both ways. */
static void look_up(const struct judging *j, struct lint_document *d, struct way *file, struct way *api)
{
	const struct policy *p = file->reading.policy ? file->reading.policy : api->reading.policy;
	if (!j->o->btf || !p || lint_btf_check(j->o->btf, p, j->o->target, &d->findings))
		return;
	file->answer->stage = MIN(file->answer->stage, STAGE_LOAD);
	api->answer->stage = MIN(api->answer->stage, STAGE_LOAD);
}

/* From a file, it would run. A server stores it: what the agent makes of it is the stage alone. */
static void answer(struct way *file, struct way *api)
{
	file->answer->accepted = file->answer->stage == STAGE_OK;
	api->answer->accepted = api->answer->stage >= STAGE_LOAD;
	api->answer->unvalidated =
		api->answer->accepted || (!api->broken && api->reading.stage_unvalidated == STAGE_OK);
	if (api->answer->accepted && api->reading.undecodable)
		api->answer->stage = STAGE_DECODE;
}

static struct str text_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n = yaml_get(map, key);
	return n && n->kind == YAML_STRING ? n->text : (struct str){0};
}

/* A manifest that nobody could take for a tracing policy. */
static bool other_kind(const struct yaml_node *doc)
{
	struct str kind = text_of(doc, "kind"), version = text_of(doc, "apiVersion");
	return kind.n && version.n && !str_starts(version, STR("cilium.io/")) && !str_starts(kind, STR("TracingPolicy"));
}

/* Findings say where by path; what only knew its object is given the place of the very value. */
static void refine_places(const struct yaml_node *root, struct lint_document *d)
{
	for (size_t i = 0; i < d->findings.n; i++) {
		struct finding *f = &d->findings.v[i];
		const struct yaml_node *n = *f->path && f->stage >= STAGE_LOAD ? yaml_at(root, f->path) : NULL;
		if (n)
			f->at = (struct place){n->line, n->column};
	}
}

static int by_place(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;
	if (x->at.line != y->at.line)
		return x->at.line < y->at.line ? -1 : 1;
	if (x->at.column != y->at.column)
		return x->at.column < y->at.column ? -1 : 1;
	if (x->stage != y->stage)
		return x->stage < y->stage ? -1 : 1;
	int order = strcmp(x->id, y->id);
	return order ? order : strcmp(x->message, y->message);
}

/* No kind and no name is longer and taken. */
enum { LABEL_MAX = 300 };

static const char *label(const struct judging *j, struct str s)
{
	return arena_str(j->arena, (struct str){s.p, MIN(s.n, (size_t)LABEL_MAX)}).p;
}

static void judge(const struct judging *j, const struct yaml_node *doc, struct lint_document *d)
{
	struct way file = {.way = WAY_FILE, .answer = &d->as_file},
		   api = {.way = WAY_API, .answer = &d->as_api};
	read_way(doc, d, NULL, &file);
	read_way(doc, d, &file.reading, &api);
	load_way(j, d, &file, file.reading.clean ? &api : NULL);
	load_way(j, d, &api, NULL);
	look_up(j, d, &file, &api);
	answer(&file, &api);
	d->kind = label(j, text_of(doc, "kind"));
	d->name = label(j, text_of(yaml_get(doc, "metadata"), "name"));
	const struct yaml_node *name = yaml_at(doc, "metadata.name");
	d->name_at = name ? (struct place){name->line, name->column} : (struct place){d->line, 1};
	bool from_file = file.reading.policy != NULL;
	d->policy = from_file ? file.reading.policy : api.reading.policy;
	if (from_file)
		policy_free(api.reading.policy);
	policy_free(file.reading.partial);
	policy_free(api.reading.partial);
	if (d->policy)
		lint_run(d, doc, j->file, j->o);
	else
		lint_run_refused(d, doc, j->file);
	refine_places(doc, d);
}

/* ---- the file ---- */

static struct lint_document *document_new(const struct judging *j, size_t i, unsigned line)
{
	struct lint_document *d = &j->file->documents[j->file->ndocuments++];
	*d = (struct lint_document){.file = j->file->name, .document = (unsigned)i + 1, .line = line, .kind = "",
				    .name = "", .as_file.stage = STAGE_OK, .as_api.stage = STAGE_OK};
	findings_init(&d->findings, j->arena);
	return d;
}

/* Which document an agent reads is the first, whatever is in it. */
static void judge_position(size_t i, bool empty_first, struct lint_document *d)
{
	if (i == 0)
		return;
	d->as_file.stage = STAGE_YAML;
	if (empty_first)
		add(d, RULE_DOCUMENT_EMPTY, SEVERITY_ERROR, WAY_FILE, "remove the line --- above it",
		    "an agent that is given this file finds its first document empty, and takes none");
	else
		add(d, RULE_DOCUMENT_IGNORED, SEVERITY_WARNING, WAY_FILE,
		    "put each policy into its own file, or use kubectl",
		    "an agent that is given this file reads its first document and ignores this one");
}

static void unreadable(const struct judging *j)
{
	const struct yaml_text *y = j->yaml;
	struct lint_document *d = document_new(j, y->ndocuments, 1);
	judge_yaml(j, y->ndocuments, d);
	for (size_t k = 0; k < y->nproblems; k++)
		if (y->problems[k].document == y->ndocuments)
			d->line = MAX(y->problems[k].line, 1u);
	judge_position(y->ndocuments, false, d);
}

static void empty(const struct judging *j)
{
	struct lint_document *d = document_new(j, 0, 1);
	d->as_file.stage = d->as_api.stage = STAGE_YAML;
	add(d, RULE_DOCUMENT_EMPTY, SEVERITY_ERROR, WAY_BOTH, "write a TracingPolicy", "nothing in it");
}

void lint_text(struct arena *arena, const char *file, struct str text, const struct lint_options *o,
	       struct lint_file *ret)
{
	struct yaml_text yaml;
	struct judging j = {.arena = arena, .o = o, .yaml = &yaml, .file = ret};
	yaml_load(arena, text, &yaml);
	j.stop = find_stop(&yaml, text);
	*ret = (struct lint_file){.name = file, .text = text};
	ret->documents = arena_alloc(arena, (yaml.ndocuments + 1) * sizeof(*ret->documents));
	for (size_t i = 0; i < yaml.ndocuments; i++) {
		const struct yaml_node *doc = yaml.documents[i];
		if (doc->kind == YAML_NULL)
			continue;
		struct lint_document *d = document_new(&j, i, doc->line);
		d->other = o->skip_others && other_kind(doc);
		if (d->other)
			continue;
		judge_yaml(&j, i, d);
		judge_separator(&j, i, d);
		judge_position(i, yaml.documents[0]->kind == YAML_NULL, d);
		judge(&j, doc, d);
	}
	if (yaml.broken)
		unreadable(&j);
	else if (!ret->ndocuments)
		empty(&j);
	lint_ignore(ret);
	for (size_t i = 0; i < ret->ndocuments; i++)
		if (ret->documents[i].findings.n)
			qsort(ret->documents[i].findings.v, ret->documents[i].findings.n, sizeof(struct finding), by_place);
}

void lint_file_done(struct lint_file *f)
{
	for (size_t i = 0; i < f->ndocuments; i++) {
		policy_free(f->documents[i].policy);
		findings_done(&f->documents[i].findings);
	}
	f->ndocuments = 0;
	free(f->lines.v);
}
