/* SPDX-License-Identifier: GPL-2.0-only */
/* An explanation for people, step by step, and the same as one JSON object. */
#include "compiler/replay/explain.h"

#include "compiler/allow/lower.h"
#include "compiler/replay/refused.h"
#include "compiler/replay/replay.h"
#include "compiler/replay/replay_report.h"
#include "compiler/emit/words.h"

enum { EXAMPLES = 5 };

static void line(FILE *out, const char *indent, struct buf *b)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;
	buf_text(&safe, buf_view(b));
	fprintf(out, "%s%s\n", indent, safe.p ? safe.p : "");
	buf_clear(b);
}

static void put_verdict(const struct judgement *j, struct buf *b)
{
	buf_puts(b, verdict_name(j->verdict));
	if (verdict_stops(j->verdict))
		buf_printf(b, ", %s", j->effect == EFFECT_PREVENTED ? "prevented"
					: j->effect == EFFECT_HAPPENED ? "but it happens" : "whether it happens is not told");
	if (j->verdict == VERDICT_DENY && j->error)
		buf_printf(b, ", the caller sees %s", strerror(-j->error));
	if (j->before_first_instruction)
		buf_puts(b, ", before the first instruction of the new program");
	if (j->monitor && j->verdict >= VERDICT_UNKNOWN)
		buf_puts(b, " (if it enforced)");
	if (j->assumes)
		buf_printf(b, ", taken for granted that %s", j->assumes);
}

/* ---- the steps ---- */

static const struct judgement *judgement_of(const struct looked *l, size_t policy, size_t hook)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->j[i].policy == policy && l->j[i].hook == hook)
			return &l->j[i];
	return NULL;
}

static bool is_for_another(const struct trace *t, size_t hook)
{
	return hook + 1 < t->n && t->v[hook + 1].kind == TRACE_SCOPE && t->v[hook + 1].answer == TRACE_NO;
}

static void text_step(const struct explanation *e, const struct explain_options *o, const struct trace_step *s, FILE *out)
{
	static const char *const matches[] = {"does not match", "matches", "may match", "not asked"};
	CLEANUP_BUF struct buf b = BUF_INIT, policy = BUF_INIT, hook = BUF_INIT;
	switch (s->kind) {
	case TRACE_HOOK:
		judge_words(o->set, s->policy, s->hook, &policy, &hook);
		fputc('\n', out);
		buf_printf(&b, "%s, %s: ", policy.p, hook.p);
		buf_str(&b, s->words);
		line(out, "", &b);
		return;
	case TRACE_SCOPE:
		buf_printf(&b, "scope, %s: ", trace_answer_name(s->answer));
		break;
	case TRACE_RECORD:
		break;
	case TRACE_SELECTOR:
		if (s->selector < 0)
			break;
		buf_printf(&b, "selector %d %s", s->selector, matches[s->answer]);
		buf_puts(&b, s->words.n ? ": " : "");
		break;
	case TRACE_FILTER:
		buf_printf(&b, "%-8s", trace_answer_name(s->answer));
		break;
	}
	buf_str(&b, s->words);
	line(out, s->kind == TRACE_FILTER ? "      " : "  ", &b);
	(void)e;
}

static void text_outcome(const struct explanation *e, const struct trace_step *s, FILE *out)
{
	const struct judgement *j = judgement_of(&e->looked, s->policy, s->hook);
	if (!j)
		return;
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_puts(&b, "-> ");
	put_verdict(j, &b);
	buf_printf(&b, ": %s", j->why);
	line(out, "  ", &b);
}

/* An exec may reach a hook several times; what comes of it all is said after the last. */
static bool comes_again(const struct trace *t, size_t from, const struct trace_step *hook)
{
	for (size_t i = from; i < t->n; i++)
		if (t->v[i].kind == TRACE_HOOK && t->v[i].policy == hook->policy && t->v[i].hook == hook->hook && !is_for_another(t, i))
			return true;
	return false;
}

