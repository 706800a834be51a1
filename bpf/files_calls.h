/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files, guards and unix sockets from system calls at their exit, where nothing better can be attached. What the kernel holds a
 * descriptor of has its true path; so has a bare name in such a folder, where links are not followed; any other name is told as it was typed.
 */
#pragma once

#include "bpf/calls.h"
#include "bpf/sockets.h"

#define AT_FDCWD_ (-100)

static __always_inline void on_open_by(bool cast, struct task_struct *task, const struct call *c, long fd)
{
	__u32 only = 0;
	struct actor *actor = bpf_map_lookup_elem(&actors, &only);
	struct deed d = {.kind = WIRE_FILE};
	struct path_words p = {};
	struct file *f = file_of(cast, task, fd);
	if (f)
		p = path_words(cast, f);
	__u64 flags = O_CREAT_ | O_WRONLY_ | O_TRUNC_;
	if (c->row->op != WIRE_OP_CREAT)
		flags = argument(c, c->row->path);
	if (c->row->op == WIRE_OP_OPEN_HOW && f)
		flags = flags_in_how(f, flags);
	d.bits = access_of(flags);
	on_object_by(cast, actor, task, &p, &d);
}

/* Not inline: most calls are no opens, and shall not pay for this one's frame. */
static __noinline int on_open(struct task_struct *task, const struct call *c, long fd)
{
	if (have_cast)
		on_open_by(true, task, c, fd);
	else
		on_open_by(false, task, c, fd);
	return 0;
}

static __always_inline int on_descriptor(struct task_struct *task, long fd, const struct deed *d)
{
	struct file *f = have_cast ? file_of(true, task, fd) : file_of(false, task, fd);
	struct path_words p = {};
	if (f)
		p = path_words(have_cast, f);
	return on_object(task, &p, d);
}

static __always_inline struct path_words path_at(const struct path *p)
{
	return (struct path_words){.mount = WORD(p, struct path, mnt), .dentry = WORD(p, struct path, dentry)};
}

#define AT_SYMLINK_FOLLOW_ 0x400

/* Does the call mean the name, and not what a link of that name names? Of linkat(2) a flag says so for the first. */
static __always_inline bool name_itself(const struct call *c, bool second)
{
	const __u32 bits = WIRE_ACCESS_CREATE | WIRE_ACCESS_UNLINK | WIRE_ACCESS_RENAME | WIRE_ACCESS_LINK;
	if (c->row->guard || !(c->row->bits & bits))
		return false;
	if (second || c->row->bits != WIRE_ACCESS_LINK || c->row->folder == WIRE_CALL_HERE)
		return true;
	return !(argument(c, 4) & AT_SYMLINK_FOLLOW_);
}

/* The first name of a call, or its second. 1: the name is empty, and the descriptor itself meant (AT_EMPTY_PATH). */
static __noinline int on_name(struct task_struct *task, const struct call *c, bool second)
{
	struct deed d = {.kind = c->row->guard ? WIRE_GUARD : WIRE_FILE, .bits = c->row->bits};
	__u32 folder = second ? c->row->folder2 : c->row->folder, path = second ? c->row->path2 : c->row->path;
	if (path == WIRE_CALL_NONE)
		return 0;
	struct typed t = {.name = argument(c, path), .of_itself = name_itself(c, second)};
	long fd = folder == WIRE_CALL_HERE ? AT_FDCWD_ : (int)argument(c, folder);
	if (fd == AT_FDCWD_) {
		t.from = path_at((void *)WORD(task, struct task_struct, fs) + bpf_core_field_offset(struct fs_struct, pwd));
	} else {
		struct file *f = fd < 0 ? NULL : have_cast ? file_of(true, task, fd) : file_of(false, task, fd);
		if (f)
			t.from = path_words(have_cast, f);
	}
	char first = 0;
	bpf_probe_read_user(&first, 1, (void *)t.name);
	if (!first && fd != AT_FDCWD_)
		return 1;
	return on_typed(task, &t, &d);
}

