/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does one thing that the recorder must see, exactly once, without a shell's noise around it.
 *
 *	acts open rwcta PATH...      open each with these intents (r w c t a, p = O_PATH)
 *	acts openat2 rwcta PATH      the same through openat2
 *	acts open32 PATH             through the 32-bit system call table (77 where there is none)
 *	acts memfd | deleted COPY    exec "noop" from a memfd, from a file that is removed first
 *	acts tcp|udp|sendto ADDRESS PORT
 *	acts ports ADDRESS COUNT
 *	acts tries ADDRESS COUNT     so many UDP connects, whatever comes of them
 *	acts chroot DIR PROGRAM ARG...
 *	acts deep DIR BYTES          make and open a path of that many bytes, then remove it
 *	acts loop N PATH             N times open and close
 *	acts changes DIR             once each: make, cut, link, rename, remove ... below DIR
 *	acts map FILE                map it executable
 *	acts unix PATH | unixbind PATH      "@NAME": abstract
 *	acts bind ADDRESS PORT       UDP
 *	acts trace | mount DIR | root | bpf trace a child, mount a tmpfs in a namespace of its own, take root back, make a BPF map
 *	acts listen ADDRESS PORT | listen-anywhere    TCP; without an address of its own
 *	acts ring-open PATH | ring-connect ADDRESS PORT      by io_uring
 *	acts move DIR TO             a copy of DIR's mount, in a namespace of its own
 *	acts userns                  a user namespace, made without privilege
 *	acts module | module-memory FILE    load it from the file, from memory
 *	acts exec PROGRAM ARG...
 *	acts noop
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <netdb.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what)
{
	fprintf(stderr, "acts: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int flags_of(const char *intents)
{
	int flags = strchr(intents, 'w') ? strchr(intents, 'r') ? O_RDWR : O_WRONLY : O_RDONLY;
	flags |= strchr(intents, 'c') ? O_CREAT : 0;
	flags |= strchr(intents, 't') ? O_TRUNC : 0;
	flags |= strchr(intents, 'a') ? O_APPEND : 0;
	return flags | (strchr(intents, 'p') ? O_PATH : 0);
}

static int act_open(char **argv)
{
	for (char **path = argv + 1; *path; path++) {
		int fd = open(*path, flags_of(argv[0]), 0600);
		if (fd < 0)
			fail(*path);
		close(fd);
	}
	return 0;
}

static int act_openat2(char **argv)
{
	struct open_how how = {.flags = (unsigned)flags_of(argv[0])};
	if (how.flags & O_CREAT)
		how.mode = 0600;
	if (syscall(SYS_openat2, AT_FDCWD, argv[1], &how, sizeof(how)) < 0)
		fail(argv[1]);
	return 0;
}

static int act_open32(char **argv)
{
#ifdef __x86_64__
	char *low = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED)
		fail("mmap");
	snprintf(low, 8192, "%s", argv[0]);
	long fd;
	__asm__ volatile("int $0x80" : "=a"(fd) : "a"(5L), "b"(low), "c"(O_RDONLY), "d"(0L) : "memory");
	return fd >= 0 ? 0 : 77;
#else
	(void)argv;
	return 77;
#endif
}

static void copy_self(int to)
{
	struct stat st;
	int from = open("/proc/self/exe", O_RDONLY);
	if (from < 0 || fstat(from, &st))
		fail("/proc/self/exe");
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(to, from, NULL, (size_t)left);
		if (n <= 0)
			fail("copy");
		left -= n;
	}
}

static int exec_fd(int fd)
{
	fexecve(fd, (char *[]){"noop", "noop", NULL}, (char *[]){NULL});
	fail("fexecve");
	return 1;
}

static int act_memfd(char **argv)
{
	(void)argv;
	int fd = memfd_create("hidden", MFD_CLOEXEC);
	copy_self(fd);
	return exec_fd(fd);
}

static int act_deleted(char **argv)
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || unlink(argv[0]))
		fail(argv[0]);
	return exec_fd(fd);
}

static int remote(const char *address, const char *port, int type, struct addrinfo **ret)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = type};
	if (getaddrinfo(address, port, &hints, ret))
		fail(address);
	return socket((*ret)->ai_family, type | SOCK_CLOEXEC, 0);
}

static int act_tcp(char **argv)
{
	struct addrinfo *a;
	int fd = remote(argv[0], argv[1], SOCK_STREAM, &a);
	if (connect(fd, a->ai_addr, a->ai_addrlen) && errno != ECONNREFUSED)
		fail("connect");
	return 0;
}

static int act_udp(char **argv)
{
	struct addrinfo *a;
	int fd = remote(argv[0], argv[1], SOCK_DGRAM, &a);
	if (connect(fd, a->ai_addr, a->ai_addrlen))
		fail("connect");
	return 0;
}

/* UDP to ports 1 to COUNT, from one process that opens nothing meanwhile. */
static int act_tries(char **argv)
{
	struct addrinfo *a;
	int fd = remote(argv[0], "9", SOCK_DGRAM, &a), refused = 0;
	for (int i = 0; i < atoi(argv[1]); i++)
		refused += connect(fd, a->ai_addr, a->ai_addrlen) < 0;
	freeaddrinfo(a);
	close(fd);
	printf("%d refused\n", refused);
	return 0;
}

