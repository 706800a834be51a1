/* SPDX-License-Identifier: GPL-2.0-only */
/* Capabilities and namespaces of a process: their names, and what the members cap and ns of an export's process say. */
#pragma once

#include "schema/base/base.h"

enum cap_set { CAPS_EFFECTIVE, CAPS_PERMITTED, CAPS_INHERITABLE, CAPS_SETS };

enum namespace_kind {
	NS_UTS, NS_IPC, NS_MNT, NS_PID, NS_PID_FOR_CHILDREN, NS_NET, NS_TIME, NS_TIME_FOR_CHILDREN, NS_CGROUP, NS_USER,
	NS_COUNT
};

#define CAPS_ALL        ((UINT64_C(1) << 41) - 1)   /* to CAP_CHECKPOINT_RESTORE */
#define CAP_BIT_SETUID  (UINT64_C(1) << 7)
#define CAP_BIT_ADMIN   (UINT64_C(1) << 21)         /* CAP_SYS_ADMIN */

struct privileges {
	bool caps_told, ns_told;
	uint64_t caps[CAPS_SETS];
	struct {
		uint32_t number;   /* the inode's */
		bool host;         /* the one of pid 1 */
	} ns[NS_COUNT];
};

/* The number of a capability or a namespace, in any case; -1 = there is none of the name. */
int capability_number(struct str name);   /* blanks around it do not count */
const char *capability_name(int number);  /* as policies write it; NULL = there is none */
int namespace_number(struct str name);
int cap_set_number(struct str name);   /* Effective Permitted Inheritable */

/*
 * Reads the raw members; either may be empty: not told. A list that is left out is empty.
 */
void privileges_read(struct str cap, struct str ns, struct privileges *ret);
