/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine: an event becomes hits, each hit is put to the hooks at its site, each hook's selectors are
 * tried in order. Where the stream does not tell whether a selector matches, the verdicts of both ways are compared: only
 * when they differ is the verdict unknown.
 */
#include "compiler/eval/eval_hit.h"

struct engine *engine_new(struct policy *const *policies, size_t n, const struct target *target)
{
	struct engine *e = xcalloc(1, sizeof(*e));
	e->policies = policies;
	e->npolicies = n;
	e->target = *target;
	e->arena = arena_new();
	e->processes = processes_new();
	e->places = map_new();
	e->seen_keys = map_new();
	e->names = map_new();
	e->named = map_new();
	e->key = &e->key_room;
	e->assuming = &e->assuming_room;
	e->compat = map_new();
	e->listed = map_new();
	eval_compile(e);
	return e;
}

void engine_free(struct engine *e)
{
	if (!e)
		return;
	eval_forms_free(e);
	free(e->judged.v);
	processes_free(e->processes);
	eval_forget_places(e);
	map_free(e->places);
	processes_free(e->ahead);
	map_free(e->seen_keys);
	map_free(e->names);
	map_free(e->named);
	free(e->name_is.v);
	free(e->silent.v);
	eval_folders_free(e);
	map_free(e->compat);
	map_free(e->listed);
	free(e->listed_args.v);
	free(e->seen.v);
	free(e->answers.v);
	free(e->reach.v);
	free(e->workloads.v);
	free(e->out.v);
	eval_waits_free(e);
	free(e->notices.v);
	free(e->hits.v);
	buf_done(&e->scratch);
	buf_done(&e->key_room);
	arena_free(e->arena);
	free(e);
}

const struct policy_refusal *engine_refused(const struct engine *e, size_t policy)
{
	return e->refused[policy].rule ? &e->refused[policy] : NULL;
}

/* ---- one hook ---- */

static enum tri and_then(enum tri sofar, enum tri next)
{
	return sofar == TRI_NO || next == TRI_NO ? TRI_NO : sofar == TRI_UNKNOWN ? sofar : next;
}

enum tri eval_selector(const struct engine *e, const struct compiled_selector *s, const struct hit *h, const char **why)
{
	enum tri r = TRI_YES;
	const char *reason = NULL;
	*why = NULL;
	if (s->never)
		return TRI_NO;
	if (s->nworkloads)
		r = eval_workloads(e, s);
	if (r == TRI_UNKNOWN)
		*why = e->target.kubernetes ? "the container of this process is not resolved to a pod"
					     : "matchWorkloads: an agent outside Kubernetes knows no pods, and what it does then is not told";
	if (r != TRI_NO) {
		r = and_then(r, eval_process(e, s, h, &reason));
		*why = *why ? *why : reason;
	}
	for (size_t i = 0; i < s->ntests && r != TRI_NO; i++) {
		enum tri t = eval_test(&s->tests[i], h, &reason);
		if (t == TRI_UNKNOWN && !*why)
			*why = reason;
		r = and_then(r, t);
	}
	if (r != TRI_NO && s->unknown) {
		*why = *why ? *why : s->unknown;
		r = TRI_UNKNOWN;
	}
	return r;
}

static const struct verdict_form no_match = {.verdict = VERDICT_ALLOW, .why = "no selector matches"};
static const struct verdict_form posts = {.verdict = VERDICT_POST, .why = "a hook without selectors posts everything"};

/* What the selectors come to: the first that surely matches, and those before it that may. */
struct choice {
	const struct verdict_form *sure, *possible;
	int selector;             /* the first of them; -1 = none */
	bool differ;              /* those that may match do not all come to the same */
	bool posting_differs;     /* ... or only some of them post */
	bool may_post, may_not;   /* of all that may decide: some do, some do not */
	const char *unsure;       /* why it is not told whether the first of those matches */
	const struct compiled_selector *matched;
	const struct verdict_form *speaks;   /* one of them that speaks to the enforcer: to notify it, if any does */
};

