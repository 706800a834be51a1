/* SPDX-License-Identifier: GPL-2.0-only */
/* Which system call opened a file, with which flags and which file, from the registers at its exit. */
#pragma once

#include "bpf/word.h"
#include "schema/wire.h"

#define NOT_AN_OPEN   (-1)
#define FLAGS_IN_HOW  (-2)   /* openat2: behind *ret_how */

#define O_ACCMODE_    00000003
#define O_WRONLY_     00000001
#define O_CREAT_      00000100
#define O_TRUNC_      00001000
#define O_APPEND_     00002000
#define O_PATH_       010000000
#define O_TMPFILE_    020000000

#if defined(__TARGET_ARCH_x86)
#define TS_COMPAT_ 2

static __always_inline long open_flags_32(struct pt_regs *regs, long nr, __u64 *ret_how)
{
	switch (nr) {
	case 5: /* open */
		return (__u32)regs->cx;
	case 8: /* creat */
		return O_CREAT_ | O_WRONLY_ | O_TRUNC_;
	case 295: /* openat */
	case 342: /* open_by_handle_at */
		return (__u32)regs->dx;
	case 437: /* openat2 */
		*ret_how = (__u32)regs->dx;
		return FLAGS_IN_HOW;
	}
	return NOT_AN_OPEN;
}

static __always_inline long open_flags_64(struct pt_regs *regs, long nr, __u64 *ret_how)
{
	switch (nr) {
	case 2: /* open */
		return (__u32)regs->si;
	case 85: /* creat */
		return O_CREAT_ | O_WRONLY_ | O_TRUNC_;
	case 257: /* openat */
	case 304: /* open_by_handle_at */
		return (__u32)regs->dx;
	case 437: /* openat2 */
		*ret_how = regs->dx;
		return FLAGS_IN_HOW;
	}
	return NOT_AN_OPEN;
}

/* The flags (>= 0), or one of the above. Which table holds is asked only for numbers in either. */
static __always_inline long open_flags(struct pt_regs *regs, __u64 *ret_how)
{
	long nr = regs->orig_ax;
	if (nr != 257 && nr != 2 && nr != 437 && nr != 85 && nr != 304 && nr != 5 && nr != 8 &&
	    nr != 295 && nr != 342)
		return NOT_AN_OPEN;
	struct task_struct *task = bpf_get_current_task_btf();
	if (task->thread_info.status & TS_COMPAT_)
		return open_flags_32(regs, nr, ret_how);
	return open_flags_64(regs, nr, ret_how);
}

#define X32_CALL_ 0x40000000

/* Is NUMBER an execve or execveat? Two of the numbers are other, rare calls in the other table. */
static __always_inline bool is_exec_call(struct task_struct *task, long number)
{
	if (number == 11 || number == 358)
		return task->thread_info.status & TS_COMPAT_;
	return number == 59 || number == 322 || number == (X32_CALL_ | 520) || number == (X32_CALL_ | 545);
}
#else /* arm64 */
#define TIF_32BIT_ 22

static __always_inline bool is_exec_call(struct task_struct *task, long number)
{
	if (task->thread_info.flags >> TIF_32BIT_ & 1)
		return number == 11 || number == 387;
	return number == 221 || number == 281;
}

static __always_inline long open_flags_32(struct pt_regs *regs, __u64 *ret_how)
{
	switch (regs->syscallno) {
	case 5: /* open */
		return (__u32)regs->regs[1];
	case 8: /* creat */
		return O_CREAT_ | O_WRONLY_ | O_TRUNC_;
	case 322: /* openat */
	case 371: /* open_by_handle_at */
		return (__u32)regs->regs[2];
	case 437:
		*ret_how = (__u32)regs->regs[2];
		return FLAGS_IN_HOW;
	}
	return NOT_AN_OPEN;
}

static __always_inline long open_flags(struct pt_regs *regs, __u64 *ret_how)
{
	struct task_struct *task = bpf_get_current_task_btf();
	if (task->thread_info.flags >> TIF_32BIT_ & 1)
		return open_flags_32(regs, ret_how);
	switch (regs->syscallno) {
	case 56: /* openat */
	case 265: /* open_by_handle_at */
		return (__u32)regs->regs[2];
	case 437:
		*ret_how = regs->regs[2];
		return FLAGS_IN_HOW;
	}
	return NOT_AN_OPEN;
}
#endif

static __always_inline __u32 access_of(__u32 flags)
{
	__u32 access = 0, mode = flags & O_ACCMODE_;
	if (flags & O_PATH_)
		return WIRE_ACCESS_PATH_ONLY;
	if (mode != O_WRONLY_)
		access |= WIRE_ACCESS_READ;
	if (mode)
		access |= WIRE_ACCESS_WRITE;
	if (flags & O_APPEND_)
		access |= WIRE_ACCESS_APPEND;
	if (flags & (O_CREAT_ | O_TMPFILE_))
		access |= WIRE_ACCESS_CREATE;
	if (flags & O_TRUNC_)
		access |= WIRE_ACCESS_TRUNCATE;
	return access;
}

static __always_inline struct file *file_of(bool cast, struct task_struct *task, long fd)
{
	struct files_struct *files = task->files;
	if (!files)
		return NULL;
	struct fdtable *table = files->fdt;
	if (!table || fd >= table->max_fds)
		return NULL;
	return (struct file *)word(table->fd + fd, cast);
}

static __always_inline long flags_in_how(struct file *f, __u64 how)
{
	__u64 flags;
	if (!bpf_probe_read_user(&flags, sizeof(flags), (void *)how))
		return (__u32)flags;
	return BPF_CORE_READ(f, f_flags);
}
