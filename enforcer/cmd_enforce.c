/* SPDX-License-Identifier: GPL-2.0-only */
/* stakeout enforce IMAGE...: images into force. */
#include <stdio.h>

#include "enforcer/apply.h"
#include "enforcer/cmd.h"
#include "enforcer/follow.h"
#include "enforcer/slots.h"
#include "schema/base/cli.h"
#include "schema/base/table.h"

struct options {
	struct cli_list cgroups, workloads, runtimes;
	bool audit, here, follow, json;
	uint64_t for_ns;
	const char *backend, *bpffs, *node_root, *pods;
};

static const struct cli_option options[] = {
	{"cgroup", 'c', CLI_LIST, offsetof(struct options, cgroups), "PATH", "this cgroup and all below it"},
	{"workload", 'w', CLI_LIST, offsetof(struct options, workloads), "PATTERN", "the cgroups of workloads that match"},
	{"audit", 'a', CLI_FLAG, offsetof(struct options, audit), NULL, "count and report, refuse nothing"},
	{"for", 'f', CLI_DURATION, offsetof(struct options, for_ns), "DURATION", "refuse for this long, then only audit: 20m, 2h"},
	{"here", 0, CLI_FLAG, offsetof(struct options, here), NULL, "leave out what is not on this machine, keep what is in force already"},
	{"follow", 0, CLI_FLAG, offsetof(struct options, follow), NULL, "--here, and stay: new containers are covered as they come"},
	{"backend", 'b', CLI_STRING, offsetof(struct options, backend), "NAME", "auto (the best that works), lsm, fmod_ret or signal"},
	{"runtime", 0, CLI_LIST, offsetof(struct options, runtimes), "FILE", "a container runtime in an unusual place, as the host sees it"},
	{"bpffs", 0, CLI_STRING, offsetof(struct options, bpffs), "DIR", "the BPF file system (default " BPFFS_DEFAULT ")"},
	{"node-root", 0, CLI_STRING, offsetof(struct options, node_root), "DIR", "where the node's file system is seen, for names (default /)"},
	{"pods", 0, CLI_STRING, offsetof(struct options, pods), "FILE", "names from the output of kubectl get pods -A -o json"},
	{"json", 'j', CLI_FLAG, offsetof(struct options, json), NULL, "one object for each cgroup"},
};

static const struct cli_verb verb = {
	"enforce", "put policy images into force", "IMAGE|FOLDER... | status | watch | verify | confirm | release", 1, -1, options, ARRAY_SIZE(options),
	"Needs root. Without --cgroup and --workload each image goes to the workload it was made for: a systemd unit, a container,\n"
	"in Kubernetes by its pod, as the runtime and the kubelet name it, or --pods. With one of them the image goes there. What is\n"
	"in force stays when this command has ended, and until it is released or the host starts anew; applying again replaces a\n"
	"policy in one step. Cgroups made below one under a policy are under it before their first process; others are not under any.\n"
	"A folder stands for the images in it. With --here the command can be run again and again: new containers come under their\n"
	"policies, changed images replace theirs, what is in force as asked for stays with its counters.\n"
	"\n"
	"enforce status    what is in force, and what it refused\n"
	"enforce confirm   takes the time limit of --for away\n"
	"enforce watch     what is refused, as lines and into the store\n"
	"enforce verify    does what is forbidden, harmlessly, and sees it fail\n"
	"enforce release   ends policies\n"
	"Each has its own --help.",
};

struct work {
	struct { struct image **v; size_t n, cap; } images;
	struct groups groups;
	struct { struct target *v; size_t n, cap; } targets;
};

static void work_done(struct work *w)
{
	for (size_t i = 0; i < w->images.n; i++)
		image_free(w->images.v[i]);
	free(w->images.v);
	groups_done(&w->groups);
	free(w->targets.v);
}

static int read_one(const char *file, struct diag *d, struct work *w)
{
	struct image *i = NULL;
	int r = image_read(file, d, &i);
	if (!r)
		*VEC_PUSH(&w->images) = i;
	return r;
}

static int read_images(char *const *names, int n, struct diag *d, struct work *w)
{
	__attribute__((cleanup(image_names_done))) struct image_names files = {0};
	int r = 0;
	for (int i = 0; i < n && !r; i++)
		r = image_names(names[i], d, &files);
	for (size_t i = 0; i < files.n && !r; i++)
		r = read_one(files.v[i], d, w);
	return r;
}

