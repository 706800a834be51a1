/* SPDX-License-Identifier: GPL-2.0-only */
/* By system call: two calls are not worth a library. */
#include "recorder/privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int privileges_drop(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct now[2], keep[2] = {{0}};
	if (syscall(SYS_capget, &header, now))
		return -errno;
	keep[0].permitted = keep[0].effective = now[0].permitted & 1u << CAP_DAC_OVERRIDE;
	keep[1].permitted = keep[1].effective = now[1].permitted & 1u << (CAP_BPF - 32);
	if (!keep[1].permitted)   /* root by CAP_SYS_ADMIN alone */
		keep[0].permitted = keep[0].effective |= now[0].permitted & 1u << CAP_SYS_ADMIN;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &header, keep))
		return -errno;
	return 0;
}
