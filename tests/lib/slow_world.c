/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who runs what, from the lines so far (a plain list, searched from its end), and the hits that a line is or implies:
 * its own hook, and for an exec line the hooks on the way of an exec that the stream does not record.
 */
#include "tests/lib/slow_private.h"

#include "schema/base/arena.h"

struct slow_world {
	struct arena *arena;
	struct {
		struct slow_image *v;
		size_t n, cap;
	} images;
	struct {
		struct str *v;
		size_t n, cap;
	} sites;                     /* of which the stream has lines */
	struct {
		struct str *v;
		size_t n, cap;
	} names;                     /* that some line tells the path of, and those paths */
};

struct str slow_keep(struct slow *s, struct str text)
{
	return arena_str(s->world->arena, text);
}

struct slow_world *slow_world_new(void)
{
	struct slow_world *w = xcalloc(1, sizeof(*w));
	w->arena = arena_new();
	return w;
}

void slow_world_free(struct slow_world *w)
{
	arena_free(w->arena);
	free(w->images.v);
	free(w->sites.v);
	free(w->names.v);
	free(w);
}

static struct slow_image *image_of(const struct slow_world *w, struct str id)
{
	for (size_t i = w->images.n; id.n && i > 0; i--)
		if (str_eq(w->images.v[i - 1].id, id))
			return &w->images.v[i - 1];
	return NULL;
}

const struct slow_image *slow_world_image(const struct slow *s, struct str id)
{
	return image_of(s->world, id);
}

/* ---- sites ---- */

static struct str site_of(struct slow_world *w, const struct event *ev)
{
	if (ev->section != HOOK_LSM)
		return ev->hook;
	struct str name = str_eq(ev->hook, STR("bprm_check_security")) ? STR("bprm_check") : ev->hook;
	return str_from(arena_printf(w->arena, "security_" STR_FMT, STR_ARG(name)));
}

bool slow_world_recorded(const struct slow_world *w, struct str site)
{
	for (size_t i = 0; i < w->sites.n; i++)
		if (str_eq(w->sites.v[i], site))
			return true;
	return false;
}

static bool has_name(const struct slow_world *w, struct str name)
{
	for (size_t i = 0; i < w->names.n; i++)
		if (str_eq(w->names.v[i], name))
			return true;
	return false;
}

/* What two lines tell of one name the rules do not speak of: is the path of any in this line of descent open so? */
bool slow_world_named(const struct slow *s, const struct slow_image *i)
{
	for (unsigned n = 0; i && n < 100; n++, i = image_of(s->world, i->parent_id))
		if (!i->path_known && has_name(s->world, i->filename))
			return true;
	return false;
}

static void note_name(struct slow_world *w, const struct event *ev)
{
	struct str names[] = {ev->process.filename, ev->process.path};
	for (size_t i = 0; ev->process.path_known && i < ARRAY_SIZE(names); i++)
		if (names[i].n && !has_name(w, names[i]))
			*VEC_PUSH(&w->names) = arena_str(w->arena, names[i]);
}

void slow_world_records(struct slow_world *w, const struct event *ev)
{
	note_name(w, ev);
	if (ev->section == HOOK_NONE)
		return;
	struct str site = site_of(w, ev);
	if (!slow_world_recorded(w, site))
		*VEC_PUSH(&w->sites) = arena_str(w->arena, site);
}

/* ---- what lines tell ---- */

static bool has_flag(const struct process *p, const char *flag)
{
	size_t n = strlen(flag);
	for (size_t i = 0; i + n <= p->flags.n; i++)
		if (!memcmp(p->flags.p + i, flag, n) && (i == 0 || p->flags.p[i - 1] == ' ') &&
		    (i + n == p->flags.n || p->flags.p[i + n] == ' '))
			return true;
	return false;
}

static void describe(struct slow_world *w, struct slow_image *i, const struct process *p)
{
	struct arena *a = w->arena;
	i->parent_id = arena_str(a, p->parent_exec_id);
	i->filename = arena_str(a, p->filename);
	i->pid = p->pid;
	i->container_pid = p->pod.container_pid;
	i->namespace = arena_str(a, p->pod.namespace);
	i->labels = arena_str(a, p->pod.labels);
	i->container = arena_str(a, p->pod.container_name);
	i->image = arena_str(a, p->pod.image);
	i->docker = arena_str(a, p->docker);
}

