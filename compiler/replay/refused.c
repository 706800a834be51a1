/* SPDX-License-Identifier: GPL-2.0-only */
/* One list of refused policies, for people and for scripts. */
#include "compiler/replay/refused.h"

void refused_words(const struct policy_set *s, size_t policy, struct buf *b)
{
	const struct policy_refusal *r = policy_set_refused(s, policy);
	buf_str(b, s->policies[policy]->file);
	buf_printf(b, ":%u:%u: %s: %s%s%s", r->at.line, r->at.column, r->path, r->message, *r->fix ? "; " : "", r->fix);
	if (r->reasons > 1)
		buf_printf(b, " (and %zu more, which 'stakeout lint' tells)", r->reasons - 1);
}

void refused_text(const struct policy_set *s, const char *before, FILE *out)
{
	for (size_t i = 0; i < s->npolicies; i++) {
		CLEANUP_BUF struct buf b = BUF_INIT, safe = BUF_INIT;
		if (!policy_set_refused(s, i))
			continue;
		buf_puts(&b, before);
		buf_puts(&b, "not judged: policy ");
		buf_str(&b, s->policies[i]->name);
		buf_puts(&b, " does not load on this target, and an agent runs without it: ");
		refused_words(s, i, &b);
		buf_text(&safe, buf_view(&b));
		fprintf(out, "%s\n", safe.p);
	}
}

static void member(struct buf *b, const char *key, struct str value)
{
	buf_printf(b, ",\"%s\":", key);
	buf_json(b, value);
}

void refused_json(const struct policy_set *s, const char *key, struct buf *b)
{
	bool first = true;
	buf_printf(b, ",\"%s\":[", key);
	for (size_t i = 0; i < s->npolicies; i++) {
		const struct policy_refusal *r = policy_set_refused(s, i);
		if (!r)
			continue;
		buf_puts(b, first ? "{\"policy\":" : ",{\"policy\":");
		first = false;
		buf_json(b, s->policies[i]->name);
		member(b, "file", s->policies[i]->file);
		buf_printf(b, ",\"line\":%u,\"column\":%u", r->at.line, r->at.column);
		member(b, "id", str_from(r->rule));
		member(b, "path", str_from(r->path));
		member(b, "message", str_from(r->message));
		member(b, "fix", str_from(r->fix));
		buf_printf(b, ",\"reasons\":%zu}", r->reasons);
	}
	buf_putc(b, ']');
}
