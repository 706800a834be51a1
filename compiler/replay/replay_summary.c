/* SPDX-License-Identifier: GPL-2.0-only */
/* The end of a replay's report: totals, what was never exercised, what the events cannot tell; and JUnit for CI. */
#include "schema/base/io.h"
#include "schema/base/map.h"
#include "schema/base/table.h"
#include "compiler/replay/refused.h"
#include "compiler/replay/replay_report.h"

/* Calls FN for each hook of each image and policy that judged, in order. */
struct visit {
	const struct report *r;
	const struct totals *t;
	struct buf *b;
	struct table *table;
	struct map *told;
	size_t n, of;
};

static void each_hook(struct visit *v, void (*fn)(struct visit *v, size_t policy, size_t hook))
{
	const struct policy_set *set = v->r->o->set;
	for (size_t p = 0; p < set->npolicies + set->nimages; p++)
		for (size_t h = 0; h < totals_hooks(v->t, p) && !policy_set_refused(set, p); h++)
			fn(v, p, h);
}

/* ---- hooks that nothing recorded ---- */

static void hook_json(struct visit *v, size_t policy, size_t hook, const char *more)
{
	CLEANUP_BUF struct buf policy_name = BUF_INIT, hook_name = BUF_INIT;
	judge_words(v->r->o->set, policy, hook, &policy_name, &hook_name);
	buf_puts(v->b, v->n++ ? ",{\"policy\":" : "{\"policy\":");
	buf_json(v->b, buf_view(&policy_name));
	buf_puts(v->b, ",\"hook\":");
	buf_json(v->b, buf_view(&hook_name));
	buf_puts(v->b, more);
}

static void unrecorded_json(struct visit *v, size_t policy, size_t hook)
{
	if (totals_hook_unrecorded(v->t, policy, hook))
		hook_json(v, policy, hook, "}");
}

/* For people each name once. */
static void unrecorded_text(struct visit *v, size_t policy, size_t hook)
{
	if (!totals_hook_unrecorded(v->t, policy, hook))
		return;
	CLEANUP_BUF struct buf name = BUF_INIT;
	hook_words(v->r->o->set->policies[policy], hook, &name);
	bool fresh;
	map_add(v->told, buf_view(&name), &fresh);
	if (!fresh)
		return;
	buf_puts(v->b, v->n++ ? ", " : "");
	buf_str(v->b, buf_view(&name));
}

/* ---- selectors and rules ---- */

static void never_json(struct visit *v, size_t policy, size_t hook)
{
	for (int s = 0; s < totals_selectors(v->t, policy, hook); s++) {
		if (!totals_is_rule(v->t, policy, hook, s) || rule_total_events(totals_rule(v->t, policy, hook, s)))
			continue;
		char number[32];
		snprintf(number, sizeof(number), ",\"selector\":%d}", s);
		hook_json(v, policy, hook, number);
	}
}

static void count_never(struct visit *v, size_t policy, size_t hook)
{
	for (int s = 0; s < totals_selectors(v->t, policy, hook); s++) {
		bool is = totals_is_rule(v->t, policy, hook, s);
		v->of += is;
		v->n += is && !rule_total_events(totals_rule(v->t, policy, hook, s));
	}
}

static void rule_json(struct visit *v, size_t policy, size_t hook)
{
	for (int s = -1; s < totals_selectors(v->t, policy, hook); s++) {
		const struct rule_total *r = totals_rule(v->t, policy, hook, s);
		if (!rule_total_events(r))
			continue;
		hook_json(v, policy, hook, "");
		if (s < 0)
			buf_puts(v->b, ",\"selector\":null");
		else
			buf_printf(v->b, ",\"selector\":%d", s);
		for (unsigned k = 0; k < VERDICT_COUNT; k++)
			buf_printf(v->b, ",\"%s\":%llu", verdict_name((enum verdict)k), (unsigned long long)r->verdicts[k]);
		buf_printf(v->b, ",\"prevented\":%llu,\"happened\":%llu,\"effect_unknown\":%llu}",
			   (unsigned long long)r->prevented, (unsigned long long)r->happened, (unsigned long long)r->effect_unknown);
	}
}

