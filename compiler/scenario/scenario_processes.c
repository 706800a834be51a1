/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs start, replace each other, fork and end, as the kernel and the container's runtime do it: the same node programs,
 * flags and parents that an agent reports.
 */
#include "compiler/scenario/scenario_scene.h"

#include <stdio.h>

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

int do_run(struct scene *c, const struct step *s)
{
	struct task *t = task_new(c, c->task->inside);
	/* How the container was entered holds for everything started from there. */
	start_program(c, s, t, c->task->program,
		      c->task->program->tags & (TAG_INTERACTIVE | TAG_PROBE));
	return live(c, s, t);
}

int do_exec(struct scene *c, const struct step *s)
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

int do_fork(struct scene *c, const struct step *s)
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
int do_enter(struct scene *c, const struct step *s)
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

int do_container(struct scene *c, const struct step *s)
{
	bool start = !str_eq(s->target, STR("stop")), stop = !str_eq(s->target, STR("start"));
	int err = stop ? stop_container(c, s) : 0;
	if (err || !start)
		return err;
	if (str_eq(s->target, STR("replace")))
		replica_new_pod(c->play->world, c->replica, c->now_ns);
	return start_container(c, s);
}
