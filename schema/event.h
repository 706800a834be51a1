/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One thing that happened, whatever told us: the live sensor, a Tetragon line, the store, a
 * scenario. Every struct str in an event is borrowed from its source and valid until the next
 * call of source_next(); whoever keeps one copies it.
 *
 * Two layers. The meaning (kind, process, file, connect ...) is what observations and
 * allowlists are made of. The hook line (hook, args) is what a TracingPolicy compares; a source
 * that saw no hook leaves it empty and the evaluator derives the hooks the meaning implies.
 */
#pragma once

#include "schema/base/base.h"

enum kind {
#define KIND(symbol, name, summary) KIND_##symbol,
#include "schema/kinds.def"
#undef KIND
	KIND_COUNT
};

enum access_bit {
#define ACCESS(symbol, name, summary) ACCESS_BIT_##symbol,
#include "schema/access.def"
#undef ACCESS
	ACCESS_COUNT
};
enum access {
#define ACCESS(symbol, name, summary) ACCESS_##symbol = 1 << ACCESS_BIT_##symbol,
#include "schema/access.def"
#undef ACCESS
};
/* The accesses that change something. */
#define ACCESS_CHANGES                                                                             \
	(ACCESS_WRITE | ACCESS_APPEND | ACCESS_CREATE | ACCESS_TRUNCATE | ACCESS_UNLINK |          \
	 ACCESS_RENAME | ACCESS_LINK | ACCESS_CHMOD)

enum verdict {
#define VERDICT(symbol, name, summary) VERDICT_##symbol,
#include "schema/verdicts.def"
#undef VERDICT
	VERDICT_COUNT
};

enum tag_bit {
#define TAG(symbol, name, summary) TAG_BIT_##symbol,
#include "schema/tags.def"
#undef TAG
	TAG_COUNT
};
enum tag {
#define TAG(symbol, name, summary) TAG_##symbol = 1 << TAG_BIT_##symbol,
#include "schema/tags.def"
#undef TAG
};

/* A program with one of these has no path that a rule could name, whatever text is told of it. */
#define TAGS_NO_PATH (TAG_MEMFD | TAG_DELETED | TAG_DETACHED)

/* Kinds whose object is an address or a unix socket. */
static inline bool kind_has_address(enum kind k)
{
	return k == KIND_CONNECT || k == KIND_BIND;
}

const char *kind_name(enum kind k);
const char *verdict_name(enum verdict v);
const char *access_name(enum access_bit bit);
const char *tag_name(enum tag_bit bit);
/* These return the number, or -1. For access and tags: the bit's number. */
int kind_from(struct str name);
int access_from(struct str name);
int tag_from(struct str name);

enum tristate { UNKNOWN_YET = 0, NO, YES };

struct workload;
struct instance;

/* Kubernetes identity of a process, as its source told it. Empty ns = not in a pod. */
struct pod {
	struct str namespace, name, uid;
	struct str workload, workload_kind;
	struct str labels;              /* raw JSON object {"app":"cart",...}, or empty */
	struct str container_name, container_id;  /* id without scheme */
	struct str image, image_id;
	uint64_t container_start_ns;
	uint32_t container_pid;         /* pid inside the container; 0 = not told */
	bool maybe_exec_probe;
	bool privileged;
};

struct process {
	struct str exec_id, parent_exec_id;  /* key of one program image; empty = stub */
	uint32_t pid, tid, uid, auid;
	struct str filename;    /* as typed, made absolute: Tetragon's process.binary */
	struct str path;        /* as the kernel resolved it; empty + !path_known = unknown */
	bool path_known;        /* path is the kernel's (empty then means memfd and the like) */
	struct str cwd, arguments, flags;
	struct str cap, ns;     /* at exec: raw JSON objects (schema/privileges.h), or empty */
	uint64_t start_ns;
	struct str docker;      /* first 31 hex digits of the container id */
	enum tristate in_init_tree;
	struct pod pod;
	struct str cgroup;      /* cgroup path, where the source knows it */
	uint64_t same;          /* not 0: equal to any other with this number, but for tid, tree and path */
};

