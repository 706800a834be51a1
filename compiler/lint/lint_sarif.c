/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SARIF 2.1.0 as code scanning takes it: one run, every rule with help, each result with a place relative to the working
 * folder and a fingerprint that does not move with lines.
 */
#include <unistd.h>

#include "compiler/lint/lint_pages.h"
#include "compiler/lint/lint_report.h"
#include "schema/base/cli.h"
#include "schema/base/map.h"

static void member(struct buf *b, const char *key, const char *value)
{
	buf_printf(b, "\"%s\":", key);
	buf_json(b, str_from(value));
}

/* A pitfall's page, as text and as the Markdown that it is. */
static void put_help(struct buf *b, const struct lint_rule *r)
{
	for (size_t i = 0; i < lint_pages_n; i++) {
		if (strcmp(lint_pages[i].id, r->id))
			continue;
		member(b, "text", lint_pages[i].text);
		buf_putc(b, ',');
		member(b, "markdown", lint_pages[i].text);
		return;
	}
	bool refuses = r->severity == SEVERITY_ERROR;
	CLEANUP_FREE char *help = xasprintf("%s%s. Each result says why, and what to do.",
					    refuses ? "An agent or an API server refuses a policy unless " : "For information: ", r->title);
	member(b, "text", help);
}

static void rule(struct buf *b, const struct lint_rule *r)
{
	buf_puts(b, "{");
	member(b, "id", r->id);
	buf_puts(b, ",\"shortDescription\":{");
	member(b, "text", r->title);
	buf_puts(b, "},\"fullDescription\":{");
	member(b, "text", r->title);
	buf_puts(b, "},\"help\":{");
	put_help(b, r);
	buf_printf(b, "},\"defaultConfiguration\":{\"level\":\"%s\"},\"properties\":{\"tags\":[\"%s\"],\"precision\":\"high\"}}",
		   severity_names[r->severity], r->stage == STAGE_OK ? "pitfall" : policy_stage_names[r->stage]);
}

void lint_sarif_begin(struct buf *b)
{
	const struct lint_rule *rules;
	size_t n = lint_rules(&rules);
	buf_puts(b, "{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{"
		    "\"tool\":{\"driver\":{\"name\":\"stakeout\",");
	member(b, "version", stakeout_version);
	buf_puts(b, ",\"rules\":[");
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ",\n" : "\n");
		rule(b, &rules[i]);
	}
	buf_puts(b, "]}},\"columnKind\":\"unicodeCodePoints\",\"results\":[");
}

static bool plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~/", c));
}

/* A URI reference: relative below the working folder, else of the file scheme. */
static void uri(struct buf *b, const char *file)
{
	CLEANUP_FREE char *here = getcwd(NULL, 0);
	size_t n = here ? strlen(here) : 0;
	while (strncmp(file, "./", 2) == 0)
		file += 2;
	if (n > 1 && strncmp(file, here, n) == 0 && file[n] == '/')
		file += n + 1;
	if (strcmp(file, "-") == 0)
		file = "stdin";
	if (*file == '/')
		buf_puts(b, "file://");
	for (; *file; file++)
		if (plain(*file))
			buf_putc(b, *file);
		else
			buf_printf(b, "%%%02X", (unsigned char)*file);
}

/* What stays the same when lines are added above: rule, policy, field, and which of several. */
static void fingerprint(struct buf *b, const struct lint_document *d, const struct finding *f, unsigned occurrence)
{
	CLEANUP_BUF struct buf key = BUF_INIT;
	buf_printf(&key, "%s\n%s\n%s\n%s\n%u", f->id, d->kind, d->name, f->path, d->document);
	buf_printf(b, "\"partialFingerprints\":{\"stakeoutFinding/v1\":\"%016llx:%u\"}",
		   (unsigned long long)hash_bytes(key.p, key.n, 0), occurrence + 1);
}

static void edit(struct buf *b, const char *file, const struct finding *f)
{
	buf_puts(b, ",\"fixes\":[{\"description\":{");
	member(b, "text", f->fix);
	buf_puts(b, "},\"artifactChanges\":[{\"artifactLocation\":{");
	member(b, "uri", file);
	buf_printf(b, "},\"replacements\":[{\"deletedRegion\":{\"byteOffset\":%zu,\"byteLength\":%zu},\"insertedContent\":{",
		   f->edit.from, f->edit.to - f->edit.from);
	member(b, "text", f->edit.text);
	buf_puts(b, "}}]}]}]");
}

void lint_sarif_result(struct buf *b, const struct lint_document *d, const struct finding *f, unsigned occurrence,
		       bool first)
{
	const struct lint_rule *rules, *r = lint_rule_find(f->id);
	CLEANUP_BUF struct buf message = BUF_INIT, file = BUF_INIT;
	lint_rules(&rules);
	uri(&file, d->file);
	buf_printf(&message, "%s%s%s%s%s", f->path, *f->path ? ": " : "", f->message, *f->fix ? ". Fix: " : "", f->fix);
	buf_puts(b, first ? "\n{" : ",\n{");
	member(b, "ruleId", f->id);
	buf_printf(b, ",\"ruleIndex\":%zu,\"level\":\"%s\",\"message\":{", (size_t)(r - rules),
		   severity_names[f->severity]);
	member(b, "text", message.p);
	buf_puts(b, "},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{");
	member(b, "uri", file.p);
	buf_printf(b, "},\"region\":{\"startLine\":%u,\"startColumn\":%u}}", MAX(f->at.line, 1u), MAX(f->at.column, 1u));
	if (*f->path) {
		buf_puts(b, ",\"logicalLocations\":[{");
		member(b, "fullyQualifiedName", f->path);
		buf_putc(b, '}');
		buf_putc(b, ']');
	}
	buf_puts(b, "}],");
	fingerprint(b, d, f, occurrence);
	if (f->edit.text)
		edit(b, file.p, f);
	buf_putc(b, '}');
}

void lint_sarif_end(struct buf *b)
{
	buf_puts(b, "]}]}\n");
}
