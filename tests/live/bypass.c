/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One way around a policy at a time (docs/bypass.md has the list and what must come of each):
 *
 *	bypass CASE FOLDER CGROUP   tries; ends with 0: got through, 10: EPERM, 20: failed otherwise, 77: not on this machine
 *	bypass ran FOLDER           what a forbidden program does: leaves FOLDER/ran behind
 *	bypass deep FOLDER          makes folders in it, deeper than a path can be long
 *
 * FOLDER has bin/ok (allowed), bin/forbidden, apps/ (allowed, protected), protected/file, free/ (neither), jail/ (a root for
 * chroot, in which the forbidden program has an allowed name), and more where a case says so.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum { THROUGH, REFUSED = 10, FAILED = 20, NOT_HERE = 77, FORBIDDEN_PORT = 5399 };

static char folder[2048];
static char *ran[] = {(char *)"forbidden", (char *)"ran", folder, NULL};
static char *none[] = {NULL};

/* FOLDER/NAME, in one of a few buffers. */
static const char *in(const char *name)
{
	static char paths[8][4096];
	static unsigned next;
	char *p = paths[next++ % ARRAY_SIZE(paths)];
	snprintf(p, sizeof(paths[0]), "%s/%s", folder, name);
	return p;
}

static int result(long r)
{
	return r < 0 ? -errno : 0;
}

static int start(const char *path)
{
	return result(execve(path, ran, none));
}

static int start_fd(int fd)
{
	return fd < 0 ? -errno : result(syscall(SYS_execveat, fd, "", ran, none, AT_EMPTY_PATH));
}

static int change(const char *path)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	return fd < 0 ? -errno : result(write(fd, "changed", 7));
}

/* ---- exec ---- */

static int direct(void) { return start(in("bin/forbidden")); }
static int symbolic_link(void) { return start(in("free/link")); }
static int script_of_forbidden(void) { return start(in("free/script-forbidden")); }
static int script_of_allowed(void) { return start(in("free/script-ok")); }
static int proc_self_exe(void) { return start("/proc/self/exe"); }
static int descriptor(void) { return start_fd(open(in("bin/forbidden"), O_PATH)); }
static int passed_program(void) { return start_fd(9); }

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

static int memfd(void)
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
	char *argv[] = {(char *)"ld.so", (char *)in("bin/forbidden"), ran[1], folder, NULL};
	for (unsigned i = 0; i < ARRAY_SIZE(loaders); i++)
		if (!access(loaders[i], X_OK))
			return result(execve(loaders[i], argv, none));
	return -ENOSYS;
}

/* ---- mounts and namespaces ---- */

static int bind_over(void)
{
	return mount(in("bin/forbidden"), in("bin/ok"), NULL, MS_BIND, NULL) ? -errno : start(in("bin/ok"));
}

static int own_mounts(void)
{
	return unshare(CLONE_NEWNS) ? -errno : bind_over();
}

/* As a user without rights, who has all of them in a user namespace. */
static int become_namespaced(void)
{
	if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
		return -errno;
	return result(unshare(CLONE_NEWUSER | CLONE_NEWNS));
}

static int user_namespace(void)
{
	int r = become_namespaced();
	return r ? r : bind_over();
}

/* In the jail the forbidden program has the path of the allowed one. */
static int change_root(void)
{
	return chroot(in("jail")) || chdir("/") ? -errno : start(in("bin/ok"));
}

static int user_namespace_chroot(void)
{
	int r = become_namespaced();
	return r ? r : change_root();
}

/* The protected folder at another place below the root. */
static int change_root_file(void)
{
	return chroot(folder) || chdir("/") ? -errno : change("/protected/file");
}

/* A detached copy of a mount has no path above it. */
static int open_tree_clone(const char *of)
{
	return (int)syscall(SYS_open_tree, AT_FDCWD, of, 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC);
}

static int detached_program(void)
{
	int tree = open_tree_clone(in("jail"));
	return tree < 0 ? -errno : result(syscall(SYS_execveat, tree, in("bin/ok") + 1, ran, none, 0));
}

static int user_namespace_detached(void)
{
	int r = become_namespaced();
	return r ? r : detached_program();
}

/* A new file system that is mounted nowhere, with a program under the allowed one's path. */
static int detached_new(void)
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 0), from = open(in("bin/forbidden"), O_RDONLY);
	if (fs < 0 || syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		return -errno;
	int top = (int)syscall(SYS_fsmount, fs, 0, 0);
	char *path = (char *)in("bin/ok") + 1;
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(top, path, 0755))
			return -errno;
		*slash = '/';
	}
	int to = openat(top, path, O_WRONLY | O_CREAT, 0755);
	struct stat st;
	if (fstat(from, &st) || sendfile(to, from, NULL, (size_t)st.st_size) != st.st_size || close(to))
		return -errno;
	return result(syscall(SYS_execveat, top, path, ran, none, 0));
}

