/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files, guards and unix sockets from the kernel's security hooks. Each program can be attached as BPF LSM or, with
 * the same arguments, to the entry of the function security_HOOK(). They are asked before the call is done: one that fails later is seen too.
 */
#pragma once

#include "bpf/calls.h"
#include "bpf/sockets.h"

#define FMODE_NOACCOUNT_ 0x20000000
#define ERRORS_FROM      (-4095ll)

/* An argument as a number: typed pointers cannot be hashed. */
static __always_inline __u64 number_of(const void *ctx, __u32 i)
{
	__u64 v = 0;
	bpf_probe_read_kernel(&v, sizeof(v), ctx + i * sizeof(v));
	return v;
}

static __always_inline struct path_words words_of_path(__u64 path)
{
	return (struct path_words){.mount = WORD(path, struct path, mnt), .dentry = WORD(path, struct path, dentry)};
}

/* A mount that only the kernel has: overlayfs' way to its layers. memfd lies on one too, and is told by its d_dname. */
static __always_inline bool is_internal(const struct path_words *p)
{
	struct mount *m = (void *)p->mount - bpf_core_field_offset(struct mount, mnt);
	if ((__s64)WORD(m, struct mount, mnt_ns) < ERRORS_FROM || (__s64)WORD(m, struct mount, mnt_ns) >= 0)
		return false;
	const void *ops = (void *)WORD(p->dentry, struct dentry, d_op);
	return !ops || !WORD(ops, struct dentry_operations, d_dname);
}

static __always_inline int on_deed_to(const struct path_words *p, const struct deed *d)
{
	if (p->mount && !is_internal(p))
		on_object(bpf_get_current_task_btf(), p, d);
	return 0;
}

static __always_inline int on_words(const struct path_words *p, __u32 kind, __u32 bits)
{
	struct deed d = {.kind = kind, .bits = bits};
	return on_deed_to(p, &d);
}

static __always_inline int on_path(__u64 path, __u32 kind, __u32 bits)
{
	struct path_words p = words_of_path(path);
	return on_words(&p, kind, bits);
}

/* DENTRY, a name in the folder FOLDER. */
static __always_inline int on_entry(__u64 folder, __u64 dentry, __u32 bits)
{
	struct path_words p = {.mount = WORD(folder, struct path, mnt), .dentry = dentry};
	return on_words(&p, WIRE_FILE, bits);
}

static __always_inline int on_bare(__u32 guard)
{
	struct deed d = {.kind = WIRE_GUARD, .bits = guard};
	return on_deed(bpf_get_current_task_btf(), &d);
}

#define CHANGES_BY_OPEN (WIRE_ACCESS_WRITE | WIRE_ACCESS_APPEND | WIRE_ACCESS_CREATE | WIRE_ACCESS_TRUNCATE)

/* What only reads is not told apart: nobody judges it. */
SEC("lsm/file_open")
int BPF_PROG(lsm_file_open, struct file *file)
{
	if (file->f_mode & FMODE_NOACCOUNT_)   /* overlayfs again, before 6.5 */
		return 0;
	struct path_words p = path_words(have_cast, file);
	struct deed d = {.kind = WIRE_FILE, .bits = access_of(file->f_flags)};
	if ((d.bits & CHANGES_BY_OPEN) && !opening(bpf_get_current_task_btf()))
		d.tags = WIRE_TAG_NO_OPEN_CALL;
	return on_deed_to(&p, &d);
}

/* security_mmap_file() has one argument less. */
SEC("lsm/mmap_file")
int lsm_mmap_file(unsigned long long *ctx)
{
	__u64 file = number_of(ctx, 0);
	if (!file || !(ctx[1] & PROT_EXEC_))
		return 0;
	__u64 flags = number_of(ctx, 2);
	if (!by_entry)
		flags = number_of(ctx, 3);
	return on_path(file + bpf_core_field_offset(struct file, f_path), WIRE_FILE, access_of_mapping(ctx[1], flags));
}

/* What an open itself empties or makes, the open has told. */
SEC("lsm/path_truncate")
int lsm_path_truncate(unsigned long long *ctx)
{
	return opening(bpf_get_current_task_btf()) ? 0 : on_path(number_of(ctx, 0), WIRE_FILE, WIRE_ACCESS_TRUNCATE);
}

SEC("lsm/file_truncate")
int lsm_file_truncate(unsigned long long *ctx)
{
	__u64 path = number_of(ctx, 0) + bpf_core_field_offset(struct file, f_path);
	return opening(bpf_get_current_task_btf()) ? 0 : on_path(path, WIRE_FILE, WIRE_ACCESS_TRUNCATE);
}

SEC("lsm/path_mknod")
int lsm_path_mknod(unsigned long long *ctx)
{
	return opening(bpf_get_current_task_btf()) ? 0 : on_entry(number_of(ctx, 0), number_of(ctx, 1), WIRE_ACCESS_CREATE);
}

SEC("lsm/path_mkdir")
int lsm_path_mkdir(unsigned long long *ctx)
{
	return on_entry(number_of(ctx, 0), number_of(ctx, 1), WIRE_ACCESS_CREATE);
}

SEC("lsm/path_symlink")
int lsm_path_symlink(unsigned long long *ctx)
{
	return on_entry(number_of(ctx, 0), number_of(ctx, 1), WIRE_ACCESS_CREATE);
}

