/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the enforcer's programs and stakeout-enforce share besides the policy maps of schema/image.h: which cgroup is under
 * which policy, what was counted, and the records of what was refused. ABI between two compilers, and between two runs of
 * stakeout-enforce, since all of it stays pinned.
 *
 *	cgroups    cgroup id -> number of a workload          children are entered when they are made
 *	workloads  number -> struct enforce_workload          one word of it names policy slot, mode, what is judged
 *	<tables>   slot -> that policy's table                one outer map for each of the image's tables
 *	path_hits, port_hits   slot -> struct enforce_hits   what each entry decided; see ENFORCE_HITS_*
 *	filters    slot -> struct enforce_filter              which paths cannot be in the policy
 *	refusals   ring buffer of struct enforce_refusal
 *	state      0 -> struct enforce_state
 *	names      number -> struct enforce_name
 *	vouched    execs under way that one program judged for another
 *	callers    who began the execs under way, where fmod_ret programs are left out
 *	copies     what container runtimes started that has no path
 *	recent     the last refusals, one after the other and around
 *
 * A policy is replaced by filling a free slot and then storing one word.
 */
#pragma once

#include <linux/types.h>

#define ENFORCE_LAYOUT        10      /* raised with every change of this file, or of the programs or their maps: names the folder */
#define ENFORCE_SLOTS         16384   /* twice as many as are in force, to replace them all at once; not more than workloads */
#define ENFORCE_WORKLOADS     16384
#define ENFORCE_CGROUPS       65536
#define ENFORCE_VOUCHED       4096    /* execs under way */
#define ENFORCE_CALLER_MAX    1024    /* bytes of the path of who began one */
#define ENFORCE_RECENT        64      /* refusals kept for who asks later; a power of two */
#define ENFORCE_RECENT_OBJECT 256     /* bytes of their objects */
#define ENFORCE_TABLES        11      /* of a policy: an image's, settings among them though never there, two of hits and the filter */
#define ENFORCE_FILTER_BITS   4096
#define ENFORCE_HITS_PATHS    16      /* in "path_hits": the place of path id 0 */
#define ENFORCE_HITS_GUARDS   4       /* likewise of the first guard; before it each kind's refusals that no entry names */
#define ENFORCE_RING_BYTES    (1 << 20)
#define ENFORCE_SUBJECT_MAX   512     /* bytes of a subject's path in a record */
#define ENFORCE_OBJECT_MAX    4096
#define ENFORCE_EXEMPT_MAX    2
#define ENFORCE_RUNTIMES_MAX  16      /* files of container runtimes */
#define ENFORCE_COPIES        4096    /* of them, in use; the oldest are forgotten first */
#define ENFORCE_CGROUP_V1     (1ull << 63)   /* the id is of the v1 memory hierarchy */

enum enforce_kind {             /* numbered as the bits of image_settings.judges; guards follow */
	ENFORCE_EXEC,
	ENFORCE_FILE,
	ENFORCE_CONNECT,
	ENFORCE_GUARD,
	ENFORCE_KINDS,
};

enum enforce_mode { ENFORCE_OFF, ENFORCE_AUDIT, ENFORCE_DENY };

/* enforce_workload.word */
#define ENFORCE_SLOT(word)    ((__u32)(word))
#define ENFORCE_MODE(word)    ((__u32)((word) >> 32 & 0xff))
#define ENFORCE_JUDGES(word)  ((__u32)((word) >> 40 & 0xff))
#define ENFORCE_GUARDS(word)  ((__u32)((word) >> 48 & 0xff))
#define ENFORCE_WORD(slot, mode, judges, guards)                                                   \
	((__u64)(slot) | (__u64)(mode) << 32 | (__u64)(judges) << 40 | (__u64)(guards) << 48)

struct enforce_workload {
	__u64 word;             /* 0: a free place */
	__u64 deadline_ns;      /* CLOCK_BOOTTIME: from then on only audit; 0 = never */
	__u64 denied[ENFORCE_KINDS];
	__u64 audited[ENFORCE_KINDS];
	__u64 last_ns;          /* CLOCK_BOOTTIME: the last of them */
	__u64 tables;           /* user space: which tables the policy slot of this number holds; not of the workload */
};

struct enforce_hits {
	__u64 allowed, denied, audited;
};

/*
 * Which paths cannot be in "paths", at the cost of a look: most folders around a path are none of any rule. The bit of its length,
 * modulo 64, and that of its key are set for every entry.
 */
struct enforce_filter {
	__u64 policy;           /* a number that no other policy has or had */
	__u64 lengths;
	__u64 longest;          /* entry, in bytes */
	__u64 bits[ENFORCE_FILTER_BITS / 64];
};

static inline __u32 enforce_filter_bit(__u64 hash)
{
	return (__u32)(hash & (ENFORCE_FILTER_BITS - 1));
}

/* A file that is never refused to a process with every right on the host. */
struct enforce_identity {
	__u64 inode;
	__u32 device, generation;
};

