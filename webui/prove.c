/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The choice is judged as replay judges: by its policies, or where it gets no YAML (a systemd unit), or where that is asked for, by
 * its image. Nobody looks at the single observations for the line at the foot, so there a large recording is judged in parts by a
 * few threads, and the tallies are added up.
 */
#include "webui/prove.h"

#include <stdatomic.h>
#include <unistd.h>

#include "compiler/replay/source_store.h"
#include "schema/base/map.h"
#include "webui/held.h"

enum {
	ASK_EVERY = 4096,          /* events between two questions whether to go on */
	PART_MIN = 16384,          /* observations that are worth a thread */
	PARTS_MAX = 4,
};

struct prover {
	const struct proof_wish *wish;
	struct judges *now, *before;   /* BEFORE NULL: nothing is compared */
	struct proof proof;
	bool only_ours;            /* a corpus holds other workloads too */
	struct map *attacks;       /* labels of events that must be denied */
	struct { bool *v; size_t n, cap; } stopped;
};

static struct judges *judges_of(const struct candidate *c, const struct feed_name *feed)
{
	const struct judge_options o = {.target = &c->target};
	return judges_new(&c->set, &o, feed, 0, 1);
}

static void prover_init(struct prover *p, const struct proof_wish *wish, const struct feed_name *feed)
{
	*p = (struct prover){.wish = wish, .attacks = map_new(), .now = judges_of(wish->candidate, feed)};
	if (wish->before)
		p->before = judges_of(wish->before, feed);
}

static void prover_done(struct prover *p)
{
	judges_free(p->now);
	judges_free(p->before);
	map_free(p->attacks);
	free(p->stopped.v);
}

static bool ours(const struct workload *a, const struct event *ev)
{
	CLEANUP_BUF struct buf scratch = BUF_INIT;
	struct workload w;
	struct instance i;
	workload_of_event(ev, &scratch, &w, &i);
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

static void count_expectation(struct prover *p, const struct event *ev, bool broken)
{
	if (ev->expect == EXPECT_ALLOW) {
		p->proof.benign++;
		p->proof.broken += broken;
	} else if (ev->expect == EXPECT_DENY) {
		bool new;
		uint32_t label = map_add(p->attacks, ev->label, &new);
		if (new)
			*VEC_PUSH(&p->stopped) = false;
		p->stopped.v[label] |= !broken;
	}
}

enum proof_change proof_change(const struct proof_event *e)
{
	bool now = verdict_stops(e->verdict), then = verdict_stops(e->before);
	if (!e->compared || (now == then && (e->verdict == VERDICT_UNKNOWN) == (e->before == VERDICT_UNKNOWN)))
		return PROOF_SAME;
	if (e->verdict == VERDICT_UNKNOWN)
		return PROOF_UNKNOWN;
	return now ? PROOF_BLOCKED : PROOF_ALLOWED;
}

static void count_change(struct proof *p, const struct proof_event *e)
{
	uint64_t n = MAX(e->ev->count, 1u);
	enum proof_change change = proof_change(e);
	p->newly_blocked += change == PROOF_BLOCKED ? n : 0;
	p->newly_allowed += change == PROOF_ALLOWED ? n : 0;
	p->newly_unknown += change == PROOF_UNKNOWN ? n : 0;
}

bool proof_denied_passes(const struct proof_event *e)
{
	return e->choice == CHOICE_DENY && !verdict_stops(e->verdict) && e->verdict != VERDICT_UNKNOWN;
}

bool proof_undecided_blocked(const struct proof_event *e)
{
	return e->choice == CHOICE_UNDECIDED && verdict_stops(e->verdict);
}

static void count_choice(struct proof *p, const struct proof_event *e)
{
	uint64_t n = MAX(e->ev->count, 1u);
	if (proof_denied_passes(e)) {
		p->denied_passing++;
		p->denied_passing_events += n;
	} else if (proof_undecided_blocked(e)) {
		p->undecided_blocked++;
		p->undecided_blocked_events += n;
	}
}

static void prove_event(struct prover *p, const struct event *ev, enum choice choice)
{
	const struct judgement *j, *then = NULL;
	/* Other workloads' events are judged too: processes are followed. */
	size_t n = judges_ask(p->now, ev, DETAIL_NONE, &j), nthen = p->before ? judges_ask(p->before, ev, DETAIL_NONE, &then) : 0;
	if (p->only_ours && !ours(&p->wish->row->workload, ev))
		return;
	p->proof.judged++;
	bool broken = replay_event(ev, j, n, &p->proof.tally);
	count_expectation(p, ev, broken);
	enum verdict worst = judgements_worst(j, n);
	const struct judgement *decided = deciding(j, n, worst);
	const struct proof_event e = {.ev = ev,
				      .verdict = worst,
				      .judgement = p->wish->candidate->by_image ? NULL : decided,
				      .judges = p->now,
				      .effect = judgements_effect(j, n),
				      .broken = broken,
				      .choice = choice,
				      .compared = p->before,
				      .before = judgements_worst(then, nthen),
				      .why = decided && decided->why ? decided->why
								     : "no rule judges this"};
	count_change(&p->proof, &e);
	count_choice(&p->proof, &e);
	if (p->wish->event)
		p->wish->event(p->wish->arg, &e);
}

static void count_attacks(struct prover *p)
{
	p->proof.attacks = map_size(p->attacks);
	for (size_t i = 0; i < p->stopped.n; i++)
		p->proof.stopped += p->stopped.v[i];
}

static bool goes_on(const struct proof_wish *wish, uint64_t done, uint64_t total)
{
	return !wish->go_on || wish->go_on(wish->arg, done, total);
}

/* Of TOTAL observations. */
static int prove_source(struct prover *p, struct source *source, uint64_t total)
{
	struct event ev;
	int more;
	for (uint64_t n = 0; (more = source_next(source, &ev)) > 0; n++) {
		if (n % ASK_EVERY == 0 && !goes_on(p->wish, n, total))
			return -ECANCELED;
		prove_event(p, &ev, source_store_choice(source));
	}
	return more;
}

/* ---- the recording, in parts ---- */

static const struct feed_name stored = {.file = NULL};   /* its lines say of no hook that it recorded them */

struct part {
	struct prover prover;
	struct source *source;
	uint64_t total;
	pthread_t thread;
	int err;
};

static void *prove_part(void *arg)
{
	struct part *p = arg;
	p->err = prove_source(&p->prover, p->source, p->total);
	return NULL;
}

static size_t parts_of(const struct proof_wish *wish, const struct held *held)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	/* Who looks at each event wants them in order. */
	if (wish->event || wish->before || !held || processors < 2)
		return 1;
	return MIN(held_rows(held) / PART_MIN + 1, (size_t)MIN(processors, (long)PARTS_MAX));
}

