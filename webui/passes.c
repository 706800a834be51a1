/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies name programs, paths and addresses; people decide about observations, which tell more apart. Where another
 * choice made an entry that also covers what was denied, the entry is named; else nothing in the policy judges the event.
 */
#include "webui/passes.h"

#include "compiler/image/image_eval.h"
#include "compiler/allow/lower.h"
#include "schema/event_words.h"
#include "schema/rule.h"

enum { CALLERS_SHOWN = 2 };

/* One entry of the allowlist, of whichever kind. */
struct entry {
	const struct str *by;
	size_t nby;
};

static bool by_covers(const struct str *by, size_t nby, const struct process *caller)
{
	for (size_t i = 0; i < nby; i++)
		if (str_eq(by[i], caller->path))
			return true;
	return nby == 0;
}

static bool exec_entry(const struct allowlist *a, const struct event *ev, struct entry *ret, struct buf *b)
{
	for (size_t i = 0; i < a->nexec; i++) {
		const struct allow_exec *e = &a->exec[i];
		if (!path_covers(e->path, ev->process.path) || !by_covers(e->by, e->nby, &ev->parent))
			continue;
		*ret = (struct entry){e->by, e->nby};
		buf_str(b, e->path);
		return true;
	}
	return false;
}

static bool file_entry(const struct allowlist *a, const struct event *ev, struct entry *ret, struct buf *b)
{
	for (size_t i = 0; i < a->nfiles; i++) {
		const struct allow_file *f = &a->files[i];
		bool access = !f->access || lower_access(ev->access) & lower_access(f->access);
		if (!access || !path_covers(f->path, ev->path) || !by_covers(f->by, f->nby, &ev->process))
			continue;
		*ret = (struct entry){f->by, f->nby};
		buf_str(b, f->path);
		return true;
	}
	return false;
}

static bool connect_entry(const struct allowlist *a, const struct event *ev, struct entry *ret, struct buf *b)
{
	for (size_t i = 0; i < a->nconnects; i++) {
		const struct allow_connect *c = &a->connects[i];
		bool port = ev->address.port >= c->port_first && ev->address.port <= c->port_last;
		bool protocol = !c->protocol || !ev->protocol || c->protocol == ev->protocol;
		bool network = !c->network.family || network_covers(&c->network, c->prefix, &ev->address);
		if (!port || !protocol || !network || !by_covers(c->by, c->nby, &ev->process))
			continue;
		const struct rule rule = {.kind = KIND_CONNECT, .network = c->network, .prefix = c->prefix,
					  .port_first = c->port_first, .port_last = c->port_last, .protocol = c->protocol};
		*ret = (struct entry){c->by, c->nby};
		rule_print(b, &rule);
		return true;
	}
	return false;
}

static bool covered(const struct allowlist *a, const struct event *ev, struct entry *ret, struct buf *b)
{
	switch (ev->kind) {
	case KIND_EXEC:
		return exec_entry(a, ev, ret, b);
	case KIND_FILE:
		return file_entry(a, ev, ret, b);
	case KIND_CONNECT:
		return connect_entry(a, ev, ret, b);
	default:
		return false;
	}
}

static void put_callers(const struct entry *e, struct buf *b)
{
	if (!e->nby)
		buf_puts(b, ", by any program");
	for (size_t i = 0; i < MIN(e->nby, (size_t)CALLERS_SHOWN); i++) {
		buf_puts(b, i ? ", " : ", by ");
		buf_str(b, e->by[i]);
	}
	if (e->nby > CALLERS_SHOWN)
		buf_printf(b, " and %zu more", e->nby - CALLERS_SHOWN);
}

void passes_words(const struct candidate *c, const struct event *ev, struct buf *b)
{
	CLEANUP_BUF struct buf what = BUF_INIT;
	struct entry entry;
	if (!covered(c->allowlist, ev, &entry, &what)) {
		struct image_verdict v = image_judge(c->compiled.image, ev);
		buf_printf(b, "denied, and the policy does not judge it: %s", v.judged ? "no entry names it" : v.why);
		return;
	}
	buf_puts(b, "denied, but what you allowed covers it too: ");
	buf_str(b, buf_view(&what));
	put_callers(&entry, b);
	/* These come to a hook as children of the runtime. */
	if (ev->kind == KIND_EXEC && ev->tags & (TAG_PROBE | TAG_ENTRYPOINT | TAG_INTERACTIVE))
		buf_puts(b, "; a container's first program, its probes and sessions are all started by the runtime, and "
			    "no policy tells them apart");
}
