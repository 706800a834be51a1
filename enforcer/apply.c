/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order makes it all or nothing: fill slots that nobody uses, attach what is missing, prove it, pin, attach to
 * cgroups, and only then the stores that put cgroups under their policies.
 */
#include "enforcer/apply.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "enforcer/selftest.h"
#include "enforcer/slots.h"
#include "enforcer/table.h"

static uint32_t all_needs(const struct apply_options *o)
{
	uint32_t needs = 0;
	for (size_t i = 0; i < o->ntargets; i++)
		needs |= image_needs(o->images[o->targets[i].image]);
	return needs;
}

/* ---- the back end ---- */

static int check_image(const struct machine *m, const struct image *i, struct diag *d)
{
	if (!i->map[IMAGE_MAP_EXEC_PAIRS].n || machine_knows_caller(m))
		return 0;
	diag_error(d, NULL, STR_FMT ": some programs may only be started by certain others, and the signal back end of this kernel "
		   "(before 6.10) cannot tell who starts one: allow them to everybody, or use a kernel with BPF LSM", STR_ARG(i->name));
	return -ENOTSUP;
}

static int try_backend(const struct apply_options *o, enum enforce_backend b, struct diag *d, struct machine **ret)
{
	CLEANUP(machine_close) struct machine *m = NULL;
	uint32_t needs = all_needs(o);
	int r = machine_load(o->bpffs, b, d, &m);
	if (!r)
		r = machine_attach(m, needs, d);
	if (!r)
		r = selftest(m, needs, d);
	if (!r)
		*ret = TAKE(m);
	return r;
}

/* The best first. What went wrong with better ones is told when none works. */
static int find_backend(const struct apply_options *o, struct diag *d, struct machine **ret)
{
	int r = -ENOTSUP;
	if (o->backend >= 0)
		return try_backend(o, (enum enforce_backend)o->backend, d, ret);
	CLEANUP_DIAG struct diag all = DIAG_INIT;
	for (int b = ENFORCE_BACKEND_LSM; b < ENFORCE_BACKENDS; b++) {
		r = try_backend(o, (enum enforce_backend)b, &all, ret);
		if (!r)
			return 0;
	}
	for (size_t i = 0; i < all.n; i++)
		diag_add(d, all.v[i].level, all.v[i].file, 0, 0, "%s", all.v[i].message);
	return r;
}

static int open_machine(const struct apply_options *o, struct diag *d, struct machine **ret)
{
	CLEANUP(machine_close) struct machine *m = NULL;
	int r = machine_find(o->bpffs, d, &m);
	if (r || !m) {
		machine_close(TAKE(m));
		return r ? r : find_backend(o, d, ret);
	}
	if (o->backend >= 0 && (enum enforce_backend)o->backend != m->backend) {
		diag_error(d, NULL, "policies are in force by the back end %s: release them before using %s", backend_name(m->backend),
			   backend_name((enum enforce_backend)o->backend));
		return -EBUSY;
	}
	workloads_reap(m);
	r = machine_back_up(m, d);
	if (!r)
		r = machine_attach(m, all_needs(o), d);
	if (!r)
		r = selftest(m, all_needs(o), d);
	if (r)
		machine_undo(m);
	else
		*ret = TAKE(m);
	return r;
}

/* ---- cgroups ---- */

/* Connects of a v1 cgroup's tasks are seen where they are in v2: at the root. */
static int attach_connects(struct machine *m, const struct group *g, struct diag *d)
{
	CLEANUP_FREE char *v2 = g->id & ENFORCE_CGROUP_V1 ? cgroup_mount(false) : NULL;
	const char *folder = v2 ? v2 : g->folder;
	CLEANUP_FD int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		int r = -errno;
		diag_error(d, folder, "%s", strerror(-r));
		return r;
	}
	return machine_connect(m, fd, v2 ? 1 : g->id, d);
}

static void fill_name(struct enforce_name *n, const struct image *i, const struct group *g, const struct filled *f)
{
	memset(n, 0, sizeof(*n));
	n->applied_ns = wall_ns();
	n->cgroup = g->id;
	n->memory = f->memory;
	memcpy(n->tables, f->ids, sizeof(f->ids));
	n->paths = i->map[IMAGE_MAP_PATHS].n;
	n->ports = i->map[IMAGE_MAP_PORTS].n;
	memcpy(n->digest, i->digest, sizeof(n->digest));
	snprintf(n->image, sizeof(n->image), STR_FMT, STR_ARG(i->name));
	snprintf(n->workload, sizeof(n->workload), "%s", g->workload);
	snprintf(n->folder, sizeof(n->folder), "%s", g->folder);
}

static enum enforce_mode mode_of(const struct apply_options *o, const struct image *i)
{
	return o->audit || !image_settings_of(i)->enforce ? ENFORCE_AUDIT : ENFORCE_DENY;
}

/* ---- what there is to do ---- */

struct todo {
	bool *same;               /* by target: in force as asked for already */
	struct image **images;    /* that some other target wants */
	size_t nimages;
	size_t *place;            /* by image of the options: where in "images" */
	struct filled *filled;    /* by place */
};

