/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes of protected files. */
#include "tests/bypass/bypass.h"

#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/xattr.h>

static int write_protected(void) { return change(in("protected/file")); }
static int append_read_only(void) { return result(open(in("protected/file"), O_RDONLY | O_APPEND)); }
static int write_by_link(void) { return change(in("free/file-link")); }
static int unlink_protected(void) { return result(unlink(in("protected/file"))); }
static int passed_file(void) { return change_fd(FD_FILE); }
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
	return change_fd(fd);
}

static int open_by_how(void)
{
	struct open_how how = {.flags = O_WRONLY | O_TRUNC};
	long fd = syscall(SYS_openat2, AT_FDCWD, in("protected/file"), &how, sizeof(how));
	return change_fd((int)fd);
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

#ifdef __x86_64__
static int open_32(void)
{
	char *low = low_memory();
	if (!low)
		return -ENOSYS;
	strcpy(low, in("protected/file"));
	long fd = call32(5, (long)low, O_WRONLY | O_TRUNC, 0);
	return fd < 0 ? (int)fd : change_fd((int)fd);
}

#else
static int open_32(void) { return -ENOSYS; }
#endif

static int truncate_path(void) { return result(truncate(in("protected/file"), 0)); }

/* Read-only first, then again by that descriptor's name. */
static int reopened(void)
{
	char path[64];
	int fd = open(in("protected/file"), O_RDONLY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd < 0 ? -errno : change(path);
}

/* By a number instead of a path. */
static int by_handle(void)
{
	int mount = open(folder, O_RDONLY | O_DIRECTORY);
	long fd = mount < 0 ? -1 : syscall(SYS_open_by_handle_at, mount, &handle, O_WRONLY | O_TRUNC);
	return fd < 0 ? (errno == EOPNOTSUPP ? -ENOSYS : -errno) : change_fd((int)fd);
}

static int exchanged(void)
{
	int fd = creat(in("free/other"), 0600);
	if (fd < 0)
		return -errno;
	return result(syscall(SYS_renameat2, AT_FDCWD, in("free/other"), AT_FDCWD, in("protected/file"), 2 /* RENAME_EXCHANGE */));
}

/* Made without a name where it may be, given one where it may not. */
static int named_later(void)
{
	char path[64];
	int fd = open(in("free"), O_TMPFILE | O_WRONLY, 0600);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd < 0 ? -errno : result(linkat(AT_FDCWD, path, AT_FDCWD, in("protected/named"), AT_SYMLINK_FOLLOW));
}

/* ---- by a descriptor from before the policy ---- */

static int passed_truncate(void) { return result(ftruncate(FD_FILE, 0)); }
static int passed_allocate(void) { return result(fallocate(FD_FILE, 0, 0, 4096)); }

static int passed_map(void)
{
	char *text = mmap(NULL, 4, PROT_READ | PROT_WRITE, MAP_SHARED, FD_FILE, 0);
	return text == MAP_FAILED ? -errno : (memcpy(text, "map!", 4), 0);
}

static int passed_splice(void)
{
	struct iovec part = {(void *)"changed", 7};
	int ends[2];
	if (pipe(ends) || vmsplice(ends[1], &part, 1, 0) < 0)
		return -errno;
	return result(splice(ends[0], NULL, FD_FILE, NULL, 7, 0));
}

/* Under the policy it only comes out of a socket. */
static int received(void)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec part = {&byte, 1};
	struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	int fd;
	close(FD_FILE);
	if (recvmsg(FD_LETTER, &m, 0) < 0)
		return -errno;
	const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	if (!c)
		return -EPERM;   /* the descriptor was taken out on the way */
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return change_fd(fd);
}

/* ---- what is no change of contents or names ---- */

static int set_times(void)
{
	const struct timespec epoch[2] = {{0}};
	return result(utimensat(AT_FDCWD, in("protected/file"), epoch, 0));
}

static int set_attribute(void) { return result(setxattr(in("protected/file"), "trusted.stakeout", "1", 1, 0)); }

static const struct way ways[] = {
	{"write", write_protected}, {"append-read-only", append_read_only}, {"write-by-symlink", write_by_link},
	{"write-by-hard-link", write_by_hard_link}, {"write-old-hard-link", write_hard_link_made_before}, {"unlink", unlink_protected},
	{"truncate", truncate_path}, {"rename-after-open", rename_after_open}, {"rename-exchange", exchanged}, {"nameless-file", nameless_file},
	{"named-later", named_later}, {"openat2", open_by_how}, {"open-32-bit", open_32}, {"reopened", reopened}, {"file-handle", by_handle},
	{"file-handle-forgotten", by_handle}, {"very-long-path", very_long_path}, {"passed-file", passed_file},
	{"passed-truncate", passed_truncate}, {"passed-fallocate", passed_allocate}, {"passed-mmap", passed_map},
	{"passed-splice", passed_splice}, {"received-file", received}, {"overlay-merged", overlay_merged},
	{"overlay-upper", overlay_upper}, {"times", set_times}, {"attribute", set_attribute},
};
const struct ways file_ways = {ways, ARRAY_SIZE(ways)};
