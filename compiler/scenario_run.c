/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The play. Every repetition of every phase in every replica is an activation; activations are run
 * in the order of their times, each with its own seeded generator, so that editing one phase does
 * not change the numbers of another. A step moves the activation's clock on; overlapping
 * activations interleave when all events are sorted at the end.
 */
#include "compiler/scenario_run.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

#include "schema/base/buf.h"

struct activation {
	uint64_t time_ns;
	const struct phase *phase;
	struct replica *replica;
	uint64_t number;
};

struct play {
	struct world *world;
	struct diag *diag;
	size_t max_events;
	uint64_t steps, max_steps; /* taken; loops without events must end as well */
	uint64_t end_ns;
	struct {
		struct activation *v;
		size_t n, cap;
	} activations;
};

/* Where a step takes place. */
struct scene {
	struct play *play;
	struct replica *replica;
	struct task *task;	 /* who acts; NULL while the container is down */
	uint64_t now_ns, number; /* number: of the innermost repetition, for {n} */
	struct rng rng;
	struct str label;
	struct decision decision;
	bool attack;
};

#define FAIL(c, at, ...)                                                                           \
	(diag_add((c)->play->diag, DIAG_ERROR, (c)->play->world->scenario->file, (at)->line,       \
		  (at)->column, __VA_ARGS__),                                                      \
	 -EINVAL)

static void pass_time(struct scene *c)
{
	c->now_ns += 150000 + rng_below(&c->rng, 2500000);
}

/* ---- texts with {n}, {replica}, {pod}, {hex}, {1-254} ---- */

static void expand_one(struct scene *c, struct str name, struct buf *b)
{
	char word[32];
	uint64_t low, high;
	snprintf(word, sizeof(word), STR_FMT, STR_ARG(name));
	if (!strcmp(word, "n"))
		buf_printf(b, "%" PRIu64, c->number);
	else if (!strcmp(word, "replica"))
		buf_printf(b, "%" PRIu64, c->replica->index);
	else if (!strcmp(word, "pod"))
		buf_str(b, c->replica->pod.name);
	else if (!strcmp(word, "hex"))
		buf_printf(b, "%08" PRIx64, rng_next(&c->rng) >> 32);
	else if (sscanf(word, "%9" SCNu64 "-%9" SCNu64, &low, &high) == 2 && low <= high)
		buf_printf(b, "%" PRIu64, low + rng_below(&c->rng, high - low + 1));
	else
		buf_printf(b, "{" STR_FMT "}", STR_ARG(name));
}

static struct str expand(struct scene *c, struct str s)
{
	if (!s.n || !memchr(s.p, '{', s.n))
		return s;
	CLEANUP_BUF struct buf b = BUF_INIT;
	for (size_t i = 0; i < s.n; i++) {
		const char *end = s.p[i] == '{' ? memchr(s.p + i, '}', s.n - i) : NULL;
		if (!end) {
			buf_putc(&b, s.p[i]);
			continue;
		}
		size_t n = (size_t)(end - s.p) - i - 1;
		expand_one(c, (struct str){s.p + i + 1, n}, &b);
		i += n + 1;
	}
	return arena_str(c->play->world->arena, buf_view(&b));
}

/* ---- events ---- */

static struct str label_of(struct scene *c, enum kind kind)
{
	if (kind == KIND_EXIT || !c->decision.because.n || c->decision.expect != EXPECT_ALLOW)
		return c->label;
	return str_from(arena_printf(c->play->world->arena, STR_FMT " (not stopped: " STR_FMT ")",
				     STR_ARG(c->label), STR_ARG(c->decision.because)));
}

static struct item *emit(struct scene *c, enum kind kind, const struct program *who)
{
	struct world *w = c->play->world;
	struct item *it = VEC_PUSH(&w->items);
	pass_time(c);
	bool judged = kind != KIND_EXIT && c->decision.expect;
	*it = (struct item){
	    .time_ns = c->now_ns,
	    .order = w->items.n,
	    .kind = kind,
	    .who = who,
	    .attack = c->attack,
	    .expect = judged ? c->decision.expect : EXPECT_ALLOW,
	    .label = label_of(c, kind),
	};
	return it;
}

