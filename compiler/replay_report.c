/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The report keeps only what must be told at the end: expectations by label, hooks that nothing recorded.
 * Stopped events are printed as they come, so memory does not grow with the corpus.
 */
#include "compiler/replay_report.h"

#include "schema/base/io.h"
#include "schema/base/map.h"
#include "schema/event_words.h"

/* The events of one label with one expectation: a test case. */
struct group {
	uint64_t events, broken;
	char *first_broken;       /* "FILE:LINE: words" of the first */
};

struct report {
	const struct report_options *o;
	FILE *out;
	struct buf line;
	uint64_t shown, hidden;   /* stopped events; hidden ones were beyond the limit */
	bool format_told;         /* the first JSON object carries the format number */
	struct map *labels;       /* "allow LABEL" or "deny LABEL" -> groups */
	struct {
		struct group *v;
		size_t n, cap;
	} groups;
	struct map *unrecorded;   /* "policy hook" as two numbers -> times */
	struct {
		size_t *v;
		size_t n, cap;
	} times;
	const struct engine *engine;   /* of the source being read */
	size_t sources;
};

struct report *report_new(const struct report_options *options, FILE *out)
{
	struct report *r = xcalloc(1, sizeof(*r));
	*r = (struct report){.o = options, .out = out, .labels = map_new(), .unrecorded = map_new()};
	return r;
}

void report_free(struct report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->groups.n; i++)
		free(r->groups.v[i].first_broken);
	free(r->groups.v);
	free(r->times.v);
	map_free(r->labels);
	map_free(r->unrecorded);
	buf_done(&r->line);
	free(r);
}

void hook_words(const struct policy *p, size_t hook, struct buf *b)
{
	const struct hook *h = &p->hooks[hook];
	if (h->section == SECTION_TRACEPOINT) {
		buf_str(b, h->subsystem);
		buf_putc(b, '/');
	}
	buf_str(b, h->call);
}

static void judge_words(const struct report *r, const struct judgement *j, struct buf *policy,
			struct buf *hook)
{
	const struct policy_set *set = r->o->set;
	if (j->policy >= set->npolicies) {
		buf_str(policy, set->images[j->policy - set->npolicies]->name);
		buf_puts(hook, "image");
	} else {
		buf_str(policy, set->policies[j->policy]->name);
		hook_words(set->policies[j->policy], j->hook, hook);
	}
}

static void explain(const struct report *r, const struct judgement *j, const char *before, struct buf *b)
{
	CLEANUP_BUF struct buf words = BUF_INIT;
	if (r->engine && j->policy < r->o->set->npolicies)
		engine_explain(r->engine, j, &words);
	if (!words.n)
		return;
	buf_puts(b, before);
	buf_str(b, buf_view(&words));
}

/* ---- JSON ---- */

static void json_begin(struct report *r)
{
	buf_clear(&r->line);
	buf_putc(&r->line, '{');
	if (!r->format_told)
		buf_puts(&r->line, "\"format\":1,");
	r->format_told = true;
}

static void json_end(struct report *r)
{
	fprintf(r->out, "%s}\n", r->line.p);
}

static void json_str(struct buf *b, const char *key, struct str value)
{
	buf_printf(b, "\"%s\":", key);
	buf_json(b, value);
	buf_putc(b, ',');
}

