/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which lines of which logs were taken in: runs of line digests. A run is found by its first line, so a run may
 * begin anywhere. Written in the same transaction as the counts that its lines gave.
 */
#pragma once

#include "schema/base/buf.h"
#include "schema/store.h"

/* The newest that are kept; older ones go, a quarter at a time. 8 bytes each. */
#define STREAM_LINES_MAX (16u << 20)

/* A random number of this store, which makes digests unforeseeable. */
int store_stream_key(struct store *s, uint64_t *ret);

/* Calls FN with the first digest of every run. */
int store_stream_firsts(struct store *s, void (*fn)(void *arg, uint64_t first), void *arg);

/* The run that begins with FIRST into *RET, uint64_t each. 1 = there is one, 0, -errno. */
int store_stream_get(struct store *s, uint64_t first, struct buf *ret);

/* A run that holds LINE somewhere, from that line on. 1 = there is one, 0, -errno. Reads all of them. */
int store_stream_from(struct store *s, uint64_t line, struct buf *ret);

/* Adds a run (replaces one that begins with the same line and is shorter). Prunes. */
int store_stream_put(struct store *s, const uint64_t *lines, size_t n, uint64_t now_ns);