static struct item *emit_task(struct scene *c, enum kind kind, struct task *t)
{
	c->now_ns = MAX(c->now_ns, t->last_ns);
	struct item *it = emit(c, kind, t->program);
	t->last_ns = c->now_ns;
	return it;
}

/* The runtime's own programs on the node: no policy for a pod reaches them. */
static const struct program *emit_host(struct scene *c, const struct program *parent,
				       const char *binary, const char *path, struct str arguments)
{
	struct world *w = c->play->world;
	struct decision decision = c->decision;
	c->decision = (struct decision){.expect = EXPECT_ALLOW};
	struct item *it = emit(c, KIND_EXEC, NULL);
	struct program *p = host_program(w, c->replica->host, parent, binary, arguments, c->now_ns);
	p->process.path = str_from(path);
	it->who = p;
	c->decision = decision;
	return p;
}

static void emit_host_exit(struct scene *c, const struct program *p)
{
	emit(c, KIND_EXIT, p);
}

/* ---- processes ---- */

static struct task *task_new(struct scene *c, bool inside)
{
	struct world *w = c->play->world;
	struct replica *r = c->replica;
	struct task *t = arena_alloc(w->arena, sizeof(*t));
	*t = (struct task){.replica = r,
			   .pid = host_pid(w, r->host),
			   .inside = inside,
			   .attack = c->attack,
			   .label = c->label,
			   .next = r->tasks,
			   .container_pid = ++r->last_container_pid,
			   .last_ns = c->now_ns};
	r->tasks = t;
	return t;
}

static void end_task(struct scene *c, struct task *t, uint64_t status, struct str signal)
{
	if (t->ended || !t->program)
		return;
	struct item *it = emit_task(c, KIND_EXIT, t);
	it->attack = t->attack;
	if (t->attack)
		it->label = t->label;
	it->status = signal.n ? 0 : (uint32_t)status & 0xff;
	it->signal = signal;
	t->ended = true;
}

static struct str flags_of(struct scene *c, bool cloned, bool inside, struct str cwd)
{
	return str_from(arena_printf(c->play->world->arena, "execve%s%s%s",
				     str_eq(cwd, STR("/")) ? " rootcwd" : "",
				     cloned ? " clone" : "", inside ? " inInitTree" : ""));
}

static const struct pair *find_script(const struct scenario *s, struct str name)
{
	for (size_t i = 0; i < s->nscripts; i++)
		if (str_eq(s->scripts[i].key, name))
			return &s->scripts[i];
	return NULL;
}

/* Which file the kernel runs for this step, and what else is to be said of it. */
static void resolve_program(struct scene *c, const struct step *s, struct program *p)
{
	struct world *w = c->play->world;
	struct process *q = &p->process;
	const struct pair *script = find_script(w->scenario, q->filename);
	if (!script)
		script = find_script(w->scenario, world_resolve(w, q->filename));
	struct str interpreter = s->interpreter.n ? s->interpreter
				 : script	  ? script->value
						  : (struct str){0};
	q->path_known = true;
	if (s->memfd) {
		p->tags |= TAG_MEMFD;
		q->path = (struct str){0};
	} else if (interpreter.n) {
		p->tags |= TAG_SCRIPT;
		p->interpreter = q->path = world_resolve(w, interpreter);
		q->arguments =
		    q->arguments.n
			? str_from(arena_printf(w->arena, STR_FMT " " STR_FMT, STR_ARG(q->filename),
						STR_ARG(q->arguments)))
			: q->filename;
	} else {
		q->path = s->path.n ? expand(c, s->path) : world_resolve(w, q->filename);
	}
	if (s->deleted) {
		p->tags |= TAG_DELETED;
		q->path = str_from(arena_printf(w->arena, STR_FMT " (deleted)", STR_ARG(q->path)));
	}
	p->tags |= s->setuid ? TAG_SETUID : 0;
}

/*
 * T starts the program of S. FROM: the image that asked for it; for an exec without fork the task's
 * own one, so the parent is the image before.
 */