static int add_targets(struct work *w, size_t image, size_t first_group, const char *what, struct diag *d)
{
	if (w->groups.n == first_group)
		return diag_error(d, what, "no cgroup of such a workload is here now");
	for (size_t g = first_group; g < w->groups.n; g++)
		*VEC_PUSH(&w->targets) = (struct target){image, g};
	return 0;
}

/* Each image to its own workload; with --here those without one are dropped. */
static int give_own(const struct options *o, const struct group_list *all, struct diag *d, struct work *w)
{
	size_t kept = 0;
	int r = 0;
	for (size_t i = 0; i < w->images.n && !r; i++) {
		struct image *image = TAKE(w->images.v[i]);
		CLEANUP_FREE char *name = xstrndup(image->workload.p, image->workload.n);
		size_t first = w->groups.n;
		if (!group_list_find(all, name, &w->groups) && o->here) {
			image_free(image);
			continue;
		}
		w->images.v[kept] = image;
		r = add_targets(w, kept++, first, name, d);
	}
	if (!r && kept < w->images.n)
		diag_add(d, DIAG_NOTE, NULL, 0, 0, "%zu of %zu images are for workloads that are not here now", w->images.n - kept, w->images.n);
	w->images.n = r ? w->images.n : kept;
	return r;
}

static int find_own(const struct options *o, struct names *names, struct diag *d, struct work *w)
{
	CLEANUP(group_list_free) struct group_list *all = NULL;
	int r = group_list_new(names, d, &all);
	for (size_t i = 0; i < o->workloads.n && !r; i++)
		if (!group_list_find(all, o->workloads.v[i], &w->groups))
			r = diag_error(d, o->workloads.v[i], "no cgroup of such a workload is here now");
	return r || o->cgroups.n || o->workloads.n ? r : give_own(o, all, d, w);
}

static int find_groups(const struct options *o, struct diag *d, struct work *w)
{
	bool told = o->cgroups.n || o->workloads.n;
	if (told && w->images.n > 1)
		return diag_error(d, NULL, "--cgroup and --workload take one image: several go to their own workloads");
	CLEANUP(names_free) struct names *names = NULL;
	int r = names_open(o->node_root, o->pods, d, &names);
	for (size_t i = 0; i < o->cgroups.n && !r; i++)
		r = group_find(o->cgroups.v[i], names, d, &w->groups);
	if (!r && (o->workloads.n || !told))
		r = find_own(o, names, d, w);
	return r || !told ? r : add_targets(w, 0, 0, "", d);
}

/* ---- what is said ---- */

static const struct table_column columns[] = {
	{"workload", "WORKLOAD", TABLE_TEXT}, {"cgroup", "CGROUP", TABLE_TEXT}, {"image", "IMAGE", TABLE_TEXT},
	{"mode", "MODE", TABLE_TEXT},         {"backend", "BACKEND", TABLE_TEXT},
};

/* Those that were covered BEFORE (by target) are not told again. */
static void print(const struct options *o, const struct work *w, const struct machine *m, const bool *before)
{
	CLEANUP(table_free) struct table *t = table_new(columns, ARRAY_SIZE(columns));
	for (size_t k = 0; k < w->targets.n; k++) {
		if (before[k])
			continue;
		const struct group *g = &w->groups.v[w->targets.v[k].group];
		const struct image *i = w->images.v[w->targets.v[k].image];
		table_str(t, str_from(g->workload));
		table_str(t, str_from(g->folder));
		table_str(t, i->name);
		table_str(t, o->audit || !image_settings_of(i)->enforce ? STR("audit") : STR("enforce"));
		table_str(t, str_from(backend_name(m->backend)));
	}
	table_print(t, o->json ? TABLE_JSON : TABLE_PLAIN, stdout);
}

static void warn(const struct work *w, const struct machine *m, struct diag *d)
{
	uint32_t needs = 0;
	for (size_t i = 0; i < w->images.n; i++)
		needs |= image_needs(w->images.v[i]);
	if (m->backend != ENFORCE_BACKEND_SIGNAL)
		return;
	if (needs & IMAGE_JUDGES_FILE)
		diag_add(d, DIAG_WARNING, NULL, 0, 0, "files: this kernel takes only the signal back end, which kills after a forbidden open has "
			 "had its effect, and does not see removing, renaming, linking, making folders, changing modes or io_uring");
	if (machine_unserved(m->backend, needs))
		diag_add(d, DIAG_WARNING, NULL, 0, 0, "guards: this kernel takes only the signal back end, which has none");
}

