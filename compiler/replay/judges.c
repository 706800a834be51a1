/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A share is every SHARES-th policy, so that costly neighbours part. What posts of namespace or capability changes do to the
 * process model is seen by other policies that look for changes: those stay together, in the first share.
 *
 * An image is loaded for one workload's cgroups and asked only about that one's events: images are filed by workload, so
 * that an event costs the same for one image and for a thousand.
 */
#include "compiler/replay/judges.h"

#include "schema/base/map.h"
#include "schema/workload.h"

enum { POLICIES_PER_SHARE = 32 };   /* fewer are judged in less time than reading the events takes */

struct judges {
	const struct policy_set *set;
	enum target_backend backend;
	struct engine *engine;
	struct policy **policies;         /* the share's */
	size_t *numbers;                  /* their numbers in the set */
	size_t npolicies;
	struct map *workloads;            /* written form -> images, as lists through next[] */
	struct { size_t *v; size_t n, cap; } first;
	size_t *next;                     /* by image; SIZE_MAX ends */
	size_t nimages;                   /* of the share */
	struct { struct judgement *v; size_t n, cap; } out;
	struct { size_t *v; size_t n, cap; } ends;   /* of the words of each, while words grows */
	struct buf words, scratch, form;
};

static bool macro_seeks_changes(const struct policy *p)
{
	for (size_t i = 0; i < p->nmacros; i++)
		if (p->macros[i].selector.nnamespace_changes || p->macros[i].selector.ncapability_changes)
			return true;
	return false;
}

static bool seeks_changes(const struct policy *p)
{
	for (size_t h = 0; h < p->nhooks; h++)
		for (size_t s = 0; s < p->hooks[h].nselectors; s++)
			if (p->hooks[h].selectors[s].nnamespace_changes || p->hooks[h].selectors[s].ncapability_changes)
				return true;
	return macro_seeks_changes(p);
}

static void take_policies(struct judges *j, unsigned number, unsigned shares)
{
	j->policies = xcalloc(j->set->npolicies + 1, sizeof(*j->policies));
	j->numbers = xcalloc(j->set->npolicies + 1, sizeof(*j->numbers));
	for (size_t i = 0; i < j->set->npolicies; i++) {
		if (policy_set_refused(j->set, i))
			continue;
		unsigned whose = shares > 1 && !seeks_changes(j->set->policies[i]) ? (unsigned)(i % shares) : 0;
		if (whose != number)
			continue;
		j->numbers[j->npolicies] = i;
		j->policies[j->npolicies++] = j->set->policies[i];
	}
}

static void take_images(struct judges *j, unsigned number, unsigned shares)
{
	j->workloads = map_new();
	j->next = xcalloc(j->set->nimages + 1, sizeof(*j->next));
	for (size_t i = j->set->nimages; i-- > 0;) {
		if (i % shares != number)
			continue;
		uint32_t w = map_add(j->workloads, j->set->images[i]->workload, NULL);
		while (j->first.n <= w)
			*(size_t *)VEC_PUSH(&j->first) = SIZE_MAX;
		j->next[i] = j->first.v[w];
		j->first.v[w] = i;
		j->nimages++;
	}
}

struct judges *judges_new(const struct policy_set *set, const struct judge_options *o, const struct feed_name *feed, unsigned number,
			  unsigned shares)
{
	struct judges *j = xcalloc(1, sizeof(*j));
	j->set = set;
	j->backend = o->target->backend;
	take_policies(j, number, shares);
	take_images(j, number, shares);
	j->engine = engine_new(j->policies, j->npolicies, o->target);
	engine_presume_paths(j->engine, o->presume_paths);
	if (o->assume)
		engine_assume(j->engine);
	if (o->values)
		engine_count_values(j->engine);
	if (feed->recorders)
		engine_recorders(j->engine, feed->recorders->policies, feed->recorders->npolicies);
	for (size_t i = 0; i < o->ncompat; i++)
		engine_compat(j->engine, str_from(strcmp(o->compat[i], "none") ? o->compat[i] : ""));
	return j;
}

void judges_free(struct judges *j)
{
	if (!j)
		return;
	engine_free(j->engine);
	free(j->policies);
	free(j->numbers);
	map_free(j->workloads);
	free(j->first.v);
	free(j->next);
	free(j->out.v);
	free(j->ends.v);
	buf_done(&j->words);
	buf_done(&j->scratch);
	buf_done(&j->form);
	free(j);
}

unsigned judges_shares(const struct policy_set *set, unsigned wanted)
{
	size_t most = MAX(set->npolicies / POLICIES_PER_SHARE, 1u);
	return (unsigned)MIN((size_t)MAX(wanted, 1u), most);
}

/* ---- images ---- */

/* The image's word, or none. */
static void ask_image(struct judges *j, size_t number, const struct event *ev, bool certain)
{
	struct image_verdict v = image_judge_by(j->set->images[number], ev, j->backend);
	if (!v.judged)
		return;
	bool stops = v.verdict == VERDICT_DENY || v.verdict == VERDICT_KILL;
	struct judgement *ret = VEC_PUSH(&j->out);
	*ret = (struct judgement){.policy = j->set->npolicies + number, .selector = v.rule ? (int)v.rule : -1,
				  .verdict = v.verdict, .effect = stops ? v.effect : EFFECT_HAPPENED,
				  .error = v.verdict == VERDICT_DENY ? -EPERM : 0, .why = v.why,
				  .monitor = !image_settings_of(j->set->images[number])->enforce};
	if (!certain)
		*ret = (struct judgement){.policy = ret->policy, .selector = -1, .verdict = VERDICT_UNKNOWN, .monitor = ret->monitor,
					  .why = "the container of this process is not resolved to a pod"};
}

