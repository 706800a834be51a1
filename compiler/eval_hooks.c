/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which hooks an event hits, with which arguments.
 *
 * A hook line is a hit of its hook with its recorded arguments (direct). Beyond that, a meaning implies hooks that the
 * stream did not report: an exec passes sys_execve, bprm_check, sched_process_exec, sys_exit; an open for
 * writing is followed by writes. So that one operation is not judged twice by one hook:
 *
 *	- a hook that the stream records anywhere is not implied by opens and connects (an open that is never
 *	  written through would otherwise be judged as a write);
 *	- an exec line implies the bprm hooks unless their lines came for this very exec: a recording policy
 *	  may have been silent for its caller;
 *	- an exec whose path only the following sched_process_exec line tells is judged at that line.
 *
 * engine_records() lets the caller tell beforehand what a stream records; without it the engine learns as it goes.
 */
#include "compiler/eval_form.h"

enum { MOST_SYSCALL = 1023, NUMBER_EXECVE_32 = 11, NUMBER_EXECVE_X86 = 59, NUMBER_EXECVE_ARM64 = 221 };

static const char *const site_args[] = {
#define SITE(symbol, name, lsm, args) args,
#include "compiler/sites.def"
#undef SITE
};

static bool is_clean(struct str p)
{
	static const struct str never[] = {STR_INIT("//"), STR_INIT("/./"), STR_INIT("/../")};
	if (!p.n || p.p[0] != '/' || str_starts(p, STR("/proc/")) || str_starts(p, STR("/dev/")) ||
	    str_ends(p, STR("/..")) || str_ends(p, STR("/.")))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (memmem(p.p, p.n, never[i].p, never[i].n))
			return false;
	return true;
}

/* See engine_presume_paths(). */
static void presume(const struct engine *e, struct process *p)
{
	if (p->path_known || !e->presume_paths || !is_clean(p->filename))
		return;
	p->path = p->filename;
	p->path_known = true;
}

/* NULL when no policy hooks the site. */
/*
 * The agent's walk ends at the root of the mount or of the task: the root folder, and a file that is a mount of its own
 * (runc runs itself from a detached one), have no path, which no path operator matches. We record them as "/".
 */
static struct str walked(struct str path)
{
	return str_eq(path, STR("/")) ? (struct str){path.p, 0} : path;
}

static struct hit *add(struct engine *e, struct hits *hits, uint32_t site, const struct process *who)
{
	struct site_hooks *at = &e->at.v[site];
	at->seen = true;
	if (!at->n)
		return NULL;
	if (hits->n == hits->cap)
		hits->v = vec_grow(hits->v, &hits->cap, sizeof(*hits->v));
	struct hit *h = &hits->v[hits->n++];
	/* Not the slots: they are large, and slot() clears each that is used. */
	memset(h, 0, offsetof(struct hit, slots));
	h->site = site;
	h->record = (struct record){.path = walked(who->path), .known = who->path_known, .pid = who->pid};
	return h;
}

static struct slot *slot(struct hit *h, enum slot_kind kind, uint8_t index)
{
	static struct slot full;   /* arguments beyond MAX_SLOTS cannot be filtered either */
	if (h->n == MAX_SLOTS)
		return &full;
	struct slot *s = &h->slots[h->n++];
	*s = (struct slot){.kind = kind, .index = index, .family = -1, .protocol = -1};
	return s;
}

static void number(struct hit *h, uint8_t index, int64_t v)
{
	struct slot *s = slot(h, SLOT_NUMBER, index);
	s->known = true;
	s->low = s->high = v;
}

/* A number of which only the bits under KNOWN are told. */
static void bits(struct hit *h, uint8_t index, struct str resolve, uint64_t value, uint64_t known)
{
	struct slot *s = slot(h, SLOT_NUMBER, index);
	s->resolve = resolve;
	s->known = true;
	s->low = (int64_t)value;
	s->high = UINT32_MAX;
	s->known_bits = known;
}

