/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What explain and diff say, held against plain replays. The judgements of each event are taken from the engine alone; which events fare
 * otherwise under other policies, in which group and how often, is then found by comparing all with all. An edit that explain tells is
 * made where it says, in the policy as its author has it, printed and read anew: the verdict must turn, and what it is said to change
 * among other events must be what a replay of the edited policy changes.
 *
 * SEED=N begins at another place, PROPERTY_SECONDS=N runs longer than the default.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "compiler/replay/explain.h"
#include "compiler/replay/replay.h"
#include "compiler/replay/replay_report.h"
#include "schema/policy_fields.h"
#include "schema/policy_load.h"
#include "tests/lib/plain_replay.h"
#include "tests/lib/random.h"

enum { DEFAULT_SECONDS = 8, DEFAULT_SEED = 90210, FEEDS = 4, ASKED = 3, LEAST = 150 };

static volatile sig_atomic_t never;

struct world {
	struct arena *arena;
	struct target target;
	struct judge_options judging;
	struct feed_name feeds[FEEDS];
	struct buf text[FEEDS];
	struct buf yaml[2];
	struct policy_set sets[2];
};

static const char *text_of(struct arena *arena, const struct buf *b)
{
	return arena_printf(arena, STR_FMT, STR_ARG(buf_view(b)));
}

/* ---- a plain replay ---- */

static struct plain_options plain(const struct world *w)
{
	return (struct plain_options){.arena = w->arena, .target = &w->target, .presume_paths = w->judging.presume_paths};
}

static void replayed(const struct world *w, const struct policy_set *set, size_t feed, struct fates *ret)
{
	const struct plain_options o = plain(w);
	plain_replay(&o, set, &w->feeds[feed], ret);
}

static enum verdict verdict_at(const struct world *w, const struct policy_set *set, size_t feed, uint64_t line)
{
	const struct plain_options o = plain(w);
	return plain_verdict(&o, set, &w->feeds[feed], line);
}

/* ---- what differs, by comparing all with all ---- */

struct row {
	enum diff_change change;
	const char *workload, *policy, *hook, *why, *words, *source;
	int selector;
	bool by_old;
	struct diff_side old, new;
	uint64_t line, count;
};

struct rows {
	struct row *v;
	size_t n, cap;
};

static bool same_side(const struct diff_side *a, const struct diff_side *b)
{
	return a->verdict == b->verdict && a->effect == b->effect && a->monitor == b->monitor && a->error == b->error && a->signal == b->signal;
}

static bool same_group(const struct row *a, const struct row *b)
{
	return a->change == b->change && a->selector == b->selector && !strcmp(a->workload, b->workload) && !strcmp(a->policy, b->policy) &&
	       !strcmp(a->hook, b->hook) && !strcmp(a->why, b->why);
}

static void add_row(struct rows *rows, const struct row *r)
{
	for (size_t i = 0; i < rows->n; i++) {
		struct row *o = &rows->v[i];
		if (!same_group(o, r) || strcmp(o->words, r->words) || !same_side(&o->old, &r->old) || !same_side(&o->new, &r->new))
			continue;
		o->count += r->count;
		return;
	}
	*(struct row *)VEC_PUSH(rows) = *r;
}

/* 0 allowed, 1 unknown, 2 stopped. */
static int near(enum verdict v)
{
	return v < VERDICT_UNKNOWN ? 0 : v == VERDICT_UNKNOWN ? 1 : 2;
}

/* Is there anything in which they fare otherwise? Two that let pass differ in what they report. */
static bool differs(const struct fate *a, const struct fate *b, const struct diff_side *x, const struct diff_side *y)
{
	if (near(x->verdict) != near(y->verdict) || near(fate_in_force(a)) != near(fate_in_force(b)) || x->verdict != y->verdict)
		return true;
	return near(x->verdict) == 2 && (x->effect != y->effect || x->error != y->error || x->signal != y->signal);
}

