/* SPDX-License-Identifier: GPL-2.0-only */
/* What would it have done? The line at the foot, and the list of events behind its numbers. */
#include <inttypes.h>

#include "schema/event_words.h"
#include "webui/api.h"
#include "webui/prove.h"

/* The reasons of a failed compilation, in one refusal. */
static void refuse_uncompiled(struct response *r, const struct candidate *c)
{
	response_error(r, 422, "Change the choice or the target; the Policy page shows every reason.", "%s",
		       c->diag.n ? c->diag.v[0].message : "the choice cannot be compiled");
}

static uint64_t stops(const struct tally *t)
{
	return t->prevented + t->happened;
}

static void add_proof(struct buf *b, const struct proof *p)
{
	buf_printf(b,
		   "\"judged\":%" PRIu64 ",\"events\":%" PRIu64 ",\"blocked\":%" PRIu64
		   ",\"prevented\":%" PRIu64 ",\"happened\":%" PRIu64 ",\"unknown\":%" PRIu64
		   ",\"attacks\":%" PRIu64 ",\"stopped\":%" PRIu64 ",\"benign\":%" PRIu64
		   ",\"broken\":%" PRIu64,
		   p->judged, p->tally.events, stops(&p->tally), p->tally.prevented, p->tally.happened,
		   p->tally.verdicts[VERDICT_UNKNOWN], p->attacks, p->stopped, p->benign, p->broken);
}

static bool add_corpora(const struct web *w, const struct candidate *c, const struct workload_row *row,
			struct response *r)
{
	for (size_t i = 0; i < w->ncorpora; i++) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		struct proof p;
		if (prove_corpus(c, w->corpora[i], row, NULL, &d, &p)) {
			response_error(r, 500, "Check the file given with --corpus.", "%s: %s", w->corpora[i],
				       d.n ? d.v[0].message : "cannot be read");
			return false;
		}
		buf_puts(&r->body, i ? ",{\"corpus\":" : "{\"corpus\":");
		buf_json(&r->body, str_from(w->corpora[i]));
		buf_putc(&r->body, ',');
		add_proof(&r->body, &p);
		buf_putc(&r->body, '}');
	}
	return true;
}

API(api_consequence)
{
	STORE_FOR(s, w, r);
	struct workload_row row;
	if (!api_workload_row(s, q, r, &row))
		return;
	CANDIDATE_FOR(c, w, s, q, r, &row, false);
	if (!c->compiled_ok) {
		refuse_uncompiled(r, c);
		return;
	}
	struct proof p;
	int err = prove_recording(w, c, s, &row, NULL, &p);
	if (err) {
		store_refusal(r, s, err);
		return;
	}
	buf_printf(&r->body, "{\"version\":%" PRIu64 ",\"decided\":%" PRIu64 ",\"undecided\":%" PRIu64 ",\"recording\":{",
		   row.version, row.allowed + row.denied, row.undecided);
	add_proof(&r->body, &p);
	buf_puts(&r->body, "},\"corpora\":[");
	if (!add_corpora(w, c, &row, r))
		return;
	buf_puts(&r->body, "],\"note\":");
	buf_json(&r->body, c->compiled.no_yaml ? STR("judged by the image: this workload gets no YAML")
					       : (struct str){NULL, 0});
	buf_puts(&r->body, "}\n");
}

/* ---- the replay screen ---- */

enum { STRIP_BUCKETS = 120 };
enum strip_class { STRIP_ALLOWED, STRIP_BLOCKED, STRIP_HAPPENED, STRIP_UNKNOWN, STRIP_CLASSES };

static enum strip_class strip_class(const struct proof_event *e)
{
	if (e->verdict == VERDICT_UNKNOWN)
		return STRIP_UNKNOWN;
	if (!verdict_stops(e->verdict))
		return STRIP_ALLOWED;
	return e->prevented ? STRIP_BLOCKED : STRIP_HAPPENED;
}

static bool show_all(const struct proof_event *e)
{
	(void)e;
	return true;
}
static bool show_blocked(const struct proof_event *e)
{
	return verdict_stops(e->verdict);
}
static bool show_unknown(const struct proof_event *e)
{
	return e->verdict == VERDICT_UNKNOWN;
}
static bool show_happened(const struct proof_event *e)
{
	return verdict_stops(e->verdict) && !e->prevented;
}
static bool show_attacks(const struct proof_event *e)
{
	return e->ev->expect == EXPECT_DENY;
}
static bool show_missed(const struct proof_event *e)
{
	return e->ev->expect == EXPECT_DENY && e->broken;
}
static bool show_broken(const struct proof_event *e)
{
	return e->ev->expect == EXPECT_ALLOW && e->broken;
}

