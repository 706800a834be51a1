/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An image file: one ELF object for the BPF machine that readelf, bpftool and libbpf open.
 *
 *	.maps              a libbpf map definition for each map of schema/image.h, described by .BTF
 *	entries.NAME       the content of each map: keys and values, sorted by key; array maps values only
 *	.note.stakeout     format, digests, names (see enum image_note)
 *
 * Reading refuses it whole or takes it whole: another format, a wrong digest, a table that is not sorted, an id, chunk or
 * port run that points nowhere, a path whose hash is not its bytes'.
 */
#pragma once

#include "schema/base/buf.h"
#include "schema/base/diag.h"
#include "schema/event.h"
#include "schema/image.h"

#define IMAGE_NOTE_OWNER "stakeout"
#define IMAGE_NOTE_SECTION ".note.stakeout"
#define IMAGE_ENTRIES_PREFIX "entries."

/* The accesses that file rules speak of: those that change something; append counts as write. */
#define IMAGE_CHANGES ((uint32_t)ACCESS_CHANGES & ~(uint32_t)ACCESS_APPEND)

enum { IMAGE_MAP_MEMBERS = 5, IMAGE_MAP_SIZE = 8 * IMAGE_MAP_MEMBERS };
enum { IMAGE_FILE_MAX = 256 << 20 };

enum image_note {
	IMAGE_NOTE_FORMAT = 1,    /* u32: IMAGE_FORMAT */
	IMAGE_NOTE_ALLOWLIST,     /* SHA-256 of the printed allowlist */
	IMAGE_NOTE_NAME,          /* metadata.name */
	IMAGE_NOTE_TOOL,          /* version of the writer */
	IMAGE_NOTE_WORKLOAD,      /* the written form of the workload it is for */
	IMAGE_NOTE_DIGEST,        /* SHA-256 of the file with these 32 bytes as zero; the last note */
};

struct image_map_row {
	const char *name;
	uint32_t type;            /* BPF_MAP_TYPE_* */
	uint32_t key_size, value_size;
	uint32_t flags;           /* BPF_F_* */
};
const struct image_map_row *image_map_row(enum image_map m);
uint32_t image_map_limit(enum image_map m);     /* most entries */
uint32_t image_key_size(enum image_map m);      /* in its section: 0 for arrays */
uint32_t image_entry_size(enum image_map m);    /* in its section */

/* The .BTF section for maps of N entries each. */
int image_btf(const uint32_t n[IMAGE_MAP_COUNT], struct buf *ret);

/* The key of PATH (a trailing '/' included) and its bytes in chunks, as the kernel computes them. */
struct image_path_key image_path_key(struct str path);
void image_path_chunk(struct str path, uint32_t number, struct image_chunk *ret);
static inline uint32_t image_path_chunks(size_t length)
{
	return (uint32_t)((length + IMAGE_CHUNK - 1) / IMAGE_CHUNK);
}

/* One map's content: entries sorted by key bytes; array maps hold values only. */
struct image_table {
	const uint8_t *p;
	uint32_t n;               /* entries */
};

struct image {
	struct buf bytes;         /* the whole file, owned */
	struct image_table map[IMAGE_MAP_COUNT];
	uint32_t format;
	struct str name, tool;    /* the allowlist's name; version of the writer */
	struct str workload;      /* written form of the workload it is for */
	uint8_t allowlist_digest[32];
	uint8_t digest[32];       /* of the file */
};

/* FILE only names the image in messages. -EINVAL with the reason in D. */
int image_load(const char *file, struct str bytes, struct diag *d, struct image **ret);
int image_read(const char *file, struct diag *d, struct image **ret);

/* Adds NAME, or every *.elf file of the folder NAME; -EINVAL when it is not there or has none. */
struct image_names {
	char **v;
	size_t n, cap;
};
int image_names(const char *name, struct diag *d, struct image_names *ret);
void image_names_done(struct image_names *n);
void image_free(struct image *i);
DEFINE_CLEANUP(struct image *, image_free)

/* Entry N of a table: key, then value. */
static inline const void *image_entry(const struct image *i, enum image_map m, uint32_t n)
{
	return i->map[m].p + (size_t)n * image_entry_size(m);
}

static inline const struct image_settings *image_settings_of(const struct image *i)
{
	return image_entry(i, IMAGE_MAP_SETTINGS, 0);
}
