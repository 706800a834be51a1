/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Foretells what a real agent and kernel did (tests/golden/README.md): each policy is replayed over the
 * recording, the first event of an action that is denied or killed says what becomes of the action, and
 * that is held against outcomes.tsv, the outcome and whether the action still took place. Prints a table; fails where a policy of holds.tsv is wrong in any row, or
 * less sure than it says there.
 *
 * GOLDEN_SHOW=NAME prints the rows of that policy that disagree; GOLDEN_SHOW=unknown, wrong or effect those of all
 * policies; GOLDEN_SHOW=all every row. GOLDEN_POLICIES=FOLDER tries FOLDER/KERNEL/NAME.yaml instead of the policies NAME that were run, and only
 * prints (tests/cli/compile_outcomes.sh).
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <zlib.h>

#include <cmocka.h>

#include "compiler/eval/eval.h"
#include "schema/base/io.h"
#include "schema/base/map.h"
#include "schema/ndjson.h"

enum { COLUMNS = 8, TSV_LIMIT = 64 << 20 };

/* ---- tables ---- */

struct row {
	struct str v[COLUMNS];
};
struct tsv {
	struct buf text;
	struct row *v;
	size_t n, cap;
};

static bool read_gz(const char *file, struct buf *b)
{
	gzFile f = gzopen(file, "rb");
	if (!f)
		return false;
	int n;
	do {
		buf_reserve(b, 1 << 16);
		n = gzread(f, b->p + b->n, 1 << 16);
		b->n += n > 0 ? (size_t)n : 0;
	} while (n > 0 && b->n < TSV_LIMIT);
	gzclose(f);
	return true;
}

static bool read_tsv(const char *file, struct tsv *t)
{
	if (!read_gz(file, &t->text))
		return false;
	struct str rest = buf_view(&t->text);
	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		struct str line = {rest.p, end ? (size_t)(end - rest.p) : rest.n};
		rest = str_skip(rest, line.n + 1);
		if (!line.n || line.p[0] == '#')
			continue;
		struct row *r = VEC_PUSH(t);
		for (size_t i = 0; i < COLUMNS; i++) {
			const char *tab = line.n ? memchr(line.p, '\t', line.n) : NULL;
			r->v[i] = (struct str){line.p, tab ? (size_t)(tab - line.p) : line.n};
			line = str_skip(line, r->v[i].n + 1);
		}
	}
	return true;
}

static void tsv_done(struct tsv *t)
{
	buf_done(&t->text);
	free(t->v);
}

/* ---- what the engine foretells ---- */

struct marked {
	struct str id, baseline, baseline_effect;
	unsigned execs;         /* exec events of the action in the recording */
	unsigned attempts;      /* while judging: exec events so far */
	bool stopped, unsure, fatal, before_first, at_bprm;
	bool preparing;         /* stopped at something else than the exec itself */
	bool changed;           /* an open that empties or creates went through before the stop */
	unsigned at;            /* which exec attempt it was stopped at */
	int32_t error;
	uint32_t signal;
	enum effect effect;
	const char *why;
	bool blind;             /* may have been stopped where the recording shows nothing */
	bool blind_before;      /* ... at another hook than an exec's */
	/* The lab's own reports, on a pipe: "started", "about to do it", and what came of it. */
	unsigned marks;         /* so far */
	unsigned about, done;   /* which of them are the last two; 0 = not told apart from writes to other pipes */
	unsigned run;           /* while counting: marks in a row by one process */
	uint64_t reporter;      /* ... that process */
	enum phase { BEFORE, OPERATION, AFTER } phase;   /* when it was stopped */
};

/* What an evaluator is given beside the recording, or is not given of it. */
enum how {
	LESS = 1,               /* leave out what the recording of 6.1 lacks */
	RECORDERS = 2,          /* the policies that made it */
	TOLD = 4,               /* what the lab's description says */
	ASSUMING = 8,           /* not given, but taken for granted as replay does */
};

struct lab {
	const char *folder, *recording;
	struct buf lines;       /* of the recording */
	struct target target;
	struct tsv baseline, outcomes;
	struct map *ids;
	struct marked *counted;   /* in the recording */
	struct marked *actions;   /* of the policy that is tried */
	unsigned how;           /* enum how */
	struct policy **recorders;   /* the policies that made the recording */
	size_t nrecorders;
	bool counting;          /* the recording itself is looked at, without a policy */
};

