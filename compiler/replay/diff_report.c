/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The differences for people, for scripts, and as Markdown for a pull request comment. Names come from workloads and are hostile
 * text: Markdown shows them as code spans with a fence longer than any in them, HTML with its characters escaped.
 */
#include "compiler/replay/diff.h"
#include "compiler/replay/replay.h"
#include "compiler/replay/refused.h"
#include "compiler/replay/replay_report.h"

enum { MARKDOWN_MAX = 60000 };   /* bytes: GitHub takes 65,536 characters in a comment */

static const struct {
	const char *name, *title;
	bool breaks;
} changes[] = {
#define CHANGE(symbol, name, breaks, title) {name, title, breaks},
	DIFF_CHANGES(CHANGE)
#undef CHANGE
};

static size_t shown_of(const struct diff_group *g, uint64_t limit)
{
	return limit && g->events.n > limit ? (size_t)limit : g->events.n;
}

static void count(struct buf *b, uint64_t n, const char *words)
{
	buf_count(b, n);
	buf_puts(b, words);
}

/* "deny, prevented (if it enforced)" */
static void side_words(const struct diff_side *s, struct buf *b)
{
	buf_puts(b, verdict_name(s->verdict));
	if (verdict_stops(s->verdict))
		buf_printf(b, ", %s", s->effect == EFFECT_PREVENTED ? "prevented"
					: s->effect == EFFECT_HAPPENED ? "but it happens" : "whether it happens is not told");
	if (s->monitor)
		buf_puts(b, " (if it enforced)");
}

/* Raw bytes of names: for people they go through buf_text() or a code span. */
static void rule_words(const struct diff_group *g, struct buf *b)
{
	if (!g->policy.n) {
		buf_puts(b, "no policy");
		return;
	}
	buf_str(b, g->policy);
	buf_puts(b, ", ");
	buf_str(b, g->hook);
	if (g->selector >= 0)
		buf_printf(b, ", %s %d", g->image ? "rule" : "selector", g->selector);
}

static void put_summary(const struct diff_result *r, struct buf *b)
{
	uint64_t all = 0;
	const char *between = ": ";
	for (size_t i = 0; i < CHANGE_COUNT; i++)
		all += r->changes[i];
	count(b, r->events, " events compared, ");
	count(b, all, " fare otherwise");
	for (size_t i = 0; i < CHANGE_COUNT; i++) {
		if (!r->changes[i])
			continue;
		buf_puts(b, between);
		between = "; ";
		count(b, r->changes[i], " ");
		buf_puts(b, changes[i].title);
	}
	if (r->breaks[DIFF_ADMITS_MUST_DENY])
		count((buf_puts(b, "; "), b), r->breaks[DIFF_ADMITS_MUST_DENY], " that must be denied would pass");
	if (r->breaks[DIFF_STOPS_MUST_ALLOW])
		count((buf_puts(b, "; "), b), r->breaks[DIFF_STOPS_MUST_ALLOW], " that must be allowed would be stopped");
	if (r->stopped)
		buf_puts(b, "; ended before the end: this is about the events until then");
}

/* ---- text ---- */

static void line(FILE *out, const char *indent, struct buf *b)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;
	buf_text(&safe, buf_view(b));
	fprintf(out, "%s%s\n", indent, safe.p ? safe.p : "");
	buf_clear(b);
}

static void text_event(const struct diff_event *e, FILE *out)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_str(&b, e->words);
	if (e->count > 1)
		count((buf_puts(&b, ", "), &b), e->count, " times");
	buf_puts(&b, "  (");
	buf_str(&b, e->source);
	buf_printf(&b, ":%llu)", (unsigned long long)e->line);
	line(out, "      ", &b);
	side_words(&e->old, &b);
	buf_puts(&b, " -> ");
	side_words(&e->new, &b);
	if (e->detail.n) {
		buf_puts(&b, ": ");
		buf_str(&b, e->detail);
	}
	line(out, "          ", &b);
}