static __always_inline void on_map(struct task_struct *task, const struct call *c)
{
	__u64 protection = argument(c, 2);
	long fd = (int)argument(c, c->row->path);
	if (!(protection & PROT_EXEC_) || fd < 0)
		return;
	struct deed d = {.kind = WIRE_FILE, .bits = access_of_mapping(protection, argument(c, 3))};
	on_descriptor(task, fd, &d);
}

#define PTRACE_TRACEME_ 0
#define PTRACE_ATTACH_  16
#define PTRACE_SEIZE_   0x4206

static __always_inline bool tracing_begins(const struct call *c)
{
	__u64 request = argument(c, 0);
	return request == PTRACE_TRACEME_ || request == PTRACE_ATTACH_ || request == PTRACE_SEIZE_;
}

/* The user before is known from fork, exec and the last such call. */
static __always_inline bool became_root(struct task_struct *task)
{
	__u32 pid = task->tgid, uid = task->cred->uid.val;
	struct task_info *known = bpf_map_lookup_elem(&tasks, &pid);
	if (!known)
		return false;
	__u32 before = known->uid;
	known->uid = uid;
	return before && !uid;
}

static __noinline int on_call(struct task_struct *task, const struct call *c, long ret)
{
	struct deed d = {.kind = c->row->guard ? WIRE_GUARD : WIRE_FILE, .bits = c->row->bits};
	switch (c->row->op) {
	case WIRE_OP_FILE:
		on_descriptor(task, (int)argument(c, c->row->path), &d);
		break;
	case WIRE_OP_MAP:
		on_map(task, c);
		break;
	case WIRE_OP_NAMES:   /* an empty one */
		on_descriptor(task, (int)argument(c, c->row->folder), &d);
		break;
	case WIRE_OP_PTRACE:
		if (tracing_begins(c))
			on_deed(task, &d);
		break;
	case WIRE_OP_SET_USER:
		if (became_root(task))
			on_deed(task, &d);
		break;
	case WIRE_OP_GUARD:
		if (c->row->path == WIRE_CALL_NONE)
			on_deed(task, &d);
		else
			on_descriptor(task, (int)argument(c, c->row->path), &d);
		break;
	}
	return 0;
}

#define EBADF_        9
#define ENOMEM_       12
#define EFAULT_       14
#define EINVAL_       22
#define ENOTSOCK_     88
#define EAFNOSUPPORT_ 97

/* The other end need not have been there: what counts is that it was tried. */
static __always_inline bool tried(long ret)
{
	return ret != -EBADF_ && ret != -EFAULT_ && ret != -EINVAL_ && ret != -ENOTSOCK_ && ret != -EAFNOSUPPORT_ &&
	       ret != -ENOMEM_;
}

static __noinline int on_socket_call(struct task_struct *task, const struct call *c, long ret)
{
	bool connects = c->row->op == WIRE_OP_CONNECT;
	if (connects ? !tried(ret) : ret)
		return 0;
	struct unix_name n = {.length = argument(c, 2)};
	if (n.length > sizeof(n.address) - 2)
		n.length = sizeof(n.address) - 2;
	__u64 length = n.length & 127;
	if (length > sizeof(n.address) - 2)
		return 0;
	bpf_probe_read_user(&n.address, length, (void *)argument(c, c->row->path));
	return on_unix(task, &n, connects ? WIRE_UNIX : WIRE_BIND_UNIX);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(file_sys_exit, struct pt_regs *regs, long ret)
{
	__u64 number = call_number(regs);
	if (number >= WIRE_CALLS_MAX || !call_known[number & (WIRE_CALLS_MAX - 1)])
		return 0;
	struct call c;
	struct task_struct *task = bpf_get_current_task_btf();
	if (!call_of(&c, task, regs))
		return 0;
	if (c.row->op == WIRE_OP_CONNECT || c.row->op == WIRE_OP_BIND)
		return on_socket_call(task, &c, ret);
	if (ret < 0)
		return 0;
	if (c.row->op <= WIRE_OP_CREAT)
		return on_open(task, &c, ret);
	if (c.row->op == WIRE_OP_NAMES) {   /* not by on_call(): together their frames would be too much */
		on_name(task, &c, true);
		if (!on_name(task, &c, false))
			return 0;
	}
	on_call(task, &c, ret);
	return 0;
}
