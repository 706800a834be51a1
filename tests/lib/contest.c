/* SPDX-License-Identifier: GPL-2.0-only */
/* See contest.h. A policy shrinks as a model: an element of one of its arrays goes, and what remains is printed again. */
#include "tests/lib/contest.h"

#include "compiler/eval/eval.h"
#include "schema/ndjson.h"
#include "schema/policy_load.h"

bool contest_load(struct contest *c, struct str yaml)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct policy **v = NULL;
	size_t n = 0, kept = 0;
	c->policies = NULL;
	c->n = 0;
	if (policies_parse("random", yaml, &d, &v, &n) < 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		CLEANUP_DIAG struct diag load = DIAG_INIT;
		if (!policy_load_check(v[i], &c->target, &load))
			v[kept++] = v[i];
		else
			policy_free(v[i]);
	}
	c->policies = v;
	c->n = kept;
	return kept > 0;
}

void contest_unload(struct contest *c)
{
	for (size_t i = 0; i < c->n; i++)
		policy_free(c->policies[i]);
	free(c->policies);
	c->policies = NULL;
	c->n = 0;
}

/* ---- one line ---- */

static bool stops(enum verdict v)
{
	return v == VERDICT_DENY || v == VERDICT_KILL;
}

/*
 * What only the shipped one may be in doubt about. Where it comes to the same either way it names the first selector that may match.
 */
static bool may_doubt(const struct policy *p, size_t hook, const struct event *ev)
{
	if (hook == SLOW_ENFORCER)
		return true;
	const struct hook *h = &p->hooks[hook];
	for (size_t i = 0; i < h->nselectors; i++) {
		const struct selector *s = &h->selectors[i];
		if (s->npids || s->nparent_binaries || s->ndata || s->nnamespace_changes || s->ncapability_changes || s->macros.n ||
		    s->nnamespaces || s->ncapabilities || (s->nbinaries && s->binaries->follow_children))
			return true;
	}
	for (uint32_t i = 0; i < ev->nargs; i++)
		if (ev->args[i].kind == ARG_ERROR || ev->args[i].kind == ARG_BYTES)
			return true;
	return false;
}

static bool same(const struct slow_judgement *s, const struct judgement *j, bool doubt)
{
	if (!stops(s->verdict) && !stops(j->verdict) && s->selector == -2)
		return true;             /* posted or not is not told */
	if (s->partly)
		return !stops(s->verdict) || stops(j->verdict);             /* of the hits between two lines the worst is told */
	if (s->posted_open && !stops(s->verdict) && !stops(j->verdict))
		return true;
	if (s->verdict != j->verdict || (stops(s->verdict) && s->monitor != j->monitor) || (s->selector != -2 && s->selector != j->selector && !doubt))
		return false;
	if (s->verdict == VERDICT_DENY && s->error != SLOW_ANY_ERROR && s->error != j->error)
		return false;
	if (s->verdict == VERDICT_KILL && s->signal != j->signal)
		return false;
	if (s->effect == SLOW_OPEN || j->effect == EFFECT_UNKNOWN || s->selector == -2)
		return true;
	return (s->effect == SLOW_PREVENTED) == (j->effect == EFFECT_PREVENTED);
}

static void tell(const struct contest *c, const struct event *ev, const struct slow_judgement *s,
		 const struct judgement *j, struct buf *why)
{
	if (!why)
		return;
	const struct policy *p = c->policies[s->policy];
	struct str call = s->hook == SLOW_ENFORCER ? STR("enforcer") : p->hooks[s->hook].call;
	buf_printf(why, "line %llu, policy " STR_FMT " hook %zd (" STR_FMT "):\n", (unsigned long long)ev->line, STR_ARG(p->name),
		   (ssize_t)s->hook, STR_ARG(call));
	buf_printf(why, "  obvious:  %s selector %d error %d signal %u effect %d%s (%s)\n", verdict_name(s->verdict), s->selector,
		   s->error, s->signal, (int)s->effect, s->monitor ? " monitor" : "", s->why ? s->why : "");
	if (!j)
		buf_puts(why, "  shipped:  no judgement\n");
	else
		buf_printf(why, "  shipped:  %s selector %d error %d signal %u effect %s%s (%s)\n", verdict_name(j->verdict),
			   j->selector, j->error, j->signal, effect_name(j->effect), j->monitor ? " monitor" : "", j->why);
}

/*
 * The judgement of the same hook. What an enforcer does is told with whichever hook spoke to it: the one that says the same, or else what
 * speaks of an enforcer, or the worst of the policy; of a hook, what does not speak of one.
 */
static const struct judgement *find(const struct judgement *v, size_t n, const struct slow_judgement *s)
{
	const struct judgement *worst = NULL, *fitting = NULL;
	for (size_t i = 0; i < n; i++) {
		if (v[i].policy != s->policy || (s->hook != SLOW_ENFORCER && v[i].hook != s->hook))
			continue;
		if (same(s, &v[i], true))
			return &v[i];
		bool of_enforcer = v[i].why && strstr(v[i].why, "the enforcer was");
		if (of_enforcer == (s->hook == SLOW_ENFORCER))
			fitting = &v[i];
		if (!worst || v[i].verdict > worst->verdict)
			worst = &v[i];
	}
	return fitting ? fitting : worst;
}

