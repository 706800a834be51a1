/* SPDX-License-Identifier: GPL-2.0-only */
/* The files of the UI, compiled in: a table that embed.sh writes, sorted by path. */
#pragma once

#include "schema/base/base.h"

struct asset {
	const char *path;            /* "/app.js" */
	const char *type;            /* MIME type */
	const char *etag;            /* with its quotes */
	const unsigned char *bytes;
	size_t n;
};

extern const struct asset assets[];
extern const size_t assets_n;

/* The asset with that path, or NULL. */
const struct asset *asset_find(struct str path);
