/* SPDX-License-Identifier: GPL-2.0-only */
/* What runs already, from /proc: a process that ends while it is read is left out. */
#include "recorder/family.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema/base/buf.h"
#include "recorder/arguments.h"
#include "recorder/cgroup_view.h"
#include "schema/redact.h"

#define PROC_FILE_MAX 16384

struct proc {
	int dir;                /* /proc/PID */
	struct buf exe, args, cwd, cgroup, argv;
	struct cgroup_view view;
};

static bool read_proc(const struct proc *p, const char *name, struct buf *b)
{
	CLEANUP_FD int fd = openat(p->dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	buf_clear(b);
	buf_reserve(b, PROC_FILE_MAX);
	ssize_t n = read(fd, b->p, PROC_FILE_MAX - 1);
	if (n < 0)
		return false;
	b->n = (size_t)n;
	b->p[b->n] = '\0';
	return true;
}

static bool read_link(const struct proc *p, const char *name, struct buf *b)
{
	buf_clear(b);
	buf_reserve(b, PATH_MAX + 1);
	ssize_t n = readlinkat(p->dir, name, b->p, PATH_MAX);
	if (n < 0)
		return false;
	b->n = (size_t)n;
	b->p[b->n] = '\0';
	return true;
}

/* /proc prints paths from our root; the sensor, and policies, from the task's. */
static void relative_to_root(const struct proc *p, struct buf *path)
{
	CLEANUP_BUF struct buf root = BUF_INIT;
	if (!read_link(p, "root", &root) || root.n <= 1 || !str_starts(buf_view(path), buf_view(&root)) ||
	    path->p[root.n] != '/')
		return;
	memmove(path->p, path->p + root.n, path->n - root.n + 1);
	path->n -= root.n;
}

/* Parent's pid and the start in ns since boot; after the name, which may hold anything. */
static bool parse_stat(const char *text, uint32_t *ret_parent, uint64_t *ret_start_ns)
{
	const char *after = strrchr(text, ')');
	unsigned parent;
	unsigned long long ticks;
	if (!after || sscanf(after + 1, " %*c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
			     &parent, &ticks) != 2)
		return false;
	*ret_parent = parent;
	*ret_start_ns = ticks * (NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
	return true;
}

static bool describe(struct proc *p, struct process *ret, uint32_t *ret_parent, uint32_t *ret_tags)
{
	struct stat st;
	CLEANUP_BUF struct buf text = BUF_INIT;
	if (!read_link(p, "exe", &p->exe) || fstat(p->dir, &st) || !read_proc(p, "stat", &text) ||
	    !parse_stat(text.p, ret_parent, &ret->start_ns))
		return false;
	*ret_tags = TAG_INVENTORY;
	relative_to_root(p, &p->exe);
	if (str_starts(buf_view(&p->exe), STR("/memfd:"))) {
		*ret_tags |= TAG_MEMFD;
		buf_clear(&p->exe);
	} else if (str_ends(buf_view(&p->exe), STR(" (deleted)"))) {
		*ret_tags |= TAG_DELETED;
	}
	ret->uid = st.st_uid;
	uint64_t login = UINT32_MAX;
	if (read_proc(p, "loginuid", &text))
		str_to_u64(buf_view(&text), &login);
	ret->auid = (uint32_t)login;
	ret->path = ret->filename = buf_view(&p->exe);
	ret->path_known = true;
	buf_clear(&p->args);
	CLEANUP_BUF struct buf joined = BUF_INIT;
	if (read_proc(p, "cmdline", &p->argv))
		arguments_join(buf_view(&p->argv), &joined);
	if (redact_arguments(ret->filename, buf_view(&joined), &p->args))
		*ret_tags |= TAG_REDACTED;
	ret->arguments = buf_view(&p->args);
	if (read_link(p, "cwd", &p->cwd)) {
		relative_to_root(p, &p->cwd);
		ret->cwd = buf_view(&p->cwd);
	}
	if (read_proc(p, "cgroup", &p->cgroup))
		ret->cgroup = cgroup_view_path(&p->view, buf_view(&p->cgroup));
	ret->flags = STR("procFS");
	return true;
}

int family_inventory(inventory_fn fn, void *arg)
{
	DIR *proc = opendir("/proc");
	if (!proc)
		return -errno;
	struct proc p = {.dir = -1};
	cgroup_view_init(&p.view);
	for (struct dirent *e; (e = readdir(proc));) {
		uint64_t pid;
		uint32_t parent, tags;
		if (str_to_u64(str_from(e->d_name), &pid) || pid == (uint64_t)getpid())
			continue;
		struct process process = {.pid = (uint32_t)pid, .tid = (uint32_t)pid};
		p.dir = openat(dirfd(proc), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (p.dir >= 0 && describe(&p, &process, &parent, &tags))
			fn(arg, &process, parent, tags);
		cleanup_fd(&p.dir);
		p.dir = -1;
	}
	closedir(proc);
	cgroup_view_done(&p.view);
	struct buf *bufs[] = {&p.exe, &p.args, &p.cwd, &p.cgroup, &p.argv};
	for (size_t i = 0; i < ARRAY_SIZE(bufs); i++)
		buf_done(bufs[i]);
	return 0;
}