static bool compare(const struct contest *c, const struct event *ev, const struct slow_judgement *s,
		    const struct judgement *j, struct contest_counts *counts, struct buf *why)
{
	counts->judged++;
	counts->silent += s->silent;
	if (s->silent)
		return true;
	bool passes = s->selector == -1 && s->verdict == VERDICT_ALLOW;
	if (j ? same(s, j, may_doubt(c->policies[s->policy], s->hook, ev)) : passes || !stops(s->verdict)) {
		counts->agree++;
		counts->unknown += s->verdict == VERDICT_UNKNOWN;
		counts->stopped += stops(s->verdict);
		return true;
	}
	/* The obvious one does not look for a name in other lines. */
	if (j && s->verdict == VERDICT_UNKNOWN && s->why && (ev->kind == KIND_EXEC || strstr(s->why, "resolved, is not told"))) {
		counts->named++;
		return true;
	}
	if (j && (j->verdict == VERDICT_UNKNOWN || (!stops(s->verdict) && strstr(j->why, "not told")))) {
		counts->unsure++;
		const char *show = getenv("PROPERTY_UNSURE");
		if (show && why)
			tell(c, ev, s, j, why);
		return !show;
	}
	tell(c, ev, s, j, why);
	return false;
}

/* Every line of a process is preceded by some system call, of which the obvious one does not speak. */
static bool notified_by_any_call(const struct policy *p)
{
	for (size_t i = 0; i < p->nhooks; i++)
		if (str_eq(p->hooks[i].subsystem, STR("raw_syscalls")))
			return true;
	return false;
}

/* Does the shipped one stop a call of an enforcer's list of which the obvious one says nothing? */
static bool invents(const struct contest *c, const struct event *ev, const struct slow_judgement *sv, size_t sn,
		    const struct judgement *j)
{
	const struct policy *p = c->policies[j->policy];
	bool listed = false;
	if (notified_by_any_call(p))
		return false;
	for (size_t i = 0; i < p->nenforcers && ev->section != HOOK_NONE; i++)
		for (size_t k = 0; k < p->enforcers[i].calls.n; k++)
			listed |= str_eq(p->enforcers[i].calls.v[k], ev->hook);
	for (size_t i = 0; i < sn; i++)
		listed &= sv[i].policy != j->policy;
	return listed && stops(j->verdict) && strstr(j->why, "enforcer was notified");
}

static void tell_invented(const struct event *ev, const struct judgement *j, struct buf *why)
{
	if (why)
		buf_printf(why, "line %llu, policy %zu hook %zu: only the shipped one judges: %s (%s)\n", (unsigned long long)ev->line, j->policy,
			   j->hook, verdict_name(j->verdict), j->why);
}

/* Whatever it says, it says why. */
static bool gives_reason(const struct event *ev, const struct judgement *j, struct buf *why)
{
	if (j->why && *j->why)
		return true;
	if (why)
		buf_printf(why, "line %llu, policy %zu hook %zu: %s, and no reason\n", (unsigned long long)ev->line, j->policy, j->hook,
			   verdict_name(j->verdict));
	return false;
}

static bool judge_all(const struct contest *c, struct engine *e, struct slow *s, struct str lines,
		      struct contest_counts *counts, struct buf *why)
{
	CLEANUP(source_close) struct source *source = ndjson_open_bytes("random", lines, NULL);
	struct event ev;
	while (source_next(source, &ev) > 0) {
		const struct slow_judgement *sv;
		const struct judgement *jv;
		size_t sn = slow_judge(s, &ev, &sv), jn = engine_judge(e, &ev, &jv);
		counts->lines++;
		for (size_t i = 0; i < jn; i++)
			if (!gives_reason(&ev, &jv[i], why))
				return false;
		for (size_t i = 0; i < sn; i++)
			if (!compare(c, &ev, &sv[i], find(jv, jn, &sv[i]), counts, why))
				return false;
		for (size_t i = 0; i < jn; i++) {
			if (!invents(c, &ev, sv, sn, &jv[i]))
				continue;
			tell_invented(&ev, &jv[i], why);
			return false;
		}
	}
	return true;
}

bool contest_run(const struct contest *c, struct str lines, struct contest_counts *counts, struct buf *why)
{
	CLEANUP(engine_free) struct engine *e = engine_new(c->policies, c->n, &c->target);
	CLEANUP(slow_free) struct slow *s = slow_new(c->policies, c->n, &c->target, c->recorders, c->nrecorders);
	CLEANUP(source_close) struct source *source = ndjson_open_bytes("random", lines, NULL);
	struct event ev;
	engine_presume_paths(e, c->presume);
	engine_recorders(e, c->recorders, c->nrecorders);
	slow_presume_paths(s, c->presume);
	while (source_next(source, &ev) > 0) {
		engine_records(e, &ev);
		slow_records(s, &ev);
	}
	engine_records_end(e);
	return judge_all(c, e, s, lines, counts, why);
}

