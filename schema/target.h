/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a policy will run: verdicts and loadable shapes depend on it.
 * --target kernel=6.12,arch=x86_64,lsm=yes,kprobe-multi=no,error-injection=no,kubernetes=yes,parents-map=no,fs=ext4,backend=lsm
 * Keys not given follow from the others, or from the stated default: kernel 6.1, arch x86_64,
 * lsm yes, kubernetes yes, error-injection no, parents-map no, fs overlay, backend lsm, kprobe-multi = kernel >= 5.18. The last is mainline's
 * answer and the stricter one to load for; Debian's 6.1 is built without. What compile emits loads and decides alike on both.
 */
#pragma once

#include "schema/base/buf.h"
#include "schema/base/diag.h"

enum target_fs { FS_OVERLAY, FS_TMPFS, FS_EXT4, FS_XFS, FS_BTRFS };
enum target_arch { ARCH_X86_64, ARCH_ARM64 };
enum target_backend { TARGET_LSM, TARGET_FMOD_RET, TARGET_SIGNAL };    /* the enforcer's, for images */

/* For the help of every verb that takes one. */
#define TARGET_HELP                                                                                \
	"TARGET is KEY=VALUE,... with keys kernel (6.12), arch (x86_64, arm64), lsm (is bpf active), kprobe-multi,\n"   \
	"error-injection, kubernetes, parents-map (each yes or no) and fs (overlay, tmpfs, ext4, xfs, btrfs), for\n"     \
	"images backend (lsm, fmod_ret, signal: what stakeout enforce uses there), or 'host', which asks this machine.\n"  \
	"Default: kernel 6.1, x86_64, lsm and kubernetes yes, overlay, backend lsm; kprobe-multi follows the kernel (yes\n" \
	"from 5.18; Debian's 6.1 is built without: kprobe-multi=no), the others no."

struct target {
	unsigned kernel;        /* major << 16 | minor << 8 ; see TARGET_KERNEL */
	enum target_arch arch;
	bool lsm, kprobe_multi, error_injection, kubernetes, parents_map;
	enum target_fs fs;
	enum target_backend backend;
};

#define TARGET_KERNEL(major, minor) ((unsigned)(major) << 16 | (unsigned)(minor) << 8)

/* The first kernel with BPF LSM, and with what Override of security_ functions stands on. */
unsigned target_lsm_since(enum target_arch arch);

void target_default(struct target *t);

/*
 * TEXT may be NULL or "" (the default); "host" as the first item probes this machine, items after it win.
 * -EINVAL with the reason in D.
 */
int target_parse(const char *text, struct diag *d, struct target *ret);

/* kernel=6.12,arch=... : every key, in fixed order; backend, which only images ask for, when it is not lsm. */
void target_print(const struct target *t, struct buf *b);
