/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nothing here reasons about policies: proposals are applied to copies and the same stream is judged anew up to the event, with the
 * same evaluator that gave the verdict. Where several rules stop an event, edits are tried one upon the other.
 */
#include "compiler/replay/explain.h"

#include "compiler/replay/replay.h"
#include "schema/event_words.h"
#include "schema/workload.h"

/* ---- judging the event ---- */

static void keep_process(struct arena *arena, const struct process *from, struct process *to)
{
	*to = (struct process){.path = arena_str(arena, from->path), .filename = arena_str(arena, from->filename),
			       .path_known = from->path_known, .pid = from->pid};
}

/* What edits are made of. */
static void keep_event(struct arena *arena, const struct event *from, struct event *to)
{
	*to = (struct event){.kind = from->kind, .count = from->count, .line = from->line, .tags = from->tags, .access = from->access, .expect = from->expect,
			     .address = from->address, .protocol = from->protocol, .path_known = from->path_known,
			     .source = arena_str(arena, from->source), .path = arena_str(arena, from->path),
			     .guard = arena_str(arena, from->guard), .label = arena_str(arena, from->label)};
	keep_process(arena, &from->process, &to->process);
	keep_process(arena, &from->parent, &to->parent);
}

static void keep_words(struct arena *arena, const struct event *ev, struct looked *ret)
{
	CLEANUP_BUF struct buf b = BUF_INIT, scratch = BUF_INIT;
	struct workload w;
	struct instance inst;
	event_words(ev, &b);
	ret->words = arena_str(arena, buf_view(&b));
	buf_clear(&b);
	workload_of_event(ev, &scratch, &w, &inst);
	workload_print(&b, &w);
	ret->workload = arena_str(arena, buf_view(&b));
}

/* Of equal ones: what stops it for sure, or what lets it pass on no more than an assumption. */
static bool decides_rather(const struct judgement *j, const struct judgement *than)
{
	return !than || (verdict_stops(j->verdict) ? !j->assumes && than->assumes : j->assumes && !than->assumes);
}

static void keep(struct arena *arena, struct judges *judges, const struct event *ev, const struct judgement *j, size_t n,
		 struct looked *ret)
{
	*ret = (struct looked){.n = n, .verdict = judgements_worst(j, n)};
	keep_event(arena, ev, &ret->event);
	keep_words(arena, ev, ret);
	ret->j = arena_alloc(arena, (n + 1) * sizeof(*ret->j));
	for (size_t i = 0; i < n; i++) {
		ret->j[i] = j[i];
		ret->j[i].detail = arena_str(arena, j[i].detail);
		ret->j[i].why = arena_printf(arena, "%s", j[i].why ? j[i].why : "");
		ret->j[i].assumes = j[i].assumes ? arena_printf(arena, "%s", j[i].assumes) : NULL;
		if (j[i].verdict == ret->verdict && decides_rather(&j[i], ret->decides))
			ret->decides = &ret->j[i];
	}
	judges_trace(judges, arena, &ret->trace);
}

struct looking {
	const struct explain_options *o;
	struct arena *arena;
	struct judges *judges;
	struct looked *ret;
	bool found;
};

/* Of several events on the line, and of an exec that waited for later lines, what fares worst; of equals what a hook said. */
static void take(struct looking *l, const struct event *ev, const struct judgement *j, size_t n)
{
	enum verdict worst = judgements_worst(j, n);
	if (ev->line != l->o->line)
		return;
	if (l->found && worst <= l->ret->verdict && !(worst == l->ret->verdict && n && !l->ret->n))
		return;
	keep(l->arena, l->judges, ev, j, n, l->ret);
	l->found = true;
}

static void take_rest(struct looking *l)
{
	const struct event *ev;
	do {
		const struct judgement *j;
		size_t n = judges_rest(l->judges, DETAIL_ALL, &ev, &j);
		if (ev)
			take(l, ev, j, n);
	} while (ev);
}

/* Judges the stream up to the line, or to its end if an exec there may wait for what is not read ahead. -ENOENT: the line holds no event. */
static int look(const struct explain_options *o, const struct policy_set *set, struct arena *arena, struct diag *d, struct looked *ret)
{
	CLEANUP(feed_close) struct feed *feed = NULL;
	int err = feed_open(&o->feed, d, &feed);
	if (err)
		return err;
	CLEANUP(judges_free) struct judges *judges = judges_new(set, o->judging, &o->feed, 0, 1);
	struct looking l = {.o = o, .arena = arena, .judges = judges, .ret = ret};
	bool whole = judges_look_ahead(&judges, 1, &o->feed), past = false;
	struct event ev;
	while (!*o->stop && !past && ((err = feed_next(feed, &ev)) > 0 || err == -EAGAIN)) {
		if (err < 0)
			continue;
		past = o->feed.file && ev.line > o->line && (whole || !l.found || ret->event.kind != KIND_EXEC);
		const struct judgement *j;
		size_t n = past ? 0 : judges_ask(judges, &ev, ev.line == o->line ? DETAIL_ALL : DETAIL_NONE, &j);
		if (!past)
			take(&l, &ev, j, n);
	}
	if (!past && !err)
		take_rest(&l);
	if (!l.found && err < 0 && err != -EAGAIN)
		return feed_end(feed, err, d);
	return l.found ? 0 : -ENOENT;
}

