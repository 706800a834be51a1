/* SPDX-License-Identifier: GPL-2.0-only */
/* Other mounts, other roots, other namespaces: the same file by another path. */
#include "tests/bypass/bypass.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/sendfile.h>

int bind_over(void)
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
	return tree < 0 ? -errno : start_at(tree, in("bin/ok") + 1);
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
	return start_at(top, path);
}

/* Unmounted while a descriptor keeps it. */
static int unmounted_program(void)
{
	if (unshare(CLONE_NEWNS) || mount(in("jail"), in("work"), NULL, MS_BIND, NULL))
		return -errno;
	int top = open(in("work"), O_PATH | O_DIRECTORY);
	if (top < 0 || umount2(in("work"), MNT_DETACH))
		return -errno;
	return start_at(top, in("bin/ok") + 1);
}

int change_detached(void)
{
	int tree = open_tree_clone(in("protected"));
	int fd = tree < 0 ? -1 : openat(tree, "file", O_WRONLY | O_TRUNC);
	return change_fd(fd);
}


static int mounted_elsewhere(void)
{
	return mount(in("protected"), in("elsewhere"), NULL, MS_BIND, NULL) ? -errno : change(in("elsewhere/file"));
}

static int moved_over(void)
{
	return result(mount(in("tmp"), in("protected"), NULL, MS_MOVE, NULL));
}

/* By the newer calls, which do not go through mount(2). */
static int attached_over(void)
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 0);
	if (fs < 0 || syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		return -errno;
	int top = (int)syscall(SYS_fsmount, fs, 0, 0);
	return top < 0 ? -errno : result(syscall(SYS_move_mount, top, "", AT_FDCWD, in("protected"), 4 /* MOVE_MOUNT_F_EMPTY_PATH */));
}

/* Of two file systems that are there already one becomes the root, the other lies below it. */
static int pivot(void)
{
	char path[4096];
	if (unshare(CLONE_NEWNS) || syscall(SYS_pivot_root, in("tmp"), in("tmp/old")) || chdir("/"))
		return -errno;
	snprintf(path, sizeof(path), "/old%s/protected/file", folder);
	return change(path);
}

static int upper_protected(void)
{
	char text[6400];
	snprintf(text, sizeof(text), "lowerdir=%s,upperdir=%s,workdir=%s", in("lower"), in("protected"), in("other-work"));
	if (mount("overlay", in("elsewhere"), "overlay", 0, text))
		return errno == ENODEV ? -ENOSYS : -errno;
	return change(in("elsewhere/file"));
}

/* A protected folder that was mounted at a second place before. */
static int mounted_before(void) { return change(in("volume/guarded/file")); }

/* ---- the mounts of another process ---- */

static const char *of_outsider(const char *what, const char *below)
{
	static char path[4096];
	snprintf(path, sizeof(path), "/proc/%d/%s%s", (int)outsider, what, below);
	return path;
}

static int root_of_another(void) { return change(of_outsider("root", in("protected/file"))); }
static int root_of_another_elsewhere(void) { return change(of_outsider("root", in("elsewhere/file"))); }

static int enter_mounts(void)
{
	int fd = open(of_outsider("ns/mnt", ""), O_RDONLY);
	return fd < 0 || setns(fd, CLONE_NEWNS) ? -errno : change(in("elsewhere/file"));
}

static const struct way ways[] = {
	{"bind-mount", bind_over}, {"mount-namespace", own_mounts}, {"user-namespace", user_namespace}, {"chroot", change_root},
	{"user-namespace-chroot", user_namespace_chroot}, {"chroot-file", change_root_file},
	{"detached-program", detached_program}, {"user-namespace-detached", user_namespace_detached}, {"detached-new", detached_new},
	{"unmounted-program", unmounted_program}, {"detached-file", change_detached}, {"bind-mount-elsewhere", mounted_elsewhere},
	{"mount-move", moved_over}, {"move_mount", attached_over}, {"pivot_root", pivot}, {"overlay-mount", upper_protected},
	{"bind-mount-before", mounted_before}, {"proc-root", root_of_another}, {"proc-root-elsewhere", root_of_another_elsewhere},
	{"setns", enter_mounts},
};
const struct ways mount_ways = {ways, ARRAY_SIZE(ways)};
