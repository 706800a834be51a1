/* SPDX-License-Identifier: GPL-2.0-only */
/* Every screen is index.html, whose script reads the address; the rest are files by name. */
#include "webui/pages.h"

#include "schema/base/io.h"
#include "webui/assets.h"

enum { ASSET_MAX = 1 << 20 };

const struct asset *asset_find(struct str path)
{
	size_t low = 0, high = assets_n;
	while (low < high) {
		size_t mid = (low + high) / 2;
		int c = str_cmp(path, str_from(assets[mid].path));
		if (!c)
			return &assets[mid];
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/* Only names that are compiled in are read from the folder, so no path can leave it. */
static void serve(const struct web *w, struct str path, struct response *r)
{
	const struct asset *a = asset_find(path);
	if (!a) {
		response_error(r, 404, "Go back to the fleet at /.", "there is no such file");
		return;
	}
	r->type = a->type;
	if (!w->assets_dir) {
		r->fixed = (struct str){(const char *)a->bytes, a->n};
		r->etag = a->etag;
		return;
	}
	CLEANUP_FREE char *file = xasprintf("%s%s", w->assets_dir, a->path);
	int err = read_file(file, ASSET_MAX, &r->body);
	if (err)
		response_error(r, 500, "Check the folder given with --assets.", "cannot read %s: %s", file,
			       strerror(-err));
}

void page_app(struct web *w, const struct request *q, struct response *r)
{
	(void)q;
	serve(w, STR("/index.html"), r);
	r->cookie = true;
}

void page_asset(struct web *w, const struct request *q, struct response *r)
{
	serve(w, q->path, r);
}