/* The first selector that matches decides. */
static struct choice choose(const struct engine *e, const struct compiled_hook *hook, const struct hit *h)
{
	struct choice c = {.sure = hook->nselectors ? &no_match : &posts, .selector = -1};
	for (size_t i = 0; i < hook->nselectors; i++) {
		const struct compiled_selector *s = &hook->selectors[i];
		const char *why;
		enum tri t = eval_selector(e, s, h, &why);
		if (t == TRI_NO)
			continue;
		if (!c.possible)
			c.selector = (int)i;
		if ((s->outcome.notifies || s->outcome.forgets) && !(c.speaks && c.speaks->notifies))
			c.speaks = &s->outcome;
		c.may_post |= s->outcome.posts;
		c.may_not |= !s->outcome.posts;
		if (t == TRI_YES) {
			c.sure = &s->outcome;
			c.matched = s;
			return c;
		}
		if (!c.possible)
			c.unsure = why;
		else if (!eval_same_fate(c.possible, &s->outcome))
			c.differ = true;
		else
			c.posting_differs |= c.possible->verdict != s->outcome.verdict;
		c.possible = c.possible ? c.possible : &s->outcome;
	}
	return c;
}

static bool is_open(const struct choice *c)
{
	return c->possible && (c->differ || !eval_same_fate(c->possible, c->sure));
}

/* What another line is judged by later cannot rest on what is taken for granted: it would not say so. */
static bool reaches_further(const struct choice *c)
{
	return c->speaks || (c->matched && (c->matched->namespace_changes || c->matched->capability_changes));
}

/* What is taken for granted counts only where nothing is told without it, and is then in *ret_assumes. */
static struct choice choose_assuming(struct engine *e, const struct compiled_hook *hook, const struct hit *h, const char **ret_assumes)
{
	if (!e->assumed.n)
		return choose(e, hook, h);
	*e->assuming = (struct assuming){.on = false};
	struct choice told = choose(e, hook, h);
	if (!e->assuming->what || !is_open(&told) || reaches_further(&told))
		return told;
	*e->assuming = (struct assuming){.on = true};
	struct choice granted = choose(e, hook, h);
	e->assuming->on = false;
	if (e->assuming->several || is_open(&granted) || reaches_further(&granted))
		return told;
	*ret_assumes = e->assuming->what->words;
	return granted;
}

static void not_told(struct judgement *j, const char *why)
{
	j->assumes = NULL;
	j->verdict = VERDICT_UNKNOWN;
	j->why = why;
	j->selector = -1;
}

/* What the enforcer is told: for sure only where all that may come to pass say the same, and SURE, that the hook is passed at all. */
static void tell_enforcer(struct engine *e, const struct compiled_hook *hook, const struct hit *h, const struct choice *c,
			  const struct verdict_form *f, bool sure, struct judgement *j)
{
	sure = sure && f && !h->earlier && !(c->possible && c->possible->forgets != c->sure->forgets);
	if (c->speaks && !sure)
		eval_doubt_notice(e, hook, c->speaks, h);
	else if (sure && (f->notifies || f->forgets))
		eval_notice(e, hook, f, h, j);
}

/* The return, by the selector that won; where it is not told which did, none may stop anything. */
static void returned(const struct compiled_hook *hook, const struct hit *h, const struct choice *c, struct judgement *j)
{
	size_t first = (size_t)c->selector, last = first;
	if (c->possible)
		last = c->matched ? (size_t)(c->matched - hook->selectors) : hook->nselectors - 1;
	for (size_t i = first; i <= last; i++) {
		eval_at_return(hook, i, h, j);
		if (!c->possible || (j->verdict == VERDICT_KILL ? j->monitor : j->verdict != VERDICT_UNKNOWN))
			continue;
		not_told(j, c->unsure);
		j->monitor = false;
		return;
	}
}

