/* SPDX-License-Identifier: GPL-2.0-only */
#include "enforcer/groups.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "schema/base/map.h"
#include "schema/workload.h"

void groups_done(struct groups *g)
{
	for (size_t i = 0; i < g->n; i++) {
		free(g->v[i].folder);
		free(g->v[i].path);
		free(g->v[i].workload);
	}
	free(g->v);
}

char *cgroup_mount(bool memory)
{
	char *found = NULL;
	FILE *f = setmntent("/proc/self/mounts", "re");
	for (struct mntent *m; f && !found && (m = getmntent(f));) {
		bool fits = memory ? !strcmp(m->mnt_type, "cgroup") && hasmntopt(m, "memory")
				   : !strcmp(m->mnt_type, "cgroup2");
		if (fits)
			found = xstrdup(m->mnt_dir);
	}
	if (f)
		endmntent(f);
	return found;
}

/* Whose the cgroup is, and its written form. */
struct owner {
	struct names *names;
	struct buf scratch;
	struct workload workload;
};

static void find_owner(struct owner *o, const char *path)
{
	struct process p = {.cgroup = str_from(path)};
	struct instance i;
	char node[HOST_NAME_MAX + 1] = "";
	gethostname(node, sizeof(node) - 1);
	names_find(o->names, p.cgroup, &p.pod);
	workload_of(&p, str_from(node), &o->scratch, &o->workload, &i);
}

static char *written_form(struct names *names, const char *path)
{
	CLEANUP_BUF struct buf b = BUF_INIT;
	struct owner o = {.names = names, .scratch = BUF_INIT};
	find_owner(&o, path);
	workload_print(&b, &o.workload);
	buf_done(&o.scratch);
	return buf_take(&b);
}

/* 0, or -errno: -ENOTTY no cgroup of a hierarchy that policies go by. */
static int group_id(const char *folder, uint64_t *ret)
{
	struct statfs fs;
	struct stat st;
	if (statfs(folder, &fs) || stat(folder, &st))
		return -errno;
	if (fs.f_type != CGROUP2_SUPER_MAGIC && fs.f_type != CGROUP_SUPER_MAGIC)
		return -ENOTTY;
	*ret = st.st_ino | (fs.f_type == CGROUP_SUPER_MAGIC ? ENFORCE_CGROUP_V1 : 0);
	return 0;
}

static void add(struct groups *v, struct names *names, const char *mount, const char *folder, uint64_t id)
{
	struct group *g = VEC_PUSH(v);
	g->folder = xstrdup(folder);
	g->path = xstrdup(folder + strlen(mount));
	g->workload = written_form(names, g->path);
	g->id = id;
}

static bool below(const char *folder, const char *mount)
{
	size_t n = mount ? strlen(mount) : 0;
	return mount && !strncmp(folder, mount, n) && (folder[n] == '/' || folder[n] == '\0');
}

int group_find(const char *name, struct names *names, struct diag *d, struct groups *ret)
{
	CLEANUP_FREE char *v2 = cgroup_mount(false);
	CLEANUP_FREE char *memory = cgroup_mount(true);
	bool whole = below(name, v2) || below(name, memory);
	CLEANUP_FREE char *typed = whole ? xstrdup(name) : xasprintf("%s/%s", v2 ? v2 : "", name + (name[0] == '/'));
	CLEANUP_FREE char *folder = realpath(typed, NULL);
	uint64_t id;
	int r = folder ? group_id(folder, &id) : -errno;
	const char *mount = r ? NULL : below(folder, v2) ? v2 : below(folder, memory) ? memory : NULL;
	if (!r && !mount)
		r = -ENOTTY;
	if (r == -ENOENT)
		return diag_error(d, name, "there is no such cgroup, neither this folder nor one below %s", v2 ? v2 : memory ? memory : "/sys/fs/cgroup");
	if (r)
		return diag_error(d, typed, "%s", r == -ENOTTY ? "is no cgroup of v2, nor of v1's memory hierarchy"
							      : strerror(-r));
	if (!strcmp(folder, mount))
		return diag_error(d, folder, "is the root, which every process of the host is in: name a cgroup below it");
	add(ret, names, mount, folder, id);
	return 0;
}

/* ---- all of them ---- */

struct listed {
	struct group g;
	size_t end;               /* where those below this one end */
	size_t next;              /* of the same workload; 0: none, which is never a next one */
};

/* One hierarchy, folders before what they hold. */
struct hierarchy {
	char *mount;
	struct { struct listed *v; size_t n, cap; } all;
	struct map *names;        /* written forms; numbers index "first" and "last" */
	struct { size_t *v; size_t n, cap; } first, last;
};