static void start_program(struct scene *c, const struct step *s, struct task *t,
			  const struct program *from, uint32_t tags)
{
	struct world *w = c->play->world;
	const struct scenario *sc = w->scenario;
	bool cloned = !t->program, inherits = from->process.pod.name.n > 0;
	struct item *it = emit_task(c, KIND_EXEC, t);
	struct process p = {
	    .filename = expand(c, s->target),
	    .arguments = expand(c, s->args),
	    .cwd = s->cwd.n   ? s->cwd
		   : inherits ? from->process.cwd
			      : sc->cwd,
	    .uid = (uint32_t)(s->uid != SCENARIO_NOT_GIVEN ? s->uid
			      : inherits		   ? from->process.uid
							   : sc->uid),
	    .parent_exec_id = from->process.exec_id,
	    .docker = t->replica->docker,
	    .in_init_tree = t->inside ? YES : NO,
	    .pod = t->replica->pod,
	    .cgroup = t->replica->cgroup,
	};
	if (s->setuid)
		p.uid = 0;
	p.flags = flags_of(c, cloned, t->inside, p.cwd);
	p.pod.container_pid = sc->host_pid ? 0 : t->container_pid;
	p.pod.maybe_exec_probe = tags & TAG_PROBE;
	struct program *program = program_new(w, t->replica->host, &p, t->pid, c->now_ns);
	program->parent = from;
	program->tags = tags | (t->inside ? TAG_INIT_TREE : 0);
	resolve_program(c, s, program);
	it->who = t->program = program;
	it->tags = program->tags;
	if (s->name.n)
		t->name = s->name;
}

static int run_steps(struct scene *c, const struct step *steps, size_t n);

/* What the task does, and its end unless it stays; time goes on for the one who waits for it. */
static int live(struct scene *c, const struct step *s, struct task *t)
{
	struct scene inner = *c;
	inner.task = t;
	int err = run_steps(&inner, s->steps, s->nsteps);
	if (err)
		return err;
	if (!s->stay)
		end_task(&inner, t, s->status, s->signal);
	c->rng = inner.rng;
	c->now_ns = s->stay ? c->now_ns : inner.now_ns;
	return 0;
}

static int do_run(struct scene *c, const struct step *s)
{
	struct task *t = task_new(c, c->task->inside);
	/* How the container was entered holds for everything started from there. */
	start_program(c, s, t, c->task->program,
		      c->task->program->tags & (TAG_INTERACTIVE | TAG_PROBE));
	return live(c, s, t);
}

static int do_exec(struct scene *c, const struct step *s)
{
	struct task *t = c->task;
	bool first = !t->program;
	if (c->attack && !t->attack)
		return FAIL(
		    c, s,
		    "an attack must not replace a benign process: start one with 'run' first");
	start_program(c, s, t, first ? c->replica->shim : t->program,
		      first ? TAG_ENTRYPOINT : t->program->tags & (TAG_INTERACTIVE | TAG_PROBE));
	return run_steps(c, s->steps, s->nsteps);
}

static int do_fork(struct scene *c, const struct step *s)
{
	struct world *w = c->play->world;
	const struct program *from = c->task->program;
	struct task *t = task_new(c, c->task->inside);
	pass_time(c);
	t->last_ns = c->now_ns;
	t->name = expand(c, s->target);
	struct program *p = program_new(w, t->replica->host, &from->process, t->pid, c->now_ns);
	p->process.parent_exec_id = from->process.exec_id;
	p->process.flags = t->inside ? STR("execve inInitTree") : STR("execve");
	p->process.pod.container_pid = w->scenario->host_pid ? 0 : t->container_pid;
	p->parent = from;
	p->tags =
	    from->tags & (TAG_INIT_TREE | TAG_INTERACTIVE | TAG_PROBE | TAG_MEMFD | TAG_DELETED);
	t->program = p;
	return live(c, s, t);
}

/* kubectl exec and exec probes: the runtime's helper enters the container and runs the command. */
static int do_enter(struct scene *c, const struct step *s)
{
	struct replica *r = c->replica;
	if (!r->main || r->main->ended)
		return FAIL(c, s, "the container does not run at this time");
	const struct program *runc =
	    emit_host(c, r->shim, "/usr/bin/runc", "/usr/bin/runc",
		      str_from(arena_printf(c->play->world->arena,
					    "--root /run/containerd/runc/k8s.io exec " STR_FMT,
					    STR_ARG(r->pod.container_id))));
	struct task *t = task_new(c, false);
	start_program(c, s, t, runc, s->verb == STEP_PROBE ? TAG_PROBE : TAG_INTERACTIVE);
	int err = live(c, s, t);
	emit_host_exit(c, runc);
	return err;
}