static void between(struct hit *h, uint8_t index, struct str resolve, int64_t low, int64_t high)
{
	struct slot *s = slot(h, SLOT_NUMBER, index);
	s->resolve = resolve;
	s->known = true;
	s->low = low;
	s->high = high;
}

static void path(struct hit *h, uint8_t index, struct str text, bool known)
{
	struct slot *s = slot(h, SLOT_PATH, index);
	s->text = walked(text);
	s->known = known;
}

static struct str folder_of(struct str whole)
{
	const char *slash = whole.n ? memrchr(whole.p, '/', whole.n) : NULL;
	return slash ? (struct str){whole.p, (size_t)(slash - whole.p)} : (struct str){NULL, 0};
}

/* A folder and an entry of it, from the entry's whole path. */
static void entry(struct hit *h, uint8_t folder, uint8_t name, struct str whole, bool known)
{
	path(h, folder, folder_of(whole), known);
	struct slot *s = slot(h, SLOT_NAME, name);
	s->text = whole;
	s->known = known;
}

static void link_count(struct hit *h, uint8_t index, struct str file, bool known)
{
	struct str count = STR("file.f_inode.__i_nlink");
	if (known && (!file.n || str_ends(file, STR(" (deleted)"))))
		between(h, index, count, 0, 0);
	else if (known)
		between(h, index, count, 1, UINT32_MAX);
}

/* ---- recorded lines ---- */

static bool fits(char kind, enum arg_kind k)
{
	switch (kind) {
	case 'f':
		return k == ARG_FILE || k == ARG_PATH || k == ARG_BINPRM;
	case 'n':
		return k == ARG_INT || k == ARG_UINT || k == ARG_LONG || k == ARG_SIZE || k == ARG_SYSCALL;
	case 's':
		return k == ARG_STRING;
	case 'a':
		return k == ARG_SOCKADDR || k == ARG_SOCKADDR_UN;
	default:
		return k == ARG_SOCK || k == ARG_SKB;
	}
}

/* The reader writes IPv4-mapped addresses as IPv4; the kernel compares what the socket has. */
static struct address as_in_kernel(struct address a, struct str family)
{
	if (a.family != 4 || !str_eq(family, STR("AF_INET6")))
		return a;
	struct address mapped = {.family = 6, .port = a.port};
	mapped.bytes[10] = mapped.bytes[11] = 0xff;
	memcpy(mapped.bytes + 12, a.bytes, 4);
	return mapped;
}

static void recorded_address(struct slot *s, const struct arg *a, bool from_policy)
{
	s->family = a->family.n ? eval_name_number(a->family) : -1;
	if (a->kind == ARG_SOCKADDR_UN && !a->family.n && !from_policy)
		s->family = 1;
	s->protocol = a->protocol.n ? eval_name_number(a->protocol) : -1;
	s->address = as_in_kernel(a->dest, a->family);
	s->text = a->text;
	s->arg = a;
	s->local_known = a->kind != ARG_SOCKADDR && a->source.family;
}

static void recorded_slot(struct hit *h, const char *spec, size_t spec_n, const struct arg *a, bool from_policy)
{
	static const uint8_t kinds[] = {['f'] = SLOT_PATH, ['n'] = SLOT_NUMBER, ['s'] = SLOT_STRING,
					['a'] = SLOT_ADDRESS, ['k'] = SLOT_SOCKET};
	struct slot *s = slot(h, kinds[(int)spec[0]], (uint8_t)(spec[1] - '0'));
	s->known = true;
	if (spec_n > 3)
		s->resolve = (struct str){spec + 3, spec_n - 3};
	/* A label that names a field says which one was resolved. */
	if (a->label.n && (str_starts(a->label, STR("f_")) || memchr(a->label.p, '.', a->label.n)))
		s->resolve = a->label;
	switch (s->kind) {
	case SLOT_NUMBER:
		s->low = s->high = a->number;
		break;
	case SLOT_ADDRESS:
	case SLOT_SOCKET:
		recorded_address(s, a, from_policy);
		break;
	default:
		s->text = a->text;
		s->permission = a->permission;
		if (a->flags.n && memmem(a->flags.p, a->flags.n, "unresolvedPathComponents", 24))
			s->known = false;
		break;
	}
}

