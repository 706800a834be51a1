/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One flat array of counters; where a hook's begin is worked out once from the set, so counting a judgement is an addition
 * and merging is one loop.
 */
#include "compiler/replay/totals.h"

#include "schema/image_file.h"
#include "schema/base/map.h"
#include "schema/event_words.h"

struct totals {
	const struct policy_set *set;
	struct tally tally;
	struct { size_t *v; size_t n, cap; } hooks_from;   /* by policy: its first hook; one more at the end */
	struct { size_t *v; size_t n, cap; } rules_from;   /* by hook: its first rule, that is selector -1; one more */
	struct rule_total *rules;
	bool **image_rules;                                /* by image: its numbers; made when asked for */
	uint32_t *unrecorded;                              /* by hook: sources that said nothing of it */
	struct value_uses *values;                         /* made when one is told */
	uint32_t sources;
	struct map *label_keys;
	struct { struct label_total *v; size_t n, cap; } labels;
	struct reasons {
		struct map *words;
		struct reason_total *v;
		size_t n, cap;
	} assumed, unknown;
};

/* ---- an image's rules ---- */

/* Which of an image's tables number their entries' rules, and where. */
static const struct {
	enum image_map map;
	size_t at;                /* in the value */
} with_rules[] = {
	{IMAGE_MAP_PATHS, offsetof(struct image_path, rule)},
	{IMAGE_MAP_EXEC_PAIRS, 0},
	{IMAGE_MAP_PORTS, offsetof(struct image_port, rule)},
};

/* By number, from 0: is there such a rule? Returns how many numbers there are. */
static uint32_t image_rules(const struct image *i, bool *ret)
{
	enum { RULES_MAX = IMAGE_PAIRS_MAX };   /* a number beyond is some other tool's: counted as none */
	uint32_t n = 0;
	for (size_t m = 0; m < ARRAY_SIZE(with_rules); m++) {
		enum image_map map = with_rules[m].map;
		size_t at = image_key_size(map) + with_rules[m].at;
		for (uint32_t k = 0; k < i->map[map].n; k++) {
			uint32_t rule;
			memcpy(&rule, (const char *)image_entry(i, map, k) + at, sizeof(rule));
			if (rule >= RULES_MAX)
				continue;
			n = MAX(n, rule + 1);
			if (ret && rule)
				ret[rule] = true;
		}
	}
	return n;
}

/* ---- the places ---- */

static void push(struct totals *t, size_t rules)
{
	size_t last = t->rules_from.v[t->rules_from.n - 1];
	*(size_t *)VEC_PUSH(&t->rules_from) = last + rules + 1;
}

struct totals *totals_new(const struct policy_set *set)
{
	struct totals *t = xcalloc(1, sizeof(*t));
	t->set = set;
	t->label_keys = map_new();
	t->assumed.words = map_new();
	t->unknown.words = map_new();
	*(size_t *)VEC_PUSH(&t->rules_from) = 0;
	for (size_t i = 0; i < set->npolicies; i++) {
		*(size_t *)VEC_PUSH(&t->hooks_from) = t->rules_from.n - 1;
		for (size_t h = 0; h < set->policies[i]->nhooks; h++)
			push(t, set->policies[i]->hooks[h].nselectors);
	}
	for (size_t i = 0; i < set->nimages; i++) {
		*(size_t *)VEC_PUSH(&t->hooks_from) = t->rules_from.n - 1;
		push(t, image_rules(set->images[i], NULL));
	}
	*(size_t *)VEC_PUSH(&t->hooks_from) = t->rules_from.n - 1;
	t->rules = xcalloc(t->rules_from.v[t->rules_from.n - 1] + 1, sizeof(*t->rules));
	t->unrecorded = xcalloc(t->rules_from.n, sizeof(*t->unrecorded));
	t->image_rules = xcalloc(set->nimages + 1, sizeof(*t->image_rules));
	return t;
}

