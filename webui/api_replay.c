/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events behind the numbers at the foot: one pass over the recording or a corpus, which counts, draws the strip,
 * and keeps the rows of one page. Filters say which events are looked at; SHOW says which verdicts of them.
 */
#include <inttypes.h>

#include "compiler/replay/refused.h"
#include "schema/base/map.h"
#include "schema/event_words.h"
#include "webui/api.h"
#include "webui/passes.h"
#include "webui/phase.h"
#include "webui/prove.h"
#include "webui/runs.h"
#include "webui/strip.h"

enum { FACETS_MAX = 200 };    /* labels and pods that are named; more can still be asked for */
enum strip_class { STRIP_ALLOWED, STRIP_BLOCKED, STRIP_HAPPENED, STRIP_UNKNOWN };
_Static_assert(STRIP_UNKNOWN + 1 == STRIP_CLASSES, "a class for each column of the strip");

struct ids {
	bool asked;
	int64_t *v;
	size_t n;
};

struct replay {
	const struct workload_row *row;
	bool (*shows)(const struct proof_event *e);
	struct str kind, text, label, pod, rule;
	int phase;                       /* -1 = any */
	uint64_t from_ns, to_ns;         /* brushed; 0 = no bound */
	uint64_t offset, limit, total;
	bool recording;
	const struct candidate *candidate, *compared;
	struct ids instance, startups;   /* of the recording */
	struct map *labels, *pods;       /* of a corpus */
	struct map *rules;               /* that decided what is shown: policy, hook, selector */
	struct { struct str *v; size_t n, cap; } rule_names;
	struct arena *arena;
	struct buf rows;
	struct strip strip;
};

/* ---- which events ---- */

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
	return verdict_stops(e->verdict) && e->effect == EFFECT_HAPPENED;
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
static bool show_changed(const struct proof_event *e)
{
	return proof_change(e) != PROOF_SAME;
}
static bool show_newly_blocked(const struct proof_event *e)
{
	return proof_change(e) == PROOF_BLOCKED;
}
static bool show_newly_allowed(const struct proof_event *e)
{
	return proof_change(e) == PROOF_ALLOWED;
}

static const struct {
	const char *name;
	bool (*shows)(const struct proof_event *e);
} shows[] = {
	{"blocked", show_blocked},
	{"all", show_all},
	{"unknown", show_unknown},
	{"happened", show_happened},
	{"attacks", show_attacks},
	{"missed", show_missed},
	{"broken", show_broken},
	{"changed", show_changed},
	{"newly-blocked", show_newly_blocked},
	{"newly-allowed", show_newly_allowed},
	{"denied-passing", proof_denied_passes},
	{"undecided-blocked", proof_undecided_blocked},
};

static enum phase phase_in(const struct replay *p, const struct event *ev)
{
	if (!p->recording)
		return phase_of_event(ev);
	bool startup = ids_have(p->startups.v, p->startups.n, (int64_t)ev->line);
	const struct process *by = ev->kind == KIND_EXEC ? &ev->parent : &ev->process;
	return phase_of(ev->tags, by->path.n ? by->path : by->filename, startup);
}

static bool looked_at(const struct replay *p, const struct event *ev)
{
	if (p->kind.n && !str_eq(p->kind, str_from(kind_name(ev->kind))))
		return false;
	if ((p->from_ns && ev->time_ns < p->from_ns) || (p->to_ns && ev->time_ns > p->to_ns))
		return false;
	if (p->label.n && !str_eq(p->label, ev->label))
		return false;
	if (p->pod.n && !str_eq(p->pod, ev->process.pod.name))
		return false;
	if (p->instance.asked && !ids_have(p->instance.v, p->instance.n, (int64_t)ev->line))
		return false;
	return p->phase < 0 || (int)phase_in(p, ev) == p->phase;
}

