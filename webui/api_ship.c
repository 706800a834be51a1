/* SPDX-License-Identifier: GPL-2.0-only */
/* What exactly goes out: the YAML with its meaning, what each rule costs, every file with its digest. */
#include <inttypes.h>

#include "compiler/emit/review_risk.h"
#include "compiler/emit/words.h"
#include "schema/base/sha256.h"
#include "schema/event_words.h"
#include "webui/api.h"
#include "webui/candidate.h"

static void add_sentences(struct buf *b, const struct policy *p, struct arena *arena)
{
	struct words *words;
	size_t n;
	words_policy(p, arena, &words, &n);
	for (size_t i = 0; i < n; i++) {
		buf_printf(b, "%s{\"line\":%u,\"text\":", i ? "," : "", words[i].line);
		buf_json(b, words[i].text);
		buf_putc(b, '}');
	}
}

static void add_json(struct buf *b, const char *key, struct str text)
{
	buf_printf(b, ",\"%s\":", key);
	buf_json(b, text);
}

static void add_rules(struct buf *b, const struct compiled *c)
{
	CLEANUP_BUF struct buf words = BUF_INIT;
	buf_puts(b, ",\"rules\":[");
	for (size_t i = 0; i < c->nrules; i++) {
		const struct compiled_rule *rule = &c->rules[i];
		buf_puts(b, i ? ",{\"kind\":" : "{\"kind\":");
		buf_json(b, str_from(rule->kind));
		add_json(b, "hook", rule->hook);
		add_json(b, "policy", rule->policy);
		buf_printf(b, ",\"shape\":\"%s\",\"prevents\":%s,\"selectors\":%zu,\"values\":%zu",
			   shape_name(rule->shape), rule->prevents ? "true" : "false", rule->selectors,
			   rule->values);
		add_json(b, "threat", str_from(rule->threat));
		add_json(b, "cannot", str_from(rule->cannot));
		buf_clear(&words);
		review_risk(c, rule, &words);
		add_json(b, "risk", buf_view(&words));
		buf_clear(&words);
		review_evidence(c, rule, &words);
		add_json(b, "evidence", buf_view(&words));
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

static void add_outputs(struct buf *b, const struct compiled *c)
{
	buf_puts(b, ",\"files\":[");
	for (size_t i = 0; i < c->outputs.n; i++) {
		const struct output *o = &c->outputs.v[i];
		uint8_t digest[SHA256_SIZE];
		sha256(o->bytes.p ? o->bytes.p : "", o->bytes.n, digest);
		buf_puts(b, i ? ",{\"name\":" : "{\"name\":");
		buf_json(b, o->name);
		buf_printf(b, ",\"size\":%zu,\"sha256\":\"", o->bytes.n);
		sha256_hex(digest, b);
		buf_puts(b, "\",\"text\":");
		bool text = !memchr(o->bytes.p ? o->bytes.p : "", 0, o->bytes.n);
		if (text)
			buf_json(b, buf_view(&o->bytes));
		else
			buf_puts(b, "null");
		buf_putc(b, '}');
	}
	buf_putc(b, ']');
}

static void add_words(struct buf *b, const struct compiled *c, struct arena *arena)
{
	buf_puts(b, ",\"policies\":[");
	for (size_t i = 0; i < c->npolicies; i++) {
		const struct policy *p = c->policies[i];
		buf_puts(b, i ? ",{\"name\":" : "{\"name\":");
		buf_json(b, p->name);
		buf_puts(b, ",\"file\":");
		buf_json(b, p->file);
		buf_puts(b, ",\"words\":[");
		add_sentences(b, p, arena);
		buf_puts(b, "]}");
	}
	buf_putc(b, ']');
}

static void add_not_allowed(struct buf *b, const char *name, const struct not_allowed *n)
{
	buf_printf(b, ",\"%s\":%" PRIu64 ",\"%s_events\":%" PRIu64 ",\"%s_first\":[", name, n->observations, name, n->events, name);
	for (size_t i = 0; i < n->nexamples; i++) {
		buf_puts(b, i ? "," : "");
		buf_json(b, n->examples[i]);
	}
	buf_putc(b, ']');
}

static void add_recorded(struct buf *b, const struct compiled *c)
{
	CLEANUP_BUF struct buf unseen = BUF_INIT;
	add_not_allowed(b, "would_stop", &c->would_stop);
	add_not_allowed(b, "may_stop", &c->may_stop);
	access_words(c->unseen, &unseen);
	add_json(b, "unseen", buf_view(&unseen));
}

static void add_left_out(struct buf *b, const struct left_out_tally *t)
{
	const char *comma = "";
	buf_printf(b, ",\"taken\":%" PRIu64 ",\"left_out\":[", t->taken);
	for (int i = 0; i < LEFT_OUT_COUNT; i++) {
		if (!t->observations[i])
			continue;
		buf_printf(b, "%s{\"reason\":\"%s\",\"summary\":", comma, left_out_name((enum left_out)i));
		buf_json(b, str_from(left_out_summary((enum left_out)i)));
		buf_printf(b, ",\"observations\":%" PRIu64 ",\"events\":%" PRIu64 "}", t->observations[i],
			   t->events[i]);
		comma = ",";
	}
	buf_putc(b, ']');
}

API(api_policy)
{
	STORE_FOR(s, w, r);
	struct workload_row row;
	if (!api_workload_row(s, q, r, &row))
		return;
	CANDIDATE_FOR(c, w, s, q, r, &row, true, row.version);
	struct buf *b = &r->body;
	CLEANUP_BUF struct buf text = BUF_INIT;
	target_print(&c->target, &text);
	buf_printf(b, "{\"version\":%" PRIu64 ",\"compiled\":%s,\"target\":\"%s\",\"by\":\"%s\",\"findings\":", row.version,
		   c->compiled_ok ? "true" : "false", text.p, c->by_image ? "image" : "policy");
	json_diag(b, &c->diag);
	buf_puts(b, ",\"allowlist\":");
	buf_clear(&text);
	allowlist_print(c->allowlist, &text);
	buf_json(b, buf_view(&text));
	add_left_out(b, &c->left_out);
	if (c->compiled_ok) {
		buf_puts(b, ",\"no_yaml\":");
		buf_json(b, str_from(c->compiled.no_yaml));
		buf_printf(b, ",\"replayed\":%" PRIu64 ",\"unknown\":%" PRIu64, c->compiled.replayed,
			   c->compiled.unknown);
		add_recorded(b, &c->compiled);
		add_words(b, &c->compiled, q->arena);
		add_rules(b, &c->compiled);
		add_outputs(b, &c->compiled);
	}
	buf_puts(b, "}\n");
}

/* A name for a header: what could end the quotes, or be no ASCII, becomes '_'. */
static char *header_name(struct str name)
{
	char *out = xstrndup(name.p, name.n);
	for (char *p = out; *p; p++)
		if (*p < ' ' || *p > '~' || *p == '"' || *p == '\\' || *p == '/')
			*p = '_';
	return out;
}

API(api_download)
{
	STORE_FOR(s, w, r);
	struct workload_row row;
	if (!api_workload_row(s, q, r, &row))
		return;
	CANDIDATE_FOR(c, w, s, q, r, &row, true, row.version);
	if (!c->compiled_ok) {
		response_error(r, 422, "The Policy page shows every reason.", "%s",
			       c->diag.n ? c->diag.v[0].message : "the choice cannot be compiled");
		return;
	}
	for (size_t i = 0; i < c->compiled.outputs.n; i++) {
		const struct output *o = &c->compiled.outputs.v[i];
		if (!str_eq(o->name, q->captures[1]))
			continue;
		buf_add(&r->body, o->bytes.p, o->bytes.n);
		r->type = "application/octet-stream";
		r->filename = header_name(o->name);
		return;
	}
	response_error(r, 404, "Open the Ship page: it lists the files by name.",
		       "the compiled policy has no such file");
}