void totals_free(struct totals *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->labels.n; i++)
		free(t->labels.v[i].first_broken);
	free(t->labels.v);
	map_free(t->label_keys);
	map_free(t->assumed.words);
	free(t->assumed.v);
	map_free(t->unknown.words);
	free(t->unknown.v);
	free(t->hooks_from.v);
	free(t->rules_from.v);
	free(t->rules);
	free(t->unrecorded);
	for (size_t i = 0; i < t->set->nimages; i++)
		free(t->image_rules[i]);
	free(t->image_rules);
	value_uses_free(t->values);
	free(t);
}

static struct rule_total *rule_at(const struct totals *t, size_t policy, size_t hook, int selector)
{
	size_t h = t->hooks_from.v[policy] + hook, from = t->rules_from.v[h], n = t->rules_from.v[h + 1] - from;
	size_t at = (size_t)(selector + 1);
	return &t->rules[from + (at < n ? at : 0)];
}

/* ---- counting ---- */

static struct label_total *label_at(struct totals *t, enum expect expect, struct str label)
{
	CLEANUP_BUF struct buf key = BUF_INIT;
	buf_putc(&key, (char)expect);
	buf_str(&key, label);
	bool fresh;
	uint32_t i = map_add(t->label_keys, buf_view(&key), &fresh);
	if (fresh)
		*(struct label_total *)VEC_PUSH(&t->labels) =
			(struct label_total){.expect = expect, .label = str_skip(map_key(t->label_keys, i), 1)};
	return &t->labels.v[i];
}

static void count_expectation(struct totals *t, const struct event *ev, bool broken)
{
	struct label_total *l = label_at(t, ev->expect, ev->label);
	l->events++;
	l->broken += broken;
	if (!broken || l->first_broken)
		return;
	CLEANUP_BUF struct buf words = BUF_INIT;
	buf_str(&words, ev->source);
	buf_printf(&words, ":%llu: ", (unsigned long long)ev->line);
	event_words(ev, &words);
	l->first_broken = buf_take(&words);
}

static void count_reason(struct reasons *r, struct str words, uint64_t verdicts)
{
	bool fresh;
	uint32_t i = map_add(r->words, words, &fresh);
	if (fresh)
		*(struct reason_total *)VEC_PUSH(r) = (struct reason_total){.words = map_key(r->words, i)};
	r->v[i].verdicts += verdicts;
}

static void add_reasons(struct reasons *into, const struct reasons *from)
{
	for (size_t i = 0; i < from->n; i++)
		count_reason(into, from->v[i].words, from->v[i].verdicts);
}

bool totals_event(struct totals *t, const struct event *ev, const struct judgement *j, size_t n)
{
	uint64_t count = ev->count ? ev->count : 1;
	for (size_t i = 0; i < n; i++) {
		struct rule_total *r = rule_at(t, j[i].policy, j[i].hook, j[i].selector);
		r->verdicts[j[i].verdict] += count;
		if (j[i].assumes)
			count_reason(&t->assumed, str_from(j[i].assumes), count);
		if (j[i].verdict == VERDICT_UNKNOWN)
			count_reason(&t->unknown, str_from(j[i].why ? j[i].why : ""), count);
		if (verdict_stops(j[i].verdict)) {
			r->prevented += j[i].effect == EFFECT_PREVENTED ? count : 0;
			r->happened += j[i].effect == EFFECT_HAPPENED ? count : 0;
			r->effect_unknown += j[i].effect == EFFECT_UNKNOWN ? count : 0;
		}
	}
	bool broken = replay_event(ev, j, n, &t->tally);
	if (ev->expect != EXPECT_NONE)
		count_expectation(t, ev, broken);
	return broken;
}

void totals_source(struct totals *t)
{
	t->sources++;
}

void totals_unrecorded(void *arg, size_t policy, size_t hook)
{
	struct totals *t = arg;
	t->unrecorded[t->hooks_from.v[policy] + hook]++;
}

