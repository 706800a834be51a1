/* SPDX-License-Identifier: GPL-2.0-only */
/* The stage: namespaces of its own, what was there before the policy; then one of the ways, under it. */
#include "tests/bypass/bypass.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>

char folder[2048];
const char *cgroup, *bpffs;
pid_t outsider;
struct kept_handle handle = {.bytes = sizeof(handle.data)};

static char *ran[] = {(char *)"forbidden", (char *)"ran", folder, NULL};
static char *none[] = {NULL};
static int alive[2];    /* a pipe that nothing is written to: at its end when all who might have are gone */

const char *in(const char *name)
{
	static char paths[8][4096];
	static unsigned next;
	char *p = paths[next++ % ARRAY_SIZE(paths)];
	snprintf(p, sizeof(paths[0]), "%s/%s", folder, name);
	return p;
}

int result(long r)
{
	return r < 0 ? -errno : 0;
}

int start(const char *path)
{
	return result(execve(path, ran, none));
}

int start_fd(int fd)
{
	return fd < 0 ? -errno : result(syscall(SYS_execveat, fd, "", ran, none, AT_EMPTY_PATH));
}

int start_at(int top, const char *path)
{
	return result(syscall(SYS_execveat, top, path, ran, none, 0));
}

int change_fd(int fd)
{
	return fd < 0 ? -errno : result(write(fd, "changed", 7));
}

int change(const char *path)
{
	return change_fd(open(path, O_WRONLY | O_TRUNC));
}

void wait_for_end(void)
{
	char byte;
	close(alive[1]);
	while (read(alive[0], &byte, 1) < 0)
		;
	_exit(0);
}

int outcome_of(pid_t child)
{
	int status = 0;
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -errno;
	if (WIFSIGNALED(status))
		raise(WTERMSIG(status));
	return -WEXITSTATUS(status);
}

#ifdef __x86_64__
long call32(long number, long a, long b, long c)
{
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return r;
}

char *low_memory(void)
{
	char *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}
#endif

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

/* ---- before the policy ---- */

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r = fd < 0 ? -errno : result(write(fd, text, strlen(text)));
	if (fd >= 0)
		close(fd);
	return r;
}

static int copy(const char *from, const char *to)
{
	int source = open(from, O_RDONLY | O_CLOEXEC), target = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	struct stat st;
	if (source < 0 || target < 0 || fstat(source, &st) || sendfile(target, source, NULL, (size_t)st.st_size) != st.st_size)
		return -errno;
	return close(source) || close(target) ? -errno : 0;
}

/* mkdir -p, below FOLDER. */
static int make_folders(const char *name)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

/* tmp/: a file system, in it a volume that is mounted at volume/; the protected folder is in the volume, too. */
static int mount_volume(void)
{
	char deep[4096];
	snprintf(deep, sizeof(deep), "tmp%s", folder);
	if (mount("tmpfs", in("tmp"), "tmpfs", 0, NULL) || make_folders("tmp/old") || make_folders("tmp/volume/guarded") ||
	    make_folders("tmp/volume/moving") || make_folders(deep))
		return -errno;
	if (copy(in("bin/forbidden"), in("tmp/volume/moving/ok")) || mount(in("tmp/volume"), in("volume"), NULL, MS_BIND, NULL))
		return -errno;
	return result(mount(in("protected"), in("volume/guarded"), NULL, MS_BIND, NULL));
}

static int mount_all(void)
{
	char text[6400];
	snprintf(text, sizeof(text), "lowerdir=%s,upperdir=%s,workdir=%s", in("lower"), in("upper"), in("work"));
	if (unshare(CLONE_NEWNS | CLONE_NEWNET) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	if (mount("overlay", in("merged"), "overlay", 0, text))
		fprintf(stderr, "no overlay here: %s\n", strerror(errno));
	return mount_volume();
}

static int network_up(void)
{
	struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	/* Of the network namespace; may be missing. */
	write_text("/proc/sys/net/ipv4/ping_group_range", "0 0");
	return result(ioctl(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), SIOCSIFFLAGS, &up));
}

static int send_letter(void)
{
	int ends[2], fd = FD_FILE;
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec part = {(void *)"x", 1};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || sendmsg(ends[0], &m, 0) < 0 || dup2(ends[1], FD_LETTER) < 0)
		return -errno;
	return 0;
}

