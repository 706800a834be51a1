/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One function per kind fills what the record has; who did it is the same for all. A path that was cut is
 * written with "..." before it and never marked as known.
 */
#include "recorder/translate.h"

#include <stdio.h>

#include "recorder/arguments.h"
#include "schema/guard.h"
#include "schema/redact.h"

/* The bits of both vocabularies come from the same rows. */
_Static_assert((int)WIRE_TAG_MEMFD == (int)TAG_MEMFD, "tags");
_Static_assert((int)WIRE_ACCESS_CREATE == (int)ACCESS_CREATE, "accesses");

#define CUT "..."

/* Room for all an event can need, so that nothing moves while strings are borrowed. */
#define TEXT_ROOM (6 * WIRE_PATH_MAX)

void translator_done(struct translator *t)
{
	buf_done(&t->text);
	buf_done(&t->arguments);
}

void exec_id(struct buf *b, struct str node, uint64_t start_ns, uint32_t pid)
{
	buf_str(b, node);
	buf_printf(b, ":%llu:%u", (unsigned long long)start_ns, pid);
}

static struct str keep(struct buf *b, const char *before, struct str s, const char *after)
{
	size_t start = b->n;
	buf_puts(b, before);
	buf_str(b, s);
	buf_puts(b, after);
	return (struct str){b->p + start, b->n - start};
}

static void set_image(struct translator *t, uint64_t id, struct process *p)
{
	const struct image *image = ledger_find_image(t->ledger, id);
	if (!image)
		return;
	bool cut = image->tags & WIRE_TAG_PATH_CUT;
	p->path = cut ? keep(&t->text, CUT, image->path, "") : image->path;
	p->path_known = !cut && !(image->tags & WIRE_TAG_DETACHED);
	p->filename = p->path;
}

static void set_process(struct translator *t, const struct wire_header *h, struct process *p)
{
	const struct process *known = t->processes ? family_find(t->family, h->pid) : NULL;
	if (known)
		*p = *known;
	p->pid = h->pid;
	p->tid = h->tid;
	p->uid = h->uid;
	const struct group *g = ledger_find_group(t->ledger, h->cgroup);
	p->cgroup = g ? g->path : (struct str){NULL, 0};
	if (g)
		p->pod = g->pod;
	if (!known || !known->path_known)
		set_image(t, h->image, p);
	if (!t->processes)
		return;
	if (!p->exec_id.n) {
		size_t start = t->text.n;
		exec_id(&t->text, t->node, p->start_ns, p->pid);
		p->exec_id = (struct str){t->text.p + start, t->text.n - start};
	}
}

/* ---- exec ---- */

static struct str filename_of(struct translator *t, struct str typed, struct str cwd)
{
	if (!typed.n || typed.p[0] == '/' || !cwd.n)
		return typed;
	size_t start = t->text.n;
	if (str_starts(typed, STR("./")))
		typed = str_skip(typed, 2);
	buf_str(&t->text, cwd);
	if (cwd.n > 1)
		buf_putc(&t->text, '/');
	buf_str(&t->text, typed);
	return (struct str){t->text.p + start, t->text.n - start};
}

/* After a fork the parent is the one that forked; without, the image before in the same process. */
static void forked_from(struct translator *t, const struct wire_exec *e, const struct process *child,
			struct process *parent)
{
	const struct process *p = family_find(t->family, e->parent_pid);
	if (p && str_eq(p->exec_id, child->parent_exec_id)) {
		*parent = *p;
		return;
	}
	*parent = *child;   /* the same image; it has ended or given its child away */
	parent->pid = parent->tid = e->parent_pid;
	parent->exec_id = child->parent_exec_id;
	parent->parent_exec_id = (struct str){NULL, 0};
	parent->start_ns = 0;
}

static void set_parent(struct translator *t, const struct wire_exec *e, struct event *ev)
{
	const struct process *known = family_find(t->family, e->header.pid);
	if (known && str_eq(known->flags, STR("clone")))
		forked_from(t, e, known, &ev->parent);
	else if (known)
		ev->parent = *known;
	else
		ev->parent = (struct process){.pid = e->parent_pid, .tid = e->parent_pid};
	if (e->caller)
		set_image(t, e->caller, &ev->parent);
	if (!ev->parent.cgroup.n) {
		ev->parent.cgroup = ev->process.cgroup;
		ev->parent.pod = ev->process.pod;
	}
	ev->has_parent = true;
}

/* Secrets go before anything else sees them. */
static void set_arguments(struct translator *t, const struct wire_exec *e, struct str argv, struct event *ev)
{
	CLEANUP_BUF struct buf joined = BUF_INIT;
	arguments_join(argv, &joined);
	if (e->argv_cut)
		buf_puts(&joined, " " CUT);
	buf_clear(&t->arguments);
	if (redact_arguments(ev->process.filename, buf_view(&joined), &t->arguments))
		ev->tags |= TAG_REDACTED;
	ev->process.arguments = buf_view(&t->arguments);
}