/* By target: is its cgroup covered? True when all are. */
static bool find_covered(const struct work *w, const struct follow *f, bool *ret)
{
	bool all = true;
	for (size_t k = 0; k < w->targets.n; k++) {
		ret[k] = follow_covers(f, w->groups.v[w->targets.v[k].group].id);
		all &= ret[k];
	}
	return all;
}

/* Once, or, when following, where there may be something to do; then nothing is said of what stays as it is. */
static int run(const struct options *o, const struct cli_args *args, int backend, struct follow *f, struct diag *d)
{
	__attribute__((cleanup(work_done))) struct work w = {0};
	CLEANUP(machine_close) struct machine *m = NULL;
	CLEANUP_RUNTIMES struct runtimes runtimes = {0};
	int r = read_images(args->v, args->n, d, &w);
	if (!r)
		r = check_rights(d);
	if (!r)
		r = runtimes_find(&o->runtimes, d, &runtimes);
	if (!r)
		r = find_groups(o, d, &w);
	CLEANUP_FREE bool *before = xcalloc(w.targets.n + 1, sizeof(*before));
	bool all = !r && find_covered(&w, f, before) && f->applied_ns;
	f->news = false;
	if (r || (all && !follow_is_due(f)))
		return r;
	if (o->follow && f->cgroups < 0)     /* what others put in force */
		r = machine_find(o->bpffs, d, &m);
	if (r || !w.targets.n || (!m && follow_is_early(f))) {
		follow_applied(f, m);
		return r;
	}
	machine_close(TAKE(m));
	struct apply_options a = {w.images.v, w.images.n, &w.groups, w.targets.v, w.targets.n, o->bpffs, backend, o->audit, o->for_ns, o->here, &runtimes};
	r = apply(&a, d, &m);
	if (r)
		return r;
	follow_applied(f, m);
	f->news = !all;
	if (!all) {
		print(o, &w, m, before);
		warn(&w, m, d);
		fflush(stdout);
	}
	return 0;
}

/* What fails later is told, once for as long as it is the same, and tried again: an image may be half copied, a container be gone meanwhile. */
static _Noreturn void follow(const struct options *o, const struct cli_args *args, int backend, struct follow *f)
{
	CLEANUP_BUF struct buf told = BUF_INIT;
	for (;;) {
		follow_wait(f);
		CLEANUP_DIAG struct diag d = DIAG_INIT;
		int r = run(o, args, backend, f, &d);
		CLEANUP_BUF struct buf text = BUF_INIT;
		for (size_t i = 0; i < d.n && r; i++)
			buf_str(&text, str_from(d.v[i].message));
		if (r ? !str_eq(buf_view(&text), buf_view(&told)) : f->news)
			end(&d, r);
		buf_clear(&told);
		buf_str(&told, buf_view(&text));
		if (r)
			follow_applied(f, NULL);
	}
}

static int check_options(struct options *o, struct diag *d, int *ret_backend)
{
	bool best = !o->backend || !strcmp(o->backend, "auto");
	*ret_backend = best ? -1 : backend_from(o->backend);
	if (!best && *ret_backend < 0)
		return diag_error(d, NULL, "--backend '%s' is not one of auto, lsm, fmod_ret, signal", o->backend);
	if (o->follow && (o->for_ns || o->cgroups.n || o->workloads.n))
		return diag_error(d, NULL, "--follow puts images to their own workloads for good: it goes without --for, --cgroup and --workload");
	o->here |= o->follow;
	return 0;
}

int cmd_enforce(int argc, char **argv)
{
	struct options o = {.bpffs = BPFFS_DEFAULT};
	struct cli_args args;
	struct follow f;
	int status, backend;
	if (!cli_parse(&verb, argc, argv, &o, &args, &status))
		return status;
	CLEANUP_DIAG struct diag d = DIAG_INIT;
	follow_init(&f);
	int r = check_options(&o, &d, &backend);
	if (!r)
		r = run(&o, &args, backend, &f, &d);
	status = end(&d, r);
	if (!r && o.follow)      /* until a signal ends it */
		follow(&o, &args, backend, &f);
	follow_done(&f);
	cli_done(&verb, &o);
	return status;
}
