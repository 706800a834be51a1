/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lowered rules as an image file: one ELF object for the BPF machine that readelf, bpftool and libbpf open.
 *
 *	.maps              a libbpf map definition for each map of schema/image.h, described by .BTF
 *	entries.NAME       the content of each map: keys and values, sorted by key; array maps values only
 *	.note.stakeout     format, digests, names (see enum image_note)
 *
 * The bytes depend on the allowlist and the tool's version only.
 */
#pragma once

#include "compiler/lower.h"
#include "schema/base/buf.h"
#include "schema/image.h"

#define IMAGE_NOTE_OWNER "stakeout"
#define IMAGE_NOTE_SECTION ".note.stakeout"
#define IMAGE_ENTRIES_PREFIX "entries."

enum { IMAGE_MAP_MEMBERS = 5, IMAGE_MAP_SIZE = 8 * IMAGE_MAP_MEMBERS };

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

/* The content of each map, sorted. Zero it before, image_tables_done() after. */
struct image_tables {
	struct buf map[IMAGE_MAP_COUNT];
};
int image_build(const struct lowered *l, bool enforce, struct diag *d, struct image_tables *ret);
void image_tables_done(struct image_tables *t);

/* -EINVAL with the reason in D when a table's limit is exceeded. ENFORCE: deny rather than audit. */
int emit_elf(const struct lowered *l, bool enforce, struct diag *d, struct buf *ret);

/* The key of PATH (a trailing '/' included) and its bytes in chunks, as the kernel computes them. */
struct image_path_key image_path_key(struct str path);
void image_path_chunk(struct str path, uint32_t number, struct image_chunk *ret);
static inline uint32_t image_path_chunks(size_t length)
{
	return (uint32_t)((length + IMAGE_CHUNK - 1) / IMAGE_CHUNK);
}
