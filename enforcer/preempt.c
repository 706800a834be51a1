/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * debugfs has it, as "none voluntary (full)", and need not be mounted: an instance without a place is read. Kernels without
 * the choice say in their version what they were built for.
 */
#include "enforcer/preempt.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <unistd.h>

static bool from_debugfs(char ret_mode[16])
{
	char text[128];
	CLEANUP_FD int context = fsopen("debugfs", FSOPEN_CLOEXEC);
	if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return false;
	CLEANUP_FD int mount = fsmount(context, FSMOUNT_CLOEXEC, 0);
	CLEANUP_FD int fd = mount < 0 ? -1 : openat(mount, "sched/preempt", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[MAX(n, 0)] = '\0';
	const char *open = strchr(text, '('), *close = open ? strchr(open, ')') : NULL;
	if (!close || close - open > 15)
		return false;
	snprintf(ret_mode, 16, "%.*s", (int)(close - open - 1), open + 1);
	return true;
}

static const struct {
	const char *built, *mode;
} builds[] = {
	{"PREEMPT_DYNAMIC", "unknown"}, {"PREEMPT_RT", "realtime"}, {"PREEMPT_LAZY", "lazy"}, {"PREEMPT", "full"}, {"", "none"},
};

bool kernel_preempts(char ret_mode[16])
{
	struct utsname u;
	uname(&u);
	if (!from_debugfs(ret_mode)) {
		size_t i = 0;
		while (!strstr(u.version, builds[i].built))
			i++;
		snprintf(ret_mode, 16, "%s", builds[i].mode);
	}
	return strcmp(ret_mode, "none") && strcmp(ret_mode, "voluntary");
}