static void text_trace(const struct explanation *e, const struct explain_options *o, FILE *out)
{
	const struct trace *t = &e->looked.trace;
	size_t others = 0;
	for (size_t i = 0; i < t->n; i++) {
		size_t first = i;
		bool hide = is_for_another(t, i);
		for (; i + 1 < t->n && t->v[i + 1].kind != TRACE_HOOK; i++)
			if (!hide)
				text_step(e, o, &t->v[i], out);
		if (!hide)
			text_step(e, o, &t->v[i], out);
		if (!hide && !comes_again(t, i + 1, &t->v[first]))
			text_outcome(e, &t->v[first], out);
		others += hide;
	}
	if (others)
		fprintf(out, "\n%zu more hooks are reached, of policies that are for other processes\n", others);
}

/* A is NULL where only the image is known, which numbers its rules. */
static void text_rule(const struct allowlist *a, int rule, FILE *out)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(lowered_free) struct lowered *l = NULL;
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_printf(&b, "rule %d", rule);
	if (a && !lower(a, &d, &l) && (size_t)rule <= l->nrules) {
		buf_puts(&b, ": ");
		words_rule(a, &l->rules[rule - 1], &b);
	}
	line(out, "     ", &b);
}

static void text_nearest_entry(const struct allowlist *a, const struct event *ev, FILE *out)
{
	size_t n = !a ? 0 : ev->kind == KIND_EXEC ? a->nexec : ev->kind == KIND_FILE ? a->nfiles : 0;
	if (!n)
		return;
	CLEANUP_FREE struct str *paths = xcalloc(n, sizeof(*paths));
	for (size_t i = 0; i < n; i++)
		paths[i] = ev->kind == KIND_EXEC ? a->exec[i].path : a->files[i].path;
	struct str near = nearest_value(&(struct strs){paths, n}, ev->kind == KIND_EXEC ? ev->process.path : ev->path);
	for (size_t i = 0; i < n; i++) {
		if (paths[i].p != near.p)
			continue;
		CLEANUP_BUF struct buf b = BUF_INIT;
		buf_puts(&b, "nearest entry: ");
		words_rule(a, &(struct lower_rule){.kind = ev->kind, .index = (uint32_t)i}, &b);
		buf_printf(&b, " (line %u)", ev->kind == KIND_EXEC ? a->exec[i].line : a->files[i].line);
		line(out, "     ", &b);
	}
}

static void text_images(const struct explanation *e, const struct explain_options *o, FILE *out)
{
	for (size_t i = 0; i < e->looked.n; i++) {
		const struct judgement *j = &e->looked.j[i];
		if (j->policy < o->set->npolicies)
			continue;
		CLEANUP_BUF struct buf b = BUF_INIT;
		const struct image *image = o->set->images[j->policy - o->set->npolicies];
		buf_str(&b, image->name);
		buf_puts(&b, ", image for ");
		buf_str(&b, image->workload);
		fputc('\n', out);
		line(out, "", &b);
		buf_puts(&b, "-> ");
		put_verdict(j, &b);
		buf_printf(&b, ": %s", j->why);
		line(out, "  ", &b);
		if (j->selector > 0)
			text_rule(o->set->allowlists[j->policy - o->set->npolicies], j->selector, out);
		else if (j->verdict == VERDICT_DENY)
			text_nearest_entry(o->set->allowlists[j->policy - o->set->npolicies], &e->looked.event, out);
	}
}

/* ---- the nearest selector ---- */

/* Of those that do not match, the one that the fewest filters keep from it. NULL: none, or it would stop nothing more. */
static const struct trace_step *nearest(const struct trace *t, size_t *ret_fails)
{
	const struct trace_step *best = NULL;
	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].kind != TRACE_SELECTOR || t->v[i].answer != TRACE_NO || t->v[i].selector < 0)
			continue;
		size_t fails = 0;
		for (size_t k = i + 1; k < t->n && t->v[k].kind == TRACE_FILTER; k++)
			fails += t->v[k].answer != TRACE_YES;
		if (fails && (!best || fails < *ret_fails)) {
			best = &t->v[i];
			*ret_fails = fails;
		}
	}
	return best;
}

