/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The play. Every repetition of every phase in every replica is an activation; activations are run
 * in the order of their times, each with its own seeded generator, so that editing one phase does
 * not change the numbers of another. A step moves the activation's clock on; overlapping
 * activations interleave when all events are sorted at the end.
 */
#include "compiler/scenario/scenario_run.h"
#include "compiler/scenario/scenario_scene.h"

static int do_wait(struct scene *c, const struct step *s)
{
	c->now_ns += s->wait_ns;
	return 0;
}

static int do_use(struct scene *c, const struct step *s)
{
	return run_steps(c, s->block->steps, s->block->nsteps);
}

static int (*const step_functions[STEP_COUNT])(struct scene *c, const struct step *s) = {
	[STEP_RUN] = do_run,     [STEP_EXEC] = do_exec,	  [STEP_FORK] = do_fork,
	[STEP_FILE] = do_file,   [STEP_CONNECT] = do_connect, [STEP_GUARD] = do_guard,
	[STEP_WAIT] = do_wait,   [STEP_USE] = do_use,	  [STEP_CONTAINER] = do_container,
	[STEP_PROBE] = do_enter, [STEP_ENTER] = do_enter,
};

static uint64_t jittered(struct rng *rng, uint64_t ns, uint64_t percent)
{
	uint64_t width = ns / 100 * percent;
	return ns - width + rng_below(rng, 2 * width + 1);
}

/* Steps that need somebody who acts. */
static bool needs_actor(enum step_verb verb)
{
	return verb == STEP_RUN || verb == STEP_EXEC || verb == STEP_FORK || verb == STEP_FILE ||
	       verb == STEP_CONNECT || verb == STEP_GUARD;
}

static int check_actor(struct scene *c, const struct step *s)
{
	if (!needs_actor(s->verb))
		return 0;
	if (!c->task)
		return FAIL(c, s, "the container does not run at this time");
	if (c->task->ended)
		return FAIL(c, s, "the process '" STR_FMT "' has ended at this time",
			    STR_ARG(c->task->program->process.filename));
	if (!c->task->program && s->verb != STEP_EXEC)
		return FAIL(c, s, "the container has no program yet: 'exec' comes first");
	return 0;
}

static int run_step(struct scene *c, const struct step *s)
{
	struct str label = c->label;
	struct decision decision = c->decision;
	uint64_t number = c->number;
	int err = 0;
	if (s->label.n)
		c->label = s->label;
	if (s->decision.expect)
		c->decision = s->decision;
	for (uint64_t i = 0; i < s->times && !err; i++) {
		if (s->times > 1)
			c->number = i;
		if (i && s->every_ns)
			c->now_ns += jittered(&c->rng, s->every_ns, s->jitter_percent);
		struct play *p = c->play;
		if (++p->steps > p->max_steps || p->world->items.n >= p->max_events)
			return FAIL(c, s, "the scenario makes too many events; lower a 'times'");
		if (c->now_ns > p->end_ns)
			return FAIL(c, s, "the scenario lasts longer than %d days",
				    SCENARIO_MAX_DAYS);
		err = check_actor(c, s);
		if (!err)
			err = step_functions[s->verb](c, s);
	}
	c->label = label;
	c->decision = decision;
	c->number = number;
	return err;
}

int run_steps(struct scene *c, const struct step *steps, size_t n)
{
	int err = 0;
	for (size_t i = 0; i < n && !err; i++)
		err = run_step(c, &steps[i]);
	return err;
}

/* ---- activations ---- */

static int by_time(const void *a, const void *b)
{
	const struct activation *x = a, *y = b;
	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	if (x->phase != y->phase)
		return x->phase < y->phase ? -1 : 1;
	if (x->replica != y->replica)
		return x->replica < y->replica ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static bool takes_place(const struct world *w, const struct phase *p, const struct replica *r)
{
	if (p->replica != SCENARIO_NOT_GIVEN && p->replica != r->index)
		return false;
	struct rng rng = rng_of(w->seed, 'o', p->line, 0);
	bool as_written = str_eq(w->workload, w->scenario->workload);
	return !p->optional || as_written || rng_below(&rng, 2);
}

static int plan(struct play *p)
{
	struct world *w = p->world;
	const struct scenario *s = w->scenario;
	for (size_t i = 0; i < s->nphases; i++) {
		const struct phase *f = &s->phases[i];
		if (f->every_ns &&
		    f->times > SCENARIO_MAX_DAYS * 86400 * NSEC_PER_SEC / f->every_ns) {
			diag_add(p->diag, DIAG_ERROR, s->file, f->line, f->column,
				 "the scenario lasts longer than %d days", SCENARIO_MAX_DAYS);
			return -EINVAL;
		}
		for (size_t k = 0; k < w->nreplicas; k++) {
			struct rng rng = rng_of(w->seed, 't', f->line, k);
			for (uint64_t n = 0; takes_place(w, f, &w->replicas[k]) && n < f->times;
			     n++) {
				if (p->activations.n >= p->max_events) {
					diag_add(
					    p->diag, DIAG_ERROR, s->file, f->line, f->column,
					    "the scenario makes too many events; lower 'times'");
					return -EINVAL;
				}
				uint64_t width = f->every_ns / 100 * f->jitter_percent;
				*VEC_PUSH(&p->activations) = (struct activation){
				    .time_ns = w->start_ns + f->at_ns + k * f->stagger_ns +
					       n * f->every_ns + rng_below(&rng, width + 1),
				    .phase = f,
				    .replica = &w->replicas[k],
				    .number = n};
			}
		}
	}
	qsort(p->activations.v, p->activations.n, sizeof(*p->activations.v), by_time);
	return 0;
}

/* One of the living processes with that name. */
static struct task *pick_actor(struct scene *c, struct str name)
{
	uint64_t n = 0;
	for (struct task *t = c->replica->tasks; t; t = t->next)
		n += !t->ended && t->program && str_eq(t->name, name);
	uint64_t chosen = rng_below(&c->rng, n);
	for (struct task *t = c->replica->tasks; n && t; t = t->next)
		if (!t->ended && t->program && str_eq(t->name, name) && !chosen--)
			return t;
	return NULL;
}

static int run_activation(struct play *p, const struct activation *a)
{
	const struct phase *f = a->phase;
	struct scene c = {
	    .play = p,
	    .replica = a->replica,
	    .task = a->replica->main && !a->replica->main->ended ? a->replica->main : NULL,
	    .now_ns = a->time_ns,
	    .number = a->number,
	    .rng = rng_of(p->world->seed, f->line, a->replica->index, a->number),
	    .label = f->label,
	    .decision = f->decision,
	    .attack = f->attack,
	};
	if (f->in.n)
		c.task = pick_actor(&c, f->in);
	if (f->in.n && !c.task)
		return FAIL(&c, f, "no process named '" STR_FMT "' runs at this time",
			    STR_ARG(f->in));
	return run_steps(&c, f->steps, f->nsteps);
}

static int by_item_time(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

int scenario_run(struct world *w, size_t max_events, struct diag *d)
{
	struct play p = {.world = w,
			 .diag = d,
			 .max_events = max_events,
			 .max_steps = 4 * max_events,
			 .end_ns = w->start_ns + SCENARIO_MAX_DAYS * 86400 * NSEC_PER_SEC};
	int err = plan(&p);
	for (size_t i = 0; i < p.activations.n && !err; i++)
		err = run_activation(&p, &p.activations.v[i]);
	free(p.activations.v);
	if (!err)
		qsort(w->items.v, w->items.n, sizeof(*w->items.v), by_item_time);
	return err;
}
