/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One pass over the events with two judges, each with its own process model. Equal events of a group are kept once, so memory
 * grows with what is different, not with the corpus.
 */
#include "compiler/replay/diff.h"

#include "compiler/replay/replay.h"
#include "compiler/replay/replay_report.h"
#include "schema/base/map.h"
#include "schema/event_words.h"
#include "schema/workload.h"

/* ---- what becomes of an event ---- */

enum nearness { NEAR_ALLOWED, NEAR_UNKNOWN, NEAR_STOPPED };

static enum nearness nearness(enum verdict v)
{
	return verdict_stops(v) ? NEAR_STOPPED : v == VERDICT_UNKNOWN ? NEAR_UNKNOWN : NEAR_ALLOWED;
}

/* The judgement that decides: the worst, of equals one that prevents. NULL: none says anything. */
static const struct judgement *deciding(const struct judgement *j, size_t n)
{
	const struct judgement *best = NULL;
	for (size_t i = 0; i < n; i++)
		if (!best || j[i].verdict > best->verdict ||
		    (j[i].verdict == best->verdict && j[i].effect == EFFECT_PREVENTED && best->effect != EFFECT_PREVENTED))
			best = &j[i];
	return best;
}

/* The worst of those that do not only monitor. */
static enum verdict in_force(const struct judgement *j, size_t n)
{
	enum verdict worst = VERDICT_ALLOW;
	for (size_t i = 0; i < n; i++)
		if (!j[i].monitor)
			worst = MAX(worst, j[i].verdict);
	return worst;
}

static struct diff_side side_of(const struct judgement *j, size_t n)
{
	const struct judgement *d = deciding(j, n);
	if (!d)
		return (struct diff_side){.verdict = VERDICT_ALLOW};
	struct diff_side s = {.verdict = d->verdict, .effect = d->effect, .error = d->error, .signal = d->signal};
	if (verdict_stops(s.verdict))
		s.effect = judgements_effect(j, n);
	s.monitor = nearness(s.verdict) != nearness(in_force(j, n));
	return s;
}

enum diff_change diff_change(const struct judgement *old, size_t nold, const struct judgement *new, size_t nnew,
			     struct diff_side *ret_old, struct diff_side *ret_new)
{
	struct diff_side a = side_of(old, nold), b = side_of(new, nnew);
	*ret_old = a;
	*ret_new = b;
	enum nearness was = nearness(a.verdict), is = nearness(b.verdict);
	enum nearness really_was = nearness(in_force(old, nold)), really_is = nearness(in_force(new, nnew));
	if (is > was)
		return is == NEAR_STOPPED ? CHANGE_BLOCKED : CHANGE_MAY_BE_BLOCKED;
	if (really_is > really_was)
		return is == was && is == NEAR_STOPPED && really_is == is ? CHANGE_ENFORCED : CHANGE_MAY_BE_BLOCKED;
	if (is < was)
		return is == NEAR_ALLOWED ? CHANGE_UNBLOCKED : CHANGE_MAY_PASS;
	if (really_is < really_was)
		return CHANGE_MONITORED;
	if (is == NEAR_STOPPED)
		return a.verdict != b.verdict || a.effect != b.effect || a.error != b.error || a.signal != b.signal
			? CHANGE_EFFECT : CHANGE_NONE;
	return a.verdict != b.verdict ? CHANGE_REPORTED : CHANGE_NONE;
}

/* ---- groups ---- */

struct diff_index {
	struct map *groups, *events;
	struct { uint32_t *v; size_t n, cap; } at;   /* by event: its place in its group */
	struct buf scratch, workload, key, words, policy, hook;
};

struct diff_result *diff_result_new(void)
{
	struct diff_result *r = xcalloc(1, sizeof(*r));
	struct diff_index *x = xcalloc(1, sizeof(*x));
	r->arena = arena_new();
	x->groups = map_new();
	x->events = map_new();
	r->index = x;
	return r;
}

void diff_result_free(struct diff_result *r)
{
	if (!r)
		return;
	struct diff_index *x = r->index;
	for (size_t i = 0; i < r->groups.n; i++)
		free(r->groups.v[i].events.v);
	free(r->groups.v);
	map_free(x->groups);
	map_free(x->events);
	free(x->at.v);
	struct buf *bufs[] = {&x->scratch, &x->workload, &x->key, &x->words, &x->policy, &x->hook};
	for (size_t i = 0; i < ARRAY_SIZE(bufs); i++)
		buf_done(bufs[i]);
	free(x);
	arena_free(r->arena);
	free(r);
}