static void set_path(struct slow_world *w, struct slow_image *i, struct str path)
{
	i->path = arena_str(w->arena, path);
	i->path_known = true;
}

/* With no better source, and if so asked: an absolute clean name is its own path. */
static bool presumable(struct str name)
{
	return name.n && name.p[0] == '/' && !str_starts(name, STR("/proc/")) && !str_starts(name, STR("/dev/")) &&
	       !memmem(name.p, name.n, "//", 2) && !memmem(name.p, name.n, "/./", 3) && !memmem(name.p, name.n, "/../", 4) &&
	       !str_ends(name, STR("/..")) && !str_ends(name, STR("/."));
}

static struct slow_image *new_image(struct slow_world *w, const struct process *p)
{
	struct slow_image *i = VEC_PUSH(&w->images);
	i->id = arena_str(w->arena, p->exec_id);
	describe(w, i, p);
	return i;
}

/* The fork that called exec has lines of its own if it passed a recorded hook; else its parent's image called. */
static struct slow_image *caller_of(struct slow_world *w, const struct process *p, bool *ret_parent)
{
	*ret_parent = false;
	if (has_flag(p, "clone"))
		for (size_t i = w->images.n; i > 0; i--) {
			struct slow_image *c = &w->images.v[i - 1];
			if (c->pid == p->pid && !c->exited && str_eq(c->parent_id, p->parent_exec_id) && !str_eq(c->id, p->exec_id))
				return c;
		}
	*ret_parent = has_flag(p, "clone");
	struct slow_image *parent = image_of(w, p->parent_exec_id);
	return parent && !parent->hearsay ? parent : NULL;
}

static void learn_exec(struct slow_world *w, const struct event *ev, struct slow_image *new)
{
	const struct process *p = &ev->process;
	bool of_parent;
	new->exec_seen = true;
	new->forked = false;
	if (p->cap.n || p->ns.n) {
		new->ns = arena_str(w->arena, p->ns);
		slow_held_exec(new, p);
	}
	if (has_flag(p, "procFS")) {
		new->inventory = true;
		set_path(w, new, p->filename);   /* read from /proc, with the mark of a file that is gone */
		return;
	}
	struct slow_image *caller = caller_of(w, p, &of_parent);
	new->caller_fresh = has_flag(p, "clone");
	if (!caller || caller == new) {
		new->caller_known = ev->has_parent && ev->parent.path_known;
		new->caller_path = arena_str(w->arena, ev->parent.path);
		return;
	}
	new->caller = (size_t)(caller - w->images.v) + 1;
	new->caller_known = caller->path_known;
	new->caller_path = caller->path;
	if (caller->has_checked && !of_parent) {
		if (!new->path_known)
			set_path(w, new, caller->checked);
		caller->has_checked = false;
		new->passed_bprm = true;   /* with lines of its own */
	}
}

/* A process whose first line is no exec line runs a copy of its parent's image. */
static void learn_fork(struct slow_world *w, const struct process *p, struct slow_image *new)
{
	const struct slow_image *parent = image_of(w, p->parent_exec_id);
	if (!parent || parent->hearsay || parent == new || parent->pid == p->pid || has_flag(p, "clone") || !str_eq(parent->filename, p->filename))
		return;
	new->forked = true;
	new->path = parent->path;
	new->path_known = parent->path_known;
	new->ns = parent->ns;
	slow_held_fork(new, parent);
}

/* Of a parent without lines of its own its child's line tells its pid and whose child it is. */
static void learn_parent(struct slow_world *w, const struct event *ev)
{
	if (!ev->has_parent || !ev->parent.exec_id.n || image_of(w, ev->parent.exec_id))
		return;
	struct slow_image *parent = new_image(w, &ev->parent);
	parent->hearsay = true;
	slow_held_exec(parent, &ev->parent);
}

static const struct arg *file_in(const struct event *ev)
{
	for (uint32_t i = 0; i < ev->nargs; i++)
		if (ev->args[i].kind == ARG_BINPRM || ev->args[i].kind == ARG_FILE)
			return &ev->args[i];
	return NULL;
}

static void learn_line(struct slow_world *w, const struct event *ev, struct str site, struct slow_image *i)
{
	const struct arg *file = file_in(ev);
	if (file && (str_starts(site, STR("security_bprm_check")) || str_starts(site, STR("security_bprm_creds_f")))) {
		i->checked = arena_str(w->arena, file->text);
		i->has_checked = true;
	} else if (file && str_eq(site, STR("sched/sched_process_exec"))) {
		set_path(w, i, file->text);
	}
}