static void compare_fates(struct world *w, const struct policy_set *const sets[2], const struct fate *a, const struct fate *b, struct rows *rows)
{
	struct row r = {.words = a->words, .source = a->source, .workload = a->workload, .line = a->line, .count = a->count, .selector = -1,
			.policy = "", .hook = "", .why = ""};
	assert_int_equal(a->line, b->line);
	assert_string_equal(a->words, b->words);
	r.change = diff_change(a->j, a->n, b->j, b->n, &r.old, &r.new);
	if (differs(a, b, &r.old, &r.new) != (r.change != CHANGE_NONE))
		fail_msg("%s:%llu: %s is %s, then %s: change %d", a->source, (unsigned long long)a->line, a->words, verdict_name(r.old.verdict),
			 verdict_name(r.new.verdict), (int)r.change);
	if (r.change == CHANGE_NONE)
		return;
	/* Whoever stops more, or says more, is named. */
	r.by_old = r.change == CHANGE_UNBLOCKED || r.change == CHANGE_MAY_PASS || (r.change == CHANGE_REPORTED && r.new.verdict == VERDICT_ALLOW);
	const struct judgement *rule = fate_worst(r.by_old ? a : b);
	if (rule) {
		CLEANUP_BUF struct buf policy = BUF_INIT, hook = BUF_INIT;
		judge_words(sets[!r.by_old], rule->policy, rule->hook, &policy, &hook);
		r.policy = text_of(w->arena, &policy);
		r.hook = text_of(w->arena, &hook);
		r.why = rule->why;
		r.selector = rule->selector;
	}
	add_row(rows, &r);
}

static uint64_t what_differs(struct world *w, const struct policy_set *const sets[2], struct rows *rows)
{
	uint64_t events = 0;
	for (size_t i = 0; i < FEEDS; i++) {
		struct fates f[2] = {{NULL, 0, 0}, {NULL, 0, 0}};
		for (int side = 0; side < 2; side++)
			replayed(w, sets[side], i, &f[side]);
		assert_int_equal(f[0].n, f[1].n);
		for (size_t k = 0; k < f[0].n; k++) {
			compare_fates(w, sets, &f[0].v[k], &f[1].v[k], rows);
			events += f[0].v[k].count;
		}
		free(f[0].v);
		free(f[1].v);
	}
	return events;
}

static struct row row_of(struct world *w, const struct diff_group *g, const struct diff_event *e)
{
	struct arena *a = w->arena;
	return (struct row){.change = g->change, .selector = g->selector, .by_old = g->by_old, .line = e->line, .count = e->count, .old = e->old,
			    .new = e->new, .words = arena_printf(a, STR_FMT, STR_ARG(e->words)),
			    .source = arena_printf(a, STR_FMT, STR_ARG(e->source)), .workload = arena_printf(a, STR_FMT, STR_ARG(g->workload)),
			    .policy = arena_printf(a, STR_FMT, STR_ARG(g->policy)), .hook = arena_printf(a, STR_FMT, STR_ARG(g->hook)),
			    .why = arena_printf(a, STR_FMT, STR_ARG(g->why))};
}

static void tell_group(const struct rows *rows, const struct row *like)
{
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->v[i];
		if (same_group(r, like))
			printf("%s:%llu %s, %s %s %d %u to %s %s %d %u, %llu times\n", r->source, (unsigned long long)r->line, r->words,
			       verdict_name(r->old.verdict), effect_name(r->old.effect), r->old.error, r->old.signal, verdict_name(r->new.verdict),
			       effect_name(r->new.effect), r->new.error, r->new.signal, (unsigned long long)r->count);
	}
	printf("%s %s, selector %d, change %d: %s\n", like->policy, like->hook, like->selector, like->change, like->why);
}

/* Within a group events come as they were met first; each counts its like, and begins where the first of them was. */
static void must_be_group(struct world *w, const struct diff_group *g, const struct rows *rows, bool *seen)
{
	size_t next = 0;
	uint64_t count = 0;
	for (size_t i = 0; i < g->events.n; i++) {
		struct row got = row_of(w, g, &g->events.v[i]);
		while (next < rows->n && !same_group(&rows->v[next], &got))
			next++;
		if (next == rows->n) {
			tell_group(rows, &got);
			fail_msg("%s:%llu %s, %s to %s of %s is not there, or comes too late", got.source, (unsigned long long)got.line, got.words,
				 verdict_name(got.old.verdict), verdict_name(got.new.verdict), got.workload);
		}
		const struct row *want = &rows->v[next];
		if (strcmp(want->words, got.words) || strcmp(want->source, got.source) || want->line != got.line || want->count != got.count ||
		    want->by_old != got.by_old || !same_side(&want->old, &got.old) || !same_side(&want->new, &got.new))
			fail_msg("%s: event %zu is %s:%llu %s %llu times, not %s:%llu %s %llu times", got.policy, i, got.source,
				 (unsigned long long)got.line, got.words, (unsigned long long)got.count, want->source,
				 (unsigned long long)want->line, want->words, (unsigned long long)want->count);
		seen[next++] = true;
		count += got.count;
	}
	assert_int_equal(g->count, count);
}

