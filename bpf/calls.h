/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls at their exit: which one, of which table, its arguments. */
#pragma once

#include "bpf/maps.h"
#include "bpf/syscalls.h"

#define PROT_READ_    1
#define PROT_WRITE_   2
#define PROT_EXEC_    4
#define MAP_PRIVATE_  2

#if defined(__TARGET_ARCH_x86)
static __always_inline __u64 call_number(struct pt_regs *regs)
{
	return regs->orig_ax;
}

/* Of a 32-bit program's table. */
static __always_inline bool call_is_32(struct task_struct *task)
{
	return task->thread_info.status & TS_COMPAT_;
}

static __always_inline __u64 argument_32(struct pt_regs *regs, __u32 i)
{
	switch (i) {
	case 0: return (__u32)regs->bx;
	case 1: return (__u32)regs->cx;
	case 2: return (__u32)regs->dx;
	case 3: return (__u32)regs->si;
	case 4: return (__u32)regs->di;
	default: return (__u32)regs->bp;
	}
}

static __always_inline __u64 argument_64(struct pt_regs *regs, __u32 i)
{
	switch (i) {
	case 0: return regs->di;
	case 1: return regs->si;
	case 2: return regs->dx;
	case 3: return regs->r10;
	case 4: return regs->r8;
	default: return regs->r9;
	}
}
#else /* arm64 */
static __always_inline __u64 call_number(struct pt_regs *regs)
{
	return (__u32)regs->syscallno;
}

/* Their table is empty here: numbers of the other must not be taken for theirs. */
static __always_inline bool call_is_32(struct task_struct *task)
{
	return task->thread_info.flags >> TIF_32BIT_ & 1;
}

static __always_inline __u64 argument_64(struct pt_regs *regs, __u32 i)
{
	switch (i) {
	case 0: return regs->orig_x0;
	case 1: return regs->regs[1];
	case 2: return regs->regs[2];
	case 3: return regs->regs[3];
	case 4: return regs->regs[4];
	default: return regs->regs[5];
	}
}
#define argument_32 argument_64
#endif

struct call {
	struct pt_regs *regs;
	const volatile struct wire_call *row;
	bool is_32;
};

static __always_inline __u64 argument(const struct call *c, __u32 i)
{
	return c->is_32 ? argument_32(c->regs, i) : argument_64(c->regs, i);
}

/* False: of no interest. Which table holds is asked only for numbers in either. */
static __always_inline bool call_of(struct call *c, struct task_struct *task, struct pt_regs *regs)
{
	__u64 number = call_number(regs);
	c->regs = regs;
	c->is_32 = call_is_32(task);
	__u64 at = (number & (WIRE_CALLS_MAX - 1)) + (c->is_32 ? WIRE_CALLS_MAX : 0);
	asm volatile("" : "+r"(at));
	__u64 row = call_rows[at & (2 * WIRE_CALLS_MAX - 1)];
	asm volatile("" : "+r"(row));
	c->row = &calls[row & (WIRE_ROWS_MAX - 1)];
	return number < WIRE_CALLS_MAX && row;
}

/* Is TASK in the middle of one that opens a file? */
static __always_inline bool opening(struct task_struct *task)
{
	struct call c;
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return call_of(&c, task, regs) &&
	       (c.row->op == WIRE_OP_OPEN || c.row->op == WIRE_OP_OPEN_HOW || c.row->op == WIRE_OP_CREAT);
}

static __always_inline __u32 access_of_mapping(__u64 protection, __u64 flags)
{
	__u32 access = WIRE_ACCESS_MAP_EXEC;
	if (protection & PROT_READ_)
		access |= WIRE_ACCESS_READ;
	if ((protection & PROT_WRITE_) && (flags & 3) != MAP_PRIVATE_)
		access |= WIRE_ACCESS_WRITE;
	return access;
}