/* ---- hits ---- */

static const struct hook *recorder_of(struct slow *s, const struct event *ev)
{
	static const enum section sections[] = {[HOOK_KPROBE] = SECTION_KPROBE, [HOOK_LSM] = SECTION_LSM,
						[HOOK_TRACEPOINT] = SECTION_TRACEPOINT, [HOOK_UPROBE] = SECTION_UPROBE};
	for (size_t i = 0; i < s->nrecorders; i++) {
		const struct policy *p = s->recorders[i];
		for (size_t k = 0; str_eq(p->name, ev->policy) && k < p->nhooks; k++) {
			const struct hook *h = &p->hooks[k];
			if (ev->section <= HOOK_UPROBE && h->section == sections[ev->section] && str_ends(ev->hook, h->call))
				return h;
		}
	}
	return NULL;
}

/* Recorded as IP address by one policy and as unix address by another: one of the two lines does not fit the family. */
static bool misfits(const struct slow *s, const struct event *ev)
{
	size_t recorders = 0;
	for (size_t i = 0; i < s->nrecorders; i++)
		for (size_t k = 0; k < s->recorders[i]->nhooks; k++) {
			struct str call = s->recorders[i]->hooks[k].call;
			recorders += str_ends(ev->hook, call) || str_ends(call, ev->hook);
		}
	for (uint32_t i = 0; i < ev->nargs && recorders > 1; i++) {
		bool is_unix = str_eq(ev->args[i].family, STR("AF_UNIX"));
		if (ev->args[i].kind == ARG_SOCKADDR ? is_unix : ev->args[i].kind == ARG_SOCKADDR_UN && !is_unix)
			return true;
	}
	return false;
}

static void lay_out(struct slow_hit *hit, const struct event *ev, const struct hook *recorder)
{
	uint32_t at = 0;
	for (size_t i = 0; recorder && i < recorder->nargs && at < ev->nargs; i++) {
		const struct spec_arg *a = &recorder->args[i];
		if (a->type == TYPE_NOP)
			continue;
		hit->values[hit->nvalues++] = (struct slow_value){
			.index = a->index, .resolve = a->resolve, .type = a->type,
			.size_index = (uint32_t)a->size_arg_index, .arg = &ev->args[at++]};
	}
	hit->raw = recorder && recorder->raw;
}

struct implied {
	struct str site;
	bool raw, by_caller;
	uint32_t index;
	enum policy_type type;
	bool file, number;
};

/* Sections 4 and 4.1: on its way an exec passes these; the first ones as the old program. */
static const struct implied implied[] = {
	{STR_INIT("sys_execve"), false, true, 0, TYPE_STRING, false, false},
	{STR_INIT("security_bprm_creds_for_exec"), false, true, 0, TYPE_LINUX_BINPRM, true, false},
	{STR_INIT("security_bprm_check"), false, true, 0, TYPE_LINUX_BINPRM, true, false},
	{STR_INIT("security_bprm_creds_from_file"), false, true, 1, TYPE_FILE, true, false},
	{STR_INIT("sched/sched_process_exec"), true, false, 2, TYPE_LINUX_BINPRM, true, false},
};

static void exec_hits(struct slow *s, const struct event *ev, const struct slow_image *new,
		      void (*fn)(struct slow *s, struct slow_hit *hit))
{
	struct slow_image caller = {.exec_seen = true};
	if (new->caller)
		caller = s->world->images.v[new->caller - 1];
	else if (image_of(s->world, new->parent_id))
		slow_held_fork(&caller, image_of(s->world, new->parent_id));
	caller.path = new->caller_path;
	caller.path_known = new->caller_known;
	caller.pid = new->pid;
	caller.fresh = new->caller_fresh;
	caller.parent_id = caller.fresh ? new->parent_id : caller.parent_id;
	caller.ns = new->ns;
	caller.container_pid = new->container_pid;
	/* Scope goes by the cgroup of the task, which is where the new image is. */
	caller.namespace = new->namespace;
	caller.labels = new->labels;
	caller.container = new->container;
	caller.image = new->image;
	caller.docker = new->docker;
	if (new->inventory || (ev->tags & TAG_SCRIPT))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(implied); i++) {
		const struct implied *m = &implied[i];
		struct arg file = {.kind = ARG_BINPRM, .text = new->path};
		struct slow_hit hit = {.slow = s, .site = m->site, .raw = m->raw, .time_ns = ev->time_ns, .section = SECTION_KPROBE,
				       .who = m->by_caller ? &caller : new, .named = slow_world_named(s, new)};
		/* A recorder may be silent about this caller; the bprm lines tell by themselves whether they came. */
		bool silent = str_starts(m->site, STR("security_bprm")) && !new->passed_bprm;
		if (slow_world_recorded(s->world, m->site) && !silent)
			continue;
		if (m->file && new->path_known)
			hit.values[hit.nvalues++] = (struct slow_value){.index = m->index, .type = m->type, .arg = &file};
		fn(s, &hit);
	}
}

