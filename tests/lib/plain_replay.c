/* SPDX-License-Identifier: GPL-2.0-only */
/* One engine, one source, no threads, nothing read ahead. */
#include "tests/lib/plain_replay.h"

#include "schema/event_words.h"
#include "schema/ndjson.h"
#include "schema/workload.h"

static const char *text_of(struct arena *arena, const struct buf *b)
{
	return arena_printf(arena, STR_FMT, STR_ARG(buf_view(b)));
}

static bool is_after(const struct judgement *a, const struct judgement *b)
{
	return a->policy != b->policy ? a->policy > b->policy : a->hook > b->hook;
}

static void add_fate(struct arena *arena, struct fates *f, const struct event *ev, const struct judgement *j, size_t n)
{
	CLEANUP_BUF struct buf words = BUF_INIT, workload = BUF_INIT, scratch = BUF_INIT;
	struct workload of;
	struct instance instance;
	event_words(ev, &words);
	workload_of(&ev->process, ev->node, &scratch, &of, &instance);
	workload_print(&workload, &of);
	struct fate *fate = VEC_PUSH(f);
	*fate = (struct fate){.line = ev->line, .count = ev->count ? ev->count : 1, .source = arena_printf(arena, STR_FMT, STR_ARG(ev->source)),
			      .words = text_of(arena, &words), .workload = text_of(arena, &workload), .n = n};
	fate->j = arena_alloc(arena, (n + 1) * sizeof(*j));
	for (size_t i = 0; i < n; i++) {
		size_t at = i;
		for (; at > 0 && is_after(&fate->j[at - 1], &j[i]); at--)
			fate->j[at] = fate->j[at - 1];
		fate->j[at] = j[i];
		fate->j[at].why = arena_printf(arena, "%s", j[i].why ? j[i].why : "");
	}
}

void plain_replay(const struct plain_options *o, const struct policy_set *set, const struct feed_name *feed, struct fates *ret)
{
	CLEANUP(engine_free) struct engine *e = engine_new(set->policies, set->npolicies, o->target);
	CLEANUP(source_close) struct source *source = ndjson_open_bytes(feed->file, feed->text, NULL);
	engine_presume_paths(e, o->presume_paths);
	struct event ev;
	const struct event *rest = NULL;
	const struct judgement *j;
	size_t n;
	while (source_next(source, &ev) > 0) {
		n = engine_judge(e, &ev, &j);
		add_fate(o->arena, ret, &ev, j, n);
	}
	while (engine_rest(e, &rest, &j, &n))
		add_fate(o->arena, ret, rest, j, n);
}

enum verdict plain_verdict(const struct plain_options *o, const struct policy_set *set, const struct feed_name *feed, uint64_t line)
{
	struct fates f = {NULL, 0, 0};
	enum verdict worst = VERDICT_ALLOW;
	plain_replay(o, set, feed, &f);
	for (size_t i = 0; i < f.n; i++)
		if (f.v[i].line == line)
			worst = MAX(worst, judgements_worst(f.v[i].j, f.v[i].n));
	free(f.v);
	return worst;
}

static bool decides_before(const struct judgement *a, const struct judgement *b)
{
	bool x = a->effect == EFFECT_PREVENTED, y = b->effect == EFFECT_PREVENTED;
	if (a->verdict != b->verdict)
		return a->verdict > b->verdict;
	if (x != y)
		return x;
	return is_after(b, a);
}

const struct judgement *fate_worst(const struct fate *f)
{
	const struct judgement *best = NULL;
	for (size_t i = 0; i < f->n; i++)
		best = !best || decides_before(&f->j[i], best) ? &f->j[i] : best;
	return best;
}

enum verdict fate_in_force(const struct fate *f)
{
	enum verdict v = VERDICT_ALLOW;
	for (size_t i = 0; i < f->n; i++)
		v = f->j[i].monitor ? v : MAX(v, f->j[i].verdict);
	return v;
}