/* One argument of a hook line, by its JSON oneof key. */
enum arg_kind {
	ARG_NONE, ARG_STRING, ARG_INT, ARG_UINT, ARG_LONG, ARG_SIZE, ARG_BYTES, ARG_FILE, ARG_PATH,
	ARG_BINPRM, ARG_SOCK, ARG_SKB, ARG_SOCKADDR, ARG_SOCKADDR_UN, ARG_CAPABILITY, ARG_CAPS,
	ARG_CRED, ARG_USER_NS, ARG_MODULE, ARG_SYSCALL, ARG_ERROR, ARG_OTHER,
};

struct address {
	uint8_t bytes[16];      /* IPv4 in the first 4 */
	uint8_t family;         /* 4, 6, or 0 = neither */
	uint16_t port;          /* host order */
};

struct arg {
	enum arg_kind kind;
	struct str label;
	struct str text;        /* string, path, bytes (decoded), sockaddr_un path, module name */
	struct str flags, permission;
	int64_t number;         /* int, uint, long, size (as bits), syscall id, capability value */
	struct str family, type, protocol, state;   /* as printed: AF_INET, SOCK_STREAM, IPPROTO_TCP */
	struct address source, dest;                /* sockaddr: dest */
};

/* What the author of a corpus says must become of the event. */
enum expect { EXPECT_NONE, EXPECT_ALLOW, EXPECT_DENY };

enum hook_section { HOOK_NONE, HOOK_KPROBE, HOOK_TRACEPOINT, HOOK_LSM, HOOK_UPROBE, HOOK_OTHER };

struct event {
	enum kind kind;
	uint64_t count;         /* how many of it this stands for; >= 1 */
	uint64_t time_ns;       /* wall clock, ns since 1970; 0 = not told */
	uint64_t line;          /* where in its source, from 1 */
	struct str source;      /* file name, or "store" ... */
	struct str node, cluster;
	uint32_t tags;          /* TAG_* of the event and its object */
	struct process process; /* who did it. exec: the NEW image */
	struct process parent;  /* exec without clone: the previous image of the same pid */
	bool has_parent;

	/* Meaning, by kind. exec: see process, and */
	struct str interpreter; /* exec of a script: resolved interpreter, if known */
	struct str path;        /* file: what was touched, as the kernel resolved it */
	bool path_known;        /* false: path is as typed, or not told */
	uint32_t access;        /* file: ACCESS_* bits */
	struct address address; /* connect: the remote end */
	uint8_t protocol;       /* connect: IPPROTO_TCP 6, IPPROTO_UDP 17, 0 = not told */
	struct str unix_path;   /* connect to a unix socket (abstract: leading @) */
	int32_t result;         /* errno as a negative number, where told */
	bool has_returned;      /* a hook line that tells what its call returned */
	int64_t returned;
	uint32_t exit_status;
	struct str exit_signal; /* "SIGKILL" ... or empty */
	struct str guard;       /* guard: kernel-module, ptrace, mount, raise-privilege, bpf ... */
	uint64_t lost;          /* loss: how many */

	/* The hook line it came from, if any. */
	enum hook_section section;
	struct str hook;        /* security_file_open, file_open, raw_syscalls/sys_exit; no arch prefix */
	bool compat;            /* ... of a 32-bit system call (__ia32_) */
	struct str policy;      /* policy_name of the line */
	struct str action;      /* SIGKILL ... without KPROBE_ACTION_ */
	const struct arg *args; /* in the order of that policy's list */
	uint32_t nargs;

	/*
	 * From the export of a store, which holds observations: whose it is and where, as that store says (NULL: it
	 * follows from the process), the last of COUNT times, the command line kept with it, and a loss's name there.
	 */
	const struct workload *workload;
	const struct instance *instance;
	uint64_t last_ns;
	struct str example;
	struct str loss_kind, loss_reason;

	/* From a corpus. */
	enum expect expect;
	struct str label;       /* "attack: reverse shell", "benign: start-up" */
};
