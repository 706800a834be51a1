/* SPDX-License-Identifier: GPL-2.0-only */
/* A kernel's type information, asked whether a policy's names and types are there. */
#pragma once

#include "schema/finding.h"
#include "schema/policy.h"
#include "schema/target.h"

struct lint_btf;

/* FILE: a vmlinux or raw BTF; "host": this kernel's, with its tracepoints where they can be read. -errno, reason in D. */
int lint_btf_open(const char *file, struct diag *d, struct lint_btf **ret);
void lint_btf_close(struct lint_btf *b);
DEFINE_CLEANUP(struct lint_btf *, lint_btf_close)

/* Are plain tracepoints looked up as well (this machine's, with tracefs at hand)? */
bool lint_btf_tracepoints(const struct lint_btf *b);

/* Names that are missing are errors, types that differ warnings. True: nothing keeps P from loading on this kernel. */
bool lint_btf_check(const struct lint_btf *b, const struct policy *p, const struct target *t, struct findings *f);
