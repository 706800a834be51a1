/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole-file input and atomic output. */
#include "schema/base/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int read_file(const char *file, size_t limit, struct buf *ret)
{
	CLEANUP_FD int own = -1;
	int fd = STDIN_FILENO;
	if (strcmp(file, "-")) {
		own = fd = open(file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
	}
	CLEANUP_BUF struct buf b = BUF_INIT;
	for (;;) {
		buf_reserve(&b, 65536);
		ssize_t n = read(fd, b.p + b.n, b.cap - b.n - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		b.n += (size_t)n;
		if (b.n > limit)
			return -E2BIG;
	}
	b.p[b.n] = '\0';
	ret->n = b.n;
	ret->cap = b.cap;
	ret->p = buf_take(&b);
	return 0;
}

int write_all(int fd, const void *p, size_t n)
{
	const char *s = p;
	while (n) {
		ssize_t done = write(fd, s, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		s += done;
		n -= (size_t)done;
	}
	return 0;
}

static int sync_folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');
	CLEANUP_FREE char *dir = slash ? xstrndup(file, (size_t)(slash - file) + 1) : xstrdup(".");
	CLEANUP_FD int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		return -errno;
	return 0;
}

static int replace_file(const char *file, const void *p, size_t n, unsigned mode)
{
	CLEANUP_FREE char *temp = xasprintf("%s.%d.tmp", file, (int)getpid());
	CLEANUP_FD int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	int err = write_all(fd, p, n);
	if (!err && fsync(fd))
		err = -errno;
	if (!err && rename(temp, file))
		err = -errno;
	if (err) {
		unlink(temp);
		return err;
	}
	return sync_folder_of(file);
}

int write_file(const char *file, const void *p, size_t n, unsigned mode)
{
	struct stat st;
	if (stat(file, &st) == 0 && S_ISDIR(st.st_mode))
		return -EISDIR;
	if (stat(file, &st) == 0 && !S_ISREG(st.st_mode)) {
		CLEANUP_FD int fd = open(file, O_WRONLY | O_CLOEXEC);
		return fd < 0 ? -errno : write_all(fd, p, n);
	}
	CLEANUP_FREE char *behind_links = realpath(file, NULL);
	return replace_file(behind_links ? behind_links : file, p, n, mode);
}

int make_dirs(const char *path)
{
	CLEANUP_FREE char *p = xstrdup(path);
	for (char *s = p + 1; *s; s++) {
		if (*s != '/')
			continue;
		*s = '\0';
		if (mkdir(p, 0777) && errno != EEXIST)
			return -errno;
		*s = '/';
	}
	if (mkdir(p, 0777) && errno != EEXIST)
		return -errno;
	return 0;
}
