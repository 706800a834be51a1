/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text in the manner of compilers, so that editors find the place:
 *
 *	a.yaml:12:7: error: spec.kprobes[0].syscall: "yes" where true or false belongs [wrong-type]
 *	    fix: write true or false
 *	a.yaml: TracingPolicy block: file: refused (decode); kubectl: refused (schema)
 */
#include "compiler/lint/lint_report.h"

#include "compiler/lint/lint_private.h"

struct lint_report {
	enum lint_format format;
	const struct lint_filter *filter;
	const struct target *target;
	bool target_given;
	FILE *out;
	bool colour, begun;
	struct buf line;   /* of SARIF: all of it */
	struct lint_tally tally;
};

static bool among(const char *id, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(id, v[i]) == 0)
			return true;
	return false;
}

bool lint_filter_takes(const struct lint_filter *filter, const struct finding *f)
{
	return f->severity <= filter->least && (f->ways & filter->ways) &&
	       (!filter->nonly || among(f->id, filter->only, filter->nonly)) &&
	       !among(f->id, filter->ignore, filter->nignore);
}

struct lint_report *lint_report_new(enum lint_format format, const struct lint_filter *filter,
				    const struct lint_options *o, FILE *out, bool colour)
{
	struct lint_report *r = xcalloc(1, sizeof(*r));
	*r = (struct lint_report){.format = format, .filter = filter, .target = o->target,
				  .target_given = o->target_given, .out = out, .colour = colour};
	return r;
}

static bool counts(const struct lint_report *r, const struct lint_document *d)
{
	return (d->as_file.accepted || !(r->filter->ways & WAY_FILE)) && (d->as_api.accepted || !(r->filter->ways & WAY_API));
}

/* ---- text ---- */

static const char *paint(const struct lint_report *r, const char *sequence)
{
	return r->colour ? sequence : "";
}

static void text_finding(struct lint_report *r, const struct lint_document *d, const struct finding *f)
{
	static const char *const colours[] = {"\033[1;31m", "\033[1;35m", "\033[1;36m"};
	static const char *const ways[] = {"", " (from a file)", " (through kubectl)", ""};
	struct buf *b = &r->line;
	buf_puts(b, paint(r, "\033[1m"));
	buf_text(b, str_from(d->file));
	if (f->at.line)
		buf_printf(b, ":%u:%u", f->at.line, f->at.column);
	buf_printf(b, ": %s%s:%s ", paint(r, colours[f->severity]), severity_names[f->severity], paint(r, "\033[0m"));
	buf_text(b, str_from(f->path));
	buf_puts(b, *f->path ? ": " : "");
	buf_text(b, str_from(f->message));
	buf_printf(b, "%s [%s]\n", ways[f->ways], f->id);
	if (*f->fix) {
		buf_puts(b, "    fix: ");
		buf_text(b, str_from(f->fix));
		buf_putc(b, '\n');
	}
}

static void text_answer(struct buf *b, const char *way, struct lint_answer a)
{
	if (a.accepted && a.stage == STAGE_OK)
		buf_printf(b, "%s: accepted", way);
	else if (a.accepted)
		buf_printf(b, "%s: stored, then refused by the agent (%s)", way, policy_stage_names[a.stage]);
	else
		buf_printf(b, "%s: refused (%s)%s", way, policy_stage_names[a.stage],
			   a.unvalidated ? "; with --validate=false stored without the unknown fields" : "");
}

static void text_document(struct lint_report *r, const struct lint_document *d, bool several)
{
	struct buf *b = &r->line;
	buf_text(b, str_from(d->file));
	if (several)
		buf_printf(b, ": document %u", d->document);
	buf_puts(b, ": ");
	buf_text(b, str_from(*d->kind ? d->kind : "no policy"));
	buf_putc(b, ' ');
	buf_text(b, str_from(d->name));
	buf_puts(b, *d->name ? ": " : ": ");
	text_answer(b, "file", d->as_file);
	buf_puts(b, "; ");
	text_answer(b, "kubectl", d->as_api);
	buf_putc(b, '\n');
	if (d->cost.hooks) {
		buf_puts(b, "    cost: ");
		lint_cost_text(&d->cost, b);
		buf_putc(b, '\n');
	}
}

static void text_file(struct lint_report *r, const struct lint_file *f)
{
	for (size_t i = 0; i < f->ndocuments; i++) {
		const struct lint_document *d = &f->documents[i];
		if (d->other)
			continue;
		size_t before = r->line.n;
		for (size_t k = 0; k < d->findings.n; k++)
			if (lint_filter_takes(r->filter, &d->findings.v[k]))
				text_finding(r, d, &d->findings.v[k]);
		if (d->findings.dropped)
			buf_printf(&r->line, "    ... and %zu more\n", d->findings.dropped);
		if (r->line.n > before || !counts(r, d))
			text_document(r, d, f->ndocuments > 1);
	}
}

static const char *plural(unsigned long n)
{
	return n == 1 ? "" : "s";
}

static void text_summary(struct lint_report *r)
{
	const struct lint_tally *t = &r->tally;
	buf_printf(&r->line, "%lu polic%s in %lu file%s: %lu accepted, %lu refused; %lu error%s, %lu warning%s, %lu note%s",
		   t->documents, t->documents == 1 ? "y" : "ies", t->files, plural(t->files), t->accepted,
		   t->documents - t->accepted, t->findings[SEVERITY_ERROR], plural(t->findings[SEVERITY_ERROR]),
		   t->findings[SEVERITY_WARNING], plural(t->findings[SEVERITY_WARNING]), t->findings[SEVERITY_NOTE],
		   plural(t->findings[SEVERITY_NOTE]));
	if (t->others)
		buf_printf(&r->line, "; %lu document%s of other kinds passed over", t->others, plural(t->others));
	buf_puts(&r->line, "\ntarget: ");
	target_print(r->target, &r->line);
	buf_puts(&r->line, r->target_given ? "\n" : " (none given: what depends on it is a note)\n");
}

