/* SPDX-License-Identifier: GPL-2.0-only */
/* Every screen is index.html, whose script reads the address; the rest are files by name. */
#include "webui/pages.h"

#include <inttypes.h>

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

static struct str screen_of(const struct request *q)
{
	return !q->ncaptures ? STR("fleet") : q->ncaptures == 1 ? STR("review") : q->captures[1];
}

/*
 * The screens' first questions, which the browser then asks while it loads the scripts that need the answers. Each address must be
 * the one that the script uses, else it is asked twice.
 */
static void first_questions(const struct request *q, struct buf *b)
{
	uint64_t id;
	bool workload = q->ncaptures && !str_to_u64(q->captures[0], &id);
	buf_puts(b, "</api/v1/session>; rel=preload; as=fetch; crossorigin");
	if (!workload && (q->ncaptures || q->nquery))
		return;
	buf_puts(b, ", </api/v1/workloads");
	if (workload)
		buf_printf(b, "/%" PRIu64, id);
	else
		buf_puts(b, "?offset=0&limit=100&sort=need");
	buf_puts(b, ">; rel=preload; as=fetch; crossorigin");
	if (workload && !q->nquery && str_eq(screen_of(q), STR("review")))
		buf_printf(b, ", </api/v1/workloads/%" PRIu64 "/observations?offset=0&limit=100&sort=path>; rel=preload; as=fetch; crossorigin", id);
}

/* The scripts of a screen beside those of all, which index.html names. */
static const struct {
	const char *screen;
	const char *scripts[5];
} screens[] = {
	{"fleet", {"/fleet.js"}},
	{"review", {"/review.js", "/choose.js", "/decided.js", "/tree.js"}},
	{"replay", {"/replay.js", "/choose.js", "/strip.js", "/progress.js"}},
	{"policy", {"/policy.js"}},
	{"ship", {"/ship.js", "/policy.js", "/markdown.js"}},
};

static void screen_scripts(const struct request *q, struct buf *b)
{
	struct str screen = screen_of(q);
	for (size_t i = 0; i < ARRAY_SIZE(screens); i++)
		for (const char *const *script = screens[i].scripts; str_eq(screen, str_from(screens[i].screen)) && *script; script++)
			buf_printf(b, ", <%s>; rel=modulepreload", *script);
}

void page_app(struct web *w, const struct request *q, struct response *r)
{
	serve(w, STR("/index.html"), r);
	r->cookie = true;
	CLEANUP_BUF struct buf link = BUF_INIT;
	first_questions(q, &link);
	screen_scripts(q, &link);
	r->link = buf_take(&link);
}

void page_asset(struct web *w, const struct request *q, struct response *r)
{
	serve(w, q->path, r);
}
