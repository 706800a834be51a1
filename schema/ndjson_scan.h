/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two byte searches that reading JSON spends its time in. Both run until they find something: the
 * memory must hold a byte below 0x20 (the line's newline) after P, and SCAN_PAD readable bytes after that.
 */
#pragma once

#include "schema/base/base.h"

#define SCAN_PAD 64

struct scan {
	const char *name;
	const char *(*string_end)(const char *p); /* the first '"', '\\' or byte below 0x20 */
	const char *(*bracket)(const char *p);    /* the first '"' { } [ ] or byte below 0x20 */
};

extern const struct scan scan_portable;

/* The fastest that this processor runs; scan_portable gives identical results. */
const struct scan *scan_best(void);
