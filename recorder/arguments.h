/* SPDX-License-Identifier: GPL-2.0-only */
/* Command lines as text. */
#pragma once

#include "schema/base/buf.h"

/*
 * Appends the arguments after the first of ARGV (each ended by a NUL) joined by spaces; one that is empty or
 * holds a space in quotes, as Tetragon writes them.
 */
void arguments_join(struct str argv, struct buf *b);