static int act_ports(char **argv)
{
	char port[12];
	for (int i = 1; i <= atoi(argv[1]); i++) {
		snprintf(port, sizeof(port), "%d", i);
		struct addrinfo *a;
		int fd = remote(argv[0], port, SOCK_DGRAM, &a);
		if (connect(fd, a->ai_addr, a->ai_addrlen))
			fail("connect");
		freeaddrinfo(a);
		close(fd);
	}
	return 0;
}

static int act_sendto(char **argv)
{
	struct addrinfo *a;
	int fd = remote(argv[0], argv[1], SOCK_DGRAM, &a);
	if (sendto(fd, "x", 1, 0, a->ai_addr, a->ai_addrlen) < 0)
		fail("sendto");
	return 0;
}

static int act_chroot(char **argv)
{
	if (chroot(argv[0]) || chdir("/"))
		fail(argv[0]);
	execv(argv[1], argv + 1);
	fail(argv[1]);
	return 1;
}

/* Folders of 200 bytes, one in the other, each entered: only the kernel sees the whole path. */
static int act_deep(char **argv)
{
	char name[201];
	memset(name, 'd', 200);
	name[200] = '\0';
	if (chdir(argv[0]))
		fail(argv[0]);
	int depth = atoi(argv[1]) / 201;
	for (int i = 0; i < depth; i++)
		if (mkdir(name, 0700) || chdir(name))
			fail("mkdir");
	char **file = (char *[]){"wc", "leaf", NULL};
	act_open(file);
	unlink("leaf");
	for (int i = 0; i < depth; i++)
		if (chdir("..") || rmdir(name))
			fail("rmdir");
	return 0;
}

static int act_loop(char **argv)
{
	for (long i = atol(argv[0]); i > 0; i--) {
		int fd = open(argv[1], O_RDONLY);
		if (fd < 0)
			fail(argv[1]);
		close(fd);
	}
	return 0;
}

static void must(int r, const char *what)
{
	if (r < 0)
		fail(what);
}

static int act_changes(char **argv)
{
	must(chdir(argv[0]), argv[0]);
	must(mkdir("folder", 0700), "mkdir");
	must(mknod("fifo", S_IFIFO | 0600, 0), "mknod");
	must(symlink("fifo", "symlink"), "symlink");
	int fd = open("file", O_CREAT | O_RDWR, 0600);
	must(fd, "open");
	must(ftruncate(fd, 5), "ftruncate");
	must(fchmod(fd, 0640), "fchmod");
	must(truncate("file", 3), "truncate");
	must(chmod("file", 0644), "chmod");
	must(lchown("symlink", 0, 0), "lchown");
	must(link("file", "linked"), "link");
	must(rename("linked", "renamed"), "rename");
	must(renameat(AT_FDCWD, "renamed", open("folder", O_PATH), "moved"), "renameat");
	must(linkat(AT_FDCWD, "symlink", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW), "linkat");   /* of the fifo */
	must(linkat(AT_FDCWD, "symlink", AT_FDCWD, "hard", 0), "linkat");
	must(unlinkat(open(".", O_PATH), "followed", 0), "unlinkat");
	must(unlink("hard"), "unlink");
	must(unlink("file"), "unlink");
	must(unlink("folder/moved"), "unlink");
	must(unlink("symlink"), "unlink");
	must(unlink("fifo"), "unlink");
	return rmdir("folder");
}

static int act_map(char **argv)
{
	int fd = open(argv[0], O_RDONLY);
	must(fd, argv[0]);
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED;
}

static socklen_t unix_address(const char *path, struct sockaddr_un *a)
{
	a->sun_family = AF_UNIX;
	strncpy(a->sun_path, path, sizeof(a->sun_path) - 1);
	if (*path == '@')
		a->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + (*path != '@'));
}

static int act_unix(char **argv)
{
	struct sockaddr_un a = {0};
	socklen_t n = unix_address(argv[0], &a);
	connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, n);   /* nobody need be there */
	return 0;
}

static int act_unixbind(char **argv)
{
	struct sockaddr_un a = {0};
	socklen_t n = unix_address(argv[0], &a);
	return bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, n);
}

static int act_bind(char **argv)
{
	struct addrinfo *a;
	int fd = remote(argv[0], argv[1], SOCK_DGRAM, &a);
	return bind(fd, a->ai_addr, a->ai_addrlen);
}

static int act_listen(char **argv)
{
	struct addrinfo *a;
	int on = 1, fd = remote(argv[0], argv[1], SOCK_STREAM, &a);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	must(bind(fd, a->ai_addr, a->ai_addrlen), "bind");
	return listen(fd, 1);
}

static int act_listen_anywhere(char **argv)
{
	(void)argv;
	return listen(socket(AF_INET, SOCK_STREAM, 0), 1);
}

/* ---- io_uring ---- */