/* ---- smaller ---- */

struct cut {
	size_t wanted, at;
};

static void cut_array(struct cut *c, void *v, size_t *n, size_t size)
{
	if (c->wanted >= c->at && c->wanted < c->at + *n) {
		size_t i = c->wanted - c->at;
		memmove((char *)v + i * size, (char *)v + (i + 1) * size, (*n - i - 1) * size);
		--*n;
		c->at += *n + 1;
		return;
	}
	c->at += *n;
}
#define CUT(c, v, n) cut_array(c, v, &(n), sizeof(*(v)))

/* Not the last one: no values is a case of its own. */
static void cut_values(struct cut *c, struct strs *s)
{
	if (s->n > 1)
		CUT(c, s->v, s->n);
}

static void cut_selector(struct cut *c, struct selector *s)
{
	CUT(c, s->args, s->nargs);
	CUT(c, s->binaries, s->nbinaries);
	CUT(c, s->pids, s->npids);
	CUT(c, s->namespaces, s->nnamespaces);
	CUT(c, s->capabilities, s->ncapabilities);
	CUT(c, s->actions, s->nactions);
	CUT(c, s->macros.v, s->macros.n);
	for (size_t i = 0; i < s->nargs; i++)
		cut_values(c, &s->args[i].values);
	for (size_t i = 0; i < s->nbinaries; i++)
		cut_values(c, &s->binaries[i].values);
	for (size_t i = 0; i < s->npids; i++)
		if (s->pids[i].n > 1)
			CUT(c, s->pids[i].values, s->pids[i].n);
	for (size_t i = 0; i < s->ncapabilities; i++)
		cut_values(c, &s->capabilities[i].values);
}

/* Takes away the element number WANTED; false when there are not so many. */
static bool cut_policy(struct policy *p, size_t wanted)
{
	struct cut c = {.wanted = wanted};
	CUT(&c, p->hooks, p->nhooks);
	CUT(&c, p->options, p->noptions);
	CUT(&c, p->macros, p->nmacros);
	for (size_t i = 0; i < p->nhooks; i++) {
		CUT(&c, p->hooks[i].selectors, p->hooks[i].nselectors);
		for (size_t k = 0; k < p->hooks[i].nselectors; k++)
			cut_selector(&c, &p->hooks[i].selectors[k]);
	}
	struct label_selector **scopes[] = {&p->pod, &p->container, &p->host};
	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
		if (*scopes[i] && c.at++ == wanted)
			*scopes[i] = NULL;
	}
	return wanted < c.at;
}

static bool still(const struct contest *c, struct str yaml, struct str lines)
{
	struct contest copy = *c;
	struct contest_counts counts = {0};
	bool differs = contest_load(&copy, yaml) && !contest_run(&copy, lines, &counts, NULL);
	contest_unload(&copy);
	return differs;
}

/* All documents but DOCUMENT; that one without its element WANTED. False: no such element. */
static bool smaller_yaml(struct str yaml, size_t document, size_t wanted, struct buf *out)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	struct policy **v = NULL;
	size_t n = 0;
	buf_clear(out);
	if (policies_parse("random", yaml, &d, &v, &n) < 0)
		return false;
	bool more = document < n && (wanted == 0 || cut_policy(v[document], wanted - 1));
	for (size_t i = 0; i < n; i++) {
		if (i != document || wanted) {
			buf_puts(out, out->n ? "---\n" : "");
			policy_print(v[i], out);
		}
		policy_free(v[i]);
	}
	free(v);
	return more;
}

static bool shrink_yaml(const struct contest *c, struct buf *yaml, struct str lines)
{
	for (size_t document = 0; document < 8; document++)
		for (size_t wanted = 0; wanted < 200; wanted++) {
			CLEANUP_BUF struct buf less = BUF_INIT;
			if (!smaller_yaml(buf_view(yaml), document, wanted, &less))
				break;
			if (!still(c, buf_view(&less), lines))
				continue;
			buf_clear(yaml);
			buf_str(yaml, buf_view(&less));
			return true;
		}
	return false;
}

static bool shrink_lines(const struct contest *c, struct str yaml, struct buf *lines)
{
	for (size_t at = 0; at < lines->n;) {
		const char *end = memchr(lines->p + at, '\n', lines->n - at);
		size_t next = end ? (size_t)(end - lines->p) + 1 : lines->n;
		CLEANUP_BUF struct buf less = BUF_INIT;
		buf_add(&less, lines->p, at);
		buf_add(&less, lines->p + next, lines->n - next);
		if (still(c, yaml, buf_view(&less))) {
			buf_clear(lines);
			buf_str(lines, buf_view(&less));
			return true;
		}
		at = next;
	}
	return false;
}

void contest_shrink(const struct contest *c, struct buf *yaml, struct buf *lines)
{
	while (shrink_lines(c, buf_view(yaml), lines) || shrink_yaml(c, yaml, buf_view(lines)))
		;
}
