/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that changes while the kernel reads it. */
#include "tests/bypass/bypass.h"

#include <pthread.h>
#include <linux/openat2.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { RACES = 400 };
static char racing[4096];
static const char *race_a, *race_b;
static atomic_bool race_over;

static void *rewrite(void *unused)
{
	/* The two differ in their last 8 bytes at most, so that one store turns one into the other. */
	size_t at = strlen(race_a) - 8;
	uint64_t a, b;
	memcpy(&a, race_a + at, 8);
	memcpy(&b, race_b + at, 8);
	while (!atomic_load(&race_over)) {
		__atomic_store_n((uint64_t *)(void *)(racing + at), a, __ATOMIC_RELAXED);
		__atomic_store_n((uint64_t *)(void *)(racing + at), b, __ATOMIC_RELAXED);
	}
	return unused;
}

static int race(const char *a, const char *b, int (*try)(const char *))
{
	pthread_t thread;
	bool killed = false;
	race_a = a;
	race_b = b;
	strcpy(racing, a);
	if (pthread_create(&thread, NULL, rewrite, NULL))
		return -ENOSYS;
	for (int i = 0; i < RACES; i++) {
		int status = 0;
		pid_t pid = fork();
		if (pid == 0) {
			pthread_create(&thread, NULL, rewrite, NULL);
			_exit(try(racing) == -EPERM ? 10 : 0);
		}
		waitpid(pid, &status, 0);
		killed |= WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	}
	atomic_store(&race_over, true);
	pthread_join(thread, NULL);
	/* Whether the forbidden one was reached is seen by what it left behind. */
	if (killed)
		raise(SIGKILL);
	return -EPERM;
}

static int race_program(void)
{
	return race(in("races/allowed1"), in("races/forbid01"), start);
}

static int race_file(void)
{
	return race(in("races/allowed2"), in("races/forbid02"), change);
}

/*
 * Without a race: the path lies on a page that is not there. When the kernel reads it, it waits for another thread, which has all the
 * time to change what the kernel has read before, and then puts the page there.
 */
static struct fault {
	int fd;
	char *page;
	const char *path;
	struct open_how how;
	uint64_t flags_then;
} fault;

static void *serve_fault(void *unused)
{
	static char text[4096];
	struct uffd_msg m;
	if (read(fault.fd, &m, sizeof(m)) != sizeof(m))
		return unused;
	fault.how.flags = fault.flags_then;
	strcpy(text, fault.path);
	struct uffdio_copy copy = {.dst = (uintptr_t)fault.page, .src = (uintptr_t)text, .len = sizeof(text)};
	ioctl(fault.fd, UFFDIO_COPY, &copy);
	return unused;
}

static int prepare_fault(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	pthread_t thread;
	fault.fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fault.fd < 0 || ioctl(fault.fd, UFFDIO_API, &api))
		return -ENOSYS;
	fault.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register reg = {.range = {(uintptr_t)fault.page, 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
	if (fault.page == MAP_FAILED || ioctl(fault.fd, UFFDIO_REGISTER, &reg) || pthread_create(&thread, NULL, serve_fault, NULL))
		return -ENOSYS;
	return 0;
}

/* Opens PATH with FLAGS, which have become FLAGS_THEN before the call ends. */
static int open_by_fault(const char *path, uint64_t flags, uint64_t flags_then)
{
	fault.path = path;
	fault.how = (struct open_how){.flags = flags, .mode = flags & O_CREAT ? 0600 : 0};
	fault.flags_then = flags_then;
	int r = prepare_fault();
	return r ? r : result(syscall(SYS_openat2, AT_FDCWD, fault.page, &fault.how, sizeof(fault.how)));
}

static int fault_path(void) { return open_by_fault(in("protected/file"), O_WRONLY | O_TRUNC, O_WRONLY | O_TRUNC); }
static int fault_truncate(void) { return open_by_fault(in("protected/file"), O_RDONLY | O_TRUNC, O_RDONLY); }
static int fault_create(void) { return open_by_fault(in("protected/new"), O_RDONLY | O_CREAT, O_RDONLY); }

static int fault_program(void)
{
	fault.path = in("bin/forbidden");
	int r = prepare_fault();
	return r ? r : start(fault.page);
}

static const struct way ways[] = {
	{"race-program", race_program}, {"race-file", race_file}, {"fault-program", fault_program}, {"fault-path", fault_path},
	{"fault-create", fault_create}, {"fault-truncate", fault_truncate},
};
const struct ways race_ways = {ways, ARRAY_SIZE(ways)};