/* Unmounted while a descriptor keeps it. */
static int unmounted_program(void)
{
	if (unshare(CLONE_NEWNS) || mount(in("jail"), in("work"), NULL, MS_BIND, NULL))
		return -errno;
	int top = open(in("work"), O_PATH | O_DIRECTORY);
	if (top < 0 || umount2(in("work"), MNT_DETACH))
		return -errno;
	return result(syscall(SYS_execveat, top, in("bin/ok") + 1, ran, none, 0));
}

static int detached_file(void)
{
	int tree = open_tree_clone(in("protected"));
	int fd = tree < 0 ? -1 : openat(tree, "file", O_WRONLY | O_TRUNC);
	return fd < 0 ? -errno : result(write(fd, "changed", 7));
}

/* ---- files ---- */

static int write_protected(void) { return change(in("protected/file")); }
static int append_read_only(void) { return result(open(in("protected/file"), O_RDONLY | O_APPEND)); }
static int write_by_link(void) { return change(in("free/file-link")); }
static int unlink_protected(void) { return result(unlink(in("protected/file"))); }
static int passed_file(void) { return result(write(8, "changed", 7)); }
static int overlay_merged(void) { return access(in("merged/etc/file"), F_OK) ? -ENOSYS : change(in("merged/etc/file")); }
static int overlay_upper(void) { return access(in("upper"), F_OK) ? -ENOSYS : result(creat(in("upper/above"), 0600)); }

/* The hard link lies where nothing is protected. */
static int write_by_hard_link(void)
{
	return link(in("protected/file"), in("free/second-name")) ? -errno : change(in("free/second-name"));
}

static int write_hard_link_made_before(void) { return change(in("free/made-before")); }

static int rename_after_open(void)
{
	int fd = open(in("free/moved"), O_WRONLY | O_CREAT, 0600);
	if (fd < 0 || rename(in("free/moved"), in("protected/moved")))
		return -errno;
	return result(write(fd, "changed", 7));
}

static int nameless_file(void)
{
	int fd = open(in("protected"), O_TMPFILE | O_WRONLY, 0600);
	return fd < 0 ? -errno : result(write(fd, "changed", 7));
}

static int open_by_how(void)
{
	struct open_how how = {.flags = O_WRONLY | O_TRUNC};
	long fd = syscall(SYS_openat2, AT_FDCWD, in("protected/file"), &how, sizeof(how));
	return fd < 0 ? -errno : result(write((int)fd, "changed", 7));
}