/* ---- JSON ---- */

static void json_member(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, ",\"%s\":", key);
	buf_json(b, str_from(value));
}

static void json_answer(struct buf *b, const char *key, struct lint_answer a)
{
	buf_printf(b, ",\"%s\":{\"accepted\":%s,\"stage\":\"%s\"}", key, a.accepted ? "true" : "false",
		   policy_stage_names[a.stage]);
}

static void json_finding(struct buf *b, const struct finding *f)
{
	static const char *const ways[] = {"[]", "[\"file\"]", "[\"api\"]", "[\"file\",\"api\"]"};
	buf_puts(b, "{\"id\":");
	buf_json(b, str_from(f->id));
	json_member(b, "severity", severity_names[f->severity]);
	json_member(b, "stage", policy_stage_names[f->stage]);
	buf_printf(b, ",\"line\":%u,\"column\":%u", f->at.line, f->at.column);
	json_member(b, "path", f->path);
	json_member(b, "message", f->message);
	json_member(b, "fix", f->fix);
	buf_printf(b, ",\"ways\":%s", ways[f->ways]);
	if (f->edit.text) {
		buf_printf(b, ",\"edit\":{\"from\":%zu,\"to\":%zu", f->edit.from, f->edit.to);
		json_member(b, "text", f->edit.text);
		buf_putc(b, '}');
	}
	buf_putc(b, '}');
}

static void json_target(struct lint_report *r)
{
	CLEANUP_BUF struct buf t = BUF_INIT;
	target_print(r->target, &t);
	json_member(&r->line, "target", t.p);
}

static void json_document(struct lint_report *r, const struct lint_document *d)
{
	struct buf *b = &r->line;
	bool any = false;
	buf_puts(b, r->begun ? "{" : "{\"format\":1,");
	buf_puts(b, "\"file\":");
	buf_json(b, str_from(d->file));
	buf_printf(b, ",\"document\":%u,\"line\":%u", d->document, d->line);
	json_member(b, "kind", d->kind);
	json_member(b, "name", d->name);
	json_answer(b, "as_file", d->as_file);
	json_answer(b, "as_api", d->as_api);
	buf_printf(b, ",\"as_api_unvalidated\":%s", d->as_api.unvalidated ? "true" : "false");
	if (!r->begun)
		json_target(r);
	if (d->cost.cpus) {
		buf_puts(b, ",\"cost\":");
		lint_cost_json(&d->cost, b);
	}
	buf_puts(b, ",\"findings\":[");
	for (size_t i = 0; i < d->findings.n; i++) {
		if (!lint_filter_takes(r->filter, &d->findings.v[i]))
			continue;
		buf_puts(b, any ? "," : "");
		json_finding(b, &d->findings.v[i]);
		any = true;
	}
	buf_printf(b, "],\"ignored\":%u,\"dropped\":%zu}\n", d->ignored, d->findings.dropped);
	r->begun = true;
}

/* ---- SARIF ---- */

/* Findings alike in one document are told apart by their number, not by lines that move. */
static unsigned occurrence(const struct lint_document *d, size_t k)
{
	unsigned n = 0;
	for (size_t i = 0; i < k; i++)
		n += strcmp(d->findings.v[i].id, d->findings.v[k].id) == 0 &&
		     strcmp(d->findings.v[i].path, d->findings.v[k].path) == 0;
	return n;
}

static void sarif_document(struct lint_report *r, const struct lint_document *d)
{
	for (size_t i = 0; i < d->findings.n; i++) {
		if (!lint_filter_takes(r->filter, &d->findings.v[i]))
			continue;
		lint_sarif_result(&r->line, d, &d->findings.v[i], occurrence(d, i), !r->begun);
		r->begun = true;
	}
}

/* ---- all ---- */

static void count(struct lint_report *r, const struct lint_file *f)
{
	r->tally.files++;
	for (size_t i = 0; i < f->ndocuments; i++) {
		const struct lint_document *d = &f->documents[i];
		if (d->other) {
			r->tally.others++;
			continue;
		}
		r->tally.documents++;
		r->tally.accepted += counts(r, d);
		for (size_t k = 0; k < d->findings.n; k++)
			r->tally.findings[d->findings.v[k].severity] += lint_filter_takes(r->filter, &d->findings.v[k]);
	}
}

static void flush(struct lint_report *r)
{
	fwrite(r->line.p ? r->line.p : "", 1, r->line.n, r->out);
	buf_clear(&r->line);
}

void lint_report_file(struct lint_report *r, const struct lint_file *f)
{
	if (r->format == LINT_SARIF && !r->tally.files)
		lint_sarif_begin(&r->line);
	count(r, f);
	if (r->format == LINT_TEXT)
		text_file(r, f);
	for (size_t i = 0; r->format != LINT_TEXT && i < f->ndocuments; i++) {
		if (f->documents[i].other)
			continue;
		if (r->format == LINT_JSON)
			json_document(r, &f->documents[i]);
		else
			sarif_document(r, &f->documents[i]);
	}
	flush(r);
}

struct lint_tally lint_report_close(struct lint_report *r)
{
	struct lint_tally tally = r->tally;
	if (r->format == LINT_SARIF && !tally.files)
		lint_sarif_begin(&r->line);
	if (r->format == LINT_SARIF)
		lint_sarif_end(&r->line);
	if (r->format == LINT_TEXT)
		text_summary(r);
	flush(r);
	buf_done(&r->line);
	free(r);
	return tally;
}