static void recorded_args(struct hit *h, const struct event *ev)
{
	uint64_t used = 0;
	for (const char *spec = h->site < SITE_COUNT ? site_args[h->site] : ""; *spec;) {
		size_t n = strcspn(spec, " ");
		for (uint32_t i = 0; i < ev->nargs && i < 64; i++) {
			if ((used >> i & 1) || !fits(spec[0], ev->args[i].kind))
				continue;
			used |= 1ull << i;
			recorded_slot(h, spec, n, &ev->args[i], ev->policy.n > 0);
			break;
		}
		spec += n + (spec[n] == ' ');
	}
}

static size_t count_paths(const struct event *ev)
{
	size_t n = 0;
	for (uint32_t i = 0; i < ev->nargs; i++)
		n += fits('f', ev->args[i].kind);
	return n;
}

static const struct arg *nth_path(const struct event *ev, size_t n)
{
	for (uint32_t i = 0; i < ev->nargs; i++)
		if (fits('f', ev->args[i].kind) && n-- == 0)
			return &ev->args[i];
	return NULL;
}

/* Hooks on a folder and its entry, written (as ours are) with whole paths instead. */
static bool whole_paths(struct hit *h, const struct event *ev)
{
	size_t n = count_paths(ev);
	struct str first = n ? nth_path(ev, 0)->text : ev->path;
	struct str second = n > 1 ? nth_path(ev, 1)->text : first;
	bool known = n > 0 || ev->path_known;
	switch (h->site) {
	case SITE_PATH_MKNOD:
	case SITE_PATH_MKDIR:
	case SITE_PATH_RMDIR:
	case SITE_PATH_UNLINK:
	case SITE_PATH_SYMLINK:
		if (n > 1)
			return false;
		entry(h, 0, 1, first, known);
		return true;
	case SITE_PATH_RENAME:
		if (n > 2)
			return false;
		entry(h, 0, 1, first, known);
		entry(h, 2, 3, second, known);
		return true;
	case SITE_PATH_LINK:
		if (n > 2)
			return false;
		entry(h, 1, 2, second, known);
		return true;
	default:
		return false;
	}
}

static bool from_policy(const struct event *ev)
{
	return ev->policy.n > 0;
}

/* ---- guards ---- */

static void guard_args(struct hit *h, const struct event *ev)
{
	bool raises = str_eq(ev->guard, STR("raise-privilege"));
	switch (h->site) {
	case SITE_KERNEL_READ_FILE:
		path(h, 0, ev->path, ev->path_known);
		number(h, 1, 2);   /* READING_MODULE */
		break;
	case SITE_KERNEL_LOAD_DATA:
		number(h, 0, 2);   /* LOADING_MODULE */
		break;
	case SITE_PTRACE_ACCESS_CHECK:
		bits(h, 1, (struct str){NULL, 0}, 2, 3);   /* PTRACE_MODE_ATTACH */
		break;
	case SITE_SB_MOUNT:
		path(h, 1, ev->path, ev->path_known && ev->path.n);
		break;
	case SITE_TASK_FIX_SETUID:
		if (!raises)
			break;
		between(h, 0, STR("uid.val"), 0, 0);
		between(h, 1, STR("uid.val"), 1, UINT32_MAX);
		break;
	default:
		break;
	}
}

