/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * By system call: few calls are not worth a library. The filter names what a recorder that records never does; what it does is
 * libraries' business (SQLite, libc, libbpf) and changes with them, so that a list of that would break recordings.
 */
#include "recorder/privileges.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "schema/base/base.h"

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#else
#error "no name for this architecture's system calls yet"
#endif

#define X32_BIT 0x40000000u

/* Programs, other processes, sockets, mounts, namespaces, users, modules, the machine. */
static const uint16_t forbidden[] = {
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_getfd,
	SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen,
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsmount,
	SYS_unshare, SYS_setns, SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setgroups,
	SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_swapoff,
	SYS_sethostname, SYS_setdomainname, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex, SYS_acct,
	SYS_add_key, SYS_request_key, SYS_keyctl, SYS_userfaultfd, SYS_io_uring_setup, SYS_open_by_handle_at,
};

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct now[2], keep[2] = {{0}};
	if (syscall(SYS_capget, &header, now))
		return -errno;
	keep[0].permitted = keep[0].effective = now[0].permitted & 1u << CAP_DAC_OVERRIDE;
	keep[1].permitted = keep[1].effective = now[1].permitted & 1u << (CAP_BPF - 32);
	if (!keep[1].permitted)   /* root by CAP_SYS_ADMIN alone */
		keep[0].permitted = keep[0].effective |= now[0].permitted & 1u << CAP_SYS_ADMIN;
	return syscall(SYS_capset, &header, keep) ? -errno : 0;
}

/* EPERM for the forbidden, and for all calls that are not of this architecture. */
static int filter_calls(void)
{
	enum { BEFORE = 5, ROWS = ARRAY_SIZE(forbidden) };
	struct sock_filter code[BEFORE + ROWS + 2] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, ROWS + 1, 0),
	};
	for (size_t i = 0; i < ROWS; i++)
		code[BEFORE + i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forbidden[i], (uint8_t)(ROWS - i), 0);
	code[BEFORE + ROWS] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[BEFORE + ROWS + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	struct sock_fprog program = {.len = ARRAY_SIZE(code), .filter = code};
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -errno : 0;
}

int privileges_drop(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	int r = drop_capabilities();
	if (r)
		return r;
	r = filter_calls();
	return r == -EINVAL ? 0 : r;   /* a kernel without CONFIG_SECCOMP_FILTER */
}