void totals_value(void *arg, const struct strs *list, size_t i, bool used)
{
	struct totals *t = arg;
	if (!t->values)
		t->values = value_uses_new(t->set);
	value_uses_note(t->values, list, i, used);
}

static void add_values(struct totals *into, const struct totals *from)
{
	if (!from->values)
		return;
	if (!into->values)
		into->values = value_uses_new(into->set);
	value_uses_add(into->values, from->values);
}

const struct value_uses *totals_values(const struct totals *t)
{
	return t->values;
}

static void add_labels(struct totals *into, const struct totals *from)
{
	for (size_t i = 0; i < from->labels.n; i++) {
		const struct label_total *f = &from->labels.v[i];
		struct label_total *l = label_at(into, f->expect, f->label);
		l->events += f->events;
		l->broken += f->broken;
		if (!l->first_broken && f->first_broken)
			l->first_broken = xstrdup(f->first_broken);
	}
}

void totals_add(struct totals *into, const struct totals *from)
{
	_Static_assert(sizeof(struct rule_total) % sizeof(uint64_t) == 0, "counters only");
	tally_add(&into->tally, &from->tally);
	uint64_t *a = (uint64_t *)into->rules;
	const uint64_t *b = (const uint64_t *)from->rules;
	size_t n = into->rules_from.v[into->rules_from.n - 1] * (sizeof(*into->rules) / sizeof(*a));
	for (size_t i = 0; i < n; i++)
		a[i] += b[i];
	for (size_t i = 0; i + 1 < into->rules_from.n; i++)
		into->unrecorded[i] += from->unrecorded[i];
	into->sources += from->sources;
	add_reasons(&into->assumed, &from->assumed);
	add_reasons(&into->unknown, &from->unknown);
	add_labels(into, from);
	add_values(into, from);
}

/* ---- asking ---- */

const struct tally *totals_tally(const struct totals *t)
{
	return &t->tally;
}

size_t totals_labels(const struct totals *t, const struct label_total **ret)
{
	*ret = t->labels.v;
	return t->labels.n;
}

size_t totals_assumed(const struct totals *t, const struct reason_total **ret)
{
	*ret = t->assumed.v;
	return t->assumed.n;
}

size_t totals_unknown(const struct totals *t, const struct reason_total **ret)
{
	*ret = t->unknown.v;
	return t->unknown.n;
}

const struct rule_total *totals_rule(const struct totals *t, size_t policy, size_t hook, int selector)
{
	return rule_at(t, policy, hook, selector);
}

size_t totals_hooks(const struct totals *t, size_t policy)
{
	return t->hooks_from.v[policy + 1] - t->hooks_from.v[policy];
}

int totals_selectors(const struct totals *t, size_t policy, size_t hook)
{
	size_t h = t->hooks_from.v[policy] + hook;
	return (int)(t->rules_from.v[h + 1] - t->rules_from.v[h]) - 1;
}

bool totals_is_rule(const struct totals *t, size_t policy, size_t hook, int selector)
{
	if (policy < t->set->npolicies)
		return selector >= 0 && selector < totals_selectors(t, policy, hook);
	size_t image = policy - t->set->npolicies;
	if (!t->image_rules[image]) {
		t->image_rules[image] = xcalloc((size_t)totals_selectors(t, policy, hook) + 1, sizeof(bool));
		image_rules(t->set->images[image], t->image_rules[image]);
	}
	return selector > 0 && t->image_rules[image][selector];
}

bool totals_hook_unrecorded(const struct totals *t, size_t policy, size_t hook)
{
	return t->sources && t->unrecorded[t->hooks_from.v[policy] + hook] == t->sources;
}

uint64_t rule_total_events(const struct rule_total *r)
{
	uint64_t n = 0;
	for (size_t v = 0; v < VERDICT_COUNT; v++)
		n += r->verdicts[v];
	return n;
}
