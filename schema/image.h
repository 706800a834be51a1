/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policy maps: what an image file holds and the enforcer's programs look up. ABI between user space
 * and kernel: fixed widths, explicit padding, one layout for gcc and clang -target bpf, held by the asserts below.
 *
 *	paths       path hash -> entry       every path or prefix that any rule names
 *	bytes       chunk number -> 64 bytes the same paths in full: a hash finds, these bytes decide
 *	exec_pairs  (caller, target) -> rule callers that may start a target which not everybody may
 *	file_pairs  (caller, object) -> bits accesses that only some callers have
 *	net4, net6  address prefix -> ports  longest match; each entry lists its own and its ancestors' rules
 *	ports       number -> port rule      runs that net4 and net6 point into
 *	settings    0 -> struct image_settings
 *
 * A path that ends in '/' means everything below it. Ids are from 1; caller 0 means any caller.
 */
#pragma once

#ifdef __bpf__
typedef unsigned char image_u8;
typedef unsigned short image_u16;
typedef unsigned int image_u32;
typedef unsigned long long image_u64;
#else
#include <stdint.h>
typedef uint8_t image_u8;
typedef uint16_t image_u16;
typedef uint32_t image_u32;
typedef uint64_t image_u64;
#endif

#define IMAGE_FORMAT     2      /* raised with every change of this file */
#define IMAGE_CHUNK      64     /* bytes of a path in one element of "bytes" */
#define IMAGE_PATH_MAX   4096   /* longest path that can be named */
#define IMAGE_PORTS_MAX  256    /* port rules that one address can reach: the kernel walks them */
#define IMAGE_PATHS_MAX  65536
#define IMAGE_PAIRS_MAX  1048576
#define IMAGE_NETS_MAX   65536

/* MAP(symbol, "name", bpf map type, key type, value type) */
#define IMAGE_MAPS(MAP)                                                                            \
	MAP(SETTINGS, "settings", BPF_MAP_TYPE_ARRAY, image_u32, struct image_settings)            \
	MAP(PATHS, "paths", BPF_MAP_TYPE_HASH, struct image_path_key, struct image_path)           \
	MAP(BYTES, "bytes", BPF_MAP_TYPE_ARRAY, image_u32, struct image_chunk)                     \
	MAP(EXEC_PAIRS, "exec_pairs", BPF_MAP_TYPE_HASH, struct image_pair, image_u32)             \
	MAP(FILE_PAIRS, "file_pairs", BPF_MAP_TYPE_HASH, struct image_pair, image_u32)             \
	MAP(NET4, "net4", BPF_MAP_TYPE_LPM_TRIE, struct image_net4, struct image_net)              \
	MAP(NET6, "net6", BPF_MAP_TYPE_LPM_TRIE, struct image_net6, struct image_net)              \
	MAP(PORTS, "ports", BPF_MAP_TYPE_ARRAY, image_u32, struct image_port)

enum image_map {
#define MAP(symbol, name, type, key, value) IMAGE_MAP_##symbol,
	IMAGE_MAPS(MAP)
#undef MAP
	IMAGE_MAP_COUNT
};

enum image_judges {             /* image_settings.judges: sections that are present */
	IMAGE_JUDGES_EXEC = 1,
	IMAGE_JUDGES_FILE = 2,
	IMAGE_JUDGES_CONNECT = 4,
};

enum image_guard_number {
#define GUARD(symbol, name, summary) IMAGE_GUARD_NUMBER_##symbol,
#include "schema/guards.def"
#undef GUARD
	IMAGE_GUARD_COUNT
};

enum image_guard {              /* image_settings.guards */
#define GUARD(symbol, name, summary) IMAGE_GUARD_##symbol = 1 << IMAGE_GUARD_NUMBER_##symbol,
#include "schema/guards.def"
#undef GUARD
};

struct image_settings {
	image_u32 judges;       /* IMAGE_JUDGES_* */
	image_u32 guards;       /* IMAGE_GUARD_* */
	image_u32 enforce;      /* 0 = audit only, 1 = deny */
	image_u32 paths;        /* entries in "paths": ids are 1..paths */
};

struct image_path_key {
	image_u64 hash[2];
};

enum image_path_flag {
	IMAGE_PATH_EXEC = 1,    /* anybody may start it */
	IMAGE_PATH_PROTECT = 2, /* changes are judged */
	IMAGE_PATH_RUNTIME = 4, /* a container runtime: may start itself, and copies of itself that have no path */
};

struct image_path {
	image_u32 id;
	image_u32 length;       /* bytes, a prefix's '/' included */
	image_u32 chunk;        /* first element in "bytes"; the rest follow, zero padded */
	image_u32 flags;        /* IMAGE_PATH_* */
	image_u32 access;       /* file accesses that anybody has: ACCESS_* bits */
	image_u32 rule;         /* number of the exec rule behind IMAGE_PATH_EXEC; 0 = none */
};

struct image_chunk {
	image_u64 word[IMAGE_CHUNK / 8];
};

struct image_pair {
	image_u32 caller, target;
};

struct image_net4 {
	image_u32 bits;
	image_u8 address[4];
};

struct image_net6 {
	image_u32 bits;
	image_u8 address[16];
};

struct image_net {
	image_u32 first, count; /* run in "ports" */
};

struct image_port {
	image_u16 first, last;  /* host order, inclusive */
	image_u8 protocol;      /* 6, 17, 0 = any */
	image_u8 pad[3];
	image_u32 caller;       /* id of the caller's path; 0 = any */
	image_u32 rule;
};

_Static_assert(sizeof(struct image_settings) == 16, "ABI");
_Static_assert(sizeof(struct image_path_key) == 16, "ABI");
_Static_assert(sizeof(struct image_path) == 24, "ABI");
_Static_assert(__builtin_offsetof(struct image_path, flags) == 12, "ABI");
_Static_assert(sizeof(struct image_chunk) == IMAGE_CHUNK, "ABI");
_Static_assert(sizeof(struct image_pair) == 8, "ABI");
_Static_assert(sizeof(struct image_net4) == 8, "ABI");
_Static_assert(sizeof(struct image_net6) == 20, "ABI");
_Static_assert(sizeof(struct image_net) == 8, "ABI");
_Static_assert(sizeof(struct image_port) == 16, "ABI");
_Static_assert(__builtin_offsetof(struct image_port, caller) == 8, "ABI");
