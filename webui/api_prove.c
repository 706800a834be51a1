/* SPDX-License-Identifier: GPL-2.0-only */
/* What would the choice have done? The line at the foot, and what the replay screen shares with it. */
#include <inttypes.h>

#include "webui/api.h"
#include "webui/prove.h"
#include "webui/runs.h"

void refuse_uncompiled(struct response *r, const struct candidate *c)
{
	response_error(r, 422, "Change the choice or the target; the Policy page shows every reason, and the allowlist to complete by hand.", "%s",
		       c->diag.n ? c->diag.v[0].message : "the choice cannot be compiled");
}

static uint64_t stops(const struct tally *t)
{
	return t->verdicts[VERDICT_DENY] + t->verdicts[VERDICT_KILL];
}

void json_proof(struct buf *b, const struct proof *p)
{
	buf_printf(b,
		   "\"judged\":%" PRIu64 ",\"events\":%" PRIu64 ",\"blocked\":%" PRIu64
		   ",\"prevented\":%" PRIu64 ",\"happened\":%" PRIu64 ",\"effect_unknown\":%" PRIu64 ",\"unknown\":%" PRIu64
		   ",\"attacks\":%" PRIu64 ",\"stopped\":%" PRIu64 ",\"benign\":%" PRIu64
		   ",\"broken\":%" PRIu64 ",\"newly_blocked\":%" PRIu64 ",\"newly_allowed\":%" PRIu64
		   ",\"newly_unknown\":%" PRIu64
		   ",\"denied_passing\":%" PRIu64 ",\"denied_passing_events\":%" PRIu64
		   ",\"undecided_blocked\":%" PRIu64 ",\"undecided_blocked_events\":%" PRIu64,
		   p->judged, p->tally.events, stops(&p->tally), p->tally.prevented, p->tally.happened,
		   p->tally.effect_unknown,
		   p->tally.verdicts[VERDICT_UNKNOWN], p->attacks, p->stopped, p->benign, p->broken,
		   p->newly_blocked, p->newly_allowed, p->newly_unknown,
		   p->denied_passing, p->denied_passing_events, p->undecided_blocked, p->undecided_blocked_events);
}

/* The error, after whatever was only worth a warning. */
static const char *reason(const struct diag *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].level == DIAG_ERROR)
			return d->v[i].message;
	return "cannot be read";
}

static bool add_corpus(const char *file, const struct corpus_proof *p, struct response *r)
{
	struct buf *b = &r->body;
	if (p->err == -ECANCELED) {
		run_given_up(r);
		return false;
	}
	if (p->err) {
		response_error(r, 500, "Check the file given with --corpus.", "%s: %s", file, reason(&p->diag));
		return false;
	}
	buf_puts(b, "{\"corpus\":");
	buf_json(b, str_from(file));
	buf_putc(b, ',');
	json_proof(b, &p->proof);
	buf_puts(b, ",\"unread\":");
	json_diag(b, &p->diag);
	buf_putc(b, '}');
	return true;
}

static bool add_corpora(const struct web *w, const struct proof_wish *wish, struct response *r)
{
	CLEANUP_FREE struct corpus_proof *proofs = xcalloc(w->ncorpora + 1, sizeof(*proofs));
	bool good = true;
	prove_corpora(wish, w->corpora, w->ncorpora, proofs);
	buf_puts(&r->body, ",\"corpora\":[");
	for (size_t i = 0; i < w->ncorpora; i++) {
		if (good && i)
			buf_putc(&r->body, ',');
		good = good && add_corpus(w->corpora[i].file, &proofs[i], r);
		diag_done(&proofs[i].diag);
	}
	if (good)
		buf_putc(&r->body, ']');
	return good;
}

static bool add_recording(struct web *w, struct store *s, const struct proof_wish *wish, struct response *r)
{
	struct proof p;
	int err = prove_recording(w, s, wish, &p);
	if (err == -ECANCELED)
		run_given_up(r);
	else if (err)
		store_refusal(r, s, err);
	if (err)
		return false;
	buf_puts(&r->body, ",\"recording\":{");
	json_proof(&r->body, &p);
	buf_putc(&r->body, '}');
	return true;
}

/* What judges, where that is not the YAML. */
static void add_note(struct buf *b, const struct candidate *c)
{
	static const char *const backends[] = {[TARGET_LSM] = "BPF LSM", [TARGET_FMOD_RET] = "fmod_ret", [TARGET_SIGNAL] = "signal"};
	CLEANUP_BUF struct buf words = BUF_INIT;
	if (c->by_image)
		buf_printf(&words, "%sjudged by the image, as stakeout enforce does with %s",
			   c->compiled.no_yaml ? "this workload gets no YAML: " : "", backends[c->target.backend]);
	buf_json(b, buf_view(&words));
}

API(api_consequence)
{
	STORE_FOR(s, w, r);
	struct workload_row row;
	struct str of = query_str(q, "of");
	bool recording = !of.n || str_eq(of, STR("recording")), corpora = !of.n || str_eq(of, STR("corpora"));
	if (!recording && !corpora) {
		response_error(r, 400, "Leave it out, or say recording or corpora.", "of must be recording or corpora");
		return;
	}
	if (!api_workload_row(s, q, r, &row))
		return;
	CANDIDATE_FOR(c, w, s, q, r, &row, false, row.version);
	if (!c->compiled_ok) {
		refuse_uncompiled(r, c);
		return;
	}
	CLEANUP_RUN struct run run;
	run_begin(&run, w, q, 0);
	const struct proof_wish wish = {.candidate = c, .row = &row, .go_on = run_go_on, .arg = &run};
	buf_printf(&r->body, "{\"version\":%" PRIu64 ",\"decided\":%" PRIu64 ",\"undecided\":%" PRIu64,
		   row.version, row.allowed + row.denied, row.undecided);
	if ((recording && !add_recording(w, s, &wish, r)) || (corpora && !add_corpora(w, &wish, r)))
		return;
	buf_puts(&r->body, ",\"note\":");
	add_note(&r->body, c);
	buf_puts(&r->body, "}\n");
}