SEC("lsm/path_unlink")
int lsm_path_unlink(unsigned long long *ctx)
{
	return on_entry(number_of(ctx, 0), number_of(ctx, 1), WIRE_ACCESS_UNLINK);
}

SEC("lsm/path_rmdir")
int lsm_path_rmdir(unsigned long long *ctx)
{
	return on_entry(number_of(ctx, 0), number_of(ctx, 1), WIRE_ACCESS_UNLINK);
}

SEC("lsm/path_rename")
int lsm_path_rename(unsigned long long *ctx)
{
	for (__u32 i = 0; i < 4; i += 2)
		on_entry(number_of(ctx, i), number_of(ctx, i + 1), WIRE_ACCESS_RENAME);
	return 0;
}

/* The old name is told without its mount: it is that of the new one, since links do not cross mounts. */
SEC("lsm/path_link")
int lsm_path_link(unsigned long long *ctx)
{
	for (__u32 i = 0; i < 4; i += 2)
		on_entry(number_of(ctx, 1), number_of(ctx, i), WIRE_ACCESS_LINK);
	return 0;
}

SEC("lsm/path_chmod")
int lsm_path_chmod(unsigned long long *ctx)
{
	return on_path(number_of(ctx, 0), WIRE_FILE, WIRE_ACCESS_CHMOD);
}

SEC("lsm/path_chown")
int lsm_path_chown(unsigned long long *ctx)
{
	return on_path(number_of(ctx, 0), WIRE_FILE, WIRE_ACCESS_CHMOD);
}

/* ---- guards ---- */

#define READING_MODULE 2   /* and loading one: the same number */

SEC("lsm/kernel_read_file")
int lsm_kernel_read_file(unsigned long long *ctx)
{
	if ((__u32)ctx[1] != READING_MODULE)
		return 0;
	__u64 file = number_of(ctx, 0);
	if (!file)
		return on_bare(WIRE_GUARD_KERNEL_MODULE);
	return on_path(file + bpf_core_field_offset(struct file, f_path), WIRE_GUARD, WIRE_GUARD_KERNEL_MODULE);
}

SEC("lsm/kernel_load_data")
int lsm_kernel_load_data(unsigned long long *ctx)
{
	return (__u32)ctx[0] == READING_MODULE ? on_bare(WIRE_GUARD_KERNEL_MODULE) : 0;
}

#define PTRACE_MODE_ATTACH_ 2

SEC("lsm/ptrace_access_check")
int lsm_ptrace_access_check(unsigned long long *ctx)
{
	return ctx[1] & PTRACE_MODE_ATTACH_ ? on_bare(WIRE_GUARD_PTRACE) : 0;
}

SEC("lsm/ptrace_traceme")
int lsm_ptrace_traceme(void *ctx)
{
	return on_bare(WIRE_GUARD_PTRACE);
}

SEC("lsm/sb_mount")
int lsm_sb_mount(unsigned long long *ctx)
{
	return on_path(number_of(ctx, 1), WIRE_GUARD, WIRE_GUARD_MOUNT);
}

SEC("lsm/move_mount")
int lsm_move_mount(unsigned long long *ctx)
{
	return on_path(number_of(ctx, 1), WIRE_GUARD, WIRE_GUARD_MOUNT);
}

SEC("lsm/task_fix_setuid")
int BPF_PROG(lsm_task_fix_setuid, struct cred *new, const struct cred *old)
{
	return old->uid.val && !new->uid.val ? on_bare(WIRE_GUARD_RAISE_PRIVILEGE) : 0;
}

#define CAP_SYS_ADMIN_ 21

SEC("lsm/userns_create")
int lsm_userns_create(unsigned long long *ctx)
{
	__u32 effective = 0;
	struct task_struct *task = bpf_get_current_task_btf();
	const void *cred = (void *)WORD(task, struct task_struct, cred);
	bpf_probe_read_kernel(&effective, sizeof(effective), cred + bpf_core_field_offset(struct cred, cap_effective));
	return effective >> CAP_SYS_ADMIN_ & 1 ? 0 : on_bare(WIRE_GUARD_RAISE_PRIVILEGE);
}

SEC("lsm/bpf")
int lsm_bpf(void *ctx)
{
	return on_bare(WIRE_GUARD_BPF);
}

/* ---- unix sockets ---- */

static __always_inline int on_sockaddr(unsigned long long *ctx, __u32 kind)
{
	struct unix_name n = {.length = (__u32)ctx[2]};
	if (n.length > sizeof(n.address) - 2)
		n.length = sizeof(n.address) - 2;
	__u64 length = n.length & 127;
	if (length > sizeof(n.address) - 2)
		return 0;
	bpf_probe_read_kernel(&n.address, length, (void *)number_of(ctx, 1));
	return on_unix(bpf_get_current_task_btf(), &n, kind);
}

SEC("lsm/socket_connect")
int lsm_socket_connect(unsigned long long *ctx)
{
	return on_sockaddr(ctx, WIRE_UNIX);
}

SEC("lsm/socket_bind")
int lsm_socket_bind(unsigned long long *ctx)
{
	return on_sockaddr(ctx, WIRE_BIND_UNIX);
}
