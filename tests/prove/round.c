/* SPDX-License-Identifier: GPL-2.0-only */
/* One round: an allowlist, its image as it is written and read back, and batches of acts by each caller in turn. */
#include "tests/prove/round.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compiler/image/image_eval.h"
#include "compiler/image/image_write.h"
#include "tests/prove/model.h"

enum { ROUNDS_IN_A_WORLD = 16, BATCH = 100 };

int rules_make(struct rules *r, struct allowlist *take_list)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP(lowered_free) struct lowered *l = NULL;
	CLEANUP_BUF struct buf bytes = BUF_INIT;
	*r = (struct rules){.list = take_list};
	int err = lower(r->list, &d, &l);
	if (!err)
		err = image_write(l, r->list->mode == MODE_ENFORCE, &d, &bytes);
	if (!err)
		err = image_load("proof", buf_view(&bytes), &d, &r->image);
	diag_print(&d);
	return err;
}

void rules_done(struct rules *r)
{
	image_free(r->image);
	allowlist_free(r->list);
	*r = (struct rules){0};
}

enum decision rules_decision(const struct rules *r, const struct plan *p)
{
	bool model = true, image = true;
	for (unsigned i = 0; i < p->nevents; i++) {
		struct image_verdict v = image_judge(r->image, &p->events[i]);
		if (v.verdict == VERDICT_UNKNOWN)
			return NEITHER;
		model &= model_allows(r->list, &p->events[i]);
		image &= !v.judged || v.verdict == VERDICT_ALLOW;
	}
	return model != image ? NEITHER : model ? ALLOWED : REFUSED;
}

/* Tools that cannot remove paths longer than a path may be leave it to whoever removes the folder. */
static void remove_tree(struct prover *p)
{
	if (!p->tree)
		return;
	CLEANUP_FREE char *command = xasprintf("rm -rf '%s' 2>/dev/null", p->tree);
	if (system(command) < 0)
		perror("prove: rm");
	free(p->tree);
	p->tree = NULL;
}

void prover_done(struct prover *p)
{
	kernel_empty(&p->kernel);
	if (p->world)
		world_free(p->world);
	p->world = NULL;
	remove_tree(p);
}

int prover_enter(struct prover *p, uint64_t seed, unsigned doers)
{
	seed /= ROUNDS_IN_A_WORLD;
	if (p->world && p->world->seed == seed && p->kernel.ndoers == doers)
		return 0;
	prover_done(p);
	p->world = world_new(seed);
	if (!p->kernel.enforcer)
		return 0;
	p->tree = xasprintf("%s/tree-XXXXXX", p->folder);
	if (!mkdtemp(p->tree) || chmod(p->tree, 0755))
		return -errno;
	int r = world_build(p->world, p->tree, p->doer);
	return r ? r : kernel_populate(&p->kernel, p->world, doers);
}

enum decision prover_expected(const struct prover *p, const struct rules *r, const struct plan *plan)
{
	enum decision d = rules_decision(r, plan);
	if (d != REFUSED)
		return d;
	if (r->list->mode == MODE_MONITOR)
		return ALLOWED;
	enum target_backend backend = p->kernel.kills ? TARGET_SIGNAL : TARGET_LSM;
	for (unsigned i = 0; i < plan->nevents; i++) {
		enum verdict v = image_judge_by(r->image, &plan->events[i], backend).verdict;
		if (v == VERDICT_DENY || v == VERDICT_KILL)
			return REFUSED;
	}
	return ALLOWED;
}

void tally_add(struct tally *t, const struct plan *plan, enum decision d)
{
	t->acts++;
	t->allowed += d == ALLOWED;
	t->refused += d == REFUSED;
	t->open += d == NEITHER;
	if (d != NEITHER)
		t->kinds[plan->events[0].kind][d]++;
}

/* Of the N plans just done, the number of the first that went otherwise; N: none. */
static unsigned check(struct prover *p, const struct rules *r, const struct plan *v, unsigned n)
{
	const char *why;
	for (unsigned i = 0; i < n; i++) {
		enum decision d = prover_expected(p, r, &v[i]);
		tally_add(&p->tally, &v[i], d);
		if (d == NEITHER)
			return i;
		if (p->kernel.enforcer && kernel_decision(&p->kernel, p->world, &v[i], &why) != d)
			return i;
	}
	return n;
}

static int one_batch(struct prover *p, uint64_t seed, const struct rules *r, struct dice *rng, unsigned caller)
{
	struct plan v[BATCH];
	for (unsigned i = 0; i < BATCH; i++)
		random_plan(rng, p->world, caller, p->reach, &v[i]);
	int err = p->kernel.enforcer ? kernel_run(&p->kernel, caller, p->world, v, BATCH) : 0;
	for (unsigned i = 0; i < WORLD_FILES; i++)
		p->world->files[i].taken = false;
	if (err == -EPIPE) {
		printf("a doer was ended by act %u\n", p->kernel.doers[caller].batch->done);
		prover_report(p, seed, r, &v[p->kernel.doers[caller].batch->done]);
	}
	if (err)
		return err;
	unsigned bad = check(p, r, v, BATCH);
	if (bad == BATCH)
		return 0;
	p->tally.disagreements++;
	prover_report(p, seed, r, &v[bad]);
	return -EBADE;
}

int prover_round(struct prover *p, uint64_t seed)
{
	struct dice rng = {.state = seed};
	struct rules r = {0};
	int err = prover_enter(p, seed, WORLD_CALLERS);
	if (!err)
		err = rules_make(&r, random_allowlist(&rng, p->world, p->reach));
	if (!err && p->kernel.enforcer)
		err = kernel_apply(&p->kernel, buf_view(&r.image->bytes));
	p->tally.rounds++;
	for (unsigned done = 0, caller = 0; done < p->acts && !err; done += BATCH, caller = (caller + 1) % WORLD_CALLERS)
		err = one_batch(p, seed, &r, &rng, caller);
	rules_done(&r);
	return err;
}