static void must_be(struct world *w, const struct diff_result *r, const struct rows *rows, uint64_t events)
{
	bool *seen = arena_alloc(w->arena, rows->n + 1);
	uint64_t changes[CHANGE_COUNT] = {0};
	memset(seen, 0, rows->n + 1);
	for (size_t i = 0; i < r->groups.n; i++) {
		must_be_group(w, &r->groups.v[i], rows, seen);
		assert_true(!i || r->groups.v[i - 1].change <= r->groups.v[i].change);
	}
	for (size_t i = 0; i < rows->n; i++) {
		if (!seen[i]) {
			tell_group(rows, &rows->v[i]);
			fail_msg("not found: %s:%llu %s, %s to %s", rows->v[i].source, (unsigned long long)rows->v[i].line, rows->v[i].words,
				 verdict_name(rows->v[i].old.verdict), verdict_name(rows->v[i].new.verdict));
		}
		changes[rows->v[i].change] += rows->v[i].count;
	}
	for (size_t i = 0; i < CHANGE_COUNT; i++)
		assert_int_equal(r->changes[i], changes[i]);
	assert_int_equal(r->events, events);
}

/* ---- diff ---- */

struct sums {
	uint64_t sets, changed, groups, asked, edits, others, several, surplus;
};

static void try_diff(struct world *w, struct sums *sums)
{
	const struct policy_set *const sets[2] = {&w->sets[0], &w->sets[1]};
	struct rows rows = {NULL, 0, 0};
	uint64_t events = what_differs(w, sets, &rows);
	for (unsigned jobs = 1; jobs <= 4; jobs += 3) {
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		CLEANUP(diff_result_free) struct diff_result *r = diff_result_new();
		const struct diff_work work = {.old = sets[0], .new = sets[1], .judging = &w->judging, .feeds = w->feeds, .nfeeds = FEEDS,
					       .jobs = jobs, .stop = &never};
		assert_int_equal(diff_feeds(r, &work, &d), 0);
		diff_sort(r);
		must_be(w, r, &rows, events);
		sums->groups += r->groups.n;
	}
	sums->changed += rows.n;
	free(rows.v);
}

/* ---- edits, made where they are told ---- */

struct told {
	const char *kind, *field, *filter;
	struct str value;             /* NUL bytes are bytes */
	enum policy_operator op;
	struct place at;
};

static const char *member(struct json_object *o, const char *key)
{
	struct json_object *v;
	return json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : NULL;
}

static struct told told_of(struct json_object *o)
{
	struct json_object *line, *column, *value;
	struct told t = {.kind = member(o, "kind"), .field = member(o, "field"), .filter = member(o, "filter")};
	assert_true(json_object_object_get_ex(o, "line", &line) && json_object_object_get_ex(o, "column", &column));
	t.at = (struct place){(unsigned)json_object_get_int(line), (unsigned)json_object_get_int(column)};
	assert_true(t.at.line > 0);
	if (json_object_object_get_ex(o, "value", &value))
		t.value = (struct str){json_object_get_string(value), (size_t)json_object_get_string_len(value)};
	int op = policy_operator_from(str_from(member(o, "operator")));
	assert_true(op >= 0);
	t.op = (enum policy_operator)op;
	return t;
}

static bool is_at(struct place a, struct place b)
{
	return a.line == b.line && a.column == b.column;
}

/* The filter as a policy of its own would have it. */
static struct policy *filter_alone(const struct told *t)
{
	CLEANUP_BUF struct buf yaml = BUF_INIT;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_FREE struct policy **v = NULL;
	size_t n = 0;
	buf_printf(&yaml, "apiVersion: cilium.io/v1alpha1\nkind: TracingPolicy\nmetadata: {name: one}\nspec: {kprobes: [{call: a, selectors: [{%s: [%s]}]}]}\n",
		   t->field, t->filter);
	if (policies_parse("filter", buf_view(&yaml), &d, &v, &n) < 0 || n != 1)
		fail_msg("no filter: %s", t->filter);
	return v[0];
}