struct found {
	enum diff_change change;
	struct diff_side old, new;
	const struct policy_set *set;         /* of the rule */
	const struct judgement *rule;         /* NULL = none */
	bool by_old;
};

static void key_part(struct buf *b, struct str s)
{
	buf_str(b, s);
	buf_putc(b, '\0');
}

/* What F says of EV, as a group that owns nothing. */
static struct diff_group describe(struct diff_index *x, const struct found *f, const struct event *ev)
{
	struct workload w;
	struct instance inst;
	buf_clear(&x->scratch);
	buf_clear(&x->workload);
	buf_clear(&x->policy);
	buf_clear(&x->hook);
	workload_of_event(ev, &x->scratch, &w, &inst);
	workload_print(&x->workload, &w);
	if (f->rule)
		judge_words(f->set, f->rule->policy, f->rule->hook, &x->policy, &x->hook);
	return (struct diff_group){
		.change = f->change, .workload = buf_view(&x->workload), .by_old = f->by_old, .policy = buf_view(&x->policy),
		.hook = buf_view(&x->hook), .why = str_from(f->rule && f->rule->why ? f->rule->why : ""),
		.selector = f->rule ? f->rule->selector : -1, .image = f->rule && f->rule->policy >= f->set->npolicies};
}

/* The number of the group that is like G; its events are others'. */
static uint32_t group_of(struct diff_result *r, const struct diff_group *g)
{
	struct diff_index *x = r->index;
	bool fresh;
	buf_clear(&x->key);
	buf_putc(&x->key, (char)g->change);
	key_part(&x->key, g->workload);
	key_part(&x->key, g->policy);
	key_part(&x->key, g->hook);
	buf_printf(&x->key, "%d ", g->selector);
	key_part(&x->key, g->why);
	uint32_t i = map_add(x->groups, buf_view(&x->key), &fresh);
	if (!fresh)
		return i;
	struct diff_group *own = VEC_PUSH(&r->groups);
	*own = (struct diff_group){.change = g->change, .by_old = g->by_old, .selector = g->selector, .image = g->image};
	own->workload = arena_str(r->arena, g->workload);
	own->policy = arena_str(r->arena, g->policy);
	own->hook = arena_str(r->arena, g->hook);
	own->why = arena_str(r->arena, g->why);
	return i;
}

static void side_key(struct buf *b, const struct diff_side *s)
{
	buf_printf(b, "%d %d %d %d %u ", s->verdict, s->effect, s->monitor, s->error, s->signal);
}

/* E, whose strings are borrowed, EVENT.count times. */
static void add_event(struct diff_result *r, const struct diff_group *like, const struct diff_event *e)
{
	struct diff_index *x = r->index;
	uint32_t group = group_of(r, like);
	bool fresh;
	buf_clear(&x->key);
	buf_printf(&x->key, "%u ", group);
	side_key(&x->key, &e->old);
	side_key(&x->key, &e->new);
	buf_str(&x->key, e->words);
	uint32_t number = map_add(x->events, buf_view(&x->key), &fresh);
	struct diff_group *g = &r->groups.v[group];
	if (fresh) {
		*(uint32_t *)VEC_PUSH(&x->at) = (uint32_t)g->events.n;
		struct diff_event *own = VEC_PUSH(&g->events);
		*own = *e;
		own->words = arena_str(r->arena, e->words);
		own->source = arena_str(r->arena, e->source);
		own->detail = arena_str(r->arena, e->detail);
		own->count = 0;
		memset(own->breaks, 0, sizeof(own->breaks));
	}
	g->events.v[x->at.v[number]].count += e->count;
	g->count += e->count;
	for (int i = 0; i < DIFF_BREAKS; i++) {
		g->events.v[x->at.v[number]].breaks[i] += e->breaks[i];
		r->breaks[i] += e->breaks[i];
	}
	r->changes[like->change] += e->count;
}

void diff_result_add(struct diff_result *into, const struct diff_result *from)
{
	for (size_t i = 0; i < from->groups.n; i++)
		for (size_t k = 0; k < from->groups.v[i].events.n; k++)
			add_event(into, &from->groups.v[i], &from->groups.v[i].events.v[k]);
	into->events += from->events;
	into->stopped |= from->stopped;
}

/* ---- the pass ---- */

