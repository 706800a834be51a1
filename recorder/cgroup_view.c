/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Nothing tells a process where its cgroup namespace begins. But in one the host's first process is seen above its root, and the
 * host's whole hierarchy is mounted for the recorder: the cgroup that lists this very process is looked for there.
 */
#include "recorder/cgroup_view.h"

#include <dirent.h>
#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/io.h"

#define TEXT_MAX 65536
#define LIST_MAX (16 << 20)    /* bytes of one cgroup's list of processes */

/* The path in the hierarchy whose list of controllers is CONTROLLERS ("" = v2). */
static struct str shown_in(struct str text, struct str controllers)
{
	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		struct str line = {text.p, end ? (size_t)(end - text.p) : text.n};
		text = str_skip(text, MIN(line.n + 1, text.n));
		const char *list = memchr(line.p, ':', line.n), *path = list ? memchr(list + 1, ':', line.n - (size_t)(list + 1 - line.p)) : NULL;
		if (path && str_eq((struct str){list + 1, (size_t)(path - list) - 1}, controllers))
			return str_skip(line, (size_t)(path - line.p) + 1);
	}
	return STR("/");
}

/* PATH, as seen from ROOT, seen from above all: "/.." goes up, never beyond the top. */
static void append(struct buf *root, struct str path)
{
	while (str_starts(path, STR("/..")) && (path.n == 3 || path.p[3] == '/')) {
		const char *slash = root->n ? memrchr(root->p, '/', root->n) : NULL;
		root->n = slash ? (size_t)(slash - root->p) : 0;
		path = str_skip(path, 3);
	}
	buf_str(root, str_eq(path, STR("/")) && root->n ? STR("") : path);
	if (!root->n)
		buf_putc(root, '/');
}

/* ---- where the namespace begins ---- */

/* Where the whole hierarchy is mounted; "": nowhere. */
static void find_mount(bool memory, struct buf *ret)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	for (struct mntent *m; f && !ret->n && (m = getmntent(f));) {
		bool fits = memory ? !strcmp(m->mnt_type, "cgroup") && hasmntopt(m, "memory") : !strcmp(m->mnt_type, "cgroup2");
		struct stat st;
		if (fits && !stat(m->mnt_dir, &st) && st.st_ino == 1)
			buf_puts(ret, m->mnt_dir);
	}
	if (f)
		endmntent(f);
}

static bool lists(struct buf *folder, struct str me)
{
	CLEANUP_BUF struct buf pids = BUF_INIT;
	size_t before = folder->n;
	buf_puts(folder, "/cgroup.procs");
	int r = read_file(folder->p, LIST_MAX, &pids);
	folder->n = before;
	folder->p[before] = '\0';
	for (const char *at = pids.p, *end; !r && at && *at; at = end + 1) {
		end = strchrnul(at, '\n');
		if (str_eq((struct str){at, (size_t)(end - at)}, me))
			return true;
		if (!*end)
			break;
	}
	return false;
}

/* FOLDER, which becomes the one that this process is in. */
static bool find_me(struct buf *folder, struct str me)
{
	if (lists(folder, me))
		return true;
	DIR *dir = opendir(folder->p);
	size_t before = folder->n;
	bool found = false;
	for (struct dirent *e; dir && !found && (e = readdir(dir));) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		buf_printf(folder, "/%s", e->d_name);
		found = find_me(folder, me);
		if (!found) {
			folder->n = before;
			folder->p[before] = '\0';
		}
	}
	if (dir)
		closedir(dir);
	return found;
}

static void find_root(bool memory, struct str mine, struct str first, struct buf *ret)
{
	CLEANUP_BUF struct buf folder = BUF_INIT;
	char me[24];
	if (!str_starts(first, STR("/..")))
		return;
	find_mount(memory, &folder);
	size_t mount = folder.n;
	snprintf(me, sizeof(me), "%d", (int)getpid());
	if (!mount || !find_me(&folder, str_from(me)))
		return;
	struct str whole = str_skip(buf_view(&folder), mount);
	size_t below = str_eq(mine, STR("/")) ? 0 : mine.n;   /* the namespace's root is its first process's cgroup, this one may be below */
	if (str_ends(whole, (struct str){mine.p, below}))
		buf_str(ret, (struct str){whole.p, whole.n - below});
}

void cgroup_view_init(struct cgroup_view *v)
{
	CLEANUP_BUF struct buf mine = BUF_INIT;
	CLEANUP_BUF struct buf first = BUF_INIT;
	*v = (struct cgroup_view){BUF_INIT, BUF_INIT, BUF_INIT};
	if (read_file("/proc/self/cgroup", TEXT_MAX, &mine) || read_file("/proc/1/cgroup", TEXT_MAX, &first))
		return;
	find_root(false, shown_in(buf_view(&mine), STR("")), shown_in(buf_view(&first), STR("")), &v->v2);
	find_root(true, shown_in(buf_view(&mine), STR("memory")), shown_in(buf_view(&first), STR("memory")), &v->memory);
}

void cgroup_view_done(struct cgroup_view *v)
{
	buf_done(&v->v2);
	buf_done(&v->memory);
	buf_done(&v->path);
}

/* As bpf/sensor.bpf.c does. */
struct str cgroup_view_path(struct cgroup_view *v, struct str text)
{
	buf_clear(&v->path);
	buf_str(&v->path, buf_view(&v->v2));
	append(&v->path, shown_in(text, STR("")));
	if (!str_eq(buf_view(&v->path), STR("/")))
		return buf_view(&v->path);
	buf_clear(&v->path);
	buf_str(&v->path, buf_view(&v->memory));
	append(&v->path, shown_in(text, STR("memory")));
	return buf_view(&v->path);
}
