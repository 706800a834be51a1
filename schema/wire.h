/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The records that the sensor's BPF programs put into the ring buffer, and the maps that user space
 * reads. ABI between two compilers: fixed-width members, explicit padding, sizes asserted.
 *
 * Every record is a struct wire_header, perhaps a fixed part, then text without terminators; header.length
 * is the whole record. Objects are named once: WIRE_IMAGE and WIRE_CGROUP tell what an image
 * number or cgroup number is before the first record that uses it. An observation is sent when first seen; after that
 * the kernel only counts it in the map `seen` under header.key (or sends WIRE_AGAIN, when every event is wanted).
 */
#pragma once

#include <linux/types.h>

enum wire_kind {
	WIRE_IMAGE = 1,  /* text: resolved path of image header.image */
	WIRE_CGROUP,     /* text: path of cgroup header.cgroup */
	WIRE_EXEC,
	WIRE_EXIT,
	WIRE_FORK,
	WIRE_FILE,       /* text: resolved path */
	WIRE_CONNECT,
	WIRE_AGAIN,      /* header only: the observation once more */
	WIRE_UNIX,       /* text: a unix socket that was connected to, as typed; abstract: @NAME */
	WIRE_GUARD,      /* access: number of the guard; text: the file or mount point, or empty */
	WIRE_BIND,       /* a local address was taken; port 0: the kernel chooses one */
	WIRE_BIND_UNIX,  /* text as in WIRE_UNIX */
	WIRE_KIND_COUNT,
};

enum wire_tag_bit {
#define TAG(symbol, name, summary) WIRE_TAG_BIT_##symbol,
#include "schema/tags.def"
#undef TAG
};
enum wire_tag {
#define TAG(symbol, name, summary) WIRE_TAG_##symbol = 1 << WIRE_TAG_BIT_##symbol,
#include "schema/tags.def"
#undef TAG
};
enum wire_access_bit {
#define ACCESS(symbol, name, summary) WIRE_ACCESS_BIT_##symbol,
#include "schema/access.def"
#undef ACCESS
};
enum wire_access {
#define ACCESS(symbol, name, summary) WIRE_ACCESS_##symbol = 1 << WIRE_ACCESS_BIT_##symbol,
#include "schema/access.def"
#undef ACCESS
};
enum wire_guard {
#define GUARD(symbol, name, summary) WIRE_GUARD_##symbol,
#include "schema/guards.def"
#undef GUARD
};
enum wire_loss {
#define LOSS(symbol, kind, reason) WIRE_LOSS_##symbol,
#include "schema/losses.def"
#undef LOSS
	WIRE_LOSS_COUNT,
};

/* header.flags */
#define WIRE_UNCOUNTED 1  /* WIRE_AGAIN: the map was full, user space counts this one itself */
#define WIRE_NAMELESS  2  /* the text is not a path: memfd:NAME, pipe ... */
#define WIRE_TYPED     4  /* the end of the path is as the program typed it: links in it are not followed */

#define WIRE_PATH_MAX     4096
#define WIRE_FILENAME_MAX 4096
#define WIRE_ARGV_MAX     2048

/* The cgroup number is of the v1 memory hierarchy, not of v2. */
#define WIRE_CGROUP_V1 (1ull << 63)

struct wire_header {
	__u16 kind;
	__u16 flags;
	__u32 length;
	__u64 time_ns;   /* CLOCK_BOOTTIME */
	__u64 cgroup;
	__u64 image;     /* of the acting process; 0 = a kernel thread. Exec: the new one */
	__u64 key;       /* the observation, its cgroup included */
	__u32 pid, tid;  /* of the initial pid namespace */
	__u32 uid;
	__u32 tags;      /* WIRE_TAG_* */
	__u32 access;    /* file: WIRE_ACCESS_* */
	__u32 epoch;     /* the table that counts it */
};
_Static_assert(sizeof(struct wire_header) == 64, "wire_header");
_Static_assert(__builtin_offsetof(struct wire_header, pid) == 40, "wire_header.pid");

struct wire_exec {
	struct wire_header header;
	__u64 caller;         /* image before this one; 0 = not known to the kernel side */
	__u64 process_ns;     /* CLOCK_BOOTTIME start of the process */
	__u32 parent_pid;
	__u32 login_uid;
	__u32 pid_in_namespace;
	__u16 filename_length, argv_length, cwd_length;  /* the texts follow in this order */
	__u16 argv_cut;       /* 1: the arguments were longer */
	__u32 reserved;
};
_Static_assert(sizeof(struct wire_exec) == 104, "wire_exec");