static const struct {
	const char *name;
	bool (*shows)(const struct proof_event *e);
} shows[] = {
	{"blocked", show_blocked}, {"all", show_all},         {"unknown", show_unknown},
	{"happened", show_happened}, {"attacks", show_attacks}, {"missed", show_missed},
	{"broken", show_broken},
};

struct replay {
	const struct workload_row *row;
	bool (*shows)(const struct proof_event *e);
	struct str kind, text;
	uint64_t from_ns, to_ns;         /* brushed; 0 = no bound */
	uint64_t offset, limit, total;
	bool recording;
	const struct compiled *compiled;
	struct buf rows;
	uint64_t strip[STRIP_BUCKETS][STRIP_CLASSES];
	uint64_t strip_first, strip_last;
};

static void add_to_strip(struct replay *p, const struct proof_event *e)
{
	uint64_t first = p->row->first_ns, last = MAX(p->row->last_ns, first + 1), t = e->ev->time_ns;
	if (!p->recording) {   /* a corpus has times of its own: scaled when it is printed */
		first = p->strip_first;
		last = MAX(p->strip_last, first + 1);
	}
	if (t < first || !t)
		return;
	uint64_t at = (t - first) / ((last - first) / STRIP_BUCKETS + 1);
	p->strip[MIN(at, (uint64_t)STRIP_BUCKETS - 1)][strip_class(e)] += e->ev->count ? e->ev->count : 1;
}

static bool wanted(const struct replay *p, const struct proof_event *e, const struct buf *words)
{
	if (!p->shows(e))
		return false;
	if (p->kind.n && !str_eq(p->kind, str_from(kind_name(e->ev->kind))))
		return false;
	if ((p->from_ns && e->ev->time_ns < p->from_ns) || (p->to_ns && e->ev->time_ns > p->to_ns))
		return false;
	return !p->text.n || memmem(words->p, words->n, p->text.p, p->text.n);
}

static void add_row(struct replay *p, const struct proof_event *e, const struct buf *words)
{
	struct buf *b = &p->rows;
	buf_puts(b, b->n ? ",\n{" : "{");
	buf_printf(b, "\"%s\":%" PRIu64 ",\"time_ns\":", p->recording ? "observation" : "line", e->ev->line);
	if (e->ev->time_ns) {
		buf_putc(b, '"');
		buf_time(b, e->ev->time_ns);
		buf_putc(b, '"');
	} else {
		buf_puts(b, "null");
	}
	buf_printf(b, ",\"kind\":\"%s\",\"count\":%" PRIu64 ",\"words\":", kind_name(e->ev->kind),
		   e->ev->count ? e->ev->count : 1);
	buf_json(b, buf_view(words));
	buf_printf(b, ",\"verdict\":\"%s\",\"effect\":\"%s\",\"broken\":%s,\"expect\":\"%s\",\"label\":",
		   verdict_name(e->verdict), e->prevented ? "prevented" : "happened",
		   e->broken ? "true" : "false",
		   e->ev->expect == EXPECT_ALLOW ? "allow" : e->ev->expect == EXPECT_DENY ? "deny" : "");
	buf_json(b, e->ev->label);
	buf_puts(b, ",\"why\":");
	CLEANUP_BUF struct buf why = BUF_INIT, detail = BUF_INIT;
	buf_puts(&why, e->why);
	if (e->engine && e->judgement)
		engine_explain(e->engine, e->judgement, &detail);
	buf_puts(&why, detail.n ? ": " : "");
	buf_str(&why, buf_view(&detail));
	buf_json(b, buf_view(&why));
	buf_puts(b, ",\"rule\":");
	if (e->judgement) {
		const struct policy *policy = p->compiled->policies[e->judgement->policy];
		CLEANUP_BUF struct buf rule = BUF_INIT;
		buf_printf(&rule, "%.*s: %.*s", STR_ARG(policy->name),
			   STR_ARG(policy->hooks[e->judgement->hook].call));
		if (e->judgement->selector >= 0)
			buf_printf(&rule, ", selector %d", e->judgement->selector);
		buf_json(b, buf_view(&rule));
	} else {
		buf_puts(b, "\"\"");
	}
	buf_putc(b, '}');
}