static void json_event(struct report *r, const struct event *ev, const struct judgement *j, bool broken)
{
	struct buf *b = &r->line;
	CLEANUP_BUF struct buf policy = BUF_INIT, hook = BUF_INIT, words = BUF_INIT;
	json_begin(r);
	json_str(b, "source", ev->source);
	buf_printf(b, "\"line\":%llu,", (unsigned long long)ev->line);
	event_words(ev, &words);
	json_str(b, "event", buf_view(&words));
	if (j) {
		judge_words(r, j, &policy, &hook);
		json_str(b, "policy", buf_view(&policy));
		json_str(b, "hook", buf_view(&hook));
		if (j->selector >= 0)
			buf_printf(b, "\"selector\":%d,", j->selector);
		else
			buf_puts(b, "\"selector\":null,");
		json_str(b, "verdict", str_from(verdict_name(j->verdict)));
		json_str(b, "effect", str_from(effect_name(j->effect)));
		buf_printf(b, "\"monitor\":%s,", j->monitor ? "true" : "false");
		json_str(b, "why", str_from(j->why ? j->why : ""));
		CLEANUP_BUF struct buf detail = BUF_INIT;
		explain(r, j, "", &detail);
		if (detail.n)
			json_str(b, "detail", buf_view(&detail));
	} else {
		buf_puts(b, "\"policy\":null,\"hook\":null,\"selector\":null,\"verdict\":\"allow\",\"effect\":\"happened\","
			    "\"monitor\":false,\"why\":\"no policy's hook is reached\",");
	}
	if (ev->expect != EXPECT_NONE) {
		json_str(b, "expect", ev->expect == EXPECT_DENY ? STR("deny") : STR("allow"));
		json_str(b, "label", ev->label);
	}
	buf_printf(b, "\"count\":%llu,\"broken\":%s", (unsigned long long)ev->count, broken ? "true" : "false");
	json_end(r);
}

/* ---- text ---- */

static void text_line(struct report *r, const char *indent)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;
	buf_text(&safe, buf_view(&r->line));
	fprintf(r->out, "%s%s\n", indent, safe.p ? safe.p : "");
	buf_clear(&r->line);
}

static const char *became(const struct judgement *j)
{
	return j->effect == EFFECT_PREVENTED ? "prevented"
	       : j->effect == EFFECT_HAPPENED ? "but it happened" : "whether it happened is not told";
}

static void text_event(struct report *r, const struct event *ev, const struct judgement *j, size_t n,
		       bool broken)
{
	struct buf *b = &r->line;
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
	text_line(r, "");
	for (size_t i = 0; i < n; i++) {
		if (j[i].verdict < VERDICT_UNKNOWN)
			continue;
		CLEANUP_BUF struct buf policy = BUF_INIT, hook = BUF_INIT;
		judge_words(r, &j[i], &policy, &hook);
		buf_puts(b, verdict_name(j[i].verdict));
		if (verdict_stops(j[i].verdict))
			buf_printf(b, ", %s", became(&j[i]));
		buf_printf(b, "%s: %s, %s", j[i].monitor ? " (if it enforced)" : "", policy.p, hook.p);
		if (j[i].selector >= 0)
			buf_printf(b, ", %s %d", j[i].policy < r->o->set->npolicies ? "selector" : "rule",
				   j[i].selector);
		buf_printf(b, ": %s", j[i].why ? j[i].why : "");
		explain(r, &j[i], ": ", b);
		text_line(r, "    ");
	}
}

/* ---- both ---- */

static void note_expectation(struct report *r, const struct event *ev, bool broken)
{
	CLEANUP_BUF struct buf key = BUF_INIT;
	buf_printf(&key, "%s ", ev->expect == EXPECT_DENY ? "deny" : "allow");
	buf_str(&key, ev->label.n ? ev->label : STR("(no label)"));
	bool fresh;
	uint32_t i = map_add(r->labels, buf_view(&key), &fresh);
	if (fresh)
		VEC_PUSH(&r->groups);
	struct group *g = &r->groups.v[i];
	g->events++;
	g->broken += broken;
	if (!broken || g->first_broken)
		return;
	CLEANUP_BUF struct buf words = BUF_INIT;
	buf_str(&words, ev->source);
	buf_printf(&words, ":%llu: ", (unsigned long long)ev->line);
	event_words(ev, &words);
	g->first_broken = buf_take(&words);
}

void report_source(struct report *r, const struct engine *e)
{
	r->engine = e;
}

