/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arguments are the policy author's list, in any order and any choice, so they are found by their type
 * and label, not by position. What a line leaves out stays unknown.
 */
#include "schema/hook.h"

#include <fcntl.h>
#include <netinet/in.h>

#define EPHEMERAL_FIRST 32768   /* Linux' default net.ipv4.ip_local_port_range begins here */
#define READING_MODULE  2       /* enum kernel_read_file_id */
/* O_PATH as Linux numbers it on every architecture that the export comes from. */
#define LINUX_O_PATH    0x200000u

enum reads {
	FILE_MASK,         /* an int: MAY_EXEC 1, MAY_WRITE 2, MAY_READ 4, MAY_APPEND 8 */
	FILE_PROTECTION,   /* a number: PROT_*, and perhaps a second: MAP_* */
	FILE_FLAGS,        /* a number: open flags, or the mode if labelled so */
	FILE_FIXED,        /* nothing but the file */
	FILE_NAME,         /* a path, or a folder and a name in it */
	FILE_TWO_NAMES,    /* old and new */
	FILE_TYPED,        /* a string, flags behind it */
	FILE_TYPED_FIXED,
	CONNECT,
	CONNECT_LOCAL,     /* any end of a connection: counts when ours is the one that opened it */
	BIND,
	LISTEN,            /* a socket: its own end */
	GUARD,
	GUARD_MODULE_FILE,
	GUARD_CREDENTIALS,
	GUARD_SET_ID,
	KEPT,
};

struct hook_row {
	struct str name;
	enum reads reads;
	uint32_t access;
	struct str guard;
};

static const struct hook_row rows[] = {
#define HOOK(name, reads, access, guard) {STR_INIT(name), reads, access, STR_INIT(guard)},
#include "schema/hooks.def"
#undef HOOK
};

struct str hook_plain_name(struct str name)
{
	static const struct str prefixes[] = {STR_INIT("__x64_"), STR_INIT("__arm64_"), STR_INIT("__ia32_"),
					      STR_INIT("__riscv_"), STR_INIT("__s390x_")};
	if (name.n && name.p[0] == '_')
		for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
			if (str_starts(name, prefixes[i]))
				return str_skip(name, prefixes[i].n);
	return name;
}

static const struct hook_row *find_row(const struct event *ev)
{
	static const struct str security = STR_INIT("security_");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (str_eq(rows[i].name, ev->hook))
			return &rows[i];
		if (ev->section == HOOK_LSM && rows[i].name.n == ev->hook.n + security.n &&
		    str_starts(rows[i].name, security) && str_ends(rows[i].name, ev->hook))
			return &rows[i];
	}
	return NULL;
}

static bool is_number(const struct arg *a)
{
	return a->kind == ARG_INT || a->kind == ARG_UINT || a->kind == ARG_LONG || a->kind == ARG_SIZE;
}

static bool is_path(const struct arg *a)
{
	return a->kind == ARG_FILE || a->kind == ARG_PATH || a->kind == ARG_BINPRM;
}

/* The first argument of one of the kinds that FITS, from AFTER on; NULL if none. */
static const struct arg *find_arg(const struct event *ev, bool (*fits)(const struct arg *a),
				  const struct arg *after)
{
	for (uint32_t i = after ? (uint32_t)(after - ev->args) + 1 : 0; i < ev->nargs; i++)
		if (fits(&ev->args[i]))
			return &ev->args[i];
	return NULL;
}

static bool is_string(const struct arg *a)
{
	return a->kind == ARG_STRING;
}

static bool is_socket(const struct arg *a)
{
	return a->kind == ARG_SOCK || a->kind == ARG_SKB;
}

static bool is_address(const struct arg *a)
{
	return a->kind == ARG_SOCKADDR || a->kind == ARG_SOCKADDR_UN;
}

uint32_t access_of_flags(uint64_t flags)
{
	static const uint32_t modes[4] = {ACCESS_READ, ACCESS_WRITE, ACCESS_READ | ACCESS_WRITE, ACCESS_READ};
	if (flags & LINUX_O_PATH)
		return ACCESS_PATH_ONLY;
	uint32_t access = modes[flags & 3];
	access |= flags & 0x40 ? ACCESS_CREATE : 0;
	access |= flags & 0x200 ? ACCESS_TRUNCATE : 0;
	access |= flags & 0x400 ? ACCESS_APPEND : 0;
	return access;
}

uint64_t flags_of_access(uint32_t access)
{
	if (access & ACCESS_PATH_ONLY)
		return LINUX_O_PATH;
	uint64_t flags = access & ACCESS_WRITE ? (access & ACCESS_READ ? 2 : 1) : 0;
	flags |= access & ACCESS_CREATE ? 0x40 : 0;
	flags |= access & ACCESS_TRUNCATE ? 0x200 : 0;
	flags |= access & ACCESS_APPEND ? 0x400 : 0;
	return flags;
}