static const struct table_column rule_columns[] = {
	{NULL, "POLICY", TABLE_TEXT}, {NULL, "HOOK", TABLE_TEXT}, {NULL, "SELECTOR", TABLE_TEXT}, {NULL, "NOT TOUCHED", TABLE_COUNT},
	{NULL, "REPORTED", TABLE_COUNT}, {NULL, "UNKNOWN", TABLE_COUNT}, {NULL, "DENIED", TABLE_COUNT},
	{NULL, "KILLED", TABLE_COUNT}, {NULL, "PREVENTED", TABLE_COUNT}, {NULL, "HAPPENED", TABLE_COUNT},
	{NULL, "NOT TOLD", TABLE_COUNT},
};

static void rule_row(struct visit *v, size_t policy, size_t hook)
{
	for (int s = -1; s < totals_selectors(v->t, policy, hook); s++) {
		const struct rule_total *r = totals_rule(v->t, policy, hook, s);
		if (!rule_total_events(r) && !totals_is_rule(v->t, policy, hook, s))
			continue;
		CLEANUP_BUF struct buf policy_name = BUF_INIT, hook_name = BUF_INIT;
		judge_words(v->r->o->set, policy, hook, &policy_name, &hook_name);
		char number[16] = "none";
		if (s >= 0)
			snprintf(number, sizeof(number), "%d", s);
		table_str(v->table, buf_view(&policy_name));
		table_str(v->table, buf_view(&hook_name));
		table_str(v->table, str_from(number));
		for (unsigned k = 0; k < VERDICT_COUNT; k++)
			table_u64(v->table, r->verdicts[k]);
		table_u64(v->table, r->prevented);
		table_u64(v->table, r->happened);
		table_u64(v->table, r->effect_unknown);
	}
}

static const char *expect_word(const struct label_total *l)
{
	return l->expect == EXPECT_DENY ? "deny" : "allow";
}

static const struct table_column label_columns[] = {
	{NULL, "LABEL", TABLE_TEXT}, {NULL, "MUST", TABLE_TEXT}, {NULL, "EVENTS", TABLE_COUNT}, {NULL, "BROKEN", TABLE_COUNT},
};

static void print_tables(const struct report *r, const struct totals *t)
{
	CLEANUP(table_free) struct table *rules = table_new(rule_columns, ARRAY_SIZE(rule_columns));
	each_hook(&(struct visit){.r = r, .t = t, .table = rules}, rule_row);
	table_print(rules, TABLE_PLAIN, r->out);
	fputc('\n', r->out);
	const struct label_total *labels;
	size_t n = totals_labels(t, &labels);
	if (!n)
		return;
	CLEANUP(table_free) struct table *table = table_new(label_columns, ARRAY_SIZE(label_columns));
	for (size_t i = 0; i < n; i++) {
		table_str(table, labels[i].label.n ? labels[i].label : STR("(no label)"));
		table_str(table, str_from(expect_word(&labels[i])));
		table_u64(table, labels[i].events);
		table_u64(table, labels[i].broken);
	}
	table_print(table, TABLE_PLAIN, r->out);
	fputc('\n', r->out);
}

/* ---- JSON ---- */

static void labels_json(const struct totals *t, struct buf *b)
{
	const struct label_total *l;
	size_t n = totals_labels(t, &l);
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ",{" : "{");
		json_member(b, "label", l[i].label);
		json_member(b, "expect", str_from(expect_word(&l[i])));
		buf_printf(b, "\"events\":%llu,\"broken\":%llu", (unsigned long long)l[i].events, (unsigned long long)l[i].broken);
		if (l[i].first_broken) {
			buf_puts(b, ",\"first_broken\":");
			buf_json(b, str_from(l[i].first_broken));
		}
		buf_putc(b, '}');
	}
}

static void reasons_json(const struct reason_total *a, size_t n, const char *key, struct buf *b)
{
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, i ? ",{" : "{");
		json_member(b, key, a[i].words);
		buf_printf(b, "\"verdicts\":%llu}", (unsigned long long)a[i].verdicts);
	}
}