static void add_filter_to(struct policy *p, struct selector *s, const struct told *t)
{
	CLEANUP(policy_free) struct policy *one = filter_alone(t);
	const struct selector *from = one->hooks[0].selectors;
	struct strs own = {NULL, 0};
	const struct strs *values = from->nargs ? &from->args[0].values : &from->binaries[0].values;
	*ARENA_PUSH(p->arena, own.v, own.n) = arena_str(p->arena, values->v[0]);
	if (from->nbinaries) {
		*ARENA_PUSH(p->arena, s->binaries, s->nbinaries) = (struct binary_filter){.op = from->binaries[0].op, .values = own, .at = s->at};
		return;
	}
	struct arg_filter f = from->args[0];
	f.values = own;
	f.at = s->at;
	if (f.nargs) {
		f.args = arena_alloc(p->arena, sizeof(*f.args));
		f.args[0] = from->args[0].args[0];
	}
	*ARENA_PUSH(p->arena, s->args, s->nargs) = f;
}

static void change_values(struct policy *p, struct strs *l, const struct told *t)
{
	if (!strcmp(t->kind, "add-value")) {
		*ARENA_PUSH(p->arena, l->v, l->n) = arena_str(p->arena, t->value);
		return;
	}
	size_t kept = 0, before = l->n;
	for (size_t i = 0; i < before; i++)
		if (!str_eq(l->v[i], t->value))
			l->v[kept++] = l->v[i];
	l->n = kept;
	if (kept == before)
		fail_msg("'%s' is not in the list at %u:%u", t->value.p, t->at.line, t->at.column);
}

static void change_pids(struct policy *p, struct pid_filter *f, const struct told *t)
{
	uint32_t pid = (uint32_t)strtoul(t->value.p, NULL, 10);
	if (!strcmp(t->kind, "add-value")) {
		*ARENA_PUSH(p->arena, f->values, f->n) = pid;
		return;
	}
	size_t at = 0;
	while (at < f->n && f->values[at] != pid)
		at++;
	assert_true(at < f->n);
	for (size_t i = at; i + 1 < f->n; i++)
		f->values[i] = f->values[i + 1];
	f->n--;
}

#define DROP(v, n, at) (memmove(&(v)[at], &(v)[(at) + 1], ((n) - (at) - 1) * sizeof(*(v))), (n)--)

/* False: this is not the selector. */
static bool change_selector(struct policy *p, struct selector *s, const struct told *t)
{
	bool drop = !strcmp(t->kind, "remove-filter"), add = !strcmp(t->kind, "add-filter");
	if (add && is_at(s->at, t->at))
		return add_filter_to(p, s, t), true;
#define CHANGE_IN(name, list, n, change)                                                                           \
	for (size_t i = 0; i < s->n && !add && !strcmp(t->field, name); i++)                                       \
		if (is_at(s->list[i].at, t->at) && s->list[i].op == t->op)                                         \
			return drop ? (void)DROP(s->list, s->n, i) : change, true
	CHANGE_IN("matchBinaries", binaries, nbinaries, change_values(p, &s->binaries[i].values, t));
	CHANGE_IN("matchPIDs", pids, npids, change_pids(p, &s->pids[i], t));
	CHANGE_IN("matchNamespaces", namespaces, nnamespaces, change_values(p, &s->namespaces[i].values, t));
	CHANGE_IN("matchCapabilities", capabilities, ncapabilities, change_values(p, &s->capabilities[i].values, t));
	CHANGE_IN("matchArgs", args, nargs, change_values(p, &s->args[i].values, t));
#undef CHANGE_IN
	return false;
}

static bool change_policy(struct policy *p, const struct told *t)
{
	for (size_t h = 0; h < p->nhooks; h++)
		for (size_t s = 0; s < p->hooks[h].nselectors; s++)
			if (change_selector(p, &p->hooks[h].selectors[s], t))
				return true;
	for (size_t m = 0; m < p->nmacros; m++)
		if (change_selector(p, &p->macros[m].selector, t))
			return true;
	return false;
}

static void read_set(struct world *w, struct str yaml, struct policy_set *ret)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	*ret = (struct policy_set)POLICY_SET_INIT;
	if (policy_set_add_bytes(ret, "policy.yaml", yaml, &d)) {
		diag_print(&d);
		fail();
	}
	policy_set_refuse(ret, &w->target, &d);
}

