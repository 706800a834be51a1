/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Outputs into a folder, all or none: every file is written under a temporary name first, then all are renamed. The folder
 * may hold what earlier compilations left: policies of the same allowlists that are not made any more go, those of
 * other allowlists stay, and the one kustomization names all that are there.
 */
#include "compiler/emit/compile_write.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "compiler/allow/lower.h"
#include "schema/base/io.h"
#include "schema/base/map.h"
#include "schema/policy.h"
#include "schema/yaml.h"

#define KUSTOMIZATION "kustomization.yaml"
#define TEMPORARY ".stakeout-"         /* then the process id, '-', the file's name */
#define KUSTOMIZATION_MARK "# Written by stakeout: the policies in this folder."
/* The first line of an emitted policy goes on with the allowlist's name and a colon. */
#define POLICY_MARK "# Written by stakeout from allowlist "

struct pending {
	char *temporary, *final;
};

struct writing {
	const char *dir;
	struct diag *d;
	struct arena *arena;
	struct {
		struct pending *v;
		size_t n, cap;
	} pending;
	struct str *policies, *stale;      /* file names: what the kustomization lists, what goes */
	size_t npolicies, nstale;
};

static int cmp_str(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

void kustomization_print(struct str *files, size_t n, struct buf *b)
{
	if (n)
		qsort(files, n, sizeof(*files), cmp_str);
	buf_puts(b, KUSTOMIZATION_MARK "\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n");
	for (size_t i = 0; i < n; i++) {
		buf_puts(b, "  - ");
		yaml_scalar(b, files[i]);
		buf_putc(b, '\n');
	}
}

static int stage(struct writing *w, struct str name, const struct buf *bytes)
{
	struct pending *f = VEC_PUSH(&w->pending);
	f->final = xasprintf("%s/" STR_FMT, w->dir, STR_ARG(name));
	f->temporary = xasprintf("%s/" TEMPORARY "%ld-" STR_FMT, w->dir, (long)getpid(), STR_ARG(name));
	int err = write_file(f->temporary, bytes->p, bytes->n, 0644);
	if (err)
		diag_error(w->d, f->final, "cannot write: %s; nothing was changed", strerror(-err));
	return err;
}

/* All that C makes but its kustomization: one serves the whole folder. */
static int stage_outputs(struct writing *w, const struct compiled *c)
{
	for (size_t i = 0; i < c->outputs.n; i++) {
		const struct output *out = &c->outputs.v[i];
		if (str_eq(out->name, STR(KUSTOMIZATION)))
			continue;
		int err = stage(w, out->name, &out->bytes);
		if (err)
			return err;
	}
	for (size_t i = 0; i < c->npolicies; i++)
		*ARENA_PUSH(w->arena, w->policies, w->npolicies) =
			str_from(arena_printf(w->arena, STR_FMT ".yaml", STR_ARG(c->policies[i]->name)));
	return 0;
}

/* Two outputs of one name would silently be one file. */
static int check_distinct(const struct writing *w)
{
	CLEANUP(map_free) struct map *names = map_new();
	for (size_t i = 0; i < w->pending.n; i++) {
		bool fresh;
		map_add(names, str_from(w->pending.v[i].final), &fresh);
		if (!fresh)
			return diag_error(w->d, w->pending.v[i].final, "two of the allowlists given write this file: give one of them "
					  "another metadata.name");
	}
	return 0;
}

/* ---- what the folder holds already ---- */

/* The first line of DIR/NAME, cut; empty when it cannot be read. */
static void first_line(const struct writing *w, const char *name, char *line, int size)
{
	CLEANUP_FREE char *file = xasprintf("%s/%s", w->dir, name);
	FILE *f = fopen(file, "re");
	if (!f || !fgets(line, size, f))
		line[0] = '\0';
	if (f)
		fclose(f);
}

static bool is_among(struct str name, const struct str *v, size_t n)
{
	bool found = false;
	for (size_t i = 0; i < n && !found; i++)
		found = str_eq(v[i], name);
	return found;
}

/* Is this policy file on disk one of an allowlist compiled now, or of another one? */
static void take_policy(struct writing *w, const char *name, struct str of, const struct compiled *const *v, size_t n)
{
	bool stale = false;
	for (size_t i = 0; i < n && !stale; i++)
		stale = str_eq(of, v[i]->lowered->source->name);
	struct str copy = arena_str(w->arena, str_from(name));
	if (stale)
		*ARENA_PUSH(w->arena, w->stale, w->nstale) = copy;
	else
		*ARENA_PUSH(w->arena, w->policies, w->npolicies) = copy;
}

/* Left by a compilation that was killed: nobody renames or removes it any more. */
static void remove_orphan(const struct writing *w, const char *name)
{
	char *end;
	long pid = strtol(name + strlen(TEMPORARY), &end, 10);
	CLEANUP_FREE char *file = xasprintf("%s/%s", w->dir, name);
	if (*end == '-' && pid > 0 && kill((pid_t)pid, 0) && errno == ESRCH)
		unlink(file);
}

static int read_folder(struct writing *w, const struct compiled *const *v, size_t n)
{
	DIR *dir = opendir(w->dir);
	if (!dir)
		return -errno;
	size_t own = w->npolicies;
	for (struct dirent *e; (e = readdir(dir));) {
		char line[512];
		struct str name = str_from(e->d_name), mark = STR(POLICY_MARK);
		if (str_starts(name, STR(TEMPORARY)))
			remove_orphan(w, e->d_name);
		if (name.p[0] == '.' || !str_ends(name, STR(".yaml")) || is_among(name, w->policies, own))
			continue;
		first_line(w, e->d_name, line, sizeof(line));
		const char *colon = strchr(line, ':');
		if (!colon || !str_starts(str_from(line), mark))
			continue;
		take_policy(w, e->d_name, str_skip((struct str){line, (size_t)(colon - line)}, mark.n), v, n);
	}
	closedir(dir);
	return 0;
}

/* One that a person wrote stays: it may name more than policies. */
static int stage_kustomization(struct writing *w, bool *ret_remove)
{
	char line[sizeof(KUSTOMIZATION_MARK) + 2];
	CLEANUP_FREE char *file = xasprintf("%s/" KUSTOMIZATION, w->dir);
	CLEANUP_BUF struct buf b = BUF_INIT;
	bool there = access(file, F_OK) == 0;
	first_line(w, KUSTOMIZATION, line, sizeof(line));
	bool ours = str_starts(str_from(line), STR(KUSTOMIZATION_MARK));
	*ret_remove = there && ours && w->npolicies == 0;
	if (there && !ours)
		diag_add(w->d, DIAG_WARNING, file, 0, 0, "was not written by stakeout and stays as it is: name the policies of this "
			 "folder there, or remove it and compile again");
	if (w->npolicies == 0 || (there && !ours))
		return 0;
	kustomization_print(w->policies, w->npolicies, &b);
	return stage(w, STR(KUSTOMIZATION), &b);
}

/* ---- into place ---- */

static int put_in_place(struct writing *w)
{
	for (size_t i = 0; i < w->pending.n; i++) {
		if (rename(w->pending.v[i].temporary, w->pending.v[i].final)) {
			int err = -errno;
			diag_error(w->d, w->pending.v[i].final, "cannot put into place: %s", strerror(-err));
			return err;
		}
	}
	return 0;
}

static int remove_file(const struct writing *w, struct str name)
{
	CLEANUP_FREE char *file = xasprintf("%s/" STR_FMT, w->dir, STR_ARG(name));
	if (unlink(file) == 0)
		return 0;
	int err = -errno;
	diag_error(w->d, file, "is not made any more and cannot be removed: %s; applying the folder would take it in",
		   strerror(-err));
	return err;
}

static int write_into(struct writing *w, const struct compiled *const *v, size_t n)
{
	int err = 0;
	bool no_policies = false;
	for (size_t i = 0; i < n && !err; i++)
		err = stage_outputs(w, v[i]);
	if (!err)
		err = check_distinct(w);
	if (!err && (err = read_folder(w, v, n)))
		diag_error(w->d, w->dir, "cannot read the folder: %s; nothing was changed", strerror(-err));
	if (!err)
		err = stage_kustomization(w, &no_policies);
	if (!err)
		err = put_in_place(w);
	for (size_t i = 0; i < w->nstale && !err; i++)
		err = remove_file(w, w->stale[i]);
	if (!err && no_policies)
		err = remove_file(w, STR(KUSTOMIZATION));
	return err;
}

int compiled_write_all(const struct compiled *const *v, size_t n, const char *dir, struct diag *d)
{
	int err = make_dirs(dir);
	if (err) {
		diag_error(d, dir, "cannot make the folder: %s", strerror(-err));
		return err;
	}
	CLEANUP(arena_free) struct arena *arena = arena_new();
	struct writing w = {.dir = dir, .d = d, .arena = arena};
	err = write_into(&w, v, n);
	for (size_t i = 0; i < w.pending.n; i++) {
		if (err)
			unlink(w.pending.v[i].temporary);
		free(w.pending.v[i].temporary);
		free(w.pending.v[i].final);
	}
	free(w.pending.v);
	return err;
}