static void json_summary(struct report *r, const struct totals *t, bool stopped)
{
	const struct tally *y = totals_tally(t);
	CLEANUP_BUF struct buf b = BUF_INIT, target = BUF_INIT;
	struct visit v = {.r = r, .t = t, .b = &b};
	const struct reason_total *reasons;
	buf_printf(&b, "{%s\"summary\":{\"complete\":%s,\"events\":%llu", r->format_told ? "" : "\"format\":1,",
		   stopped ? "false" : "true", (unsigned long long)y->events);
	for (unsigned k = 0; k < VERDICT_COUNT; k++)
		buf_printf(&b, ",\"%s\":%llu", verdict_name((enum verdict)k), (unsigned long long)y->verdicts[k]);
	buf_printf(&b, ",\"prevented\":%llu,\"happened\":%llu,\"effect_unknown\":%llu", (unsigned long long)y->prevented,
		   (unsigned long long)y->happened, (unsigned long long)y->effect_unknown);
	buf_printf(&b, ",\"must_allow\":%llu,\"must_allow_broken\":%llu", (unsigned long long)y->must_allow,
		   (unsigned long long)y->must_allow_broken);
	buf_printf(&b, ",\"must_deny\":%llu,\"must_deny_broken\":%llu,", (unsigned long long)y->must_deny,
		   (unsigned long long)y->must_deny_broken);
	target_print(r->o->target, &target);
	json_member(&b, "target", buf_view(&target));
	buf_puts(&b, "\"selectors\":[");
	each_hook(&v, rule_json);
	buf_puts(&b, "],\"never_exercised\":[");
	v.n = 0;
	each_hook(&v, never_json);
	buf_puts(&b, "],\"labels\":[");
	labels_json(t, &b);
	buf_puts(&b, "],\"assumed\":[");
	size_t n = totals_assumed(t, &reasons);
	reasons_json(reasons, n, "what", &b);
	buf_puts(&b, "],\"unknown_why\":[");
	n = totals_unknown(t, &reasons);
	reasons_json(reasons, n, "why", &b);
	buf_puts(&b, "],\"unrecorded_hooks\":[");
	v.n = 0;
	each_hook(&v, unrecorded_json);
	buf_putc(&b, ']');
	if (r->o->totals) {
		buf_puts(&b, ",\"unused\":[");
		report_unused_json(r, t, &b);
		buf_putc(&b, ']');
	}
	refused_json(r->o->set, "refused", &b);
	fprintf(r->out, "%s}}\n", b.p);
}

/* ---- text ---- */

static void print_safe(const struct report *r, const char *before, struct buf *b)
{
	CLEANUP_BUF struct buf safe = BUF_INIT;
	buf_text(&safe, buf_view(b));
	fprintf(r->out, "%s%s\n", before, safe.p ? safe.p : "");
	buf_clear(b);
}

static void count(struct buf *b, uint64_t n, const char *words)
{
	buf_count(b, n);
	buf_puts(b, words);
}

/* Which expectations are broken, by label, each with its first event. */
static void text_broken(const struct report *r, const struct totals *t, struct buf *b)
{
	const struct label_total *l;
	size_t n = totals_labels(t, &l);
	for (size_t i = 0; i < n; i++) {
		if (!l[i].broken)
			continue;
		buf_printf(b, "must-%s ", expect_word(&l[i]));
		buf_str(b, l[i].label.n ? l[i].label : STR("(no label)"));
		buf_puts(b, ": ");
		count(b, l[i].broken, " of ");
		count(b, l[i].events, " broken, the first: ");
		buf_puts(b, l[i].first_broken);
		print_safe(r, "  ", b);
	}
}

static void text_tally(const struct report *r, const struct totals *t, struct buf *b)
{
	const struct tally *y = totals_tally(t);
	count(b, y->events, " events: ");
	count(b, y->verdicts[VERDICT_DENY] + y->verdicts[VERDICT_KILL], " stopped (");
	count(b, y->verdicts[VERDICT_DENY], " denied, ");
	count(b, y->verdicts[VERDICT_KILL], " killed; ");
	count(b, y->prevented, " prevented, ");
	count(b, y->happened, " happened all the same");
	if (y->effect_unknown) {
		buf_puts(b, ", of ");
		count(b, y->effect_unknown, " it is not told");
	}
	buf_puts(b, "), ");
	count(b, y->verdicts[VERDICT_POST], " reported only, ");
	count(b, y->verdicts[VERDICT_ALLOW], " not touched, ");
	count(b, y->verdicts[VERDICT_UNKNOWN], " unknown");
	print_safe(r, "", b);
	if (!(y->must_allow + y->must_deny))
		return;
	count(b, y->must_deny - y->must_deny_broken, " of ");
	count(b, y->must_deny, " must-deny events are stopped, ");
	count(b, y->must_allow_broken, " of ");
	count(b, y->must_allow, " must-allow events are broken");
	print_safe(r, "", b);
	text_broken(r, t, b);
}

