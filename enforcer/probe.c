/* SPDX-License-Identifier: GPL-2.0-only */
#include "enforcer/probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "schema/base/io.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u      /* 6.3 */
#endif
#define COPY_FD 3

enum { SAID_ALLOWED = 40, SAID_REFUSED, SAID_FAILED };

static const char *const kinds[] = {"exec", "open", "connect"};

const char *probe_word(enum probe_result r)
{
	static const char *const words[] = {"allowed", "refused", "killed", "not tried"};
	return words[r];
}

/* ---- the copy's side ---- */

static int said(bool ok)
{
	return ok ? SAID_ALLOWED : errno == EPERM || errno == EACCES ? SAID_REFUSED : SAID_FAILED;
}

static int try_exec(void)
{
	syscall(SYS_execveat, COPY_FD, "", (char *[]){"probe", PROBE_WORD, NULL}, (char *[]){NULL}, AT_EMPTY_PATH);
	return said(false);
}

static int try_open(const char *file)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return said(fd >= 0);
}

static int try_connect(const char *address, const char *port)
{
	uint64_t n = 0;
	struct sockaddr_in to = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1 || str_to_u64(str_from(port), &n) || n > UINT16_MAX)
		return SAID_FAILED;
	to.sin_port = htons((uint16_t)n);
	int r = connect(fd, (struct sockaddr *)&to, sizeof(to));
	return said(!r || errno == ENETUNREACH || errno == EHOSTUNREACH);   /* looked up after the policy was asked */
}

/* Here and not before the copy was started, whose libraries a container may not have; to start one more, there is no need. */
static bool enter_namespaces(const char *pid)
{
	static const char *const names[] = {"net", "mnt"};
	for (size_t i = 0; i < ARRAY_SIZE(names) && strcmp(pid, "0"); i++) {
		CLEANUP_FREE char *path = xasprintf("/proc/%s/ns/%s", pid, names[i]);
		CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || setns(fd, 0))
			return false;
	}
	return true;
}

/* argv: name, PROBE_WORD, and to do something: kind, what, port, process whose namespaces it is done in. Descriptors: 3 the copy, 4 the cgroup's cgroup.procs. */
int probe_main(int argc, char **argv)
{
	if (argc < 6)
		return SAID_ALLOWED;      /* started where it should not have been */
	bool exec = !strcmp(argv[2], kinds[ENFORCE_EXEC]);
	if ((!exec && !enter_namespaces(argv[5])) || write_all(COPY_FD + 1, "0", 1))
		return SAID_FAILED;
	close(COPY_FD + 1);
	if (exec)
		return try_exec();
	return !strcmp(argv[2], kinds[ENFORCE_FILE]) ? try_open(argv[3]) : try_connect(argv[3], argv[4]);
}

/* ---- our side ---- */

static int copy_self(void)
{
	struct stat st;
	int to = memfd_create("stakeout-probe", MFD_CLOEXEC | MFD_EXEC);
	if (to < 0 && errno == EINVAL)
		to = memfd_create("stakeout-probe", MFD_CLOEXEC);
	CLEANUP_FD int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (to < 0 || from < 0 || fstat(from, &st))
		return -errno;
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);
		if (n <= 0) {
			close(to);
			return n ? -errno : -EIO;
		}
		left -= n;
	}
	return to;
}

/* Descriptors first above, then to their places, so that none is overwritten. */
static void become_copy(int copy, int procs, int pid, const struct probe *p)
{
	int high_copy = fcntl(copy, F_DUPFD, 10), high_procs = fcntl(procs, F_DUPFD, 10);
	CLEANUP_FREE char *port = xasprintf("%u", p->port);
	const char *what = p->kind == ENFORCE_FILE ? p->file : p->kind == ENFORCE_CONNECT ? p->address : "";
	CLEANUP_FREE char *who = xasprintf("%d", pid);
	char *argv[] = {"probe", PROBE_WORD, (char *)(uintptr_t)kinds[p->kind], (char *)(uintptr_t)what, port, who, NULL};
	if (high_copy < 0 || high_procs < 0 || dup2(high_copy, COPY_FD) < 0 || dup2(high_procs, COPY_FD + 1) < 0)
		_exit(SAID_FAILED);
	close(high_copy);
	close(high_procs);
	syscall(SYS_execveat, COPY_FD, "", argv, (char *[]){NULL}, AT_EMPTY_PATH);
	_exit(SAID_FAILED);
}

static enum probe_result result_of(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL ? PROBE_KILLED : PROBE_FAILED;
	switch (WEXITSTATUS(status)) {
	case SAID_ALLOWED:
		return PROBE_ALLOWED;
	case SAID_REFUSED:
		return PROBE_REFUSED;
	default:
		return PROBE_FAILED;
	}
}

int probe_run(const char *folder, int pid, const struct probe *p, enum probe_result *ret)
{
	CLEANUP_FREE char *path = xasprintf("%s/cgroup.procs", folder);
	CLEANUP_FD int procs = open(path, O_WRONLY | O_CLOEXEC);
	CLEANUP_FD int copy = procs < 0 ? -errno : copy_self();
	if (procs < 0 || copy < 0)
		return copy;
	pid_t child = fork();
	if (child == 0)
		become_copy(copy, procs, pid, p);
	int status;
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	*ret = result_of(status);
	return 0;
}