static struct marked *find_action(struct lab *lab, struct str id)
{
	uint32_t i = map_find(lab->ids, id);
	return i == MAP_NONE ? NULL : &lab->actions[i];
}

/* The id is the first argument, or the last (a shell). */
static struct marked *action_in(struct lab *lab, struct str arguments)
{
	struct str first = {arguments.p, MIN(arguments.n, 4)};
	struct marked *a = find_action(lab, first);
	if (a && (arguments.n == 4 || arguments.p[4] == ' '))
		return a;
	return arguments.n >= 4 ? find_action(lab, str_skip(arguments, arguments.n - 4)) : NULL;
}

static struct marked *action_of(struct lab *lab, const struct event *ev)
{
	struct marked *a = action_in(lab, ev->process.arguments);
	return a || !ev->has_parent ? a : action_in(lab, ev->parent.arguments);
}

/* A write to the pipe that the lab's programs report on. */
static bool is_mark(const struct event *ev)
{
	enum { MAY_WRITE = 2 };
	const struct arg *v = ev->args;
	return str_ends(ev->hook, STR("file_permission")) && ev->nargs == 2 && !v[0].text.n &&
	       str_starts(v[0].permission, STR("p")) && v[1].number == MAY_WRITE;
}

/*
 * One process says "about to" and then what came of it, perhaps after "started": two or three in a row. More are not the
 * lab's alone.
 */
static void note_mark(struct marked *a, const struct event *ev)
{
	uint64_t who = hash_bytes(ev->process.exec_id.p, ev->process.exec_id.n, 0);
	a->marks++;
	a->run = who == a->reporter ? a->run + 1 : 1;
	a->reporter = who;
	if (a->run == 2 || a->run == 3) {
		a->about = a->marks - 1;
		a->done = a->marks;
	} else if (a->run > 3) {
		a->about = a->done = 0;
	}
}

static enum phase phase_of(const struct marked *a)
{
	if (!a->done || a->id.p[0] == 'E')
		return OPERATION;
	return a->marks < a->about ? BEFORE : a->marks < a->done ? OPERATION : AFTER;
}

static bool enforced(const struct judgement *j)
{
	return !j->monitor && (j->verdict == VERDICT_DENY || j->verdict == VERDICT_KILL);
}

static void judged(struct marked *a, const struct event *ev, const struct judgement *j, size_t n)
{
	/* An attempt to exec is the next one; its exec line and what follows it count with it. */
	bool new_image = ev->kind == KIND_EXEC || str_eq(ev->hook, STR("sched/sched_process_exec"));
	unsigned at = a->attempts + !new_image;
	const struct judgement *worst = NULL;
	for (size_t i = 0; i < n; i++) {
		bool counts = enforced(&j[i]) || (j[i].verdict == VERDICT_UNKNOWN && !j[i].monitor);
		if (counts && (!worst || j[i].verdict > worst->verdict))
			worst = &j[i];
	}
	/* Perhaps stopped before, and surely now, neither time at the operation: that it is not reached is sure. */
	if (worst && a->stopped && a->unsure && a->phase == BEFORE && phase_of(a) == BEFORE && worst->verdict == VERDICT_KILL)
		a->stopped = false;
	if (!worst || a->stopped) {
		a->changed |= !a->stopped && str_ends(ev->hook, STR("file_open")) &&
			      (ev->access & (ACCESS_CREATE | ACCESS_TRUNCATE));
		return;
	}
	a->stopped = true;
	a->unsure = worst->verdict == VERDICT_UNKNOWN || a->blind_before;   /* else stopped earlier, and in another way */
	a->fatal = worst->verdict == VERDICT_KILL;
	a->before_first = worst->before_first_instruction;
	a->at = at;
	a->changed &= str_ends(ev->hook, STR("file_permission"));   /* the write after the open */
	a->preparing = ev->kind == KIND_GUARD;
	a->at_bprm = ev->hook.n && memmem(ev->hook.p, ev->hook.n, "bprm_", 5) != NULL;
	a->error = worst->error;
	a->signal = worst->signal;
	a->effect = worst->effect;
	a->why = worst->why;
	a->phase = phase_of(a);
}

