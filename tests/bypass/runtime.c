/* SPDX-License-Identifier: GPL-2.0-only */
/* To pass for a container runtime, which may start what has no path, and mount. The stage: another program, or a mount of its own. */
#include "tests/bypass/bypass.h"

#include <sched.h>
#include <sys/mount.h>

static const char *const runtime_folders[] = {"/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"};

int runtime_stage(char **again)
{
	static char *none[] = {NULL};
	const char *name = again[1];
	if (!strcmp(name, "runtime-outside"))
		return result(execve(in("../runc"), again, none));
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	if (!strcmp(name, "runtime-removed"))
		return 0;
	if (!strcmp(name, "runtime-inside") || !strcmp(name, "runtime-itself"))
		return result(execve(in("../runc"), again, none));
	for (unsigned i = 0; !strcmp(name, "runtime-name") && i < ARRAY_SIZE(runtime_folders); i++)
		if (!mount("tmpfs", runtime_folders[i], "tmpfs", 0, NULL))
			break;
	return mount(in("bin/bypass"), in("bin/bypass"), NULL, MS_BIND, NULL) ? -errno : result(execve(in("bin/bypass"), again, none));
}

/* Its own program gets the path of one. */
static int runtime_name(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(runtime_folders); i++) {
		char path[64];
		snprintf(path, sizeof(path), "%s/runc", runtime_folders[i]);
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0755);
		if (fd >= 0)
			return mount(in("bin/bypass"), path, NULL, MS_MOVE, NULL) ? -errno : start_copy_in_memory();
	}
	return -ENOSYS;
}

static int itself(void) { return start("/proc/self/exe"); }

/* Its own program has no path, as a runtime's copy of itself has none. */
static int removed(void) { return unlink(in("bin/bypass")) ? -errno : bind_over(); }
static int unmounted(void) { return umount2(in("bin/bypass"), MNT_DETACH) ? -errno : bind_over(); }
static int unmounted_memory(void) { return umount2(in("bin/bypass"), MNT_DETACH) ? -errno : start_copy_in_memory(); }
static int unmounted_file(void) { return umount2(in("bin/bypass"), MNT_DETACH) ? -errno : change_detached(); }

static const struct way all[] = {
	{"runtime-outside", start_copy_in_memory}, {"runtime-inside", start_copy_in_memory}, {"runtime-itself", itself},
	{"runtime-name", runtime_name}, {"runtime-removed", removed}, {"runtime-unmounted", unmounted},
	{"runtime-unmounted-memory", unmounted_memory}, {"runtime-unmounted-file", unmounted_file},
};
const struct ways runtime_ways = {all, ARRAY_SIZE(all)};
