/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two policies replace each other without end while every doer acts. Where both say the same of an act, that must come true at
 * any moment: not one forbidden act gets through in between, not one allowed act fails. Where they differ, either is right.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "tests/prove/round.h"

enum { STORM_BATCH = 40 };

struct storm {
	struct prover *p;
	struct rules rules[2];
	struct plan (*plans)[STORM_BATCH];
	atomic_bool over;
	unsigned swaps;
	int err;
};

static void *swap(void *arg)
{
	struct storm *s = arg;
	while (!atomic_load(&s->over) && !s->err) {
		s->err = kernel_apply(&s->p->kernel, buf_view(&s->rules[++s->swaps & 1].image->bytes));
	}
	return NULL;
}

/* What both say, or NEITHER. */
static enum decision common(const struct storm *s, const struct plan *plan)
{
	enum decision a = prover_expected(s->p, &s->rules[0], plan), b = prover_expected(s->p, &s->rules[1], plan);
	return a == b ? a : NEITHER;
}

static int check(struct storm *s, unsigned number, uint64_t seed)
{
	struct prover *p = s->p;
	const char *why;
	for (unsigned i = 0; i < STORM_BATCH; i++) {
		struct plan *plan = &s->plans[number][i];
		plan->act = p->kernel.doers[number].batch->acts[i];
		enum decision wanted = common(s, plan), got = kernel_decision(&p->kernel, p->world, plan, &why);
		tally_add(&p->tally, plan, wanted);
		if (got != NEITHER && (wanted == NEITHER || got == wanted))
			continue;
		CLEANUP_BUF struct buf b = BUF_INIT;
		plan_print(p->world, plan, &b);
		printf("---- during a swap, --seed %llu: " STR_FMT "\nboth policies: %s; kernel: %s (error %u, signal %u, ran %u)\n",
		       (unsigned long long)seed, STR_ARG(buf_view(&b)), wanted == ALLOWED ? "allowed" : "refused",
		       got == ALLOWED ? "allowed" : got == REFUSED ? "refused" : why, plan->act.error, plan->act.signal, plan->act.ran);
		p->tally.disagreements++;
		return -EBADE;
	}
	return 0;
}

/* The files are there once and stay as they are, so doers need not take turns. */
static int plan_all(struct storm *s, struct dice *rng)
{
	struct prover *p = s->p;
	int err = 0;
	for (unsigned i = 0; i < WORLD_FILES && !err; i++)
		err = world_prepare(p->world, &p->world->files[i], FILE_THERE);
	for (unsigned d = 0; d < p->kernel.ndoers && !err; d++) {
		for (unsigned i = 0; i < STORM_BATCH; i++) {
			struct plan *plan = &s->plans[d][i];
			random_plan(rng, p->world, p->kernel.doers[d].program, REACH_ALL | REACH_LASTING | (p->reach & REACH_UDPLITE), plan);
			plan->act.alone = true;
			plan->uses[0] = NULL;
		}
		err = plans_to_batch(p->world, s->plans[d], STORM_BATCH, p->kernel.doers[d].batch);
	}
	return err;
}

static int act_all(struct storm *s, uint64_t seed, unsigned batches)
{
	struct kernel *k = &s->p->kernel;
	struct pollfd wait[WORLD_DOERS];
	unsigned left = batches * k->ndoers, running = 0;
	int err = 0;
	for (unsigned d = 0; d < k->ndoers && !err; d++) {
		wait[d] = (struct pollfd){.fd = k->doers[d].prover, .events = POLLIN};
		err = doer_begin(&k->doers[d]);
		running++;
	}
	while (running && !err) {
		if (poll(wait, k->ndoers, -1) < 0)
			return -errno;
		for (unsigned d = 0; d < k->ndoers && !err; d++) {
			if (!wait[d].revents)
				continue;
			err = doer_wait(&k->doers[d]);
			if (!err)
				err = check(s, d, seed);
			if (!err && left > k->ndoers)
				err = doer_begin(&k->doers[d]);
			else
				running--;
			left--;
		}
	}
	return err;
}

int prover_storm(struct prover *p, uint64_t seed)
{
	struct storm s = {.p = p};
	struct dice rng = {.state = seed};
	pthread_t swapper;
	int err = prover_enter(p, seed, MIN(p->storm, WORLD_DOERS));
	for (int i = 0; i < 2 && !err; i++) {
		struct allowlist *a = random_allowlist(&rng, p->world, REACH_ALL | (p->reach & REACH_NO_CALLER));
		a->mode = MODE_ENFORCE;
		a->has_exec = a->has_file = a->has_connect = true;
		err = rules_make(&s.rules[i], a);
	}
	if (!err)
		err = kernel_apply(&p->kernel, buf_view(&s.rules[0].image->bytes));
	s.plans = xcalloc(WORLD_DOERS, sizeof(*s.plans));
	if (!err)
		err = plan_all(&s, &rng);
	if (!err && !pthread_create(&swapper, NULL, swap, &s)) {
		err = act_all(&s, seed, MAX(p->acts / STORM_BATCH / p->kernel.ndoers, 1u));
		atomic_store(&s.over, true);
		pthread_join(swapper, NULL);
		err = err ? err : s.err;
	}
	p->tally.rounds += s.swaps;
	free(s.plans);
	rules_done(&s.rules[0]);
	rules_done(&s.rules[1]);
	return err;
}
