/* SPDX-License-Identifier: GPL-2.0-only */
/* The UI's own files, compiled in or from a folder while developing. */
#pragma once

#include "webui/web.h"

void page_app(struct web *w, const struct request *q, struct response *r);   /* index.html */
void page_asset(struct web *w, const struct request *q, struct response *r); /* /{file} */
