/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel structures that the sensor touches. Field offsets are relocated at load against the
 * running kernel's BTF, so only names and types matter here; order and absent members do not.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

typedef int pid_t;
#include <stdbool.h>
#define NULL ((void *)0)

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
#define FIRST_WORD(r) ((r)->r15)
struct pt_regs {
	unsigned long r15, bp, bx, cx, dx, si, di, r8, r9, r10, ax, orig_ax;
};
struct thread_info {
	__u32 status;
};
#elif defined(__TARGET_ARCH_arm64)
#define FIRST_WORD(r) ((r)->regs[0])
struct pt_regs {
	__u64 regs[31];
	int syscallno;
	__u64 orig_x0;
};
struct thread_info {
	unsigned long flags;
};
#else
#error "no system call numbers for this architecture yet"
#endif

struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
};
struct qstr {
	union {
		struct {
			__u32 hash, len;
		};
		__u64 hash_len;
	};
	const unsigned char *name;
};
struct super_block {
	__u32 s_dev;
};
struct inode {
	unsigned long i_ino;
	unsigned int i_nlink;
	__u32 i_generation;
	struct super_block *i_sb;
};
struct dentry;
struct dentry_operations {
	char *(*d_dname)(struct dentry *, char *, int);
};
struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	const struct dentry_operations *d_op;
};
struct vfsmount {
	struct dentry *mnt_root;
};
struct ns_common {
	unsigned int inum;
};
struct mnt_namespace {
	struct ns_common ns;
};
struct nsproxy {
	struct mnt_namespace *mnt_ns;
};
struct mount {
	struct mount *mnt_parent;
	struct mnt_namespace *mnt_ns;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};
struct file {
	struct path f_path;
	struct inode *f_inode;
	unsigned int f_flags, f_mode;
};
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	struct fdtable *fdt;
};
struct fs_struct {
	struct path root, pwd;
};
struct mm_struct {
	struct file *exe_file;
	unsigned long arg_start, arg_end;
};
typedef struct {
	__u32 val;
} kuid_t;
typedef struct kernel_cap_struct {
	__u64 val;
} kernel_cap_t;   /* before 6.3 two halves, in this order */
struct user_namespace {
	int level;
};
struct cred {
	kuid_t uid;
	kernel_cap_t cap_effective;
	struct user_namespace *user_ns;
};
struct kernfs_node {
	const char *name;
	__u64 id;
	struct kernfs_node *parent;
};
struct kernfs_node___renamed {   /* 6.15 and newer */
	struct kernfs_node *__parent;
};
struct cgroup_root {
	int hierarchy_id;
};
struct cgroup_subsys_state;
struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_subsys_state *subsys[16];
	struct cgroup_root *root;
};
struct cgroup_subsys_state {
	struct cgroup *cgroup;
};
enum cgroup_subsys_id { memory_cgrp_id = 4 };
struct css_set {
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp;
};
struct pid_namespace;
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	unsigned int level;
	struct upid numbers[1];
};
typedef struct {
	int counter;
} atomic_t;
struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
};
struct task_struct {
	struct thread_info thread_info;
	pid_t pid, tgid;
	unsigned int flags;
	int exit_code;
	kuid_t loginuid;
	__u64 start_boottime, self_exec_id;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	struct signal_struct *signal;
	const struct cred *cred;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
};
struct linux_binprm {
	struct file *file;
	unsigned int secureexec : 1;
	const char *filename, *interp;
};
struct sock_common {
	unsigned short skc_family;
	__be16 skc_dport;
	unsigned short skc_num;
	__be32 skc_daddr, skc_rcv_saddr;
	struct {
		struct {
			__u8 u6_addr8[16];
		} in6_u;
	} skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};

#pragma clang attribute pop