static void on_event(void *arg, const struct proof_event *e)
{
	struct replay *p = arg;
	if (!p->strip_first && e->ev->time_ns)
		p->strip_first = e->ev->time_ns;
	add_to_strip(p, e);
	CLEANUP_BUF struct buf words = BUF_INIT;
	if (p->shows(e))
		event_words(e->ev, &words);
	if (!wanted(p, e, &words))
		return;
	uint64_t i = p->total++;
	if (i >= p->offset && i - p->offset < p->limit)
		add_row(p, e, &words);
}

/* When a corpus ends, for the scale of its strip. */
static void on_span(void *arg, const struct proof_event *e)
{
	struct replay *p = arg;
	uint64_t t = e->ev->time_ns;
	if (t && (!p->strip_first || t < p->strip_first))
		p->strip_first = t;
	p->strip_last = MAX(p->strip_last, t);
}

static bool replay_query(const struct request *q, struct response *r, struct replay *p)
{
	struct str show = query_str(q, "show");
	size_t i = 0;
	while (show.n && i < ARRAY_SIZE(shows) && !str_eq(show, str_from(shows[i].name)))
		i++;
	if (i == ARRAY_SIZE(shows) || !query_u64(q, "from", 0, UINT64_MAX, &p->from_ns) ||
	    !query_u64(q, "to", 0, UINT64_MAX, &p->to_ns)) {
		response_error(r, 400, "See /openapi.json for the words that each filter takes.",
			       "a filter has a value that it does not know");
		return false;
	}
	p->shows = shows[i].shows;
	p->kind = query_str(q, "kind");
	p->text = query_str(q, "q");
	return api_page(q, r, &p->offset, &p->limit);
}

static void answer_replay(struct response *r, const struct replay *p, const struct proof *proof,
			  struct str against)
{
	struct buf *b = &r->body;
	buf_puts(b, "{\"against\":");
	buf_json(b, against);
	buf_putc(b, ',');
	add_proof(b, proof);
	buf_puts(b, ",\"strip\":{\"first_ns\":\"");
	buf_time(b, p->recording ? p->row->first_ns : p->strip_first);
	buf_puts(b, "\",\"last_ns\":\"");
	buf_time(b, p->recording ? p->row->last_ns : p->strip_last);
	buf_puts(b, "\",\"buckets\":[");
	for (size_t i = 0; i < STRIP_BUCKETS; i++)
		buf_printf(b, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", i ? "," : "",
			   p->strip[i][STRIP_ALLOWED], p->strip[i][STRIP_BLOCKED],
			   p->strip[i][STRIP_HAPPENED], p->strip[i][STRIP_UNKNOWN]);
	buf_printf(b, "]},\"total\":%" PRIu64 ",\"offset\":%" PRIu64 ",\"rows\":[", p->total, p->offset);
	buf_str(b, buf_view(&p->rows));
	buf_puts(b, "]}\n");
}

static int replay_corpus(const struct candidate *c, const char *file, struct replay *p,
			 struct diag *d, struct proof *proof)
{
	const struct proof_handler measure = {on_span, p}, list = {on_event, p};
	int err = prove_corpus(c, file, p->row, &measure, d, proof);
	return err ? err : prove_corpus(c, file, p->row, &list, d, proof);
}

API(api_replay)
{
	STORE_FOR(s, w, r);
	struct workload_row row;
	uint64_t corpus = 0;
	struct replay p = {.row = &row};
	if (!api_workload_row(s, q, r, &row) || !replay_query(q, r, &p))
		return;
	struct str against = query_str(q, "against");
	p.recording = !against.n || str_eq(against, STR("recording"));
	if (!p.recording && (str_to_u64(against, &corpus) || corpus >= w->ncorpora)) {
		response_error(r, 404, "Start stakeout serve with --corpus FILE, or choose the recording.",
			       "there is no such corpus");
		return;
	}
	CANDIDATE_FOR(c, w, s, q, r, &row, false);
	if (!c->compiled_ok) {
		refuse_uncompiled(r, c);
		return;
	}
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct proof proof;
	p.compiled = &c->compiled;
	const struct proof_handler list = {on_event, &p};
	int err = p.recording ? prove_recording(w, c, s, &row, &list, &proof)
			      : replay_corpus(c, w->corpora[corpus], &p, &d, &proof);
	if (err && p.recording)
		store_refusal(r, s, err);
	else if (err)
		response_error(r, 500, "Check the file given with --corpus.", "%s: %s", w->corpora[corpus],
			       d.n ? d.v[0].message : "cannot be read");
	else
		answer_replay(r, &p, &proof, p.recording ? STR("recording") : str_from(w->corpora[corpus]));
	buf_done(&p.rows);
}
