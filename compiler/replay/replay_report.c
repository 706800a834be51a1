/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources are judged side by side and reported one after the other, each as a part. The first prints its events as they come;
 * the others keep theirs in a temporary file until it is their turn, so memory does not grow with the corpus and the output is
 * the same for any number of threads.
 */
#include "compiler/replay/replay_report.h"

#include <limits.h>

#include "schema/event_words.h"

struct report_part {
	struct report *r;
	bool direct;
	FILE *out;                /* the whole's, or a temporary file; NULL: nothing written yet */
	struct buf line;
	uint64_t shown, hidden;
	struct { long *v; size_t n, cap; } ends;   /* text with a limit: where each event's lines end */
	int err;                  /* the temporary file's */
};

struct report_part *report_part_new(struct report *r, bool direct)
{
	struct report_part *p = xcalloc(1, sizeof(*p));
	*p = (struct report_part){.r = r, .direct = direct, .out = direct ? r->out : NULL};
	return p;
}

void report_part_free(struct report_part *p)
{
	if (!p)
		return;
	if (p->out && !p->direct)
		fclose(p->out);
	free(p->ends.v);
	buf_done(&p->line);
	free(p);
}

static void write_line(struct report_part *p, const char *indent, const char *text, const char *end)
{
	if (!p->out && !p->err) {
		p->out = tmpfile();
		p->err = p->out ? 0 : -errno;
	}
	if (p->out && fprintf(p->out, "%s%s%s", indent, text, end) < 0 && !p->direct && !p->err)
		p->err = errno ? -errno : -EIO;
}

/* ---- words ---- */

void hook_words(const struct policy *p, size_t hook, struct buf *b)
{
	const struct hook *h = &p->hooks[hook];
	if (h->section == SECTION_TRACEPOINT) {
		buf_str(b, h->subsystem);
		buf_putc(b, '/');
	}
	buf_str(b, h->call);
}

void judge_words(const struct policy_set *set, size_t policy, size_t hook, struct buf *ret_policy, struct buf *ret_hook)
{
	if (policy >= set->npolicies) {
		buf_str(ret_policy, set->images[policy - set->npolicies]->name);
		buf_puts(ret_hook, "image");
	} else {
		buf_str(ret_policy, set->policies[policy]->name);
		hook_words(set->policies[policy], hook, ret_hook);
	}
}

/* ---- JSON ---- */

void json_member(struct buf *b, const char *key, struct str value)
{
	buf_printf(b, "\"%s\":", key);
	buf_json(b, value);
	buf_putc(b, ',');
}

void json_judgement(const struct policy_set *set, const struct judgement *j, struct buf *b)
{
	CLEANUP_BUF struct buf policy = BUF_INIT, hook = BUF_INIT;
	judge_words(set, j->policy, j->hook, &policy, &hook);
	json_member(b, "policy", buf_view(&policy));
	json_member(b, "hook", buf_view(&hook));
	if (j->selector >= 0)
		buf_printf(b, "\"selector\":%d,", j->selector);
	else
		buf_puts(b, "\"selector\":null,");
	json_member(b, "verdict", str_from(verdict_name(j->verdict)));
	json_member(b, "effect", str_from(effect_name(j->effect)));
	buf_printf(b, "\"monitor\":%s,", j->monitor ? "true" : "false");
	if (j->assumes)
		json_member(b, "assumes", str_from(j->assumes));
}

static void json_event(struct report_part *p, const struct event *ev, const struct judgement *j, bool broken)
{
	struct buf *b = &p->line;
	CLEANUP_BUF struct buf words = BUF_INIT;
	buf_clear(b);
	/* Other parts' first objects get it when they are printed, if none was before. */
	buf_puts(b, p->direct && !p->shown++ ? "{\"format\":1," : "{");
	json_member(b, "source", ev->source);
	buf_printf(b, "\"line\":%llu,", (unsigned long long)ev->line);
	event_words(ev, &words);
	json_member(b, "event", buf_view(&words));
	if (j) {
		json_judgement(p->r->o->set, j, b);
		json_member(b, "why", str_from(j->why ? j->why : ""));
		if (j->detail.n)
			json_member(b, "detail", j->detail);
	} else {
		buf_puts(b, "\"policy\":null,\"hook\":null,\"selector\":null,\"verdict\":\"allow\",\"effect\":\"happened\","
			    "\"monitor\":false,\"why\":\"no policy's hook is reached\",");
	}
	if (ev->expect != EXPECT_NONE) {
		json_member(b, "expect", ev->expect == EXPECT_DENY ? STR("deny") : STR("allow"));
		json_member(b, "label", ev->label);
	}
	buf_printf(b, "\"count\":%llu,\"broken\":%s}", (unsigned long long)ev->count, broken ? "true" : "false");
	write_line(p, "", b->p, "\n");
}

/* ---- text ---- */

