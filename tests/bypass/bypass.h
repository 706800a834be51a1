/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One way around a policy at a time (docs/bypass.md has the list and what must come of each):
 *
 *	bypass CASE FOLDER CGROUP BPFFS   tries; ends with 0: got through, 10: EPERM, 20: failed otherwise, 77: not on this machine
 *	... again                         the same, after what the stage of a runtime does
 *	bypass ran FOLDER                 what a forbidden program does: leaves FOLDER/ran behind
 *	bypass deep FOLDER                makes folders in it, deeper than a path can be long
 *
 * FOLDER has bin/ok (allowed), bin/forbidden, apps/ (allowed, protected), protected/file, free/ (neither), jail/ (a root for
 * chroot, in which the forbidden program has an allowed name), tmp/ (a file system of its own), volume/ (tmp/volume, bound there), and more
 * where a case says so. Beside FOLDER lies "runtime", which the enforcer takes for a container runtime.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum { THROUGH, REFUSED = 10, FAILED = 20, NOT_HERE = 77, FORBIDDEN_PORT = 5399, ALLOWED_PORT = 5300 };

/* Had before the policy: */
enum {
	FD_LETTER = 5,      /* a socket with a message in it that carries FD_FILE */
	FD_SOCKET,          /* TCP, made outside the cgroup */
	FD_CONNECTED,       /* UDP, to an address that is not allowed */
	FD_FILE,            /* protected/file, to read and write */
	FD_PROGRAM,         /* bin/forbidden */
	FD_VOLUME,          /* volume/moving */
};

/* 0: it was done; else -errno. -EPERM: refused; -ENOSYS: not possible on this machine. */
struct way {
	const char *name;
	int (*try)(void);
};
struct ways {
	const struct way *v;
	unsigned n;
};
extern const struct ways exec_ways, mount_ways, file_ways, process_ways, race_ways, ring_ways, connect_ways, runtime_ways;

extern char folder[2048];
extern const char *cgroup, *bpffs;
/* A process outside the cgroup, with mounts of its own: protected/ is at elsewhere/, too. It has FD_FILE. */
extern pid_t outsider;
/* Of protected/alone, which has one name, from before the policy. */
extern struct kept_handle {
	unsigned int bytes;
	int type;
	unsigned char data[128];
} handle;

/* FOLDER/NAME, in one of a few buffers. */
const char *in(const char *name);
/* Of a call: 0 or -errno. */
int result(long r);

/* Starts what would leave FOLDER/ran behind. */
int start(const char *path);
int start_fd(int fd);
int start_at(int top, const char *path);

int start_copy_in_memory(void);
/* Mounts bin/forbidden over bin/ok, and starts that. */
int bind_over(void);
/* protected/file, through a detached copy of its mount. */
int change_detached(void);

/* Before the policy; may go on as another program, with the arguments AGAIN. */
int runtime_stage(char **again);

/* Empties the file and writes to it. An FD of -1: why it could not be opened is in errno. */
int change(const char *path);
int change_fd(int fd);

/* For a child: until the process that tries, and what it started, has ended. Parents may change users, so no signal would do. */
void wait_for_end(void);

/* What became of a child, as if of this process. */
int outcome_of(pid_t child);

#ifdef __x86_64__
/* By the 32-bit system call table; pointers into low memory. */
long call32(long number, long a, long b, long c);
char *low_memory(void);
#endif