/* "shop-cart: file_open, selector 2" of the deciding rule; empty: none decided. Made once for each. */
static struct str rule_of(struct replay *p, const struct proof_event *e)
{
	const struct judgement *j = e->judgement;
	if (!j)
		return (struct str){NULL, 0};
	int64_t key[] = {(int64_t)j->policy, (int64_t)j->hook, j->selector};
	bool fresh;
	uint32_t number = map_add(p->rules, (struct str){(const char *)key, sizeof(key)}, &fresh);
	if (!fresh)
		return p->rule_names.v[number];
	const struct policy *policy = p->candidate->compiled.policies[j->policy];
	CLEANUP_BUF struct buf name = BUF_INIT;
	buf_printf(&name, STR_FMT ": " STR_FMT, STR_ARG(policy->name), STR_ARG(policy->hooks[j->hook].call));
	if (j->selector >= 0)
		buf_printf(&name, ", selector %d", j->selector);
	return *VEC_PUSH(&p->rule_names) = arena_str(p->arena, buf_view(&name));
}

/* ---- what is kept of them ---- */

static enum strip_class strip_class(const struct proof_event *e)
{
	if (e->verdict == VERDICT_UNKNOWN)
		return STRIP_UNKNOWN;
	if (!verdict_stops(e->verdict))
		return STRIP_ALLOWED;
	return e->effect == EFFECT_PREVENTED ? STRIP_BLOCKED : e->effect == EFFECT_HAPPENED ? STRIP_HAPPENED : STRIP_UNKNOWN;
}

static void add_why(struct buf *b, const struct candidate *c, const struct proof_event *e)
{
	CLEANUP_BUF struct buf why = BUF_INIT, detail = BUF_INIT;
	if (proof_denied_passes(e)) {
		passes_words(c, e->ev, &why);
		buf_json(b, buf_view(&why));
		return;
	}
	/* The policy is made of the choice, so whatever it stops is what the choice does not name. */
	bool stopped = e->judgement && verdict_stops(e->verdict);
	buf_puts(&why, stopped ? "no rule allows this" : e->why);
	if (e->judgement)
		judges_explain(e->judges, e->judgement, &detail);
	buf_puts(&why, detail.n ? ": " : "");
	buf_str(&why, buf_view(&detail));
	buf_json(b, buf_view(&why));
}


static void add_row(struct replay *p, const struct proof_event *e, struct str rule, const struct buf *words)
{
	struct buf *b = &p->rows;
	const struct event *ev = e->ev;
	buf_puts(b, b->n ? ",\n{" : "{");
	buf_printf(b, "\"%s\":%" PRIu64 ",\"time_ns\":", p->recording ? "observation" : "line", ev->line);
	buf_puts(b, ev->time_ns ? "\"" : "null");
	if (ev->time_ns) {
		buf_time(b, ev->time_ns);
		buf_putc(b, '"');
	}
	buf_printf(b, ",\"kind\":\"%s\",\"phase\":\"%s\",\"count\":%" PRIu64 ",\"words\":", kind_name(ev->kind),
		   phase_name(phase_in(p, ev)), MAX(ev->count, 1u));
	buf_json(b, buf_view(words));
	buf_printf(b, ",\"verdict\":\"%s\",\"effect\":\"%s\",\"broken\":%s,\"expect\":\"%s\"",
		   verdict_name(e->verdict), effect_name(e->effect), e->broken ? "true" : "false",
		   ev->expect == EXPECT_ALLOW ? "allow" : ev->expect == EXPECT_DENY ? "deny" : "");
	if (e->compared)
		buf_printf(b, ",\"before\":\"%s\"", verdict_name(e->before));
	buf_puts(b, ",\"label\":");
	buf_json(b, ev->label);
	buf_puts(b, ",\"why\":");
	add_why(b, p->candidate, e);
	buf_puts(b, ",\"rule\":");
	buf_json(b, rule);
	buf_putc(b, '}');
}

static void add_facet(struct map *m, struct str name)
{
	if (name.n && map_size(m) < FACETS_MAX)
		map_add(m, name, NULL);
}

static void on_event(void *arg, const struct proof_event *e)
{
	struct replay *p = ((struct run *)arg)->arg;
	if (!p->recording) {
		add_facet(p->labels, e->ev->label);
		add_facet(p->pods, e->ev->process.pod.name);
	}
	if (!looked_at(p, e->ev))
		return;
	strip_add(&p->strip, e->ev->time_ns, strip_class(e), MAX(e->ev->count, 1u));
	if (!p->shows(e))
		return;
	struct str rule = rule_of(p, e);
	if (p->rule.n && !str_eq(p->rule, rule))
		return;
	/* Words cost more than the verdict: made for the page, and for a filter that looks into them. */
	bool on_page = p->total >= p->offset && p->total - p->offset < p->limit;
	CLEANUP_BUF struct buf words = BUF_INIT;
	if (on_page || p->text.n)
		event_words(e->ev, &words);
	if (p->text.n && !memmem(words.p, words.n, p->text.p, p->text.n))
		return;
	p->total++;
	if (on_page)
		add_row(p, e, rule, &words);
}