static int keep(int fd, int as)
{
	if (fd < 0 || dup2(fd, as) < 0)
		return -errno;
	return fd == as ? 0 : result(close(fd));
}

static int open_all(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(FORBIDDEN_PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int r = 0;
	for (int fd = FD_LETTER; fd <= FD_VOLUME && !r; fd++)
		r = keep(open("/dev/null", O_RDONLY), fd);   /* so that none of what follows lands on another's place */
	r = r ?: keep(open(in("protected/file"), O_RDWR), FD_FILE);
	r = r ?: keep(open(in("bin/forbidden"), O_RDONLY), FD_PROGRAM);
	r = r ?: keep(open(in("volume/moving"), O_PATH | O_DIRECTORY), FD_VOLUME);
	r = r ?: keep(socket(AF_INET, SOCK_STREAM, 0), FD_SOCKET);
	r = r ?: keep(socket(AF_INET, SOCK_DGRAM, 0), FD_CONNECTED);
	r = r ?: result(connect(FD_CONNECTED, (void *)&a, sizeof(a)));
	return r ?: send_letter();
}

static int start_outsider(void)
{
	int ready[2];
	char byte = 'x';
	if (pipe(alive) || pipe(ready))
		return -errno;
	outsider = fork();
	if (outsider == 0) {
		if (unshare(CLONE_NEWNS) || mount(in("protected"), in("elsewhere"), NULL, MS_BIND, NULL) || write(ready[1], &byte, 1) != 1)
			_exit(FAILED);
		wait_for_end();
	}
	close(ready[1]);
	int r = outsider < 0 || read(ready[0], &byte, 1) != 1 ? -ECHILD : 0;
	close(ready[0]);
	return r;
}

/* The kernel forgets which names files have, where their file system lets it. */
static int forget_names(void)
{
	sync();
	close(FD_FILE);
	kill(outsider, SIGKILL);
	waitpid(outsider, NULL, 0);
	return write_text("/proc/sys/vm/drop_caches", "2");
}

static int join(void)
{
	char procs[4096];
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	return write_text(procs, "0");
}

static int enter(const char *name)
{
	int mount_id, r = mount_all();
	r = r ?: network_up();
	r = r ?: open_all();
	r = r ?: start_outsider();
	if (!r && syscall(SYS_name_to_handle_at, AT_FDCWD, in("protected/alone"), &handle, &mount_id, 0) && errno != EOPNOTSUPP)
		r = -errno;
	if (!r && !strcmp(name, "file-handle-forgotten") && forget_names())
		return -ENOSYS;
	return r ?: join();
}

static int enter_runtime(char **argv)
{
	char *again[] = {argv[0], argv[1], argv[2], argv[3], argv[4], (char *)"again", NULL};
	return runtime_stage(again) ?: join();
}

static int status_of(const char *name, int r)
{
	if (r < 0)
		fprintf(stderr, "%s: %s\n", name, strerror(-r));
	return r >= 0 ? THROUGH : r == -EPERM ? REFUSED : r == -ENOSYS ? NOT_HERE : FAILED;
}

static int try_way(char **argv, bool again)
{
	const char *name = argv[1];
	const struct ways *const all[] = {&exec_ways, &mount_ways, &file_ways, &process_ways, &race_ways, &ring_ways, &connect_ways,
					   &runtime_ways};
	for (unsigned i = 0; i < ARRAY_SIZE(all); i++) {
		for (unsigned k = 0; k < all[i]->n; k++) {
			if (strcmp(name, all[i]->v[k].name))
				continue;
			int r = all[i] != &runtime_ways ? enter(name) : again ? join() : enter_runtime(argv);
			if (r && r != -ENOSYS) {
				fprintf(stderr, "cannot set the stage: %s\n", strerror(-r));
				return FAILED;
			}
			return status_of(name, r ?: all[i]->v[k].try());
		}
	}
	fprintf(stderr, "bypass: there is no way '%s'\n", name);
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
	if (argc != 5 && argc != 6)
		return FAILED;
	cgroup = argv[3];
	bpffs = argv[4];
	return try_way(argv, argc == 6);
}
