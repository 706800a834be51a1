/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The evidence as events: each entry of the allowlist gives at least one that it must let pass, and each observation
 * in the store that the entries cover gives one more. Every event runs as the workload itself, so that the
 * policy's scope covers it.
 */
#include "compiler/emit/prove.h"

#include "compiler/eval/eval.h"
#include "compiler/image/image_eval.h"
#include "compiler/allow/lower.h"
#include "schema/coverage.h"
#include "schema/event_words.h"
#include "schema/store_read.h"

struct prover {
	struct compiled *c;
	const struct compile_options *o;
	struct diag *d;
	struct engine *engine;
	struct arena *arena;
	struct str labels;                /* the pod's, as raw JSON */
	uint64_t events, errors;
	uint32_t seen;                    /* ACCESS_* of all evidence, allowed or not */
};

enum { MAX_ERRORS = 20 };

static struct str labels_json(const struct allowlist *a, struct arena *arena)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	buf_putc(&b, '{');
	for (size_t i = 0; i < a->nlabels; i++) {
		buf_puts(&b, i ? "," : "");
		buf_json(&b, a->labels[i].key);
		buf_putc(&b, ':');
		buf_json(&b, a->labels[i].value);
	}
	buf_putc(&b, '}');
	return arena_str(arena, buf_view(&b));
}

/* A process of the workload with this image. Keys are unique, so that no event is taken for another's child. */
static struct process member(struct prover *p, struct str path)
{
	const struct workload *w = &p->c->lowered->source->workload;
	struct process m = {.path = path, .filename = path, .path_known = true};
	m.exec_id = str_from(arena_printf(p->arena, "prove:%llu", (unsigned long long)++p->events));
	m.pid = m.tid = 1000;
	if (!str_eq(w->namespace, STR("host")))
		m.pod = (struct pod){.namespace = w->namespace, .name = w->name, .workload = w->name,
				     .workload_kind = w->kind, .container_name = w->container,
				     .container_id = STR("prove"), .labels = p->labels};
	return m;
}

static void complain(struct prover *p, const struct event *ev, const char *who, const char *why)
{
	CLEANUP_BUF struct buf words = BUF_INIT, safe = BUF_INIT;
	if (++p->errors > MAX_ERRORS)
		return;
	event_words(ev, &words);
	buf_text(&safe, buf_view(&words));
	diag_error(p->d, NULL, "%s: %s: %s", safe.p ? safe.p : "event", who, why);
}

/* EV is allowed: both must say so. The policies may not know. */
static void must_pass(struct prover *p, const struct event *ev)
{
	p->c->replayed++;
	struct image_verdict image = image_judge(p->c->image, ev);
	if (image.verdict == VERDICT_DENY)
		complain(p, ev, "is allowed, and the image would deny it", image.why);
	if (!p->engine)
		return;
	const struct judgement *j;
	size_t n = engine_judge(p->engine, ev, &j);
	enum verdict worst = judgements_worst(j, n);
	p->c->unknown += worst == VERDICT_UNKNOWN;
	for (size_t i = 0; i < n && (worst == VERDICT_DENY || worst == VERDICT_KILL); i++) {
		if (j[i].verdict != worst)
			continue;
		complain(p, ev, "is allowed, and the policy would stop it", j[i].why ? j[i].why : "");
		break;
	}
}

/* A path below a prefix, or the path itself. */
static struct str sample(struct prover *p, struct str path)
{
	if (path.p[path.n - 1] != '/')
		return path;
	return str_from(arena_printf(p->arena, STR_FMT "stakeout-sample", STR_ARG(path)));
}

static struct str caller_of(const struct lowered *l, uint32_t caller)
{
	return caller ? l->callers[caller - 1] : STR("/stakeout/any-caller");
}

static struct event event_by(struct prover *p, enum kind kind, struct str subject)
{
	struct event ev = {.kind = kind, .count = 1, .source = STR("allowlist")};
	ev.process = member(p, subject);
	return ev;
}

static void prove_exec(struct prover *p, struct str path, struct str caller)
{
	struct event ev = event_by(p, KIND_EXEC, path);
	ev.parent = member(p, caller);
	ev.has_parent = true;
	ev.process.parent_exec_id = ev.parent.exec_id;
	ev.process.flags = STR("execve clone");
	must_pass(p, &ev);
}