static void text_nearest(const struct explanation *e, const struct explain_options *o, FILE *out)
{
	const struct trace *t = &e->looked.trace;
	size_t fails = 0;
	const struct trace_step *s = nearest(t, &fails);
	if (!s || e->to_pass)
		return;
	CLEANUP_BUF struct buf b = BUF_INIT, policy = BUF_INIT, hook = BUF_INIT;
	judge_words(o->set, s->policy, s->hook, &policy, &hook);
	buf_printf(&b, "nearest rule that did not match: %s, %s, selector %d; it fails by:", policy.p, hook.p, s->selector);
	fputc('\n', out);
	line(out, "", &b);
	for (const struct trace_step *f = s + 1; f < t->v + t->n && f->kind == TRACE_FILTER; f++) {
		if (f->answer == TRACE_YES)
			continue;
		buf_str(&b, f->words);
		line(out, "      ", &b);
	}
}

/* ---- the edit ---- */

/* The K-th event that changes, those first that break an expectation; NULL: there are fewer. */
static const struct diff_event *example(const struct diff_result *r, size_t k, const struct diff_group **ret_of)
{
	for (int breaking = 1; breaking >= 0; breaking--)
		for (size_t g = 0; g < r->groups.n; g++)
			for (size_t i = 0; i < r->groups.v[g].events.n; i++) {
				*ret_of = &r->groups.v[g];
				if ((diff_broken(r->groups.v[g].events.v[i].breaks) > 0) == breaking && k-- == 0)
					return &r->groups.v[g].events.v[i];
			}
	return NULL;
}

/* "2 of them must be denied": edits that let pass break no other expectation. */
static void put_broken(const struct explanation *e, uint64_t broken, struct buf *b)
{
	buf_count(b, broken);
	buf_printf(b, " of them must be %s", e->to_pass ? "denied" : "allowed");
}

static void text_surplus(const struct explanation *e, FILE *out)
{
	const struct diff_result *r = e->surplus;
	CLEANUP_BUF struct buf b = BUF_INIT;
	uint64_t all = 0;
	for (size_t i = 0; i < CHANGE_COUNT; i++)
		all += r->changes[i];
	buf_puts(&b, "among the ");
	buf_count(&b, r->events);
	buf_puts(&b, all ? " events given it changes " : " events given it changes none");
	if (all)
		buf_count(&b, all);
	buf_puts(&b, all ? ", this one among them if it is there:" : "");
	line(out, "  ", &b);
	if (diff_broken(r->breaks)) {
		put_broken(e, diff_broken(r->breaks), &b);
		buf_puts(&b, ": no edit to make as it is");
		line(out, "  ", &b);
	}
	const struct diff_group *of;
	const struct diff_event *ev;
	size_t n = 0;
	for (; n < EXAMPLES && (ev = example(r, n, &of)); n++) {
		buf_printf(&b, "%s -> %s: ", verdict_name(ev->old.verdict), verdict_name(ev->new.verdict));
		buf_str(&b, ev->words);
		buf_puts(&b, ", ");
		buf_count(&b, ev->count);
		buf_puts(&b, " of ");
		buf_str(&b, of->workload);
		buf_puts(&b, ev->breaks[DIFF_ADMITS_MUST_DENY] ? ", which must be denied"
			     : ev->breaks[DIFF_STOPS_MUST_ALLOW] ? ", which must be allowed" : "");
		line(out, "      ", &b);
	}
	size_t different = 0;
	for (size_t g = 0; g < r->groups.n; g++)
		different += r->groups.v[g].events.n;
	if (different > n)
		fprintf(out, "      ... %zu more\n", different - n);
}