/* Below protected/, and longer than any path that can be read whole. */
static int very_long_path(void)
{
	char name[201];
	memset(name, 'd', 200);
	name[200] = '\0';
	if (chdir(in("protected")))
		return -errno;
	while (!chdir(name))
		;
	return change("leaf");
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
static long call32(long number, long a, long b, long c)
{
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return r;
}

static char *low_memory(void)
{
	return mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
}

static int open_32(void)
{
	char *low = low_memory();
	if (low == MAP_FAILED)
		return -ENOSYS;
	strcpy(low, in("protected/file"));
	long fd = call32(5, (long)low, O_WRONLY | O_TRUNC, 0);
	return fd < 0 ? (int)fd : result(write((int)fd, "changed", 7));
}

static int exec_32(void)
{
	char *low = low_memory();
	if (low == MAP_FAILED)
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
static int open_32(void) { return -ENOSYS; }
static int exec_32(void) { return -ENOSYS; }
#endif

/* ---- memory that changes while the kernel reads it ---- */

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

/* ---- io_uring ---- */

static int ring_call(const struct io_uring_sqe *what)
{
	struct io_uring_params p = {0};
	int fd = (int)syscall(SYS_io_uring_setup, 1, &p);
	if (fd < 0)
		return errno == EPERM ? -ENOSYS : -errno;
	size_t size = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
	char *ring = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQ_RING);
	struct io_uring_sqe *sqe = mmap(NULL, sizeof(*sqe), PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_SQES);
	if (ring == MAP_FAILED || sqe == MAP_FAILED)
		return -errno;
	*sqe = *what;
	((uint32_t *)(void *)(ring + p.sq_off.array))[0] = 0;
	__atomic_store_n((uint32_t *)(void *)(ring + p.sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -errno;
	return ((struct io_uring_cqe *)(void *)(ring + p.cq_off.cqes))[0].res;
}

static int ring_open(void)
{
	struct io_uring_sqe sqe = {.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (uintptr_t)in("protected/file"),
				   .open_flags = O_WRONLY | O_TRUNC};
	return ring_call(&sqe);
}

static struct sockaddr_in to(const char *address)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(FORBIDDEN_PORT)};
	inet_pton(AF_INET, address, &a.sin_addr);
	return a;
}

static int ring_connect(void)
{
	struct sockaddr_in a = to("127.0.0.1");
	struct io_uring_sqe sqe = {.opcode = IORING_OP_CONNECT, .fd = socket(AF_INET, SOCK_DGRAM, 0), .addr = (uintptr_t)&a,
				   .off = sizeof(a)};
	return ring_call(&sqe);
}

/* ---- connects: nobody listens, so whatever is not EPERM got through ---- */

static int reached(long r)
{
	return r < 0 && (errno == EPERM) ? -errno : 0;
}

static int connect_by(int type, int protocol)
{
	struct sockaddr_in a = to("127.0.0.1");
	int fd = socket(AF_INET, type, protocol);
	if (fd < 0)
		return errno == EPERM ? -EPERM : -ENOSYS;
	return reached(connect(fd, (void *)&a, sizeof(a)));
}

static int tcp(void) { return connect_by(SOCK_STREAM, 0); }
static int udp(void) { return connect_by(SOCK_DGRAM, 0); }
static int mptcp(void) { return connect_by(SOCK_STREAM, 262); }
static int udplite(void) { return connect_by(SOCK_DGRAM, 136); }

static int send_by(int type, int flags)
{
	struct sockaddr_in a = to("127.0.0.1");
	int fd = socket(AF_INET, type, 0);
	return fd < 0 ? -ENOSYS : reached(sendto(fd, "x", 1, flags, (void *)&a, sizeof(a)));
}

static int fast_open(void) { return send_by(SOCK_STREAM, MSG_FASTOPEN); }
static int send_without_connect(void) { return send_by(SOCK_DGRAM, 0); }

static int send_elsewhere(void)
{
	struct sockaddr_in a = to("127.0.0.1"), b = a;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	a.sin_port = htons(5300);
	if (connect(fd, (void *)&a, sizeof(a)))
		return -errno;
	return reached(sendto(fd, "x", 1, 0, (void *)&b, sizeof(b)));
}

static int mapped(void)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(FORBIDDEN_PORT)};
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.sin6_addr);
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	return fd < 0 ? -ENOSYS : reached(connect(fd, (void *)&a, sizeof(a)));
}

static int any_address(void)
{
	struct sockaddr_in a = to("0.0.0.0");
	return reached(connect(socket(AF_INET, SOCK_STREAM, 0), (void *)&a, sizeof(a)));
}

static int raw_socket(void)
{
	struct sockaddr_in a = to("127.0.0.1");
	int fd = socket(AF_INET, SOCK_RAW, 253);
	return fd < 0 ? -ENOSYS : reached(sendto(fd, "x", 1, 0, (void *)&a, sizeof(a)));
}

static int connected_before(void) { return reached(send(7, "x", 1, 0)); }

static int passed_socket(void)
{
	struct sockaddr_in a = to("127.0.0.1");
	return reached(connect(6, (void *)&a, sizeof(a)));
}

static const struct {
	const char *name;
	int (*try)(void);
} cases[] = {
	{"direct", direct}, {"symlink", symbolic_link}, {"hard-link", hard_link}, {"rename", renamed}, {"memfd", memfd},
	{"proc-self-exe", proc_self_exe}, {"proc-self-fd", proc_self_fd}, {"ld.so", loader}, {"execveat-empty-path", descriptor},
	{"script-forbidden-interpreter", script_of_forbidden}, {"script-allowed-interpreter", script_of_allowed},
	{"deleted", deleted}, {"deleted-allowed", deleted_allowed}, {"passed-program", passed_program}, {"exec-32-bit", exec_32},
	{"very-long-program", very_long_program}, {"race-program", race_program}, {"bind-mount", bind_over},
	{"mount-namespace", own_mounts}, {"user-namespace", user_namespace}, {"chroot", change_root},
	{"user-namespace-chroot", user_namespace_chroot}, {"chroot-file", change_root_file},
	{"detached-program", detached_program}, {"user-namespace-detached", user_namespace_detached}, {"detached-new", detached_new},
	{"unmounted-program", unmounted_program}, {"detached-file", detached_file}, {"write", write_protected},
	{"append-read-only", append_read_only}, {"write-by-symlink", write_by_link}, {"write-by-hard-link", write_by_hard_link},
	{"write-old-hard-link", write_hard_link_made_before}, {"unlink", unlink_protected}, {"rename-after-open", rename_after_open},
	{"nameless-file", nameless_file}, {"openat2", open_by_how}, {"open-32-bit", open_32}, {"very-long-path", very_long_path},
	{"race-file", race_file}, {"passed-file", passed_file}, {"overlay-merged", overlay_merged}, {"overlay-upper", overlay_upper},
	{"io_uring-open", ring_open}, {"io_uring-connect", ring_connect}, {"tcp", tcp}, {"udp", udp}, {"mptcp", mptcp},
	{"udplite", udplite}, {"tcp-fast-open", fast_open}, {"sendto", send_without_connect}, {"sendto-elsewhere", send_elsewhere},
	{"mapped", mapped}, {"any-address", any_address}, {"raw-socket", raw_socket}, {"connected-before", connected_before},
	{"passed-socket", passed_socket},
};