static void guard_hits(struct engine *e, const struct event *ev, struct hits *hits)
{
	static const struct {
		struct str guard;
		uint32_t site;
	} sites[] = {
		{STR_INIT("kernel-module"), SITE_KERNEL_READ_FILE},
		{STR_INIT("ptrace"), SITE_PTRACE_ACCESS_CHECK},
		{STR_INIT("mount"), SITE_SB_MOUNT},
		{STR_INIT("raise-privilege"), SITE_TASK_FIX_SETUID},
	};
	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		struct hit *h = str_eq(sites[i].guard, ev->guard) ? add(e, hits, sites[i].site, &ev->process)
								  : NULL;
		if (h)
			guard_args(h, ev);
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
	return add(i->e, i->hits, site, &i->ev->process);
}

static void imply_file(const struct implied *i, uint32_t site)
{
	struct hit *h = imply(i, site);
	if (h)
		path(h, 0, i->ev->path, i->ev->path_known);
}

static void imply_entry(const struct implied *i, uint32_t site)
{
	struct hit *h = imply(i, site);
	if (h)
		whole_paths(h, &(struct event){.path = i->ev->path, .path_known = i->ev->path_known});
}

enum { OPEN_WRITERS = ACCESS_WRITE | ACCESS_APPEND };

static void imply_open(const struct implied *i)
{
	struct hit *h = imply(i, SITE_FILE_OPEN);
	if (!h)
		return;
	uint32_t a = i->ev->access;
	path(h, 0, i->ev->path, i->ev->path_known);
	uint64_t flags = !(a & OPEN_WRITERS) ? 0 : a & ACCESS_READ ? 2 : 1;
	flags |= (a & ACCESS_CREATE ? 0x40u : 0) | (a & ACCESS_TRUNCATE ? 0x200u : 0) |
		 (a & ACCESS_APPEND ? 0x400u : 0);
	bits(h, 0, STR("f_flags"), flags, 0x3 | 0x40 | 0x200 | 0x400);
}

/* What a program that opens a file so then does with it. */
static void imply_use(const struct implied *i)
{
	uint32_t a = i->ev->access;
	struct hit *h;
	if ((a & OPEN_WRITERS) && (h = imply(i, SITE_FILE_PERMISSION))) {
		path(h, 0, i->ev->path, i->ev->path_known);
		number(h, 1, 2);
	}
	if ((a & ACCESS_READ) && (h = imply(i, SITE_FILE_PERMISSION))) {
		path(h, 0, i->ev->path, i->ev->path_known);
		number(h, 1, 4);
	}
	if (a & ACCESS_TRUNCATE)
		imply_file(i, i->e->target.kernel >= TARGET_KERNEL(6, 2) ? SITE_FILE_TRUNCATE
									 : SITE_PATH_TRUNCATE);
	if (a & ACCESS_CREATE)
		imply_entry(i, SITE_PATH_MKNOD);
}

static void imply_map(const struct implied *i)
{
	struct hit *h = imply(i, SITE_MMAP_FILE);
	if (!h)
		return;
	path(h, 0, i->ev->path, i->ev->path_known);
	bits(h, 1, (struct str){NULL, 0}, 4, 4 | 2);
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
			imply_entry(i, entries[k].site);
	if (i->ev->access & ACCESS_CHMOD)
		imply_file(i, SITE_PATH_CHMOD);
	if (i->ev->access == ACCESS_TRUNCATE)
		imply_file(i, SITE_PATH_TRUNCATE);
}

