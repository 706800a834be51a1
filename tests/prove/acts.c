/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random acts. Each is arranged so that it succeeds unless a policy refuses it: what it needs is put into the tree before, and
 * no two acts of a batch touch the same file. So "allowed" is seen as success, not as the absence of a refusal.
 */
#include <fcntl.h>
#include <stdio.h>

#include "schema/match.h"
#include "tests/prove/addresses.h"
#include "tests/prove/plan.h"

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

static const char *const op_words[] = {
#define OP(symbol, words) words,
	ACT_OPS(OP)
#undef OP
};

static struct event *add_event(struct plan *p, const struct world *w, enum kind kind)
{
	struct event *ev = &p->events[p->nevents++];
	*ev = (struct event){.kind = kind, .count = 1};
	ev->process.path = w->programs[p->caller];
	ev->process.path_known = true;
	return ev;
}

static void add_change(struct plan *p, const struct world *w, struct str path, uint32_t access)
{
	struct event *ev = add_event(p, w, KIND_FILE);
	ev->path = path;
	ev->path_known = true;
	ev->access = access;
}

/* ---- exec ---- */

/* A folder above PATH, at times the root. */
static struct str folder_above(struct dice *r, struct str path)
{
	unsigned up = dice_below(r, 4);
	for (path.n--; path.n > 0 && (path.p[path.n] != '/' || up-- > 0); path.n--)
		;
	return path;
}

static void plan_exec(struct dice *r, const struct world *w, struct plan *p)
{
	struct str path = w->programs[dice_below(r, WORLD_PROGRAMS)];
	p->act.op = (uint16_t)(dice_chance(r, 65) ? ACT_EXEC : ACT_EXEC_AT + dice_below(r, ACT_LAST_EXEC));
	p->act.alone = true;
	p->path = path;
	struct event *ev = add_event(p, w, KIND_EXEC);
	ev->parent = ev->process;
	ev->has_parent = true;
	ev->process.path = path;
	if (p->act.op == ACT_EXEC_DELETED || p->act.op == ACT_EXEC_MEMFD) {
		p->path = STR("");
		ev->tags = p->act.op == ACT_EXEC_MEMFD ? TAG_MEMFD : TAG_DELETED;
		ev->process.path = ev->tags == TAG_MEMFD ? STR("/memfd:hidden") : STR("/removed");
	} else if (p->act.op == ACT_EXEC_CHROOT) {
		p->other = folder_above(r, path);
	} else if (p->act.op == ACT_EXEC_DETACHED) {
		ev->tags = TAG_DETACHED;
	} else if (p->act.op != ACT_EXEC_FD && dice_chance(r, 10)) {
		const struct script *s = &w->scripts[dice_below(r, WORLD_SCRIPTS)];
		p->path = s->path;
		ev->process.path = s->interpreter;
		ev->interpreter = s->interpreter;
	}
}

/* ---- files ---- */

static struct str take_file(struct dice *r, struct world *w, struct plan *p, unsigned place, enum content needs)
{
	struct world_file *f;
	do
		f = &w->files[dice_below(r, WORLD_FILES)];
	while (f->taken);
	f->taken = true;
	p->uses[place] = f;
	p->needs[place] = needs;
	return f->path;
}

static uint32_t access_of(uint32_t flags)
{
	uint32_t access = (flags & O_ACCMODE) == O_RDONLY ? ACCESS_READ : ACCESS_WRITE;
	if ((flags & O_ACCMODE) == O_RDWR)
		access |= ACCESS_READ;
	return access | (flags & O_CREAT ? ACCESS_CREATE : 0) | (flags & O_TRUNC ? ACCESS_TRUNCATE : 0) |
	       (flags & O_APPEND ? ACCESS_APPEND : 0);
}

/* It has a number for a name, below the folder. */
static void plan_nameless(struct dice *r, const struct world *w, struct plan *p)
{
	do
		p->other = w->folders[dice_below(r, WORLD_FOLDERS)];
	while (p->other.n > 4000);
	p->act.flags = O_TMPFILE | (dice_chance(r, 50) ? O_WRONLY : O_RDWR);
	char *path = arena_alloc(w->arena, p->other.n + 8);
	memcpy(path, p->other.p ? p->other.p : "", p->other.n);
	memcpy(path + p->other.n, "/#0", 3);
	p->path = (struct str){path, p->other.n + 3};
	add_change(p, w, p->path, access_of(p->act.flags) | ACCESS_CREATE);
}