static uint32_t access_of_mask(int64_t mask)
{
	return (mask & 4 ? ACCESS_READ : 0) | (mask & 2 ? ACCESS_WRITE : 0) |
	       (mask & 8 ? ACCESS_APPEND : 0) | (mask & 1 ? ACCESS_READ : 0);
}

/* A mapping changes the file only when it is shared; not told counts as shared. */
static uint32_t access_of_mapping(int64_t protection, const struct arg *flags)
{
	bool shared = !flags || (flags->number & 3) != 2;
	return (protection & 1 ? ACCESS_READ : 0) | (protection & 2 && shared ? ACCESS_WRITE : 0) |
	       (protection & 4 ? ACCESS_MAP_EXEC : 0);
}

static uint32_t access_of_numbers(const struct event *ev, const struct hook_row *row)
{
	const struct arg *n = find_arg(ev, is_number, NULL);
	if (!n)
		return row->access;
	switch (row->reads) {
	case FILE_MASK:
		return access_of_mask(n->number);
	case FILE_PROTECTION:
		return access_of_mapping(n->number, find_arg(ev, is_number, n));
	case FILE_FLAGS:   /* f_mode: FMODE_READ 1, FMODE_WRITE 2 */
		if (str_eq(n->label, STR("f_mode")))
			return (n->number & 1 ? ACCESS_READ : 0) | (n->number & 2 ? ACCESS_WRITE : 0);
		return access_of_flags((uint64_t)n->number);
	default:
		return row->access;
	}
}

/* Sets the file's path as the kernel resolved it, without the mark of a removed file. */
static void set_path(struct event *ev, const struct arg *a)
{
	static const struct str deleted = STR_INIT(" (deleted)");
	ev->path = a->text;
	ev->path_known = a->text.n > 0 && a->text.p[0] == '/';
	if (str_ends(ev->path, deleted)) {
		ev->path.n -= deleted.n;
		ev->tags |= TAG_DELETED;
	}
	if (a->flags.n && memmem(a->flags.p, a->flags.n, "unresolvedPathComponents", 24)) {
		ev->tags |= TAG_PATH_CUT;
		ev->path_known = false;
	}
}

static struct str last_component(struct str path)
{
	const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;
	return slash ? str_skip(path, (size_t)(slash - path.p) + 1) : path;
}

/* A folder and an entry of it, reported apart: the entry's own path is only that inside its mount. */
static struct str join(struct buf *scratch, struct str folder, struct str entry)
{
	size_t start = scratch->n;
	buf_str(scratch, folder);
	if (!str_ends(folder, STR("/")))
		buf_putc(scratch, '/');
	buf_str(scratch, last_component(entry));
	return (struct str){scratch->p + start, scratch->n - start};
}

static void file_names(struct event *ev, bool two, struct buf *scratch, struct str *ret_second)
{
	const struct arg *v[4];
	size_t n = 0;
	for (const struct arg *a = find_arg(ev, is_path, NULL); a && n < 4; a = find_arg(ev, is_path, a))
		v[n++] = a;
	if (n == 0)
		return;
	set_path(ev, v[0]);
	buf_clear(scratch);
	buf_reserve(scratch, 4 * 4096 + v[0]->text.n + (n > 1 ? v[1]->text.n : 0) + (n > 2 ? v[2]->text.n : 0));
	if (n == 4 && two) {
		buf_reserve(scratch, v[0]->text.n + v[1]->text.n + v[2]->text.n + v[3]->text.n + 8);
		ev->path = join(scratch, v[0]->text, v[1]->text);
		*ret_second = join(scratch, v[2]->text, v[3]->text);
	} else if (n == 3 && two) {
		/* path_link: the old name is told inside its mount only; the new one is a folder and a name. */
		set_path(ev, v[1]);
		ev->path = join(scratch, v[1]->text, v[2]->text);
		ev->tags |= TAG_ONE_NAME;
	} else if (n == 2 && two) {
		*ret_second = v[1]->text;
	} else if (n == 2) {
		ev->path = join(scratch, v[0]->text, v[1]->text);
	}
}

static void file_event(struct event *ev, const struct hook_row *row, struct buf *scratch,
		       struct str *ret_second)
{
	ev->kind = KIND_FILE;
	ev->access = access_of_numbers(ev, row);
	if (row->reads == FILE_NAME || row->reads == FILE_TWO_NAMES) {
		file_names(ev, row->reads == FILE_TWO_NAMES, scratch, ret_second);
	} else {
		const struct arg *file = find_arg(ev, is_path, NULL);
		if (file)
			set_path(ev, file);
	}
	if (ev->path.n == 0)   /* a pipe, a socket, an anonymous inode, "/" itself */
		ev->kind = KIND_HOOK;
}

