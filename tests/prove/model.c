/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/prove/model.h"

static bool covers(struct str entry, struct str path)
{
	if (entry.p[entry.n - 1] == '/')
		return path.n > entry.n && !memcmp(entry.p, path.p, entry.n);
	return entry.n == path.n && !memcmp(entry.p, path.p, path.n);
}

static bool is_for(const struct str *by, size_t n, struct str caller)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(by[i], caller))
			return true;
	return n == 0;
}

static bool exec_allowed(const struct allowlist *a, const struct event *ev)
{
	if (!a->has_exec)
		return true;
	if (ev->tags & TAGS_NO_PATH)
		return false;
	for (size_t i = 0; i < a->nexec; i++) {
		const struct allow_exec *e = &a->exec[i];
		if (covers(e->path, ev->process.path) && is_for(e->by, e->nby, ev->parent.path))
			return true;
	}
	return false;
}

static bool is_protected(const struct allowlist *a, struct str path)
{
	for (size_t i = 0; i < a->nprotect; i++)
		if (covers(a->protect[i], path))
			return true;
	return false;
}

static const uint32_t changes = ACCESS_WRITE | ACCESS_CREATE | ACCESS_TRUNCATE | ACCESS_UNLINK | ACCESS_RENAME | ACCESS_LINK |
				ACCESS_CHMOD;

/* Appending is writing. */
static uint32_t folded(uint32_t access)
{
	return (access | (access & ACCESS_APPEND ? ACCESS_WRITE : 0)) & changes;
}

static bool file_allowed(const struct allowlist *a, const struct event *ev)
{
	if (a->has_file && ev->tags & TAG_DETACHED)
		return !folded(ev->access);
	if (!a->has_file || !is_protected(a, ev->path))
		return true;
	uint32_t granted = 0;
	for (size_t i = 0; i < a->nfiles; i++) {
		const struct allow_file *f = &a->files[i];
		if (covers(f->path, ev->path) && is_for(f->by, f->nby, ev->process.path))
			granted |= f->access ? folded(f->access) : changes;
	}
	return !(folded(ev->access) & ~granted);
}

static bool bit(const uint8_t *bytes, unsigned i)
{
	return bytes[i / 8] >> (7 - i % 8) & 1;
}

/* An IPv4 peer written as IPv6 is that IPv4 peer. */
static struct address plain(struct address from)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	if (from.family == 6 && !memcmp(from.bytes, mapped, sizeof(mapped))) {
		from.family = 4;
		memmove(from.bytes, from.bytes + 12, 4);
	}
	return from;
}

static bool connect_allowed(const struct allowlist *a, const struct event *ev)
{
	struct address to = plain(ev->address);
	if (!a->has_connect)
		return true;
	if (ev->protocol == 136)
		return false;   /* UDP-Lite */
	for (size_t i = 0; i < a->nconnects; i++) {
		const struct allow_connect *c = &a->connects[i];
		struct address network = c->prefix >= 96 ? plain(c->network) : c->network;
		unsigned prefix = c->prefix - (network.family != c->network.family ? 96 : 0);
		bool same = !network.family || network.family == to.family;
		for (unsigned k = 0; k < prefix && same; k++)
			same = bit(network.bytes, k) == bit(to.bytes, k);
		if (same && to.port >= c->port_first && to.port <= c->port_last &&
		    (!c->protocol || c->protocol == ev->protocol) && is_for(c->by, c->nby, ev->process.path))
			return true;
	}
	return false;
}

static bool guard_allowed(const struct allowlist *a, const struct event *ev)
{
	for (size_t i = 0; i < a->nguards; i++)
		if (str_eq(a->guards[i], ev->guard))
			return false;
	return true;
}

bool model_allows(const struct allowlist *a, const struct event *ev)
{
	switch (ev->kind) {
	case KIND_EXEC:
		return exec_allowed(a, ev);
	case KIND_FILE:
		return file_allowed(a, ev);
	case KIND_CONNECT:
		return connect_allowed(a, ev);
	default:
		return guard_allowed(a, ev);
	}
}