/* What would tell more, by what the reason says. */
static const struct {
	struct str says;
	const char *tells;
} remedies[] = {
	{STR_INIT("resolved path of the acting program"), "--recorded-by with the policies that made the recording may tell; --assume-names takes what is likely"},
	{STR_INIT("recorded parent"), "--recorded-by with the policies that made the recording may tell; --assume-names takes what is likely"},
	{STR_INIT("32-bit program"), "--compat names the 32-bit ones"},
};

static void text_remedy(struct str why, struct buf *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
		if (memmem(why.p, why.n, remedies[i].says.p, remedies[i].says.n))
			buf_printf(b, " (%s)", remedies[i].tells);
}

static void text_unknown(const struct report *r, const struct totals *t, struct buf *b)
{
	const struct reason_total *u;
	size_t n = totals_unknown(t, &u);
	for (size_t i = 0; i < n; i++) {
		count(b, u[i].verdicts, u[i].verdicts == 1 ? " verdict is unknown: " : " verdicts are unknown: ");
		buf_str(b, u[i].words);
		text_remedy(u[i].words, b);
		print_safe(r, "note: ", b);
	}
}

static void text_assumed(const struct report *r, const struct totals *t, struct buf *b)
{
	const struct reason_total *a;
	size_t n = totals_assumed(t, &a);
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, "taken for granted: ");
		buf_str(b, a[i].words);
		buf_puts(b, "; ");
		count(b, a[i].verdicts, a[i].verdicts == 1 ? " verdict rests on it" : " verdicts rest on it");
		buf_puts(b, " (readlink -e tells; without --assume-names they are unknown)");
		print_safe(r, "note: ", b);
	}
}

/* Images that judged no event: no proof of anything, which a workload that is called otherwise here would look like. */
static void text_idle(const struct report *r, const struct totals *t, struct buf *b)
{
	enum { SHOWN = 3 };
	const struct policy_set *set = r->o->set;
	size_t idle = 0;
	for (size_t i = 0; i < set->nimages; i++) {
		uint64_t judged = 0;
		for (int s = -1; s < totals_selectors(t, set->npolicies + i, 0); s++)
			judged += rule_total_events(totals_rule(t, set->npolicies + i, 0, s));
		if (judged || idle++ >= SHOWN)
			continue;
		buf_str(b, set->images[i]->name);
		buf_puts(b, " judged no event: nothing that it is about was done by ");
		buf_str(b, set->images[i]->workload);
		buf_puts(b, ", for which it was made, so this proves nothing of it");
		print_safe(r, "note: ", b);
	}
	if (idle > SHOWN) {
		count(b, idle - SHOWN, " more images judged no event");
		print_safe(r, "note: ", b);
	}
}

static void text_notes(const struct report *r, const struct totals *t, struct buf *b)
{
	CLEANUP(map_free) struct map *told = map_new();
	CLEANUP_BUF struct buf list = BUF_INIT;
	struct visit never = {.r = r, .t = t}, silent = {.r = r, .t = t, .b = &list, .told = told};
	each_hook(&never, count_never);
	if (never.n) {
		count(b, never.n, " of ");
		count(b, never.of, " selectors and rules decided no event");
		buf_puts(b, r->o->totals ? "" : " (--totals lists them)");
		print_safe(r, "note: ", b);
	}
	text_idle(r, t, b);
	each_hook(&silent, unrecorded_text);
	if (silent.n) {
		buf_puts(b, "nothing here says what these hooks would see, so silence about them proves nothing: ");
		buf_str(b, buf_view(&list));
		print_safe(r, "note: ", b);
	}
}

