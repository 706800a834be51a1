/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a meaning implies beyond the line it came from: an open for writing is followed by writes, a connect passes the
 * hooks of connecting, a guard those that guard it. A hook that the stream records itself is not implied.
 */
#include "compiler/eval/eval_hit.h"

/* ---- guards ---- */

void imply_guard_args(struct hit *h, const struct event *ev)
{
	bool raises = str_eq(ev->guard, STR("raise-privilege"));
	switch (h->site) {
	case SITE_KERNEL_READ_FILE:
		hit_path(h, 0, ev->path, ev->path_known);
		hit_number(h, 1, 2);   /* READING_MODULE */
		break;
	case SITE_KERNEL_LOAD_DATA:
		hit_number(h, 0, 2);   /* LOADING_MODULE */
		break;
	case SITE_PTRACE_ACCESS_CHECK:
		hit_bits(h, 1, (struct str){NULL, 0}, 2, 3);   /* PTRACE_MODE_ATTACH */
		break;
	case SITE_SB_MOUNT:
		hit_path(h, 1, ev->path, ev->path_known && ev->path.n);
		break;
	case SITE_TASK_FIX_SETUID:
		if (!raises)
			break;
		hit_between(h, 0, STR("uid.val"), 0, 0);
		hit_between(h, 1, STR("uid.val"), 1, UINT32_MAX);
		break;
	default:
		break;
	}
}

void imply_guard_hits(struct engine *e, const struct event *ev, struct hits *hits)
{
	static const struct {
		struct str guard;
		uint32_t site;
	} sites[] = {
		{STR_INIT("kernel-module"), SITE_KERNEL_READ_FILE},
		{STR_INIT("ptrace"), SITE_PTRACE_ACCESS_CHECK},
		{STR_INIT("mount"), SITE_SB_MOUNT},
		{STR_INIT("raise-privilege"), SITE_TASK_FIX_SETUID},
		{STR_INIT("bpf"), SITE_BPF},
	};
	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		struct hit *h = str_eq(sites[i].guard, ev->guard) ? hit_by(e, hits, sites[i].site, &ev->process) : NULL;
		if (h)
			imply_guard_args(h, ev);
	}
}

/* ---- files ---- */

struct implied {
	struct engine *e;
	const struct event *ev;
	struct hits *hits;
};

/* A hit of a hook that the stream does not record itself. */
static struct hit *imply(const struct implied *i, uint32_t site)
{
	if (i->e->at.v[site].recorded)
		return NULL;
	return hit_by(i->e, i->hits, site, &i->ev->process);
}

static void imply_file(const struct implied *i, uint32_t site)
{
	struct hit *h = imply(i, site);
	if (h)
		hit_path(h, 0, i->ev->path, i->ev->path_known);
}

static void imply_entry(const struct implied *i, uint32_t site, const char *maybe)
{
	struct hit *h = imply(i, site);
	if (h)
		h->maybe = maybe;
	if (h)
		line_whole_paths(h, &(struct event){.path = i->ev->path, .path_known = i->ev->path_known});
}

enum { OPEN_WRITERS = ACCESS_WRITE | ACCESS_APPEND };

static void imply_open(const struct implied *i)
{
	struct hit *h = imply(i, SITE_FILE_OPEN);
	if (!h)
		return;
	uint32_t a = i->ev->access;
	hit_path(h, 0, i->ev->path, i->ev->path_known);
	uint64_t flags = !(a & OPEN_WRITERS) ? 0 : a & ACCESS_READ ? 2 : 1;
	flags |= (a & ACCESS_CREATE ? 0x40u : 0) | (a & ACCESS_TRUNCATE ? 0x200u : 0) |
		 (a & ACCESS_APPEND ? 0x400u : 0);
	hit_bits(h, 0, STR("f_flags"), flags, 0x3 | 0x40 | 0x200 | 0x400);
}

/* What a program that opens a file so then does with it. */
static void imply_use(const struct implied *i)
{
	uint32_t a = i->ev->access;
	struct hit *h;
	if ((a & OPEN_WRITERS) && (h = imply(i, SITE_FILE_PERMISSION))) {
		hit_path(h, 0, i->ev->path, i->ev->path_known);
		hit_number(h, 1, 2);
	}
	if ((a & ACCESS_READ) && (h = imply(i, SITE_FILE_PERMISSION))) {
		hit_path(h, 0, i->ev->path, i->ev->path_known);
		hit_number(h, 1, 4);
	}
	if (a & ACCESS_TRUNCATE)
		imply_file(i, i->e->target.kernel >= TARGET_KERNEL(6, 2) ? SITE_FILE_TRUNCATE
									 : SITE_PATH_TRUNCATE);
	if (a & ACCESS_CREATE)
		imply_entry(i, SITE_PATH_MKNOD,
			    line_from_policy(i->ev) ? "the events do not tell whether the open made the file or found it" : NULL);
}

static void imply_map(const struct implied *i)
{
	struct hit *h = imply(i, SITE_MMAP_FILE);
	if (!h)
		return;
	hit_path(h, 0, i->ev->path, i->ev->path_known);
	hit_bits(h, 1, (struct str){NULL, 0}, 4, 4 | 2);
}