static void todo_done(struct todo *w)
{
	free(w->same);
	free(w->images);
	free(w->place);
	free(w->filled);
}

static bool is_same(const struct machine *m, const struct apply_options *o, const struct target *t)
{
	const struct image *i = o->images[t->image];
	struct enforce_name name;
	uint32_t number = o->keep ? workload_number(m, o->groups->v[t->group].id) : NUMBER_NONE;
	if (number == NUMBER_NONE || o->for_ns || m->workloads[number].deadline_ns || !workload_name(m, number, &name))
		return false;
	return !memcmp(name.digest, i->digest, sizeof(name.digest)) && ENFORCE_MODE(m->workloads[number].word) == mode_of(o, i);
}

static void find_todo(const struct machine *m, const struct apply_options *o, struct todo *w)
{
	w->same = xcalloc(o->ntargets + 1, sizeof(*w->same));
	w->images = xcalloc(o->nimages + 1, sizeof(struct image *));
	w->place = xcalloc(o->nimages + 1, sizeof(*w->place));
	for (size_t k = 0; k < o->ntargets; k++) {
		size_t image = o->targets[k].image;
		w->same[k] = is_same(m, o, &o->targets[k]);
		if (w->same[k] || (w->nimages && w->images[w->place[image]] == o->images[image]))
			continue;
		w->place[image] = w->nimages;
		w->images[w->nimages++] = o->images[image];
	}
	w->filled = slots_new(w->nimages);
}

/* ---- into force ---- */

struct before {
	uint32_t number;
	bool new;
	struct enforce_workload workload;
	struct enforce_name name;
};

static void go_back(struct machine *m, const struct todo *w, const struct before *v, size_t n, struct diag *d)
{
	while (n-- > 0) {
		if (w->same[n])
			continue;
		if (v[n].new)
			workload_release(m, v[n].number, d);
		else
			workload_restore(m, v[n].number, &v[n].workload, &v[n].name);
	}
}

static int assign_one(struct machine *m, const struct apply_options *o, const struct target *t, const struct filled *filled,
		      struct diag *d, struct before *before)
{
	const struct image *i = o->images[t->image];
	const struct group *g = &o->groups->v[t->group];
	struct enforce_name name;
	fill_name(&name, i, g, filled);
	struct assignment a = {
		.slot = filled->slot,
		.mode = mode_of(o, i),
		.needs = image_needs(i),
		.deadline_ns = o->for_ns ? boot_ns() + o->for_ns : 0,
		.name = &name,
	};
	before->number = workload_number(m, g->id);
	before->new = before->number == NUMBER_NONE;
	if (!before->new) {
		before->workload = m->workloads[before->number];
		workload_name(m, before->number, &before->name);
	}
	return workload_assign(m, g, &a, d, &before->number);
}

static int assign(struct machine *m, const struct apply_options *o, const struct todo *w, struct diag *d)
{
	CLEANUP_FREE struct before *before = xcalloc(o->ntargets, sizeof(*before));
	for (size_t k = 0; k < o->ntargets; k++) {
		const struct target *t = &o->targets[k];
		int r = w->same[k] ? 0 : assign_one(m, o, t, &w->filled[w->place[t->image]], d, &before[k]);
		if (r) {
			go_back(m, w, before, k, d);
			return r;
		}
	}
	return 0;
}

static int put_in_force(struct machine *m, const struct apply_options *o, const struct todo *w, struct diag *d)
{
	int r = machine_pin(m, d);
	for (size_t k = 0; k < o->ntargets && !r; k++)
		if (image_needs(o->images[o->targets[k].image]) & IMAGE_JUDGES_CONNECT)
			r = attach_connects(m, &o->groups->v[o->targets[k].group], d);
	return r ? r : assign(m, o, w, d);
}

static int apply_all(const struct apply_options *o, struct diag *d, struct machine **ret)
{
	CLEANUP(machine_close) struct machine *m = NULL;
	int r = open_machine(o, d, &m);
	if (r)
		return r;
	for (size_t i = 0; i < o->nimages && !r; i++)
		r = check_image(m, o->images[i], d);
	__attribute__((cleanup(todo_done))) struct todo w = {0};
	find_todo(m, o, &w);
	if (!r)
		r = runtimes_tell(m, o->runtimes, d);
	if (!r)
		r = slots_fill(m, w.images, w.nimages, d, w.filled);
	if (!r)
		r = put_in_force(m, o, &w, d);
	if (r) {
		machine_undo(m);
		if (m->pinned && !m->fresh)   /* what was filled before that */
			slots_sweep(m, d);
		return r;
	}
	r = slots_sweep(m, d);
	if (!r)
		*ret = TAKE(m);
	return r;
}

/* What the kernel calls invalid is not the input's fault: that was checked before. */
int apply(const struct apply_options *o, struct diag *d, struct machine **ret)
{
	int r = apply_all(o, d, ret);
	return r == -EINVAL || r == -ENOENT ? -EIO : r;
}