/* What a forbidden program does. A script's argument is the script; of the two that race only one is forbidden. */
static int leave_mark(void)
{
	char exe[4096] = "";
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n > 8 && !strcmp(exe + n - 8, "allowed1"))
		return THROUGH;
	int fd = creat(in("ran"), 0666);
	return fd < 0 && errno != ENOTDIR ? FAILED : THROUGH;
}

static int loopback_up(void)
{
	struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	return ioctl(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), SIOCSIFFLAGS, &up);
}

/* Namespaces of its own, so that nothing outside changes; descriptors from before the policy; then under it. */
static int enter(const char *cgroup)
{
	struct sockaddr_in a = to("127.0.0.1");
	char text[4096];
	snprintf(text, sizeof(text), "lowerdir=%s,upperdir=%s,workdir=%s", in("lower"), in("upper"), in("work"));
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) || loopback_up())
		return -errno;
	if (mount("overlay", in("merged"), "overlay", 0, text))
		fprintf(stderr, "no overlay here: %s\n", strerror(errno));
	if (dup2(open(in("protected/file"), O_WRONLY), 8) < 0 || dup2(open(in("bin/forbidden"), O_RDONLY), 9) < 0 ||
	    dup2(socket(AF_INET, SOCK_STREAM, 0), 6) < 0 ||
	    dup2(socket(AF_INET, SOCK_DGRAM, 0), 7) < 0 || connect(7, (void *)&a, sizeof(a)))
		return -errno;
	snprintf(text, sizeof(text), "%s/cgroup.procs", cgroup);
	int fd = open(text, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : result(write(fd, "0", 1));
}

/* Folders further down than any path that can be read whole; a program at the end. */
static int make_deep(void)
{
	char name[201];
	memset(name, 'd', 200);
	name[200] = '\0';
	if (chdir(folder))
		return FAILED;
	for (int i = 0; i < 22; i++)
		if ((mkdir(name, 0755) && errno != EEXIST) || chdir(name))
			return FAILED;
	int from = open("/proc/self/exe", O_RDONLY), fd = open("leaf", O_WRONLY | O_CREAT | O_TRUNC, 0755);
	struct stat st;
	if (from < 0 || fd < 0 || fstat(from, &st))
		return FAILED;
	return sendfile(fd, from, NULL, (size_t)st.st_size) == st.st_size ? THROUGH : FAILED;
}

static int try_case(const char *name, const char *cgroup)
{
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		if (strcmp(name, cases[i].name))
			continue;
		int r = enter(cgroup);
		if (r < 0) {
			fprintf(stderr, "cannot set the stage: %s\n", strerror(-r));
			return FAILED;
		}
		r = cases[i].try();
		if (r < 0)
			fprintf(stderr, "%s: %s\n", name, strerror(-r));
		return r >= 0 ? THROUGH : r == -EPERM ? REFUSED : r == -ENOSYS ? NOT_HERE : FAILED;
	}
	fprintf(stderr, "bypass: there is no case '%s'\n", name);
	return FAILED;
}

int main(int argc, char **argv)
{
	if (argc < 3 || strlen(argv[2]) >= sizeof(folder))
		return FAILED;
	strcpy(folder, argv[2]);
	if (!strcmp(argv[1], "ran"))
		return leave_mark();
	if (!strcmp(argv[1], "deep"))
		return make_deep();
	return argc == 4 ? try_case(argv[1], argv[3]) : FAILED;
}