static bool is_left_out(const struct event *ev)
{
	static const struct str policies[] = {STR_INIT("rec-other"), STR_INIT("rec-path"), STR_INIT("rec-sys"), STR_INIT("rec-unix")};
	static const struct str hooks[] = {STR_INIT("fd_install"), STR_INIT("security_file_truncate"),
					   STR_INIT("security_socket_sendmsg"), STR_INIT("security_socket_bind"),
					   STR_INIT("security_socket_listen")};
	bool out = false;
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
		out |= str_eq(ev->policy, policies[i]);
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		out |= str_eq(ev->hook, hooks[i]);
	return out;
}

/* Policies are tried several at a time: reading the recording is most of the work. */
struct trial {
	char *name;
	struct policy **policies;
	size_t n;
	struct engine *engine;
	struct marked *actions;
	struct counts {
		unsigned rows, agree, unknown, wrong, missed, effects, effect_unknown, effect_wrong;
	} counts;
};

static void judge_event(struct lab *lab, struct engine *e, const struct event *ev)
{
	const struct judgement *j;
	struct marked *a = action_of(lab, ev);
	size_t n = engine_judge(e, ev, &j);
	if (!a)
		return;
	a->attempts += ev->kind == KIND_EXEC;
	/* That an exec failed is known of the actions that fail without a policy. */
	enum miss miss = engine_may_miss(e, ev);
	a->blind |= miss >= MISS_SEARCH || (miss == MISS_FAILED_EXEC && str_starts(a->baseline, STR("errno:")));
	a->blind_before |= miss == MISS_HOOK;
	judged(a, ev, j, n);
	if (!is_mark(ev))
		return;
	if (lab->counting)
		note_mark(a, ev);
	else
		a->marks++;
}

static int replay(struct lab *lab, struct trial *trials, size_t n, bool judge)
{
	CLEANUP(source_close) struct source *source = ndjson_open_bytes(lab->recording, buf_view(&lab->lines), NULL);
	struct event ev;
	int r;
	while ((r = source_next(source, &ev)) > 0) {
		if ((lab->how & LESS) && is_left_out(&ev))
			continue;
		if (!judge && ev.section == HOOK_NONE)   /* as replay reads ahead */
			continue;
		for (size_t i = 0; i < n; i++) {
			lab->actions = trials[i].actions;
			if (judge)
				judge_event(lab, trials[i].engine, &ev);
			else
				engine_records(trials[i].engine, &ev);
		}
	}
	for (size_t i = 0; i < n && !judge; i++)
		engine_records_end(trials[i].engine);
	return r;
}

static const char *errno_name(int32_t error)
{
	return error == -EPERM ? "errno:EPERM" : error == -EACCES ? "errno:EACCES" : error == -EIO ? "errno:EIO"
	       : error == -ENOENT ? "errno:ENOENT" : "errno:other";
}

/* What outcomes.tsv should say: outcome and, where it can be told, effect. */
static struct str foretold(const struct marked *a)
{
	bool exec = a->id.p[0] == 'E';
	if (!a->stopped || (!exec && a->phase == AFTER))
		return a->baseline;
	if (!exec && a->phase == BEFORE)
		return STR("not-run");
	unsigned last = exec ? a->execs + str_starts(a->baseline, STR("errno:")) : 1;
	if (exec ? a->at < last || (a->preparing && !a->fatal) : a->at <= last)
		return STR("not-run");
	if (!a->fatal)
		return str_from(errno_name(a->error));
	return a->before_first ? STR("signal:9-before-first-instruction")
	       : a->signal == 15 ? STR("signal:15") : STR("signal:9");
}

/*
 * Files and sockets: whether the stop falls into a preparing step, the operation, or after it, the lab's reports tell. Where they
 * do not, stopped or not, and how, must be right.
 */
