/* SPDX-License-Identifier: GPL-2.0-only */
/* Other processes, other cgroups, and the kernel itself as a helper. */
#include "tests/bypass/bypass.h"

#include <linux/bpf.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

/* A process of an allowed program, for another to take over. */
static volatile long mark;
static pid_t victim(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		wait_for_end();
	}
	return pid;
}

static int trace(void)
{
	return result(ptrace(PTRACE_SEIZE, victim(), NULL, NULL));
}

/* Says EACCES where others say EPERM. */
static int write_memory(void)
{
	char path[64];
	long one = 1;
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)victim());
	int fd = open(path, O_RDWR);
	if (fd < 0)
		return errno == EACCES ? -EPERM : -errno;
	return result(pwrite(fd, &one, sizeof(one), (off_t)(uintptr_t)&mark));
}

static int write_memory_by_call(void)
{
	long one = 1;
	struct iovec from = {&one, sizeof(one)}, to = {(void *)&mark, sizeof(mark)};
	return result(process_vm_writev(victim(), &from, 1, &to, 1, 0));
}

/* What a process outside has open. */
static int take_descriptor(void)
{
	int other = (int)syscall(SYS_pidfd_open, outsider, 0);
	close(FD_FILE);
	int fd = other < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, other, FD_FILE, 0);
	return fd < 0 ? -errno : change_fd(fd);
}

static const char *parent_group(const char *file)
{
	static char path[4096];
	snprintf(path, sizeof(path), "%.*s/%s", (int)(strrchr(cgroup, '/') - cgroup), cgroup, file);
	return path;
}

static int leave_cgroup(void)
{
	int fd = open(parent_group("cgroup.procs"), O_WRONLY);
	return fd < 0 || write(fd, "0", 1) < 0 ? -errno : start(in("bin/forbidden"));
}

/* No file is opened for that but the folder, to read. */
static int born_outside(void)
{
	struct clone_args how = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	int fd = open(parent_group(""), O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return -errno;
	how.cgroup = (uint64_t)fd;
	long child = syscall(SYS_clone3, &how, sizeof(how));
	if (child == 0)
		_exit(-start(in("bin/forbidden")));
	return child < 0 ? -errno : outcome_of((pid_t)child);
}

/* The kernel would start what stands there, outside of any cgroup. Only opened. */
static int kernel_helper(void)
{
	int r = result(open("/proc/sys/kernel/core_pattern", O_WRONLY));
	return r == -EROFS || r == -EACCES ? -ENOSYS : r;
}

static int make_map(void)
{
	union bpf_attr a = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
	return result(syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a)));
}

/* Where the enforcer's programs are pinned: a folder of nobody's there. */
static int remove_pin(void)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/decoy", bpffs);
	return result(rmdir(path));
}

static const struct way ways[] = {
	{"ptrace", trace}, {"proc-mem", write_memory}, {"process_vm_writev", write_memory_by_call}, {"pidfd_getfd", take_descriptor},
	{"leave-cgroup", leave_cgroup}, {"clone-into-cgroup", born_outside}, {"kernel-helper", kernel_helper}, {"bpf", make_map},
	{"pinned", remove_pin},
};
const struct ways process_ways = {ways, ARRAY_SIZE(ways)};