int report_event(void *arg, const struct event *ev, const struct judgement *j, size_t n, bool broken)
{
	struct report *r = arg;
	if (ev->expect != EXPECT_NONE)
		note_expectation(r, ev, broken);
	if (r->o->format == REPORT_JSON) {
		for (size_t i = 0; i < n; i++)
			json_event(r, ev, &j[i], broken);
		if (n == 0 && (r->o->all || broken))
			json_event(r, ev, NULL, broken);
		return 0;
	}
	if (r->o->quiet || !(broken || verdict_stops(judgements_worst(j, n))))
		return 0;
	if (r->o->limit && r->shown >= r->o->limit) {
		r->hidden++;
		return 0;
	}
	r->shown++;
	text_event(r, ev, j, n, broken);
	return 0;
}

static void note_unrecorded(void *arg, size_t policy, size_t hook)
{
	struct report *r = arg;
	size_t key[2] = {policy, hook};
	bool fresh;
	uint32_t i = map_add(r->unrecorded, (struct str){(const char *)key, sizeof(key)}, &fresh);
	if (fresh)
		VEC_PUSH(&r->times);
	r->times.v[i]++;
}

void report_source_done(struct report *r, const struct engine *e)
{
	r->sources++;
	r->engine = NULL;
	engine_unrecorded(e, note_unrecorded, r);
}

/* Appends each hook that no source recorded or implied: for scripts by policy, for people each name once. */
static size_t list_unrecorded(const struct report *r, struct buf *b, bool json)
{
	size_t n = 0;
	CLEANUP(map_free) struct map *told = map_new();
	for (uint32_t i = 0; i < map_size(r->unrecorded); i++) {
		if (r->times.v[i] < r->sources)
			continue;
		size_t key[2];
		memcpy(key, map_key(r->unrecorded, i).p, sizeof(key));
		CLEANUP_BUF struct buf hook = BUF_INIT;
		hook_words(r->o->set->policies[key[0]], key[1], &hook);
		bool fresh;
		map_add(told, buf_view(&hook), &fresh);
		if (json) {
			buf_puts(b, n++ ? ",{\"policy\":" : "{\"policy\":");
			buf_json(b, r->o->set->policies[key[0]]->name);
			buf_puts(b, ",\"hook\":");
			buf_json(b, buf_view(&hook));
			buf_putc(b, '}');
		} else if (fresh) {
			buf_puts(b, n++ ? ", " : "");
			buf_str(b, buf_view(&hook));
		}
	}
	return n;
}

static void json_summary(struct report *r, const struct tally *t)
{
	struct buf *b = &r->line;
	json_begin(r);
	buf_printf(b, "\"summary\":{\"events\":%llu", (unsigned long long)t->events);
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		buf_printf(b, ",\"%s\":%llu", verdict_name(v), (unsigned long long)t->verdicts[v]);
	buf_printf(b, ",\"prevented\":%llu,\"happened\":%llu", (unsigned long long)t->prevented,
		   (unsigned long long)t->happened);
	buf_printf(b, ",\"must_allow\":%llu,\"must_allow_broken\":%llu",
		   (unsigned long long)t->must_allow, (unsigned long long)t->must_allow_broken);
	buf_printf(b, ",\"must_deny\":%llu,\"must_deny_broken\":%llu", (unsigned long long)t->must_deny,
		   (unsigned long long)t->must_deny_broken);
	CLEANUP_BUF struct buf target = BUF_INIT;
	target_print(r->o->target, &target);
	buf_puts(b, ",\"target\":");
	buf_json(b, buf_view(&target));
	buf_puts(b, ",\"unrecorded_hooks\":[");
	list_unrecorded(r, b, true);
	buf_puts(b, "]}");
	json_end(r);
}

static void text_count(struct report *r, uint64_t n, const char *words)
{
	buf_count(&r->line, n);
	buf_puts(&r->line, words);
}

/* Which expectations are broken, by label, each with its first event. */
static void text_broken(struct report *r)
{
	for (uint32_t i = 0; i < map_size(r->labels); i++) {
		const struct group *g = &r->groups.v[i];
		if (!g->broken)
			continue;
		buf_puts(&r->line, "must-");
		buf_str(&r->line, map_key(r->labels, i));
		buf_puts(&r->line, ": ");
		text_count(r, g->broken, " of ");
		text_count(r, g->events, " broken, the first: ");
		buf_puts(&r->line, g->first_broken);
		text_line(r, "  ");
	}
}