/* The first policies with the N edits of JSON made, as their author would have them then. */
static void made_by_hand(struct world *w, struct json_object *edits, size_t from, size_t n, struct policy_set *ret)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	CLEANUP_POLICY_SET struct policy_set copy;
	read_set(w, buf_view(&w->yaml[0]), &copy);
	for (size_t i = from; i < from + n; i++) {
		struct told t = told_of(json_object_array_get_idx(edits, i));
		bool made = false;
		for (size_t k = 0; k < copy.npolicies && !made; k++)
			made = change_policy(copy.policies[k], &t);
		if (!made)
			fail_msg("there is no %s %s at %u:%u", t.field, operator_name(t.op), t.at.line, t.at.column);
	}
	for (size_t i = 0; i < copy.npolicies; i++) {
		buf_puts(&text, i ? "---\n" : "");
		policy_print(copy.policies[i], &text);
	}
	read_set(w, buf_view(&text), ret);
}

/* ---- explain ---- */

static struct json_object *printed(const struct explanation *e, const struct explain_options *o)
{
	char *bytes = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&bytes, &n);
	assert_non_null(out);
	explain_print(e, o, true, out);
	fclose(out);
	struct json_object *json = json_tokener_parse(bytes);
	free(bytes);
	assert_non_null(json);
	return json;
}

static void must_turn(struct world *w, const struct explain_options *o, const struct explanation *e, const struct policy_set *edited,
		      const char *words)
{
	enum verdict after = verdict_at(w, edited, (size_t)(o->feed.file[0] - '0'), o->line);
	if (e->to_pass ? after > VERDICT_POST : !verdict_stops(after))
		fail_msg("%s:%llu is %s; then with '%s' by hand: %s", o->feed.file, (unsigned long long)o->line, verdict_name(e->looked.verdict),
			 words, verdict_name(after));
}

static void must_be_measured(struct world *w, const struct explained_edit *x, const struct policy_set *edited)
{
	const struct policy_set *const sets[2] = {&w->sets[0], edited};
	struct rows rows = {NULL, 0, 0};
	uint64_t changes = 0;
	what_differs(w, sets, &rows);
	for (size_t i = 0; i < rows.n; i++)
		changes += rows.v[i].count;
	free(rows.v);
	if (x->measured)
		assert_int_equal(x->changes, changes);
}

static void check_edits(struct world *w, const struct explain_options *o, const struct explanation *e, struct sums *sums)
{
	struct json_object *json = printed(e, o), *edits, *others;
	assert_true(json_object_object_get_ex(json, "edits", &edits) && json_object_object_get_ex(json, "alternatives", &others));
	CLEANUP_POLICY_SET struct policy_set edited;
	made_by_hand(w, edits, 0, e->best.n, &edited);
	must_turn(w, o, e, &edited, e->best.edits[0].words.p);
	const struct policy_set *const sets[2] = {&w->sets[0], &edited};
	struct rows rows = {NULL, 0, 0};
	uint64_t events = what_differs(w, sets, &rows);
	must_be(w, e->surplus, &rows, events);
	sums->surplus += rows.n;
	free(rows.v);
	for (size_t i = 0; i < e->nothers; i++) {
		CLEANUP_POLICY_SET struct policy_set other;
		made_by_hand(w, others, i, 1, &other);
		must_turn(w, o, e, &other, e->others[i].words.p);
		must_be_measured(w, &e->others[i], &other);
	}
	json_object_put(json);
	sums->edits++;
	sums->several += e->best.n > 1;
	sums->others += e->nothers;
}

static void try_explain(struct world *w, struct dice *r, struct sums *sums)
{
	size_t feed = dice_below(r, FEEDS);
	struct fates f = {NULL, 0, 0};
	replayed(w, &w->sets[0], feed, &f);
	const struct fate *fate = &f.v[dice_below(r, (unsigned)f.n)];
	for (unsigned i = 0; i < 20 && !verdict_stops(judgements_worst(fate->j, fate->n)) && dice_chance(r, 90); i++)
		fate = &f.v[dice_below(r, (unsigned)f.n)];
	const struct explain_options o = {.set = &w->sets[0], .judging = &w->judging, .feed = w->feeds[feed], .line = fate->line,
					  .others = w->feeds, .nothers = FEEDS, .stop = &never};
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_EXPLANATION struct explanation e;
	assert_int_equal(explain(&o, &d, &e), 0);
	assert_int_equal(e.looked.verdict, verdict_at(w, &w->sets[0], feed, fate->line));
	assert_true((e.best.n > 0) != (e.no_edit.n > 0));
	if (e.best.n)
		check_edits(w, &o, &e, sums);
	sums->asked++;
	free(f.v);
}

