/* SPDX-License-Identifier: GPL-2.0-only */
/* Doers: started in the tree with the descriptors of act.h, then asked over a socket pair. */
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/prove/world.h"

static int loopback_up(void)
{
	struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	CLEANUP_FD int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return fd < 0 || ioctl(fd, SIOCSIFFLAGS, &up) ? -errno : 0;
}

/* The tree as root of new namespaces. Its descriptor is of the old ones, so its name leads there. */
static int enter(int root)
{
	CLEANUP_FREE char *self = xasprintf("/proc/self/fd/%d", root);
	char where[4096];
	ssize_t n = readlink(self, where, sizeof(where) - 1);
	if (n < 0)
		return -errno;
	where[n] = '\0';
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(where, where, NULL, MS_BIND, NULL) || chdir(where) || syscall(SYS_pivot_root, ".", ".") ||
	    umount2(".", MNT_DETACH) || chdir("/"))
		return -errno;
	return loopback_up();
}

/* A second name of the program, opened and removed. */
static int open_deleted(const char *program)
{
	if (link(program, "/removed"))
		return -errno;
	int fd = open("/removed", O_RDONLY);
	return fd < 0 || unlink("/removed") ? -errno : fd;
}

static int open_memfd(const char *program)
{
	CLEANUP_FD int from = open(program, O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("hidden", 0);
	char bytes[65536];
	ssize_t n = from < 0 ? -1 : read(from, bytes, sizeof(bytes));
	return fd < 0 || n <= 0 || write(fd, bytes, (size_t)n) != n ? -errno : fd;
}

static void become(const struct world *w, const char *program, int memory, int prover)
{
	int wanted[DOER_FIRST_FREE] = {[DOER_MEMORY] = memory, [DOER_PROVER] = prover};
	int r = enter(w->root);
	if (!r)
		wanted[DOER_DELETED] = open_deleted(program);
	if (!r)
		wanted[DOER_MEMFD] = open_memfd(program);
	/* First out of the way of the places they shall have. */
	for (int i = DOER_MEMORY; i < DOER_FIRST_FREE; i++)
		wanted[i] = fcntl(wanted[i], F_DUPFD, 64);
	for (int i = DOER_MEMORY; i < DOER_FIRST_FREE && !r; i++)
		if (dup2(wanted[i], i) < 0)
			r = -errno;
	if (!r && !close_range(DOER_FIRST_FREE, ~0u, 0))
		execve(program, (char *[]){(char *)"main", NULL}, (char *[]){NULL});
	fprintf(stderr, "a doer cannot start: %s\n", strerror(r ? -r : errno));
	_exit(1);
}

int doer_start(const struct world *w, unsigned program, struct doer *ret)
{
	int pair[2];
	CLEANUP_FREE char *path = xstrndup(w->programs[program].p, w->programs[program].n);
	CLEANUP_FD int memory = memfd_create("batch", MFD_CLOEXEC);
	if (memory < 0 || ftruncate(memory, sizeof(struct batch)) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	CLEANUP_FD int theirs = pair[1];
	struct doer d = {.program = program, .prover = pair[0]};
	d.batch = mmap(NULL, sizeof(struct batch), PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (d.batch == MAP_FAILED)
		return -errno;
	d.pid = fork();
	if (d.pid < 0)
		return -errno;
	if (d.pid == 0)
		become(w, path, memory, theirs);
	cleanup_fd(&theirs);
	theirs = -1;
	*ret = d;
	/* An empty batch: its answer says that the doer is there. */
	int r = doer_begin(ret);
	return r ? r : doer_wait(ret);
}

void doer_stop(struct doer *d)
{
	close(d->prover);
	munmap(d->batch, sizeof(struct batch));
	waitpid(d->pid, NULL, 0);
	*d = (struct doer){.prover = -1};
}

int doer_begin(struct doer *d)
{
	d->batch->done = 0;
	return send(d->prover, "", 1, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int doer_wait(struct doer *d)
{
	char byte;
	ssize_t n = read(d->prover, &byte, 1);
	return n == 1 ? 0 : n == 0 ? -EPIPE : -errno;
}