static bool agrees(const struct marked *a, const struct row *r)
{
	struct str outcome = r->v[3];
	struct str told = foretold(a);
	if (str_eq(outcome, told))
		return true;
	if (a->stopped && str_starts(r->v[7], STR("sh-status=")))
		return a->fatal ? str_eq(outcome, STR("signal:9"))
				: str_eq(outcome, STR("not-run")) || str_eq(outcome, STR("errno:unknown"));
	if (a->at_bprm && a->before_first)   /* a script, or a file without a handler, dies in the old image */
		return str_eq(outcome, STR("signal:9"));
	if (a->done || a->id.p[0] == 'E' || !a->stopped)
		return false;
	return str_eq(outcome, STR("not-run")) || (str_starts(told, STR("signal:")) && str_eq(outcome, STR("signal:9"))) ||
	       (!a->fatal && str_starts(outcome, STR("errno:unknown")));
}

static void show(const char *policy, const char *class, const struct row *r, const struct marked *a)
{
	const char *wanted = getenv("GOLDEN_SHOW");
	if (!wanted || (strcmp(wanted, "all") && strcmp(wanted, class) && (!strcmp(class, "agree") || strcmp(wanted, policy))))
		return;
	printf("  %s %s " STR_FMT ": really " STR_FMT " " STR_FMT ", foretold " STR_FMT "%s %s (%s)\n", class, policy,
	       STR_ARG(r->v[2]), STR_ARG(r->v[3]), STR_ARG(r->v[4]), STR_ARG(foretold(a)),
	       a->unsure ? " (unsure)" : "", effect_name(a->effect), a->stopped ? a->why : "passes");
}

/*
 * Does the action still take place? Asked of the operation itself, so not where a preparing step was stopped, nor where
 * nothing observable was left.
 */
static void compare_effect(const char *policy, const struct marked *a, const struct row *r, struct counts *c)
{
	bool happened = str_eq(r->v[4], STR("happened"));
	if (str_eq(r->v[3], STR("not-run")) || !(happened || str_eq(r->v[4], STR("prevented"))))
		return;
	c->effects++;
	if (a->effect == EFFECT_UNKNOWN && !a->changed && a->phase != AFTER && str_eq(a->baseline_effect, STR("happened"))) {
		c->effect_unknown++;
		return;
	}
	/* What fails or reaches nobody anyway cannot be prevented; an open may have changed the file before. */
	bool told = (a->effect == EFFECT_HAPPENED || a->changed || a->phase == AFTER) && str_eq(a->baseline_effect, STR("happened"));
	if (happened == told)
		return;
	c->effect_wrong++;
	show(policy, "effect", r, a);
}

/* Unknown rows by cause, for the README. */
static struct {
	struct map *names;
	unsigned *v;
	size_t n, cap;
} causes;

static void note_cause(const struct marked *a)
{
	bool new;
	const char *why = a->stopped && !a->blind_before ? a->why : "the recording has no lines of a hook of the policy";
	uint32_t i = map_add(causes.names, str_from(why), &new);
	if (new)
		*VEC_PUSH(&causes) = 0;
	causes.v[i]++;
}

static void compare(struct lab *lab, const char *policy, struct counts *c)
{
	for (size_t i = 0; i < lab->outcomes.n; i++) {
		const struct row *r = &lab->outcomes.v[i];
		struct marked *a = str_eq(r->v[0], str_from(policy)) ? find_action(lab, r->v[2]) : NULL;
		if (!a || !str_eq(r->v[1], STR("loaded")))
			continue;
		c->rows++;
		if (a->stopped ? a->unsure : a->blind) {
			c->unknown++;
			note_cause(a);
			show(policy, "unknown", r, a);
		} else if (agrees(a, r)) {
			c->agree++;
			show(policy, "agree", r, a);
			if (a->stopped)
				compare_effect(policy, a, r, c);
		} else {
			c->wrong++;
			c->missed += !a->stopped;
			show(policy, "wrong", r, a);
		}
	}
}

/* ---- policies ---- */