/*
 * A limited Post is dropped when the agent posted the same within that time; what is the same (the thread, the arguments) lines do not
 * tell for sure. Nothing that matched so lately, and it is posted.
 */
static bool is_limited(const struct engine *e, const struct compiled_selector *s)
{
	uint64_t now = e->known.time_ns, before = *s->last_ns;
	*s->last_ns = MAX(now, before);
	return !now || (before && (now > before ? now - before : before - now) <= s->rate_ns);
}

static enum tri is_posted(const struct choice *c, const struct hit *h, bool sure)
{
	return !c->may_post ? TRI_NO : c->may_not || !c->matched || h->maybe || !sure ? TRI_UNKNOWN : TRI_YES;
}

/* SURE: the policy is for this process. */
static void decide(struct engine *e, const struct compiled_hook *hook, const struct hit *h, bool sure, struct judgement *j)
{
	static const struct verdict_form either = {
		.verdict = VERDICT_ALLOW, .why = "nothing stops it; whether its event is posted is not told"};
	bool limited = false;
	struct choice c = choose_assuming(e, hook, h, &j->assumes);
	if (is_open(&c)) {
		not_told(j, c.unsure);
		tell_enforcer(e, hook, h, &c, NULL, false, j);
		if (hook->changes)
			eval_posted(e, hook, h, is_posted(&c, h, false));
		return;
	}
	if (c.matched && c.matched->rate_ns)
		limited = is_limited(e, c.matched);
	if (hook->changes)
		eval_posted(e, hook, h, is_posted(&c, h, sure && !limited));
	bool same = c.possible && !c.posting_differs && c.possible->verdict == c.sure->verdict;
	const struct verdict_form *f = !c.possible ? c.sure : same ? c.possible : &either;
	f = limited && f->verdict == VERDICT_POST ? &either : f;
	/* Posted or not, the enforcer is told the same. */
	const struct verdict_form *fate = c.possible ? c.possible : c.sure;
	if (h->maybe && eval_stops(fate)) {
		not_told(j, h->maybe);
		tell_enforcer(e, hook, h, &c, NULL, false, j);
		return;
	}
	j->selector = c.selector;
	j->verdict = f->verdict;
	j->why = f->why;
	j->error = f->verdict != VERDICT_DENY ? 0 : h->denied_as ? h->denied_as : f->error;
	j->signal = f->signal;
	if (f->verdict == VERDICT_KILL) {
		j->effect = f->denies ? h->if_denied : h->if_killed;
		j->before_first_instruction = h->new_image && !f->denies;
	} else if (f->verdict == VERDICT_DENY) {
		j->effect = h->if_denied;
	}
	tell_enforcer(e, hook, h, &c, fate, sure, j);
	/* Only monitoring, the entry stops nothing; the return does. A notice may stop another call than this one. */
	bool stopped = f->signal || f->denies || (fate->notified_error && eval_watched(e, hook->policy, h->site));
	if (hook->returns && (!stopped || hook->monitor) && c.selector >= 0)
		returned(hook, h, &c, j);
}

static void judge(struct engine *e, const struct compiled_hook *hook, const struct hit *h, enum tri in)
{
	if (hook->enforcer) {
		struct judgement later;
		if (eval_enforcer(e, hook, h, &later))
			*(struct judgement *)VEC_PUSH(&e->out) = later;
		return;
	}
	struct judgement *j = VEC_PUSH(&e->out);
	j->policy = hook->policy;
	j->hook = hook->hook;
	j->selector = -1;
	j->monitor = hook->monitor;
	decide(e, hook, h, in == TRI_YES, j);
	if (in == TRI_UNKNOWN && j->verdict != VERDICT_ALLOW) {
		const char *why;
		eval_scope(e, hook->policy, &why);
		not_told(j, why);
		j->effect = EFFECT_HAPPENED;
		j->error = 0;
		j->signal = 0;
	}
	/* A script's exec reaches a hook once for each file: the worst counts, the first of equals. */
	uint32_t at = (uint32_t)(j - e->out.v), *before = &e->judged.v[hook->number];
	struct judgement *first = *before < at ? &e->out.v[*before] : j;
	if (first == j || first->policy != j->policy || first->hook != j->hook) {
		*before = at;
		return;
	}
	if (j->verdict > first->verdict)
		*first = *j;
	e->out.n--;
}