static void file_hits(const struct implied *i, uint32_t direct)
{
	uint32_t opens = ACCESS_READ | ACCESS_WRITE | ACCESS_APPEND;
	if (direct == SITE_NONE && i->ev->hook.n)
		return;   /* the second name of a line that was judged with both */
	if (direct == SITE_FILE_OPEN) {
		imply_use(i);
	} else if (direct == SITE_FILE_PERMISSION) {
		imply_open(i);
	} else if (direct == SITE_NONE) {
		if (i->ev->access & opens) {
			imply_open(i);
			imply_use(i);
		} else if (i->ev->access & ACCESS_CREATE) {
			imply_entry(i, SITE_PATH_MKNOD);
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

static void connect_hits(const struct implied *i, uint32_t direct)
{
	static const struct {
		uint32_t site;
		uint8_t index;
	} with_address[] = {{SITE_SOCKET_CONNECT, 1}, {SITE_SYS_CONNECT, 1}};
	if (i->ev->tags & TAG_UNCONNECTED) {
		/* sendto() with an address: no connect hook sees it, and the socket has no peer to compare. */
		struct hit *sent = direct == SITE_SOCKET_SENDMSG ? NULL : imply(i, SITE_SOCKET_SENDMSG);
		if (sent)
			unconnected(slot(sent, SLOT_SOCKET, 0), i->ev);
		return;
	}
	for (size_t k = 0; k < ARRAY_SIZE(with_address); k++) {
		uint32_t site = with_address[k].site;
		struct hit *h = site == direct ? NULL : imply(i, site);
		if (!h)
			continue;
		remote_end(slot(h, SLOT_ADDRESS, with_address[k].index), i->ev);
		if (site == SITE_SOCKET_CONNECT)
			unconnected(slot(h, SLOT_SOCKET, 0), i->ev);
	}
	if (direct == SITE_TCP_CONNECT || i->ev->protocol != 6 || !i->ev->address.family)
		return;
	struct hit *h = imply(i, SITE_TCP_CONNECT);
	if (h)
		remote_end(slot(h, SLOT_SOCKET, 0), i->ev);
}

/* ---- exec ---- */

static void exec_number(const struct engine *e, const struct event *ev, struct hit *h)
{
	/* Successful exec calls all read as execve's number in the ABI of the new image: taken for native unless its calls tell. */
	if (e->target.arch == ARCH_ARM64) {
		number(h, 4, NUMBER_EXECVE_ARM64);
	} else if (eval_is_compat(e, &ev->process)) {
		number(h, 4, NUMBER_EXECVE_32);
	} else if (eval_maybe_foreign(e, ev)) {
		between(h, 4, (struct str){NULL, 0}, NUMBER_EXECVE_32, NUMBER_EXECVE_X86);
		h->slots[h->n - 1].unsure = "the new image makes no native calls: it may be a 32-bit program, whose exec "
					    "returns as 11 and not as 59";
	} else {
		number(h, 4, NUMBER_EXECVE_X86);
	}
	number(h, 5, 0);
}

/* Whoever does anything makes system calls, and returns from them. */
static void other_calls(struct engine *e, struct hits *hits, const struct process *who)
{
	static const uint32_t sites[] = {SITE_SYS_ENTER, SITE_SYS_EXIT};
	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		struct hit *h = e->at.v[sites[i]].recorded ? NULL : add(e, hits, sites[i], who);
		if (!h)
			continue;
		between(h, 4, (struct str){NULL, 0}, 0, MOST_SYSCALL);
		h->slots[h->n - 1].not_exec = true;
	}
}

/* The caller's record as the process filters see it before the exec. */
static struct process caller_of(struct engine *e, const struct event *ev)
{
	struct process caller = {.pid = ev->process.pid};
	const struct process_image *image = processes_caller(e->processes, ev);
	if (image) {
		caller.path = image->path;
		caller.path_known = true;
	} else if (ev->has_parent && ev->parent.path_known) {
		caller.path = ev->parent.path;
		caller.path_known = true;
	} else if (ev->has_parent) {
		caller.filename = ev->parent.filename;
		presume(e, &caller);
	}
	return caller;
}

static void bprm_hit(struct engine *e, struct hits *hits, uint32_t site, uint8_t index,
		     const struct process *caller, struct str file, bool known)
{
	struct hit *h = add(e, hits, site, caller);
	if (!h)
		return;
	path(h, index, file, known);
	link_count(h, 0, file, known);
	h->new_image = true;
}

static void bprm_hits(struct engine *e, const struct event *ev, const struct process *caller,
		      struct hits *hits)
{
	bool script = ev->tags & TAG_SCRIPT;
	struct str first = script ? ev->path : ev->process.path;
	bool known = ev->process.path_known && (!script || ev->path_known);
	const struct process_image *image = processes_find(e->processes, ev->process.exec_id);
	bool told = image && image->checked;
	if (!told || !e->at.v[SITE_CREDS_FOR_EXEC].recorded)
		bprm_hit(e, hits, SITE_CREDS_FOR_EXEC, 0, caller, first, known);
	if (!told || !e->at.v[SITE_BPRM_CHECK].recorded) {
		bprm_hit(e, hits, SITE_BPRM_CHECK, 0, caller, first, known);
		if (script)
			bprm_hit(e, hits, SITE_BPRM_CHECK, 0, caller, ev->process.path, ev->process.path_known);
	}
	if (!told || !e->at.v[SITE_CREDS_FROM_FILE].recorded)
		bprm_hit(e, hits, SITE_CREDS_FROM_FILE, 1, caller, ev->process.path, ev->process.path_known);
	if (!told || !e->at.v[SITE_COMMITTING_CREDS].recorded)
		bprm_hit(e, hits, SITE_COMMITTING_CREDS, 0, caller, ev->process.path, ev->process.path_known);
	if (!told || !e->at.v[SITE_COMMITTED_CREDS].recorded)
		bprm_hit(e, hits, SITE_COMMITTED_CREDS, 0, caller, ev->process.path, ev->process.path_known);
}

/* The entry hook of the call. Where the stream records it and was not silent about this exec, no line means another entry. */
static void entry_hit(struct engine *e, const struct event *ev, const struct process *caller,
		      struct hits *hits)
{
	const struct process_image *image = processes_find(e->processes, ev->process.exec_id);
	bool audible = !e->at.v[SITE_BPRM_CHECK].recorded || (image && image->checked);
	if (e->at.v[SITE_SYS_EXECVE].recorded && audible)
		return;
	bool compat = eval_is_compat(e, caller);   /* its calls enter by other symbols */
	struct hit *h = compat ? NULL : add(e, hits, SITE_SYS_EXECVE, caller);
	if (h)
		slot(h, SLOT_STRING, 0)->text = ev->process.filename;   /* as typed: not told exactly */
	if (e->at.v[SITE_SYS_ENTER].recorded || !(h = add(e, hits, SITE_SYS_ENTER, caller)))
		return;
	if (compat)
		number(h, 4, NUMBER_EXECVE_32);
	else
		between(h, 4, (struct str){NULL, 0}, 59, 322);
}

static void exec_hits(struct engine *e, const struct event *ev, struct hits *hits)
{
	struct process caller = caller_of(e, ev);
	struct hit *h;
	size_t from = hits->n;
	other_calls(e, hits, &caller);
	bprm_hits(e, ev, &caller, hits);
	if (!e->at.v[SITE_SCHED_EXEC].recorded && (h = add(e, hits, SITE_SCHED_EXEC, &ev->process))) {
		path(h, 2, ev->process.path, ev->process.path_known);
		link_count(h, 2, ev->process.path, ev->process.path_known);
		h->new_image = true;
	}
	if (!e->at.v[SITE_SYS_EXIT].recorded && (h = add(e, hits, SITE_SYS_EXIT, &ev->process))) {
		exec_number(e, ev, h);
		h->new_image = true;
	}
	other_calls(e, hits, &ev->process);
	for (; from < hits->n; from++)
		hits->v[from].exec = true;
}

static bool is_inventory(const struct event *ev)
{
	return (ev->tags & TAG_INVENTORY) ||
	       (ev->process.flags.n && memmem(ev->process.flags.p, ev->process.flags.n, "procFS", 6));
}

/* ---- the event ---- */

static const struct arg *address_argument(const struct event *ev)
{
	for (uint32_t i = 0; i < ev->nargs; i++)
		if (fits('a', ev->args[i].kind))
			return &ev->args[i];
	return NULL;
}

void eval_note_line(struct engine *e, uint32_t site, const struct event *ev)
{
	struct site_hooks *at = &e->at.v[site];
	const struct arg *a = address_argument(ev);
	at->recorded |= from_policy(ev);
	at->as_ip |= a && a->kind == ARG_SOCKADDR;
	at->as_unix |= a && a->kind == ARG_SOCKADDR_UN;
}

/* Two policies recorded one call, as IP and as unix address: the line that fits its family is judged. */
static bool told_better(const struct engine *e, uint32_t site, const struct event *ev)
{
	const struct arg *a = address_argument(ev);
	if (!a || !from_policy(ev))
		return false;
	if (!a->family.n)   /* neither family, or not told */
		return a->kind == ARG_SOCKADDR_UN && e->at.v[site].as_ip;
	bool is_unix = str_eq(a->family, STR("AF_UNIX"));
	return a->kind == ARG_SOCKADDR ? is_unix && e->at.v[site].as_unix : !is_unix && e->at.v[site].as_ip;
}

static void direct_hit(struct engine *e, const struct event *ev, uint32_t site, struct hits *hits)
{
	eval_note_line(e, site, ev);
	if (site == SITE_PATH_MKNOD)
		eval_note_created(e, ev);
	if (told_better(e, site, ev))
		return;
	if (!ev->nargs && ev->kind == KIND_FILE)
		return;   /* the second name of a line that was judged with both */
	struct hit *h = add(e, hits, site, &ev->process);
	if (!h)
		return;
	h->direct = true;
	bool bprm = site == SITE_BPRM_CHECK || site == SITE_CREDS_FROM_FILE;
	bool threads = ev->process.tid && ev->process.tid != ev->process.pid;   /* they die before the image is new */
	h->new_image = site == SITE_SCHED_EXEC || (bprm && !threads);
	if (!whole_paths(h, ev))
		recorded_args(h, ev);
	if (ev->kind == KIND_GUARD && !from_policy(ev))
		guard_args(h, ev);
}

static void implied_hits(struct engine *e, const struct event *ev, uint32_t site, struct hits *hits)
{
	struct implied i = {e, ev, hits};
	switch (ev->kind) {
	case KIND_EXEC:
		if (is_inventory(ev))
			return;
		struct process caller = caller_of(e, ev);
		entry_hit(e, ev, &caller, hits);
		if (ev->process.path_known || !e->at.v[SITE_SCHED_EXEC].recorded)
			exec_hits(e, ev, hits);
		return;
	case KIND_FILE:
		file_hits(&i, site);
		break;
	case KIND_CONNECT:
		connect_hits(&i, site);
		break;
	case KIND_GUARD:
		if (site == SITE_NONE)
			guard_hits(e, ev, hits);
		break;
	case KIND_HOOK:
		break;
	default:
		return;
	}
	const struct process_image *image = site == SITE_SCHED_EXEC
		? processes_find(e->processes, ev->process.exec_id) : NULL;
	if (image && image->path_late) {
		struct event exec = *ev;
		exec.kind = KIND_EXEC;
		exec_hits(e, &exec, hits);
	} else if (site != SITE_SYS_EXIT && site != SITE_SYS_ENTER && site != SITE_SCHED_EXEC) {
		other_calls(e, hits, &ev->process);
	}
}

void eval_hits(struct engine *e, struct event *ev, struct hits *hits)
{
	/* An exec whose path a later line may tell waits for it. */
	if (ev->kind != KIND_EXEC || !e->at.v[SITE_SCHED_EXEC].recorded)
		presume(e, &ev->process);
	uint32_t site = ev->section == HOOK_NONE ? SITE_NONE : eval_site(e, ev->section, ev->hook);
	if (site != SITE_NONE)
		direct_hit(e, ev, site, hits);
	implied_hits(e, ev, site, hits);
}