static void read_policies(const char *folder, const char *name, struct policy ***v, size_t *n)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	const char *others = getenv("GOLDEN_POLICIES");
	CLEANUP_FREE char *from = others ? xasprintf("%s%s", others, strrchr(folder, '/')) : xasprintf("%s/policies", folder);
	CLEANUP_FREE char *file = xasprintf("%s/%s.yaml", from, name);
	CLEANUP_FREE char *second = xasprintf("%s/%s.second.yaml", from, name);
	if (policies_read(file, &d, v, n) < 0)
		*n = 0;
	struct policy **more = NULL;
	size_t nmore = 0;
	CLEANUP_DIAG struct diag ignored = DIAG_INIT;
	if (!*n || policies_read(second, &ignored, &more, &nmore) < 0)
		return;
	*v = xreallocarray(*v, *n + nmore, sizeof(**v));
	memcpy(*v + *n, more, nmore * sizeof(*more));
	*n += nmore;
	free(more);
}

/* The lab's actions as they were counted, nothing judged of them. */
static struct marked *fresh_actions(const struct lab *lab)
{
	struct marked *v = xcalloc(lab->baseline.n, sizeof(*v));
	for (uint32_t i = 0; i < map_size(lab->ids); i++) {
		const struct marked *a = &lab->counted[i];
		v[i] = (struct marked){.id = a->id, .baseline = a->baseline, .baseline_effect = a->baseline_effect,
				       .execs = a->execs, .about = a->about, .done = a->done};
	}
	return v;
}

/* What the runs' README says of the lab, and no recording tells. */
static void tell(struct engine *e)
{
	static const struct str compat[] = {STR_INIT("/lab/bin/caller32"), STR_INIT("/lab/bin/good32"),
					    STR_INIT("/lab/bin/bad32")};
	engine_presume_paths(e, true);
	for (size_t i = 0; i < ARRAY_SIZE(compat); i++)
		engine_compat(e, compat[i]);
}

static void begin_trial(struct lab *lab, struct trial *t)
{
	t->actions = fresh_actions(lab);
	t->engine = engine_new(t->policies, t->n, &lab->target);
	if (lab->how & TOLD)
		tell(t->engine);
	if (lab->how & ASSUMING)
		engine_assume(t->engine);
	if (lab->how & RECORDERS)
		engine_recorders(t->engine, lab->recorders, lab->nrecorders);
}

static void end_trial(struct lab *lab, struct trial *t)
{
	engine_free(t->engine);
	lab->actions = t->actions;
	compare(lab, t->name, &t->counts);
	lab->actions = lab->counted;
	free(t->actions);
	for (size_t i = 0; i < t->n; i++)
		policy_free(t->policies[i]);
	free(t->policies);
}

/* All policies of the lab, in the order of their outcomes; those that cannot be read have no rows. */
static void run_policies(struct lab *lab, void (*ran)(const struct lab *lab, const struct trial *t, void *arg), void *arg)
{
	enum { AT_ONCE = 16 };
	size_t next = 1;
	while (next < lab->outcomes.n) {
		struct trial trials[AT_ONCE] = {0};
		size_t n = 0;
		for (; next < lab->outcomes.n && n < AT_ONCE; next++) {
			struct str policy = lab->outcomes.v[next].v[0];
			if (str_eq(policy, lab->outcomes.v[next - 1].v[0]))
				continue;
			struct trial *t = &trials[n];
			t->name = xstrndup(policy.p, policy.n);
			read_policies(lab->folder, t->name, &t->policies, &t->n);
			if (t->n) {
				begin_trial(lab, t);
				n++;
			} else {
				free(t->policies);
				free(t->name);
			}
		}
		assert_int_equal(replay(lab, trials, n, false), 0);
		assert_int_equal(replay(lab, trials, n, true), 0);
		for (size_t i = 0; i < n; i++) {
			end_trial(lab, &trials[i]);
			ran(lab, &trials[i], arg);
			free(trials[i].name);
		}
	}
}

/* ---- a folder ---- */

static void count_execs(struct lab *lab)
{
	struct trial none = {.engine = engine_new(NULL, 0, &lab->target), .actions = lab->counted};
	lab->counting = true;
	assert_int_equal(replay(lab, &none, 1, true), 0);
	lab->counting = false;
	engine_free(none.engine);
	for (uint32_t i = 0; i < map_size(lab->ids); i++) {
		lab->counted[i].execs = lab->counted[i].attempts;
		lab->counted[i].marks = 0;
	}
}

