/* SPDX-License-Identifier: GPL-2.0-only */
/* Small edits of an allowlist from the command line, checked as the document itself is. */
#pragma once

#include "schema/allowlist.h"

/*
 * Adds one entry. SPEC is, by kind:
 *	exec     PATH
 *	file     PATH[:ACCESS,...]		/app/cache/:write,create
 *	connect  CIDR|any[:PORT|FIRST-LAST[/tcp|udp]]	10.0.0.0/8:5432/tcp, [fd00::/8]:443
 * Entries that it covers (and that bear no remark) are taken up in it, their evidence added.
 * -EINVAL with the reason in D.
 */
int allow_add(struct allowlist *a, enum kind kind, const char *spec, struct diag *d);

/* Removes every entry whose path, protected folder, guard or CIDR is WHAT; -EINVAL when there is none. */
int allow_remove(struct allowlist *a, const char *what, struct diag *d);
