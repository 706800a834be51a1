/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads an image file, or refuses it whole: another format, a wrong digest, a table that is not sorted, an id,
 * chunk or port run that points nowhere, a path whose hash is not its bytes'.
 */
#pragma once

#include "compiler/image_eval.h"
#include "schema/base/diag.h"

enum { IMAGE_FILE_MAX = 256 << 20 };

/* FILE only names the image in messages. -EINVAL with the reason in D. */
int image_load(const char *file, struct str bytes, struct diag *d, struct image **ret);
int image_read(const char *file, struct diag *d, struct image **ret);