/* ---- the container's life ---- */

static int start_container(struct scene *c, const struct step *s)
{
	struct world *w = c->play->world;
	struct replica *r = c->replica;
	const struct block *entry = w->scenario->blocks;
	while (!str_eq(entry->name, STR("entrypoint")))
		entry++;
	if (r->main && !r->main->ended)
		return FAIL(c, s, "the container runs already");
	if (!r->pods)
		replica_new_pod(w, r, c->now_ns);
	replica_new_container(w, r, c->now_ns);
	char id[128];
	snprintf(id, sizeof(id), "-namespace k8s.io -id " STR_FMT, STR_ARG(r->pod.container_id));
	struct str arguments = arena_str(w->arena, str_from(id));
	const char *shim = "/usr/bin/containerd-shim-runc-v2";
	r->shim = emit_host(c, r->host->containerd, shim, shim, arguments);
	const struct program *runc = emit_host(
	    c, r->shim, "/usr/bin/runc", "/usr/bin/runc",
	    str_from(arena_printf(w->arena, "--root /run/containerd/runc/k8s.io create " STR_FMT,
				  STR_ARG(r->pod.container_id))));
	/* runc runs itself again from a copy that the container cannot overwrite. */
	const struct program *init = emit_host(c, runc, "/proc/self/exe", "/runc", STR("init"));
	r->main = c->task = task_new(c, true);
	struct scene inner = *c;
	int err = run_steps(&inner, entry->steps, entry->nsteps);
	emit_host_exit(c, init);
	emit_host_exit(c, runc);
	c->rng = inner.rng;
	c->now_ns = MAX(c->now_ns, inner.now_ns);
	return err;
}

static int stop_container(struct scene *c, const struct step *s)
{
	struct replica *r = c->replica;
	if (!r->main || r->main->ended)
		return FAIL(c, s, "the container does not run at this time");
	/* Nothing happens in a container after its end. */
	for (struct task *t = r->tasks; t; t = t->next)
		c->now_ns = MAX(c->now_ns, t->last_ns);
	for (struct task *t = r->tasks; t; t = t->next)
		end_task(c, t, t == r->main ? s->status : 0, s->signal);
	emit_host_exit(c, r->shim);
	r->tasks = NULL;
	c->task = NULL;
	return 0;
}

static int do_container(struct scene *c, const struct step *s)
{
	bool start = !str_eq(s->target, STR("stop")), stop = !str_eq(s->target, STR("start"));
	int err = stop ? stop_container(c, s) : 0;
	if (err || !start)
		return err;
	if (str_eq(s->target, STR("replace")))
		replica_new_pod(c->play->world, c->replica, c->now_ns);
	return start_container(c, s);
}

/* ---- files, connections, guards ---- */

static int do_file(struct scene *c, const struct step *s)
{
	struct world *w = c->play->world;
	struct item *it = emit_task(c, KIND_FILE, c->task);
	struct str typed = expand(c, s->target);
	it->path = s->path.n ? expand(c, s->path) : world_resolve(w, typed);
	it->path_known = true;
	it->access = s->access;
	if (s->deleted) {
		it->path =
		    str_from(arena_printf(w->arena, STR_FMT " (deleted)", STR_ARG(it->path)));
		it->tags |= TAG_DELETED;
	}
	return 0;
}

/* 10.0.0.1:53, [2001:db8::1]:443. */
static bool parse_address(struct str text, struct address *ret)
{
	char host[64], *end = host;
	const char *colon = text.n ? memrchr(text.p, ':', text.n) : NULL;
	if (!colon || (size_t)(colon - text.p) >= sizeof(host))
		return false;
	uint64_t port;
	if (str_to_u64(str_skip(text, (size_t)(colon - text.p) + 1), &port) || port > 65535)
		return false;
	size_t n = (size_t)(colon - text.p);
	memcpy(host, text.p, n);
	host[n] = '\0';
	bool six = n > 2 && host[0] == '[' && host[n - 1] == ']';
	if (six) {
		end = host + 1;
		host[n - 1] = '\0';
	}
	*ret = (struct address){.family = six ? 6 : 4, .port = (uint16_t)port};
	return inet_pton(six ? AF_INET6 : AF_INET, end, ret->bytes) == 1;
}

