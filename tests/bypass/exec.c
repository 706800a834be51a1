/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs that no rule allows. */
#include "tests/bypass/bypass.h"

#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

static int direct(void) { return start(in("bin/forbidden")); }
static int symbolic_link(void) { return start(in("free/link")); }
static int script_of_forbidden(void) { return start(in("free/script-forbidden")); }
static int script_of_allowed(void) { return start(in("free/script-ok")); }
static int proc_self_exe(void) { return start("/proc/self/exe"); }
static int descriptor(void) { return start_fd(open(in("bin/forbidden"), O_PATH)); }
static int passed_program(void) { return start_fd(FD_PROGRAM); }

static int hard_link(void)
{
	return link(in("bin/forbidden"), in("apps/linked")) ? -errno : start(in("apps/linked"));
}

static int renamed(void)
{
	return rename(in("bin/forbidden"), in("apps/renamed")) ? -errno : start(in("apps/renamed"));
}

static int proc_self_fd(void)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", open(in("bin/forbidden"), O_RDONLY));
	return start(path);
}

int start_copy_in_memory(void)
{
	int from = open(in("bin/forbidden"), O_RDONLY), to = memfd_create("ok", 0);
	struct stat st;
	if (from < 0 || to < 0 || fstat(from, &st))
		return -errno;
	for (off_t at = 0; at < st.st_size;)
		if (sendfile(to, from, &at, (size_t)(st.st_size - at)) <= 0)
			return -errno;
	return start_fd(to);
}

static int deleted(void)
{
	int fd = open(in("free/copy"), O_RDONLY);
	return fd < 0 || unlink(in("free/copy")) ? -errno : start_fd(fd);
}

/* An allowed program that is removed while its descriptor is open. */
static int deleted_allowed(void)
{
	int fd = open(in("bin/ok-too"), O_RDONLY);
	return fd < 0 || unlink(in("bin/ok-too")) ? -errno : start_fd(fd);
}

static int loader(void)
{
	static const char *const loaders[] = {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"};
	char *argv[] = {(char *)"ld.so", (char *)in("bin/forbidden"), (char *)"ran", folder, NULL};
	for (unsigned i = 0; i < ARRAY_SIZE(loaders); i++)
		if (!access(loaders[i], X_OK))
			return result(execve(loaders[i], argv, argv + 4));
	return -ENOSYS;
}

static int very_long_program(void)
{
	char name[201];
	memset(name, 'd', 200);
	name[200] = '\0';
	if (chdir(in("apps-deep")))
		return -errno;
	while (!chdir(name))
		;
	return start("./leaf");
}

#ifdef __x86_64__
static int exec_32(void)
{
	char *low = low_memory();
	if (!low)
		return -ENOSYS;
	uint32_t *argv = (uint32_t *)(void *)(low + 12288);
	strcpy(low, in("bin/forbidden"));
	strcpy(low + 4096, "ran");
	strcpy(low + 8192, folder);
	argv[0] = argv[1] = (uint32_t)(uintptr_t)(low + 4096);
	argv[2] = (uint32_t)(uintptr_t)(low + 8192);
	return (int)call32(11, (long)low, (long)argv, 0);
}
#else
static int exec_32(void) { return -ENOSYS; }
#endif

/* What LD_PRELOAD and dlopen() do: the code of a file, run by an allowed program. */
static int map_code(void)
{
	int fd = open(in("bin/forbidden"), O_RDONLY);
	void *code = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	return code == MAP_FAILED ? -errno : 0;
}

static void *start_in_thread(void *ret)
{
	*(int *)ret = start(in("bin/forbidden"));
	return ret;
}

static int by_thread(void)
{
	pthread_t thread;
	int r = -ENOSYS;
	if (!pthread_create(&thread, NULL, start_in_thread, &r))
		pthread_join(thread, NULL);
	return r;
}

/* The first process of a process namespace, which signals from inside cannot end. */
static int pid_namespace(void)
{
	if (unshare(CLONE_NEWPID))
		return -errno;
	pid_t child = fork();
	if (child == 0)
		_exit(-start(in("bin/forbidden")));
	return outcome_of(child);
}

/* In the volume, then moved out of it in the file system below: from the volume's mount on no way leads up to a root. */
static int unreachable_program(void)
{
	char deep[4096];
	snprintf(deep, sizeof(deep), "tmp%s/bin", folder);
	return rename(in("tmp/volume/moving"), in(deep)) ? -errno : start_at(FD_VOLUME, "ok");
}

static const struct way ways[] = {
	{"direct", direct}, {"symlink", symbolic_link}, {"hard-link", hard_link}, {"rename", renamed}, {"memfd", start_copy_in_memory},
	{"proc-self-exe", proc_self_exe}, {"proc-self-fd", proc_self_fd}, {"ld.so", loader}, {"execveat-empty-path", descriptor},
	{"script-forbidden-interpreter", script_of_forbidden}, {"script-allowed-interpreter", script_of_allowed},
	{"deleted", deleted}, {"deleted-allowed", deleted_allowed}, {"passed-program", passed_program}, {"exec-32-bit", exec_32},
	{"very-long-program", very_long_program}, {"mapped-code", map_code}, {"exec-by-thread", by_thread},
	{"pid-namespace", pid_namespace}, {"unreachable-program", unreachable_program},
};
const struct ways exec_ways = {ways, ARRAY_SIZE(ways)};