static void prove_file(struct prover *p, const struct lower_file *f)
{
	for (int bit = 0; bit < ACCESS_COUNT; bit++) {
		if (!(f->access & 1u << bit))
			continue;
		struct event ev = event_by(p, KIND_FILE, caller_of(p->c->lowered, f->caller));
		ev.path = sample(p, f->path);
		ev.path_known = true;
		ev.access = 1u << bit;
		p->seen |= f->access == LOWER_CHANGES ? 0 : ev.access;
		must_pass(p, &ev);
	}
}

static void prove_connect(struct prover *p, const struct lower_connect *c)
{
	struct event ev = event_by(p, KIND_CONNECT, caller_of(p->c->lowered, c->caller));
	ev.address = c->network;
	ev.address.port = c->port_first;
	ev.protocol = c->protocol ? c->protocol : 6;
	must_pass(p, &ev);
	ev.address.port = c->port_last;
	must_pass(p, &ev);
}

static void prove_entries(struct prover *p)
{
	const struct lowered *l = p->c->lowered;
	for (size_t i = 0; i < l->nexec; i++)
		prove_exec(p, sample(p, l->exec[i].path), caller_of(l, l->exec[i].caller));
	for (size_t i = 0; i < l->nfiles; i++)
		prove_file(p, &l->files[i]);
	for (size_t i = 0; i < l->nconnects; i++)
		prove_connect(p, &l->connects[i]);
}

/* ---- the store ---- */

static struct event event_of(struct prover *p, const struct observation *o)
{
	struct event ev = event_by(p, o->kind, o->subject);
	ev.source = STR("store");
	ev.count = o->count;
	ev.tags = o->tags;
	ev.access = o->access;
	ev.address = o->address;
	ev.protocol = o->protocol;
	ev.unix_path = o->unix_path;
	ev.guard = o->guard;
	ev.path = o->path;
	ev.path_known = o->path_known;
	ev.process.path_known = o->subject_known;
	if (o->kind != KIND_EXEC)
		return ev;
	ev.parent = ev.process;
	ev.has_parent = true;
	ev.process = member(p, o->path);
	ev.process.filename = o->filename;
	ev.process.path_known = o->path_known;
	ev.process.parent_exec_id = ev.parent.exec_id;
	ev.process.flags = STR("execve clone");
	return ev;
}

/* Nobody allowed it, so it is no error; but whoever enforces must know. */
static void count_not_allowed(struct compiled *c, struct not_allowed *n, const struct event *ev)
{
	CLEANUP_BUF struct buf words = BUF_INIT, safe = BUF_INIT;
	n->observations++;
	n->events += ev->count;
	if (n->nexamples == COMPILED_EXAMPLES)
		return;
	event_words(ev, &words);
	buf_text(&safe, buf_view(&words));
	*ARENA_PUSH(c->arena, n->examples, n->nexamples) = arena_str(c->arena, buf_view(&safe));
}

static void would_stop(struct compiled *c, const struct event *ev)
{
	count_not_allowed(c, &c->would_stop, ev);
	c->would_stop_of[ev->kind]++;
	if (ev->kind == KIND_FILE)
		c->would_stop_access |= lower_access(ev->access);
}

/* Not resolved: may be anything. What passes if the name as typed is the path is left at that. */
static void may_stop(struct compiled *c, const struct event *ev)
{
	struct event typed = *ev;
	if (ev->kind == KIND_EXEC && !ev->process.path_known) {
		typed.process.path = ev->process.filename;
		typed.process.path_known = true;
	}
	typed.path_known = true;
	if (image_judge(c->image, &typed).verdict != VERDICT_ALLOW)
		count_not_allowed(c, &c->may_stop, ev);
}

static void prove_observation(struct prover *p, const struct observation_row *row)
{
	struct event ev = event_of(p, &row->o);
	if (ev.kind == KIND_FILE)
		p->seen |= lower_access(ev.access);
	struct image_verdict v = image_judge(p->c->image, &ev);
	if (v.verdict == VERDICT_ALLOW)
		must_pass(p, &ev);
	else if (v.verdict == VERDICT_DENY && row->choice == CHOICE_ALLOW)
		complain(p, &ev, "was allowed in review, and is on no list", v.why);
	else if (v.verdict == VERDICT_DENY && row->choice == CHOICE_UNDECIDED)
		would_stop(p->c, &ev);
	else if (v.verdict == VERDICT_UNKNOWN && row->choice == CHOICE_UNDECIDED)
		may_stop(p->c, &ev);
}