static void ask_images_of(struct judges *j, struct str workload, const struct event *ev)
{
	uint32_t w = map_find(j->workloads, workload);
	for (size_t i = w == MAP_NONE ? SIZE_MAX : j->first.v[w]; i != SIZE_MAX; i = j->next[i])
		ask_image(j, i, ev, true);
}

/*
 * An allowlist without a container covers every container of its workload. A pod known by its cgroup only may be one of any
 * workload's in the cluster, but not the one that an image for such a pod names.
 */
static void ask_images(struct judges *j, const struct event *ev)
{
	struct workload w;
	struct instance inst;
	buf_clear(&j->scratch);
	workload_of_event(ev, &j->scratch, &w, &inst);
	buf_clear(&j->form);
	workload_print(&j->form, &w);
	ask_images_of(j, buf_view(&j->form), ev);
	if (w.container.n) {
		w.container = (struct str){NULL, 0};
		buf_clear(&j->form);
		workload_print(&j->form, &w);
		ask_images_of(j, buf_view(&j->form), ev);
	}
	if (!str_eq(w.namespace, STR("unknown")))
		return;
	for (uint32_t i = 0; i < map_size(j->workloads); i++) {
		struct str key = map_key(j->workloads, i);
		bool other = str_starts(key, STR("host/")) || str_starts(key, STR("unknown/"));
		for (size_t k = j->first.v[i]; k != SIZE_MAX && !other; k = j->next[k])
			ask_image(j, k, ev, false);
	}
}

/* ---- both ---- */

static int cmp_judgement(const void *x, const void *y)
{
	const struct judgement *a = x, *b = y;
	if (a->policy != b->policy)
		return a->policy < b->policy ? -1 : 1;
	return (a->hook > b->hook) - (a->hook < b->hook);
}

void judgements_sort(struct judgement *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (cmp_judgement(&v[i - 1], &v[i]) > 0) {
			qsort(v, n, sizeof(*v), cmp_judgement);
			return;
		}
}

static void take(struct judges *j, const struct judgement *v, size_t n, enum judge_detail detail)
{
	j->out.n = 0;
	buf_clear(&j->words);
	j->ends.n = 0;
	for (size_t i = 0; i < n; i++) {
		if (detail == DETAIL_ALL || (detail == DETAIL_NOT_PASSED && v[i].verdict >= VERDICT_UNKNOWN))
			engine_explain(j->engine, &v[i], &j->words);
		*(size_t *)VEC_PUSH(&j->ends) = j->words.n;
	}
	for (size_t i = 0; i < n; i++) {
		size_t from = i ? j->ends.v[i - 1] : 0;
		struct judgement *out = VEC_PUSH(&j->out);
		*out = v[i];
		out->policy = j->numbers[v[i].policy];
		if (j->ends.v[i] > from)
			out->detail = (struct str){j->words.p + from, j->ends.v[i] - from};
	}
}

size_t judges_ask(struct judges *j, const struct event *ev, enum judge_detail detail, const struct judgement **ret)
{
	const struct judgement *v;
	size_t n = engine_judge(j->engine, ev, &v);
	take(j, v, n, detail);
	if (j->nimages)
		ask_images(j, ev);
	judgements_sort(j->out.v, j->out.n);
	*ret = j->out.v;
	return j->out.n;
}

size_t judges_rest(struct judges *j, enum judge_detail detail, const struct event **ev, const struct judgement **ret)
{
	const struct judgement *v = NULL;
	size_t n = 0;
	if (!engine_rest(j->engine, ev, &v, &n))
		*ev = NULL;
	take(j, v, n, detail);
	judgements_sort(j->out.v, j->out.n);
	*ret = j->out.v;
	return j->out.n;
}

struct many {
	struct judges *const *v;
	size_t n;
};

static void records(void *arg, const struct event *ev)
{
	const struct many *m = arg;
	for (size_t i = 0; i < m->n; i++)
		engine_records(m->v[i]->engine, ev);
}

bool judges_look_ahead(struct judges *const *judges, size_t n, const struct feed_name *feed)
{
	if (!feed_ahead(feed, records, &(struct many){judges, n}))
		return false;
	for (size_t i = 0; i < n; i++)
		engine_records_end(judges[i]->engine);
	return true;
}

void judges_explain(const struct judges *judges, const struct judgement *j, struct buf *b)
{
	struct judgement own = *j;
	for (size_t i = 0; i < judges->npolicies; i++) {
		if (judges->numbers[i] != j->policy)
			continue;
		own.policy = i;
		engine_explain(judges->engine, &own, b);
		break;
	}
}

struct renumber {
	const struct judges *j;
	void (*fn)(void *arg, size_t policy, size_t hook);
	void *arg;
};

static void unrecorded(void *arg, size_t policy, size_t hook)
{
	const struct renumber *r = arg;
	r->fn(r->arg, r->j->numbers[policy], hook);
}

void judges_unrecorded(const struct judges *j, void (*fn)(void *arg, size_t policy, size_t hook), void *arg)
{
	engine_unrecorded(j->engine, unrecorded, &(struct renumber){j, fn, arg});
}

void judges_values(const struct judges *j, void (*fn)(void *arg, const struct strs *list, size_t i, bool used), void *arg)
{
	engine_values(j->engine, fn, arg);
}

void judges_trace(struct judges *j, struct arena *arena, struct trace *ret)
{
	engine_trace(j->engine, arena, ret);
	for (size_t i = 0; i < ret->n; i++)
		ret->v[i].policy = j->numbers[ret->v[i].policy];
}