static void add_proof(struct proof *into, const struct proof *from)
{
	tally_add(&into->tally, &from->tally);
	into->judged += from->judged;
	into->denied_passing += from->denied_passing;
	into->denied_passing_events += from->denied_passing_events;
	into->undecided_blocked += from->undecided_blocked;
	into->undecided_blocked_events += from->undecided_blocked_events;
}

static int prove_parts(struct held *held, const uint8_t *choices, const struct proof_wish *wish, size_t n,
		       struct proof *ret)
{
	struct part parts[PARTS_MAX];
	size_t started = 1;
	int err = 0;
	for (size_t i = 0; i < n; i++) {
		parts[i] = (struct part){.source = held_part(held, wish->row, choices, i, n),
					 .total = held_rows(held) / n};
		prover_init(&parts[i].prover, wish, &stored);
	}
	while (started < n && !pthread_create(&parts[started].thread, NULL, prove_part, &parts[started]))
		started++;
	for (size_t i = 0; i < n; i++) {
		/* The first part, and those that got no thread, are done here. */
		if (i == 0 || i >= started)
			prove_part(&parts[i]);
		else
			pthread_join(parts[i].thread, NULL);
		add_proof(ret, &parts[i].prover.proof);
		err = err ? err : parts[i].err;
		prover_done(&parts[i].prover);
		source_close(parts[i].source);
	}
	return err;
}

int prove_recording(struct web *w, struct store *s, const struct proof_wish *wish, struct proof *ret)
{
	*ret = (struct proof){.judged = 0};
	CLEANUP_HELD struct held_lease lease = {w, NULL};
	CLEANUP_FREE uint8_t *choices = NULL;
	int err = held_get(w, s, wish->row, &lease.held);
	if (!err)
		err = held_choices(lease.held, s, wish->row, &choices);
	if (err)
		return err;
	size_t n = parts_of(wish, lease.held);
	if (n > 1)
		return prove_parts(lease.held, choices, wish, n, ret);
	CLEANUP(source_close) struct source *source = NULL;
	err = held_source(lease.held, s, wish->row, choices, &source);
	if (err)
		return err;
	struct prover p;
	prover_init(&p, wish, &stored);
	err = prove_source(&p, source, wish->row->total);
	*ret = p.proof;
	prover_done(&p);
	return err;
}

/* ---- a corpus ---- */

static int prove_feed(struct prover *p, struct feed *feed, uint64_t total)
{
	struct event ev;
	int more;
	for (uint64_t n = 0; (more = feed_next(feed, &ev)) > 0 || more == -EAGAIN; n++) {
		if ((more < 0 || n % ASK_EVERY == 0) && !goes_on(p->wish, feed_bytes(feed), total))
			return -ECANCELED;
		if (more > 0)
			prove_event(p, &ev, CHOICE_COUNT);
	}
	count_attacks(p);
	return more;
}

int prove_corpus(const struct proof_wish *wish, const struct feed_name *corpus, struct diag *d, struct proof *ret)
{
	CLEANUP(feed_close) struct feed *feed = NULL;
	*ret = (struct proof){.judged = 0};
	int err = feed_open(corpus, d, &feed);
	if (err)
		return err;
	struct prover p;
	prover_init(&p, wish, corpus);
	p.only_ours = true;
	judges_look_ahead((struct judges *const[]){p.now, p.before}, p.before ? 2 : 1, corpus);
	err = prove_feed(&p, feed, feed_size(corpus));
	*ret = p.proof;
	prover_done(&p);
	return err == -ECANCELED ? err : feed_end(feed, err, d);
}

struct corpora {
	const struct proof_wish *wish;
	const struct feed_name *feeds;
	struct corpus_proof *proofs;
	size_t n;
	atomic_size_t next;
};

static void *prove_next_corpora(void *arg)
{
	struct corpora *c = arg;
	for (size_t i; (i = atomic_fetch_add(&c->next, 1)) < c->n;)
		c->proofs[i].err = prove_corpus(c->wish, &c->feeds[i], &c->proofs[i].diag, &c->proofs[i].proof);
	return NULL;
}

void prove_corpora(const struct proof_wish *wish, const struct feed_name *corpora, size_t n, struct corpus_proof *ret)
{
	struct corpora c = {.wish = wish, .feeds = corpora, .proofs = ret, .n = n};
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[PARTS_MAX];
	size_t started = 0, wanted = MIN(MIN(n, (size_t)MAX(processors, 1)), (size_t)PARTS_MAX);
	while (started + 1 < wanted && !pthread_create(&threads[started], NULL, prove_next_corpora, &c))
		started++;
	prove_next_corpora(&c);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

