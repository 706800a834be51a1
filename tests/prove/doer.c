/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The program under the policy (act.h). It has no libc, so it depends on no other file, nothing but the asked system calls
 * is made, and a start costs next to nothing.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/openat2.h>
#include <linux/wait.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "tests/prove/act.h"

void start(long *stack);

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
static long call(long n, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	__asm__ volatile("syscall" : "=a"(ret) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tbl start\n");
static long call(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
#endif
/* Missing arguments are 0. */
#define CALL(n, ...)                    CALL_(n, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define CALL_(n, a, b, c, d, e, f, ...) call(SYS_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static struct batch *batch;

static const char *text(uint32_t at)
{
	return batch->text + at;
}

static void end(long status)
{
	for (;;)
		CALL(exit_group, status);
}

/* ---- one act each: 0 or -errno ---- */

static long start_fd(long fd)
{
	const char *argv[] = {"probe", NULL};
	return fd < 0 ? fd : CALL(execveat, fd, "", argv, argv + 1, AT_EMPTY_PATH);
}

static uint32_t length(const char *s)
{
	uint32_t n = 0;
	while (s[n])
		n++;
	return n;
}

/* What is left of the path below OTHER, with its slash. */
static const char *rest(const struct act *a)
{
	return text(a->path) + length(text(a->other));
}

static const char *folder(const struct act *a)
{
	return *text(a->other) ? text(a->other) : "/";
}

static long detached(void)
{
	return CALL(open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | O_CLOEXEC);
}

static long act_exec(const struct act *a)
{
	const char *argv[] = {"probe", NULL};
	long r;
	switch (a->op) {
	case ACT_EXEC:
		return CALL(execve, text(a->path), argv, argv + 1);
	case ACT_EXEC_AT:
		return CALL(execveat, CALL(openat, AT_FDCWD, "/", O_PATH), text(a->path) + 1, argv, argv + 1);
	case ACT_EXEC_FD:
		return start_fd(CALL(openat, AT_FDCWD, text(a->path), O_RDONLY | O_CLOEXEC));
	case ACT_EXEC_CHROOT:
		r = CALL(chroot, folder(a));
		return r ? r : CALL(execve, rest(a), argv, argv + 1);
	case ACT_EXEC_DETACHED:
		r = detached();
		return r < 0 ? r : CALL(execveat, r, text(a->path) + 1, argv, argv + 1);
	case ACT_EXEC_DELETED:
		return start_fd(DOER_DELETED);
	default:
		return start_fd(DOER_MEMFD);
	}
}

static long closed(long fd)
{
	return fd < 0 ? fd : CALL(close, fd);
}

static long open_below(long top, const char *path, const struct act *a)
{
	long fd = top < 0 ? top : CALL(openat, top, path, a->flags, 0600);
	closed(top);
	return closed(fd);
}

static long act_open(const struct act *a)
{
	struct open_how how = {.flags = a->flags, .mode = a->flags & O_CREAT ? 0600 : 0};
	long r;
	switch (a->op) {
	case ACT_OPEN2:
		return closed(CALL(openat2, AT_FDCWD, text(a->path), &how, sizeof(how)));
	case ACT_OPEN_AT:
		return open_below(CALL(openat, AT_FDCWD, folder(a), O_PATH | O_DIRECTORY | O_CLOEXEC), rest(a) + 1, a);
	case ACT_OPEN_CHROOT:
		r = CALL(chroot, folder(a));
		return r ? r : closed(CALL(openat, AT_FDCWD, rest(a), a->flags, 0600));
	case ACT_OPEN_DETACHED:
		return open_below(detached(), text(a->path) + 1, a);
	case ACT_OPEN_NAMELESS:
		return closed(CALL(openat, AT_FDCWD, folder(a), a->flags, 0600));
	default:
		return closed(CALL(openat, AT_FDCWD, text(a->path), a->flags, 0600));
	}
}

static long act_map(const struct act *a)
{
	long fd = CALL(openat, AT_FDCWD, text(a->path), O_RDWR);
	long at = fd < 0 ? fd : CALL(mmap, 0, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	if (at < 0 && at > -4096)
		return at;
	*(volatile char *)at = 'm';
	CALL(munmap, at, 1);
	return closed(fd);
}

static long act_ftruncate(const struct act *a)
{
	long fd = CALL(openat, AT_FDCWD, text(a->path), O_WRONLY), r = fd < 0 ? fd : CALL(ftruncate, fd);
	closed(fd);
	return r;
}

static long act_change(const struct act *a)
{
	const char *path = text(a->path), *other = text(a->other);
	switch (a->op) {
	case ACT_UNLINK:
		return CALL(unlinkat, AT_FDCWD, path);
	case ACT_RMDIR:
		return CALL(unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
	case ACT_RENAME:
		return CALL(renameat2, AT_FDCWD, path, AT_FDCWD, other, a->flags);
	case ACT_LINK:
		return CALL(linkat, AT_FDCWD, path, AT_FDCWD, other);
	case ACT_SYMLINK:
		return CALL(symlinkat, "nowhere", AT_FDCWD, path);
	case ACT_MKDIR:
		return CALL(mkdirat, AT_FDCWD, path, 0700);
	case ACT_MKNOD:
		return CALL(mknodat, AT_FDCWD, path, S_IFIFO | 0600);
	case ACT_CHMOD:
		return CALL(fchmodat, AT_FDCWD, path, 0700);
	case ACT_CHOWN:
		return CALL(fchownat, AT_FDCWD, path);
	default:
		return CALL(truncate, path);
	}
}

static uint16_t swapped(uint16_t x)
{
	return (uint16_t)(x << 8 | x >> 8);
}

static long act_connect(const struct act *a)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = swapped(a->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = swapped(a->port)};
	for (int i = 0; i < 4; i++)
		((uint8_t *)&v4.sin_addr)[i] = a->address[i];
	for (int i = 0; i < 16; i++)
		v6.sin6_addr.s6_addr[i] = a->address[i];
	const void *to = a->family == 4 ? (void *)&v4 : (void *)&v6;
	long size = a->family == 4 ? sizeof(v4) : sizeof(v6);
	int type = (a->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK;
	long fd = CALL(socket, a->family == 4 ? AF_INET : AF_INET6, type, a->protocol), r;
	if (fd < 0)
		return fd;
	if (a->op == ACT_CONNECT) {
		r = CALL(connect, fd, to, size);
	} else {
		/* sendmsg rather than sendto, which has six arguments: the same path through the kernel. */
		struct iovec part = {"x", 1};
		struct msghdr m = {.msg_name = (void *)to, .msg_namelen = (socklen_t)size, .msg_iov = &part, .msg_iovlen = 1};
		r = CALL(sendmsg, fd, &m);
	}
	closed(fd);
	return r < 0 ? r : 0;
}

static long make_map(void)
{
	static const struct { uint32_t type, key_size, value_size, max_entries; } array = {2, 4, 4, 1};
	return closed(CALL(bpf, 0, &array, sizeof(array)));
}

static long act_guarded(const struct act *a)
{
	long r;
	switch (a->op) {
	case ACT_PTRACE:
		return CALL(ptrace, PTRACE_TRACEME);
	case ACT_MOUNT:
		r = CALL(mount, "none", text(a->path), "tmpfs");
		if (!r)
			CALL(umount2, text(a->path), MNT_DETACH);
		return r;
	case ACT_SETUID:
		r = CALL(setresuid, 1000, 1000, 0);
		return r ? r : CALL(setresuid, 0);
	case ACT_BPF:
		return make_map();
	default:
		return CALL(finit_module, CALL(openat, AT_FDCWD, text(a->path), O_RDONLY | O_CLOEXEC), "");
	}
}

static long perform(const struct act *a)
{
	switch (a->op) {
	case ACT_EXEC ... ACT_LAST_EXEC:
		return act_exec(a);
	case ACT_OPEN ... ACT_LAST_OPEN:
		return act_open(a);
	case ACT_MAP:
		return act_map(a);
	case ACT_FTRUNCATE:
		return act_ftruncate(a);
	case ACT_CONNECT: case ACT_SENDTO:
		return act_connect(a);
	case ACT_PTRACE: case ACT_MOUNT: case ACT_SETUID: case ACT_MODULE: case ACT_BPF:
		return act_guarded(a);
	default:
		return act_change(a);
	}
}

/* ---- batches ---- */

static int starts(const struct act *a)
{
	return a->op <= ACT_LAST_EXEC;
}

static void in_child(struct act *a)
{
	int status = 0;
	long pid = CALL(clone, SIGCHLD);
	if (pid == 0) {
		long r = perform(a);
		batch->ran |= !starts(a);
		end(r < 0 ? -r : 0);
	}
	CALL(wait4, pid, &status, __WALL);
	a->signal = status & 0x7f;
	a->error = a->signal ? 0 : status >> 8 & 0xff;
}

static void work_off(void)
{
	for (uint32_t i = 0; i < batch->n; i++) {
		struct act *a = &batch->acts[i];
		batch->ran = 0;
		a->error = a->signal = 0;
		if (a->alone) {
			in_child(a);
		} else {
			long r = perform(a);
			a->error = r < 0 ? (uint16_t)-r : 0;
			batch->ran = 1;
		}
		a->ran = batch->ran != 0;
		batch->done = i + 1;
	}
}

static void work(void)
{
	char byte;
	batch = (struct batch *)CALL(mmap, 0, sizeof(struct batch), PROT_READ | PROT_WRITE, MAP_SHARED, DOER_MEMORY);
	while (CALL(read, DOER_PROVER, &byte, 1) == 1) {
		work_off();
		CALL(write, DOER_PROVER, &byte, 1);
	}
}

void start(long *stack)
{
	const char *name = (const char *)stack[1], ran = 1;
	if (stack[0] > 0 && name[0] == 'm' && name[1] == 'a')
		work();
	else
		CALL(pwrite64, DOER_MEMORY, &ran, 1, offsetof(struct batch, ran));
	end(0);
}
