/* SPDX-License-Identifier: GPL-2.0-only */
#include "enforcer/groups.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

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

static char *written_form(const char *path)
{
	CLEANUP_BUF struct buf scratch = BUF_INIT;
	struct buf b = BUF_INIT;
	struct process p = {.cgroup = str_from(path)};
	struct workload w;
	struct instance i;
	workload_of(&p, STR(""), &scratch, &w, &i);
	workload_print(&b, &w);
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

static void add(struct groups *v, const char *mount, const char *folder, uint64_t id)
{
	struct group *g = VEC_PUSH(v);
	g->folder = xstrdup(folder);
	g->path = xstrdup(folder + strlen(mount));
	g->workload = written_form(g->path);
	g->id = id;
}

static bool below(const char *folder, const char *mount)
{
	size_t n = mount ? strlen(mount) : 0;
	return mount && !strncmp(folder, mount, n) && (folder[n] == '/' || folder[n] == '\0');
}

int group_find(const char *name, struct diag *d, struct groups *ret)
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
	if (r)
		return diag_error(d, typed, "%s", r == -ENOTTY ? "is no cgroup of v2, nor of v1's memory hierarchy"
							      : strerror(-r));
	if (!strcmp(folder, mount))
		return diag_error(d, folder, "is the root, which every process of the host is in: name a cgroup below it");
	add(ret, mount, folder, id);
	return 0;
}

struct search {
	struct groups *found;
	const char *mount, *pattern;
};

static bool matches(const char *pattern, const char *path)
{
	CLEANUP_BUF struct buf scratch = BUF_INIT;
	struct process p = {.cgroup = str_from(path)};
	struct workload w;
	struct instance i;
	workload_of(&p, STR(""), &scratch, &w, &i);
	return workload_matches(pattern, &w);
}

static int search(const struct search *s, const char *folder)
{
	uint64_t id;
	DIR *dir = opendir(folder);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		CLEANUP_FREE char *child = xasprintf("%s/%s", folder, e->d_name);
		if (matches(s->pattern, child + strlen(s->mount)) && !group_id(child, &id))
			add(s->found, s->mount, child, id);
		else
			search(s, child);
	}
	closedir(dir);
	return 0;
}

int groups_match(const char *pattern, struct diag *d, struct groups *ret)
{
	for (int memory = 0; memory < 2; memory++) {
		CLEANUP_FREE char *mount = cgroup_mount(memory);
		struct search s = {ret, mount, pattern};
		int r = mount && !ret->n ? search(&s, mount) : 0;
		if (r) {
			diag_error(d, mount, "%s", strerror(-r));
			return r;
		}
	}
	return 0;
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