static void exec_event(struct translator *t, const struct wire_header *h, struct event *ev)
{
	const struct wire_exec *e = (const struct wire_exec *)h;
	const char *text = (const char *)(e + 1);
	struct str typed = {text, e->filename_length};
	struct str argv = {text + typed.n, e->argv_length};
	struct str cwd = {argv.p + argv.n, e->cwd_length};
	struct process *p = &ev->process;
	*p = (struct process){.pid = h->pid, .tid = h->tid, .uid = h->uid, .cgroup = p->cgroup, .pod = p->pod};
	set_image(t, h->image, p);
	p->filename = filename_of(t, typed, cwd);
	p->cwd = cwd;
	p->auid = e->login_uid;
	p->start_ns = h->time_ns + t->boot_to_wall_ns;
	p->flags = STR("execve");
	p->pod.container_pid = e->pid_in_namespace == h->pid ? 0 : e->pid_in_namespace;
	if (ev->tags & (TAG_INIT_TREE | TAG_INTERACTIVE))
		p->in_init_tree = ev->tags & TAG_INIT_TREE ? YES : NO;
	set_arguments(t, e, argv, ev);
	const struct image *image = ledger_find_image(t->ledger, h->image);
	if (image)
		ev->tags |= image->tags;
	if (ev->tags & TAG_SCRIPT)
		ev->interpreter = p->path;
	set_parent(t, e, ev);
	if (t->processes) {
		size_t start = t->text.n;
		exec_id(&t->text, t->node, p->start_ns, p->pid);
		p->exec_id = (struct str){t->text.p + start, t->text.n - start};
		p->parent_exec_id = ev->parent.exec_id;
	}
}

/* ---- the others ---- */

static void set_path(struct translator *t, const struct wire_header *h, struct event *ev)
{
	struct str text = wire_text(h);
	ev->path_known = !(h->tags & WIRE_TAG_PATH_CUT) && !(h->flags & WIRE_TYPED);
	if (h->flags & WIRE_NAMELESS)
		return;
	if (h->tags & WIRE_TAG_PATH_CUT)
		ev->path = keep(&t->text, CUT, text, "");
	else if (h->tags & WIRE_TAG_DELETED)
		ev->path = keep(&t->text, "", text, " (deleted)");
	else
		ev->path = text;
}

static void file_event(struct translator *t, const struct wire_header *h, struct event *ev)
{
	ev->access = h->access;
	set_path(t, h, ev);
}

static void guard_event(struct translator *t, const struct wire_header *h, struct event *ev)
{
	ev->guard = str_from(guard_word((enum guard)h->access));
	set_path(t, h, ev);
	ev->path_known &= ev->path.n > 0;
}

static void unix_event(struct translator *t, const struct wire_header *h, struct event *ev)
{
	(void)t;
	ev->unix_path = wire_text(h);
}

static void connect_event(struct translator *t, const struct wire_header *h, struct event *ev)
{
	const struct wire_connect *c = (const struct wire_connect *)h;
	(void)t;
	memcpy(ev->address.bytes, c->address, sizeof(ev->address.bytes));
	ev->address.family = c->family;
	ev->address.port = c->port;
	ev->protocol = c->protocol;
}

static void exit_event(struct translator *t, const struct wire_header *h, struct event *ev)
{
	uint32_t code = ((const struct wire_exit *)h)->code;
	const char *name = sigabbrev_np((int)(code & 0x7f));
	ev->exit_status = code >> 8 & 0xff;
	if (!(code & 0x7f))
		return;
	ev->exit_signal = name ? keep(&t->text, "SIG", str_from(name), "") : STR("SIGRT");
}

/* The acting program's path is of a root of its own: so is what a rule on it would say. */
static void set_root(struct translator *t, const struct wire_header *h, struct event *ev)
{
	const struct image *image = ledger_find_image(t->ledger, h->image);
	if (image)
		ev->tags |= image->tags & WIRE_TAG_HOST_ROOT_MOVED;
}

void translate(struct translator *t, const struct wire_header *h, struct event *ev)
{
	static const struct {
		enum kind kind;
		void (*fill)(struct translator *, const struct wire_header *, struct event *);
	} kinds[WIRE_KIND_COUNT] = {
		[WIRE_EXEC] = {KIND_EXEC, exec_event},
		[WIRE_EXIT] = {KIND_EXIT, exit_event},
		[WIRE_FILE] = {KIND_FILE, file_event},
		[WIRE_CONNECT] = {KIND_CONNECT, connect_event},
		[WIRE_UNIX] = {KIND_CONNECT, unix_event},
		[WIRE_GUARD] = {KIND_GUARD, guard_event},
		[WIRE_BIND] = {KIND_BIND, connect_event},
		[WIRE_BIND_UNIX] = {KIND_BIND, unix_event},
	};
	buf_clear(&t->text);
	buf_reserve(&t->text, TEXT_ROOM);
	*ev = (struct event){
		.kind = kinds[h->kind].kind,
		.count = 1,
		.time_ns = h->time_ns + t->boot_to_wall_ns,
		.source = STR("live"),
		.node = t->node,
		.tags = h->tags,
	};
	set_process(t, h, &ev->process);
	set_root(t, h, ev);
	kinds[h->kind].fill(t, h, ev);
}