/* ---- the interface ---- */

/* What a line tells of images and names, for those before and after it. */
static uint32_t learn(struct engine *e, struct processes *model, const struct event *known)
{
	e->tells_execs |= known->kind == KIND_EXEC;
	uint32_t site = eval_event_site(e, known);
	eval_note_abi(e, site, known);
	eval_note_name(e, site, known, model);
	if (site != SITE_NONE)
		eval_note_line(e, site, known);
	return site;
}

static void end_ahead(struct engine *e)
{
	processes_free(e->ahead);
	e->ahead = NULL;
}

static void judge_hits(struct engine *e, const struct event *known)
{
	for (size_t i = 0; i < e->hits.n; i++) {
		struct hit *h = &e->hits.v[i];
		const struct reach *reach = eval_reach(e, h->site);
		if (reach->n)
			eval_effect(e, known, h);
		for (size_t k = 0; k < reach->n; k++) {
			if (e->counts_values && !reach->v[k].hook->enforcer)
				eval_note_values(e, reach->v[k].hook, h);
			judge(e, reach->v[k].hook, h, reach->v[k].in);
		}
	}
}

size_t engine_judge(struct engine *e, const struct event *ev, const struct judgement **ret)
{
	struct event *known = &e->known;
	copy_bytes(known, ev, sizeof(*known));
	processes_apply(e->processes, known);
	if (e->ahead)
		end_ahead(e);
	uint32_t site = learn(e, e->processes, known);
	eval_note_silent(e, known);
	e->out.n = 0;
	e->hits.n = 0;
	e->place = eval_place(e, &known->process);
	eval_hits(e, known, site, &e->hits);
	judge_hits(e, known);
	if (known->kind == KIND_EXIT)
		eval_forget_thread(e, known->process.pid);
	*ret = e->out.v;
	return e->out.n;
}

bool engine_rest(struct engine *e, const struct event **ev, const struct judgement **ret, size_t *ret_n)
{
	enum waits_for what;
	const struct event *exec = eval_still_waits(e, &what);
	if (!exec)
		return false;
	struct event *known = &e->known;
	copy_bytes(known, exec, sizeof(*known));
	e->out.n = 0;
	e->hits.n = 0;
	e->place = eval_place(e, &known->process);
	eval_late_hits(e, known, what, &e->hits);
	judge_hits(e, known);
	*ev = exec;
	*ret = e->out.v;
	*ret_n = e->out.n;
	return true;
}

void engine_presume_paths(struct engine *e, bool yes)
{
	e->presume_paths = yes;
}

void engine_assume(struct engine *e)
{
	e->assumes = true;
}

void engine_records(struct engine *e, const struct event *ev)
{
	if (!e->ahead)
		e->ahead = processes_new();
	copy_bytes(&e->known, ev, sizeof(e->known));
	processes_apply(e->ahead, &e->known);
	learn(e, e->ahead, &e->known);
}

void engine_records_end(struct engine *e)
{
	e->read_ahead = true;
	if (e->at.v[SITE_SCHED_EXEC].recorded)
		eval_look_at_folders(e);
}

static bool enforces(const struct compiled_hook *hook)
{
	for (size_t i = 0; i < hook->nselectors; i++) {
		const struct compiled_selector *s = &hook->selectors[i];
		if (!s->never && ((!hook->monitor && eval_stops(&s->outcome)) || hook->returns))
			return true;
	}
	return false;
}