/* A missing file is made through mknod's hook before it is opened: the whole is still one event. */
static void plan_open(struct dice *r, struct world *w, unsigned reach, struct plan *p)
{
	static const uint32_t modes[] = {O_RDONLY, O_WRONLY, O_RDWR};
	bool lasting = reach & REACH_LASTING;
	uint32_t flags = modes[dice_below(r, 3)];
	enum content there = FILE_THERE;
	flags |= dice_chance(r, 15) ? O_APPEND : 0;
	if (!lasting && dice_chance(r, 25))
		flags |= O_TRUNC;
	if (!lasting && dice_chance(r, 35)) {
		flags |= O_CREAT;
		there = dice_chance(r, 60) ? ABSENT : FILE_THERE;
		flags |= there == ABSENT && dice_chance(r, 40) ? O_EXCL : 0;
	}
	p->act.op = dice_chance(r, 25) ? ACT_OPEN2 : dice_chance(r, 8) ? ACT_MAP : dice_chance(r, 60) ? ACT_OPEN : ACT_OPEN_AT + dice_below(r, lasting ? 3 : 4);
	if (p->act.op == ACT_MAP) {
		flags = O_RDWR;
		there = FILE_THERE;
	}
	if (p->act.op == ACT_OPEN_NAMELESS) {
		plan_nameless(r, w, p);
		return;
	}
	p->act.flags = flags;
	p->path = take_file(r, w, p, 0, there);
	p->act.alone = p->act.op == ACT_OPEN_CHROOT;
	if (p->act.op == ACT_OPEN_AT || p->act.op == ACT_OPEN_CHROOT)
		p->other = folder_above(r, p->path);
	add_change(p, w, p->path, access_of(flags));
	if (p->act.op == ACT_OPEN_DETACHED)
		p->events[0].tags = TAG_DETACHED;
}

static const struct {
	enum act_op op;
	enum content needs;
	uint32_t access;
} changes[] = {
	{ACT_UNLINK, FILE_THERE, ACCESS_UNLINK}, {ACT_RMDIR, FOLDER_THERE, ACCESS_UNLINK}, {ACT_SYMLINK, ABSENT, ACCESS_CREATE},
	{ACT_MKDIR, ABSENT, ACCESS_CREATE},      {ACT_MKNOD, ABSENT, ACCESS_CREATE},       {ACT_TRUNCATE, FILE_THERE, ACCESS_TRUNCATE},
	{ACT_CHMOD, FILE_THERE, ACCESS_CHMOD},   {ACT_CHOWN, FILE_THERE, ACCESS_CHMOD},
};
enum { CHANGES_LASTING = 2 };    /* the last ones: done once or often, all is as it was for other acts */

static void plan_change(struct dice *r, struct world *w, unsigned reach, struct plan *p)
{
	unsigned i = reach & REACH_LASTING ? ARRAY_SIZE(changes) - 1 - dice_below(r, CHANGES_LASTING) : dice_below(r, ARRAY_SIZE(changes) + 4);
	if (i == ARRAY_SIZE(changes) + 3) {
		p->act.op = ACT_FTRUNCATE;
		p->path = take_file(r, w, p, 0, FILE_THERE);
		add_change(p, w, p->path, ACCESS_WRITE);
		add_change(p, w, p->path, ACCESS_TRUNCATE);
		return;
	}
	if (i < ARRAY_SIZE(changes)) {
		p->act.op = (uint16_t)changes[i].op;
		p->path = take_file(r, w, p, 0, changes[i].needs);
		if (p->act.op == ACT_CHMOD && dice_chance(r, 20)) {
			p->uses[0] = NULL;
			p->path = w->folders[1 + dice_below(r, WORLD_FOLDERS - 1)];
		}
		add_change(p, w, p->path, changes[i].access);
		return;
	}
	bool renames = i > ARRAY_SIZE(changes);
	p->act.op = renames ? ACT_RENAME : ACT_LINK;
	p->act.flags = renames ? (uint32_t[]){0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE}[dice_below(r, 4)] : 0;
	bool over = p->act.flags == RENAME_EXCHANGE || (renames && !p->act.flags && dice_chance(r, 50));
	p->path = take_file(r, w, p, 0, FILE_THERE);
	p->other = take_file(r, w, p, 1, over ? FILE_THERE : ABSENT);
	add_change(p, w, p->path, renames ? ACCESS_RENAME : ACCESS_LINK);
	add_change(p, w, p->other, renames ? ACCESS_RENAME : ACCESS_LINK);
}

/* ---- connects, guards ---- */

static void plan_connect(struct dice *r, const struct world *w, unsigned reach, struct plan *p)
{
	struct event *ev = add_event(p, w, KIND_CONNECT);
	random_address(r, &ev->address);
	ev->address.port = random_port(r);
	ev->protocol = reach & REACH_UDPLITE && dice_chance(r, 3) ? MATCH_UDPLITE : dice_chance(r, 50) ? 6 : 17;
	p->act.op = ev->protocol == 17 && dice_chance(r, 50) ? ACT_SENDTO : ACT_CONNECT;
	if (p->act.op == ACT_SENDTO && !ev->address.port)
		ev->address.port = 1;         /* to port 0 nothing can be sent: no hook is reached */
	if (ev->address.family == 4 && dice_chance(r, 20)) {
		memmove(ev->address.bytes + 12, ev->address.bytes, 4);
		memset(ev->address.bytes, 0, 10);
		memset(ev->address.bytes + 10, 0xff, 2);
		ev->address.family = 6;
	}
	memcpy(p->act.address, ev->address.bytes, 16);
	p->act.family = ev->address.family;
	p->act.port = ev->address.port;
	p->act.protocol = ev->protocol;
}