static void text_summary(struct report *r, const struct totals *t, bool stopped)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	if (r->hidden) {
		count(&b, r->hidden, " more (--limit 0 shows all)");
		print_safe(r, "... ", &b);
	}
	if (r->o->totals) {
		print_tables(r, t);
		report_unused_text(r, t);
	}
	buf_puts(&b, "target ");
	target_print(r->o->target, &b);
	print_safe(r, "", &b);
	refused_text(r->o->set, "", r->out);
	if (stopped)
		fputs("ended before the end: what follows is about the events until then\n", r->out);
	text_tally(r, t, &b);
	text_unknown(r, t, &b);
	text_assumed(r, t, &b);
	text_notes(r, t, &b);
}

void report_end(struct report *r, const struct totals *t, bool stopped)
{
	if (r->o->format == REPORT_JSON)
		json_summary(r, t, stopped);
	else
		text_summary(r, t, stopped);
}

/* ---- JUnit ---- */

/* U+FFFE and U+FFFF, which XML cannot hold even escaped. */
static bool is_no_character(struct str s)
{
	return str_starts(s, STR("\xef\xbf\xbe")) || str_starts(s, STR("\xef\xbf\xbf"));
}

static void xml_text(struct buf *b, struct str raw)
{
	CLEANUP_BUF struct buf s = BUF_INIT;
	buf_text(&s, raw);
	for (size_t i = 0; i < s.n; i++) {
		static const char *const escapes[128] = {['<'] = "&lt;", ['>'] = "&gt;", ['&'] = "&amp;", ['"'] = "&quot;"};
		unsigned char c = (unsigned char)s.p[i];
		if (is_no_character(str_skip(buf_view(&s), i))) {
			buf_printf(b, "\\xef\\xbf\\x%02x", (unsigned char)s.p[i + 2]);
			i += 2;
			continue;
		}
		if (c < 128 && escapes[c])
			buf_puts(b, escapes[c]);
		else
			buf_putc(b, s.p[i]);
	}
}

static void junit_policies(const struct policy_set *set, struct buf *b)
{
	for (size_t i = 0; i < set->npolicies; i++) {
		buf_puts(b, "  <testcase classname=\"loads\" name=\"");
		xml_text(b, set->policies[i]->name);
		if (!policy_set_refused(set, i)) {
			buf_puts(b, "\"/>\n");
			continue;
		}
		CLEANUP_BUF struct buf words = BUF_INIT;
		refused_words(set, i, &words);
		buf_puts(b, "\">\n    <failure message=\"does not load on the target: it is not judged\">");
		xml_text(b, buf_view(&words));
		buf_puts(b, "</failure>\n  </testcase>\n");
	}
}

int report_junit(const struct report *r, const struct totals *t, const char *file)
{
	const struct policy_set *set = r->o->set;
	CLEANUP_BUF struct buf b = BUF_INIT;
	size_t failures = 0;
	for (size_t i = 0; i < set->npolicies; i++)
		failures += policy_set_refused(set, i) != NULL;
	const struct label_total *l;
	size_t n = totals_labels(t, &l);
	for (size_t i = 0; i < n; i++)
		failures += l[i].broken > 0;
	buf_printf(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"stakeout replay\" tests=\"%zu\" failures=\"%zu\">\n",
		   set->npolicies + n, failures);
	junit_policies(set, &b);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&b, "  <testcase classname=\"must-%s\" name=\"", expect_word(&l[i]));
		xml_text(&b, l[i].label.n ? l[i].label : STR("(no label)"));
		buf_puts(&b, "\"");
		if (!l[i].broken) {
			buf_puts(&b, "/>\n");
			continue;
		}
		buf_printf(&b, ">\n    <failure message=\"%llu of %llu events %s\">", (unsigned long long)l[i].broken,
			   (unsigned long long)l[i].events, l[i].expect == EXPECT_DENY ? "are not stopped" : "would be stopped");
		xml_text(&b, str_from(l[i].first_broken));
		buf_puts(&b, "</failure>\n  </testcase>\n");
	}
	buf_puts(&b, "</testsuite>\n");
	return write_file(file, b.p, b.n, 0666);
}