static void compare(struct diff_result *r, const struct policy_set *const sets[2], const struct event *ev,
		    const struct judgement *const j[2], const size_t n[2])
{
	struct found f = {.change = CHANGE_NONE};
	f.change = diff_change(j[0], n[0], j[1], n[1], &f.old, &f.new);
	r->events += ev->count ? ev->count : 1;
	if (f.change == CHANGE_NONE)
		return;
	f.by_old = f.change == CHANGE_UNBLOCKED || f.change == CHANGE_MAY_PASS ||
		   (f.change == CHANGE_REPORTED && f.new.verdict == VERDICT_ALLOW);
	f.set = sets[!f.by_old];
	f.rule = deciding(j[!f.by_old], n[!f.by_old]);
	struct diff_group like = describe(r->index, &f, ev);
	buf_clear(&r->index->words);
	event_words(ev, &r->index->words);
	struct diff_event e = {
		.words = buf_view(&r->index->words), .source = ev->source, .detail = f.rule ? f.rule->detail : (struct str){NULL, 0},
		.line = ev->line, .count = ev->count ? ev->count : 1, .old = f.old, .new = f.new};
	bool was = verdict_stops(f.old.verdict), is = verdict_stops(f.new.verdict);
	e.breaks[DIFF_ADMITS_MUST_DENY] = ev->expect == EXPECT_DENY && was && !is ? e.count : 0;
	e.breaks[DIFF_STOPS_MUST_ALLOW] = ev->expect == EXPECT_ALLOW && !was && is ? e.count : 0;
	add_event(r, &like, &e);
}

static void judge_both(struct diff_result *r, struct judges *const both[2], const struct policy_set *const sets[2], const struct event *ev)
{
	const struct judgement *j[2];
	size_t n[2];
	for (int i = 0; i < 2; i++)
		n[i] = judges_ask(both[i], ev, DETAIL_NOT_PASSED, &j[i]);
	compare(r, sets, ev, j, n);
}

/* What waited for lines that did not come: it depends on the stream alone, so both have the same. */
static void judge_rest(struct diff_result *r, struct judges *const both[2], const struct policy_set *const sets[2])
{
	const struct judgement *j[2];
	const struct event *ev = NULL;
	size_t n[2];
	do {
		for (int i = 0; i < 2; i++)
			n[i] = judges_rest(both[i], DETAIL_NOT_PASSED, &ev, &j[i]);
		if (ev)
			compare(r, sets, ev, j, n);
	} while (ev);
}

int diff_feed(struct diff_result *r, const struct policy_set *old, const struct policy_set *new, const struct judge_options *o,
	      const struct feed_name *name, const volatile sig_atomic_t *stop, struct diag *d)
{
	const struct policy_set *sets[2] = {old, new};
	CLEANUP(judges_free) struct judges *a = judges_new(old, o, name, 0, 1);
	CLEANUP(judges_free) struct judges *b = judges_new(new, o, name, 0, 1);
	struct judges *both[2] = {a, b};
	CLEANUP(feed_close) struct feed *feed = NULL;
	int err = feed_open(name, d, &feed);
	if (err)
		return err;
	judges_look_ahead(both, 2, name);
	struct event ev;
	while (!*stop && ((err = feed_next(feed, &ev)) > 0 || err == -EAGAIN))
		if (err > 0)
			judge_both(r, both, sets, &ev);
	if (!*stop && !err)
		judge_rest(r, both, sets);
	r->stopped |= *stop != 0;
	return *stop ? 0 : feed_end(feed, err, d);
}

static int cmp_group(const void *x, const void *y)
{
	const struct diff_group *a = x, *b = y;
	if (a->change != b->change)
		return a->change < b->change ? -1 : 1;
	int c = str_cmp(a->workload, b->workload);
	c = c ? c : str_cmp(a->policy, b->policy);
	c = c ? c : str_cmp(a->hook, b->hook);
	if (c || a->selector != b->selector)
		return c ? c : a->selector < b->selector ? -1 : 1;
	return str_cmp(a->why, b->why);
}

void diff_sort(struct diff_result *r)
{
	if (r->groups.n)
		qsort(r->groups.v, r->groups.n, sizeof(*r->groups.v), cmp_group);
}

bool diff_breaks(const struct diff_result *r)
{
	static const bool breaks[] = {
#define CHANGE(symbol, name, breaks, title) breaks,
		DIFF_CHANGES(CHANGE)
#undef CHANGE
	};
	for (size_t i = 0; i < CHANGE_COUNT; i++)
		if (breaks[i] && r->changes[i])
			return true;
	return false;
}