static void plan_guard(struct dice *r, struct world *w, unsigned reach, struct plan *p)
{
	static const struct { enum act_op op; const char *guard; enum content needs; } guards[] = {
		{ACT_PTRACE, "ptrace", ABSENT}, {ACT_MOUNT, "mount", FOLDER_THERE},
		{ACT_SETUID, "raise-privilege", ABSENT}, {ACT_MODULE, "kernel-module", FILE_THERE},
		{ACT_BPF, "bpf", ABSENT},
	};
	unsigned i = dice_below(r, ARRAY_SIZE(guards));
	p->act.op = (uint16_t)guards[i].op;
	p->act.alone = p->act.op == ACT_PTRACE || p->act.op == ACT_SETUID;
	if (p->act.op == ACT_MOUNT && reach & REACH_LASTING)
		p->path = w->folders[1 + dice_below(r, WORLD_FOLDERS - 1)];
	else if (p->act.op == ACT_MODULE && reach & REACH_LASTING)   /* nobody may write to it meanwhile, so not one that others write to */
		p->path = w->programs[dice_below(r, WORLD_PROGRAMS)];
	else if (guards[i].needs != ABSENT)
		p->path = take_file(r, w, p, 0, guards[i].needs);
	add_event(p, w, KIND_GUARD)->guard = str_from(guards[i].guard);
}

void random_plan(struct dice *r, struct world *w, unsigned caller, unsigned reach, struct plan *ret)
{
	*ret = (struct plan){.caller = caller};
	unsigned what = dice_below(r, 100);
	if (what < 35)
		plan_exec(r, w, ret);
	else if (what < 65)
		plan_connect(r, w, reach, ret);
	else if (what < 69 && reach & REACH_GUARDS)
		plan_guard(r, w, reach, ret);
	else if (what < 82 || !(reach & REACH_CHANGES))
		plan_open(r, w, reach, ret);
	else
		plan_change(r, w, reach, ret);
	if (reach & REACH_KILLS)
		ret->act.alone = true;        /* a refusal ends the process */
}

/* ---- to the doer, to people ---- */

static uint32_t put_text(struct batch *b, struct str s)
{
	uint32_t at = b->length;
	if (s.n)
		memcpy(b->text + at, s.p, s.n);
	b->text[at + s.n] = '\0';
	b->length += (uint32_t)s.n + 1;
	return at;
}

int plans_to_batch(struct world *w, struct plan *v, unsigned n, struct batch *b)
{
	b->n = b->length = 0;
	for (unsigned i = 0; i < WORLD_FILES; i++)
		w->files[i].taken = false;
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < 2; k++) {
			int r = v[i].uses[k] ? world_prepare(w, v[i].uses[k], v[i].needs[k]) : 0;
			if (r)
				return r;
		}
		v[i].act.path = put_text(b, v[i].path);
		v[i].act.other = put_text(b, v[i].other);
		b->acts[b->n++] = v[i].act;
	}
	return 0;
}

/* Long paths by their beginning, end and length. */
static void print_path(struct buf *b, struct str path)
{
	if (path.n <= 72) {
		buf_json(b, path);
		return;
	}
	buf_json(b, (struct str){path.p, 32});
	buf_puts(b, "...");
	buf_json(b, (struct str){path.p + path.n - 32, 32});
	buf_printf(b, " (%zu bytes)", path.n);
}

void plan_print(const struct world *w, const struct plan *p, struct buf *b)
{
	buf_puts(b, op_words[p->act.op]);
	if (p->act.flags)
		buf_printf(b, " flags 0%o", p->act.flags);
	buf_puts(b, " by ");
	print_path(b, w->programs[p->caller]);
	for (unsigned i = 0; i < p->nevents; i++) {
		const struct event *ev = &p->events[i];
		struct str path = ev->kind == KIND_EXEC ? ev->process.path : ev->kind == KIND_GUARD ? ev->guard : ev->path;
		buf_printf(b, "; %s ", kind_name(ev->kind));
		if (ev->kind != KIND_CONNECT)
			print_path(b, path);
		for (int k = 0; ev->kind == KIND_FILE && k < ACCESS_COUNT; k++)
			if (ev->access >> k & 1)
				buf_printf(b, " %s", access_name((enum access_bit)k));
		if (ev->kind != KIND_CONNECT)
			continue;
		for (unsigned k = 0; k < (ev->address.family == 4 ? 4 : 16); k++)
			buf_printf(b, ev->address.family == 4 ? "%s%u" : "%s%02x", k ? "." : "", ev->address.bytes[k]);
		buf_printf(b, " port %u protocol %u", ev->address.port, ev->protocol);
	}
}