/* Every system call passes these two as well, one before it and one after. */
static void raw_hit(struct slow *s, const struct slow_hit *call, bool after, void (*fn)(struct slow *s, struct slow_hit *hit))
{
	static const struct str sites[] = {STR_INIT("raw_syscalls/sys_enter"), STR_INIT("raw_syscalls/sys_exit")};
	struct arg id = {.kind = ARG_SYSCALL}, returned = {.kind = ARG_LONG, .number = call->returned};
	struct slow_hit hit = {.slow = s, .site = sites[after], .section = SECTION_TRACEPOINT, .who = call->who, .partly = true,
			       .time_ns = call->time_ns};
	/* A successful exec leaves as the new image. */
	bool exec = str_starts(call->site, STR("sys_execve")) && !(call->has_returned && call->returned < 0);
	if (call->compat || slow_world_recorded(s->world, sites[after]) || (after && exec) || !slow_call_number(call->site, &id.number))
		return;
	hit.values[hit.nvalues++] = (struct slow_value){.index = 4, .type = TYPE_SYSCALL64, .arg = &id};
	if (after && call->has_returned)
		hit.values[hit.nvalues++] = (struct slow_value){.index = 5, .type = TYPE_INT64, .arg = &returned};
	fn(s, &hit);
}

void slow_world_hits(struct slow *s, const struct event *ev, void (*fn)(struct slow *s, struct slow_hit *hit))
{
	struct slow_world *w = s->world;
	learn_parent(w, ev);
	struct slow_image *who = image_of(w, ev->process.exec_id);
	bool new = !who || who->hearsay;
	if (!who)
		who = new_image(w, &ev->process);
	who->hearsay = false;
	who->cap_aside |= ev->kind != KIND_EXEC && ev->process.cap.n > 0;
	if (new)
		describe(w, who, &ev->process);
	else if (ev->process.pod.namespace.n || ev->kind == KIND_EXEC)
		describe(w, who, &ev->process);
	if (ev->process.path_known)
		set_path(w, who, ev->process.path);
	if (ev->kind == KIND_EXEC)
		learn_exec(w, ev, who);
	else if (new)
		learn_fork(w, &ev->process, who);
	/* Which program it is a line of sched_process_exec will tell, where the stream has such lines. */
	if (ev->kind == KIND_EXEC)
		who->waits = !who->path_known && slow_world_recorded(w, STR("sched/sched_process_exec"));
	if (s->presume && !who->path_known && presumable(who->filename))
		set_path(w, who, who->filename);
	if (ev->kind == KIND_EXEC && !who->waits)
		exec_hits(s, ev, who, fn);
	/* A line that tells two names is two events; the first has the values. */
	if (ev->section != HOOK_NONE && (ev->nargs || ev->kind != KIND_FILE)) {
		struct str site = site_of(w, ev);
		struct slow_hit hit = {.slow = s, .site = site, .compat = ev->compat, .has_returned = ev->has_returned,
				       .returned = ev->returned, .time_ns = ev->time_ns,
				       .section = ev->section == HOOK_LSM ? SECTION_LSM : SECTION_KPROBE};
		slow_world_records(w, ev);
		learn_line(w, ev, site, who);
		hit.who = who;
		hit.told_elsewhere = misfits(s, ev);
		lay_out(&hit, ev, recorder_of(s, ev));
		s->writable = who;
		raw_hit(s, &hit, false, fn);
		fn(s, &hit);
		raw_hit(s, &hit, true, fn);
		s->writable = NULL;
		slow_held_line(who, &hit);
		if (who->waits && str_eq(site, STR("sched/sched_process_exec"))) {
			who->waits = false;
			exec_hits(s, ev, who, fn);
		}
	}
	who->exited |= ev->kind == KIND_EXIT;
}