/* The path as the program typed it: counted when absolute, since nothing else names the file for sure. */
static void typed_event(struct event *ev, const struct hook_row *row)
{
	const struct arg *name = find_arg(ev, is_string, NULL);
	ev->kind = KIND_HOOK;
	if (!name || name->text.n == 0)
		return;
	ev->path = name->text;
	ev->access = row->access;
	const struct arg *flags = find_arg(ev, is_number, name);
	if (row->reads == FILE_TYPED)
		ev->access = flags ? access_of_flags((uint64_t)flags->number) : 0;
	if (name->text.p[0] == '/')
		ev->kind = KIND_FILE;
}

static struct address plain_address(struct address a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	if (a.family != 6 || memcmp(a.bytes, mapped, sizeof(mapped)))
		return a;
	struct address v4 = {.family = 4, .port = a.port};
	memcpy(v4.bytes, a.bytes + 12, 4);
	return v4;
}

static uint8_t protocol_number(struct str name)
{
	return str_eq(name, STR("IPPROTO_TCP")) ? IPPROTO_TCP : str_eq(name, STR("IPPROTO_UDP")) ? IPPROTO_UDP : 0;
}

static void connect_event(struct event *ev, bool either_end)
{
	const struct arg *to = find_arg(ev, is_address, NULL);
	const struct arg *socket = find_arg(ev, is_socket, NULL);
	ev->kind = KIND_HOOK;
	if (socket)
		ev->protocol = protocol_number(socket->protocol);
	if (str_eq(ev->hook, STR("tcp_connect")))
		ev->protocol = IPPROTO_TCP;
	if (to && to->kind == ARG_SOCKADDR_UN) {
		ev->unix_path = to->text;
		if (to->text.n)
			ev->kind = KIND_CONNECT;
		return;
	}
	if (!to && !socket)
		return;
	ev->address = plain_address(to ? to->dest : socket->dest);
	if (ev->address.family == 0)
		return;
	/* which end opened it is not told: an ephemeral port here and a service port there is ours */
	if (either_end && !to && (socket->source.port < EPHEMERAL_FIRST || ev->address.port >= EPHEMERAL_FIRST ||
				  ev->address.port == 0))
		return;
	ev->kind = KIND_CONNECT;
}

static void listen_event(struct event *ev)
{
	const struct arg *socket = find_arg(ev, is_socket, NULL);
	ev->tags |= TAG_LISTENING;
	if (!socket)
		return;
	ev->protocol = protocol_number(socket->protocol);
	ev->address = plain_address(socket->source);
	if (ev->address.family)
		ev->kind = KIND_BIND;
}

static bool raises(const struct event *ev)
{
	if (ev->process.uid == 0)
		return false;
	for (const struct arg *a = find_arg(ev, is_number, NULL); a; a = find_arg(ev, is_number, a))
		if (a->number == 0)
			return true;
	return false;
}

static bool is_guarded(const struct event *ev, const struct hook_row *row)
{
	const struct arg *n = find_arg(ev, is_number, NULL);
	switch (row->reads) {
	case GUARD_MODULE_FILE:
		return !n || n->number == READING_MODULE;
	case GUARD_SET_ID:
		return raises(ev);
	case GUARD_CREDENTIALS:
		return ev->process.uid != 0;
	default:
		return true;
	}
}

static void guard_event(struct event *ev, const struct hook_row *row)
{
	const struct arg *file = find_arg(ev, is_path, NULL);
	ev->kind = KIND_HOOK;
	if (!is_guarded(ev, row))
		return;
	ev->kind = KIND_GUARD;
	ev->guard = row->guard;
	if (file)
		set_path(ev, file);
	for (const struct arg *a = find_arg(ev, is_string, NULL); a && !file; a = find_arg(ev, is_string, a))
		if (str_eq(a->label, STR("path")))
			ev->path = a->text;
}

void hook_meaning(struct event *ev, struct buf *scratch, struct str *ret_second)
{
	*ret_second = (struct str){NULL, 0};
	ev->kind = KIND_HOOK;
	const struct hook_row *row = find_row(ev);
	if (!row)
		return;
	const struct arg *file;
	switch (row->reads) {
	case FILE_TYPED:
	case FILE_TYPED_FIXED:
		typed_event(ev, row);
		return;
	case CONNECT:
	case CONNECT_LOCAL:
		connect_event(ev, row->reads == CONNECT_LOCAL);
		return;
	case BIND:
		connect_event(ev, false);
		if (ev->kind == KIND_CONNECT)
			ev->kind = KIND_BIND;
		return;
	case LISTEN:
		listen_event(ev);
		return;
	case GUARD:
	case GUARD_MODULE_FILE:
	case GUARD_CREDENTIALS:
	case GUARD_SET_ID:
		guard_event(ev, row);
		return;
	case KEPT:
		file = find_arg(ev, is_path, NULL);
		if (file)
			set_path(ev, file);
		return;
	default:
		file_event(ev, row, scratch, ret_second);
	}
}
