/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the prover asks a doer to do, and what came of it, through memory that both map. A doer is a program without libc
 * that runs under a policy; it has these descriptors:
 *
 *	3  the shared memory       4  the prover: a byte in starts the batch, a byte out ends it
 *	5  itself, but removed     6  itself as a memfd
 *
 * Started as "main" it works off batches; under any other name it notes that it ran, and ends.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { DOER_MEMORY = 3, DOER_PROVER, DOER_DELETED, DOER_MEMFD, DOER_FIRST_FREE };
enum { BATCH_MAX = 256, BATCH_TEXT = BATCH_MAX * 2 * 4096 };

/* OP(symbol, "words") */
#define ACT_OPS(OP)                                                                                \
	OP(EXEC, "execve")                                                                         \
	OP(EXEC_AT, "execveat below the root")                                                     \
	OP(EXEC_FD, "execveat of a descriptor")                                                    \
	OP(EXEC_DELETED, "execveat of a removed file")                                             \
	OP(EXEC_MEMFD, "execveat of a memfd")                                                      \
	OP(EXEC_CHROOT, "execve in a root of its own")                                             \
	OP(EXEC_DETACHED, "execveat below a detached mount")                                       \
	OP(OPEN, "openat")                                                                         \
	OP(OPEN2, "openat2")                                                                       \
	OP(OPEN_AT, "openat below a folder")                                                       \
	OP(OPEN_CHROOT, "open in a root of its own")                                               \
	OP(OPEN_DETACHED, "open below a detached mount")                                           \
	OP(OPEN_NAMELESS, "open with O_TMPFILE")                                                   \
	OP(MAP, "open and map for writing")                                                        \
	OP(UNLINK, "unlink")                                                                       \
	OP(RMDIR, "rmdir")                                                                         \
	OP(RENAME, "renameat2")                                                                    \
	OP(LINK, "link")                                                                           \
	OP(SYMLINK, "symlink")                                                                     \
	OP(MKDIR, "mkdir")                                                                         \
	OP(MKNOD, "mknod")                                                                         \
	OP(CHMOD, "chmod")                                                                         \
	OP(CHOWN, "chown")                                                                         \
	OP(TRUNCATE, "truncate")                                                                   \
	OP(FTRUNCATE, "open and ftruncate")                                                        \
	OP(CONNECT, "connect")                                                                     \
	OP(SENDTO, "sendto")                                                                       \
	OP(PTRACE, "ptrace")                                                                       \
	OP(MOUNT, "mount")                                                                         \
	OP(SETUID, "setresuid to root")                                                            \
	OP(MODULE, "finit_module")                                                                 \
	OP(BPF, "bpf")

/* The ones above are in this order: those that start programs, then opens. */
enum act_op {
#define OP(symbol, words) ACT_##symbol,
	ACT_OPS(OP)
#undef OP
	ACT_COUNT
};
enum { ACT_LAST_EXEC = ACT_EXEC_DETACHED, ACT_LAST_OPEN = ACT_OPEN_NAMELESS };

struct act {
	uint16_t op;             /* enum act_op */
	uint16_t alone;          /* in a child of the doer */
	uint32_t flags;          /* openat, openat2, renameat2 */
	uint32_t path, other;    /* offsets into text, NUL terminated. Below a folder or in a root: OTHER is that, and PATH begins with it */
	uint8_t address[16];     /* IPv4 in the first 4 */
	uint8_t family, protocol;
	uint16_t port;           /* host order */
	/* filled in by the doer */
	uint16_t error;          /* errno of the call; 0 = it succeeded */
	uint8_t signal;          /* that ended the child */
	uint8_t ran;             /* the program, or the code after the call, did run */
};

struct batch {
	uint32_t n, done;
	uint32_t ran;            /* set by what was started */
	uint32_t length;         /* bytes of text */
	struct act acts[BATCH_MAX];
	char text[BATCH_TEXT];
};