static void read_recorders(struct lab *lab)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	CLEANUP_FREE char *all = xasprintf("%.*s/recording-policies/*.yaml", (int)(strrchr(lab->recording, '/') - lab->recording),
					   lab->recording);
	glob_t files;
	assert_int_equal(glob(all, 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct policy **v;
		size_t n;
		assert_int_equal(policies_read(files.gl_pathv[i], &d, &v, &n), 0);
		lab->recorders = xreallocarray(lab->recorders, lab->nrecorders + n, sizeof(*v));
		memcpy(lab->recorders + lab->nrecorders, v, n * sizeof(*v));
		lab->nrecorders += n;
		free(v);
	}
	globfree(&files);
}

static void open_lab(struct lab *lab, const char *folder, const char *recording, const char *target)
{
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	*lab = (struct lab){.folder = folder, .recording = recording, .ids = map_new()};
	assert_int_equal(target_parse(target, &d, &lab->target), 0);
	CLEANUP_FREE char *baseline = xasprintf("%s/baseline.tsv", folder);
	CLEANUP_FREE char *outcomes = xasprintf("%s/outcomes.tsv.gz", folder);
	assert_true(read_tsv(baseline, &lab->baseline));
	assert_true(read_tsv(outcomes, &lab->outcomes));
	assert_true(read_gz(recording, &lab->lines));
	lab->counted = xcalloc(lab->baseline.n, sizeof(*lab->actions));
	for (size_t i = 1; i < lab->baseline.n; i++) {
		const struct row *r = &lab->baseline.v[i];
		struct marked *a = &lab->counted[map_add(lab->ids, r->v[0], NULL)];
		*a = (struct marked){.id = r->v[0], .baseline = r->v[1], .baseline_effect = r->v[2]};
	}
	read_recorders(lab);
	count_execs(lab);
}

static void close_lab(struct lab *lab)
{
	for (size_t i = 0; i < lab->nrecorders; i++)
		policy_free(lab->recorders[i]);
	free(lab->recorders);
	buf_done(&lab->lines);
	tsv_done(&lab->baseline);
	tsv_done(&lab->outcomes);
	map_free(lab->ids);
	free(lab->counted);
}

static void add_counts(struct counts *sum, const struct counts *c)
{
	sum->rows += c->rows;
	sum->agree += c->agree;
	sum->unknown += c->unknown;
	sum->wrong += c->wrong;
	sum->missed += c->missed;
	sum->effects += c->effects;
	sum->effect_unknown += c->effect_unknown;
	sum->effect_wrong += c->effect_wrong;
}

/* holds.tsv: folder, policy, rows that may be wrong, rows that may be unknown, effects that may be wrong, why. */
static const struct row *find_hold(const struct tsv *holds, const char *folder, struct str policy)
{
	const char *short_name = strrchr(folder, '/') + 1;
	for (size_t i = 0; i < holds->n; i++)
		if (str_eq(holds->v[i].v[0], str_from(short_name)) && str_eq(holds->v[i].v[1], policy))
			return &holds->v[i];
	return NULL;
}

static unsigned number(struct str s)
{
	uint64_t n = 0;
	str_to_u64(s, &n);
	return (unsigned)n;
}

struct held {
	struct tsv holds;
	struct counts sum;
	unsigned failures;
};

static void hold(const struct lab *lab, const struct trial *t, void *arg)
{
	struct held *all = arg;
	const struct counts *c = &t->counts;
	if (!c->rows)
		return;
	const struct row *hold = find_hold(&all->holds, lab->folder, str_from(t->name));
	bool broken = hold && (c->wrong > number(hold->v[2]) || c->unknown > number(hold->v[3]) ||
			       c->effect_wrong > number(hold->v[4]));
	printf("%-6s %-44s rows %3u  agree %3u  unknown %3u  wrong %3u (passed though stopped %u)  effects %3u unknown %u wrong %u%s\n",
	       strrchr(lab->folder, '/') + 1, t->name, c->rows, c->agree, c->unknown, c->wrong, c->missed, c->effects,
	       c->effect_unknown, c->effect_wrong,
	       broken ? "  WORSE THAN HELD" : hold ? "" : "  not held");
	all->failures += broken;
	add_counts(&all->sum, c);
}