struct wire_connect {
	struct wire_header header;
	__u8 address[16];     /* IPv4 in the first 4 */
	__u16 port;           /* host order */
	__u8 family;          /* 4 or 6 */
	__u8 protocol;        /* IPPROTO_* */
	__u32 reserved;
};
_Static_assert(sizeof(struct wire_connect) == 88, "wire_connect");

struct wire_exit {
	struct wire_header header;
	__u32 code;           /* as wait(2) tells it */
	__u32 reserved;
};
_Static_assert(sizeof(struct wire_exit) == 72, "wire_exit");

struct wire_fork {
	struct wire_header header;  /* of the parent */
	__u64 process_ns;
	__u32 child;
	__u32 reserved;
};
_Static_assert(sizeof(struct wire_fork) == 80, "wire_fork");

/*
 * Map `seen`: two tables, one after the other, of buckets. A bucket is one line of the processor's cache and holds what
 * hashes to it. A table has levels, each twice the one before: what finds its bucket full goes on to the next level, so few
 * observations lie close together; after the last level come the buckets of a tail, one by one. A key of 0 is a free place; a
 * count may lag behind its key for a moment. Counts and times wrap around: user space reads them often and adds up the
 * differences.
 */
#define WIRE_BUCKET 4
#define WIRE_LEVELS 4         /* of 1/16, 1/8, 1/4 and 1/2 of the table; the tail has the last 1/16 */
#define WIRE_PROBES 8
#define WIRE_TICK_SHIFT 20    /* a tick is 2^20 ns, about a millisecond */

struct wire_seen {
	__u64 key;
	__u32 count;
	__u32 last_tick;      /* CLOCK_BOOTTIME, to the consumer's timer */
};
struct wire_bucket {
	struct wire_seen seen[WIRE_BUCKET];
};
_Static_assert(sizeof(struct wire_seen) == 16, "wire_seen");
_Static_assert(sizeof(struct wire_bucket) == 64, "wire_bucket");

/* What a system call does, by its number; told to the kernel side at load. See schema/calls.def. */
enum wire_op {
	WIRE_OP_NONE,
	WIRE_OP_OPEN,         /* opens a file; the flags are argument `path` */
	WIRE_OP_OPEN_HOW,     /* ... behind the pointer that argument `path` is */
	WIRE_OP_CREAT,
	WIRE_OP_FILE,         /* does `bits` to the file of descriptor `path` */
	WIRE_OP_MAP,          /* mmap(2) */
	WIRE_OP_NAMES,        /* does `bits` to the name `path` in folder `folder`, and the same to the second pair */
	WIRE_OP_GUARD,
	WIRE_OP_PTRACE,
	WIRE_OP_SET_USER,
	WIRE_OP_CONNECT,
	WIRE_OP_BIND,
};
#define WIRE_CALLS_MAX 512   /* numbers */
#define WIRE_ROWS_MAX  64    /* different ones */
#define WIRE_CALL_HERE 254   /* for `folder`: the working directory */
#define WIRE_CALL_NONE 255   /* no such argument */
struct wire_call {
	__u8 op, guard;       /* guard: `bits` is the number of one, not an access */
	__u8 folder, path, folder2, path2;
	__u16 bits;
};
_Static_assert(sizeof(struct wire_call) == 8, "wire_call");

/* Only paths that begin so are sent; one that ends without a slash means itself. */
#define WIRE_PREFIXES_MAX 8
#define WIRE_PREFIX_MAX   248
struct wire_prefix {
	__u32 length, whole;  /* whole: the path is this */
	char text[WIRE_PREFIX_MAX];
};
_Static_assert(sizeof(struct wire_prefix) == 256, "wire_prefix");

/* Map `lost`: the key of a counter. */
struct wire_lost {
	__u64 cgroup;
	__u32 loss, reserved;
};
_Static_assert(sizeof(struct wire_lost) == 16, "wire_lost");

#define WIRE_SCRATCH_SLOTS 64
#define WIRE_SEEN_MAX      262144
#define WIRE_TASKS_MAX     65536
#define WIRE_IMAGES_MAX    65536
#define WIRE_CGROUPS_MAX   65536
#define WIRE_LOST_MAX      16384