static void text_group(const struct diff_group *g, const struct diff_names *names, FILE *out)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_puts(&b, g->by_old ? "was by " : "by ");
	rule_words(g, &b);
	if (g->why.n) {
		buf_puts(&b, ": ");
		buf_str(&b, g->why);
	}
	line(out, "    ", &b);
	size_t n = shown_of(g, names->limit);
	for (size_t i = 0; i < n; i++)
		text_event(&g->events.v[i], out);
	if (n < g->events.n)
		fprintf(out, "      ... %zu more (--limit 0 shows all)\n", g->events.n - n);
}

static void print_text(const struct diff_result *r, const struct diff_names *names, FILE *out)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	const struct diff_group *before = NULL;
	for (size_t i = 0; i < r->groups.n; i++) {
		const struct diff_group *g = &r->groups.v[i];
		bool fresh = !before || before->change != g->change;
		if (fresh) {
			buf_puts(&b, changes[g->change].title);
			count((buf_puts(&b, ": "), &b), r->changes[g->change], r->changes[g->change] == 1 ? " event" : " events");
			line(out, before ? "\n" : "", &b);
		}
		if (fresh || !str_eq(before->workload, g->workload)) {
			buf_str(&b, g->workload);
			line(out, "  ", &b);
		}
		text_group(g, names, out);
		before = g;
	}
	buf_puts(&b, "target ");
	buf_str(&b, names->target);
	line(out, before ? "\n" : "", &b);
	refused_text(&names->sets[0], "old: ", out);
	refused_text(&names->sets[1], "new: ", out);
	put_summary(r, &b);
	line(out, "", &b);
}

/* ---- JSON ---- */

static void json_side(struct buf *b, const char *key, const struct diff_side *s)
{
	buf_printf(b, "\"%s\":{\"verdict\":\"%s\",\"effect\":\"%s\",\"monitor\":%s},", key, verdict_name(s->verdict),
		   effect_name(s->effect), s->monitor ? "true" : "false");
}

static void json_event(const struct diff_event *e, struct buf *b)
{
	buf_putc(b, '{');
	json_member(b, "source", e->source);
	buf_printf(b, "\"line\":%llu,", (unsigned long long)e->line);
	json_member(b, "event", e->words);
	json_side(b, "old", &e->old);
	json_side(b, "new", &e->new);
	if (e->detail.n)
		json_member(b, "detail", e->detail);
	buf_printf(b, "\"count\":%llu}", (unsigned long long)e->count);
}

static void json_group(const struct diff_group *g, const struct diff_names *names, struct buf *b)
{
	json_member(b, "change", str_from(changes[g->change].name));
	buf_printf(b, "\"breaks\":%s,", changes[g->change].breaks ? "true" : "false");
	json_member(b, "workload", g->workload);
	json_member(b, "rule_of", g->by_old ? STR("old") : STR("new"));
	json_member(b, "policy", g->policy);
	json_member(b, "hook", g->hook);
	buf_puts(b, "\"selector\":");
	if (g->selector >= 0)
		buf_printf(b, "%d,", g->selector);
	else
		buf_puts(b, "null,");
	json_member(b, "why", g->why);
	size_t n = shown_of(g, names->limit);
	buf_printf(b, "\"count\":%llu,\"different\":%zu,\"events\":[", (unsigned long long)g->count, g->events.n);
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? "," : "");
		json_event(&g->events.v[i], b);
	}
	buf_puts(b, "]}");
}