/* ---- edits ---- */

static size_t stopping(const struct looked *l)
{
	size_t n = 0;
	for (size_t i = 0; i < l->n; i++)
		n += verdict_stops(l->j[i].verdict);
	return n;
}

static void propose(const struct policy_set *set, const struct looked *l, bool to_pass, struct arena *arena, struct edits *ret)
{
	if (!to_pass) {
		edits_to_stop(set, &l->trace, &l->event, arena, ret);
		return;
	}
	*ret = (struct edits){NULL, 0};
	for (size_t i = 0; i < l->n && !ret->n; i++)
		if (verdict_stops(l->j[i].verdict))
			edits_to_pass(set, &l->j[i], &l->trace, &l->event, arena, ret);
}

static struct explained_edit describe(struct arena *arena, const struct policy_set *set, const struct edit *e)
{
	struct explained_edit x = {.edit = *e, .at = edit_place(set, e)};
	CLEANUP_BUF struct buf b = BUF_INIT;
	edit_words(set, e, &b);
	x.words = arena_str(arena, buf_view(&b));
	buf_clear(&b);
	edit_reach(set, e, &b);
	x.reach = arena_str(arena, buf_view(&b));
	if (e->policy >= set->npolicies)
		return x;
	x.file = arena_str(arena, set->policies[e->policy]->file);
	x.field = str_from(edit_field(set, e));
	x.op = str_from(operator_name(e->op));
	x.value = arena_str(arena, e->value);
	if (e->kind != EDIT_ADD_FILTER)
		return x;
	buf_clear(&b);
	edit_filter(set, e, &b);
	x.filter = arena_str(arena, buf_view(&b));
	return x;
}

struct attempt {
	const struct explain_options *o;
	struct explanation *e;
	struct edited_set sets[EXPLAIN_STEPS_MAX];
	size_t nsets;
	const struct policy_set *set;        /* the last of them, or the given one */
	struct looked looked;                /* under it */
};

static bool is_turned(const struct looked *l, bool to_pass)
{
	return to_pass ? l->verdict <= VERDICT_POST : verdict_stops(l->verdict);
}

/* Nearer: passes, or is stopped by fewer. */
static bool is_nearer(const struct looked *before, const struct looked *after, bool to_pass)
{
	return is_turned(after, to_pass) || (to_pass && stopping(after) < stopping(before));
}

/* Takes the first proposal that brings the verdict nearer; first of all, the others that turn it as well are told. False: none. */
static bool one_step(struct attempt *a)
{
	struct explanation *e = a->e;
	struct edits edits;
	propose(a->set, &a->looked, e->to_pass, e->arena, &edits);
	struct edited_set taken;
	struct looked taken_looked;
	bool took = false;
	for (size_t i = 0; i < edits.n && !*a->o->stop && (!took || !a->nsets); i++) {
		CLEANUP_EDITED_SET struct edited_set one = {.policy = NULL};
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		struct looked after;
		if (edit_apply(a->set, &edits.v[i], a->o->judging->target, &one) || look(a->o, &one.set, e->arena, &d, &after) ||
		    !is_nearer(&a->looked, &after, e->to_pass))
			continue;
		struct explained_edit told = describe(e->arena, a->set, &edits.v[i]);
		if (!took) {
			*ARENA_PUSH(e->arena, e->best.edits, e->best.n) = told;
			taken = one;
			taken_looked = after;
			took = true;
			one = (struct edited_set){.policy = NULL};
		} else if (is_turned(&after, e->to_pass)) {
			*ARENA_PUSH(e->arena, e->others, e->nothers) = told;
		}
	}
	if (!took)
		return false;
	a->looked = taken_looked;
	a->sets[a->nsets] = taken;
	a->set = &a->sets[a->nsets++].set;
	return true;
}

static int compare(const struct attempt *a, const struct policy_set *edited, struct diag *d, struct diff_result **ret)
{
	const struct diff_work work = {.old = a->o->set, .new = edited, .judging = a->o->judging, .feeds = a->o->others,
				       .nfeeds = a->o->nothers, .stop = a->o->stop};
	CLEANUP(diff_result_free) struct diff_result *r = diff_result_new();
	int err = diff_feeds(r, &work, d);
	if (!err)
		diff_sort(r);
	*ret = err ? NULL : TAKE(r);
	return err;
}

/* Of edits that were tried: what breaks least is better, whatever else it changes. */
static bool is_better(const struct explained_edit *a, const struct explained_edit *b)
{
	return a->broken != b->broken ? a->broken < b->broken : a->changes < b->changes;
}