/* The other way round, as the file system is asked about an exchange. */
static void imply_exchange(const struct implied *i, const struct hit *forth, const char *maybe)
{
	struct hit copy = *forth;   /* the next may move it */
	struct hit *h = imply(i, SITE_INODE_RENAME);
	*h = copy;
	h->maybe = maybe;
	for (uint32_t k = 0; k < h->n; k++)
		h->slots[k].index = h->slots[k].index == 1 ? 3 : h->slots[k].index == 3 ? 1 : h->slots[k].index;
}

/* What passed path_rename comes to inode_rename, with the same entries. */
static void imply_inode_rename(const struct implied *i)
{
	enum { RENAME_EXCHANGE = 2, FLAGS = 4 };
	struct hit *h = imply(i, SITE_INODE_RENAME);
	if (!h)
		return;
	h->site = SITE_PATH_RENAME;
	line_args(i->e, h, i->ev);
	h->site = SITE_INODE_RENAME;
	const struct slot *flags = NULL;
	for (uint32_t k = 0; k < h->n; k++)
		if (h->slots[k].kind == SLOT_NUMBER && h->slots[k].index == FLAGS)
			flags = &h->slots[k];
	if (!flags)
		imply_exchange(i, h, "the events do not tell whether the rename exchanges the two");
	else if (flags->low & RENAME_EXCHANGE)
		imply_exchange(i, h, NULL);
}

static void imply_changes(const struct implied *i)
{
	static const struct {
		uint32_t access, site;
	} entries[] = {
		{ACCESS_UNLINK, SITE_PATH_UNLINK}, {ACCESS_RENAME, SITE_PATH_RENAME}, {ACCESS_LINK, SITE_PATH_LINK},
	};
	for (size_t k = 0; k < ARRAY_SIZE(entries); k++)
		if (i->ev->access & entries[k].access)
			imply_entry(i, entries[k].site, NULL);
	if (i->ev->access & ACCESS_CHMOD)
		imply_file(i, SITE_PATH_CHMOD);
	if (i->ev->access == ACCESS_TRUNCATE)
		imply_file(i, SITE_PATH_TRUNCATE);
}

void imply_file_hits(struct engine *e, const struct event *ev, uint32_t direct, struct hits *hits)
{
	const struct implied *i = &(struct implied){e, ev, hits};
	uint32_t opens = ACCESS_READ | ACCESS_WRITE | ACCESS_APPEND;
	if (direct == SITE_NONE && i->ev->hook.n)
		return;   /* the second name of a line that was judged with both */
	if (direct == SITE_PATH_RENAME)
		imply_inode_rename(i);
	if (direct == SITE_FILE_OPEN) {
		imply_use(i);
	} else if (direct == SITE_FILE_PERMISSION) {
		size_t before = hits->n;
		imply_open(i);
		for (size_t k = before; k < hits->n; k++)
			hits->v[k].earlier = true;
	} else if (direct == SITE_NONE) {
		if (i->ev->access & opens) {
			imply_open(i);
			imply_use(i);
		} else if (i->ev->access & ACCESS_CREATE) {
			imply_entry(i, SITE_PATH_MKNOD, NULL);
		}
		if (i->ev->access & ACCESS_MAP_EXEC)
			imply_map(i);
		imply_changes(i);
	}
}

/* ---- connects ---- */

static void remote_end(struct slot *s, const struct event *ev)
{
	s->known = true;
	s->address = ev->address;
	s->family = ev->address.family == 4 ? 2 : ev->address.family == 6 ? 10 : ev->unix_path.n ? 1 : -1;
	s->protocol = ev->protocol ? ev->protocol : -1;
	s->text = ev->unix_path;
}

/* The socket when connect is called: what it is, and no peer yet. */
static void unconnected(struct slot *s, const struct event *ev)
{
	remote_end(s, ev);
	s->address = (struct address){.family = ev->address.family};
}

void imply_connect_hits(struct engine *e, const struct event *ev, uint32_t direct, struct hits *hits)
{
	const struct implied *i = &(struct implied){e, ev, hits};
	static const struct {
		uint32_t site;
		uint8_t index;
	} with_address[] = {{SITE_SOCKET_CONNECT, 1}, {SITE_SYS_CONNECT, 1}};
	if (i->ev->tags & TAG_UNCONNECTED) {
		/* sendto() with an address: no connect hook sees it, and the socket has no peer to compare. */
		struct hit *sent = direct == SITE_SOCKET_SENDMSG ? NULL : imply(i, SITE_SOCKET_SENDMSG);
		if (sent)
			unconnected(hit_slot(sent, SLOT_SOCKET, 0), i->ev);
		return;
	}
	for (size_t k = 0; k < ARRAY_SIZE(with_address); k++) {
		uint32_t site = with_address[k].site;
		struct hit *h = site == direct ? NULL : imply(i, site);
		if (!h)
			continue;
		remote_end(hit_slot(h, SLOT_ADDRESS, with_address[k].index), i->ev);
		if (site == SITE_SYS_CONNECT && line_from_policy(i->ev))
			h->maybe = "the events do not tell whether it was connect() or fast open or io_uring";
		if (site == SITE_SOCKET_CONNECT)
			unconnected(hit_slot(h, SLOT_SOCKET, 0), i->ev);
	}
	if (direct == SITE_TCP_CONNECT || i->ev->protocol != 6 || !i->ev->address.family)
		return;
	struct hit *h = imply(i, SITE_TCP_CONNECT);
	if (h)
		remote_end(hit_slot(h, SLOT_SOCKET, 0), i->ev);
}