/* ---- asked and answered ---- */

static int instance_filter(struct store *s, const struct request *q, struct replay *p)
{
	struct str instance = query_str(q, "instance");
	uint64_t id;
	if (!instance.n)
		return 0;
	if (!p->recording) {
		p->pod = instance;
		return 0;
	}
	if (str_to_u64(instance, &id) || id > INT64_MAX)
		return -EINVAL;
	p->instance.asked = true;
	return store_seen_in(s, q->arena, p->row->id, (int64_t)id, &p->instance.v, &p->instance.n);
}

static bool replay_query(struct store *s, const struct request *q, struct response *r, struct replay *p)
{
	struct str show = query_str(q, "show"), phase = query_str(q, "phase");
	size_t i = 0;
	while (show.n && i < ARRAY_SIZE(shows) && !str_eq(show, str_from(shows[i].name)))
		i++;
	p->phase = phase.n ? phase_from(phase) : -1;
	int err = instance_filter(s, q, p);
	if (i == ARRAY_SIZE(shows) || (phase.n && p->phase < 0) || err == -EINVAL ||
	    !query_u64(q, "from", 0, UINT64_MAX, &p->from_ns) ||
	    !query_u64(q, "to", 0, UINT64_MAX, &p->to_ns)) {
		response_error(r, 400, "See /openapi.json for the words that each filter takes.",
			       "a filter has a value that it does not know");
		return false;
	}
	if (!err && p->recording)
		err = store_startups(s, q->arena, p->row->id, -1, PHASE_STARTUP_NS, &p->startups.v,
				     &p->startups.n);
	if (err) {
		store_refusal(r, s, err);
		return false;
	}
	p->shows = shows[i].shows;
	p->kind = query_str(q, "kind");
	p->text = query_str(q, "q");
	p->label = query_str(q, "label");
	p->rule = query_str(q, "rule");
	return api_page(q, r, &p->offset, &p->limit);
}

static void add_facets(struct buf *b, const char *key, const struct map *m)
{
	buf_printf(b, ",\"%s\":[", key);
	for (uint32_t i = 0; i < map_size(m); i++) {
		buf_puts(b, i ? "," : "");
		buf_json(b, map_key(m, i));
	}
	buf_putc(b, ']');
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void add_rules(struct buf *b, const struct replay *p)
{
	struct str *v = p->rule_names.v;
	buf_puts(b, ",\"rules\":[");
	if (v)
		qsort(v, p->rule_names.n, sizeof(*v), by_name);
	for (size_t i = 0; i < p->rule_names.n; i++) {
		if (i && str_eq(v[i], v[i - 1]))   /* a policy may name a hook twice */
			continue;
		buf_puts(b, i ? "," : "");
		buf_json(b, v[i]);
	}
	buf_putc(b, ']');
}

static void answer_replay(struct response *r, const struct replay *p, const struct proof *proof,
			  struct str against)
{
	struct buf *b = &r->body;
	buf_puts(b, "{\"against\":");
	buf_json(b, against);
	buf_putc(b, ',');
	json_proof(b, proof);
	add_facets(b, "labels", p->labels);
	add_facets(b, "pods", p->pods);
	add_rules(b, p);
	if (p->compared)
		refused_json(&p->compared->set, "current_refused", b);
	buf_puts(b, ",\"strip\":");
	strip_json(b, &p->strip);
	buf_printf(b, ",\"total\":%" PRIu64 ",\"offset\":%" PRIu64 ",\"rows\":[", p->total, p->offset);
	buf_str(b, buf_view(&p->rows));
	buf_puts(b, "]}\n");
}

/* CORPUS NULL: the recording. */
static void run_replay(struct web *w, struct store *s, const struct proof_wish *wish, const struct feed_name *corpus,
		       const struct replay *p, struct response *r)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct proof proof;
	int err = corpus ? prove_corpus(wish, corpus, &d, &proof) : prove_recording(w, s, wish, &proof);
	if (err == -ECANCELED)
		run_given_up(r);
	else if (err && !corpus)
		store_refusal(r, s, err);
	else if (err)
		response_error(r, 500, "Check the file given with --corpus.", "%s: %s", corpus->file,
			       d.n ? d.v[0].message : "cannot be read");
	else
		answer_replay(r, p, &proof, corpus ? str_from(corpus->file) : STR("recording"));
}