static int do_connect(struct scene *c, const struct step *s)
{
	struct str to = expand(c, s->target);
	struct item *it = emit_task(c, KIND_CONNECT, c->task);
	it->result = -(int32_t)s->result;
	it->tags |= s->result ? TAG_FAILED : 0;
	if (to.p[0] == '/' || to.p[0] == '@') {
		it->unix_path = to;
		return 0;
	}
	it->protocol = s->protocol;
	if (parse_address(to, &it->address))
		return 0;
	return FAIL(c, s,
		    "'" STR_FMT
		    "' is no address such as 10.0.0.1:53, [2001:db8::1]:443, /run/x.sock or @name",
		    STR_ARG(to));
}

static int do_guard(struct scene *c, const struct step *s)
{
	struct item *it = emit_task(c, KIND_GUARD, c->task);
	it->guard = s->target;
	it->path = expand(c, s->object);
	it->path_known = it->path.n > 0;
	return 0;
}

static int do_wait(struct scene *c, const struct step *s)
{
	c->now_ns += s->wait_ns;
	return 0;
}

static int do_use(struct scene *c, const struct step *s)
{
	return run_steps(c, s->block->steps, s->block->nsteps);
}

static int (*const step_functions[STEP_COUNT])(struct scene *c, const struct step *s) = {
	[STEP_RUN] = do_run,     [STEP_EXEC] = do_exec,	  [STEP_FORK] = do_fork,
	[STEP_FILE] = do_file,   [STEP_CONNECT] = do_connect, [STEP_GUARD] = do_guard,
	[STEP_WAIT] = do_wait,   [STEP_USE] = do_use,	  [STEP_CONTAINER] = do_container,
	[STEP_PROBE] = do_enter, [STEP_ENTER] = do_enter,
};

static uint64_t jittered(struct rng *rng, uint64_t ns, uint64_t percent)
{
	uint64_t width = ns / 100 * percent;
	return ns - width + rng_below(rng, 2 * width + 1);
}

/* Steps that need somebody who acts. */
static bool needs_actor(enum step_verb verb)
{
	return verb == STEP_RUN || verb == STEP_EXEC || verb == STEP_FORK || verb == STEP_FILE ||
	       verb == STEP_CONNECT || verb == STEP_GUARD;
}

static int check_actor(struct scene *c, const struct step *s)
{
	if (!needs_actor(s->verb))
		return 0;
	if (!c->task)
		return FAIL(c, s, "the container does not run at this time");
	if (c->task->ended)
		return FAIL(c, s, "the process '" STR_FMT "' has ended at this time",
			    STR_ARG(c->task->program->process.filename));
	if (!c->task->program && s->verb != STEP_EXEC)
		return FAIL(c, s, "the container has no program yet: 'exec' comes first");
	return 0;
}

static int run_step(struct scene *c, const struct step *s)
{
	struct str label = c->label;
	struct decision decision = c->decision;
	uint64_t number = c->number;
	int err = 0;
	if (s->label.n)
		c->label = s->label;
	if (s->decision.expect)
		c->decision = s->decision;
	for (uint64_t i = 0; i < s->times && !err; i++) {
		if (s->times > 1)
			c->number = i;
		if (i && s->every_ns)
			c->now_ns += jittered(&c->rng, s->every_ns, s->jitter_percent);
		struct play *p = c->play;
		if (++p->steps > p->max_steps || p->world->items.n >= p->max_events)
			return FAIL(c, s, "the scenario makes too many events; lower a 'times'");
		if (c->now_ns > p->end_ns)
			return FAIL(c, s, "the scenario lasts longer than %d days",
				    SCENARIO_MAX_DAYS);
		err = check_actor(c, s);
		if (!err)
			err = step_functions[s->verb](c, s);
	}
	c->label = label;
	c->decision = decision;
	c->number = number;
	return err;
}

static int run_steps(struct scene *c, const struct step *steps, size_t n)
{
	int err = 0;
	for (size_t i = 0; i < n && !err; i++)
		err = run_step(c, &steps[i]);
	return err;
}