/* How much of what passes the site is implied by what the stream tells. */
static enum miss missed_at(const struct engine *e, uint32_t site)
{
	switch (site) {
	case SITE_SYS_EXECVE:
	case SITE_SYS_EXECVEAT:
	case SITE_CREDS_FOR_EXEC:
	case SITE_BPRM_CHECK:
		return MISS_FAILED_EXEC;
	case SITE_CREDS_FROM_FILE:
	case SITE_COMMITTING_CREDS:
	case SITE_COMMITTED_CREDS:
	case SITE_SCHED_EXEC:
	case SITE_SYS_ENTER:
	case SITE_SYS_EXIT:
		return MISS_NOTHING;
	case SITE_INODE_RENAME:
		return e->at.v[SITE_PATH_RENAME].recorded ? MISS_NOTHING : MISS_HOOK;
	default:
		return MISS_HOOK;
	}
}

static bool may_stop(struct engine *e, const struct compiled_hook *hook, const struct hit *h)
{
	const char *why, *assumes;
	/* 32-bit calls enter elsewhere. */
	if (e->at.v[h->site].call && eval_abi(e, &h->record) == ABI_COMPAT)
		return false;
	if (hook->enforcer || !enforces(hook) ||
	    eval_scope(e, hook->policy, &why) == TRI_NO)
		return false;
	struct choice c = choose_assuming(e, hook, h, &assumes);
	return c.selector >= 0 && (eval_stops(c.sure) || (c.possible && eval_stops(c.possible)) || c.differ || hook->returns);
}

enum miss engine_may_miss(struct engine *e, const struct event *ev)
{
	enum miss worst = MISS_NOTHING;
	e->place = eval_place(e, &ev->process);
	struct record self = eval_record(e, &ev->process), caller = self;
	if (ev->kind == KIND_EXEC)
		exec_caller(e, ev, &caller);
	for (uint32_t site = 0; site < e->at.n; site++) {
		const struct site_hooks *at = &e->at.v[site];
		enum miss here = at->n && !at->recorded ? missed_at(e, site) : MISS_NOTHING;
		struct hit h = {.site = site, .record = self}, before = {.site = site, .record = caller};
		for (size_t k = 0; k < at->n && here > MISS_NOTHING; k++) {
			if (may_stop(e, at->v[k], &h))
				worst = MAX(worst, here);
			if (ev->kind == KIND_EXEC && here == MISS_FAILED_EXEC && may_stop(e, at->v[k], &before))
				worst = MAX(worst, MISS_SEARCH);
		}
	}
	return worst;
}

const char *effect_name(enum effect effect)
{
	static const char *const names[] = {"happened", "prevented", "unknown"};
	return names[effect];
}

enum verdict judgements_worst(const struct judgement *j, size_t n)
{
	enum verdict worst = VERDICT_ALLOW;
	for (size_t i = 0; i < n; i++)
		worst = MAX(worst, j[i].verdict);
	return worst;
}

void engine_unrecorded(const struct engine *e, void (*fn)(void *arg, size_t policy, size_t hook), void *arg)
{
	/* By policy, where its hooks begin among all. */
	CLEANUP_FREE size_t *from = xcalloc(e->npolicies + 1, sizeof(*from));
	for (size_t p = 0; p < e->npolicies; p++)
		from[p + 1] = from[p] + e->policies[p]->nhooks;
	CLEANUP_FREE bool *seen = xcalloc(from[e->npolicies] + 1, sizeof(*seen));
	for (size_t s = 0; s < e->at.n; s++) {
		const struct site_hooks *at = &e->at.v[s];
		for (size_t k = 0; k < at->n; k++)
			if (!at->v[k]->enforcer && (at->seen || at->recorded))
				seen[from[at->v[k]->policy] + at->v[k]->hook] = true;
	}
	for (size_t p = 0; p < e->npolicies; p++)
		for (size_t h = 0; h < e->policies[p]->nhooks && !e->refused[p].rule; h++)
			if (!seen[from[p] + h])
				fn(arg, p, h);
}