/* *RET: "recording" (NULL) or a corpus by its number. */
static bool against_of(const struct web *w, const struct request *q, struct response *r, const struct feed_name **ret)
{
	struct str against = query_str(q, "against");
	uint64_t corpus = 0;
	*ret = NULL;
	if (!against.n || str_eq(against, STR("recording")))
		return true;
	if (str_to_u64(against, &corpus) || corpus >= w->ncorpora) {
		response_error(r, 404, "Start stakeout serve with --corpus FILE, or choose the recording.",
			       "there is no such corpus");
		return false;
	}
	*ret = &w->corpora[corpus];
	return true;
}

/*
 * *RET: what CANDIDATE is compared with; NULL: nothing. DEPLOYED is filled when that is what runs now, without the policies that no
 * agent on the candidate's target would load; policy_set_give_back() of its set.
 */
static bool before_of(const struct web *w, const struct request *q, struct response *r,
		      const struct candidate *candidate, const struct candidate *earlier,
		      struct candidate *deployed, const struct candidate **ret)
{
	struct str current = query_str(q, "current");
	*ret = current.n ? earlier : NULL;
	if (!str_eq(current, STR("deployed")))
		return true;
	if (!w->current) {
		response_error(r, 404, "Start stakeout serve with --current FILE.", "no policy that is deployed was given");
		return false;
	}
	CLEANUP_DIAG struct diag d = DIAG_INIT;   /* refused_json() tells the same */
	*deployed = (struct candidate){.target = candidate->target, .compiled_ok = true};
	policy_set_borrow(w->current, &deployed->set);
	policy_set_refuse(&deployed->set, &deployed->target, &d);
	*ret = deployed;
	return true;
}

API(api_replay)
{
	STORE_FOR(s, w, r);
	struct workload_row row;
	const struct feed_name *corpus;
	uint64_t current, run;
	struct replay p = {.row = &row};
	if (!api_workload_row(s, q, r, &row) || !against_of(w, q, r, &corpus))
		return;
	p.recording = !corpus;
	if (!replay_query(s, q, r, &p))
		return;
	bool deployed = str_eq(query_str(q, "current"), STR("deployed"));
	current = row.version;
	if ((!deployed && !query_u64(q, "current", row.version, INT64_MAX, &current)) ||
	    !query_u64(q, "run", 0, INT64_MAX, &run)) {
		response_error(r, 400, "Choose the version from the list.", "current is a version or 'deployed', run a whole number");
		return;
	}
	CANDIDATE_FOR(c, w, s, q, r, &row, false, row.version);
	CANDIDATE_FOR(before, w, s, q, r, &row, false, current);
	if (!c->compiled_ok || !before->compiled_ok) {
		refuse_uncompiled(r, c->compiled_ok ? before : c);
		return;
	}
	struct candidate now = {.set = POLICY_SET_INIT};
	const struct candidate *compared;
	if (!before_of(w, q, r, c, before, &now, &compared))
		return;
	p.compared = compared;
	p.candidate = c;
	p.labels = map_new();
	p.pods = map_new();
	p.rules = map_new();
	p.arena = q->arena;
	CLEANUP_RUN struct run progress;
	run_begin(&progress, w, q, run);
	progress.arg = &p;
	const struct proof_wish wish = {.candidate = c,
					.before = compared,
					.row = &row,
					.event = on_event,
					.go_on = run_go_on,
					.arg = &progress};
	run_replay(w, s, &wish, corpus, &p, r);
	buf_done(&p.rows);
	map_free(p.labels);
	map_free(p.pods);
	map_free(p.rules);
	free(p.rule_names.v);
	policy_set_give_back(&now.set);
}