static void text_edits(const struct explanation *e, FILE *out)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	fputc('\n', out);
	if (!e->best.n) {
		buf_puts(&b, "smallest edit: ");
		buf_str(&b, e->no_edit);
		line(out, "", &b);
		return;
	}
	if (e->looked.event.expect == (e->to_pass ? EXPECT_DENY : EXPECT_ALLOW))
		fprintf(out, "the corpus says that it must be %s: an edit breaks that\n", e->to_pass ? "denied" : "allowed");
	fprintf(out, "smallest edit that would %s it%s:\n", e->to_pass ? "allow" : "stop", e->best.n > 1 ? ", all of these together" : "");
	for (size_t i = 0; i < e->best.n; i++) {
		buf_str(&b, e->best.edits[i].words);
		line(out, "  ", &b);
		buf_printf(&b, "in general it %s ", e->to_pass ? "admits" : "stops");
		buf_str(&b, e->best.edits[i].reach);
		line(out, "      ", &b);
	}
	fprintf(out, "  tried: with it the event is %s\n", e->to_pass ? "allowed" : "stopped");
	if (e->surplus)
		text_surplus(e, out);
	for (size_t i = 0; i < e->nothers; i++) {
		buf_puts(&b, "or ");
		buf_str(&b, e->others[i].words);
		buf_printf(&b, ": it %s ", e->to_pass ? "admits" : "stops");
		buf_str(&b, e->others[i].reach);
		if (e->others[i].measured) {
			buf_puts(&b, "; among the events given it changes ");
			buf_count(&b, e->others[i].changes);
			if (e->others[i].broken)
				put_broken(e, e->others[i].broken, (buf_puts(&b, ", "), &b));
		}
		line(out, "", &b);
	}
}

static void print_text(const struct explanation *e, const struct explain_options *o, FILE *out)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	const struct looked *l = &e->looked;
	buf_str(&b, l->words);
	line(out, "", &b);
	buf_puts(&b, "of ");
	buf_str(&b, l->workload);
	buf_puts(&b, ", ");
	buf_str(&b, l->event.source);
	buf_printf(&b, ":%llu", (unsigned long long)l->event.line);
	line(out, "  ", &b);
	buf_puts(&b, "verdict: ");
	if (l->decides)
		put_verdict(l->decides, &b);
	else
		buf_puts(&b, policy_set_loads(o->set) ? "allow: no hook of these policies is reached by a process that they are for"
						 : "none: no policy here loads on the target");
	line(out, "", &b);
	refused_text(o->set, "", out);
	text_trace(e, o, out);
	text_images(e, o, out);
	text_nearest(e, o, out);
	text_edits(e, out);
}

/* ---- JSON ---- */

static void json_steps(const struct explanation *e, const struct explain_options *o, struct buf *b)
{
	static const char *const kinds[] = {"hook", "scope", "record", "selector", "filter"};
	const struct trace *t = &e->looked.trace;
	for (size_t i = 0; i < t->n; i++) {
		CLEANUP_BUF struct buf policy = BUF_INIT, hook = BUF_INIT;
		const struct trace_step *s = &t->v[i];
		judge_words(o->set, s->policy, s->hook, &policy, &hook);
		buf_puts(b, i ? ",{" : "{");
		json_member(b, "step", str_from(kinds[s->kind]));
		json_member(b, "policy", buf_view(&policy));
		json_member(b, "hook", buf_view(&hook));
		if (s->selector >= 0)
			buf_printf(b, "\"selector\":%d,", s->selector);
		if (s->value.n)
			json_member(b, "value", s->value);
		json_member(b, "words", s->words);
		buf_printf(b, "\"answer\":\"%s\"}", trace_answer_name(s->answer));
	}
}

static void json_judgements(const struct explanation *e, const struct explain_options *o, struct buf *b)
{
	for (size_t i = 0; i < e->looked.n; i++) {
		const struct judgement *j = &e->looked.j[i];
		buf_puts(b, i ? ",{" : "{");
		json_judgement(o->set, j, b);
		json_member(b, "detail", j->detail);
		buf_puts(b, "\"why\":");
		buf_json(b, str_from(j->why));
		buf_putc(b, '}');
	}
}