static void print_json(const struct diff_result *r, const struct diff_names *names, FILE *out)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	for (size_t i = 0; i < r->groups.n; i++) {
		buf_clear(&b);
		buf_puts(&b, i ? "{" : "{\"format\":1,");
		json_group(&r->groups.v[i], names, &b);
		fprintf(out, "%s\n", b.p);
	}
	buf_clear(&b);
	buf_printf(&b, "{%s\"summary\":{\"complete\":%s,\"events\":%llu", r->groups.n ? "" : "\"format\":1,",
		   r->stopped ? "false" : "true", (unsigned long long)r->events);
	for (size_t i = 0; i < CHANGE_COUNT; i++)
		buf_printf(&b, ",\"%s\":%llu", changes[i].name, (unsigned long long)r->changes[i]);
	buf_printf(&b, ",\"must_deny_admitted\":%llu,\"must_allow_stopped\":%llu", (unsigned long long)r->breaks[DIFF_ADMITS_MUST_DENY],
		   (unsigned long long)r->breaks[DIFF_STOPS_MUST_ALLOW]);
	buf_putc(&b, ',');
	json_member(&b, "old", str_from(names->old));
	json_member(&b, "new", str_from(names->new));
	buf_puts(&b, "\"target\":");
	buf_json(&b, names->target);
	refused_json(&names->sets[0], "old_refused", &b);
	refused_json(&names->sets[1], "new_refused", &b);
	fprintf(out, "%s}}\n", b.p);
}

/* ---- Markdown ---- */

/* A code span that S cannot leave: its fence is longer than any run of backticks in it. */
static void code(struct buf *b, struct str s)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;
	buf_text(&safe, s);
	size_t longest = 0, run = 0;
	for (size_t i = 0; i < safe.n; i++) {
		run = safe.p[i] == '`' ? run + 1 : 0;
		longest = MAX(longest, run);
	}
	for (size_t i = 0; i <= longest; i++)
		buf_putc(b, '`');
	buf_putc(b, ' ');
	buf_str(b, safe.n ? buf_view(&safe) : STR("?"));
	buf_putc(b, ' ');
	for (size_t i = 0; i <= longest; i++)
		buf_putc(b, '`');
}