static void text_summary(struct report *r, const struct tally *t)
{
	struct buf *b = &r->line;
	uint64_t stopped = t->verdicts[VERDICT_DENY] + t->verdicts[VERDICT_KILL];
	if (r->hidden) {
		text_count(r, r->hidden, " more (--limit 0 shows all)");
		text_line(r, "... ");
	}
	buf_puts(b, "target ");
	target_print(r->o->target, b);
	text_line(r, "");
	text_count(r, t->events, " events: ");
	text_count(r, stopped, " stopped (");
	text_count(r, t->verdicts[VERDICT_DENY], " denied, ");
	text_count(r, t->verdicts[VERDICT_KILL], " killed; ");
	text_count(r, t->prevented, " prevented, ");
	text_count(r, t->happened, " happened all the same), ");
	text_count(r, t->verdicts[VERDICT_POST], " reported only, ");
	text_count(r, t->verdicts[VERDICT_ALLOW], " not touched, ");
	text_count(r, t->verdicts[VERDICT_UNKNOWN], " unknown");
	text_line(r, "");
	if (t->must_allow + t->must_deny) {
		text_count(r, t->must_deny - t->must_deny_broken, " of ");
		text_count(r, t->must_deny, " must-deny events are stopped, ");
		text_count(r, t->must_allow_broken, " of ");
		text_count(r, t->must_allow, " must-allow events are broken");
		text_line(r, "");
		text_broken(r);
	}
	if (list_unrecorded(r, b, false)) {
		CLEANUP_FREE char *list = buf_take(b);
		buf_printf(b, "nothing here says what these hooks would see, so silence about them proves nothing: %s", list);
		text_line(r, "note: ");
	}
}

void report_end(struct report *r, const struct tally *t)
{
	if (r->o->format == REPORT_JSON)
		json_summary(r, t);
	else
		text_summary(r, t);
}

/* ---- JUnit ---- */

static void xml_text(struct buf *b, struct str raw)
{
	CLEANUP_BUF struct buf s = BUF_INIT;
	buf_text(&s, raw);
	for (size_t i = 0; i < s.n; i++) {
		static const char *const escapes[128] = {['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;"};
		unsigned char c = (unsigned char)s.p[i];
		if (c < 128 && escapes[c])
			buf_puts(b, escapes[c]);
		else
			buf_putc(b, s.p[i]);
	}
}

int report_junit(const struct report *r, const char *file)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	size_t failures = 0;
	for (size_t i = 0; i < r->groups.n; i++)
		failures += r->groups.v[i].broken > 0;
	buf_printf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"stakeout replay\" tests=\"%zu\" failures=\"%zu\">\n",
		   r->groups.n, failures);
	for (uint32_t i = 0; i < map_size(r->labels); i++) {
		const struct group *g = &r->groups.v[i];
		struct str key = map_key(r->labels, i);
		bool deny = str_starts(key, STR("deny "));
		buf_printf(&b, "  <testcase classname=\"must-%s\" name=\"", deny ? "deny" : "allow");
		xml_text(&b, str_skip(key, deny ? strlen("deny ") : strlen("allow ")));
		buf_puts(&b, "\"");
		if (!g->broken) {
			buf_puts(&b, "/>\n");
			continue;
		}
		buf_printf(&b, ">\n    <failure message=\"%llu of %llu events %s\">", (unsigned long long)g->broken,
			   (unsigned long long)g->events, deny ? "are not stopped" : "would be stopped");
		xml_text(&b, str_from(g->first_broken));
		buf_puts(&b, "</failure>\n  </testcase>\n");
	}
	buf_puts(&b, "</testsuite>\n");
	return write_file(file, b.p, b.n, 0666);
}