/* ---- worlds ---- */

/* Those that load on the target, as an author's file. RENAME: so that they can stand beside others. */
static void put_policies(const struct world *w, struct str yaml, bool rename, bool cut, struct buf *out)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_FREE struct policy **v = NULL;
	size_t n = 0;
	policies_parse("random", yaml, &d, &v, &n);
	for (size_t i = 0; i < n; i++) {
		CLEANUP(policy_free) struct policy *p = v[i];
		p->name = rename ? str_from(arena_printf(p->arena, "new-%zu", i)) : p->name;
		for (size_t h = 0; h < p->nhooks && cut; h++)
			p->hooks[h].nselectors -= p->hooks[h].nselectors > 1;
		if (policy_load_check(p, &w->target, &d))
			continue;
		buf_puts(out, out->n ? "---\n" : "");
		policy_print(p, out);
	}
}

/* False: of these policies nothing loads. */
static bool make_world(struct world *w, struct dice *r)
{
	static const char *const names[FEEDS] = {"0", "1", "2", "3"};
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_BUF struct buf old = BUF_INIT, other = BUF_INIT;
	char target[RANDOM_TARGET];
	uint64_t sites[2];
	assert_int_equal(target_parse(random_target(r, target), &d, &w->target), 0);
	w->judging = (struct judge_options){.target = &w->target, .presume_paths = dice_chance(r, 70)};
	random_policies(r, &sites[0], &old);
	random_policies(r, &sites[1], &other);
	put_policies(w, buf_view(&old), false, false, &w->yaml[0]);
	if (dice_chance(r, 60))
		put_policies(w, buf_view(&old), false, dice_chance(r, 50), &w->yaml[1]);
	if (dice_chance(r, 60))
		put_policies(w, buf_view(&other), true, false, &w->yaml[1]);
	for (size_t i = 0; i < FEEDS; i++) {
		random_stream(r, sites[0] | sites[1], &w->text[i]);
		w->feeds[i] = (struct feed_name){.file = names[i], .text = buf_view(&w->text[i])};
	}
	if (!w->yaml[0].n || !w->yaml[1].n)
		return false;
	for (int i = 0; i < 2; i++)
		read_set(w, buf_view(&w->yaml[i]), &w->sets[i]);
	return true;
}

static void one_world(uint64_t seed, struct sums *sums)
{
	struct dice r = {.state = seed};
	struct world w = {.arena = arena_new(), .sets = {POLICY_SET_INIT, POLICY_SET_INIT}};
	if (make_world(&w, &r)) {
		sums->sets++;
		try_diff(&w, sums);
		for (int i = 0; i < ASKED; i++)
			try_explain(&w, &r, sums);
	}
	for (int i = 0; i < 2; i++) {
		policy_set_done(&w.sets[i]);
		buf_done(&w.yaml[i]);
	}
	for (size_t i = 0; i < FEEDS; i++)
		buf_done(&w.text[i]);
	arena_free(w.arena);
}

static uint64_t setting(const char *name, uint64_t fallback)
{
	uint64_t v;
	const char *text = getenv(name);
	return text && !str_to_u64(str_from(text), &v) ? v : fallback;
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void what_is_told_holds(void **state)
{
	(void)state;
	struct sums s = {0};
	uint64_t seed = setting("SEED", DEFAULT_SEED);
	double until = seconds() + (double)setting("PROPERTY_SECONDS", DEFAULT_SECONDS);
	do {
		printf("SEED=%llu%c", (unsigned long long)seed, getenv("PROPERTY_SHOW") ? '\n' : '\r');
		one_world(seed++, &s);
	} while (s.sets < LEAST || seconds() < until);
	printf("%llu pairs of sets: %llu different changes in %llu groups; %llu events asked about: %llu turned by an edit (%llu by several), "
	       "%llu other edits, %llu different changes elsewhere\n",
	       (unsigned long long)s.sets, (unsigned long long)s.changed, (unsigned long long)s.groups, (unsigned long long)s.asked,
	       (unsigned long long)s.edits, (unsigned long long)s.several, (unsigned long long)s.others, (unsigned long long)s.surplus);
	assert_true(s.changed > LEAST && s.edits > LEAST / 10 && s.others > LEAST / 20 && s.surplus > LEAST / 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_told_holds)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