static void text_line(struct report_part *p, const char *indent)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;
	buf_text(&safe, buf_view(&p->line));
	write_line(p, indent, safe.p ? safe.p : "", "\n");
	buf_clear(&p->line);
}

static const char *became(const struct judgement *j)
{
	return j->effect == EFFECT_PREVENTED ? "prevented"
	       : j->effect == EFFECT_HAPPENED ? "but it happened" : "whether it happened is not told";
}

static void text_judgement(struct report_part *p, const struct judgement *j)
{
	struct buf *b = &p->line;
	CLEANUP_BUF struct buf policy = BUF_INIT, hook = BUF_INIT;
	judge_words(p->r->o->set, j->policy, j->hook, &policy, &hook);
	buf_puts(b, verdict_name(j->verdict));
	if (verdict_stops(j->verdict))
		buf_printf(b, ", %s", became(j));
	buf_printf(b, "%s: %s, %s", j->monitor ? " (if it enforced)" : "", policy.p, hook.p);
	if (j->selector >= 0)
		buf_printf(b, ", %s %d", j->policy < p->r->o->set->npolicies ? "selector" : "rule", j->selector);
	buf_printf(b, ": %s", j->why ? j->why : "");
	if (j->detail.n) {
		buf_puts(b, ": ");
		buf_str(b, j->detail);
	}
	if (j->assumes)
		buf_printf(b, "; taken for granted: %s", j->assumes);
	text_line(p, "    ");
}

static void text_event(struct report_part *p, const struct event *ev, const struct judgement *j, size_t n, bool broken)
{
	struct buf *b = &p->line;
	buf_clear(b);
	buf_str(b, ev->source);
	buf_printf(b, ":%llu: ", (unsigned long long)ev->line);
	event_words(ev, b);
	if (ev->count > 1) {
		buf_puts(b, ", ");
		buf_count(b, ev->count);
		buf_puts(b, " times");
	}
	if (broken)
		buf_printf(b, "  EXPECTATION BROKEN: must be %s", ev->expect == EXPECT_DENY ? "denied" : "allowed");
	if (ev->label.n) {
		buf_puts(b, "  [");
		buf_str(b, ev->label);
		buf_putc(b, ']');
	}
	text_line(p, "");
	for (size_t i = 0; i < n; i++)
		if (j[i].verdict >= VERDICT_UNKNOWN)
			text_judgement(p, &j[i]);
}

/* ---- both ---- */

static bool full(const struct report_part *p)
{
	return p->r->o->limit && p->shown >= p->r->o->limit;
}

enum judge_detail report_part_detail(const struct report_part *p)
{
	if (p->r->o->format == REPORT_JSON)
		return DETAIL_ALL;
	return p->r->o->quiet || full(p) ? DETAIL_NONE : DETAIL_NOT_PASSED;
}

void report_part_event(struct report_part *p, const struct event *ev, const struct judgement *j, size_t n, bool broken)
{
	if (p->r->o->format == REPORT_JSON) {
		for (size_t i = 0; i < n; i++)
			json_event(p, ev, &j[i], broken);
		if (n == 0 && (p->r->o->all || broken))
			json_event(p, ev, NULL, broken);
		return;
	}
	if (p->r->o->quiet || !(broken || verdict_stops(judgements_worst(j, n))))
		return;
	if (full(p)) {
		p->hidden++;
		return;
	}
	p->shown++;
	text_event(p, ev, j, n, broken);
	if (p->r->o->limit && !p->direct && p->out)
		*(long *)VEC_PUSH(&p->ends) = ftell(p->out);
}

/* Copies the first N bytes (all: LONG_MAX) to OUT, after the first byte's place for the format number. */
static int copy(struct report_part *p, long n)
{
	struct report *r = p->r;
	char block[65536];
	if (fflush(p->out) || fseek(p->out, 0, SEEK_SET))
		return -errno;
	if (r->o->format == REPORT_JSON && !r->format_told && getc(p->out) == '{') {
		fputs("{\"format\":1,", r->out);
		r->format_told = true;
	}
	while (n > 0) {
		size_t got = fread(block, 1, (size_t)MIN(n, (long)sizeof(block)), p->out);
		if (!got)
			break;
		fwrite(block, 1, got, r->out);
		n -= (long)got;
	}
	return ferror(p->out) ? -EIO : 0;
}

int report_part_end(struct report_part *p)
{
	struct report *r = p->r;
	if (p->direct) {
		r->shown = p->shown;
		r->hidden = p->hidden;
		r->format_told = p->shown > 0;
		return 0;
	}
	uint64_t fit = r->o->limit ? MIN(p->shown, r->o->limit - MIN(r->shown, r->o->limit)) : p->shown;
	r->shown += fit;
	r->hidden += p->hidden + p->shown - fit;
	if (p->err || !p->out)
		return p->err;
	if (r->o->format == REPORT_TEXT && r->o->limit)
		return fit ? copy(p, p->ends.v[fit - 1]) : 0;
	return copy(p, LONG_MAX);
}