/* As text of HTML, in <code>. */
static void html_code(struct buf *b, struct str s)
{
	static const char *const escapes[128] = {['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;"};
	CLEANUP_BUF struct buf safe = BUF_INIT;
	buf_text(&safe, s);
	buf_puts(b, "<code>");
	for (size_t i = 0; i < safe.n; i++) {
		unsigned char c = (unsigned char)safe.p[i];
		if (c < 128 && escapes[c])
			buf_puts(b, escapes[c]);
		else
			buf_putc(b, safe.p[i]);
	}
	buf_puts(b, "</code>");
}

static void markdown_group(const struct diff_group *g, const struct diff_names *names, struct buf *b)
{
	CLEANUP_BUF struct buf rule = BUF_INIT;
	rule_words(g, &rule);
	buf_puts(b, "<details><summary>");
	count(b, g->count, g->count == 1 ? " event" : " events");
	buf_puts(b, " of ");
	html_code(b, g->workload);
	buf_puts(b, g->by_old ? ", was by " : ", by ");
	html_code(b, buf_view(&rule));
	buf_puts(b, "</summary>\n\n");
	if (g->why.n) {
		code(b, g->why);
		buf_puts(b, "\n\n");
	}
	size_t n = shown_of(g, names->limit);
	for (size_t i = 0; i < n; i++) {
		const struct diff_event *e = &g->events.v[i];
		buf_puts(b, "- ");
		code(b, e->words);
		if (e->count > 1)
			count((buf_puts(b, ", "), b), e->count, " times");
		buf_puts(b, ": ");
		side_words(&e->old, b);
		buf_puts(b, " → **");
		side_words(&e->new, b);
		buf_puts(b, "**");
		if (e->detail.n) {
			buf_puts(b, "<br>");
			code(b, e->detail);
		}
		buf_putc(b, '\n');
	}
	if (n < g->events.n)
		buf_printf(b, "- ... %zu more\n", g->events.n - n);
	buf_puts(b, "\n</details>\n\n");
}

static void markdown_counts(const struct diff_result *r, struct buf *b)
{
	bool any = false;
	for (size_t i = 0; i < CHANGE_COUNT; i++) {
		if (!r->changes[i])
			continue;
		buf_puts(b, any ? "" : "| events | change |\n| ---: | :--- |\n");
		any = true;
		buf_puts(b, "| ");
		count(b, r->changes[i], changes[i].breaks ? " | **" : " | ");
		buf_puts(b, changes[i].title);
		buf_puts(b, changes[i].breaks ? "** |\n" : " |\n");
	}
	buf_puts(b, any ? "\n" : "");
}

static bool markdown_refused(const struct policy_set *s, const char *which, struct buf *b)
{
	bool any = false;
	for (size_t i = 0; i < s->npolicies; i++) {
		CLEANUP_BUF struct buf words = BUF_INIT;
		if (!policy_set_refused(s, i))
			continue;
		any = true;
		refused_words(s, i, &words);
		buf_printf(b, "- **%s does not load and is not judged**: policy ", which);
		code(b, s->policies[i]->name);
		buf_puts(b, ", ");
		code(b, buf_view(&words));
		buf_putc(b, '\n');
	}
	return any;
}

/* Whole groups, as many as a comment holds; how many are left out is said. */
static void print_markdown(const struct diff_result *r, const struct diff_names *names, FILE *out)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	CLEANUP_BUF struct buf refused = BUF_INIT;
	markdown_refused(&names->sets[0], "the old one", &refused);
	bool lost = markdown_refused(&names->sets[1], "the new one", &refused);
	bool breaks = diff_breaks(r);
	buf_puts(&b, lost ? "### Policy change: does not load\n\n"
		 : breaks ? "### Policy change: would stop what passed\n\n"
		 : r->groups.n ? "### Policy change: stops nothing that passed\n\n"
			       : "### Policy change: no event fares otherwise\n\n");
	code(&b, str_from(names->old));
	buf_puts(&b, " → ");
	code(&b, str_from(names->new));
	count((buf_puts(&b, " over "), &b), r->events, " events");
	buf_puts(&b, r->stopped ? " (**ended before the end**).\n\n" : ".\n\n");
	if (refused.n) {
		buf_str(&b, buf_view(&refused));
		buf_putc(&b, '\n');
	}
	if (r->breaks[DIFF_ADMITS_MUST_DENY])
		count((buf_puts(&b, "**"), &b), r->breaks[DIFF_ADMITS_MUST_DENY], " that must be denied would pass.**\n\n");
	if (r->breaks[DIFF_STOPS_MUST_ALLOW])
		count((buf_puts(&b, "**"), &b), r->breaks[DIFF_STOPS_MUST_ALLOW], " that must be allowed would be stopped.**\n\n");
	markdown_counts(r, &b);
	size_t i = 0;
	for (; i < r->groups.n; i++) {
		CLEANUP_BUF struct buf one = BUF_INIT;
		const struct diff_group *g = &r->groups.v[i];
		if (!i || r->groups.v[i - 1].change != g->change)
			buf_printf(&one, "#### %s\n\n", changes[g->change].title);
		markdown_group(g, names, &one);
		if (b.n + one.n > MARKDOWN_MAX)
			break;
		buf_str(&b, buf_view(&one));
	}
	if (i < r->groups.n)
		buf_printf(&b, "%zu more groups do not fit a comment; `stakeout diff` shows them.\n\n", r->groups.n - i);
	buf_puts(&b, "Target ");
	code(&b, names->target);
	buf_puts(&b, ". What the events do not tell counts as stopped.\n");
	fwrite(b.p, 1, b.n, out);
}

void diff_print(const struct diff_result *r, enum diff_format format, const struct diff_names *names, FILE *out)
{
	static void (*const printers[])(const struct diff_result *, const struct diff_names *, FILE *) = {
		[DIFF_TEXT] = print_text, [DIFF_JSON] = print_json, [DIFF_MARKDOWN] = print_markdown};
	printers[format](r, names, out);
}