/* Who began an exec, as he was then: of his process and the path of its program, or none that a rule could name. */
enum enforce_caller_flag {
	ENFORCE_CALLER_RUNTIME = 1,   /* outside of all containers */
	ENFORCE_CALLER_EXEMPT = 2,
};

struct enforce_caller {
	__u64 started;          /* when the first thread was, which is another for every process at this address */
	__u32 flags, length;
	char path[ENFORCE_CALLER_MAX];
};

/* A container runtime's file, and the mount namespace in which it was found; inode 0: a free place. */
struct enforce_runtime {
	struct enforce_identity file;
	__u32 namespace, pad;
};

enum enforce_loss {
	ENFORCE_LOSS_RECORD,    /* the ring was full: counted, not recorded */
	ENFORCE_LOSS_SCRATCH,   /* no work buffer was free: refused */
	ENFORCE_LOSS_CGROUP,    /* a new cgroup found the map full: it is under no policy */
	ENFORCE_LOSS_FILE,      /* signal: the file was gone before it could be looked at: refused */
	ENFORCE_LOSSES,
};

struct enforce_state {
	struct enforce_identity exempt[ENFORCE_EXEMPT_MAX];
	struct enforce_runtime runtimes[ENFORCE_RUNTIMES_MAX];
	__u64 losses[ENFORCE_LOSSES];
	__u64 backend;          /* enum enforce_backend, for whoever opens the pins */
	__u64 recent;           /* how many refusals there were */
	__u64 made;             /* how many cgroups were made */
};

enum enforce_backend {
	ENFORCE_BACKEND_NONE,
	ENFORCE_BACKEND_LSM,
	ENFORCE_BACKEND_FMOD_RET,
	ENFORCE_BACKEND_SIGNAL,
	ENFORCE_BACKENDS,
};

/* What user space keeps beside a workload; programs do not read it. */
struct enforce_name {
	__u64 applied_ns;       /* since 1970 */
	__u64 cgroup;           /* id, as in "cgroups" */
	__u64 memory;           /* of the policy, in bytes */
	__u32 tables[ENFORCE_TABLES];   /* ids of its maps; 0 = none */
	__u32 paths, ports, pad;     /* entries in these tables of the image */
	__u8 digest[32];        /* of the image */
	char image[256];        /* its allowlist's name; names that are longer are cut */
	char workload[512];     /* written form */
	char folder[1024];      /* the cgroup's, absolute */
};

enum enforce_outcome {
	ENFORCE_AUDITED,        /* would have been refused */
	ENFORCE_REFUSED,        /* the call failed */
	ENFORCE_KILLED,         /* before the first instruction of the program that was not allowed */
	ENFORCE_KILLED_AFTER,   /* the call had its effect */
};

enum enforce_flag {
	ENFORCE_OBJECT_CUT = 1,     /* the object's path could not be read whole: refused for that */
	ENFORCE_OBJECT_MEMFD = 2,
	ENFORCE_OBJECT_DELETED = 4,
	ENFORCE_SUBJECT_CUT = 8,    /* the text is not the whole path */
	ENFORCE_SUBJECT_NAMELESS = 16,
	ENFORCE_OBJECT_NAMELESS = 32,
	ENFORCE_OBJECT_DETACHED = 64,
};

struct enforce_refusal {
	__u64 time_ns;          /* CLOCK_BOOTTIME */
	__u64 cgroup;
	__u32 workload, slot;
	__u32 pid, uid;         /* of the initial namespaces */
	__u8 kind, outcome, family, protocol;
	__u32 access;           /* file: what nothing grants; guard: IMAGE_GUARD_* */
	__u32 flags;            /* enum enforce_flag */
	__u16 port;             /* host order */
	__u16 subject_length, object_length, pad;
	__u8 address[16];       /* IPv4 in the first 4 */
	__u32 pad2;
	char subject[ENFORCE_SUBJECT_MAX];
	/* object_length bytes of the object's path follow */
};

struct enforce_recent {
	__u64 number;           /* from 1; 0 while it is written */
	struct enforce_refusal record;
	char object[ENFORCE_RECENT_OBJECT];
};

_Static_assert(ENFORCE_SLOTS <= ENFORCE_WORKLOADS, "a place for what is noted of each slot");
_Static_assert(sizeof(struct enforce_workload) == 96, "ABI");
_Static_assert(sizeof(struct enforce_identity) == 16, "ABI");
_Static_assert(sizeof(struct enforce_runtime) == 24, "ABI");
_Static_assert(sizeof(struct enforce_caller) == 16 + ENFORCE_CALLER_MAX, "ABI");
_Static_assert(sizeof(struct enforce_state) == 472, "ABI");
_Static_assert(sizeof(struct enforce_name) == 112 + 256 + 512 + 1024, "ABI");
_Static_assert(sizeof(struct enforce_refusal) == 72 + ENFORCE_SUBJECT_MAX, "ABI");
_Static_assert(__builtin_offsetof(struct enforce_refusal, subject) == 72, "ABI");