/* Which changes one of the recordings could have shown. */
static int learn_coverage(struct prover *p, struct store *s, const struct workload_row *w)
{
	struct recording_row *rows;
	size_t n;
	int err = store_recordings(s, p->arena, w->id, &rows, &n);
	for (size_t i = 0; i < n && !err; i++)
		for (uint32_t bit = 1; bit <= LOWER_CHANGES; bit <<= 1)
			if (coverage_of_access(rows[i].recording.hooks, bit) != COVERAGE_MISSED)
				p->c->visible |= bit & LOWER_CHANGES;
	return err;
}

static int prove_rows(struct prover *p, struct store *s, const struct workload_row *w)
{
	struct observation_query q = OBSERVATION_QUERY_ALL;
	struct observation_row row;
	CLEANUP(store_cursor_close) struct store_cursor *cursor = NULL;
	q.workload = w->id;
	int err = learn_coverage(p, s, w);
	if (!err)
		err = store_observations(s, &q, &cursor);
	while (!err && (err = store_cursor_next(cursor, &row)) > 0) {
		prove_observation(p, &row);
		err = 0;
	}
	return err;
}

/* The store's workload: the allowlist's, or the one that the options name. */
static int find_recorded(struct prover *p, struct store *s, struct workload_row **ret, size_t *ret_n)
{
	CLEANUP_BUF struct buf own = BUF_INIT;
	const char *file = store_file(s), *as = p->o->recorded_as;
	const struct workload *w = &p->c->lowered->source->workload;
	if (w->cluster.n) {
		buf_str(&own, w->cluster);
		buf_putc(&own, ':');
	}
	workload_print(&own, w);
	const char *pattern = as ? as : own.p;
	int err = store_workloads(s, p->arena, pattern, 0, ret, ret_n);
	if (err)
		return diag_error(p->d, file, "cannot read the workloads: %s", store_error(s)), err;
	if (*ret_n == 0 && as)
		return diag_error(p->d, file, "holds no workload '%s'; see 'stakeout workloads'", as);
	if (*ret_n == 0)
		diag_add(p->d, DIAG_WARNING, file, 0, 0, "holds nothing of workload %s: no observation was replayed. Where it was recorded "
			 "under another name (a pod known by its cgroup, a host's container), say so with --workload", pattern);
	if (*ret_n > 1 && as)
		return diag_error(p->d, file, "'%s' means %zu workloads; write one whole name", as, *ret_n);
	return 0;
}

static int prove_store(struct prover *p, const char *file)
{
	CLEANUP(store_close) struct store *s = NULL;
	struct workload_row *rows = NULL;
	size_t n = 0;
	int err = store_open(file, STORE_READ, p->d, &s);
	if (err)
		return err;
	err = find_recorded(p, s, &rows, &n);
	if (err)
		return err;
	for (size_t i = 0; i < n && !err; i++)
		err = prove_rows(p, s, &rows[i]);
	if (err)
		diag_error(p->d, file, "cannot read the observations: %s", store_error(s));
	return err;
}

int prove(struct compiled *c, const struct compile_options *o, struct diag *d)
{
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct prover p = {.c = c, .o = o, .d = d, .arena = arena};
	CLEANUP(engine_free) struct engine *engine =
		c->npolicies ? engine_new(c->policies, c->npolicies, &o->target) : NULL;
	p.engine = engine;
	p.labels = labels_json(c->lowered->source, arena);
	prove_entries(&p);
	int err = o->db ? prove_store(&p, o->db) : 0;
	if (c->lowered->nprotect)
		c->unseen = LOWER_CHANGES & ~p.seen;
	if (p.errors > MAX_ERRORS)
		diag_error(d, NULL, "and %llu more", (unsigned long long)(p.errors - MAX_ERRORS));
	return err ? err : p.errors ? -EINVAL : 0;
}
