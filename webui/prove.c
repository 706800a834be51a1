/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Verdicts come from the engine over the compiled policies; for a workload that gets no YAML (a systemd unit)
 * they come from the image, which decides the same choices.
 */
#include "webui/prove.h"

#include "compiler/image_eval.h"
#include "schema/base/map.h"
#include "schema/ndjson.h"
#include "webui/held.h"

struct prover {
	const struct candidate *candidate;
	const struct workload_row *row;
	struct engine *engine;
	const struct proof_handler *handler;
	struct proof *proof;
	bool only_ours;            /* a corpus holds other workloads too */
	struct map *attacks;       /* labels of events that must be denied */
	struct { bool *v; size_t n, cap; } stopped;
};

static bool ours(const struct workload *a, const struct event *ev)
{
	CLEANUP_BUF struct buf scratch = BUF_INIT;
	struct workload w;
	struct instance i;
	workload_of(&ev->process, ev->node, &scratch, &w, &i);
	return str_eq(a->namespace, w.namespace) && str_eq(a->kind, w.kind) && str_eq(a->name, w.name) &&
	       str_eq(a->container, w.container);
}

static const struct judgement *deciding(const struct judgement *j, size_t n, enum verdict worst)
{
	for (size_t i = 0; i < n; i++)
		if (j[i].verdict == worst)
			return &j[i];
	return NULL;
}

/* The image's word as a judgement, for a workload without YAML. */
static bool judge_image(const struct prover *p, const struct event *ev, struct judgement *ret)
{
	struct image_verdict v = image_judge(p->candidate->compiled.image, ev);
	*ret = (struct judgement){.selector = -1,
				  .verdict = v.verdict,
				  .effect = v.verdict == VERDICT_DENY ? EFFECT_PREVENTED : EFFECT_HAPPENED,
				  .why = v.why};
	return v.judged;
}

static void count_expectation(struct prover *p, const struct event *ev, bool broken)
{
	if (ev->expect == EXPECT_ALLOW) {
		p->proof->benign++;
		p->proof->broken += broken;
	} else if (ev->expect == EXPECT_DENY) {
		bool new;
		uint32_t label = map_add(p->attacks, ev->label, &new);
		if (new)
			*VEC_PUSH(&p->stopped) = false;
		p->stopped.v[label] |= !broken;
	}
}

static void prove_event(struct prover *p, const struct event *ev)
{
	const struct judgement *j;
	struct judgement by_image;
	size_t n;
	if (p->engine) {
		n = engine_judge(p->engine, ev, &j);
	} else {
		n = judge_image(p, ev, &by_image);
		j = &by_image;
	}
	if (p->only_ours && !ours(&p->row->workload, ev))
		return;
	p->proof->judged++;
	uint64_t before = p->proof->tally.prevented;
	bool broken = replay_event(ev, j, n, &p->proof->tally);
	count_expectation(p, ev, broken);
	if (!p->handler)
		return;
	enum verdict worst = judgements_worst(j, n);
	const struct judgement *decided = deciding(j, n, worst);
	const struct proof_event e = {.ev = ev,
				      .verdict = worst,
				      .judgement = p->engine ? decided : NULL,
				      .engine = p->engine,
				      .prevented = p->proof->tally.prevented != before,
				      .broken = broken,
				      .why = decided && decided->why ? decided->why
								     : "no rule judges this"};
	p->handler->event(p->handler->arg, &e);
}

static int prove(const struct candidate *c, struct source *source, const struct workload_row *row,
		 const struct proof_handler *handler, bool only_ours, struct proof *ret)
{
	*ret = (struct proof){.judged = 0};
	CLEANUP(map_free) struct map *attacks = map_new();
	CLEANUP(engine_free) struct engine *engine = NULL;
	if (c->compiled.npolicies)
		engine = engine_new(c->compiled.policies, c->compiled.npolicies, &c->target);
	struct prover p = {.candidate = c,
			   .row = row,
			   .engine = engine,
			   .handler = handler,
			   .proof = ret,
			   .only_ours = only_ours,
			   .attacks = attacks};
	struct event ev;
	int err;
	while ((err = source_next(source, &ev)) > 0)
		prove_event(&p, &ev);
	ret->attacks = map_size(attacks);
	for (size_t i = 0; i < p.stopped.n; i++)
		ret->stopped += p.stopped.v[i];
	free(p.stopped.v);
	return err;
}

int prove_recording(struct web *w, const struct candidate *c, struct store *s, const struct workload_row *row,
		    const struct proof_handler *handler, struct proof *ret)
{
	CLEANUP_HELD struct held_lease lease = {w, NULL};
	CLEANUP(source_close) struct source *source = NULL;
	int err = held_get(w, s, row, &lease.held);
	if (!err)
		err = held_source(lease.held, s, row, &source);
	return err ? err : prove(c, source, row, handler, false, ret);
}

int prove_corpus(const struct candidate *c, const char *file, const struct workload_row *row,
		 const struct proof_handler *handler, struct diag *d, struct proof *ret)
{
	CLEANUP(source_close) struct source *source = NULL;
	int err = ndjson_open(file, NULL, d, &source);
	if (err)
		return err;
	err = prove(c, source, row, handler, true, ret);
	if (err)
		diag_error(d, file, "cannot be read to its end: %s", strerror(-err));
	return err;
}
