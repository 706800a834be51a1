/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process object of the export and a cache of those already read: a line repeats its process and
 * parent byte for byte, so the second time they are compared instead of parsed.
 */
#pragma once

#include "schema/event.h"
#include "schema/ndjson_fields.h"

/* A longer process object is read but not kept. */
#define PROCESS_TEXT_MAX  (16u << 10)
/* The cache begins anew when it holds this many bytes. */
#define PROCESS_CACHE_MAX (48u << 20)

struct process_cache;

/* NUMBERS counts what is read, for process.same; NULL: it stays 0. */
struct process_cache *process_cache_new(uint64_t *numbers);
void process_cache_free(struct process_cache *c);

/* A new line: what the previous one returned may be dropped from now on. */
void process_cache_line(struct process_cache *c);

/*
 * Reads the object at J into *RET, whose strings live until the next process_cache_line();
 * *RET_TAGS: what it says of the process (TAG_INIT_TREE, TAG_PROBE, TAG_INVENTORY ...).
 */
bool process_read(struct process_cache *c, struct json *j, struct process *ret, uint32_t *ret_tags);