static uint64_t all_changes(const struct diff_result *r)
{
	uint64_t n = 0;
	for (size_t i = 0; i < CHANGE_COUNT; i++)
		n += r->changes[i];
	return n;
}

/* Tries a single edit on the other events; the best becomes the first, and what it changes the surplus. */
static int measure(const struct attempt *a, struct explained_edit *x, struct diag *d)
{
	struct explanation *e = a->e;
	CLEANUP_EDITED_SET struct edited_set one = {.policy = NULL};
	struct diff_result *r;
	if (edit_apply(a->o->set, &x->edit, a->o->judging->target, &one))
		return 0;
	int err = compare(a, &one.set, d, &r);
	if (err)
		return err;
	x->measured = true;
	x->changes = all_changes(r);
	x->broken = diff_broken(r->breaks);
	if (e->surplus && !is_better(x, &e->best.edits[0])) {
		diff_result_free(r);
		return 0;
	}
	diff_result_free(e->surplus);
	e->surplus = r;
	struct explained_edit least = *x;
	*x = e->best.edits[0];
	e->best.edits[0] = least;
	return 0;
}

/* Clean, not tried, breaking. BROKEN: what every edit breaks, as the event itself must not pass. */
static int rank(const struct explained_edit *x, uint64_t broken)
{
	return !x->measured ? 1 : x->broken > broken ? 2 : 0;
}

static int by_harm(const void *x, const void *y, void *best)
{
	const struct explained_edit *a = x, *b = y;
	uint64_t broken = ((const struct explained_edit *)best)->broken;
	if (rank(a, broken) != rank(b, broken))
		return rank(a, broken) - rank(b, broken);
	return is_better(a, b) ? -1 : is_better(b, a);
}

static int try_on_others(const struct attempt *a, struct diag *d)
{
	struct explanation *e = a->e;
	if (!a->o->nothers)
		return 0;
	if (a->nsets != 1)
		return compare(a, a->set, d, &e->surplus);
	int err = measure(a, &e->best.edits[0], d);
	for (size_t i = 0; i < e->nothers && i + 1 < EXPLAIN_MEASURED_MAX && !err && !*a->o->stop; i++)
		err = measure(a, &e->others[i], d);
	if (e->nothers)
		qsort_r(e->others, e->nothers, sizeof(*e->others), by_harm, &e->best.edits[0]);
	return err;
}

/* Does an image have a say that was given without its allowlist? */
static bool is_bare_image(const struct policy_set *set, const struct looked *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->j[i].policy >= set->npolicies && l->j[i].verdict == l->verdict && !set->allowlists[l->j[i].policy - set->npolicies])
			return true;
	return false;
}

static int find_edit(const struct explain_options *o, struct diag *d, struct explanation *e)
{
	struct attempt a = {.o = o, .e = e, .set = o->set, .looked = e->looked};
	while (!is_turned(&a.looked, e->to_pass) && a.nsets < EXPLAIN_STEPS_MAX && one_step(&a))
		;
	int err = 0;
	if (!is_turned(&a.looked, e->to_pass) && is_bare_image(a.set, &a.looked)) {
		e->best = (struct turn){NULL, 0};
		e->no_edit = STR("an image is not edited: give the allowlist it was made of instead, and the entry is told");
	} else if (!is_turned(&a.looked, e->to_pass)) {
		e->best = (struct turn){NULL, 0};
		e->no_edit = e->to_pass ? STR("no single value, filter or entry turns it: change the selector that decided")
					: STR("no selector that would stop it is one value or filter away");
	} else {
		err = try_on_others(&a, d);
	}
	for (size_t i = 0; i < a.nsets; i++)
		edited_set_done(&a.sets[i]);
	return err;
}

static int not_found(const struct explain_options *o, struct diag *d)
{
	const char *name = o->feed.file ? o->feed.file : o->feed.db;
	return diag_error(d, name, o->feed.file ? "line %llu holds no event" : "there is no observation %llu; 'stakeout show --json' tells their ids",
			  (unsigned long long)o->line);
}

int explain(const struct explain_options *o, struct diag *d, struct explanation *ret)
{
	*ret = (struct explanation){.arena = arena_new()};
	int err = look(o, o->set, ret->arena, d, &ret->looked);
	if (err == -ENOENT)
		return not_found(o, d);
	if (err)
		return err;
	ret->to_pass = verdict_stops(ret->looked.verdict);
	if (ret->looked.verdict == VERDICT_UNKNOWN)
		ret->no_edit = STR("the verdict is not known: no edit is tried; the events must tell more");
	else if (!ret->to_pass && !ret->looked.n && policy_set_loads(o->set) && !o->set->nimages)
		ret->no_edit = STR("no hook of these policies sees this event: one that does has to be added");
	else if (!policy_set_loads(o->set))
		ret->no_edit = STR("no policy here loads on the target: correct that first");
	else
		err = find_edit(o, d, ret);
	return err;
}

void explanation_done(struct explanation *e)
{
	diff_result_free(e->surplus);
	arena_free(e->arena);
	*e = (struct explanation){.arena = NULL};
}
