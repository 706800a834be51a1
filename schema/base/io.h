/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole files in, whole files out: an output is complete under its name or not there at all. */
#pragma once

#include "schema/base/base.h"
#include "schema/base/buf.h"

/* Reads FILE ("-" = standard input) whole. -E2BIG when longer than LIMIT bytes, else -errno. */
int read_file(const char *file, size_t limit, struct buf *ret);

/*
 * Writes N bytes to a temporary beside FILE, syncs it, renames it to FILE, syncs the folder.
 * On failure FILE is as it was. Of a symbolic link, the file that it leads to; devices and pipes are written to, never
 * replaced. Returns 0 or -errno.
 */
int write_file(const char *file, const void *p, size_t n, unsigned mode);

/* Writes all N bytes to a descriptor. Returns 0 or -errno. */
int write_all(int fd, const void *p, size_t n);

/* mkdir -p. Returns 0 or -errno. */
int make_dirs(const char *path);