static int ring_call(const struct io_uring_sqe *what)
{
	struct io_uring_params p = {0};
	int fd = (int)syscall(SYS_io_uring_setup, 1, &p);
	must(fd, "io_uring_setup");
	size_t size = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	char *ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqe = mmap(NULL, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (ring == MAP_FAILED || sqe == MAP_FAILED)
		fail("mmap");
	*sqe = *what;
	((uint32_t *)(void *)(ring + p.sq_off.array))[0] = 0;
	__atomic_store_n((uint32_t *)(void *)(ring + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	must((int)syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), "io_uring_enter");
	return ((struct io_uring_cqe *)(void *)(ring + p.cq_off.cqes))[0].res < 0;
}

static int act_ring_open(char **argv)
{
	struct io_uring_sqe sqe = {.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)argv[0], .open_flags = O_RDONLY};
	return ring_call(&sqe);
}

static int act_ring_connect(char **argv)
{
	struct addrinfo *a;
	int fd = remote(argv[0], argv[1], SOCK_DGRAM, &a);
	struct io_uring_sqe sqe = {.opcode = IORING_OP_CONNECT, .fd = fd, .addr = (uintptr_t)a->ai_addr, .off = a->ai_addrlen};
	return ring_call(&sqe);
}

/* ---- guarded ---- */

static int act_trace(char **argv)
{
	(void)argv;
	pid_t child = fork();
	if (!child)
		pause();
	must(ptrace(PTRACE_ATTACH, child, NULL, NULL), "ptrace");
	kill(child, SIGKILL);
	return waitpid(child, NULL, 0) != child;
}

static int act_mount(char **argv)
{
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	return mount("none", argv[0], "tmpfs", 0, NULL);
}

static int act_move(char **argv)
{
	must(unshare(CLONE_NEWNS), "unshare");
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private");
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, argv[0], 1 /* OPEN_TREE_CLONE */);
	must(tree, "open_tree");
	return (int)syscall(SYS_move_mount, tree, "", AT_FDCWD, argv[1], 4 /* MOVE_MOUNT_F_EMPTY_PATH */);
}

static int act_userns(char **argv)
{
	(void)argv;
	must(setresuid(65534, 65534, 65534), "setresuid");
	return unshare(CLONE_NEWUSER);
}

static int act_module(char **argv)
{
	int fd = open(argv[0], O_RDONLY);
	must(fd, argv[0]);
	must((int)syscall(SYS_finit_module, fd, "", 0), "finit_module");
	return 0;
}

static int act_module_memory(char **argv)
{
	struct stat st;
	int fd = open(argv[0], O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		fail(argv[0]);
	char *copy = malloc((size_t)st.st_size);
	if (!copy || read(fd, copy, (size_t)st.st_size) != st.st_size)
		fail(argv[0]);
	must((int)syscall(SYS_init_module, copy, (unsigned long)st.st_size, ""), "init_module");
	return 0;
}

static int act_root(char **argv)
{
	(void)argv;
	must(setresuid(65534, 65534, 0), "setresuid");
	return setresuid(0, 0, 0) != 0;
}

static int act_bpf(char **argv)
{
	(void)argv;
	union bpf_attr array = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
	must((int)syscall(__NR_bpf, BPF_MAP_CREATE, &array, sizeof(array)), "bpf");
	return 0;
}

static int act_exec(char **argv)
{
	execv(argv[0], argv);
	fail(argv[0]);
	return 1;
}

static int act_noop(char **argv)
{
	(void)argv;
	return 0;
}

static const struct {
	const char *name;
	int args;
	int (*act)(char **argv);
} acts[] = {
	{"open", 2, act_open},	     {"openat2", 2, act_openat2}, {"open32", 1, act_open32},
	{"memfd", 0, act_memfd},     {"deleted", 1, act_deleted}, {"tcp", 2, act_tcp},
	{"udp", 2, act_udp}, {"ports", 2, act_ports}, {"tries", 2, act_tries},
	{"sendto", 2, act_sendto},	  {"chroot", 2, act_chroot},
	{"changes", 1, act_changes},  {"map", 1, act_map},	  {"unix", 1, act_unix},
	{"unixbind", 1, act_unixbind}, {"bind", 2, act_bind},	  {"trace", 0, act_trace},
	{"listen", 2, act_listen},   {"listen-anywhere", 0, act_listen_anywhere},
	{"ring-open", 1, act_ring_open}, {"ring-connect", 2, act_ring_connect},
	{"move", 2, act_move},	     {"userns", 0, act_userns},	  {"module", 1, act_module},
	{"module-memory", 1, act_module_memory},
	{"mount", 1, act_mount},     {"root", 0, act_root},	  {"bpf", 0, act_bpf},
	{"deep", 2, act_deep},	     {"loop", 2, act_loop},	  {"noop", 0, act_noop},
	{"exec", 1, act_exec},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(acts) / sizeof(acts[0]); i++)
		if (!strcmp(argv[1], acts[i].name) && argc - 2 >= acts[i].args)
			return acts[i].act(argv + 2);
	fprintf(stderr, "acts: unknown act or arguments missing\n");
	return 2;
}