#define LAB_6_12 "kernel=6.12,kprobe-multi=yes,lsm=yes,error-injection=no,kubernetes=no,parents-map=yes,fs=tmpfs"
static const struct run {
	const char *folder, *recording, *target;
} runs[] = {
	{"tests/golden/6.1", "tests/golden/6.1/recording.ndjson.gz",
	 "kernel=6.1,kprobe-multi=no,lsm=yes,error-injection=no,kubernetes=no,parents-map=yes,fs=tmpfs"},
	{"tests/golden/6.12", "tests/golden/6.12/recording.ndjson.gz", LAB_6_12},
	{"tests/golden/6.12b", "tests/golden/6.12/recording.ndjson.gz", LAB_6_12},
};

static void print_counts(const char *how, const struct counts *c)
{
	printf("%s: rows %u, agree %u, unknown %u, wrong %u (%u of them passed though stopped); effects of stopped actions %u, unknown %u, wrong %u\n",
	       how, c->rows, c->agree, c->unknown, c->wrong, c->missed, c->effects, c->effect_unknown, c->effect_wrong);
}

static void sum_up(const struct lab *lab, const struct trial *t, void *arg)
{
	(void)lab;
	add_counts(arg, &t->counts);
}

static void forget_causes(void)
{
	map_free(causes.names);
	free(causes.v);
	memset(&causes, 0, sizeof(causes));
}

/* All policies of the runs FROM to TO, in another way: nothing may be foretold wrongly, and no more rows than MOST be unknown. */
static void run_again(const char *title, size_t from, size_t to, unsigned how, unsigned most)
{
	struct counts c = {0};
	causes.names = map_new();
	for (size_t i = from; i < to; i++) {
		struct lab lab;
		open_lab(&lab, runs[i].folder, runs[i].recording, runs[i].target);
		lab.how = how;
		run_policies(&lab, sum_up, &c);
		close_lab(&lab);
	}
	print_counts(title, &c);
	forget_causes();
	assert_int_equal(c.wrong, 0);
	assert_int_equal(c.effect_wrong, 0);
	assert_in_range(c.unknown, 0, most);
}

/* With fewer lines less is foretold. */
static void golden_with_less(void **state)
{
	(void)state;
	run_again("with the hooks of 6.1 alone", 1, ARRAY_SIZE(runs), LESS | ASSUMING, 5096);
}

static void golden_alone(void **state)
{
	(void)state;
	run_again("from the recording alone", 0, ARRAY_SIZE(runs), 0, 3564);
}

static void golden_with_recorders(void **state)
{
	(void)state;
	run_again("with the policies that recorded it", 0, ARRAY_SIZE(runs), RECORDERS, 1082);
}

static void golden_when_told(void **state)
{
	(void)state;
	run_again("6.1 and 6.12 when told of the lab", 0, 2, TOLD, 532);
}

static void golden(void **state)
{
	(void)state;
	struct held all = {0};
	causes.names = map_new();
	assert_true(getenv("GOLDEN_POLICIES") || read_tsv("tests/golden/holds.tsv", &all.holds));
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		struct lab lab;
		open_lab(&lab, runs[i].folder, runs[i].recording, runs[i].target);
		lab.how = ASSUMING;
		run_policies(&lab, hold, &all);
		close_lab(&lab);
	}
	tsv_done(&all.holds);
	print_counts("from the recording alone, likely names taken for granted", &all.sum);
	for (uint32_t i = 0; i < map_size(causes.names); i++)
		printf("unknown %4u: " STR_FMT "\n", causes.v[i], STR_ARG(map_key(causes.names, i)));
	forget_causes();
	assert_int_equal(all.failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(golden), cmocka_unit_test(golden_with_less), cmocka_unit_test(golden_alone), cmocka_unit_test(golden_with_recorders),
					    cmocka_unit_test(golden_when_told)};
	const struct CMUnitTest others[] = {cmocka_unit_test(golden)};
	return getenv("GOLDEN_POLICIES") ? cmocka_run_group_tests(others, NULL, NULL) : cmocka_run_group_tests(tests, NULL, NULL);
}