struct group_list {
	struct names *names;
	struct hierarchy of[2];   /* v2, and v1's memory */
};

static void add_listed(struct hierarchy *h, struct names *names, char *folder, uint64_t id)
{
	size_t at = h->all.n;
	struct listed *e = VEC_PUSH(&h->all);
	*e = (struct listed){.g = {.folder = folder, .path = folder + strlen(h->mount), .id = id}};
	e->g.workload = written_form(names, e->g.path);
	bool new;
	uint32_t name = map_add(h->names, str_from(e->g.workload), &new);
	if (new) {
		*VEC_PUSH(&h->first) = at;
		*VEC_PUSH(&h->last) = at;
	} else {
		h->all.v[h->last.v[name]].next = at;
		h->last.v[name] = at;
	}
}

static int list_below(struct hierarchy *h, struct names *names, const char *folder)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		char *child = xasprintf("%s/%s", folder, e->d_name);
		uint64_t id;
		if (group_id(child, &id)) {   /* gone again */
			free(child);
			continue;
		}
		size_t at = h->all.n;
		add_listed(h, names, child, id);
		list_below(h, names, child);
		h->all.v[at].end = h->all.n;
	}
	closedir(dir);
	return 0;
}

int group_list_new(struct names *names, struct diag *d, struct group_list **ret)
{
	CLEANUP(group_list_free) struct group_list *l = xcalloc(1, sizeof(*l));
	l->names = names;
	for (int k = 0; k < 2; k++) {
		struct hierarchy *h = &l->of[k];
		h->mount = cgroup_mount(k == 1);
		h->names = map_new();
		int r = h->mount ? list_below(h, names, h->mount) : 0;
		if (r) {
			diag_error(d, h->mount, "%s", strerror(-r));
			return r;
		}
	}
	*ret = TAKE(l);
	return 0;
}

void group_list_free(struct group_list *l)
{
	for (int k = 0; l && k < 2; k++) {
		struct hierarchy *h = &l->of[k];
		for (size_t i = 0; i < h->all.n; i++) {
			free(h->all.v[i].g.folder);
			free(h->all.v[i].g.workload);
		}
		free(h->all.v);
		free(h->first.v);
		free(h->last.v);
		map_free(h->names);
		free(h->mount);
	}
	free(l);
}

static bool matches(struct names *names, const char *pattern, const char *path)
{
	struct owner o = {.names = names, .scratch = BUF_INIT};
	find_owner(&o, path);
	bool fits = workload_matches(pattern, &o.workload);
	buf_done(&o.scratch);
	return fits;
}

/* Whole names are looked up, so that thousands of images find theirs at once; what is a pattern is asked of each. */
static void find_in(const struct hierarchy *h, struct names *names, const char *pattern, struct groups *ret)
{
	uint32_t name = map_find(h->names, str_from(pattern));
	size_t past = 0;
	if (name != MAP_NONE) {
		for (size_t i = h->first.v[name]; i || !past; i = h->all.v[i].next) {
			if (i >= past) {
				add(ret, names, h->mount, h->all.v[i].g.folder, h->all.v[i].g.id);
				past = h->all.v[i].end;
			}
		}
		return;
	}
	for (size_t i = 0; i < h->all.n; i = past) {
		bool fits = matches(names, pattern, h->all.v[i].g.path);
		past = fits ? h->all.v[i].end : i + 1;
		if (fits)
			add(ret, names, h->mount, h->all.v[i].g.folder, h->all.v[i].g.id);
	}
}

size_t group_list_find(const struct group_list *l, const char *pattern, struct groups *ret)
{
	size_t before = ret->n;
	for (int k = 0; k < 2 && ret->n == before; k++)
		find_in(&l->of[k], l->names, pattern, ret);
	return ret->n - before;
}

static int tree(const char *folder, int (*fn)(void *arg, uint64_t id), void *arg)
{
	DIR *dir = opendir(folder);
	int r = dir ? 0 : errno == ENOENT ? 0 : -errno;
	for (struct dirent *e; dir && !r && (e = readdir(dir));) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		CLEANUP_FREE char *child = xasprintf("%s/%s", folder, e->d_name);
		uint64_t id;
		if (group_id(child, &id))
			continue;          /* gone again */
		r = fn(arg, id);
		if (!r)
			r = tree(child, fn, arg);
	}
	if (dir)
		closedir(dir);
	return r;
}

int group_tree(const struct group *g, int (*fn)(void *arg, uint64_t id), void *arg)
{
	int r = fn(arg, g->id);
	return r ? r : tree(g->folder, fn, arg);
}
