/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files, not paths: k3s keeps its runtime where no image can name it, and what a runtime runs of itself may have no path. The kernel is shown a
 * descriptor of each and notes how it numbers that file itself, since stat() answers otherwise on some file systems, and in which mount
 * namespace it was found. That is the host's: its first process's, also from within a pod that shares the host's process ids.
 */
#include "enforcer/runtimes.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "schema/runtimes.h"

void runtimes_done(struct runtimes *f)
{
	while (f->n)
		close(f->v[--f->n].fd);
}

/* Where /proc hides its first process, what this one sees must do. */
static int open_host(struct diag *d)
{
	int fd = open("/proc/1/root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	diag_error(d, "/", "cannot be opened: %s", strerror(errno));
	return -errno;
}

/* Links lead where they lead on the host. */
static int open_in(int root, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

/* Why a file is no runtime of the host's; NULL: it may be. */
static const char *flaw_of(const struct stat *st)
{
	if (!S_ISREG(st->st_mode) || !(st->st_mode & 0111))
		return "is no program";
	return st->st_uid || (st->st_mode & 022) ? "can be changed by others than root, so it cannot be trusted as a container runtime" : NULL;
}

/* 1 = taken, or there already. */
static int take(struct runtimes *f, int root, const char *path, enum diag_level level, struct diag *d)
{
	CLEANUP_FD int fd = open_in(root, path);
	struct stat st;
	if (fd < 0 || fstat(fd, &st))
		return fd < 0 ? fd : -errno;
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].device == st.st_dev && f->v[i].inode == st.st_ino)
			return 1;
	const char *flaw = flaw_of(&st);
	if (flaw || f->n == ENFORCE_RUNTIMES_MAX) {
		diag_add(d, level, path, 0, 0, "%s", flaw ? flaw : "is one container runtime too many: it is not noted");
		return 0;
	}
	f->v[f->n].device = st.st_dev;
	f->v[f->n].inode = st.st_ino;
	f->v[f->n++].fd = fd;
	fd = -1;
	return 1;
}

int runtimes_find(const struct cli_list *more, struct diag *d, struct runtimes *f)
{
	CLEANUP_FD int root = open_host(d);
	if (root < 0)
		return root;
	for (size_t i = 0; i < more->n; i++) {
		int r = take(f, root, more->v[i], DIAG_ERROR, d);
		if (r < 0)
			diag_error(d, more->v[i], "%s: --runtime takes the path of a container runtime, as the host sees it", strerror(-r));
		if (r <= 0)
			return -EINVAL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++)
		take(f, root, runtimes[i], DIAG_WARNING, d);
	for (size_t i = 0; i < ARRAY_SIZE(runtime_places); i++)
		take(f, root, runtime_places[i], DIAG_WARNING, d);
	return 0;
}

static int tell(const struct machine *m, int fd, size_t place, struct diag *d)
{
	uint64_t args[2] = {(uint64_t)(int64_t)fd, place};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));
	if (!bpf_prog_test_run_opts(m->copies[0].programs[program_number("learn_runtime")], &opts))
		return 0;
	int r = -errno;
	diag_error(d, NULL, "cannot note the container runtimes of this host: %s", strerror(-r));
	return r;
}

int runtimes_tell(const struct machine *m, const struct runtimes *f, struct diag *d)
{
	int r = 0;
	for (size_t place = 0; place < ENFORCE_RUNTIMES_MAX && !r; place++)
		r = tell(m, place < f->n ? f->v[place].fd : -1, place, d);
	return r;
}