static void json_edit(const struct explained_edit *x, bool last, struct buf *b)
{
	static const char *const kinds[] = {"add-value", "remove-value", "add-filter", "remove-filter", "add-entry", "remove-entry"};
	buf_putc(b, '{');
	json_member(b, "kind", str_from(kinds[x->edit.kind]));
	if (x->file.n) {
		json_member(b, "file", x->file);
		buf_printf(b, "\"line\":%u,\"column\":%u,", x->at.line, x->at.column);
		json_member(b, "field", x->field);
		json_member(b, "operator", x->op);
	}
	if (x->value.n)
		json_member(b, "value", x->value);
	if (x->filter.n)
		json_member(b, "filter", x->filter);
	json_member(b, "words", x->words);
	buf_puts(b, "\"reach\":");
	buf_json(b, x->reach);
	if (x->measured)
		buf_printf(b, ",\"changes\":%llu,\"breaks\":%llu", (unsigned long long)x->changes, (unsigned long long)x->broken);
	buf_puts(b, last ? "}" : "},");
}

static void json_surplus(const struct diff_result *r, struct buf *b)
{
	uint64_t all = 0;
	for (size_t i = 0; i < CHANGE_COUNT; i++)
		all += r->changes[i];
	buf_printf(b, ",\"surplus\":{\"events\":%llu,\"changed\":%llu,\"breaks\":%llu,\"examples\":[", (unsigned long long)r->events,
		   (unsigned long long)all, (unsigned long long)diff_broken(r->breaks));
	const struct diff_group *of;
	const struct diff_event *ev;
	for (size_t n = 0; n < EXAMPLES && (ev = example(r, n, &of)); n++) {
		buf_puts(b, n ? ",{" : "{");
		json_member(b, "workload", of->workload);
		json_member(b, "event", ev->words);
		json_member(b, "old", str_from(verdict_name(ev->old.verdict)));
		json_member(b, "new", str_from(verdict_name(ev->new.verdict)));
		buf_printf(b, "\"breaks\":%llu,\"count\":%llu}", (unsigned long long)diff_broken(ev->breaks),
			   (unsigned long long)ev->count);
	}
	buf_puts(b, "]}");
}

static void print_json(const struct explanation *e, const struct explain_options *o, FILE *out)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	const struct looked *l = &e->looked;
	buf_puts(&b, "{\"format\":1,");
	json_member(&b, "source", l->event.source);
	buf_printf(&b, "\"line\":%llu,", (unsigned long long)l->event.line);
	json_member(&b, "event", l->words);
	json_member(&b, "workload", l->workload);
	if (l->event.expect)
		json_member(&b, "expect", l->event.expect == EXPECT_DENY ? STR("deny") : STR("allow"));
	if (policy_set_loads(o->set))
		json_member(&b, "verdict", str_from(verdict_name(l->verdict)));
	else
		buf_puts(&b, "\"verdict\":null,");
	json_member(&b, "effect", str_from(effect_name(l->decides ? l->decides->effect : EFFECT_HAPPENED)));
	buf_puts(&b, "\"judgements\":[");
	json_judgements(e, o, &b);
	buf_puts(&b, "],\"steps\":[");
	json_steps(e, o, &b);
	buf_printf(&b, "],\"edit_to\":\"%s\",\"edits\":[", e->to_pass ? "allow" : "stop");
	for (size_t i = 0; i < e->best.n; i++)
		json_edit(&e->best.edits[i], i + 1 == e->best.n, &b);
	buf_puts(&b, "],\"alternatives\":[");
	for (size_t i = 0; i < e->nothers; i++)
		json_edit(&e->others[i], i + 1 == e->nothers, &b);
	buf_puts(&b, "]");
	if (e->no_edit.n) {
		buf_puts(&b, ",\"no_edit\":");
		buf_json(&b, e->no_edit);
	}
	refused_json(o->set, "refused", &b);
	if (e->surplus)
		json_surplus(e->surplus, &b);
	fprintf(out, "%s}\n", b.p);
}

void explain_print(const struct explanation *e, const struct explain_options *o, bool json, FILE *out)
{
	if (json)
		print_json(e, o, out);
	else
		print_text(e, o, out);
}