/* ---- activations ---- */

static int by_time(const void *a, const void *b)
{
	const struct activation *x = a, *y = b;
	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	if (x->phase != y->phase)
		return x->phase < y->phase ? -1 : 1;
	if (x->replica != y->replica)
		return x->replica < y->replica ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static bool takes_place(const struct world *w, const struct phase *p, const struct replica *r)
{
	if (p->replica != SCENARIO_NOT_GIVEN && p->replica != r->index)
		return false;
	struct rng rng = rng_of(w->seed, 'o', p->line, 0);
	bool as_written = str_eq(w->workload, w->scenario->workload);
	return !p->optional || as_written || rng_below(&rng, 2);
}

static int plan(struct play *p)
{
	struct world *w = p->world;
	const struct scenario *s = w->scenario;
	for (size_t i = 0; i < s->nphases; i++) {
		const struct phase *f = &s->phases[i];
		if (f->every_ns &&
		    f->times > SCENARIO_MAX_DAYS * 86400 * NSEC_PER_SEC / f->every_ns) {
			diag_add(p->diag, DIAG_ERROR, s->file, f->line, f->column,
				 "the scenario lasts longer than %d days", SCENARIO_MAX_DAYS);
			return -EINVAL;
		}
		for (size_t k = 0; k < w->nreplicas; k++) {
			struct rng rng = rng_of(w->seed, 't', f->line, k);
			for (uint64_t n = 0; takes_place(w, f, &w->replicas[k]) && n < f->times;
			     n++) {
				if (p->activations.n >= p->max_events) {
					diag_add(
					    p->diag, DIAG_ERROR, s->file, f->line, f->column,
					    "the scenario makes too many events; lower 'times'");
					return -EINVAL;
				}
				uint64_t width = f->every_ns / 100 * f->jitter_percent;
				*VEC_PUSH(&p->activations) = (struct activation){
				    .time_ns = w->start_ns + f->at_ns + k * f->stagger_ns +
					       n * f->every_ns + rng_below(&rng, width + 1),
				    .phase = f,
				    .replica = &w->replicas[k],
				    .number = n};
			}
		}
	}
	qsort(p->activations.v, p->activations.n, sizeof(*p->activations.v), by_time);
	return 0;
}

/* One of the living processes with that name. */
static struct task *pick_actor(struct scene *c, struct str name)
{
	uint64_t n = 0;
	for (struct task *t = c->replica->tasks; t; t = t->next)
		n += !t->ended && t->program && str_eq(t->name, name);
	uint64_t chosen = rng_below(&c->rng, n);
	for (struct task *t = c->replica->tasks; n && t; t = t->next)
		if (!t->ended && t->program && str_eq(t->name, name) && !chosen--)
			return t;
	return NULL;
}

static int run_activation(struct play *p, const struct activation *a)
{
	const struct phase *f = a->phase;
	struct scene c = {
	    .play = p,
	    .replica = a->replica,
	    .task = a->replica->main && !a->replica->main->ended ? a->replica->main : NULL,
	    .now_ns = a->time_ns,
	    .number = a->number,
	    .rng = rng_of(p->world->seed, f->line, a->replica->index, a->number),
	    .label = f->label,
	    .decision = f->decision,
	    .attack = f->attack,
	};
	if (f->in.n)
		c.task = pick_actor(&c, f->in);
	if (f->in.n && !c.task)
		return FAIL(&c, f, "no process named '" STR_FMT "' runs at this time",
			    STR_ARG(f->in));
	return run_steps(&c, f->steps, f->nsteps);
}

static int by_item_time(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

int scenario_run(struct world *w, size_t max_events, struct diag *d)
{
	struct play p = {.world = w,
			 .diag = d,
			 .max_events = max_events,
			 .max_steps = 4 * max_events,
			 .end_ns = w->start_ns + SCENARIO_MAX_DAYS * 86400 * NSEC_PER_SEC};
	int err = plan(&p);
	for (size_t i = 0; i < p.activations.n && !err; i++)
		err = run_activation(&p, &p.activations.v[i]);
	free(p.activations.v);
	if (!err)
		qsort(w->items.v, w->items.n, sizeof(*w->items.v), by_item_time);
	return err;
}
