/* SPDX-License-Identifier: GPL-2.0-only */
/* One pass over a source: judge, tally, hold expectations. Totals are sums, so tallies merge in any order. */
#include "compiler/replay.h"

#include "compiler/image_eval.h"
#include "schema/workload.h"

static uint64_t *tally_fields(struct tally *t, size_t *n)
{
	_Static_assert(sizeof(*t) % sizeof(uint64_t) == 0, "a tally is counters only");
	*n = sizeof(*t) / sizeof(uint64_t);
	return (uint64_t *)t;
}

void tally_add(struct tally *into, const struct tally *from)
{
	struct tally copy = *from;
	size_t n;
	uint64_t *a = tally_fields(into, &n), *b = tally_fields(&copy, &n);
	for (size_t i = 0; i < n; i++)
		a[i] += b[i];
}

bool verdict_stops(enum verdict v)
{
	return v == VERDICT_DENY || v == VERDICT_KILL;
}

/* Does what became of the event break what the corpus says must become of it? */
static bool hold(const struct event *ev, enum verdict worst, struct tally *t)
{
	bool broken = false;
	switch (ev->expect) {
	case EXPECT_NONE:
		break;
	case EXPECT_ALLOW:
		broken = verdict_stops(worst);
		t->must_allow++;
		t->must_allow_broken += broken;
		break;
	case EXPECT_DENY:
		/* Unknown is not a denial: uncertainty never counts for the policy. */
		broken = !verdict_stops(worst);
		t->must_deny++;
		t->must_deny_broken += broken;
		break;
	}
	return broken;
}

/* Prevented if any of the stopping judgements prevents: a denied call does not run on, whoever else kills. */
static bool prevented(const struct judgement *j, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (verdict_stops(j[i].verdict) && j[i].effect == EFFECT_PREVENTED)
			return true;
	return false;
}

bool replay_event(const struct event *ev, const struct judgement *j, size_t n, struct tally *t)
{
	enum verdict worst = judgements_worst(j, n);
	uint64_t count = ev->count ? ev->count : 1;
	t->events += count;
	t->verdicts[worst] += count;
	if (verdict_stops(worst)) {
		if (prevented(j, n))
			t->prevented += count;
		else
			t->happened += count;
	}
	return hold(ev, worst, t);
}

enum covers { COVERS_NO, COVERS_MAYBE, COVERS_YES };

/*
 * An image is loaded for one workload's cgroups, so it judges only that one's events. An allowlist without a container covers every
 * container of its workload.
 * A pod known by its cgroup only may be one of the workload's.
 */
static enum covers image_covers(const struct image *image, const struct event *ev, struct buf *scratch)
{
	struct workload w;
	struct instance inst;
	workload_of(&ev->process, ev->node, scratch, &w, &inst);
	CLEANUP_BUF struct buf form = BUF_INIT;
	workload_print(&form, &w);
	if (str_eq(buf_view(&form), image->workload))
		return COVERS_YES;
	w.container = (struct str){NULL, 0};
	buf_clear(&form);
	workload_print(&form, &w);
	if (str_eq(buf_view(&form), image->workload))
		return COVERS_YES;
	return str_eq(w.namespace, STR("unknown")) && !str_starts(image->workload, STR("host/")) ? COVERS_MAYBE : COVERS_NO;
}

/* The image's word as a judgement: it denies in the kernel before the operation, or says nothing. */
static bool judge_image(const struct image *image, size_t policy, const struct event *ev,
			struct judgement *ret)
{
	struct image_verdict v = image_judge(image, ev);
	if (!v.judged)
		return false;
	*ret = (struct judgement){.policy = policy,
				  .selector = v.rule ? (int)v.rule : -1,
				  .verdict = v.verdict,
				  .effect = verdict_stops(v.verdict) ? EFFECT_PREVENTED : EFFECT_HAPPENED,
				  .error = verdict_stops(v.verdict) ? -EPERM : 0,
				  .why = v.why};
	return true;
}

struct judgements {
	struct judgement *v;
	size_t n, cap;
};

static void judge_all(struct engine *e, size_t npolicies, struct image *const *images, size_t nimages,
		      const struct event *ev, struct buf *scratch, struct judgements *all)
{
	const struct judgement *j;
	size_t n = engine_judge(e, ev, &j);
	all->n = 0;
	for (size_t i = 0; i < n; i++)
		*VEC_PUSH(all) = j[i];
	for (size_t i = 0; i < nimages; i++) {
		struct judgement mine;
		enum covers covers = image_covers(images[i], ev, scratch);
		if (covers == COVERS_NO || !judge_image(images[i], npolicies + i, ev, &mine))
			continue;
		if (covers == COVERS_MAYBE)
			mine = (struct judgement){.policy = mine.policy, .selector = -1, .verdict = VERDICT_UNKNOWN,
						  .why = "the container of this process is not resolved to a pod"};
		*VEC_PUSH(all) = mine;
	}
}

int replay_run_images(struct engine *e, size_t npolicies, struct image *const *images, size_t nimages,
		      struct source *source, const struct replay_handler *handler,
		      struct tally *tally)
{
	struct judgements all = {NULL, 0, 0};
	CLEANUP_BUF struct buf scratch = BUF_INIT;
	struct event ev;
	int err;
	while ((err = source_next(source, &ev)) > 0) {
		judge_all(e, npolicies, images, nimages, &ev, &scratch, &all);
		bool broken = replay_event(&ev, all.v, all.n, tally);
		int stop = handler ? handler->event(handler->arg, &ev, all.v, all.n, broken) : 0;
		if (stop) {
			err = stop;
			break;
		}
	}
	free(all.v);
	return err;
}

int replay_run(struct engine *e, struct source *source, const struct replay_handler *handler,
	       struct tally *tally)
{
	struct event ev;
	int err;
	while ((err = source_next(source, &ev)) > 0) {
		const struct judgement *j;
		size_t n = engine_judge(e, &ev, &j);
		bool broken = replay_event(&ev, j, n, tally);
		int stop = handler ? handler->event(handler->arg, &ev, j, n, broken) : 0;
		if (stop)
			return stop;
	}
	return err;
}
